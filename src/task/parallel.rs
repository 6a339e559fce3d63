//! Requests in parallel: as many as the server answers side by side, so that none waits behind others of ours.
//!
//! A server that answers one request at a time gets two at most: more would only be in line, and other users' requests behind
//! them. One that answers many gets up to [`MAX_PARALLEL`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// The most requests that are under way at the same time.
const MAX_PARALLEL: usize = 64;

/// The most polls that are under way at the same time.
const MAX_POLLS: usize = 8;

/// Applies `request` to every item, several at a time. The answers have the order of the items.
pub(super) fn map<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    request: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items: Vec<T> = items.into_iter().collect();
    let pace = Pace::new(items.len().min(MAX_PARALLEL));
    map_at(pace, items, request)
}

/// Like [`map`], for polls: they are few and seconds apart, so each begins at once.
pub(super) fn map_polls<T: Send, R: Send>(
    items: Vec<T>,
    request: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let pace = Pace::settled(items.len().min(MAX_POLLS));
    map_at(pace, items, request)
}

fn map_at<T: Send, R: Send>(pace: Pace, items: Vec<T>, request: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let answers = Mutex::new(Vec::from_iter((0..count).map(|_| None)));
    run(pace, &|| {
        let Some((index, item)) = lock(&queue).next() else {
            return false;
        };
        let answer = request(item);
        lock(&answers)[index] = Some(answer);
        true
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

/// Calls `next` for each item, until it says that none is left. Not generic, so that the code for threads is in the program
/// once.
fn run(pace: Pace, next: &(dyn Fn() -> bool + Sync)) {
    let others = pace.threads.saturating_sub(1);
    let pace = Mutex::new(pace);
    thread::scope(|scope| {
        begin(others, scope, &pace, next);
        work(scope, &pace, next);
    });
}

/// Begins more threads. Where the system has no more, those that there are do all of it.
fn begin<'scope, 'env: 'scope>(
    count: usize,
    scope: &'scope Scope<'scope, 'env>,
    pace: &'env Mutex<Pace>,
    next: &'env (dyn Fn() -> bool + Sync),
) {
    for _ in 0..count {
        let begun = thread::Builder::new().spawn_scoped(scope, || work(scope, pace, next));
        if begun.is_err() {
            lock(pace).keep_one_less();
        }
    }
}

/// One request after another, in this thread; begins more threads where they help.
fn work<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    pace: &'env Mutex<Pace>,
    next: &'env (dyn Fn() -> bool + Sync),
) {
    // It opens a connection, which takes longer than what follows.
    let mut is_first = true;
    loop {
        // In a statement of its own: in the condition of a loop, the lock would be held during its body.
        let level = lock(pace).begin();
        let Some(level) = level else {
            break;
        };
        let start = Instant::now();
        if !next() {
            lock(pace).end();
            break;
        }
        let latency = (!is_first || level == 1).then(|| start.elapsed());
        let added = lock(pace).record(level, latency);
        begin(added, scope, pace, next);
        is_first = false;
    }
}

/// How many requests are sent side by side. The number doubles as long as they do not take longer for it: twice as many that
/// take twice as long are a line before a server that answers one at a time.
struct Pace {
    /// How many there shall be.
    level: usize,
    most: usize,
    /// The threads that there are.
    threads: usize,
    /// What requests took that were sent at this level.
    latencies: Vec<Duration>,
    /// The mean at the level before.
    before: Option<Duration>,
    is_settled: bool,
}

impl Pace {
    fn new(most: usize) -> Pace {
        Pace {
            level: 1,
            most,
            threads: 1,
            latencies: Vec::new(),
            before: None,
            is_settled: false,
        }
    }

    /// A number of threads that stays.
    fn settled(threads: usize) -> Pace {
        Pace {
            level: threads,
            threads,
            is_settled: true,
            ..Pace::new(threads)
        }
    }

    /// The level, for a thread that goes on; None if there are too many.
    fn begin(&mut self) -> Option<usize> {
        if self.threads > self.level {
            self.end();
            return None;
        }
        Some(self.level)
    }

    fn end(&mut self) {
        self.threads -= 1;
    }

    /// The system has no more threads: those that there are do all of it.
    fn keep_one_less(&mut self) {
        self.threads -= 1;
        self.level = self.threads.max(1);
        self.is_settled = true;
    }

    /// Takes note of a request that was sent at a level, and of what it took if that says anything. Returns how many threads
    /// to begin.
    fn record(&mut self, level: usize, latency: Option<Duration>) -> usize {
        if self.is_settled || level != self.level {
            return 0;
        }
        self.latencies.extend(latency);
        if self.latencies.len() < self.level {
            return 0;
        }
        let sum: Duration = self.latencies.drain(..).sum();
        let mean = sum / level as u32;
        if self.before.is_some_and(|before| mean > before * 3 / 2) {
            self.level = (level / 2).max(2);
        } else {
            self.level = (level * 2).min(self.most);
        }
        self.is_settled = self.level <= level || self.level == self.most;
        self.before = Some(mean);
        let added = self.level.saturating_sub(self.threads);
        self.threads += added;
        added
    }
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
        let doubled: Vec<u32> = (0..1000).map(|item| item * 2).collect();
        assert_eq!(map(0..1000, |item| item * 2), doubled);
        assert_eq!(map(0..1, |item| item * 2), [0]);
        assert!(map(0..0, |item: i32| item).is_empty());
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
    fn requests_under_way_have_a_limit() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        map(&[(); 1000], |()| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.load(Ordering::SeqCst) <= MAX_PARALLEL);
    }

    /// The levels in their order, where a request takes `latency` at each.
    fn levels(most: usize, latency: fn(usize) -> u64) -> Vec<usize> {
        let mut pace = Pace::new(most);
        let mut levels = vec![1];
        while !pace.is_settled {
            let took = Duration::from_millis(latency(pace.level));
            pace.record(pace.level, Some(took));
            if levels.last() != Some(&pace.level) {
                levels.push(pace.level);
            }
        }
        levels
    }

    #[test]
    fn server_that_answers_one_at_a_time_gets_two_requests() {
        assert_eq!(levels(64, |level| 30 * level as u64), [1, 2]);
    }

    #[test]
    fn server_that_answers_four_at_a_time_gets_four_requests() {
        let latency = |level: usize| 30 * level.div_ceil(4) as u64;
        assert_eq!(levels(64, latency), [1, 2, 4, 8, 4]);
    }

    #[test]
    fn server_that_answers_all_at_once_gets_as_many_as_are_allowed() {
        assert_eq!(levels(64, |_| 25), [1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(levels(3, |_| 25), [1, 2, 3]);
        assert_eq!(levels(1, |_| 25), [1]);
    }

    #[test]
    fn threads_that_are_too_many_end() {
        let mut pace = Pace::new(64);
        for (latency, added) in [(10, 1), (10, 0), (10, 2)] {
            let latency = Some(Duration::from_millis(latency));
            assert_eq!(pace.record(pace.level, latency), added);
        }
        for _ in 0..4 {
            pace.record(4, Some(Duration::from_millis(20)));
        }
        assert_eq!((pace.level, pace.threads), (2, 4));
        assert_eq!(
            (pace.begin(), pace.begin(), pace.begin()),
            (None, None, Some(2))
        );
    }
}
