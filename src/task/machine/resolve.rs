//! The images and the preseed that a machine's specification names.

use serde_json::{Value, json};

use super::{Clearable, ImageRef, MachineSpec, PreseedRef};
use crate::api::{Image, ImageType, Machine, Preseed, Reader};
use crate::task::lookup::{self, Images};
use crate::task::{TaskError, image as image_task};

/// What the references of a specification were resolved to.
#[derive(Default)]
pub(super) struct Resolved {
    pub(super) kernel: Option<Found<Image>>,
    pub(super) initrd: Option<Clearable<Found<Image>>>,
    pub(super) preseed: Option<Clearable<Found<Preseed>>>,
}

/// An object, or the name of one that does not exist yet.
pub(super) enum Found<T> {
    Existing(T),
    Missing(String),
}

impl MachineSpec {
    pub(super) fn resolve(
        &self,
        reader: &Reader,
        machine: &Machine,
    ) -> Result<Resolved, TaskError> {
        let by_description = [&self.kernel, &self.initrd_ref()]
            .into_iter()
            .any(|image| matches!(image, Some(ImageRef::Description(_))));
        let images = by_description.then(|| Images::fetch(reader)).transpose()?;
        let image = |kind, image: &ImageRef| {
            self.resolve_image(reader, images.as_ref(), machine, kind, image)
        };
        Ok(Resolved {
            kernel: self
                .kernel
                .as_ref()
                .map(|kernel| image(ImageType::Kernel, kernel))
                .transpose()?,
            initrd: try_clearable(&self.initrd, |initrd| image(ImageType::Initrd, initrd))?,
            preseed: try_clearable(&self.preseed, |preseed| {
                self.resolve_preseed(reader, preseed)
            })?,
        })
    }

    fn initrd_ref(&self) -> Option<ImageRef> {
        match &self.initrd {
            Some(Clearable::To(initrd)) => Some(initrd.clone()),
            _ => None,
        }
    }

    fn resolve_image(
        &self,
        reader: &Reader,
        images: Option<&Images>,
        machine: &Machine,
        kind: ImageType,
        image: &ImageRef,
    ) -> Result<Found<Image>, TaskError> {
        let arch = machine.arch.as_deref().unwrap_or("");
        match (image, images) {
            (ImageRef::Description(description), Some(images)) => {
                match images.resolve(&kind, arch, description)? {
                    Some(image) => Ok(Found::Existing(image.clone())),
                    None if self.allow_missing => Ok(Found::Missing(description.clone())),
                    None => Err(images.not_found(&kind, arch, description)),
                }
            }
            (ImageRef::Description(_), None) => unreachable!("images are fetched for descriptions"),
            (ImageRef::Id(id), _) => {
                let image = lookup::image_by_id(reader, *id)?;
                require_bootable(&image, &kind, arch)?;
                Ok(Found::Existing(image))
            }
        }
    }

    fn resolve_preseed(
        &self,
        reader: &Reader,
        preseed: &PreseedRef,
    ) -> Result<Found<Preseed>, TaskError> {
        match preseed {
            PreseedRef::Id(id) => Ok(Found::Existing(lookup::preseed_by_id(reader, *id)?)),
            PreseedRef::Name(name) => match reader.preseeds().find(name)? {
                Some(preseed) => Ok(Found::Existing(preseed)),
                None if self.allow_missing => Ok(Found::Missing(name.clone())),
                None => Err(lookup::no_such_preseed(reader, name)?),
            },
        }
    }
}

impl Resolved {
    /// The fields whose object does not exist yet: name, present value, and what is missing.
    pub(super) fn unresolved(&self, machine: &Machine) -> Vec<(&'static str, Value, &str)> {
        let mut missing = Vec::new();
        if let Some(Found::Missing(name)) = &self.kernel {
            missing.push(("kernel_id", json!(machine.kernel_id), name.as_str()));
        }
        if let Some(Clearable::To(Found::Missing(name))) = &self.initrd {
            missing.push(("initrd_id", json!(machine.initrd_id), name.as_str()));
        }
        if let Some(Clearable::To(Found::Missing(name))) = &self.preseed {
            missing.push(("preseed_id", json!(machine.preseed_id), name.as_str()));
        }
        missing
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        let what = [
            ("kernel", missing_name(self.kernel.as_ref())),
            ("initrd", missing_name(set_to(&self.initrd))),
            ("preseed", missing_name(set_to(&self.preseed))),
        ];
        what.into_iter()
            .filter_map(|(what, name)| {
                let name = name?;
                Some(format!(
                    "{what} '{name}' does not exist yet: planned as unresolved, since an earlier task may create it"
                ))
            })
            .collect()
    }
}

/// The server compares neither the architecture nor, for an id, says which image it refused.
fn require_bootable(image: &Image, kind: &ImageType, arch: &str) -> Result<(), TaskError> {
    if image.kind == *kind && image.arch.as_deref() == Some(arch) {
        return Ok(());
    }
    Err(TaskError::Refused(format!(
        "{} is a {} image for {}, and a {kind} image for {arch} is needed",
        image_task::named(image),
        image.kind,
        image.arch.as_deref().unwrap_or("no architecture"),
    )))
}

fn try_clearable<T, R>(
    wanted: &Option<Clearable<T>>,
    resolve: impl FnOnce(&T) -> Result<Found<R>, TaskError>,
) -> Result<Option<Clearable<Found<R>>>, TaskError> {
    Ok(match wanted {
        None => None,
        Some(Clearable::Cleared) => Some(Clearable::Cleared),
        Some(Clearable::To(object)) => Some(Clearable::To(resolve(object)?)),
    })
}

pub(super) fn wanted_id<T, Id>(
    wanted: &Option<Clearable<Found<T>>>,
    id: impl FnOnce(&T) -> Id,
) -> Option<Option<Id>> {
    match wanted {
        Some(Clearable::To(Found::Existing(object))) => Some(Some(id(object))),
        Some(Clearable::Cleared) => Some(None),
        Some(Clearable::To(Found::Missing(_))) | None => None,
    }
}

pub(super) fn set_to<T>(wanted: &Option<Clearable<T>>) -> Option<&T> {
    match wanted {
        Some(Clearable::To(object)) => Some(object),
        _ => None,
    }
}

pub(super) fn existing<T>(found: Option<&Found<T>>) -> Option<&T> {
    match found {
        Some(Found::Existing(object)) => Some(object),
        _ => None,
    }
}

fn missing_name<T>(found: Option<&Found<T>>) -> Option<&str> {
    match found {
        Some(Found::Missing(name)) => Some(name),
        _ => None,
    }
}
