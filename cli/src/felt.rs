//! Felts on the command line and in results.

use starknet_types_core::felt::Felt;

/// A felt as hexadecimal.
pub fn hex(felt: &Felt) -> String {
    format!("{felt:#x}")
}

/// Reads a felt: hexadecimal with 0x, or decimal.
pub fn parse_felt(text: &str) -> Result<Felt, String> {
    let wrong = || format!("{text:?} is no number below the field's prime, such as 0x1234");
    let felt = match text.strip_prefix("0x") {
        Some(digits) if digits.len() <= 64 => Felt::from_hex(text).ok(),
        Some(_) => None,
        None => Felt::from_dec_str(text).ok(),
    };
    // Numbers at or above the prime would be read as others without a word.
    let felt = felt.filter(|felt| match text.strip_prefix("0x") {
        Some(digits) => {
            format!("{felt:x}") == digits.trim_start_matches('0').to_lowercase()
                || (*felt == Felt::ZERO && digits.chars().all(|c| c == '0') && !digits.is_empty())
        }
        None => felt.to_string() == text,
    });
    felt.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn felts_are_read_whole_or_not() {
        assert_eq!(parse_felt("0x00Ff"), Ok(Felt::from(255)));
        assert_eq!(parse_felt("0x0"), Ok(Felt::ZERO));
        assert_eq!(parse_felt("17"), Ok(Felt::from(17)));
        let prime = "0x800000000000011000000000000000000000000000000000000000000000001";
        for wrong in ["", "0x", "x", "-1", "1.5", prime] {
            assert!(parse_felt(wrong).is_err(), "{wrong}");
        }
    }
}
