//! Decimal numbers as doubles, without a digit lost unnoticed.

/// Integers up to here are all doubles.
const MAX_EXACT_INTEGER: f64 = (1u64 << 53) as f64;

/// Reads a decimal number.
///
/// Below 2^53 this is the nearest double, as everywhere. From there on doubles are further apart than
/// integers are, so the text must be a double: exactly where it is written out, and to the last digit
/// that it gives where it has an exponent (`3.4028235e38` is what printing a double gives).
///
/// # Errors
/// Text that is not a number, or that no double stands for.
pub fn parse(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    // `inf` and `nan` have no digits.
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Ok(value);
    }
    if value.is_infinite() {
        return Err(format!("{text} is too large for a double"));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, _)) => (mantissa, true),
        None => (text, false),
    };
    let mantissa = mantissa.trim_start_matches(['+', '-']);
    if value == 0.0 && mantissa.contains(|c: char| matches!(c, '1'..='9')) {
        return Err(format!("{text} is too small for a double"));
    }
    let fits = value.abs() < MAX_EXACT_INTEGER
        || if exponent { gives_back(mantissa, value) } else { is_exactly(mantissa, value) };
    if fits {
        Ok(value)
    } else {
        Err(no_double(text))
    }
}

/// An integer as a double.
///
/// # Errors
/// No double stands for it.
pub fn exact(integer: i128) -> Result<f64, String> {
    let double = integer as f64;
    if double as i128 == integer {
        Ok(double)
    } else {
        Err(no_double(&integer.to_string()))
    }
}

fn no_double(text: &str) -> String {
    format!("{text} is not a double: above 2^53 not all integers are")
}

/// Whether a large double has these digits when it is printed with as many.
fn gives_back(mantissa: &str, value: f64) -> bool {
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let printed = format!("{:.*e}", digits.len().saturating_sub(1), value.abs());
    let printed: String = printed
        .split('e')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    printed.trim_end_matches('0') == digits
}

/// Whether a large double, which is an integer, is what is written out.
fn is_exactly(mantissa: &str, value: f64) -> bool {
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    whole.trim_start_matches('0') == format!("{:.0}", value.abs())
        && fraction.chars().all(|c| c == '0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_and_their_nearest_decimals_are_read() {
        for (text, value) in [
            ("0.1", 0.1),
            ("-1e-3", -1e-3),
            ("+2", 2.0),
            ("0e400", 0.0),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("9007199254740994.0", 9_007_199_254_740_994.0),
            ("-1000000000000000000", -1e18),
            ("1e300", 1e300),
            ("3.4028235e38", 3.402_823_5e38),
            ("3.40282346638528860e+38", f64::from(f32::MAX)),
            ("0.1000000000000000055511151231257827", 0.1),
        ] {
            assert_eq!(parse(text), Ok(value), "{text}");
        }
        assert!(parse("nan").is_ok_and(f64::is_nan));
        assert_eq!(parse("-inf"), Ok(f64::NEG_INFINITY));
    }

    #[test]
    fn a_number_that_no_double_stands_for_is_refused() {
        for text in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740993.0",
            "9007199254740992.5",
            "9007199254740993e0",
            "9.007199254740993e15",
            "9223372036854775807",
            "100000000000000000001",
            "12345678901234567890.25",
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} was read"));
            assert_eq!(error, format!("{text} is not a double: above 2^53 not all integers are"));
        }
        assert_eq!(parse("1e400"), Err("1e400 is too large for a double".to_owned()));
        assert_eq!(parse("-1e-400"), Err("-1e-400 is too small for a double".to_owned()));
        assert_eq!(parse("1,000"), Err("\"1,000\" is not a number".to_owned()));
        assert_eq!(parse(""), Err("\"\" is not a number".to_owned()));
    }

    #[test]
    fn an_integer_is_read_where_it_is_a_double() {
        assert_eq!(exact(1 << 60), Ok((1u64 << 60) as f64));
        assert!(exact((1 << 53) + 1).is_err() && exact(i64::MAX.into()).is_err());
    }
}
