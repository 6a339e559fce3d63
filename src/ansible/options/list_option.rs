//! A list of objects in one task: `images`, each item with the options that a task for one image takes.
//!
//! The options outside the list are the defaults of every item, unless the item gives them itself or gives one that
//! excludes them. Each item is then checked as a task of its own would be, all before anything is done.

use serde_json::{Map, Value};

use crate::ansible::args::Internal;
use crate::ansible::call::Call;
use crate::ansible::options::option::Opt;
use crate::ansible::options::python;
use crate::ansible::options::spec::{Constraints, ModuleSpec, all};
use crate::ansible::options::unsupported::require_supported;
use crate::ansible::result::Failure;

/// The list of a module that has one, where the task gives it.
pub(crate) struct ListOption<'a> {
    spec: &'a ModuleSpec,
    name: &'static str,
    /// The options of one item: the groups before the list's.
    item_options: &'static [&'static [Opt]],
    /// The options of the task as a whole.
    task_options: &'static [&'static [Opt]],
    value: &'a Value,
}

impl<'a> ListOption<'a> {
    pub(crate) fn find(
        spec: &'a ModuleSpec,
        options: &'a Map<String, Value>,
    ) -> Option<ListOption<'a>> {
        let list = spec.list_option()?;
        let value = options.get(list.name).filter(|value| !value.is_null())?;
        let is_list = |option: &Opt| option.name == list.name;
        let mut groups = spec.options.iter();
        let group = groups.position(|group| group.iter().any(is_list))?;
        let (item_options, task_options) = spec.options.split_at(group);
        Some(ListOption {
            spec,
            name: list.name,
            item_options,
            task_options,
            value,
        })
    }

    /// The call for the whole list: the task's options for it, and one call for each item.
    pub(crate) fn call(
        &self,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        require_supported(options, self.spec, internal)?;
        let (defaults, task_options): (Map<String, Value>, Map<String, Value>) = options
            .clone()
            .into_iter()
            .partition(|(name, _)| self.item_option(name).is_some());
        let task_spec = ModuleSpec {
            options: self.task_options,
            constraints: Constraints {
                required_together: self.spec.constraints.required_together,
                ..Constraints::NONE
            },
            ..*self.spec
        };
        let item_spec = ModuleSpec {
            options: self.item_options,
            ..*self.spec
        };
        let mut call = Call::for_one_object(&task_spec, &task_options, internal)?;
        let mut items = Vec::new();
        for (index, item) in self.items()?.into_iter().enumerate() {
            let position = format!("{}[{index}]", self.name);
            let mut options = defaults.clone();
            options.retain(|name, _| !self.is_overridden(name, item));
            options.extend(item.clone());
            let mut item = Call::for_one_object(&item_spec, &options, internal)
                .map_err(|failure| failure.at(Some(&position)))?;
            item.position = Some(position);
            call.warnings.append(&mut item.warnings);
            items.push(item);
        }
        call.items = Some(items);
        Ok(call)
    }

    /// Whether an item gives the option of this default itself, or an option that excludes it.
    fn is_overridden(&self, default: &str, item: &Map<String, Value>) -> bool {
        let Some(default) = self.item_option(default) else {
            return false;
        };
        let given = item.iter().filter(|(_, value)| !value.is_null());
        let mut given = given.filter_map(|(name, _)| self.item_option(name));
        let excluding = self.spec.constraints.mutually_exclusive;
        let exclude = |other: &str| {
            let is_in = |group: &[&str]| group.contains(&default.name) && group.contains(&other);
            excluding.iter().any(|group| is_in(group))
        };
        given.any(|option| option.name == default.name || exclude(option.name))
    }

    /// The option of one item that has this name or alias.
    fn item_option(&self, name: &str) -> Option<&'static Opt> {
        all(self.item_options).find(|option| option.has_name(name))
    }

    fn items(&self) -> Result<Vec<&'a Map<String, Value>>, Failure> {
        let Value::Array(items) = self.value else {
            return Err(Failure::invalid_call(format!(
                "argument '{}' is of type {} and must be a list of dictionaries",
                self.name,
                python::type_name(self.value)
            )));
        };
        let dictionary = |(index, item): (usize, &'a Value)| {
            item.as_object().ok_or_else(|| {
                Failure::invalid_call(format!(
                    "{}[{index}] is no dictionary: <class '{}'> cannot be converted to a dict",
                    self.name,
                    python::type_name(item)
                ))
            })
        };
        items.iter().enumerate().map(dictionary).collect()
    }
}
