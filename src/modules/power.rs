//! `mrp_power`: switches machines on and off, and reboots them.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Literal, Module, ModuleSpec, Opt,
    RequiredIf, Return,
};
use crate::modules::options::{connection, machine, wait};
use crate::modules::{returns, run};
use crate::task::WaitLimits;
use crate::task::power::{BootSource, PowerGoal, PowerSpec, RebootSpec, Switching};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_power",
    short_description: "Switch and reboot a machine of a Mr-Provisioner server",
    description: &[
        "Makes sure that a machine is on or off, or reboots it, from where its boot device says or from another one \
         this once.",
        "The server keeps no power: it asks the machine's BMC. What the BMC says is compared before anything is sent.",
    ],
    options: &[machine::OPTIONS, OPTIONS, LIST_OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        required_if: &[RequiredIf {
            option: "force",
            is: Literal::Bool(true),
            requires: &["boot"],
            any: false,
        }],
        ..machine::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Asks the BMC for the power, sends nothing that switches it, and returns the plan.",
            &["With O(switch_after), whether the machine is as asked by itself by then cannot be known before."],
        ),
        diff_mode: Attribute::full("Shows the power before, and the order that is sent."),
        idempotent: Attribute::partial(
            "With V(on) and V(off) a second run changes nothing.",
            &["O(state=rebooted) reboots every time."],
        ),
    },
    notes: &[
        "V(off) and V(rebooted) cut the power or reset the machine, without asking its operating system: the server has no order \
         that would ask it, so there is no option for that either. Shut it down by other means, then wait until it is off with \
         O(switch=false), or with O(switch_after) to have the power cut in the end.",
        "With O(switch_after), check mode predicts that the machine has to be switched. Where it is as asked by itself by then, the real run \
         orders nothing, and a warning says so.",
        "A machine without a BMC is refused, and so is one whose BMC does not answer or says neither on nor off. \
         What the server says of a failing BMC is not shown, since it holds the BMC's password.",
        "While the server waits for a BMC, it answers nobody else. So the BMCs of a list are asked one at a time. The module \
         asks once before and once after it switched, and while it waits for the power as often as O(wait_interval) says.",
        "When the answer to a reboot is lost, the task fails and says that the outcome is unknown; nothing is sent twice.",
        "Netboot stays on after an installation unless it was switched off, and then a machine that starts from the \
         network, by O(boot=pxe) or because its firmware tries that first, is installed again.",
    ],
    seealso: &["mrp_machine", "mrp_console"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("state", Kind::Str).required().choices(&["on", "off", "rebooted"]).about(&[
        "V(on) and V(off) switch the machine where its BMC says otherwise.",
        "V(rebooted) resets it, every time the task runs. A machine that is off is switched on.",
    ]),
    Opt::new("boot", Kind::Str).choices(&["pxe", "disk", "bios"]).about(&[
        "With O(state=rebooted), from where the machine starts this once: the network, its disk, or the setup of its \
         firmware. Without it the machine starts as it is set up.",
        "V(pxe) on a machine whose netboot is off is refused, since the server would name nothing to boot; see O(force). \
         On one whose netboot is on and whose state is V(ready) a warning says that it is going to be installed again.",
    ]),
    Opt::new("force", Kind::Bool).default_bool(false).about(&[
        "With O(boot=pxe), reboot even where netboot is off.",
    ]),
    Opt::new("switch", Kind::Bool).default_bool(true).about(&[
        "With O(state=on) and O(state=off), whether to order it. V(false) only waits, for example until a machine that was told \
         to shut down is off.",
    ]),
    Opt::new("switch_after", Kind::Float).about(&[
        "With O(state=off), seconds that a machine which was told to shut down has to be off by itself before its power is cut. With \
         O(state=on), the same before it is switched on.",
    ]),
    Opt::new("wait", Kind::Bool).default_bool(true).about(&[
        "Wait until the BMC says that the machine is as asked, that is on or off; after a reboot, on.",
        "Without it RV(power) is what the server read right after it sent the order, which may be the power before.",
    ]),
    Opt::new("wait_timeout", Kind::Float).default_float("120").about(&[
        "Seconds to wait before the task fails and tells the last power seen.",
    ]),
    wait::INTERVAL,
    machine::ALLOW_UNASSIGNED,
];

const LIST_OPTIONS: &[Opt] = &[
    run::items("machines", &[machine::OPTIONS, OPTIONS]),
    run::FAIL_FAST,
];

#[derive(Deserialize)]
struct PowerOptions {
    state: RequestedPower,
    boot: Option<BootSource>,
    force: bool,
    /// Not every command has this option.
    #[serde(default = "yes")]
    switch: bool,
    switch_after: Option<f64>,
    wait_interval: f64,
    allow_unassigned: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RequestedPower {
    On,
    Off,
    Rebooted,
}

fn to_task(call: &Call) -> Result<PowerSpec, Failure> {
    let options: PowerOptions = call.options();
    let goal = goal(&options)?;
    let wait = wait::limits(call)?;
    if !options.switch && (wait.is_none() || matches!(goal, PowerGoal::Rebooted(_))) {
        return Err(Failure::invalid_call(
            "O(switch=false) needs O(wait=true), and O(state=on) or O(state=off)",
        ));
    }
    Ok(PowerSpec {
        machine: machine::machine(call)?,
        switching: switching(&options, goal)?,
        goal,
        wait,
        allow_unassigned: options.allow_unassigned,
    })
}

fn switching(options: &PowerOptions, goal: PowerGoal) -> Result<Switching, Failure> {
    let seconds = match options.switch_after {
        None if options.switch => return Ok(Switching::AtOnce),
        None => return Ok(Switching::Never),
        Some(seconds) => seconds,
    };
    if !options.switch || matches!(goal, PowerGoal::Rebooted(_)) {
        return Err(Failure::invalid_call(
            "O(switch_after) needs O(switch=true), and O(state=on) or O(state=off)",
        ));
    }
    Ok(Switching::After(WaitLimits {
        timeout: connection::seconds("switch_after", seconds)?,
        interval: connection::seconds("wait_interval", options.wait_interval)?,
    }))
}

fn goal(options: &PowerOptions) -> Result<PowerGoal, Failure> {
    if options.force && options.boot != Some(BootSource::Pxe) {
        return Err(Failure::invalid_call("O(force) needs O(boot=pxe)"));
    }
    match (&options.state, options.boot) {
        (RequestedPower::Rebooted, boot) => Ok(PowerGoal::Rebooted(RebootSpec {
            boot,
            force: options.force,
        })),
        (_, Some(_)) => Err(Failure::invalid_call("O(boot) needs O(state=rebooted)")),
        (RequestedPower::On, None) => Ok(PowerGoal::On),
        (RequestedPower::Off, None) => Ok(PowerGoal::Off),
    }
}

const EXAMPLES: &str = r#"- name: Switch a machine off
  mrp_power:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    name: qdc01
    state: "off"

- name: Switch it on, and go on before its BMC says so
  mrp_power:
    name: qdc01
    state: "on"
    wait: false

- name: Wait until a machine that was told to shut down is off
  mrp_power:
    name: qdc01
    state: "off"
    switch: false
    wait_timeout: 300

- name: Give it five minutes to shut down, then cut its power
  mrp_power:
    name: qdc01
    state: "off"
    switch_after: 300

- name: Start it from its disk, now
  mrp_power:
    name: qdc01
    state: rebooted
    boot: disk

- name: Switch several off in one task
  mrp_power:
    machines:
      - name: qdc01
      - name: qdc02
    state: "off"
"#;

const RETURNS: &[Return] = &[
    Return::new("power", "str")
        .about("The power as the BMC says; in check mode, as it would be.")
        .sample("\"on\""),
    returns::MACHINE_AS_READ,
    returns::PLAN,
    returns::RESULTS,
    returns::REQUESTS,
];
