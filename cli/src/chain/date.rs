//! Times and spans as people write them.

use jiff::Timestamp;

/// A time, such as `2026-11-24 18:30:05 UTC`; seconds since the epoch where no calendar has it.
pub fn date(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(
        || format!("{seconds} s after 1970"),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A span in its largest unit that divides it, such as `3 days` or `3601 s`.
pub fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let whole =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) if seconds == unit => format!("1 {name}"),
        Some((unit, name)) => format!("{} {name}s", seconds / unit),
        None => format!("{seconds} s"),
    }
}

/// Reads a span: seconds, or a number with a unit such as `90s`, `30m`, `2h` or `7d`.
pub fn parse_span(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a span of time such as 3600, 90s, 30m, 2h or 7d");
    let (digits, unit) = match text.char_indices().last() {
        Some((end, 's')) => (&text[..end], 1),
        Some((end, 'm')) => (&text[..end], 60),
        Some((end, 'h')) => (&text[..end], 3_600),
        Some((end, 'd')) => (&text[..end], 86_400),
        _ => (text, 1),
    };
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = valid.then(|| digits.parse::<u64>().ok()).flatten().ok_or_else(wrong)?;
    number.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(date(1_999_999_999), "2033-05-18 03:33:19 UTC");
        assert_eq!(date(u64::MAX), "18446744073709551615 s after 1970");
    }

    #[test]
    fn spans_are_read_and_shown() {
        for (text, seconds, shown) in [
            ("3600", 3_600, "1 hour"),
            ("90s", 90, "90 s"),
            ("90m", 5_400, "90 minutes"),
            ("2h", 7_200, "2 hours"),
            ("7d", 604_800, "7 days"),
            ("0", 0, "0 s"),
        ] {
            assert_eq!(parse_span(text), Ok(seconds));
            assert_eq!(span(seconds), shown);
        }
        for wrong in [
            "",
            "s",
            "-1",
            "1.5h",
            "1w",
            "h2",
            "99999999999999999999",
            "9999999999999999999d",
            "1é",
        ] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
    }
}
