//! Finding the images and the preseed that a machine's specification names.

use crate::client::{Image, ImageType, Machine, Preseed, ReadOnlyClient};
use crate::task::image::image_title;
use crate::task::lookup::Images;
use crate::task::machine::{ImageRef, MachineSpec, PreseedRef, Setting};
use crate::task::{TaskError, lookup};

/// The boot parameters that are objects of their own.
#[derive(Default)]
pub(super) struct ResolvedParameters {
    pub(super) kernel: ResolvedSetting<Image>,
    pub(super) initrd: ResolvedSetting<Image>,
    pub(super) preseed: ResolvedSetting<Preseed>,
}

/// A [`Setting`] whose reference was looked up.
#[derive(Default)]
pub(super) enum ResolvedSetting<T> {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Clear it.
    Clear,
    /// Set it to this object.
    To(T),
    /// Set it to an object of this name, which does not exist yet.
    Missing(String),
}

impl<T> ResolvedSetting<T> {
    pub(super) fn object(&self) -> Option<&T> {
        match self {
            ResolvedSetting::To(object) => Some(object),
            _ => None,
        }
    }

    fn missing_name(&self) -> Option<&str> {
        match self {
            ResolvedSetting::Missing(name) => Some(name),
            _ => None,
        }
    }

    /// The id to send if it differs from the current one; `Some(None)` clears.
    pub(super) fn changed_id<Id: PartialEq>(
        &self,
        id_of: impl FnOnce(&T) -> Id,
        current: Option<Id>,
    ) -> Option<Option<Id>> {
        let desired = match self {
            ResolvedSetting::To(object) => Some(id_of(object)),
            ResolvedSetting::Clear => None,
            ResolvedSetting::Keep | ResolvedSetting::Missing(_) => return None,
        };
        (desired != current).then_some(desired)
    }
}

impl ResolvedParameters {
    /// The objects that do not exist yet: the parameter, and the name.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("kernel", self.kernel.missing_name()),
            ("initrd", self.initrd.missing_name()),
            ("preseed", self.preseed.missing_name()),
        ]
        .into_iter()
        .filter_map(|(parameter, name)| Some((parameter, name?)))
    }
}

impl<Ref> Setting<Ref> {
    fn resolve<T>(
        &self,
        find: impl FnOnce(&Ref) -> Result<ResolvedSetting<T>, TaskError>,
    ) -> Result<ResolvedSetting<T>, TaskError> {
        match self {
            Setting::Keep => Ok(ResolvedSetting::Keep),
            Setting::Clear => Ok(ResolvedSetting::Clear),
            Setting::To(reference) => find(reference),
        }
    }
}

impl MachineSpec {
    pub(super) fn resolve(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<ResolvedParameters, TaskError> {
        let image = |kind, image: &_| self.resolve_image(client, machine, kind, image);
        Ok(ResolvedParameters {
            kernel: match &self.kernel {
                None => ResolvedSetting::Keep,
                Some(kernel) => image(ImageType::Kernel, kernel)?,
            },
            initrd: self
                .initrd
                .resolve(|initrd| image(ImageType::Initrd, initrd))?,
            preseed: self
                .preseed
                .resolve(|preseed| self.resolve_preseed(client, preseed))?,
        })
    }

    fn resolve_image(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
        kind: ImageType,
        image: &ImageRef,
    ) -> Result<ResolvedSetting<Image>, TaskError> {
        let arch = machine.arch.as_deref().unwrap_or("");
        match image {
            ImageRef::Description(description) => {
                let images = Images::fetch(client)?;
                match images.find(&kind, arch, description)? {
                    Some(image) => Ok(ResolvedSetting::To(image.clone())),
                    None if self.allow_missing => Ok(ResolvedSetting::Missing(description.clone())),
                    None => Err(images.not_found(&kind, arch, description)),
                }
            }
            ImageRef::Id(id) => {
                let image = lookup::image_by_id(client, *id)?;
                require_bootable(&image, &kind, arch)?;
                Ok(ResolvedSetting::To(image))
            }
        }
    }

    fn resolve_preseed(
        &self,
        client: &ReadOnlyClient,
        preseed: &PreseedRef,
    ) -> Result<ResolvedSetting<Preseed>, TaskError> {
        match preseed {
            PreseedRef::Id(id) => Ok(ResolvedSetting::To(lookup::preseed_by_id(client, *id)?)),
            PreseedRef::Name(name) => match client.preseeds().find(name)? {
                Some(preseed) => Ok(ResolvedSetting::To(preseed)),
                None if self.allow_missing => Ok(ResolvedSetting::Missing(name.clone())),
                None => Err(lookup::preseed_not_found(client, name)?),
            },
        }
    }
}

/// The server compares neither type nor architecture until a machine boots the image.
fn require_bootable(image: &Image, kind: &ImageType, arch: &str) -> Result<(), TaskError> {
    if image.kind == *kind && image.arch.as_deref() == Some(arch) {
        return Ok(());
    }
    Err(TaskError::Refused(format!(
        "{} is of type {} for {}, and one of type {kind} for {arch} is needed",
        image_title(image),
        image.kind,
        image.arch.as_deref().unwrap_or("no architecture"),
    )))
}
