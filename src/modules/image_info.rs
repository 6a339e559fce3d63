//! `mrp_image_info`: lists boot images.

use serde::Deserialize;
use serde_json::json;

use crate::ansible::{Call, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::client::ImageType;
use crate::modules::options::{connection, info};
use crate::modules::returns;
use crate::support::glob::Glob;
use crate::task::list::{self, ImageFilter};

pub(crate) const MODULE: Module = Module::new(&SPEC, run);

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_image_info",
    short_description: "List the boot images of a Mr-Provisioner server",
    description: &[
        "Returns the kernels, initrds and boot loaders that the token's user may see, as far as the filters let them \
         through. Without a filter that is all of them.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    attributes: info::ATTRIBUTES,
    notes: &[info::PATTERNS],
    seealso: &["mrp_image", "mrp_preseed_info", "mrp_machine_info"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("description", Kind::Str).about(&[
        "Pattern for the description, for example V(debian 12*). An image without a description has an empty one.",
    ]),
    Opt::new("type", Kind::Str).choices(&["Kernel", "Initrd", "bootloader"]).about(&[
        "What the image is, in the server's own words.",
    ]),
    Opt::new("arch", Kind::Str).about(&["Name of the architecture, for example V(arm64)."]),
    Opt::new("name", Kind::Str).about(&[
        "Pattern for the server's name of the image, its path below the boot endpoint, for example V(alice/*).",
    ]),
    Opt::new("mine", Kind::Bool).default_bool(false).about(&[
        "Only the images of the token's user.",
    ]),
    Opt::new("known_good", Kind::Bool).about(&[
        "Only images that are marked as known to work, or with V(false) only the others.",
    ]),
];

#[derive(Deserialize)]
struct ImageInfoOptions {
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<ImageType>,
    arch: Option<String>,
    name: Option<String>,
    mine: bool,
    known_good: Option<bool>,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let filter = to_filter(call.options());
    let client = connection::connect(call)?;
    let images = list::images(client.read_only(), &filter)?;
    Ok(Success::with_fields([("images", json!(images))]))
}

fn to_filter(options: ImageInfoOptions) -> ImageFilter {
    ImageFilter {
        scope: info::scope(options.mine),
        name: options.name.as_deref().map(Glob::new),
        description: options.description.as_deref().map(Glob::new),
        kind: options.kind,
        arch: options.arch,
        known_good: options.known_good,
    }
}

const EXAMPLES: &str = r#"- name: My arm64 kernels
  mrp_image_info:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    type: Kernel
    arch: arm64
    mine: true
  register: kernels

- name: Their descriptions, the newest last
  ansible.builtin.debug:
    msg: "{{ kernels.images | map(attribute='description') }}"

- name: What works, of everyone
  mrp_image_info:
    description: debian 12*
    known_good: true
"#;

const RETURNS: &[Return] = &[
    Return::new("images", "list")
        .about("The images, the oldest first.")
        .contains(returns::IMAGE),
    returns::REQUESTS,
];
