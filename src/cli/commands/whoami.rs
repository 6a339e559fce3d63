//! `mrp whoami`: whose the token is, and what that user has, as far as the server tells it.

use serde_json::json;

use crate::ansible::{Call, Failure, Module, ModuleSpec, Return, Success};
use crate::modules::options::connection;
use crate::task::account;

pub(crate) const MODULE: Module = Module { spec: &SPEC, run };

static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp whoami",
    options: &[connection::OPTIONS],
    constraints: connection::CONSTRAINTS,
    returns: &[Return::new("account", "list").contains(&[
        Return::new("user", "str"),
        Return::new("server", "str"),
        Return::new("administrator", "bool"),
        Return::new("machines", "list"),
        Return::new("images", "int"),
        Return::new("preseeds", "int"),
    ])],
    ..ModuleSpec::EMPTY
};

fn run(call: &Call) -> Result<Success, Failure> {
    let client = connection::connect(call)?;
    let account = account::read(client.read_only())?;
    let mut warnings = Vec::new();
    if account.user.is_none() {
        warnings.push(
            "the server does not tell whose this token is: its user owns no image and no preseed, and holds no machine"
                .to_owned(),
        );
    }
    let mut fields = json!(account);
    fields["server"] = call.options["mrp_url"].clone();
    Ok(Success {
        warnings,
        ..Success::with_fields([("account", json!([fields]))])
    })
}
