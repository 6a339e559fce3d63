//! Times and sizes as people read them: `4 min 12 s`, `3 days ago`, `22.9 MiB`.

use std::time::{Duration, SystemTime};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// The server's clock and this one may differ by this much.
const CLOCK_SKEW: Duration = Duration::from_secs(5 * MINUTE);

/// Every time zone is nearer to Greenwich than this.
const TIME_ZONES: Duration = Duration::from_secs(2 * DAY);

/// A time, with its two largest units: `0.4 s`, `12 s`, `4 min 12 s`, `1 h 5 min`.
pub(crate) fn duration_text(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min {} s", seconds / MINUTE, seconds % MINUTE),
        _ => format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE),
    }
}

/// How long ago an HTTP date was; the date itself where it is in the future or no HTTP date.
pub(crate) fn age_text(date: &str, now: SystemTime) -> String {
    let Ok(then) = httpdate::parse_http_date(date) else {
        return date.to_owned();
    };
    match now.duration_since(then) {
        Ok(age) => rounded_age(age),
        Err(future) if future.duration() < CLOCK_SKEW => rounded_age(Duration::ZERO),
        Err(_) => date.to_owned(),
    }
}

/// Like [`age_text`] for a date that is in the local time of the server although it says GMT: of a recent one, only the
/// date is certain.
pub(crate) fn local_age_text(date: &str, now: SystemTime) -> String {
    let then = httpdate::parse_http_date(date).ok();
    match then.and_then(|then| now.duration_since(then).ok()) {
        Some(age) if age >= TIME_ZONES => rounded_age(age),
        // `Tue, 05 Mar 2019 10:20:30 GMT` without the weekday, the seconds and the wrong zone.
        _ => match (date.get(5..22), then) {
            (Some(part), Some(_)) => format!("{part} there"),
            _ => date.to_owned(),
        },
    }
}

fn rounded_age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "s"),
        MINUTE..HOUR => (seconds / MINUTE, "min"),
        HOUR..DAY => (seconds / HOUR, "h"),
        DAY..YEAR => match seconds / DAY {
            1 => (1, "day"),
            days => (days, "days"),
        },
        _ => match seconds / YEAR {
            1 => (1, "year"),
            years => (years, "years"),
        },
    };
    format!("{count} {unit} ago")
}

/// A number of bytes: `812 B`, `22.9 MiB`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn size_text(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while size >= 1023.5 {
        let Some(larger) = units.next() else { break };
        (size, unit) = (size / 1024.0, larger);
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ if size < 99.95 => format!("{size:.1} {unit}"),
        _ => format!("{size:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        for (milliseconds, text) in [
            (40, "0.0 s"),
            (9_940, "9.9 s"),
            (12_700, "12 s"),
            (252_000, "4 min 12 s"),
            (3_900_000, "1 h 5 min"),
        ] {
            assert_eq!(duration_text(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn ages_are_rounded_down() {
        let date = "Tue, 05 Mar 2019 10:20:30 GMT";
        let then = httpdate::parse_http_date(date).unwrap();
        for (seconds, age, local) in [
            (3, "3 s ago", "05 Mar 2019 10:20 there"),
            (150, "2 min ago", "05 Mar 2019 10:20 there"),
            (2 * HOUR, "2 h ago", "05 Mar 2019 10:20 there"),
            (DAY + HOUR, "1 day ago", "05 Mar 2019 10:20 there"),
            (3 * DAY, "3 days ago", "3 days ago"),
            (YEAR + DAY, "1 year ago", "1 year ago"),
        ] {
            let now = then + Duration::from_secs(seconds);
            assert_eq!(age_text(date, now), age);
            assert_eq!(local_age_text(date, now), local);
        }
        // A clock that is a little behind, and one that is wrong.
        assert_eq!(age_text(date, then - Duration::from_secs(9)), "0 s ago");
        assert_eq!(age_text(date, then - Duration::from_secs(HOUR)), date);
        assert_eq!(age_text("yesterday", then), "yesterday");
    }

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (24_000_000, "22.9 MiB"),
            (314_572_800, "300 MiB"),
            (1_073_741_823, "1.0 GiB"),
        ] {
            assert_eq!(size_text(bytes), text);
        }
    }
}
