//! The answers of the server.

use mr_provisioner::client::{Error, ErrorKind, Token};
use mr_provisioner::internals::{self, ANSWERS, LISTS};
use serde_json::Value;

use crate::CANARY;

/// The fields of each object on which something is decided: without one of them, the object is not understood.
const DECIDING: [(&str, &str); 8] = [
    (
        "machine",
        "id name arch subarch kernel_id kernel_opts initrd_id preseed_id netboot_enabled",
    ),
    (
        "image",
        "id name description type arch user known_good public",
    ),
    (
        "preseed",
        "id name content description type user known_good public",
    ),
    (
        "interface",
        "id identifier mac network_name subnetv4 static_pool_v4 reserved_pool_v4 config_type_v4 configured_ipv4 \
         lease_ipv4",
    ),
    ("assignee", "id user reason"),
    ("state", "state"),
    ("power", "state"),
    ("console", "token"),
];

/// Any bytes are read, or are an error of one line. What is read has every field that decides.
pub fn answer_is_complete_or_an_error(body: &[u8]) {
    for (name, read) in ANSWERS {
        if is_read(read(body)) {
            require_fields(name, &json(body));
        }
    }
    for (name, read) in LISTS {
        if is_read(read(body)) {
            let list = json(body);
            let items = list.as_array().into_iter().flatten();
            items.for_each(|item| require_fields(name, item));
            assert!(list.is_array(), "{list}");
        }
    }
}

/// An object with all its fields, of any values, without one of them is not understood.
pub fn answer_without_a_field_that_decides_is_an_error(values: &[Value], missing: u8) {
    for (name, fields) in DECIDING {
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let missing = fields[usize::from(missing) % fields.len()];
        let given = fields.iter().filter(|field| **field != missing);
        let values = values
            .iter()
            .cloned()
            .chain(std::iter::repeat(Value::from(1)));
        let object: Value = given.map(|field| (*field).to_owned()).zip(values).collect();
        let read = ANSWERS.iter().find(|(answer, _)| *answer == name);
        let (_, read) = read.expect("every answer has its fields");
        assert!(
            read(object.to_string().as_bytes()).is_err(),
            "{name}: {object}"
        );
    }
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).expect("what was read is JSON")
}

fn require_fields(name: &str, object: &Value) {
    let fields = DECIDING.iter().find(|(answer, _)| *answer == name);
    let (_, fields) = fields.expect("every answer has its fields");
    for field in fields.split_whitespace() {
        assert!(
            object.get(field).is_some(),
            "{name} without {field}: {object}"
        );
    }
    for state in object
        .get("state")
        .into_iter()
        .filter(|_| *fields == "state")
    {
        assert!(state.is_string(), "{name}: {object}");
    }
}

fn is_read(answer: Result<(), Error>) -> bool {
    let Err(error) = answer else {
        return true;
    };
    assert_eq!(error.kind(), ErrorKind::Decode);
    require_line(&error);
    false
}

/// A refusal of any text is an error of one line, without the token.
pub fn refusal_is_a_sentence_without_the_token(status: u16, before: &[u8], after: &[u8]) {
    let token = Token::new(CANARY).expect("the token is valid");
    let body = [before, CANARY.as_bytes(), after].concat();
    let status = 300 + status % 300;
    for body in [before, &body] {
        if let Err(error) = internals::check_status(status, &token, body) {
            require_line(&error);
        }
    }
}

fn require_line(error: &Error) {
    let shown = format!("{error}\n{}", error.hint().unwrap_or_default());
    assert!(
        !shown.contains(CANARY) && !format!("{error:?}").contains(CANARY),
        "{shown}"
    );
    let sentence = error.to_string();
    assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
    assert!(sentence.len() < 2000, "{sentence}");
}

/// A list is read the same however it is cut into parts.
pub fn list_is_read_the_same_in_any_parts(list: &[u8], lengths: &[u8]) {
    let mut parts = Vec::new();
    let mut rest = list;
    for length in lengths {
        let (part, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    let whole = internals::read_list([list]);
    assert_eq!(internals::read_list(parts), whole);
    // Small items are kept as they are.
    assert!(list.len() > 60_000 || whole.as_deref() == Some(list));
}
