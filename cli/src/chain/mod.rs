//! Talking to a chain: where it is, who we are, what we send.

pub mod amount;
pub mod args;
pub mod class;
pub mod date;
pub mod deploy;
pub mod prediction;
pub mod scarb;
pub mod session;
pub mod transaction;

use nilometer_starknet::{ChainError, Felt};

use crate::failure::{Failure, Kind};

pub use args::{ChainArgs, SendArgs};
pub use deploy::Deployment;
pub use session::Session;
pub use transaction::Transaction;

/// What a chain's error means to scripts and people.
pub fn failure(error: &ChainError) -> Failure {
    let kind = if error.is_about_accounts() {
        Kind::Account
    } else if matches!(error, ChainError::Url { .. }) {
        Kind::Usage
    } else {
        Kind::Chain
    };
    let help = match error {
        ChainError::Url { .. } => Some("give an address such as http://127.0.0.1:5050"),
        ChainError::Unreachable { .. } => Some(
            "start a node (`scripts/devnet` installs starknet-devnet), or set STARKNET_RPC to one that runs",
        ),
        ChainError::Devnet { .. } => Some(
            "`scripts/devnet` of the project installs starknet-devnet; STARKNET_DEVNET names one that you have",
        ),
        ChainError::WrongNetwork { .. } => Some("set STARKNET_RPC to a node of that network"),
        ChainError::NoContract { .. } | ChainError::NoRegistry { .. } => {
            Some("check `--registry` and `--network`; `nilo registry deploy` makes a registry")
        }
        ChainError::NoClass { .. } => Some("declare it with `nilo contract declare`"),
        ChainError::Account { .. } | ChainError::KeyFile { .. } => Some(
            "name an account of your accounts file with `--account`, or set it in snfoundry.toml; on devnet give a number from 0",
        ),
        ChainError::Balance { .. } => Some("send STRK to the account"),
        ChainError::Timeout { .. } => Some("look the transaction up before sending it again"),
        _ => None,
    };
    Failure::new(kind, help.map(str::to_owned))
}

/// A felt as hexadecimal.
pub fn hex(felt: &Felt) -> String {
    format!("{felt:#x}")
}

/// Reads a felt: hexadecimal with 0x, or decimal.
pub fn parse_felt(text: &str) -> Result<Felt, String> {
    let wrong = || format!("{text:?} is not a number below the field's prime, such as 0x1234");
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
