//! The commands of `mrp`: one row for each. A command is a module with some of its options fixed.

pub(crate) mod inventory;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod wait;

use crate::ansible::{Kind, Module, Opt, Return, Support};
use crate::modules;
use crate::modules::options::connection;

pub(crate) struct Command {
    /// The words after `mrp`: a noun and a verb, or a verb alone.
    pub(crate) words: &'static [&'static str],
    pub(crate) about: &'static str,
    pub(crate) module: &'static Module,
    /// An option that the command fixes, with its value.
    pub(crate) fixed: Option<(&'static str, &'static str)>,
    /// The names, between blanks, of the options that the command has besides its operands. None for all options of the
    /// module.
    pub(crate) only: Option<&'static str>,
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

impl Command {
    /// With all options of the module, and the steps of the plan as its result.
    const fn new(words: &'static [&'static str], module: &'static Module) -> Command {
        Command {
            words,
            about: "",
            module,
            fixed: None,
            only: None,
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

    const fn only(mut self, options: &'static str) -> Command {
        self.only = Some(options);
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

    /// The options of the command, without those of the connection, in the order of the module's table.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        let is_of_connection = |option: &Opt| {
            connection::OPTIONS
                .iter()
                .any(|other| other.name == option.name)
        };
        let is_shown = move |option: &&Opt| match self.only {
            Some(only) => {
                only.split(' ').any(|name| name == option.name) || self.is_operand(option)
            }
            // Several operands become a list of objects.
            None => !is_of_connection(option) && !matches!(option.kind, Kind::Items(_)),
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

/// The options of `power on` and `power off`.
const SWITCH_POWER: &str = "id wait wait_timeout wait_interval allow_unassigned fail_fast";

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
    Command::new(&["image", "list"], &modules::IMAGE_INFO)
        .about("List the images that you may use")
        .view(View::Table(
            "images",
            "id description type arch user known_good public upload_date",
        ))
        .example("mrp image list --arch arm64 --description 'debian 12*'"),
    Command::new(&["image", "show"], &modules::IMAGE_INFO)
        .about("Show all there is to know about images")
        .operands(&[("description", "DESCRIPTION")])
        .view(View::Details("images"))
        .example("mrp image show 'debian 12 installer'"),
    Command::new(&["image", "upload"], &modules::IMAGE)
        .about("Upload a file as an image, unless the server has its bytes already")
        .fixed("state", "present")
        .only("description type arch public known_good id force prune")
        .operands(&[("path", "FILE")])
        .example("mrp image upload linux --description debian --type Kernel --arch arm64"),
    Command::new(&["image", "delete"], &modules::IMAGE)
        .about("Delete your images of a description")
        .fixed("state", "absent")
        .only("type arch id")
        .operands(&[("description", "DESCRIPTION")])
        .example("mrp image delete 'debian 12' --type Kernel --arch arm64 --check"),
    Command::new(&["preseed", "list"], &modules::PRESEED_INFO)
        .about("List the preseeds that you may use")
        .only("name description type mine known_good")
        .view(View::Table(
            "preseeds",
            "id name type user known_good public size description",
        ))
        .example("mrp preseed list --mine"),
    Command::new(&["preseed", "show"], &modules::PRESEED_INFO)
        .about("Show preseeds, with their texts when asked")
        .operands(&[("name", "NAME")])
        .view(View::Details("preseeds"))
        .example("mrp preseed show debian-12-ci --content"),
    Command::new(&["preseed", "upload"], &modules::PRESEED)
        .about("Bring a preseed to the text of a file")
        .fixed("state", "present")
        .only("name type description public known_good")
        .operands(&[("path", "FILE")])
        .example("mrp preseed upload debian-12.preseed --name debian-12-ci --diff"),
    Command::new(&["preseed", "delete"], &modules::PRESEED)
        .about("Delete a preseed")
        .fixed("state", "absent")
        .only("")
        .operands(&[("name", "NAME")])
        .example("mrp preseed delete debian-11-ci"),
    Command::new(&["machine", "list"], &modules::MACHINE_INFO)
        .about("List machines")
        .only("query name arch state mine gather")
        .view(View::Table(
            "machines",
            "id name arch state power assignees interfaces subarch netboot_enabled",
        ))
        .example("mrp machine list --mine --gather state,power"),
    Command::new(&["machine", "show"], &modules::MACHINE_INFO)
        .about("Show all there is to know about machines")
        .fixed("gather", "state,interfaces,assignees")
        .only("")
        .operands(&[("names", "MACHINE")])
        .view(View::Details("machines"))
        .example("mrp machine show qdc01"),
    Command::new(&["machine", "configure"], &modules::MACHINE)
        .about("Set what machines boot next, and nothing else")
        .fixed("state", "configured")
        .only(
            "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id \
             kernel_opts netboot allow_unassigned fail_fast",
        )
        .machines()
        .example("mrp machine configure qdc01 --kernel 'my test kernel' --netboot"),
    Command::new(&["machine", "provision"], &modules::MACHINE)
        .about("Install machines, unless they are installed like that, and wait")
        .fixed("state", "provisioned")
        .only(
            "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id \
             kernel_opts netboot force wait wait_timeout wait_interval \
             netboot_when_ready allow_unassigned fail_fast",
        )
        .machines()
        .example("mrp machine provision qdc01 --kernel deb12 --initrd deb12 --preseed ci"),
    Command::new(&["machine", "report"], &report::MODULE)
        .about("Report on behalf of machines that they are ready, or not")
        .machines()
        .example("mrp machine report qdc01 --state ready"),
    Command::new(&["machine", "wait"], &wait::MODULE)
        .about("Wait until machines are ready; fail when one reports an error")
        .machines()
        .example("mrp machine wait qdc01 qdc02 --wait-timeout 1800"),
    Command::new(&["power", "show"], &modules::MACHINE_INFO)
        .about("Ask the BMCs of machines for their power")
        .fixed("gather", "power")
        .only("")
        .operands(&[("names", "MACHINE")])
        .view(View::Table("machines", "name power"))
        .example("mrp power show qdc01 qdc02"),
    Command::new(&["power", "on"], &modules::POWER)
        .about("Switch machines on")
        .fixed("state", "on")
        .only(SWITCH_POWER)
        .machines()
        .example("mrp power on qdc01"),
    Command::new(&["power", "off"], &modules::POWER)
        .about("Switch machines off")
        .fixed("state", "off")
        .only(SWITCH_POWER)
        .machines()
        .example("mrp power off qdc01 qdc02"),
    Command::new(&["power", "reboot"], &modules::POWER)
        .about("Reset machines, and say what they start from this once")
        .fixed("state", "rebooted")
        .only("id boot force wait wait_timeout wait_interval allow_unassigned fail_fast")
        .machines()
        .example("mrp power reboot qdc01 --boot disk"),
    Command::new(&["interface", "list"], &modules::MACHINE_INFO)
        .about("List the interfaces of machines")
        .fixed("gather", "interfaces")
        .only("")
        .operands(&[("names", "MACHINE")])
        .view(View::Interfaces)
        .example("mrp interface list qdc01"),
    Command::new(&["interface", "set"], &modules::INTERFACE)
        .about("Set where an interface has its address from, or rename it")
        .only("id interface_id config_type_v4 ipv4 identifier allow_unassigned")
        .operands(&[("name", "MACHINE"), ("interface", "INTERFACE")])
        .example("mrp interface set qdc01 eth1 --config-type-v4 static --ipv4 auto"),
    Command::new(&["net", "show"], &modules::NETWORK_FACTS)
        .about("Show the addresses of your machines, or of those that are named")
        .only("query all interface")
        .operands(&[("machines", "MACHINE")])
        .view(View::Table("machines", "name ipv4 netmask mac arch"))
        .example("mrp net show qdc01 --interface eth1"),
    Command::new(&["reserve"], &modules::RESERVATION)
        .about("Hold a machine by name, or free machines that a query matches")
        .fixed("state", "present")
        .only("id query count reason user wait wait_timeout wait_interval")
        .operands(&[("name", "MACHINE")])
        .view(View::Reservation)
        .example("mrp reserve --query '(= arch \"arm64\")' --count 2 --reason 'CI run 7'"),
    Command::new(&["release"], &modules::RESERVATION)
        .about("Give machines back")
        .fixed("state", "absent")
        .only("id query reason user")
        .operands(&[("name", "MACHINE")])
        .view(View::Reservation)
        .example("mrp release --reason 'CI run 7'"),
    Command::new(&["console"], &modules::CONSOLE)
        .about("Open a way to the serial console of a machine")
        .operands(&[("name", "MACHINE")])
        .view(View::Console)
        .example("websocat --binary \"$(mrp console qdc01)\""),
    Command::new(&["lab", "status"], &status::MODULE)
        .about("Show the whole lab, a line for each machine")
        .view(View::Status)
        .example("mrp lab status --watch"),
    Command::new(&["inventory"], &inventory::MODULE)
        .about("Print the lab as an inventory for Ansible")
        .only("scope query interface holders host_name cache cache_lifetime")
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
            let only = command.only.unwrap_or_default().split_whitespace();
            for name in fixed.chain(operands).chain(only).chain(command.list) {
                command.option(name);
            }
        }
    }
}
