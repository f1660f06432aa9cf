//! Why a request was not answered.

use nilometer_starknet::ChainError;

use crate::store::StoreError;
use crate::view::ApiError;

fn error(word: &str, message: impl ToString) -> ApiError {
    ApiError { error: word.to_owned(), message: message.to_string() }
}

/// What was asked for is not there.
pub fn not_found(message: impl ToString) -> ApiError {
    error("not_found", message)
}

/// The request makes no sense.
pub fn bad_request(message: impl ToString) -> ApiError {
    error("bad_request", message)
}

/// The request is too large.
pub fn too_large(message: impl ToString) -> ApiError {
    error("too_large", message)
}

/// There is too much to do.
pub fn busy(message: impl ToString) -> ApiError {
    error("busy", message)
}

/// It took too long.
pub fn timeout(message: impl ToString) -> ApiError {
    error("timeout", message)
}

/// It is nobody's fault but ours.
pub fn internal(message: impl ToString) -> ApiError {
    error("internal", message)
}

impl From<StoreError> for ApiError {
    fn from(failed: StoreError) -> Self {
        // Where the index lies is nobody's business.
        tracing::error!(error = %failed, "the index");
        internal("the index cannot be read")
    }
}

impl From<ChainError> for ApiError {
    fn from(failed: ChainError) -> Self {
        match &failed {
            // The contract's own refusal, not the node's.
            ChainError::Reverted { reason, .. } => {
                bad_request(format!("the contract refuses: {reason}"))
            }
            failed => error("node", failed),
        }
    }
}
