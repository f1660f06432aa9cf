//! Numbers as text, the same on every machine.

use std::collections::BTreeMap;

/// An integer with its thousands apart: `12,345`.
pub fn thousands(number: impl TryInto<u64>) -> String {
    let Ok(number) = number.try_into() else { return "?".to_owned() };
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as a percentage: `99.53%`, and never `100%` where something is missing.
pub fn percent(share: f64) -> String {
    if share == 1.0 {
        return "100%".to_owned();
    }
    let text = format!("{:.2}%", share * 100.0);
    if text == "100.00%" {
        "99.99%".to_owned()
    } else {
        text
    }
}

/// An error or a score, with four digits that count.
pub fn short(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e6).contains(&magnitude) {
        // The exponent is read off the text: logarithms may differ between machines.
        let scientific = format!("{magnitude:.3e}");
        let exponent: i32 = scientific.rsplit('e').next().and_then(|e| e.parse().ok()).unwrap_or(0);
        let digits = (3 - exponent).clamp(0, 6) as usize;
        let text = format!("{number:.digits$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    } else {
        format!("{number:.2e}")
    }
}

/// A number or a dash.
pub fn or_dash(number: Option<f64>) -> String {
    number.map_or_else(|| "-".to_owned(), short)
}

/// Names with how often each occurs: `output 7, range_check 77`.
pub fn counts(counts: &BTreeMap<&'static str, usize>) -> String {
    let texts = counts.iter().map(|(name, count)| format!("{name} {}", thousands(*count)));
    texts.collect::<Vec<_>>().join(", ")
}

/// A size: `12.3 KB`.
pub fn bytes(size: usize) -> String {
    match size {
        0..1_000 => format!("{size} bytes"),
        1_000..1_000_000 => format!("{:.1} KB", size as f64 / 1e3),
        _ => format!("{:.2} MB", size as f64 / 1e6),
    }
}

/// A time: `12 ms`, `1.23 s`.
pub fn duration(time: std::time::Duration) -> String {
    match time.as_millis() {
        0..1_000 => format!("{} ms", time.as_millis()),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(thousands(1_234_567_u64), "1,234,567");
        assert_eq!(thousands(999_u64), "999");
        assert_eq!(percent(0.99999), "99.99%");
        assert_eq!(percent(0.5), "50.00%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(short(0.001234), "0.001234");
        assert_eq!(short(-12.0), "-12");
        assert_eq!(short(123_456.0), "123456");
        assert_eq!(short(1e-7), "1.00e-7");
        assert_eq!(bytes(1_234), "1.2 KB");
    }
}
