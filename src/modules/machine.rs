//! `mrp_machine`: sets what a machine boots, and provisions it.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return,
};
use crate::client::{ImageId, PreseedId, ReportedState};
use crate::modules::options::{connection, machine, ready_when, records, wait};
use crate::modules::{returns, run};
use crate::task::machine::{
    ImageRef, MachineGoal, MachineSpec, PreseedRef, ProvisionSettings, ReadyWhen, Setting,
    without_line_end,
};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_machine",
    short_description: "Configure and provision a machine of a Mr-Provisioner server",
    description: &[
        "Sets what a machine boots: kernel, initrd, preseed, kernel options, subarch and netboot.",
        "With O(state=provisioned) it also reboots the machine into its installer and waits until the installed \
         system reports that it is ready.",
        "Only what was given is compared and sent. Machines themselves are made by the server's administrators.",
    ],
    options: &[machine::OPTIONS, OPTIONS, LIST_OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[
            machine::EITHER,
            &["kernel", "kernel_id"],
            &["initrd", "initrd_id"],
            &["preseed", "preseed_id"],
        ],
        required_one_of: &[machine::EITHER],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Sends nothing that writes, and returns the plan.",
            &[
                "A kernel, initrd or preseed that does not exist yet is planned as unresolved with a warning, since an \
                 earlier task of the same play may create it.",
                "An image that an earlier task of the same play would upload anew under the same description cannot be \
                 seen: the machine is then predicted to stay as it is, and the real run installs it.",
            ],
        ),
        diff_mode: Attribute::full("Shows the fields that change."),
        idempotent: Attribute::partial(
            "A second run changes nothing.",
            &["With O(force) every run provisions, and with O(boot_once) every run boots the machine."],
        ),
    },
    notes: &[
        "The server lets any user change any machine. This module refuses a machine that is not assigned to the \
         token's user and says who holds it; see O(allow_unassigned).",
        "Nothing on the server ends the state V(provisioning): the installed system must report V(ready), for \
         example with a request at the end of its preseed, or a later task with O(state=ready).",
        "Before it reboots a machine, the task has the server render its preseed: one that does not render fails the task, and \
         what an installer would stumble over, or should not be public, is warned of. A preseed that is assigned already is \
         looked at in check mode too, a new one after it was assigned.",
        "With a dictionary in O(ready_when), an old system that never went away, or came back because the boot from the network \
         failed, is told from the installed one by its SSH host key, which is read with C(ssh-keyscan), else by its banner. An \
         installer that answers itself is told from the installed system only by a given C(host_key) or C(banner): one that is \
         known to have an SSH server is refused without them. Where only the order of events tells them apart, a warning \
         says so.",
        "Netboot stays on after an installation, so that the next reboot installs again, unless \
         O(netboot_when_ready=false) or a dictionary in O(ready_when). It also stays on when the task fails while it waits.",
        "A change by O(state=configured), or by somebody else, is not installed by a later O(state=provisioned) that \
         finds the parameters as they shall be and the machine V(ready): the server does not tell what was booted. \
         Nor is a new text in the same preseed. Use O(force) there.",
        "With O(boot_once), what the machine boots, its netboot and its state are kept in a file below C($XDG_STATE_HOME/mrp/boot_once), or \
         else C(~/.local/state/mrp/boot_once), of the computer and the user that the task runs on, until they are put back. Where \
         the file cannot be written, nothing is changed. A run that is killed leaves it, and the next task with this module for the \
         machine, whatever it asks for, puts them back first. Only fields that nobody else has changed meanwhile are put back.",
        "With O(boot_once), a machine that is V(provisioning) is refused without O(force). The machine goes on running what it has booted \
         until something reboots it.",
        "A machine that is V(ready) or V(provisioning) and whose parameters change is reported V(unknown) first, so that a \
         run that is cut short is made up for by the next.",
        "A machine that is V(provisioning) with these parameters, begun by an earlier run or by another controller, is \
         not rebooted: the task waits for it and reports no change. O(force) begins anew.",
        "While it waits, the task reads on whatever the server answers, until O(wait_timeout). Only a token that is \
         refused, a missing permission and a machine that is gone end the wait before.",
        "A state that is missing or unknown to this module is an error, and nothing is ordered.",
        "With O(allow_unassigned), only an administrator's token can provision or report a state; for others the \
         task fails before it changes anything.",
        "When the BMC fails, netboot goes back to what it was and the state becomes V(error).",
    ],
    seealso: &["mrp_image", "mrp_preseed", "mrp_network_facts"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("arch", Kind::Str).about(&[
        "The architecture that the machine must have. It is only compared: the task fails when it is another.",
    ]),
    Opt::new("subarch", Kind::Str).about(&[
        "Name of the subarch, the firmware variant that decides on the boot loader.",
    ]),
    Opt::new("kernel", Kind::Str).about(&[
        "Description of the kernel. The newest own image of that description, for the machine's architecture, else \
         the only one of other users.",
        "The server cannot take a kernel away again.",
    ]),
    Opt::new("kernel_id", Kind::Int).minimum(1).about(&["Id of the kernel, instead of its description."]),
    Opt::new("initrd", Kind::Str).about(&[
        "Description of the initrd, found as O(kernel) is. An empty one takes the initrd away.",
    ]),
    Opt::new("initrd_id", Kind::Int).minimum(1).about(&["Id of the initrd, instead of its description."]),
    Opt::new("preseed", Kind::Str).about(&[
        "Name of the preseed. An empty one takes the preseed away.",
    ]),
    Opt::new("preseed_id", Kind::Int).minimum(1).about(&["Id of the preseed, instead of its name."]),
    Opt::new("kernel_opts", Kind::Words).aliases(&["kernel_options"]).about(&[
        "The kernel's command line, at most 1024 characters. An empty one clears it. A list is joined by blanks, and one line \
         break at the end is dropped.",
    ]),
    Opt::new("netboot", Kind::Bool).about(&[
        "Whether the machine boots over the network. Not compared with O(state=provisioned): the server switches \
         netboot on to install.",
    ]),
    Opt::new("state", Kind::Str)
        .choices(&["configured", "provisioned", "ready", "error", "unknown"])
        .default_str("configured")
        .about(&[
            "V(configured) sets the boot parameters and nothing else.",
            "V(provisioned) also provisions the machine when a boot parameter changes, or its state is neither V(ready) nor \
             V(provisioning). One that is V(provisioning) with these parameters is awaited.",
            "V(ready), V(error) and V(unknown) report that state on the machine's behalf.",
        ]),
    Opt::new("force", Kind::Bool).default_bool(false).about(&[
        "With O(state=provisioned), provision also when nothing differs, and begin anew where the machine is being \
         installed. The task then changes something every time.",
    ]),
    Opt::new("wait", Kind::Bool).default_bool(true).about(&[
        "With O(state=provisioned), wait until the machine is V(ready). The task fails at once when it reports V(error).",
        "Without it, a machine that is already V(provisioning) with these parameters is left alone.",
    ]),
    Opt::new("wait_timeout", Kind::Float).default_float("3600").about(&[
        "Seconds to wait. Then the task fails and tells the last state seen.",
    ]),
    wait::INTERVAL,
    Opt::new("boot_once", Kind::Bool).default_bool(false).about(&[
        "With O(state=provisioned) and O(wait), put back afterwards what it booted before, with its netboot and its state: for a rescue \
         system or a test kernel that it boots once.",
        "Afterwards is when the system is there, as O(ready_when) says, or when the wait ends otherwise, and also when a step fails. \
         The machine is rebooted every time the task runs, whether or not anything differs.",
        "What has to be put back is kept in a file before anything is changed: see the notes.",
    ]),
    Opt::new("netboot_when_ready", Kind::Bool).about(&[
        "With O(state=provisioned) and O(wait), whether netboot is on afterwards, when the machine is V(ready). \
         V(false) keeps a reboot from installing again. Left as it is when not given.",
    ]),
    ready_when::OPTION,
    Opt::new("console_log", Kind::Path).about(&[
        "With O(state=provisioned) and O(wait), file that the console is appended to.",
        "The serial console of the machine is read while the task waits, all bytes as they come. The file is on the computer \
         that the task runs on, and is made for its owner alone. C({name}) in its path stands for the machine's name, so that \
         each machine of a list has a file of its own.",
        "A console that is busy, refused or silent, or breaks off, is a warning. It is opened just before the reboot, which asks \
         the BMC of each machine and takes a few seconds, and is opened again when it breaks off. Nothing is opened where \
         there is nothing to wait for.",
    ]),
    Opt::new("allow_unassigned", Kind::Bool).default_bool(false).about(&[
        "Act also on a machine of others, or of nobody: one that is not assigned to the token's user.",
    ]),
];

const LIST_OPTIONS: &[Opt] = &[
    run::items("machines", &[machine::OPTIONS, OPTIONS]),
    run::FAIL_FAST,
];

#[derive(Deserialize)]
struct MachineOptions {
    arch: Option<String>,
    subarch: Option<String>,
    kernel: Option<String>,
    kernel_id: Option<ImageId>,
    initrd: Option<String>,
    initrd_id: Option<ImageId>,
    preseed: Option<String>,
    preseed_id: Option<PreseedId>,
    kernel_opts: Option<String>,
    netboot: Option<bool>,
    state: RequestedState,
    /// The command that reports a state has no such option.
    #[serde(default)]
    force: bool,
    #[serde(default)]
    boot_once: bool,
    netboot_when_ready: Option<bool>,
    #[serde(default)]
    console_log: Option<String>,
    allow_unassigned: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RequestedState {
    Configured,
    Provisioned,
    Ready,
    Error,
    Unknown,
}

pub(crate) fn to_task(call: &Call) -> Result<MachineSpec, Failure> {
    let options: MachineOptions = call.options();
    let goal = goal(call, &options)?;
    Ok(MachineSpec {
        machine: machine::machine(call)?,
        arch: options.arch,
        subarch: options.subarch,
        kernel: kernel(options.kernel, options.kernel_id)?,
        initrd: setting(
            options.initrd,
            options.initrd_id,
            ImageRef::Description,
            ImageRef::Id,
        ),
        preseed: setting(
            options.preseed,
            options.preseed_id,
            PreseedRef::Name,
            PreseedRef::Id,
        ),
        kernel_opts: options.kernel_opts.map(without_line_end),
        netboot: options.netboot,
        goal,
        allow_unassigned: options.allow_unassigned,
        allow_missing: call.check_mode,
        looks_at_machine: !call.check_mode,
        record_directory: records::directory(),
    })
}

fn kernel(description: Option<String>, id: Option<ImageId>) -> Result<Option<ImageRef>, Failure> {
    match description {
        Some(empty) if empty.is_empty() => Err(Failure::invalid_call(
            "O(kernel) must not be empty: the server cannot take a kernel away",
        )),
        description => Ok(description
            .map(ImageRef::Description)
            .or(id.map(ImageRef::Id))),
    }
}

/// An empty name clears the setting.
fn setting<Id, Ref>(
    name: Option<String>,
    id: Option<Id>,
    by_name: fn(String) -> Ref,
    by_id: fn(Id) -> Ref,
) -> Setting<Ref> {
    match (name, id) {
        (Some(name), _) if name.is_empty() => Setting::Clear,
        (Some(name), _) => Setting::To(by_name(name)),
        (None, Some(id)) => Setting::To(by_id(id)),
        (None, None) => Setting::Keep,
    }
}

fn goal(call: &Call, options: &MachineOptions) -> Result<MachineGoal, Failure> {
    let state = match options.state {
        RequestedState::Provisioned => {
            return Ok(MachineGoal::Provisioned(provisioning(call, options)?));
        }
        RequestedState::Configured => None,
        RequestedState::Ready => Some(ReportedState::Ready),
        RequestedState::Error => Some(ReportedState::Error),
        RequestedState::Unknown => Some(ReportedState::Unknown),
    };
    let has_netboot_when_ready = options.netboot_when_ready.is_some();
    let has_ready_when = !matches!(ready_when::ready_when(call)?, ReadyWhen::Reported);
    for (option, is_given) in [
        ("force", options.force),
        ("boot_once", options.boot_once),
        ("netboot_when_ready", has_netboot_when_ready),
        ("ready_when", has_ready_when),
        ("console_log", options.console_log.is_some()),
    ] {
        if is_given {
            let message = format!("O({option}) needs O(state=provisioned)");
            return Err(Failure::invalid_call(message));
        }
    }
    Ok(state.map_or(MachineGoal::Configured, MachineGoal::Reported))
}

fn provisioning(call: &Call, options: &MachineOptions) -> Result<ProvisionSettings, Failure> {
    let wait = wait::limits(call)?;
    if options.netboot_when_ready.is_some() && wait.is_none() {
        return Err(Failure::invalid_call(
            "O(netboot_when_ready) needs O(wait=true)",
        ));
    }
    let ready_when = ready_when::ready_when(call)?;
    if wait.is_none() && !matches!(ready_when, ReadyWhen::Reported) {
        return Err(Failure::invalid_call("O(ready_when) needs O(wait=true)"));
    }
    if options.console_log.is_some() && wait.is_none() {
        return Err(Failure::invalid_call("O(console_log) needs O(wait=true)"));
    }
    if options.boot_once && wait.is_none() {
        return Err(Failure::invalid_call("O(boot_once) needs O(wait=true)"));
    }
    if options.boot_once && options.netboot_when_ready.is_some() {
        return Err(Failure::invalid_call(
            "O(boot_once) and O(netboot_when_ready) exclude each other: netboot goes back to what it was",
        ));
    }
    Ok(ProvisionSettings {
        force: options.force,
        boot_once: options.boot_once,
        wait,
        ready_when,
        netboot_when_ready: options.netboot_when_ready,
        console_log: options.console_log.clone(),
    })
}

const EXAMPLES: &str = r#"- name: Install a machine, and do nothing when it is installed like that already
  mrp_machine:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    name: qdc01
    arch: arm64
    subarch: efi
    kernel: debian 12 installer
    initrd: debian 12 installer
    preseed: debian-12-ci
    kernel_opts: console=ttyAMA0 auto=true priority=critical
    state: provisioned
    wait_timeout: 1800
    netboot_when_ready: false

- name: Install a whole rack alike, and wait for all of them together
  mrp_machine:
    kernel: debian 12 installer
    initrd: debian 12 installer
    preseed: debian-12-ci
    state: provisioned
    machines:
      - name: qdc01
      - name: qdc02
        kernel_opts: console=ttyAMA1

- name: Install a machine without a token on it, and go on when its SSH server answers
  mrp_machine:
    name: qdc01
    state: provisioned
    ready_when:
      port: 22
      banner: SSH-2.0-OpenSSH_* Debian-*

- name: Boot a rescue system once, and leave the machine as it was
  mrp_machine:
    name: qdc01
    kernel: rescue
    initrd: rescue
    preseed: ""
    state: provisioned
    boot_once: true
    wait_timeout: 600
    ready_when:
      port: 22
      banner: SSH-2.0-dropbear*

- name: Only change what it boots next time
  mrp_machine:
    name: qdc01
    kernel: my test kernel
    netboot: true

- name: Boot without an initrd and without a preseed
  mrp_machine:
    name: qdc01
    initrd: ""
    preseed: ""

- name: Tell the server that the host is installed, once it answers
  mrp_machine:
    name: qdc01
    state: ready
"#;

const WHEN_RESOLVED: &str = "success; null when none was asked for, or it does not exist yet";

const MACHINE_FIELDS: [Return; 11] = returns::concat(&returns::MACHINE, &[returns::STATE]);

const RETURNS: &[Return] = &[
    Return::new("machine", "dict")
        .about("The machine as the server has it; in check mode, as it would be.")
        .contains(&MACHINE_FIELDS),
    Return::new("kernel", "dict")
        .returned(WHEN_RESOLVED)
        .about("The kernel that was asked for."),
    Return::new("initrd", "dict")
        .returned(WHEN_RESOLVED)
        .about("The initrd that was asked for."),
    Return::new("preseed", "dict")
        .returned(WHEN_RESOLVED)
        .about("The preseed that was asked for, with sha256 and size instead of its text."),
    Return::new("milestones", "list")
        .returned("when the task provisioned or waited, also when it failed")
        .about("What was seen on the way, each with the time of the first look that saw it.")
        .contains(&[
            Return::new("milestone", "str").about(
                "ordered (the reboot), gone (the port of O(ready_when) was closed), lease (a new one), answers (the installed \
                 system), ready or error (the state).",
            ),
            Return::new("time", "str").about("In UTC, by this computer's clock.").sample("\"2026-11-27T12:04:31Z\""),
            Return::new("seconds", "float").about("Since the first milestone."),
            Return::new("detail", "str").about("The address of a lease, or the first line that the system sent."),
        ]),
    Return::new("console_log", "str")
        .returned("with O(console_log), when there is something to wait for")
        .about("The file with the machine's console."),
    Return::new("console_tail", "list")
        .returned("failure, when the console was read")
        .about("The last lines of the console, without what colours letters and moves a cursor."),
    returns::PLAN,
    returns::RESULTS,
    returns::REQUESTS,
];
