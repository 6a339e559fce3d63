//! The documentation of values that several modules return.

use crate::ansible::Return;

/// The fields of an image.
pub(crate) const IMAGE: &[Return] = &[
    Return::new("id", "int")
        .about("Its id; a newer image has a higher one. Null while it is only planned.")
        .sample("14"),
    Return::new("name", "str")
        .about("The server's name for it: its path below the boot endpoint.")
        .sample("\"alice/linux.s256-5f70bf18a086007016e948b04aed3b82.1a2b3c4d\""),
    Return::new("description", "str").about("Its description, which need not be unique."),
    Return::new("type", "str").about("Kernel, Initrd or bootloader."),
    Return::new("arch", "str").about("Its architecture."),
    Return::new("user", "str").about("Its owner; null for an image that nobody owns."),
    Return::new("upload_date", "str").about("In the server's local time, although it says GMT."),
    Return::new("public", "bool").about("Whether other users may use it."),
    Return::new("known_good", "bool").about("Whether it is marked as known to work."),
];

/// The fields of a preseed without its text.
pub(crate) const PRESEED: &[Return] = &[
    Return::new("id", "int")
        .about("Its id; null while it is only planned.")
        .sample("8"),
    Return::new("name", "str").about("Its name, unique over all users."),
    Return::new("type", "str").about("preseed, kickstart or autoyast."),
    Return::new("description", "str").about("Its description."),
    Return::new("user", "str").about("Its owner."),
    Return::new("public", "bool").about("Whether other users may use it."),
    Return::new("known_good", "bool").about("Whether it is marked as known to work."),
];

/// What a preseed has instead of its text.
pub(crate) const PRESEED_CONTENT: &[Return] = &[
    Return::new("sha256", "str").about("Of its text in UTF-8."),
    Return::new("size", "int").about("Of its text in UTF-8, in bytes."),
];

/// The fields that identify a machine.
pub(crate) const MACHINE_IDENTITY: &[Return] = &[
    Return::new("id", "int").about("Its id.").sample("2"),
    Return::new("name", "str")
        .about("Its name.")
        .sample("\"qdc01\""),
    Return::new("hostname", "str")
        .about("Its name with everything but letters and digits replaced by dashes."),
    Return::new("arch", "str")
        .about("Its architecture.")
        .sample("\"arm64\""),
];

/// The fields of a machine that are in the server's list of machines.
pub(crate) const MACHINE: [Return; 10] = concat(
    MACHINE_IDENTITY,
    &[
        Return::new("subarch", "str").about("Its subarch."),
        Return::new("kernel_id", "int").about("Id of its kernel."),
        Return::new("initrd_id", "int").about("Id of its initrd."),
        Return::new("preseed_id", "int").about("Id of its preseed."),
        Return::new("kernel_opts", "str").about("Its kernel's command line."),
        Return::new("netboot_enabled", "bool").about("Whether it boots over the network."),
    ],
);

/// The state of a machine.
pub(crate) const STATE: Return = Return::new("state", "str")
    .about("unknown, provisioning, ready or error.")
    .sample("\"ready\"");

/// The key `machine` of modules that act on a machine and do not change it.
pub(crate) const MACHINE_AS_READ: Return = Return::new("machine", "dict")
    .about("The machine as the server has it.")
    .contains(&MACHINE);

/// The fields of an assignment.
pub(crate) const ASSIGNEE: &[Return] = &[
    Return::new("id", "int")
        .about("Id of the assignment; null while it is only planned.")
        .sample("4"),
    Return::new("user", "str")
        .about("The user's name.")
        .sample("\"alice\""),
    Return::new("reason", "str").about("The reason; empty where none was given."),
];

/// The key `plan`.
pub(crate) const PLAN: Return = Return::new("plan", "list")
    .returned("always, when there was something to plan")
    .about(
        "The steps that were done (in check mode: that would be), in their order. When the task failed half-way, \
         all steps, and C(done) and C(not_done) tell them apart.",
    )
    .contains(&[
        Return::new("action", "str").about("create, upload, update, restore, delete, provision, reboot or wait."),
        Return::new("target", "str").about("What it was done to."),
        Return::new("why", "str").about("The reason."),
        Return::new("before", "dict").about("The fields that change, as they were."),
        Return::new("after", "dict").about("The same fields as they are now."),
    ]);

/// The key `results`.
pub(crate) const RESULTS: Return = Return::new("results", "list")
    .returned("when a list was given")
    .about(
        "One entry an item, in their order, with C(item) (what it was about), C(changed) and the keys of the result for \
         a single object; of an item that failed or was abandoned also C(failed), C(msg) and C(hint). C(abandoned) is true \
         for one that did not fail itself and was not carried on because another did. C(plan), C(done) and \
         C(not_done) of the task are those of all items.",
    );

/// The key `requests`.
pub(crate) const REQUESTS: Return = Return::new("requests", "list")
    .returned("at verbosity 3 and above, also when the task failed")
    .about("The requests that were sent to the server, in the order in which they ended.")
    .contains(&[
        Return::new("method", "str")
            .about("The HTTP method.")
            .sample("\"GET\""),
        Return::new("path", "str")
            .about("The path below the server's URL, with the query.")
            .sample("\"/api/v1/machine\""),
        Return::new("status", "int")
            .about("The HTTP status; null where no answer came.")
            .sample("200"),
        Return::new("milliseconds", "int").about("The time that this attempt took."),
        Return::new("attempt", "int").about("The number of this attempt at the request, from 1."),
    ]);

/// Two tables as one.
pub(crate) const fn concat<const LENGTH: usize>(
    first: &[Return],
    second: &[Return],
) -> [Return; LENGTH] {
    assert!(first.len() + second.len() == LENGTH);
    let mut all = [first[0]; LENGTH];
    let mut index = 0;
    while index < LENGTH {
        all[index] = if index < first.len() {
            first[index]
        } else {
            second[index - first.len()]
        };
        index += 1;
    }
    all
}
