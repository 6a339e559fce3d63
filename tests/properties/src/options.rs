//! The types of options.

use mr_provisioner::MODULES;
use mr_provisioner::ansible::{Call, Kind, ModuleSpec, Opt};
use serde_json::{Map, Value, json};

use crate::arguments::require_sentence;

const CHOICES: &[&str] = &["one", "two", "3"];

/// An option of every type.
static SPEC: ModuleSpec = ModuleSpec {
    name: "mrp_types",
    options: &[&[
        Opt::new("str", Kind::Str),
        Opt::new("json", Kind::Json),
        Opt::new("words", Kind::Words),
        Opt::new("bool", Kind::Bool),
        Opt::new("int", Kind::Int),
        Opt::new("minimum", Kind::Int).minimum(1),
        Opt::new("float", Kind::Float),
        Opt::new("path", Kind::Path),
        Opt::new("raw", Kind::Raw),
        Opt::new("choice", Kind::Str).choices(CHOICES),
        Opt::new("texts", Kind::List(&Kind::Str)),
        Opt::new("numbers", Kind::List(&Kind::Int)),
        Opt::new("choices", Kind::List(&Kind::Str)).choices(CHOICES),
    ]],
    ..ModuleSpec::EMPTY
};

/// Any value of an option of any type has its type afterwards, or is refused; and what was accepted is accepted again, as
/// it is.
pub fn value_gets_its_type_or_is_refused(value: &Value) {
    for option in SPEC.options.concat() {
        let Some(accepted) = accepted(option.name, value) else {
            continue;
        };
        let texts = |value: &Value| {
            value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string))
        };
        let is_choice = |value: &Value| value.as_str().is_some_and(|word| CHOICES.contains(&word));
        let has_type = match option.name {
            "bool" => accepted.is_boolean(),
            "int" => accepted.is_i64(),
            "minimum" => accepted.as_i64().is_some_and(|number| number >= 1),
            "float" => accepted.as_f64().is_some_and(f64::is_finite),
            "raw" => accepted == *value,
            "choice" => is_choice(&accepted),
            "texts" => texts(&accepted),
            "numbers" => accepted
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_i64)),
            "choices" => accepted
                .as_array()
                .is_some_and(|items| items.iter().all(is_choice)),
            "path" => accepted.as_str().is_some_and(|path| !path.is_empty()),
            _ => accepted.is_string(),
        };
        assert!(has_type, "{} {value} {accepted}", option.name);
        // A variable's value may have a `~` or a `$` of its own.
        if option.name != "path" {
            let again = self::accepted(option.name, &accepted);
            assert_eq!(again.as_ref(), Some(&accepted), "{} {value}", option.name);
        }
    }
}

fn accepted(name: &str, value: &Value) -> Option<Value> {
    let given = Map::from_iter([(name.to_owned(), value.clone())]);
    match Call::new(&SPEC, &given) {
        Ok(call) => call.options.get(name).cloned(),
        Err(failure) => {
            require_sentence(&failure);
            None
        }
    }
}

/// Whatever values a task gives to the options of a module, the module gets options that it can read: it ends with a
/// result or a failure, here because nothing listens at the server's address.
pub fn module_reads_all_options_that_are_accepted(module: u8, values: &[(u8, Value)]) {
    let module = MODULES[usize::from(module) % MODULES.len()];
    let options: Vec<&Opt> = module.spec.all_options().collect();
    let given = values.iter().map(|(option, value)| {
        let option = options[usize::from(*option) % options.len()];
        (option.name.to_owned(), value.clone())
    });
    let mut given: Map<String, Value> = given.collect();
    let server = [
        ("mrp_url", json!("http://127.0.0.1:1/")),
        ("mrp_token", json!("x")),
        ("retries", json!(0)),
    ];
    for (name, value) in server {
        let option = options
            .iter()
            .find(|option| option.name == name || option.aliases.contains(&name));
        given.extend(option.map(|option| (option.name.to_owned(), value)));
    }
    given.remove("mrp_lab");
    match Call::new(module.spec, &given) {
        Ok(call) => drop(module.answer(&call)),
        Err(failure) => require_sentence(&failure),
    }
}
