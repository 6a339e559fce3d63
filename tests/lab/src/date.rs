//! Dates: ISO texts without a time zone in the database and in GraphQL, HTTP dates in the API.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, de::Error};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom(format!("{text} is no date")))
}

/// Parses `2019-03-01T10:20:30.123456`.
fn parse(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once('T')?;
    let (time, micros) = time.split_once('.')?;
    let [year, month, day] = date.split('-').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    // The parser accepts only the right day of the week, so each is tried.
    let date = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
        .iter()
        .find_map(|weekday| {
            let text = format!("{weekday}, {day} {month} {year} {time} GMT");
            httpdate::parse_http_date(&text).ok()
        })?;
    Some(date + Duration::from_micros(micros.parse().ok()?))
}

/// Formats as `2019-03-01T10:20:30.123456`.
pub(crate) fn iso(date: SystemTime) -> String {
    // Such as `Fri, 01 Mar 2019 10:20:30 GMT`.
    let text = httpdate::fmt_http_date(date);
    let (day, month, year, time) = (&text[5..7], &text[8..11], &text[12..16], &text[17..25]);
    let month = MONTHS.iter().position(|name| *name == month);
    let micros = date
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .subsec_micros();
    format!(
        "{year}-{:02}-{day}T{time}.{micros:06}",
        month.map_or(0, |index| index + 1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_parsed_and_formatted() {
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
