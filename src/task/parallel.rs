//! Asking many things side by side, few enough that a small server stays usable for others.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests that are under way at the same time, at most.
const SIDE_BY_SIDE: usize = 8;

/// Applies `ask` to every item, [`SIDE_BY_SIDE`] at a time; the answers come in the order of the items.
pub(super) fn map<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    ask: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let places: Vec<Mutex<Place<T, R>>> = items
        .into_iter()
        .map(|item| Mutex::new(Place::Asked(item)))
        .collect();
    for_each(places.len(), &|index| {
        let place = || {
            places[index]
                .lock()
                .expect("no thread panics while it holds the lock")
        };
        let taken = std::mem::replace(&mut *place(), Place::UnderWay);
        if let Place::Asked(item) = taken {
            let answer = ask(item);
            *place() = Place::Answered(answer);
        }
    });
    let places = places.into_iter().map(Mutex::into_inner);
    places
        .filter_map(|place| match place.expect("all threads have ended") {
            Place::Answered(answer) => Some(answer),
            Place::Asked(_) | Place::UnderWay => None,
        })
        .collect()
}

/// The same, where one error decides: after it nothing more is asked, so a server that is gone is not asked in vain for
/// every item that is left.
pub(super) fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    ask: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let failed = AtomicBool::new(false);
    let answers = map(items, |item| {
        if failed.load(Ordering::Relaxed) {
            return None;
        }
        let answer = ask(item);
        failed.fetch_or(answer.is_err(), Ordering::Relaxed);
        Some(answer)
    });
    answers.into_iter().flatten().collect()
}

/// Where an item stands, and its answer later.
enum Place<T, R> {
    Asked(T),
    UnderWay,
    Answered(R),
}

/// Calls `work` with every number below `count`. Whatever is asked, this is in the program once.
fn for_each(count: usize, work: &(dyn Fn(usize) + Sync)) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(count) {
            scope.spawn(|| {
                loop {
                    match next.fetch_add(1, Ordering::Relaxed) {
                        index if index < count => work(index),
                        _ => break,
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_the_order_of_the_items() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(
            map(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn nothing_is_asked_any_more_after_an_error() {
        let asked = AtomicUsize::new(0);
        let answers = try_map(&[(); 1000], |()| {
            asked.fetch_add(1, Ordering::SeqCst);
            Err::<(), &str>("gone")
        });
        assert_eq!(answers, Err("gone"));
        assert!(asked.load(Ordering::SeqCst) <= SIDE_BY_SIDE);
        assert_eq!(
            try_map(&[1, 2], |item| Ok::<_, ()>(item * 2)),
            Ok(vec![2, 4])
        );
    }

    #[test]
    fn no_more_than_eight_are_under_way() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        map(&[(); 64], |()| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert!(most.load(Ordering::SeqCst) <= SIDE_BY_SIDE);
    }
}
