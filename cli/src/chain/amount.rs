//! Amounts of the fee token, as people write them.

use std::fmt;
use std::str::FromStr;

use nilometer_explorer::view;
use serde::{Serialize, Serializer};

/// Digits behind the point of one STRK.
const DECIMALS: usize = 18;

/// An amount in the token's smallest unit; `0.5STRK` is half of 10^18.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub u128);

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!("{text:?} is neither a whole number of smallest units nor an amount such as 0.5STRK")
        };
        let lower = text.to_ascii_lowercase();
        let Some(tokens) = lower.strip_suffix("strk") else {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            return digits.then(|| text.parse().ok()).flatten().map(Self).ok_or_else(wrong);
        };
        let tokens = tokens.trim();
        let (whole, part) = tokens.split_once('.').unwrap_or((tokens, ""));
        let digits = format!("{whole}{part:0<DECIMALS$}");
        let valid = !whole.is_empty()
            && part.len() <= DECIMALS
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| digits.parse().ok()).flatten().map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Small amounts are written as they are read.
        if self.0 < 1_000_000 {
            return write!(f, "{}", self.0);
        }
        view::Amount(self.0).fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        let read = |text: &str| text.parse::<Amount>().map(|amount| amount.0);
        assert_eq!(read("17"), Ok(17));
        assert_eq!(read("1STRK"), Ok(10_u128.pow(18)));
        assert_eq!(read("0.000000000000000001 strk"), Ok(1));
        assert_eq!(read("1.5strk"), Ok(1_500_000_000_000_000_000));
        assert_eq!(read(&u128::MAX.to_string()), Ok(u128::MAX));
        for wrong in ["", "-1", "1.5", "strk", ".5strk", "0.0000000000000000001strk", "1e9", "0x1"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_shown_as_they_are_written() {
        for text in ["17", "0.5 STRK", "12 STRK", "0.000000000001000001 STRK"] {
            assert_eq!(
                text.parse::<Amount>().map(|amount| amount.to_string()),
                Ok(text.to_owned())
            );
        }
    }
}
