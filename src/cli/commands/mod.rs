//! The commands of `mrp`: one row for each. A command is a module with some of its options fixed.

pub(crate) mod inventory;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod wait;

use crate::ansible::{Kind, Literal, Module, Opt, Return, Support};
use crate::modules;
use crate::modules::options::connection;

/// One command.
pub(crate) struct Command {
    /// The words after `mrp`: a noun and a verb, or a verb alone.
    pub(crate) words: &'static [&'static str],
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// The module that it runs.
    pub(crate) module: &'static Module,
    /// The options that the command fixes.
    pub(crate) fixed: &'static [(&'static str, Literal)],
    /// The names, between blanks, of the options that the command has besides its operands. None for all options of the
    /// module, in a command that is the module as a whole.
    pub(crate) only: Option<&'static str>,
    /// The options whose values are given without their names, each with its word in the help.
    pub(crate) operands: &'static [(&'static str, &'static str)],
    /// The module's list option, for a command whose operand may be given several times.
    pub(crate) list: Option<&'static str>,
    /// How the result is shown.
    pub(crate) view: View,
    /// A command line that works.
    pub(crate) example: &'static str,
}

/// How the result of a command is shown.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// The steps of the plan.
    Steps,
    /// A list of the result, with these of its keys, between blanks, as columns. A column without values is left out.
    Table(&'static str, &'static str),
    /// A list of the result, with all fields.
    Details(&'static str),
    /// The interfaces of machines.
    Interfaces,
    /// The steps of the plan, and the machines that are held.
    Reservation,
    /// The address of a console.
    Console,
    /// The table of `lab status`.
    Status,
    /// One key of the result, as JSON.
    Json(&'static str),
}

impl Command {
    /// The last word.
    pub(crate) fn verb(&self) -> &'static str {
        self.words.last().copied().unwrap_or_default()
    }

    /// Whether it makes a plan, which `--check` and `--diff` show.
    pub(crate) fn has_plan(&self) -> bool {
        self.module.spec.attributes.diff_mode.support != Support::None
    }

    /// The options of the command, without those of the connection, in the order of the module's table.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static Opt> {
        let is_shown = |option: &&Opt| match self.only {
            Some(only) => {
                only.split(' ').any(|name| name == option.name) || self.is_operand(option)
            }
            // Several operands become a list of objects.
            None => !is_connection_option(option) && !matches!(option.kind, Kind::Items(_)),
        };
        self.module.spec.all_options().filter(is_shown)
    }

    /// The option of that name.
    ///
    /// # Panics
    ///
    /// When the module has no such option, which is a mistake in the row.
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

fn is_connection_option(option: &Opt) -> bool {
    let mut options = connection::OPTIONS.iter();
    options.any(|other| other.name == option.name)
}

/// What rows do not have to say.
const DEFAULT: Command = Command {
    words: &[],
    about: "",
    module: &modules::MACHINE,
    fixed: &[],
    only: None,
    operands: &[],
    list: None,
    view: View::Steps,
    example: "",
};

const PRESENT: (&str, Literal) = ("state", Literal::Str("present"));
const ABSENT: (&str, Literal) = ("state", Literal::Str("absent"));
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
    Command {
        words: &["image", "list"],
        about: "List the images that you may use",
        module: &modules::IMAGE_INFO,
        view: View::Table(
            "images",
            "id description type arch user known_good public upload_date",
        ),
        example: "mrp image list --arch arm64 --description 'debian 12*'",
        ..DEFAULT
    },
    Command {
        words: &["image", "show"],
        about: "Show all there is to know about images",
        module: &modules::IMAGE_INFO,
        operands: &[("description", "DESCRIPTION")],
        view: View::Details("images"),
        example: "mrp image show 'debian 12 installer'",
        ..DEFAULT
    },
    Command {
        words: &["image", "upload"],
        about: "Upload a file as an image, unless the server has its bytes already",
        module: &modules::IMAGE,
        fixed: &[PRESENT],
        only: Some("description type arch public known_good id force prune"),
        operands: &[("path", "FILE")],
        example: "mrp image upload linux --description debian --type Kernel --arch arm64",
        ..DEFAULT
    },
    Command {
        words: &["image", "delete"],
        about: "Delete your images of a description",
        module: &modules::IMAGE,
        fixed: &[ABSENT],
        only: Some("type arch id"),
        operands: &[("description", "DESCRIPTION")],
        example: "mrp image delete 'debian 12' --type Kernel --arch arm64 --check",
        ..DEFAULT
    },
    Command {
        words: &["preseed", "list"],
        about: "List the preseeds that you may use",
        module: &modules::PRESEED_INFO,
        only: Some("name description type mine known_good"),
        view: View::Table(
            "preseeds",
            "id name type user known_good public size description",
        ),
        example: "mrp preseed list --mine",
        ..DEFAULT
    },
    Command {
        words: &["preseed", "show"],
        about: "Show preseeds, with their texts when asked",
        module: &modules::PRESEED_INFO,
        operands: &[("name", "NAME")],
        view: View::Details("preseeds"),
        example: "mrp preseed show debian-12-ci --content",
        ..DEFAULT
    },
    Command {
        words: &["preseed", "upload"],
        about: "Bring a preseed to the text of a file",
        module: &modules::PRESEED,
        fixed: &[PRESENT],
        only: Some("name type description public known_good"),
        operands: &[("path", "FILE")],
        example: "mrp preseed upload debian-12.preseed --name debian-12-ci --diff",
        ..DEFAULT
    },
    Command {
        words: &["preseed", "delete"],
        about: "Delete a preseed",
        module: &modules::PRESEED,
        fixed: &[ABSENT],
        only: Some(""),
        operands: &[("name", "NAME")],
        example: "mrp preseed delete debian-11-ci",
        ..DEFAULT
    },
    Command {
        words: &["machine", "list"],
        about: "List machines",
        module: &modules::MACHINE_INFO,
        only: Some("query name arch state mine gather"),
        view: View::Table(
            "machines",
            "id name arch state power assignees interfaces subarch netboot_enabled",
        ),
        example: "mrp machine list --mine --gather state,power",
        ..DEFAULT
    },
    Command {
        words: &["machine", "show"],
        about: "Show all there is to know about machines",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("state,interfaces,assignees"))],
        only: Some(""),
        operands: &[("names", "MACHINE")],
        view: View::Details("machines"),
        example: "mrp machine show qdc01",
        ..DEFAULT
    },
    Command {
        words: &["machine", "configure"],
        about: "Set what machines boot next, and nothing else",
        fixed: &[("state", Literal::Str("configured"))],
        only: Some(
            "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id kernel_opts netboot allow_unassigned fail_fast",
        ),
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine configure qdc01 --kernel 'my test kernel' --netboot",
        ..DEFAULT
    },
    Command {
        words: &["machine", "provision"],
        about: "Install machines, unless they are installed like that, and wait",
        fixed: &[("state", Literal::Str("provisioned"))],
        only: Some(
            "id arch subarch kernel kernel_id initrd initrd_id preseed preseed_id kernel_opts netboot force wait wait_timeout wait_interval netboot_when_ready allow_unassigned fail_fast",
        ),
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine provision qdc01 --kernel deb12 --initrd deb12 --preseed ci",
        ..DEFAULT
    },
    Command {
        words: &["machine", "report"],
        about: "Report on behalf of machines that they are ready, or not",
        module: &report::MODULE,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine report qdc01 --state ready",
        ..DEFAULT
    },
    Command {
        words: &["machine", "wait"],
        about: "Wait until machines are ready; fail when one reports an error",
        module: &wait::MODULE,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine wait qdc01 qdc02 --wait-timeout 1800",
        ..DEFAULT
    },
    Command {
        words: &["power", "show"],
        about: "Ask the BMCs of machines for their power",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("power"))],
        only: Some(""),
        operands: &[("names", "MACHINE")],
        view: View::Table("machines", "name power"),
        example: "mrp power show qdc01 qdc02",
        ..DEFAULT
    },
    Command {
        words: &["power", "on"],
        about: "Switch machines on",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("on"))],
        only: Some(SWITCH_POWER),
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power on qdc01",
        ..DEFAULT
    },
    Command {
        words: &["power", "off"],
        about: "Switch machines off",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("off"))],
        only: Some(SWITCH_POWER),
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power off qdc01 qdc02",
        ..DEFAULT
    },
    Command {
        words: &["power", "reboot"],
        about: "Reset machines, and say what they start from this once",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("rebooted"))],
        only: Some("id boot force wait wait_timeout wait_interval allow_unassigned fail_fast"),
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power reboot qdc01 --boot disk",
        ..DEFAULT
    },
    Command {
        words: &["interface", "list"],
        about: "List the interfaces of machines",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("interfaces"))],
        only: Some(""),
        operands: &[("names", "MACHINE")],
        view: View::Interfaces,
        example: "mrp interface list qdc01",
        ..DEFAULT
    },
    Command {
        words: &["interface", "set"],
        about: "Set where an interface has its address from, or rename it",
        module: &modules::INTERFACE,
        operands: &[("name", "MACHINE"), ("interface", "INTERFACE")],
        example: "mrp interface set qdc01 eth1 --config-type-v4 static --ipv4 auto",
        ..DEFAULT
    },
    Command {
        words: &["net", "show"],
        about: "Show the addresses of your machines, or of those that are named",
        module: &modules::NETWORK_FACTS,
        only: Some("query all interface"),
        operands: &[("machines", "MACHINE")],
        view: View::Table("machines", "name ipv4 netmask mac arch"),
        example: "mrp net show qdc01 --interface eth1",
        ..DEFAULT
    },
    Command {
        words: &["reserve"],
        about: "Hold a machine by name, or free machines that a query matches",
        module: &modules::RESERVATION,
        fixed: &[PRESENT],
        only: Some("id query count reason user wait wait_timeout wait_interval"),
        operands: &[("name", "MACHINE")],
        view: View::Reservation,
        example: "mrp reserve --query '(= arch \"arm64\")' --count 2 --reason 'CI run 7'",
        ..DEFAULT
    },
    Command {
        words: &["release"],
        about: "Give machines back",
        module: &modules::RESERVATION,
        fixed: &[ABSENT],
        only: Some("id query reason user"),
        operands: &[("name", "MACHINE")],
        view: View::Reservation,
        example: "mrp release --reason 'CI run 7'",
        ..DEFAULT
    },
    Command {
        words: &["console"],
        about: "Open a way to the serial console of a machine",
        module: &modules::CONSOLE,
        operands: &[("name", "MACHINE")],
        view: View::Console,
        example: "websocat --binary \"$(mrp console qdc01)\"",
        ..DEFAULT
    },
    Command {
        words: &["lab", "status"],
        about: "Show the whole lab, a line for each machine",
        module: &status::MODULE,
        view: View::Status,
        example: "mrp lab status --watch",
        ..DEFAULT
    },
    Command {
        words: &["inventory"],
        about: "Print the lab as an inventory for Ansible",
        module: &inventory::MODULE,
        only: Some("scope query interface holders host_name cache cache_lifetime"),
        view: View::Json("inventory"),
        example: "mrp inventory --scope mine --interface eth1",
        ..DEFAULT
    },
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
