//! Times and numbers as people read them.

use jiff::Timestamp;

use super::parts::Html;
use crate::draw;

/// A whole number of any width.
pub trait Whole {
    /// The number.
    fn whole(&self) -> u64;
}

impl<T: Whole + ?Sized> Whole for &T {
    fn whole(&self) -> u64 {
        (**self).whole()
    }
}

macro_rules! whole {
    ($($type:ty)*) => {$(
        impl Whole for $type {
            fn whole(&self) -> u64 {
                *self as u64
            }
        }
    )*};
}

whole!(u16 u32 u64 usize);

/// A number that may be a reference.
pub trait Real {
    /// The number.
    fn real(&self) -> f64;
}

impl Real for f64 {
    fn real(&self) -> f64 {
        *self
    }
}

impl<T: Real + ?Sized> Real for &T {
    fn real(&self) -> f64 {
        (**self).real()
    }
}

/// A time: `20 Nov 2026, 21:02 UTC`.
pub fn when(seconds: impl Whole) -> Html {
    match timestamp(seconds.whole()) {
        Some(time) => Html::trusted(format!(
            r#"<time datetime="{time}" class="nowrap">{}</time>"#,
            time.strftime("%-d %b %Y, %H:%M UTC")
        )),
        None => Html::trusted(r#"<span class="muted">unknown</span>"#),
    }
}

/// A day: `20 Nov 2026`.
pub fn day(seconds: impl Whole) -> Html {
    match timestamp(seconds.whole()) {
        Some(time) => Html::trusted(format!(
            r#"<time datetime="{time}" class="nowrap">{}</time>"#,
            time.strftime("%-d %b %Y")
        )),
        None => Html::trusted(r#"<span class="muted">unknown</span>"#),
    }
}

/// Times on chain are what the sequencer says; those before 1971 are none.
fn timestamp(seconds: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 31_536_000)?;
    Timestamp::from_second(seconds).ok()
}

/// A time as plain text.
pub fn plain_time(seconds: u64) -> String {
    match timestamp(seconds) {
        Some(time) => time.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        None => "an unknown time".to_owned(),
    }
}

/// When a column of a chart begins: with the hour where columns are shorter than a day.
pub fn column_time(seconds: u64, bucket: u64) -> String {
    match timestamp(seconds) {
        Some(time) if bucket >= 86_400 => time.strftime("%-d %b %Y").to_string(),
        Some(time) => time.strftime("%-d %b, %H:%M").to_string(),
        None => seconds.to_string(),
    }
}

/// `1,234,567`
pub fn count(number: impl Whole) -> String {
    let digits = number.whole().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number of natural units.
pub fn number(value: impl Real) -> String {
    draw::number(value.real())
}

/// Seconds as `1 hour`, `2 days 3 hours`.
pub fn duration(seconds: impl Whole) -> String {
    let units = [("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut rest = seconds.whole();
    let mut parts = Vec::new();
    for (word, size) in units {
        let many = rest / size;
        rest %= size;
        if many > 0 && parts.len() < 2 {
            let plural = if many == 1 { "" } else { "s" };
            parts.push(format!("{} {word}{plural}", count(many)));
        }
    }
    if parts.is_empty() {
        "0 seconds".to_owned()
    } else {
        parts.join(" ")
    }
}

/// A share of one as per cent.
pub fn percent(share: impl Real) -> String {
    let text = format!("{:.2}", share.real() * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// `1 call`, `2 calls`.
pub fn plural(number: impl Whole, word: &str) -> String {
    let number = number.whole();
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number on an axis: thousands and millions in short.
pub fn axis(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{} G", draw::number(value / 1e9)),
        value if value >= 1e6 => format!("{} M", draw::number(value / 1e6)),
        value if value >= 1e4 => format!("{} k", draw::number(value / 1e3)),
        value => draw::number(value),
    }
}

/// A row of numbers, at most 512 of them.
pub fn row(values: &[f64]) -> String {
    const MOST: usize = 512;
    let shown: Vec<_> = values.iter().take(MOST).map(|value| draw::number(*value)).collect();
    let more = if values.len() > MOST { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert!(when(1_795_208_534u64).as_str().contains("20 Nov 2026, 21:02 UTC"));
        assert!(when(u64::MAX).as_str().contains("unknown"));
        assert_eq!(duration(3_600u64), "1 hour");
        assert_eq!(duration(97_261u64), "1 day 3 hours");
        assert_eq!(duration(0u64), "0 seconds");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(0u64), "0");
        assert_eq!(count(1_234_567u64), "1,234,567");
        assert_eq!(percent(0.98765), "98.77%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(plural(1u64, "call"), "1 call");
    }
}
