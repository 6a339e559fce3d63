//! Looks up host names. The system's lookup blocks, so it has a thread of its own; where there are no more threads, it
//! blocks the request instead. The HTTP client's own lookup panics then.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

pub(super) struct NameLookup;

impl Resolve for NameLookup {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = look_up_in_thread(name.as_str().to_owned()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn look_up_in_thread(host: String) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = oneshot::channel();
    let name = host.clone();
    let thread = thread::Builder::new().spawn(move || {
        // Nobody waits for it any more after a timeout.
        let _ = sender.send(look_up(&name));
    });
    match thread {
        Ok(_) => receiver.await.map_err(io::Error::other)?,
        Err(_) => look_up(&host),
    }
}

/// The HTTP client fills in the port.
fn look_up(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok((host, 0).to_socket_addrs()?.collect())
}
