//! What `mrp` can do: one row for each command. A command is a module with some of its options decided.

pub(crate) mod inventory;
pub(crate) mod report;
pub(crate) mod status;
pub(crate) mod wait;

use crate::ansible::{Literal, Module};
use crate::modules;

/// One command.
pub(crate) struct Command {
    /// What is typed behind `mrp`: a noun and a verb, or a verb alone.
    pub(crate) words: &'static [&'static str],
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// What does it.
    pub(crate) module: &'static Module,
    /// The options that the command decides.
    pub(crate) fixed: &'static [(&'static str, Literal)],
    /// The options of the module that mean nothing to the command.
    pub(crate) without: &'static [&'static str],
    /// The options whose values are given without their names, each with the word that the help has for it.
    pub(crate) operands: &'static [(&'static str, &'static str)],
    /// The module's list, for commands whose operand may be given several times.
    pub(crate) list: Option<&'static str>,
    /// How the result is shown.
    pub(crate) view: View,
    /// A command line that works.
    pub(crate) example: &'static str,
}

/// How the result of a command is shown.
#[derive(Clone, Copy)]
pub(crate) enum View {
    /// The steps that were done.
    Steps,
    /// A list of the result, with these of its keys as columns.
    Table(&'static str, &'static [&'static str]),
    /// A list of the result, with everything that is in it.
    Details(&'static str),
    /// The interfaces of machines.
    Interfaces,
    /// The steps that were done, and the machines that are held.
    Reservation,
    /// The address of a console.
    Console,
    /// The lines of a lab.
    Status,
    /// One key of the result, as it is.
    Json(&'static str),
}

/// What a command has that says nothing else.
const PLAIN: Command = Command {
    words: &[],
    about: "",
    module: &modules::MACHINE,
    fixed: &[],
    without: &[],
    operands: &[],
    list: None,
    view: View::Steps,
    example: "",
};

const PRESENT: (&str, Literal) = ("state", Literal::Str("present"));
const ABSENT: (&str, Literal) = ("state", Literal::Str("absent"));
/// What only an installation needs.
const INSTALLING: &[&str] = &[
    "force",
    "wait",
    "wait_timeout",
    "wait_interval",
    "netboot_when_ready",
];
/// What no command needs that only switches a machine on or off.
const REBOOTING: &[&str] = &["boot", "force"];

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
            &[
                "id",
                "description",
                "type",
                "arch",
                "user",
                "known_good",
                "public",
                "upload_date",
            ],
        ),
        example: "mrp image list --arch arm64 --description 'debian 12*'",
        ..PLAIN
    },
    Command {
        words: &["image", "show"],
        about: "Show all there is to know about images",
        module: &modules::IMAGE_INFO,
        operands: &[("description", "DESCRIPTION")],
        view: View::Details("images"),
        example: "mrp image show 'debian 12 installer'",
        ..PLAIN
    },
    Command {
        words: &["image", "upload"],
        about: "Upload a file as an image, unless the server has its bytes already",
        module: &modules::IMAGE,
        fixed: &[PRESENT],
        operands: &[("path", "FILE")],
        example: "mrp image upload linux --description debian --type Kernel --arch arm64",
        ..PLAIN
    },
    Command {
        words: &["image", "delete"],
        about: "Delete your images of a description",
        module: &modules::IMAGE,
        fixed: &[ABSENT],
        without: &["path", "public", "known_good", "force", "prune"],
        operands: &[("description", "DESCRIPTION")],
        example: "mrp image delete 'debian 12' --type Kernel --arch arm64 --check",
        ..PLAIN
    },
    Command {
        words: &["preseed", "list"],
        about: "List the preseeds that you may use",
        module: &modules::PRESEED_INFO,
        without: &["content"],
        view: View::Table(
            "preseeds",
            &[
                "id",
                "name",
                "type",
                "user",
                "known_good",
                "public",
                "size",
                "description",
            ],
        ),
        example: "mrp preseed list --mine",
        ..PLAIN
    },
    Command {
        words: &["preseed", "show"],
        about: "Show preseeds, with their texts when asked",
        module: &modules::PRESEED_INFO,
        operands: &[("name", "NAME")],
        view: View::Details("preseeds"),
        example: "mrp preseed show debian-12-ci --content",
        ..PLAIN
    },
    Command {
        words: &["preseed", "upload"],
        about: "Bring a preseed to the text of a file",
        module: &modules::PRESEED,
        fixed: &[PRESENT],
        without: &["content"],
        operands: &[("path", "FILE")],
        example: "mrp preseed upload debian-12.preseed --name debian-12-ci --diff",
        ..PLAIN
    },
    Command {
        words: &["preseed", "delete"],
        about: "Delete a preseed",
        module: &modules::PRESEED,
        fixed: &[ABSENT],
        without: &[
            "content",
            "path",
            "type",
            "description",
            "public",
            "known_good",
        ],
        operands: &[("name", "NAME")],
        example: "mrp preseed delete debian-11-ci",
        ..PLAIN
    },
    Command {
        words: &["machine", "list"],
        about: "List machines",
        module: &modules::MACHINE_INFO,
        without: &["names"],
        view: View::Table(
            "machines",
            &[
                "id",
                "name",
                "arch",
                // What only stands there when it is asked for.
                "state",
                "power",
                "assignees",
                "interfaces",
                "subarch",
                "netboot_enabled",
            ],
        ),
        example: "mrp machine list --mine --gather state,power",
        ..PLAIN
    },
    Command {
        words: &["machine", "show"],
        about: "Show all there is to know about machines",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("state,interfaces,assignees"))],
        without: &["query", "name", "arch", "state", "mine"],
        operands: &[("names", "MACHINE")],
        view: View::Details("machines"),
        example: "mrp machine show qdc01",
        ..PLAIN
    },
    Command {
        words: &["machine", "configure"],
        about: "Set what machines boot next, and nothing else",
        fixed: &[("state", Literal::Str("configured"))],
        without: INSTALLING,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine configure qdc01 --kernel 'my test kernel' --netboot",
        ..PLAIN
    },
    Command {
        words: &["machine", "provision"],
        about: "Install machines, unless they are installed like that, and wait",
        fixed: &[("state", Literal::Str("provisioned"))],
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine provision qdc01 --kernel deb12 --initrd deb12 --preseed ci",
        ..PLAIN
    },
    Command {
        words: &["machine", "report"],
        about: "Report on behalf of machines that they are ready, or not",
        module: &report::MODULE,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine report qdc01 --state ready",
        ..PLAIN
    },
    Command {
        words: &["machine", "wait"],
        about: "Wait until machines are ready; fail when one reports an error",
        module: &wait::MODULE,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp machine wait qdc01 qdc02 --wait-timeout 1800",
        ..PLAIN
    },
    Command {
        words: &["power", "show"],
        about: "Ask the BMCs of machines for their power",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("power"))],
        without: &["query", "name", "arch", "state", "mine"],
        operands: &[("names", "MACHINE")],
        view: View::Table("machines", &["name", "power"]),
        example: "mrp power show qdc01 qdc02",
        ..PLAIN
    },
    Command {
        words: &["power", "on"],
        about: "Switch machines on",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("on"))],
        without: REBOOTING,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power on qdc01",
        ..PLAIN
    },
    Command {
        words: &["power", "off"],
        about: "Switch machines off",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("off"))],
        without: REBOOTING,
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power off qdc01 qdc02",
        ..PLAIN
    },
    Command {
        words: &["power", "reboot"],
        about: "Reset machines, and say what they start from this once",
        module: &modules::POWER,
        fixed: &[("state", Literal::Str("rebooted"))],
        operands: &[("name", "MACHINE")],
        list: Some("machines"),
        example: "mrp power reboot qdc01 --boot disk",
        ..PLAIN
    },
    Command {
        words: &["interface", "list"],
        about: "List the interfaces of machines",
        module: &modules::MACHINE_INFO,
        fixed: &[("gather", Literal::Str("interfaces"))],
        without: &["query", "name", "arch", "state", "mine"],
        operands: &[("names", "MACHINE")],
        view: View::Interfaces,
        example: "mrp interface list qdc01",
        ..PLAIN
    },
    Command {
        words: &["interface", "set"],
        about: "Set where an interface has its address from, or rename it",
        module: &modules::INTERFACE,
        operands: &[("name", "MACHINE"), ("interface", "INTERFACE")],
        example: "mrp interface set qdc01 eth1 --config-type-v4 static --ipv4 auto",
        ..PLAIN
    },
    Command {
        words: &["net", "show"],
        about: "Show the addresses of your machines, or of those that are named",
        module: &modules::NETWORK_FACTS,
        without: &["machine"],
        operands: &[("machines", "MACHINE")],
        view: View::Table("machines", &["name", "ipv4", "netmask", "mac", "arch"]),
        example: "mrp net show qdc01 --interface eth1",
        ..PLAIN
    },
    Command {
        words: &["reserve"],
        about: "Hold a machine by name, or free machines that a query matches",
        module: &modules::RESERVATION,
        fixed: &[PRESENT],
        operands: &[("name", "MACHINE")],
        view: View::Reservation,
        example: "mrp reserve --query '(= arch \"arm64\")' --count 2 --reason 'CI run 7'",
        ..PLAIN
    },
    Command {
        words: &["release"],
        about: "Give machines back",
        module: &modules::RESERVATION,
        fixed: &[ABSENT],
        without: &["count", "wait", "wait_timeout", "wait_interval"],
        operands: &[("name", "MACHINE")],
        view: View::Reservation,
        example: "mrp release --reason 'CI run 7'",
        ..PLAIN
    },
    Command {
        words: &["console"],
        about: "Open a way to the serial console of a machine",
        module: &modules::CONSOLE,
        operands: &[("name", "MACHINE")],
        view: View::Console,
        example: "websocat --binary \"$(mrp console qdc01)\"",
        ..PLAIN
    },
    Command {
        words: &["lab", "status"],
        about: "Show the whole lab, a line for each machine",
        module: &status::MODULE,
        view: View::Status,
        example: "mrp lab status --watch",
        ..PLAIN
    },
    Command {
        words: &["inventory"],
        about: "Print the lab as an inventory for Ansible",
        module: &inventory::MODULE,
        without: &["token_file"],
        view: View::Json("inventory"),
        example: "mrp inventory --scope mine --interface eth1",
        ..PLAIN
    },
];
