//! Amounts of the fee token.

use std::fmt;

use serde::{Serialize, Serializer};

/// Digits behind the point of one STRK.
const DECIMALS: usize = 18;

/// An amount in the token's smallest unit: decimal text in JSON, STRK for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub u128);

impl Amount {
    /// For axes of charts: exactness is lost.
    pub fn tokens(self) -> f64 {
        self.0 as f64 / 1e18
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Small amounts read better in units.
        match self.0 {
            0 => return f.write_str("0 STRK"),
            units @ 1..1_000_000 => return write!(f, "{units} × 10⁻¹⁸ STRK"),
            _ => {}
        }
        let digits = format!("{:0>width$}", self.0, width = DECIMALS + 1);
        let (whole, part) = digits.split_at(digits.len() - DECIMALS);
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        write!(f, "{whole}{point}{part} STRK")
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(Amount(10u128.pow(16)).to_string(), "0.01 STRK");
        assert_eq!(Amount(25 * 10u128.pow(17)).to_string(), "2.5 STRK");
        assert_eq!(Amount(0).to_string(), "0 STRK");
        assert_eq!(Amount(7).to_string(), "7 × 10⁻¹⁸ STRK");
        assert_eq!(
            serde_json::to_string(&Amount(u128::MAX)).unwrap(),
            format!("\"{}\"", u128::MAX)
        );
    }
}
