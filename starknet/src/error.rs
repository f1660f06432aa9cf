//! What can go wrong between us and a chain.

use std::path::PathBuf;

use starknet_rust::core::types::{ContractExecutionError, Felt, StarknetError};
use starknet_rust::providers::ProviderError;
use thiserror::Error;

use crate::codec::short_string;

/// What can go wrong between us and a chain.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The text is not the address of a node.
    #[error("{url:?} is not an http or https address: {reason}")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No node answers.
    #[error("no Starknet node answers at {url}: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The node refuses a request.
    #[error("the node refused: {reason}")]
    Node {
        /// What it says.
        reason: String,
    },
    /// The node is on another network than the one that was asked for.
    #[error("the node at {url} is on {actual}, {expected} was asked for")]
    WrongNetwork {
        /// Where.
        url: String,
        /// The chain id that was asked for.
        expected: String,
        /// The node's.
        actual: String,
    },
    /// There is no contract.
    #[error("there is no contract at {address:#x} on this network")]
    NoContract {
        /// The address.
        address: Felt,
    },
    /// There is a contract, but not one of this kind.
    #[error("the contract at {address:#x} is not a model registry: it has no `{entry_point}`")]
    NoRegistry {
        /// The address.
        address: Felt,
        /// What it lacks.
        entry_point: String,
    },
    /// There is no such class.
    #[error("class {class_hash:#x} is not declared on this network")]
    NoClass {
        /// The class.
        class_hash: Felt,
    },
    /// A contract panicked.
    #[error("the contract refused: {reason}")]
    Reverted {
        /// The reason, short strings spelled out.
        reason: String,
        /// The transaction, if it was sent.
        tx_hash: Option<Felt>,
    },
    /// A transaction was sent, and is not in a block yet.
    #[error("transaction {tx_hash:#x} is not in a block after {seconds} s")]
    Timeout {
        /// The transaction.
        tx_hash: Felt,
        /// How long we waited.
        seconds: u64,
    },
    /// A contract or node gave a malformed answer.
    #[error("{what} is malformed: {reason}")]
    Decode {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The account has too little of the fee token.
    #[error("account {address:#x} cannot pay the fee")]
    Balance {
        /// The account.
        address: Felt,
    },
    /// The account does not exist or cannot be used.
    #[error("account {name:?}: {reason}")]
    Account {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file with accounts or keys cannot be used.
    #[error("{}: {reason}", .file.display())]
    KeyFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it; never its content.
        reason: String,
    },
    /// A class cannot be used.
    #[error("not a contract class: {reason}")]
    Class {
        /// What is wrong with it.
        reason: String,
    },
    /// The local node cannot be started.
    #[error("cannot start starknet-devnet: {reason}")]
    Devnet {
        /// What happened.
        reason: String,
    },
}

impl ChainError {
    /// Whether keys or accounts are at fault, rather than the chain.
    pub fn is_about_accounts(&self) -> bool {
        matches!(self, Self::Account { .. } | Self::KeyFile { .. } | Self::Balance { .. })
    }

    /// Reads a client's error.
    pub(crate) fn provider(url: &str, error: &ProviderError) -> Self {
        let node = |reason: String| Self::Node { reason };
        match error {
            ProviderError::StarknetError(error) => match error {
                StarknetError::ContractError(data) => reverted(&data.revert_error),
                StarknetError::TransactionExecutionError(data) => reverted(&data.execution_error),
                StarknetError::ValidationFailure(text)
                | StarknetError::InvalidTransactionNonce(text)
                | StarknetError::CompilationFailed(text)
                | StarknetError::UnexpectedError(text) => {
                    node(format!("{}: {}", error.message(), tidy(text)))
                }
                other => node(other.message().to_owned()),
            },
            ProviderError::Other(inner) => {
                Self::Unreachable { url: url.to_owned(), reason: chain_of(inner.as_ref()) }
            }
            other => node(other.to_string()),
        }
    }

    /// A contract's panic, found on chain.
    pub(crate) fn reverted(reason: &str, tx_hash: Felt) -> Self {
        Self::Reverted { reason: panic_reason(reason), tx_hash: Some(tx_hash) }
    }
}

fn reverted(error: &ContractExecutionError) -> ChainError {
    let mut error = error;
    let text = loop {
        match error {
            ContractExecutionError::Nested(inner) => error = &inner.error,
            ContractExecutionError::Message(text) => break text,
        }
    };
    ChainError::Reverted { reason: panic_reason(text), tx_hash: None }
}

/// The innermost cause that a client's error has.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    tidy(&text)
}

/// The first line, of a length that a terminal shows.
fn tidy(text: &str) -> String {
    const MOST: usize = 400;
    let line = text.trim().replace('\n', " ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The short strings in a node's account of a panic, innermost first, without those that only say where it
/// happened.
///
/// Nodes spell it in several ways; what they share is that panic data stands there as felts in hexadecimal.
fn panic_reason(text: &str) -> String {
    const NOISE: [&str; 3] = ["ENTRYPOINT_FAILED", "argent/multicall-failed", "multicall-failed"];
    let mut reasons: Vec<String> = Vec::new();
    for part in text.split("0x").skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        let Ok(felt) = Felt::from_hex(&format!("0x{digits}")) else { continue };
        let Some(reason) = short_string(&felt) else { continue };
        // Shorter ones are small numbers that happen to be letters.
        let wanted = reason.len() >= 4 && !NOISE.contains(&reason.as_str());
        if wanted && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        tidy(text)
    } else {
        reasons.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_panic_is_spelled_out() {
        let text = "Execution failed. Failure reason:\nError in contract (contract address: \
            0x01e7, class hash: 0x24, selector: 0x00):\n0x77726f6e6720696e707574206c656e677468 \
            ('wrong input length'), 0x454e545259504f494e545f4641494c4544 ('ENTRYPOINT_FAILED').";
        assert_eq!(panic_reason(text), "wrong input length");
        assert_eq!(panic_reason("  Out of\nbounds "), "Out of bounds");
    }

    #[test]
    fn long_answers_are_cut() {
        assert_eq!(tidy(&"é".repeat(500)).chars().count(), 401);
    }
}
