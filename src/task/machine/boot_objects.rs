//! Finding the images and the preseed that a machine's specification names.

use crate::client::{Image, ImageType, Machine, Preseed, ReadOnlyClient};
use crate::task::image::image_title;
use crate::task::lookup::Images;
use crate::task::machine::{ImageRef, MachineSpec, PreseedRef, Setting};
use crate::task::{Result, TaskError, lookup};

/// The objects that a specification names; None where it names none, or one that does not exist yet.
#[derive(Default)]
pub(super) struct BootObjects {
    pub(super) kernel: Option<Image>,
    pub(super) initrd: Option<Image>,
    pub(super) preseed: Option<Preseed>,
}

impl MachineSpec {
    pub(super) fn find_boot_objects(
        &self,
        client: &ReadOnlyClient,
        machine: &Machine,
    ) -> Result<BootObjects> {
        let arch = machine.arch.as_deref().unwrap_or("");
        let mut objects = BootObjects::default();
        if let Some(kernel) = &self.kernel {
            objects.kernel = self.find_image(client, &ImageType::Kernel, arch, kernel)?;
        }
        if let Setting::To(initrd) = &self.initrd {
            objects.initrd = self.find_image(client, &ImageType::Initrd, arch, initrd)?;
        }
        if let Setting::To(preseed) = &self.preseed {
            objects.preseed = self.find_preseed(client, preseed)?;
        }
        Ok(objects)
    }

    /// The objects that do not exist yet: the parameter, and the name.
    pub(super) fn missing_objects(&self, objects: &BootObjects) -> Vec<(&'static str, &str)> {
        let mut missing = Vec::new();
        if let (Some(ImageRef::Description(name)), None) = (&self.kernel, &objects.kernel) {
            missing.push(("kernel", name.as_str()));
        }
        if let (Setting::To(ImageRef::Description(name)), None) = (&self.initrd, &objects.initrd) {
            missing.push(("initrd", name));
        }
        if let (Setting::To(PreseedRef::Name(name)), None) = (&self.preseed, &objects.preseed) {
            missing.push(("preseed", name));
        }
        missing
    }

    /// None if there is no such image yet and that is allowed.
    fn find_image(
        &self,
        client: &ReadOnlyClient,
        kind: &ImageType,
        arch: &str,
        image: &ImageRef,
    ) -> Result<Option<Image>> {
        match image {
            ImageRef::Description(description) => {
                if let Some(own) = Images::find_own(client, kind, arch, description)? {
                    return Ok(Some(own));
                }
                let images = Images::fetch(client)?;
                match images.find(kind, arch, description)? {
                    None if !self.allow_missing => Err(images.not_found(kind, arch, description)),
                    found => Ok(found.cloned()),
                }
            }
            ImageRef::Id(id) => {
                let image = lookup::require_id("image", id, client.images().get(*id))?;
                require_bootable(&image, kind, arch)?;
                Ok(Some(image))
            }
        }
    }

    /// None if there is no such preseed yet and that is allowed.
    fn find_preseed(
        &self,
        client: &ReadOnlyClient,
        preseed: &PreseedRef,
    ) -> Result<Option<Preseed>> {
        match preseed {
            PreseedRef::Id(id) => {
                lookup::require_id("preseed", id, client.preseeds().get(*id)).map(Some)
            }
            PreseedRef::Name(name) => match client.preseeds().find(name)? {
                None if !self.allow_missing => Err(lookup::preseed_not_found(client, name)?),
                found => Ok(found),
            },
        }
    }
}

/// The server compares neither type nor architecture until a machine boots the image.
fn require_bootable(image: &Image, kind: &ImageType, arch: &str) -> Result<()> {
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
