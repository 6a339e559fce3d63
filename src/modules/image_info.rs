//! `mrp_image_info`: which boot images there are.

use serde::Deserialize;
use serde_json::json;

use crate::ansible::{Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return, Success};
use crate::client::ImageType;
use crate::modules::options::connection;
use crate::modules::options::info;
use crate::modules::run;
use crate::support::glob::Glob;
use crate::task::list;
use crate::task::list::ImageFilter;

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_image_info",
    short_description: "List the boot images of a Mr-Provisioner server",
    description: &[
        "Returns the kernels, initrds and boot loaders that the token's user may see, as far as the filters let them \
         through. Without a filter that is all of them.",
    ],
    options: &[OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        required_together: connection::REQUIRED_TOGETHER,
        ..Constraints::NONE
    },
    attributes: info::ATTRIBUTES,
    notes: &[info::PATTERNS],
    seealso: &["mrp_image", "mrp_preseed_info", "mrp_machine_info"],
    deprecation: None,
    examples: EXAMPLES,
    returns: RETURNS,
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
struct Options {
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<ImageType>,
    arch: Option<String>,
    name: Option<String>,
    mine: bool,
    known_good: Option<bool>,
}

fn run(call: &Call) -> Result<Success, Failure> {
    let filter = ImageFilter::from(call.options::<Options>());
    let client = connection::connect(call)?;
    let images = list::images(client.read_only(), &filter).map_err(run::failure)?;
    Ok(info::found("images", json!(images)))
}

impl From<Options> for ImageFilter {
    fn from(options: Options) -> Self {
        ImageFilter {
            scope: info::scope(options.mine),
            name: options.name.as_deref().map(Glob::new),
            description: options.description.as_deref().map(Glob::new),
            kind: options.kind,
            arch: options.arch,
            known_good: options.known_good,
        }
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

const RETURNS: &[Return] = &[Return::new("images", "list")
    .about("The images, the oldest first.")
    .contains(&[
        Return::new("id", "int")
            .about("Its id; a newer image has a higher one.")
            .sample("14"),
        Return::new("name", "str")
            .about("The server's name for it: its path below the boot endpoint.")
            .sample("\"alice/linux.s256-5f70bf18a086007016e948b04aed3b82.1a2b3c4d\""),
        Return::new("description", "str").about("Its description, which need not be unique."),
        Return::new("type", "str").about("Kernel, Initrd or bootloader."),
        Return::new("arch", "str").about("Its architecture."),
        Return::new("user", "str").about("Its owner; null for an image that nobody owns."),
        Return::new("upload_date", "str")
            .about("In the server's local time, although it says GMT."),
        Return::new("public", "bool").about("Whether other users may use it."),
        Return::new("known_good", "bool").about("Whether it is marked as known to work."),
    ])];
