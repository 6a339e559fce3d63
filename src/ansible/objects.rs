//! Many objects of a result, as JSON text: each is serialized once, and printed as often as the result has it.

use serde_json::{Map, Value, json};

/// The objects, and under which keys the result has them.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub(crate) objects: Vec<Object>,
    /// The key of the list of them.
    pub(crate) list: Option<&'static str>,
    /// The key in `ansible_facts` of the dictionary of them, by their names.
    pub(crate) facts: Option<&'static str>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) name: String,
    pub(crate) json: String,
}

impl Object {
    pub(crate) fn new(name: String, json: String) -> Object {
        Object { name, json }
    }

    /// Its JSON as a value.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

impl Objects {
    /// The same as fields of a result.
    pub(crate) fn into_fields(self, fields: &mut Map<String, Value>) {
        if let Some(key) = self.list {
            let list: Vec<Value> = self.objects.iter().map(Object::value).collect();
            fields.insert(key.to_owned(), list.into());
        }
        if let Some(key) = self.facts {
            let mut by_name = Map::new();
            for object in &self.objects {
                by_name.insert(object.name.clone(), object.value());
            }
            let facts = json!({ key: by_name });
            fields.insert("ansible_facts".to_owned(), facts);
        }
    }

    /// The same as members of a JSON object, in the parts that are to be printed one after the other. Each begins with a
    /// comma, for what stands before it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        let members = move |open: [&'static str; 3], close: &'static str, with_names: bool| {
            let separators = std::iter::once("").chain(std::iter::repeat(","));
            let objects = separators.zip(&self.objects);
            let objects = objects.flat_map(move |(separator, object)| {
                let name = with_names.then_some([object.name.as_str(), ":"]);
                let name = name.into_iter().flatten();
                [separator]
                    .into_iter()
                    .chain(name)
                    .chain([object.json.as_str()])
            });
            open.into_iter().chain(objects).chain([close])
        };
        let list = self
            .list
            .map(|key| members([",\"", key, "\":["], "]", false));
        let facts = self.facts;
        let facts = facts.map(|key| members([",\"ansible_facts\":{\"", key, "\":{"], "}}", true));
        list.into_iter()
            .flatten()
            .chain(facts.into_iter().flatten())
    }
}
