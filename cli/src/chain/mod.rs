//! Talking to a chain: where it is, who we are, what we send.

pub mod amount;
pub mod args;
pub mod class;
pub mod date;
pub mod declare;
pub mod deploy;
pub mod lookup;
pub mod prediction;
pub mod rules;
pub mod scarb;
pub mod session;
pub mod transaction;

use nilometer_starknet::ChainError;

use crate::failure::{Failure, Kind};

pub use crate::felt::{hex, parse_felt};
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
