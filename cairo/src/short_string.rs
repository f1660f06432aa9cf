//! Short strings: felts that spell ASCII text.

use starknet_types_core::felt::Felt;

#[cfg(test)]
/// The felt of a text of at most 31 ASCII bytes, first byte most significant.
pub(crate) fn encode(text: &str) -> Felt {
    debug_assert!(text.len() <= 31 && text.is_ascii());
    Felt::from_bytes_be_slice(text.as_bytes())
}

/// The text that a felt spells, if all of its bytes are printable ASCII.
pub(crate) fn decode(felt: &Felt) -> Option<String> {
    let bytes = felt.to_bytes_be();
    let text: Vec<u8> = bytes.into_iter().skip_while(|b| *b == 0).collect();
    let printable = !text.is_empty() && text.iter().all(|b| (0x20..0x7f).contains(b));
    if printable {
        String::from_utf8(text).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_strings_round_trip() {
        assert_eq!(
            decode(&encode("Option::unwrap failed.")).as_deref(),
            Some("Option::unwrap failed.")
        );
        assert_eq!(decode(&Felt::ZERO), None);
        assert_eq!(decode(&Felt::ONE), None);
    }
}
