//! A list of objects in one task: `images`, each item with the options that a task for one image takes.
//!
//! The options outside the list are the defaults of every item, unless the item gives them itself or gives one that
//! excludes them. Each item is then checked as a task of its own would be, all before anything is done.

use serde_json::{Map, Value};

use crate::ansible::args::Internal;
use crate::ansible::call::Call;
use crate::ansible::options::coerce;
use crate::ansible::options::option::{Kind, Opt};
use crate::ansible::options::python;
use crate::ansible::options::spec::{Constraints, ModuleSpec, all};
use crate::ansible::options::unsupported::Unsupported;
use crate::ansible::result::Failure;

/// A module's list that a task has given.
pub(crate) struct Items<'a> {
    spec: &'a ModuleSpec,
    list: &'static Opt,
    /// The options of one item.
    own: &'static [&'static [Opt]],
    /// The options of the task as a whole.
    common: &'static [&'static [Opt]],
    given: &'a Value,
}

impl<'a> Items<'a> {
    /// The list, where the module has one and the task gives it. The item's options are the groups before the list's.
    pub(crate) fn among(
        spec: &'a ModuleSpec,
        options: &'a Map<String, Value>,
    ) -> Option<Items<'a>> {
        let is_list = |option: &&Opt| matches!(option.kind, Kind::Items(_));
        let group = spec
            .options
            .iter()
            .position(|group| group.iter().any(|option| is_list(&option)))?;
        let list = spec.options[group].iter().find(is_list)?;
        let given = options.get(list.name).filter(|value| !value.is_null())?;
        let (own, common) = spec.options.split_at(group);
        Some(Items {
            spec,
            list,
            own,
            common,
            given,
        })
    }

    /// The call for the whole list: common options for it, and one call for each item.
    pub(crate) fn call(
        &self,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        self.refuse_unknown(options, internal)?;
        let (defaults, common) = self.split(options);
        let constraints = Constraints {
            required_together: self.spec.constraints.required_together,
            ..Constraints::NONE
        };
        let spec = ModuleSpec {
            options: self.common,
            constraints,
            ..*self.spec
        };
        let mut call = Call::single(&spec, &common, internal)?;
        let items = self.elements()?.into_iter().enumerate();
        let items = items.map(|(index, item)| {
            let place = Some(format!("{}[{index}]", self.list.name));
            match self.item(&defaults, item, internal) {
                Ok(call) => Ok(Call { place, ..call }),
                Err(failure) => Err(failure.at(place.as_deref())),
            }
        });
        let mut items = items.collect::<Result<Vec<Call>, Failure>>()?;
        call.warnings.extend(
            items
                .iter_mut()
                .flat_map(|item| std::mem::take(&mut item.warnings)),
        );
        call.items = Some(items);
        Ok(call)
    }

    fn item(
        &self,
        defaults: &Map<String, Value>,
        item: Map<String, Value>,
        internal: &Internal,
    ) -> Result<Call, Failure> {
        let spec = ModuleSpec {
            options: self.own,
            ..*self.spec
        };
        let mut options = defaults.clone();
        options.retain(|name, _| !self.is_settled(name, &item));
        options.extend(item);
        Call::single(&spec, &options, internal)
    }

    /// Whether an item itself says what the default would: by any name of the option, or by one that excludes it.
    fn is_settled(&self, default: &str, item: &Map<String, Value>) -> bool {
        let given = |option: &Opt| {
            names(option).any(|name| item.get(name).is_some_and(|value| !value.is_null()))
        };
        let Some(default) = all(self.own).find(|option| names(option).any(|name| name == default))
        else {
            return false;
        };
        let excluding = self
            .spec
            .constraints
            .mutually_exclusive
            .iter()
            .filter(|group| group.contains(&default.name))
            .flat_map(|group| group.iter().copied());
        std::iter::once(default.name)
            .chain(excluding)
            .filter_map(|name| all(self.own).find(|option| option.name == name))
            .any(given)
    }

    fn elements(&self) -> Result<Vec<Map<String, Value>>, Failure> {
        let Value::Array(elements) = self.given else {
            return Err(Failure::new(format!(
                "argument '{}' is of type {} and must be a list of dictionaries",
                self.list.name,
                python::type_name(self.given)
            )));
        };
        let dictionary = |(index, element)| {
            coerce::dict(element).map_err(|error| {
                Failure::new(format!(
                    "{}[{index}] is no dictionary: {error}",
                    self.list.name
                ))
            })
        };
        elements.iter().enumerate().map(dictionary).collect()
    }

    /// What stands outside the list: defaults of the items, and what is for the task as a whole.
    fn split(&self, options: &Map<String, Value>) -> (Map<String, Value>, Map<String, Value>) {
        let is_own = |name: &str| all(self.own).any(|option| names(option).any(|own| own == name));
        options
            .clone()
            .into_iter()
            .partition(|(name, _)| is_own(name))
    }

    fn refuse_unknown(
        &self,
        options: &Map<String, Value>,
        internal: &Internal,
    ) -> Result<(), Failure> {
        let unknown = Unsupported::among(options, self.spec.options, &[]);
        if unknown.is_empty() || internal.ignore_unknown_options {
            return Ok(());
        }
        let name = internal.module_name.as_deref().unwrap_or(self.spec.name);
        Err(Failure {
            hint: Unsupported::hint(&unknown),
            ..Unsupported::failure(&unknown, name)
        })
    }
}

fn names(option: &Opt) -> impl Iterator<Item = &'static str> {
    std::iter::once(option.name).chain(option.aliases.iter().copied())
}
