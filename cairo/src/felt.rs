//! Felts as text: canonical hexadecimal in JSON, short strings in messages.

use serde::{de, Deserialize, Deserializer, Serializer};
use starknet_types_core::felt::Felt;

/// Parses canonical hexadecimal: `0x`, lower case, no leading zeros, below the field's modulus.
///
/// One spelling a felt keeps files byte-identical, and a value at or above the modulus would
/// otherwise be read as another number without a word.
pub fn parse_hex(text: &str) -> Option<Felt> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty()
        || digits.len() > 64
        || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    let felt = Felt::from_hex(text).ok()?;
    (to_hex(&felt) == text).then_some(felt)
}

/// Canonical hexadecimal, as [`parse_hex`] reads it.
pub fn to_hex(felt: &Felt) -> String {
    format!("{felt:#x}")
}

/// The felt of a text of at most 31 ASCII bytes, first byte most significant.
pub(crate) fn from_short_string(text: &str) -> Felt {
    debug_assert!(text.len() <= 31 && text.is_ascii());
    Felt::from_bytes_be_slice(text.as_bytes())
}

/// The text that a felt spells, if all of its bytes are printable ASCII.
pub(crate) fn as_short_string(felt: &Felt) -> Option<String> {
    let bytes = felt.to_bytes_be();
    let text: Vec<u8> = bytes.into_iter().skip_while(|b| *b == 0).collect();
    let printable = !text.is_empty() && text.iter().all(|b| (0x20..0x7f).contains(b));
    if printable {
        String::from_utf8(text).ok()
    } else {
        None
    }
}

/// Serde for one felt in canonical hexadecimal.
pub(crate) mod hex {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(felt: &Felt, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_hex(felt))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Felt, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_hex(&text)
            .ok_or_else(|| de::Error::custom(format_args!("not a canonical felt: {text:.80}")))
    }
}

/// Serde for a list of felts in canonical hexadecimal.
pub(crate) mod hex_list {
    use super::*;
    use serde::{Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Item(#[serde(with = "super::hex")] Felt);

    pub(crate) fn serialize<S: Serializer>(
        felts: &[Felt],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(felts.iter().map(|felt| Item(*felt)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Felt>, D::Error> {
        Ok(Vec::<Item>::deserialize(deserializer)?.into_iter().map(|item| item.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_canonical_both_ways() {
        for felt in [Felt::ZERO, Felt::ONE, Felt::from(0x1234_u64), Felt::MAX] {
            assert_eq!(parse_hex(&to_hex(&felt)), Some(felt));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let modulus = "0x800000000000011000000000000000000000000000000000000000000000001";
        for text in ["", "0x", "1", "0x01", "0xA", "0X1", "-0x1", "0x-1", "0x 1", modulus] {
            assert_eq!(parse_hex(text), None, "{text}");
        }
        assert_eq!(parse_hex(&format!("0x{}", "1".repeat(65))), None);
    }

    #[test]
    fn short_strings_round_trip() {
        assert_eq!(
            as_short_string(&from_short_string("Option::unwrap failed.")).as_deref(),
            Some("Option::unwrap failed.")
        );
        assert_eq!(as_short_string(&Felt::ZERO), None);
        assert_eq!(as_short_string(&Felt::ONE), None);
    }
}
