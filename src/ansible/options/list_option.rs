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
use crate::ansible::options::unsupported::Unsupported;
use crate::ansible::result::Failure;

/// A list that a task has given to a module.
pub(crate) struct ListOption<'a> {
    spec: &'a ModuleSpec,
    /// The name of the list's option.
    name: &'static str,
    /// The options of one item.
    item_options: &'static [&'static [Opt]],
    /// The options of the task as a whole.
    task_options: &'static [&'static [Opt]],
    value: &'a Value,
}

impl<'a> ListOption<'a> {
    /// The list, where the module has one and the task gives it. The item's options are the groups before the list's.
    pub(crate) fn find(
        spec: &'a ModuleSpec,
        options: &'a Map<String, Value>,
    ) -> Option<ListOption<'a>> {
        let list = spec.list_option()?;
        let value = options.get(list.name).filter(|value| !value.is_null())?;
        let is_list_group =
            |group: &&[Opt]| group.iter().any(|option| option.item_options().is_some());
        let group = spec.options.iter().position(is_list_group)?;
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
        self.require_supported(options, internal)?;
        let (defaults, task_options): (Map<String, Value>, Map<String, Value>) = options
            .clone()
            .into_iter()
            .partition(|(name, _)| self.item_option(name).is_some());
        let spec = ModuleSpec {
            options: self.task_options,
            constraints: Constraints {
                required_together: self.spec.constraints.required_together,
                ..Constraints::NONE
            },
            ..*self.spec
        };
        let mut call = Call::for_one_object(&spec, &task_options, internal)?;
        let mut items = Vec::new();
        for (index, item) in self.items()?.into_iter().enumerate() {
            let position = format!("{}[{index}]", self.name);
            let mut item = self
                .item_call(&defaults, item, internal)
                .map_err(|failure| failure.at(Some(&position)))?;
            item.position = Some(position);
            call.warnings.append(&mut item.warnings);
            items.push(item);
        }
        call.items = Some(items);
        Ok(call)
    }

    fn item_call(
        &self,
        defaults: &Map<String, Value>,
        item: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        let spec = ModuleSpec {
            options: self.item_options,
            ..*self.spec
        };
        let mut options = defaults.clone();
        options.retain(|name, _| !self.is_overridden(name, item));
        options.extend(item.clone());
        Call::for_one_object(&spec, &options, internal)
    }

    /// Whether an item gives the option of this default itself, or an option that excludes it.
    fn is_overridden(&self, default: &str, item: &Map<String, Value>) -> bool {
        let Some(default) = self.item_option(default) else {
            return false;
        };
        let excluding = self.spec.constraints.mutually_exclusive.iter().copied();
        let excluding = excluding.filter(|group| group.contains(&default.name));
        let is_given = |name: &str| {
            item.iter().any(|(given, value)| {
                let option = self.item_option(given);
                !value.is_null() && option.is_some_and(|option| option.name == name)
            })
        };
        is_given(default.name) || excluding.flatten().any(|name| is_given(name))
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

    fn require_supported(
        &self,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<(), Failure> {
        let unsupported = Unsupported::find(options, self.spec.options);
        if unsupported.names.is_empty() || internal.ignore_unknown_options {
            return Ok(());
        }
        let module_name = internal.module_name.as_deref().unwrap_or(self.spec.name);
        Err(Failure {
            hint: unsupported.hint(),
            ..unsupported.failure(module_name)
        })
    }
}
