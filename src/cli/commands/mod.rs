//! The commands of `mrp`: one row for each. A command is a module with some of its options fixed.

pub(crate) mod console;
pub(crate) mod inventory;
pub(crate) mod preseed_render;
pub(crate) mod preseed_show;
pub(crate) mod report;
pub(crate) mod reservation;
pub(crate) mod status;
pub(crate) mod wait;
pub(crate) mod whoami;

use crate::ansible::{Kind, Module, Opt, Return, Support};
use crate::modules;

pub(crate) struct Command {
    /// The words after `mrp`: a noun and a verb, or a verb alone.
    pub(crate) words: &'static [&'static str],
    pub(crate) about: &'static str,
    pub(crate) module: &'static Module,
    /// An option that the command fixes, with its value.
    pub(crate) fixed: Option<(&'static str, &'static str)>,
    /// The names, between blanks, of the options that the command has besides its operands. Each row says them, so
    /// that a new option of a module appears in no command unasked.
    pub(crate) only: &'static str,
    /// The options whose values are given without their names, each with its word in the help.
    pub(crate) operands: &'static [(&'static str, &'static str)],
    /// The module's list option, for a command whose operand may be given several times.
    pub(crate) list: Option<&'static str>,
    pub(crate) view: View,
    pub(crate) example: &'static str,
}

#[derive(Clone, Copy)]
pub(crate) enum View {
    /// The steps of the plan.
    Steps,
    /// A list of the result, with these of its keys, between blanks, as columns. A column without values is left out.
    Table(&'static str, &'static str),
    /// A list of the result, with all fields.
    Details(&'static str),
    Interfaces,
    /// The steps of the plan, and the machines that are held.
    Reservation,
    Console,
    Status,
    /// One key of the result, as JSON.
    Json(&'static str),
}

impl View {
    /// The list of the result that it shows, and the key of an object's name; None where it shows no list.
    pub(crate) fn names(self) -> Option<(&'static str, &'static str)> {
        match self {
            View::Details("account") => Some(("account", "user")),
            View::Table("images", _) | View::Details("images") => Some(("images", "description")),
            View::Table(list, _) | View::Details(list) => Some((list, "name")),
            View::Interfaces | View::Reservation | View::Status => Some(("machines", "name")),
            View::Steps | View::Console | View::Json(_) => None,
        }
    }
}

impl Command {
    /// With only these options of the module besides the operands, and the steps of the plan as its result.
    const fn new(
        words: &'static [&'static str],
        module: &'static Module,
        only: &'static str,
    ) -> Command {
        Command {
            words,
            about: "",
            module,
            fixed: None,
            only,
            operands: &[],
            list: None,
            view: View::Steps,
            example: "",
        }
    }

    const fn about(mut self, sentence: &'static str) -> Command {
        self.about = sentence;
        self
    }

    const fn fixed(mut self, option: &'static str, value: &'static str) -> Command {
        self.fixed = Some((option, value));
        self
    }

    const fn operands(mut self, operands: &'static [(&'static str, &'static str)]) -> Command {
        self.operands = operands;
        self
    }

    /// The names of one or several machines as operands.
    const fn machines(mut self) -> Command {
        self.list = Some("machines");
        self.operands(&[("name", "MACHINE")])
    }

    const fn view(mut self, view: View) -> Command {
        self.view = view;
        self
    }

    const fn example(mut self, line: &'static str) -> Command {
        self.example = line;
        self
    }

    /// Whether it makes a plan, which `--check` and `--diff` show.
    pub(crate) fn has_plan(&self) -> bool {
        self.module.spec.attributes.diff_mode.support != Support::None
    }

    /// The options of the command, in the order of the module's table.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        let is_shown = |option: &&Opt| {
            self.only.split(' ').any(|name| name == option.name) || self.is_operand(option)
        };
        self.module.spec.all_options().filter(is_shown)
    }

    /// The option of that name. A row without it is a mistake.
    pub(crate) fn option(&self, name: &str) -> &'static Opt {
        self.module
            .spec
            .all_options()
            .find(|option| option.name == name)
            .unwrap_or_else(|| panic!("{:?} names {name}", self.words))
    }

    /// Whether the option's value is given without its name.
    pub(crate) fn is_operand(&self, option: &Opt) -> bool {
        self.operands.iter().any(|(name, _)| *name == option.name)
    }

    /// Whether several values of an operand may be given.
    pub(crate) fn takes_several(&self, option: &Opt) -> bool {
        matches!(option.kind, Kind::List(_)) || self.list.is_some()
    }

    /// The fields of the objects in a list of the result.
    pub(crate) fn returned_fields(&self, list: &str) -> &'static [Return] {
        let mut returns = self.module.spec.returns.iter();
        let list = returns.find(|field| field.name == list);
        list.map_or(&[], |field| field.contains)
    }
}

/// For a command that has no options besides its operands.
const ONLY_OPERANDS: &str = "";

/// The options of `power on` and `power off`.
const SWITCH_POWER: &str =
    "id switch switch_after wait wait_timeout wait_interval allow_unassigned fail_fast";

/// The nouns, in the order of the help.
pub(crate) const NOUNS: &[(&str, &str)] = &[
    ("image", "Boot images: kernels, initrds and boot loaders"),
    ("preseed", "Preseeds, kickstarts and AutoYaST profiles"),
    (
        "machine",
        "What machines boot, and whether they are installed",
    ),
    ("power", "The power of machines"),
    ("interface", "Where machines have their addresses from"),
    ("net", "Where machines are"),
    ("lab", "The lab as a whole"),
];

/// All commands, in the order of the help.
pub(crate) const ALL: &[Command] = &[
    Command::new(
        &["image", "list"],
        &modules::IMAGE_INFO,
        "description type arch name mine known_good",
    )
    .about("List the images that you may use")
    .view(View::Table(
        "images",
        "id description type arch user known_good public upload_date",
    ))
    .example("mrp image list --arch arm64 --description 'debian 12*'"),
    Command::new(
        &["image", "show"],
        &modules::IMAGE_INFO,
        "type arch name mine known_good",
    )
    .about("Show all there is to know about images")
    .operands(&[("description", "DESCRIPTION")])
    .view(View::Details("images"))
    .example("mrp image show 'debian 12 installer'"),
    Command::new(
        &["image", "upload"],
        &modules::IMAGE,
        "description type arch public known_good id force prune",
    )
    .about("Upload a file as an image, unless the server has its bytes already")
    .fixed("state", "present")
    .operands(&[("path", "FILE")])
    .example("mrp image upload linux --description debian --type Kernel --arch arm64"),
    Command::new(&["image", "delete"], &modules::IMAGE, "type arch id")
        .about("Delete your images of a description")
        .fixed("state", "absent")
        .operands(&[("description", "DESCRIPTION")])
        .example("mrp image delete 'debian 12' --type Kernel --arch arm64 --check"),
    Command::new(
        &["preseed", "list"],
        &modules::PRESEED_INFO,
        "name description type mine known_good",
    )
    .about("List the preseeds that you may use")
    .view(View::Table(
        "preseeds",
        "id name type user known_good public size description",
    ))
    .example("mrp preseed list --mine"),
    Command::new(
        &["preseed", "show"],
        &preseed_show::MODULE,
        "description type mine known_good content raw render_for",
    )
    .about("Show preseeds, with their texts when asked")
    .operands(&[("name", "NAME")])
    .view(View::Details("preseeds"))
    .example("mrp preseed show debian-12-ci --raw > debian-12.preseed"),
    Command::new(&["preseed", "render"], &preseed_render::MODULE, "machine")
        .about("Print what the installer of a machine gets")
        .operands(&[("name", "NAME")])
        .view(View::Json("rendered"))
        .example("mrp preseed render debian-12-ci --machine qdc01"),
    Command::new(
        &["preseed", "upload"],
        &modules::PRESEED,
        "name type description public known_good validate",
    )
    .about("Bring a preseed to the text of a file")
    .fixed("state", "present")
    .operands(&[("path", "FILE")])
    .example("mrp preseed upload debian-12.preseed --name debian-12-ci --diff"),
    Command::new(&["preseed", "delete"], &modules::PRESEED, ONLY_OPERANDS)
        .about("Delete a preseed")
        .fixed("state", "absent")
        .operands(&[("name", "NAME")])
        .example("mrp preseed delete debian-11-ci"),
    Command::new(
        &["machine", "list"],
        &modules::MACHINE_INFO,
        "query name arch state mine gather",
    )
    .about("List machines")
    .view(View::Table(
        "machines",
        "id name arch state power assignees interfaces subarch netboot_enabled",
    ))
    .example("mrp machine list --mine --gather state,power"),
    Command::new(&["machine", "show"], &modules::MACHINE_INFO, ONLY_OPERANDS)
        .about("Show all there is to know about machines")
        .fixed("gather", "state,interfaces,assignees")
        .operands(&[("names", "MACHINE")])
        .view(View::Details("machines"))
        .example("mrp machine show qdc01"),
    Command::new(
        &["machine", "configure"],
        &modules::MACHINE,
        "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id \
         kernel_opts netboot allow_unassigned fail_fast",
    )
    .about("Set what machines boot next, and nothing else")
    .fixed("state", "configured")
    .machines()
    .example("mrp machine configure qdc01 --kernel 'my test kernel' --netboot"),
    Command::new(
        &["machine", "provision"],
        &modules::MACHINE,
        "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id \
         kernel_opts netboot force wait wait_timeout wait_interval \
         boot_once netboot_when_ready ready_when console_log allow_unassigned fail_fast",
    )
    .about("Install machines, unless they are installed like that, and wait")
    .fixed("state", "provisioned")
    .machines()
    .example("mrp machine provision qdc01 --kernel deb12 --initrd deb12 --preseed ci"),
    Command::new(
        &["machine", "report"],
        &report::MODULE,
        "id state allow_unassigned fail_fast",
    )
    .about("Report on behalf of machines that they are ready, or not")
    .machines()
    .example("mrp machine report qdc01 --state ready"),
    Command::new(
        &["machine", "wait"],
        &wait::MODULE,
        "id wait_timeout wait_interval fail_fast",
    )
    .about("Wait until machines are ready; fail when one reports an error")
    .machines()
    .example("mrp machine wait qdc01 qdc02 --wait-timeout 1800"),
    Command::new(&["power", "show"], &modules::MACHINE_INFO, ONLY_OPERANDS)
        .about("Ask the BMCs of machines for their power")
        .fixed("gather", "power")
        .operands(&[("names", "MACHINE")])
        .view(View::Table("machines", "name power"))
        .example("mrp power show qdc01 qdc02"),
    Command::new(&["power", "on"], &modules::POWER, SWITCH_POWER)
        .about("Switch machines on")
        .fixed("state", "on")
        .machines()
        .example("mrp power on qdc01"),
    Command::new(&["power", "off"], &modules::POWER, SWITCH_POWER)
        .about("Switch machines off")
        .fixed("state", "off")
        .machines()
        .example("mrp power off qdc01 qdc02"),
    Command::new(
        &["power", "reboot"],
        &modules::POWER,
        "id boot force wait wait_timeout wait_interval allow_unassigned fail_fast",
    )
    .about("Reset machines, and say what they start from this once")
    .fixed("state", "rebooted")
    .machines()
    .example("mrp power reboot qdc01 --boot disk"),
    Command::new(
        &["interface", "list"],
        &modules::MACHINE_INFO,
        ONLY_OPERANDS,
    )
    .about("List the interfaces of machines")
    .fixed("gather", "interfaces")
    .operands(&[("names", "MACHINE")])
    .view(View::Interfaces)
    .example("mrp interface list qdc01"),
    Command::new(
        &["interface", "set"],
        &modules::INTERFACE,
        "id interface_id config_type_v4 ipv4 identifier allow_unassigned",
    )
    .about("Set where an interface has its address from, or rename it")
    .operands(&[("name", "MACHINE"), ("interface", "INTERFACE")])
    .example("mrp interface set qdc01 eth1 --config-type-v4 static --ipv4 auto"),
    Command::new(
        &["net", "show"],
        &modules::NETWORK_FACTS,
        "query all interface",
    )
    .fixed("strict", "true")
    .about("Show the addresses of your machines, or of those that are named")
    .operands(&[("machines", "MACHINE")])
    .view(View::Table("machines", "name ipv4 netmask mac arch"))
    .example("mrp net show qdc01 --interface eth1"),
    Command::new(
        &["reserve"],
        &reservation::MODULE,
        "id query count reason user wait wait_timeout wait_interval",
    )
    .about("Hold machines by name, or free ones that match: all or none")
    .fixed("state", "present")
    .operands(&[("names", "MACHINE")])
    .view(View::Reservation)
    .example("mrp reserve --query '(= arch \"arm64\")' --count 2 --reason 'CI run 7'"),
    Command::new(&["release"], &reservation::MODULE, "id query reason user")
        .about("Give machines back")
        .fixed("state", "absent")
        .operands(&[("names", "MACHINE")])
        .view(View::Reservation)
        .example("mrp release --reason 'CI run 7'"),
    Command::new(
        &["console"],
        &console::MODULE,
        "id follow log address allow_unassigned",
    )
    .about("Connect to the serial console of a machine")
    .operands(&[("name", "MACHINE")])
    .view(View::Console)
    .example("mrp console qdc01 --follow --log qdc01.log"),
    Command::new(
        &["lab", "status"],
        &status::MODULE,
        "name arch query mine interface watch interval",
    )
    .about("Show the whole lab, a line for each machine")
    .view(View::Status)
    .example("mrp lab status --watch"),
    Command::new(&["whoami"], &whoami::MODULE, ONLY_OPERANDS)
        .about("Show whose the token is, and what that user has")
        .view(View::Details("account"))
        .example("mrp whoami"),
    Command::new(
        &["inventory"],
        &inventory::MODULE,
        "scope query interface holders host_name cache cache_lifetime",
    )
    .about("Print the lab as an inventory for Ansible")
    .view(View::Json("inventory"))
    .example("mrp inventory --scope mine --interface eth1"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_options_of_their_modules() {
        for command in ALL {
            let fixed = command.fixed.iter().map(|(name, _)| *name);
            let operands = command.operands.iter().map(|(name, _)| *name);
            let only = command.only.split_whitespace();
            for name in fixed.chain(operands).chain(only).chain(command.list) {
                command.option(name);
            }
            let options = command.options();
            let has_none = command.words == ["whoami"];
            assert_eq!(options.count() == 0, has_none, "{:?}", command.words);
        }
    }
}
