//! Workers: each has labs of its own, so that cases run side by side.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mrp_lab::Sessions;

use crate::workbench::Workbench;

/// Both ways in which the server can be started.
pub(crate) const SESSIONS: [Sessions; 2] = [Sessions::Request, Sessions::One];

/// Does a job for every item, in no order, and passes each outcome on.
pub(crate) fn run<T: Sync, R: Send>(
    workers: u8,
    program: &Path,
    items: &[T],
    sessions: impl Fn(&T) -> Sessions + Sync,
    job: impl Fn(&Workbench<'_>, &T) -> R + Sync,
    done: impl FnMut(R) + Send,
) {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(done);
    thread::scope(|scope| {
        for worker in 1..=workers {
            let (next, done, sessions, job) = (&next, &done, &sessions, &job);
            scope.spawn(move || {
                let benches = SESSIONS.map(|sessions| Workbench::new(sessions, program, worker));
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wanted = sessions(item);
                    let bench = benches.iter().find(|bench| bench.sessions == wanted);
                    let outcome = bench.map(|bench| job(bench, item));
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    outcome.into_iter().for_each(&mut *done);
                }
            });
        }
    });
}
