//! `mrp_image`: uploads, changes and deletes boot images.

use serde::Deserialize;

use crate::ansible::{
    Attribute, Attributes, Call, Constraints, Failure, Kind, Module, ModuleSpec, Opt, Return,
};
use crate::client::{ImageId, ImageType};
use crate::modules::options::connection;
use crate::modules::options::state::{self, Existence};
use crate::modules::{returns, run};
use crate::task::image::{ImagePresence, ImageSpec};

pub(crate) const MODULE: Module = Module::new(&SPEC, |call| run::run(call, to_task));

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_image",
    short_description: "Upload, change and delete boot images on a Mr-Provisioner server",
    description: &[
        "Makes sure that a kernel, an initrd or a boot loader is on the server with the bytes of a file, \
         or that it is not there.",
        "An image is its bytes. The file is uploaded under a name that carries the first half of its SHA-256, \
         so a later run knows from the name alone what an own image holds, and uploads again only when the file changed.",
        "Own images without such a name, and images of other users, count as up to date only after their bytes \
         were read back over the server's boot endpoint and hashed.",
        "The upload streams from the file and needs no memory for it.",
    ],
    options: &[OPTIONS, LIST_OPTIONS, connection::OPTIONS],
    constraints: Constraints {
        mutually_exclusive: &[&["id", "force"], &["id", "prune"]],
        ..connection::CONSTRAINTS
    },
    attributes: Attributes {
        check_mode: Attribute::partial(
            "Reads the server and the file, sends nothing that writes, and returns the plan.",
            &[
                "Which boot loader a subarch uses cannot be seen, so its deletion is predicted although it is refused.",
            ],
        ),
        diff_mode: Attribute::full("Shows the fields and the SHA-256 that change, not the bytes."),
        idempotent: Attribute::partial(
            "A second run changes nothing.",
            &["With O(force) every run uploads."],
        ),
    },
    notes: &[
        "Descriptions are not unique on the server. Where one's own and other users' images share a description, \
         one's own come first, and of these the newest, that is the one with the highest id.",
        "An older own image that holds the right bytes is hidden by a newer one with other bytes, \
         so going back to an earlier file uploads it again. An image of another user counts only when it is the \
         only one of its description.",
        "The file is read on the host that the task runs on, which is usually V(localhost).",
        "Old copies stay on the server unless O(prune) is set. The server itself keeps the file of a deleted image.",
    ],
    seealso: &["mrp_machine", "mrp_preseed"],
    examples: EXAMPLES,
    returns: RETURNS,
    ..ModuleSpec::EMPTY
}
.documented();

const OPTIONS: &[Opt] = &[
    Opt::new("description", Kind::Str).required().about(&[
        "Names the image, together with O(type) and O(arch). At most 256 characters.",
    ]),
    Opt::new("type", Kind::Str).required().choices(&["Kernel", "Initrd", "bootloader"]).about(&[
        "What the image is, in the server's own words.",
    ]),
    Opt::new("arch", Kind::Str).required().about(&[
        "Name of the architecture as the server knows it, for example V(arm64).",
    ]),
    Opt::new("path", Kind::Path).about(&[
        "File whose bytes the image shall hold.",
        "Without it the image must exist, and only its flags are compared.",
    ]),
    state::OPTION.about(&[
        "With V(absent) all own images of that description, type and architecture are deleted, or the one with O(id).",
        "An image that a machine boots is not deleted: the task fails and names the machines. \
         Images of other users are deleted only by their O(id), with an administrator's token.",
    ]),
    Opt::new("public", Kind::Bool).about(&[
        "Whether other users may use the image. Left as it is when not given: a new copy is as public as the one it \
         supersedes, and the first of a description is private.",
    ]),
    Opt::new("known_good", Kind::Bool).about(&[
        "Whether the image is marked as known to work. Left as it is when not given.",
    ]),
    Opt::new("id", Kind::Int).minimum(1).about(&[
        "Names one image among several of the same description. Its description is then brought to O(description).",
        "Its bytes cannot be replaced: when O(path) is given too and differs, the task fails.",
    ]),
    Opt::new("force", Kind::Bool).default_bool(false).about(&[
        "Upload even where the bytes are on the server already. The task then changes something every time.",
    ]),
    Opt::new("prune", Kind::Bool).default_bool(false).about(&[
        "Delete own images of the same description, type and architecture that are superseded and that nothing uses.",
        "That includes the copy that two runs leave when they upload the same new file at once; without O(prune) a \
         warning tells of it.",
    ]),
];

const LIST_OPTIONS: &[Opt] = &[run::items("images", &[OPTIONS]), run::FAIL_FAST];

#[derive(Deserialize)]
struct ImageOptions {
    description: String,
    #[serde(rename = "type")]
    kind: ImageType,
    arch: String,
    state: Existence,
    id: Option<ImageId>,
}

pub(crate) fn to_task(call: &Call) -> Result<ImageSpec, Failure> {
    let options: ImageOptions = call.options();
    Ok(ImageSpec {
        description: options.description,
        kind: options.kind,
        arch: options.arch,
        presence: match options.state {
            Existence::Present => ImagePresence::Present(call.options()),
            Existence::Absent => ImagePresence::Absent(options.id),
        },
    })
}

const EXAMPLES: &str = r#"- name: Upload the installer's kernel when it changed
  mrp_image:
    mrp_url: https://mrp.example/
    mrp_token: "{{ lab_token }}"
    description: debian 12 installer
    type: Kernel
    arch: arm64
    path: "{{ playbook_dir }}/files/linux"

- name: Upload its initrd for everyone and clean up old copies (server and token from MRP_URL and MRP_TOKEN)
  mrp_image:
    description: debian 12 installer
    type: Initrd
    arch: arm64
    path: "{{ playbook_dir }}/files/initrd.gz"
    public: true
    prune: true

- name: Both in one task
  mrp_image:
    description: debian 12 installer
    arch: arm64
    images:
      - {type: Kernel, path: "{{ playbook_dir }}/files/linux"}
      - {type: Initrd, path: "{{ playbook_dir }}/files/initrd.gz"}

- name: Remove a test kernel
  mrp_image:
    description: my test kernel
    type: Kernel
    arch: arm64
    state: absent
"#;

const IMAGE_FIELDS: [Return; 11] = returns::concat(
    returns::IMAGE,
    &[
        Return::new("sha256", "str").about("Of its bytes; null when no O(path) was given."),
        Return::new("size", "int").about("In bytes; null when no O(path) was given."),
    ],
);

const RETURNS: &[Return] = &[
    Return::new("image", "dict")
        .returned("success; null when the image is absent")
        .about("The image as the server has it; in check mode, as it would be.")
        .contains(&IMAGE_FIELDS),
    Return::new("pruned", "list")
        .returned("success")
        .about("The superseded images that were deleted (in check mode: that would be).")
        .sample("[]"),
    returns::PLAN,
    returns::RESULTS,
    returns::REQUESTS,
];
