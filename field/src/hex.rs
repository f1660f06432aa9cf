//! Felts as canonical hexadecimal text, in strings and in JSON.
//!
//! Each felt has one spelling: `0x`, lower case, no leading zeros, below the modulus. Files with equal
//! felts are then equal byte for byte, and no value is silently reduced.
//!
//! These functions use the felt of Starknet's crates, which is what files, the virtual machine and the chain
//! hold. For a [`crate::Felt`] the same spelling is its `Display`.
//!
//! ```
//! use nilometer_field::hex;
//!
//! let felt = hex::parse("0x1f").expect("canonical");
//! assert_eq!(hex::format(&felt), "0x1f");
//! assert_eq!(hex::parse("0x01f"), None);
//! ```

use serde::{de, Deserialize, Deserializer, Serializer};
use starknet_types_core::felt::Felt;

/// Parses canonical hexadecimal. `None` for every other spelling, and at or above the modulus.
pub fn parse(text: &str) -> Option<Felt> {
    let digits = text.strip_prefix("0x")?;
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.is_empty() || digits.len() > 64 || !digits.bytes().all(is_hex) {
        return None;
    }
    let felt = Felt::from_hex(text).ok()?;
    (format(&felt) == text).then_some(felt)
}

/// Canonical hexadecimal, as [`parse`] reads it.
pub fn format(felt: &Felt) -> String {
    format!("{felt:#x}")
}

/// Serde for one felt; for `#[serde(with = "nilometer_field::hex::felt")]`.
pub mod felt {
    use super::*;

    /// Writes [`format()`]'s text.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(felt: &Felt, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(felt))
    }

    /// Reads text that [`parse`] accepts.
    ///
    /// # Errors
    /// Text in another spelling, or no text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Felt, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text)
            .ok_or_else(|| de::Error::custom(format_args!("not a canonical felt: {text:.80}")))
    }
}

/// Serde for a list of felts; for `#[serde(with = "nilometer_field::hex::list")]`.
pub mod list {
    use super::*;
    use serde::Serialize;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Item(#[serde(with = "super::felt")] Felt);

    /// Writes a sequence of texts.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(felts: &[Felt], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(felts.iter().map(|felt| Item(*felt)))
    }

    /// Reads a sequence of texts, each as [`super::felt::deserialize`] does.
    ///
    /// # Errors
    /// Those of [`super::felt::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Felt>, D::Error> {
        Ok(Vec::<Item>::deserialize(deserializer)?.into_iter().map(|item| item.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_canonical_both_ways() {
        for felt in [Felt::ZERO, Felt::ONE, Felt::from(0x1234_u64), Felt::MAX] {
            assert_eq!(parse(&format(&felt)), Some(felt));
            assert_eq!(format(&felt), crate::Felt::from(felt).to_string());
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let modulus = "0x800000000000011000000000000000000000000000000000000000000000001";
        for text in ["", "0x", "1", "0x01", "0xA", "0X1", "-0x1", "0x-1", "0x 1", modulus] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("0x{}", "1".repeat(65))), None);
    }

    #[test]
    fn json_is_canonical_both_ways() {
        #[derive(Serialize, Deserialize, PartialEq, Debug)]
        struct File {
            #[serde(with = "super::felt")]
            one: Felt,
            #[serde(with = "super::list")]
            many: Vec<Felt>,
        }
        use serde::Serialize;
        let file = File { one: Felt::ONE, many: vec![Felt::ZERO, Felt::MAX] };
        let text = serde_json::to_string(&file).unwrap();
        assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file);
        for wrong in [r#"{"one":"0x01","many":[]}"#, r#"{"one":"0x1","many":["0xA"]}"#] {
            assert!(serde_json::from_str::<File>(wrong).is_err(), "{wrong}");
        }
    }
}
