//! `/image`: uploads are forms. The row is stored before the file; deleting an image keeps the file.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::owned::{Owned, find_changeable};
use super::{at_most, sendable, storable};
use crate::call::{Call, parse_query};
use crate::database::{Database, Image, Table, User};
use crate::lab_state::LabState;
use crate::multipart::Upload;
use crate::python::PyValue;
use crate::random;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;
use crate::schema::{Field, FieldType, Fields, Schema, optional, required};

const TYPES: [&str; 3] = ["Kernel", "Initrd", "bootloader"];

/// The longest name of a file; a longer one makes the server fail after the row is stored.
const NAME_MAX: usize = 255;

const TYPE: FieldType = FieldType::Text(|text| TYPES.contains(&text));
const DESCRIPTION: Field = optional(
    "description",
    FieldType::TextOrNull(|text| at_most(text, 256)),
);
const ARCH: Field = optional("arch", FieldType::TextOrNull(|text| at_most(text, 256)));
const KNOWN_GOOD: Field = optional("known_good", FieldType::Bool);
const PUBLIC: Field = optional("public", FieldType::Bool);

static NEW: Schema = Schema {
    fields: &[
        required("type", TYPE),
        DESCRIPTION,
        ARCH,
        KNOWN_GOOD,
        PUBLIC,
    ],
    ignore_unknown: true,
};

static CHANGES: Schema = Schema {
    fields: &[
        optional("type", TYPE),
        DESCRIPTION,
        ARCH,
        KNOWN_GOOD,
        PUBLIC,
    ],
    ignore_unknown: true,
};

impl Owned for Image {
    const NAME: &'static str = "image";

    fn table(db: &Database) -> &Table<Image> {
        &db.images
    }

    fn show(&self, db: &Database) -> Value {
        json!({
            "id": self.id,
            "name": self.filename,
            "description": self.description,
            "type": self.file_type,
            "arch": db.arch_name(self.arch_id),
            "upload_date": httpdate::fmt_http_date(self.date),
            "user": db.user(self.user_id).map(|user| &user.username),
            "known_good": self.known_good,
            "public": self.public,
        })
    }

    fn owner(&self) -> Option<i64> {
        self.user_id
    }

    fn public(&self) -> bool {
        self.public
    }
}

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, _: &Args<'_>) -> HandlerResult {
    if call.too_large {
        return Err(Reply::too_large());
    }
    let fields = description_of_upload(call)?;
    let files = call.form.as_ref().map_or(&[][..], |form| &form.files);
    let upload = files
        .iter()
        .find(|(name, _)| name == "file")
        .map(|(_, upload)| upload);
    let upload = upload.ok_or_else(|| Reply::invalid(400, "multipart `file` is required"))?;
    let arch = fields
        .nullable("arch")
        .ok_or_else(|| Reply::invalid(400, "arch is required"))?;
    let arch_id = arch_id(&lab.db, arch.as_deref())?;
    let description = fields.text("description").map(str::to_owned);
    description.as_deref().map_or(Ok(()), storable)?;
    let filename = stored_name(&user.username, &upload.filename);
    let image = lab.db.images.insert(Image {
        id: 0,
        filename: filename.clone(),
        description,
        file_type: fields.text("type").unwrap_or_default().to_owned(),
        date: SystemTime::now(),
        user_id: Some(user.id),
        known_good: fields.flag("known_good").unwrap_or(false),
        public: fields.flag("public").unwrap_or(false),
        arch_id,
    });
    lab.db.commit();
    keep(lab, &filename, upload)?;
    Ok(Reply::json(201, &image.show(&lab.db)))
}

/// The form's `q`, a JSON text.
fn description_of_upload(call: &Call) -> Result<Fields, Reply> {
    let kind = call.header("content-type").unwrap_or_default();
    let urlencoded = [
        "application/x-www-form-urlencoded",
        "application/x-url-encoded",
    ]
    .contains(&kind.split(';').next().unwrap_or_default().trim());
    let pairs = if urlencoded {
        parse_query(&String::from_utf8_lossy(&call.body))
    } else {
        Vec::new()
    };
    let in_pairs = pairs
        .iter()
        .find(|(name, _)| name == "q")
        .map(|(_, value)| value.as_str());
    let q = call
        .form
        .as_ref()
        .and_then(|form| form.field("q"))
        .or(in_pairs)
        .ok_or_else(Reply::internal_error)?;
    let value =
        PyValue::parse(q).map_err(|message| Reply::exception(400, "JSONDecodeError", message))?;
    NEW.check(&value).map_err(|refusal| refusal.into_reply())
}

fn arch_id(db: &Database, name: Option<&str>) -> Result<i64, Reply> {
    name.map_or(Ok(()), sendable)?;
    let arch = name.and_then(|name| db.find_arch(name));
    arch.map(|arch| arch.id)
        .ok_or_else(|| Reply::invalid(400, "no such architecture"))
}

/// Moves an upload to a file with a generated name, because image names can be longer than file names.
fn keep(lab: &mut LabState, filename: &str, upload: &Upload) -> Result<(), Reply> {
    let name = filename.rsplit('/').next().unwrap_or_default();
    if name.len() > NAME_MAX {
        return Err(Reply::internal_error());
    }
    let place = upload
        .path
        .with_file_name(format!("image-{}", random::hex(16)));
    std::fs::rename(&upload.path, &place).map_err(|_| Reply::internal_error())?;
    lab.db.files.insert(filename.to_owned(), place);
    Ok(())
}

/// The name that the server gives to a user's upload.
pub fn stored_name(user: &str, file_name: &str) -> String {
    format!("{}/{}.{}", secure(user), secure(file_name), random::hex(8))
}

/// `werkzeug.secure_filename`: ASCII only (letters lose their accents), path parts joined by `_`, no dots around.
fn secure(name: &str) -> String {
    let ascii: String = name.chars().map(crate::transliterate::fold).collect();
    let words: Vec<&str> = ascii
        .split(|c: char| c == '/' || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    let joined = words.join("_");
    let allowed: String = joined
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        .collect();
    allowed.trim_matches(['.', '_']).to_owned()
}

pub(crate) fn put(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGES)?;
    let mut image = find_changeable::<Image>(lab, user, args)?;
    if let Some(kind) = fields.text("type") {
        image.file_type = kind.to_owned();
    }
    if let Some(description) = fields.nullable("description") {
        description.as_deref().map_or(Ok(()), storable)?;
        image.description = description;
    }
    image.known_good = fields.flag("known_good").unwrap_or(image.known_good);
    image.public = fields.flag("public").unwrap_or(image.public);
    if let Some(arch) = fields.nullable("arch") {
        // The server changes the image before it looks for the architecture, and does not roll back.
        lab.db.images.update(image.clone());
        image.arch_id = arch_id(&lab.db, arch.as_deref())?;
    }
    lab.db.images.update(image.clone());
    lab.db.commit();
    Ok(Reply::json(200, &image.show(&lab.db)))
}

pub(crate) fn delete(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let image = find_changeable::<Image>(lab, user, args)?;
    if let Some((table, constraint)) = user_of(&lab.db, image.id) {
        return Err(in_use("image", image.id, table, constraint));
    }
    lab.db.images.remove(image.id);
    lab.db.commit();
    Ok(Reply::text(204, ""))
}

/// The table and constraint that prevent the deletion of an image.
fn user_of(db: &Database, id: i64) -> Option<(&'static str, &'static str)> {
    if db
        .machines
        .iter()
        .any(|machine| machine.kernel_id == Some(id))
    {
        return Some(("machine", "machine_kernel_id_fkey"));
    }
    if db
        .machines
        .iter()
        .any(|machine| machine.initrd_id == Some(id))
    {
        return Some(("machine", "machine_initrd_id_fkey"));
    }
    let boots = db
        .subarchs
        .iter()
        .any(|subarch| subarch.bootloader_id == Some(id));
    boots.then_some(("subarch", "subarch_bootloader_id_fkey"))
}

pub(crate) fn in_use(table: &str, id: i64, by: &str, constraint: &str) -> Reply {
    Reply::integrity(
        &format!(
            "update or delete on table \"{table}\" violates foreign key constraint \"{constraint}\" on table \"{by}\"\n\
             DETAIL:  Key (id)=({id}) is still referenced from table \"{by}\".\n"
        ),
        &format!("DELETE FROM {table} WHERE {table}.id = %(id)s"),
        &format!("'id': {id}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_secured_like_werkzeug() {
        for (name, safe) in [
            ("../../etc/passwd", "etc_passwd"),
            ("/boot/vmlinuz", "boot_vmlinuz"),
            ("my kernel image", "my_kernel_image"),
            ("kérnel-日本", "kernel-"),
            ("日本", ""),
            ("ｋｅｒｎｅｌ５\u{3000}ﬁt", "kernel5_fit"),
            ("..", ""),
            (".hidden", "hidden"),
            ("Image.s256-0123", "Image.s256-0123"),
            ("a+b(c).gz", "abc.gz"),
        ] {
            assert_eq!(secure(name), safe, "{name}");
        }
    }
}
