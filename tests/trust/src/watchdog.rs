//! Ends programs that do not end by themselves.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::ending::send_signal;

/// Far more than the longest fault takes.
const LIMIT: Duration = Duration::from_secs(180);

static WATCHED: LazyLock<Mutex<HashMap<u32, Instant>>> = LazyLock::new(|| {
    thread::spawn(|| {
        loop {
            thread::sleep(Duration::from_secs(1));
            let watched = lock();
            let late = watched.iter().filter(|(_, start)| start.elapsed() > LIMIT);
            late.for_each(|(pid, _)| send_signal(*pid, Signal::ABORT));
        }
    });
    Mutex::default()
});

/// A run ends by this signal only when the watchdog has ended it.
pub(crate) const SIGNAL: i32 = Signal::ABORT.as_raw();

pub(crate) fn watch(pid: u32) {
    lock().insert(pid, Instant::now());
}

pub(crate) fn forget(pid: u32) {
    lock().remove(&pid);
}

fn lock() -> MutexGuard<'static, HashMap<u32, Instant>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}
