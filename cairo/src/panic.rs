//! What a panicking program says.

use nilometer_field::hex;
use num_traits::ToPrimitive;
use starknet_types_core::felt::Felt;

use crate::short_string;

/// First felt of a serialised `ByteArray` in panic data.
const BYTE_ARRAY_MAGIC: &str = "0x46a6158a16a947e5916b2a2ca68501a45e93d7110e81aa2d6438b1c57c879a3";

/// Bytes in a full word of a `ByteArray`.
const WORD_LEN: usize = 31;

/// Panic felts as text: byte arrays and short strings where they are printable, else hexadecimal.
pub(crate) fn message(felts: &[Felt]) -> String {
    let mut parts = Vec::new();
    let mut rest = felts;
    while let Some((first, after)) = rest.split_first() {
        if hex::format(first) == BYTE_ARRAY_MAGIC {
            if let Some((text, after)) = byte_array(after) {
                parts.push(text);
                rest = after;
                continue;
            }
        }
        parts.push(short_string::decode(first).unwrap_or_else(|| hex::format(first)));
        rest = after;
    }
    if parts.is_empty() {
        "no message".to_owned()
    } else {
        parts.join(", ")
    }
}

/// A serialised `ByteArray`: number of full words, the words, the last word, its length.
fn byte_array(felts: &[Felt]) -> Option<(String, &[Felt])> {
    let (n_words, rest) = felts.split_first()?;
    let (words, rest) = rest.split_at_checked(n_words.to_usize()?)?;
    let [last, last_len, rest @ ..] = rest else { return None };
    let last_len = last_len.to_usize().filter(|length| *length < WORD_LEN)?;
    let mut text = Vec::new();
    let sized = words.iter().map(|word| (word, WORD_LEN)).chain([(last, last_len)]);
    for (word, length) in sized {
        let bytes = word.to_bytes_be();
        let (zeros, bytes) = bytes.split_at(bytes.len() - length);
        if zeros.iter().any(|byte| *byte != 0) {
            return None;
        }
        text.extend_from_slice(bytes);
    }
    let text = String::from_utf8(text).ok()?;
    let printable = !text.chars().any(|c| c.is_control() && c != '\n');
    printable.then_some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_strings_and_numbers() {
        let felts = [short_string::encode("Input out of range"), Felt::from(300)];
        assert_eq!(message(&felts), "Input out of range, 0x12c");
        assert_eq!(message(&[]), "no message");
    }

    #[test]
    fn byte_arrays() {
        let magic = hex::parse(BYTE_ARRAY_MAGIC).unwrap();
        let felts = [
            magic,
            Felt::ONE,
            short_string::encode("assertion failed: `a < b` in th"),
            short_string::encode("e model"),
            Felt::from(7),
            short_string::encode("tail"),
        ];
        assert_eq!(message(&felts), "assertion failed: `a < b` in the model, tail");
    }

    #[test]
    fn a_broken_byte_array_is_shown_as_felts() {
        let magic = hex::parse(BYTE_ARRAY_MAGIC).unwrap();
        let text = message(&[magic, Felt::MAX]);
        assert!(text.starts_with(BYTE_ARRAY_MAGIC), "{text}");
    }
}
