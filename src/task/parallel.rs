//! Requests in parallel, few enough that a small server stays usable for others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;

/// The most requests that are under way at the same time.
const MAX_PARALLEL: usize = 8;

/// Applies `request` to every item, [`MAX_PARALLEL`] at a time. The answers have the order of the items.
pub(super) fn map<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    request: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items: Vec<T> = items.into_iter().collect();
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let answers = Mutex::new(Vec::from_iter((0..count).map(|_| None)));
    run_in_threads(count.min(MAX_PARALLEL), &|| {
        loop {
            let Some((index, item)) = lock(&queue).next() else {
                break;
            };
            let answer = request(item);
            lock(&answers)[index] = Some(answer);
        }
    });
    let answers = answers.into_inner().expect(NO_PANIC);
    answers.into_iter().flatten().collect()
}

/// Like [`map`], up to the first error: after it no further request is sent, so an unreachable server is not tried
/// again for every item that is left.
pub(super) fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    request: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let failed = AtomicBool::new(false);
    let answers = map(items, |item| {
        if failed.load(Ordering::Relaxed) {
            return None;
        }
        let answer = request(item);
        failed.fetch_or(answer.is_err(), Ordering::Relaxed);
        Some(answer)
    });
    answers.into_iter().flatten().collect()
}

/// Runs `work` in so many threads, of which one is the caller's. Where the system has no more threads, those that there
/// are do all of it. Not generic, so that the code for threads is in the program once.
fn run_in_threads(count: usize, work: &(dyn Fn() + Sync)) {
    thread::scope(|scope| {
        for _ in 1..count {
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
}

const NO_PANIC: &str = "no thread panics while it holds the lock";

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect(NO_PANIC)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn answers_have_the_order_of_the_items() {
        let doubled: Vec<u32> = (0..100).map(|item| item * 2).collect();
        assert_eq!(map(0..100, |item| item * 2), doubled);
    }

    #[test]
    fn no_request_is_sent_after_an_error() {
        let asked = AtomicUsize::new(0);
        let answers = try_map(&[(); 1000], |()| {
            asked.fetch_add(1, Ordering::SeqCst);
            Err::<(), &str>("gone")
        });
        assert_eq!(answers, Err("gone"));
        assert!(asked.load(Ordering::SeqCst) <= MAX_PARALLEL);
        assert_eq!(
            try_map(&[1, 2], |item| Ok::<_, ()>(item * 2)),
            Ok(vec![2, 4])
        );
    }

    #[test]
    fn at_most_eight_requests_are_under_way() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        map(&[(); 64], |()| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.load(Ordering::SeqCst) <= MAX_PARALLEL);
    }
}
