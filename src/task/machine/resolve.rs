//! The images and the preseed that a machine's specification names.

use crate::client::{Image, ImageType, Machine, Preseed, ReadOnlyClient};
use crate::task::lookup;
use crate::task::lookup::Images;
use crate::task::machine::{ImageRef, MachineSpec, PreseedRef, Wish};
use crate::task::{TaskError, image as image_task};

/// What the references of a specification were resolved to.
pub(super) struct Resolved {
    pub(super) kernel: Wanted<Image>,
    pub(super) initrd: Wanted<Image>,
    pub(super) preseed: Wanted<Preseed>,
}

/// What shall stand in the place of an image or a preseed of the machine.
pub(super) enum Wanted<T> {
    /// What stands there.
    Keep,
    /// Nothing.
    Clear,
    /// This.
    To(T),
    /// Something of this name, which does not exist yet.
    Missing(String),
}

impl Resolved {
    /// Of a specification that refers to nothing.
    pub(super) fn nothing() -> Resolved {
        Resolved {
            kernel: Wanted::Keep,
            initrd: Wanted::Keep,
            preseed: Wanted::Keep,
        }
    }
}

impl<T> Wanted<T> {
    pub(super) fn object(&self) -> Option<&T> {
        match self {
            Wanted::To(object) => Some(object),
            _ => None,
        }
    }

    pub(super) fn missing(&self) -> Option<&str> {
        match self {
            Wanted::Missing(name) => Some(name),
            _ => None,
        }
    }

    /// The id to send where it is another than the current one; `Some(None)` clears.
    pub(super) fn new_id<Id: PartialEq>(
        &self,
        id: impl FnOnce(&T) -> Id,
        current: Option<Id>,
    ) -> Option<Option<Id>> {
        let wanted = match self {
            Wanted::To(object) => Some(id(object)),
            Wanted::Clear => None,
            Wanted::Keep | Wanted::Missing(_) => return None,
        };
        (wanted != current).then_some(wanted)
    }
}

impl Resolved {
    /// What does not exist yet: the machine's field, and the name.
    pub(super) fn missing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("kernel", self.kernel.missing()),
            ("initrd", self.initrd.missing()),
            ("preseed", self.preseed.missing()),
        ]
        .into_iter()
        .filter_map(|(what, name)| Some((what, name?)))
    }
}

impl MachineSpec {
    pub(super) fn resolve(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<Resolved, TaskError> {
        let image = |kind, image| self.resolve_image(client, machine, kind, image);
        Ok(Resolved {
            kernel: match &self.kernel {
                None => Wanted::Keep,
                Some(kernel) => image(ImageType::Kernel, kernel)?,
            },
            initrd: match &self.initrd {
                Wish::Keep => Wanted::Keep,
                Wish::Clear => Wanted::Clear,
                Wish::To(initrd) => image(ImageType::Initrd, initrd)?,
            },
            preseed: match &self.preseed {
                Wish::Keep => Wanted::Keep,
                Wish::Clear => Wanted::Clear,
                Wish::To(preseed) => self.resolve_preseed(client, preseed)?,
            },
        })
    }

    fn resolve_image(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
        kind: ImageType,
        image: &ImageRef,
    ) -> Result<Wanted<Image>, TaskError> {
        let arch = machine.arch.as_deref().unwrap_or("");
        match image {
            ImageRef::Description(description) => {
                let images = Images::fetch(client)?;
                match images.resolve(&kind, arch, description)? {
                    Some(image) => Ok(Wanted::To(image.clone())),
                    None if self.allow_missing => Ok(Wanted::Missing(description.clone())),
                    None => Err(images.not_found(&kind, arch, description)),
                }
            }
            ImageRef::Id(id) => {
                let image = lookup::image_by_id(client, *id)?;
                require_bootable(&image, &kind, arch)?;
                Ok(Wanted::To(image))
            }
        }
    }

    fn resolve_preseed(
        &self,
        client: &ReadOnlyClient,
        preseed: &PreseedRef,
    ) -> Result<Wanted<Preseed>, TaskError> {
        match preseed {
            PreseedRef::Id(id) => Ok(Wanted::To(lookup::preseed_by_id(client, *id)?)),
            PreseedRef::Name(name) => match client.preseeds().find(name)? {
                Some(preseed) => Ok(Wanted::To(preseed)),
                None if self.allow_missing => Ok(Wanted::Missing(name.clone())),
                None => Err(lookup::no_such_preseed(client, name)?),
            },
        }
    }
}

/// The server compares neither type nor architecture before a machine boots it.
fn require_bootable(image: &Image, kind: &ImageType, arch: &str) -> Result<(), TaskError> {
    if image.kind == *kind && image.arch.as_deref() == Some(arch) {
        return Ok(());
    }
    Err(TaskError::Refused(format!(
        "{} is of type {} for {}, and one of type {kind} for {arch} is needed",
        image_task::named(image),
        image.kind,
        image.arch.as_deref().unwrap_or("no architecture"),
    )))
}
