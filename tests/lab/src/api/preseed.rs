//! `/preseed`: names are unique over all users, also where the other preseed is not visible. Templates are not checked.

use serde_json::{Value, json};

use super::owned::{Owned, find_changeable};
use super::{at_most, image, storable};
use crate::call::Call;
use crate::database::{Database, Preseed, Table, User};
use crate::lab_state::LabState;
use crate::python::repr;
use crate::reply::{HandlerResult, Reply};
use crate::routes::Args;
use crate::schema::{Field, FieldType, Fields, Schema, optional, refused_text, required};

const TYPES: [&str; 3] = ["preseed", "kickstart", "autoyast"];
const CONTENT_MAX: usize = 2 << 20;

const NAME: FieldType = FieldType::Text(|text| at_most(text, 256) && text.chars().nth(1).is_some());
const TYPE: FieldType = FieldType::Text(|text| TYPES.contains(&text));
const DESCRIPTION: Field = optional(
    "description",
    FieldType::TextOrNull(|text| at_most(text, 256)),
);
const CONTENT: Field = optional(
    "content",
    FieldType::TextOrNull(|text| at_most(text, CONTENT_MAX)),
);
const KNOWN_GOOD: Field = optional("known_good", FieldType::Bool);
const PUBLIC: Field = optional("public", FieldType::Bool);

static NEW: Schema = Schema {
    fields: &[
        required("name", NAME),
        required("type", TYPE),
        DESCRIPTION,
        CONTENT,
        KNOWN_GOOD,
        PUBLIC,
    ],
    ignore_unknown: true,
};

static CHANGES: Schema = Schema {
    fields: &[
        optional("name", NAME),
        optional("type", TYPE),
        DESCRIPTION,
        CONTENT,
        KNOWN_GOOD,
        PUBLIC,
    ],
    ignore_unknown: true,
};

impl Owned for Preseed {
    const NAME: &'static str = "preseed";

    fn table(db: &Database) -> &Table<Preseed> {
        &db.preseeds
    }

    fn show(&self, db: &Database) -> Value {
        json!({
            "id": self.id,
            "name": self.filename,
            "content": self.file_content,
            "description": self.description,
            "type": self.file_type,
            "user": db.user(Some(self.user_id)).map(|user| &user.username),
            "known_good": self.known_good,
            "public": self.public,
        })
    }

    fn owner(&self) -> Option<i64> {
        Some(self.user_id)
    }

    fn public(&self) -> bool {
        self.public
    }
}

pub(crate) fn post(lab: &mut LabState, user: &User, call: &Call, _: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&NEW)?;
    require_known_type(lab, &fields)?;
    let preseed = Preseed {
        id: 0,
        filename: fields.text("name").unwrap_or_default().to_owned(),
        description: fields.text("description").map(str::to_owned),
        file_type: fields.text("type").unwrap_or_default().to_owned(),
        file_content: fields
            .nullable("content")
            .unwrap_or_else(|| Some(String::new())),
        user_id: user.id,
        known_good: fields.flag("known_good").unwrap_or(false),
        public: fields.flag("public").unwrap_or(false),
    };
    texts_are_storable(&preseed)?;
    if lab
        .db
        .preseeds
        .iter()
        .any(|known| known.filename == preseed.filename)
    {
        lab.db.preseeds.next_id();
        return Err(name_taken(
            &preseed,
            "INSERT INTO preseed (filename, description, file_type, file_content, date, user_id, \
             known_good, public) VALUES (%(filename)s, %(description)s, %(file_type)s, %(file_content)s, %(date)s, \
             %(user_id)s, %(known_good)s, %(public)s) RETURNING preseed.id",
        ));
    }
    let preseed = lab.db.preseeds.insert(preseed);
    lab.db.commit();
    Ok(Reply::json(201, &preseed.show(&lab.db)))
}

/// Refuses a type that the release does not know, as the check of the body does.
fn require_known_type(lab: &LabState, fields: &Fields) -> Result<(), Reply> {
    match fields.text("type") {
        Some("autoyast") if !lab.settings.kind.release.knows_autoyast() => {
            Err(refused_text("autoyast"))
        }
        _ => Ok(()),
    }
}

fn texts_are_storable(preseed: &Preseed) -> Result<(), Reply> {
    storable(&preseed.filename)?;
    preseed.description.as_deref().map_or(Ok(()), storable)?;
    preseed.file_content.as_deref().map_or(Ok(()), storable)
}

fn name_taken(preseed: &Preseed, statement: &str) -> Reply {
    let content = preseed.file_content.as_deref().map_or("None".into(), repr);
    Reply::integrity(
        &format!(
            "duplicate key value violates unique constraint \"preseed_filename_key\"\n\
             DETAIL:  Key (filename)=({}) already exists.\n",
            preseed.filename
        ),
        statement,
        &format!(
            "'filename': {}, 'file_content': {content}, 'user_id': {}",
            repr(&preseed.filename),
            preseed.user_id
        ),
    )
}

pub(crate) fn put(lab: &mut LabState, user: &User, call: &Call, args: &Args<'_>) -> HandlerResult {
    let fields = call.fields(&CHANGES)?;
    require_known_type(lab, &fields)?;
    let mut preseed = find_changeable::<Preseed>(lab, user, args)?;
    if let Some(name) = fields.text("name") {
        preseed.filename = name.to_owned();
    }
    if let Some(kind) = fields.text("type") {
        preseed.file_type = kind.to_owned();
    }
    if let Some(description) = fields.nullable("description") {
        preseed.description = description;
    }
    if let Some(content) = fields.nullable("content") {
        preseed.file_content = content;
    }
    preseed.known_good = fields.flag("known_good").unwrap_or(preseed.known_good);
    preseed.public = fields.flag("public").unwrap_or(preseed.public);
    texts_are_storable(&preseed)?;
    if lab
        .db
        .preseeds
        .iter()
        .any(|known| known.filename == preseed.filename && known.id != preseed.id)
    {
        return Err(name_taken(
            &preseed,
            "UPDATE preseed SET filename=%(filename)s WHERE preseed.id = %(preseed_id)s",
        ));
    }
    lab.db.preseeds.update(preseed.clone());
    lab.db.commit();
    Ok(Reply::json(200, &preseed.show(&lab.db)))
}

pub(crate) fn delete(lab: &mut LabState, user: &User, _: &Call, args: &Args<'_>) -> HandlerResult {
    let preseed = find_changeable::<Preseed>(lab, user, args)?;
    if lab
        .db
        .machines
        .iter()
        .any(|machine| machine.preseed_id == Some(preseed.id))
    {
        return Err(image::in_use(
            "preseed",
            preseed.id,
            "machine",
            "machine_preseed_id_fkey",
        ));
    }
    lab.db.preseeds.remove(preseed.id);
    lab.db.commit();
    Ok(Reply::text(204, ""))
}
