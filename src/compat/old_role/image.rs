//! `mr_provisioner_image`: uploads a kernel or an initrd.

use crate::ansible::{
    Attribute, Attributes, Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success,
};
use crate::compat::old_role::{json_field, successor_call, with_successors_hint};
use crate::modules::options::connection;
use crate::modules::{image, returns, run};
use crate::task::image::ImageSpec;

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mr_provisioner_image",
    short_description: "Upload a kernel or an initrd, as the old Ansible role does",
    description: &[
        "Makes sure that a kernel or an initrd is on the server with the bytes of a file. It does what M(mrp_image) does.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: Attributes {
        check_mode: Attribute::full(
            "Reads the server and the file, sends nothing that writes, and returns the plan.",
        ),
        diff_mode: Attribute::full("Shows the fields and the SHA-256 that change, not the bytes."),
        idempotent: Attribute::full("A second run changes nothing."),
    },
    notes: &[
        "Unlike the role's module it goes by the bytes of the file, not by the description alone: a file that changed is \
         uploaded again.",
    ],
    seealso: &["mrp_image"],
    deprecation: Some("mr_provisioner_image is the old role's name: use mrp_image"),
    examples: EXAMPLES,
    returns: RETURNS,
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("description", Kind::Str)
        .required()
        .about(&["Names the image, together with O(type) and O(arch). At most 256 characters."]),
    Opt::new("type", Kind::Str)
        .required()
        .choices(&["Kernel", "Initrd"])
        .about(&["What the image is."]),
    Opt::new("arch", Kind::Str)
        .required()
        .about(&["Name of the architecture as the server knows it."]),
    Opt::new("path", Kind::Str)
        .required()
        .about(&["File whose bytes the image shall hold."]),
    Opt::new("known_good", Kind::Bool)
        .default_bool(false)
        .about(&["Whether the image is marked as known to work."]),
    Opt::new("public", Kind::Bool)
        .default_bool(false)
        .about(&["Whether other users may use the image."]),
];

fn run(call: &Call) -> Result<Success, Failure> {
    let result = run::run_with_fields(call, to_task, |report| json_field(&report.image));
    result.map_err(|failure| with_successors_hint(failure, "mrp_image"))
}

fn to_task(call: &Call) -> Result<ImageSpec, Failure> {
    image::to_task(&successor_call(call, &call.options, &image::MODULE)?)
}

const EXAMPLES: &str = r#"- name: Upload Kernel image
  mr_provisioner_image:
    description: debian 12 installer
    type: Kernel
    arch: arm64
    path: ./builds/debian-12/linux
    url: https://mrp.example/
    token: "{{ mr_provisioner_auth_token }}"
    public: true

- name: The same with its successor
  mrp_image:
    description: debian 12 installer
    type: Kernel
    arch: arm64
    path: ./builds/debian-12/linux
    mrp_url: https://mrp.example/
    mrp_token: "{{ mr_provisioner_auth_token }}"
    public: true
    known_good: false
"#;

const RETURNS: &[Return] = &[
    Return::new("json", "dict")
        .about(
            "The image as the server has it; in check mode, as it would be. It has the fields that M(mrp_image) returns as \
             C(image), except C(sha256) and C(size).",
        )
        .contains(returns::IMAGE),
    returns::PLAN,
    returns::REQUESTS,
];
