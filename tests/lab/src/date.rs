//! Dates: naive ISO texts in the database and in GraphQL, HTTP dates in the API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, de::Error};

const DAY: u64 = 86400;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is no date")))
}

/// Reads `2019-03-01T10:20:30.123456`.
fn parse(text: &str) -> Option<SystemTime> {
    let numbers: Vec<u64> = text
        .split(['-', 'T', ':', '.'])
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let [year, month, day, hour, minute, second, micros] = numbers[..] else {
        return None;
    };
    let days = days_since_1970(year, month, day);
    Some(
        UNIX_EPOCH
            + Duration::from_secs(days * DAY + hour * 3600 + minute * 60 + second)
            + Duration::from_micros(micros),
    )
}

/// Writes `2019-03-01T10:20:30.123456`.
pub(crate) fn iso(date: SystemTime) -> String {
    let since = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / DAY, since.as_secs() % DAY);
    let mut year = 1970;
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12)
        .rev()
        .find(|month| days_since_1970(year, *month, 1) <= days)
        .unwrap_or(1);
    let day = days - days_since_1970(year, month, 1) + 1;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:06}",
        since.subsec_micros()
    )
}

/// Days from 1970-01-01 in the Gregorian calendar; years are counted from March so that leap days come last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_survive_the_way_there_and_back() {
        for text in [
            "2019-03-05T10:20:30.123456",
            "2024-02-29T23:59:59.000001",
            "2026-12-31T00:00:00.000000",
        ] {
            assert_eq!(iso(parse(text).unwrap()), text);
        }
        assert_eq!(
            httpdate::fmt_http_date(parse("2019-03-05T10:20:30.123456").unwrap()),
            "Tue, 05 Mar 2019 10:20:30 GMT"
        );
    }
}
