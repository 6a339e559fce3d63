//! What the server tells of the token's user: it has no request for that, so it is concluded from what they own.

use serde::Serialize;

use crate::client::{ReadOnlyClient, Scope};
use crate::task::{Result, lookup};

/// The token's user.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    /// Their name, where they own an image, hold a machine or own a preseed.
    pub user: Option<String>,
    /// True where they see a private image or preseed of somebody else, as only administrators do; null where that is not
    /// known.
    pub administrator: Option<bool>,
    /// The names of the machines that they hold.
    pub machines: Vec<String>,
    /// How many images they own.
    pub images: usize,
    /// How many preseeds they own.
    pub preseeds: usize,
}

pub(crate) fn read(client: &ReadOnlyClient) -> Result<Account> {
    let client = &client.with_response_cache();
    let images = client.images().list(Scope::Own)?;
    let preseeds = client.preseeds().list(Scope::Own)?;
    let machines = lookup::sorted_by_name(client.machines().list(Scope::Own)?);
    let foreign_image = client
        .images()
        .list(Scope::Visible)?
        .into_iter()
        .any(|image| !image.public && !images.iter().any(|own| own.id == image.id));
    let foreign_preseed = client
        .preseeds()
        .list(Scope::Visible)?
        .into_iter()
        .any(|preseed| !preseed.public && !preseeds.iter().any(|own| own.id == preseed.id));
    Ok(Account {
        user: lookup::token_user(client)?,
        administrator: (foreign_image || foreign_preseed).then_some(true),
        machines: machines.into_iter().map(|machine| machine.name).collect(),
        images: images.len(),
        preseeds: preseeds.len(),
    })
}
