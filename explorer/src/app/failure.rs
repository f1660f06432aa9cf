//! Errors of the service.

use nilometer_starknet::ChainError;

use crate::store::StoreError;
use crate::view::{ApiError, ErrorKind};

pub fn not_found(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::NotFound, message)
}

pub fn bad_request(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::BadRequest, message)
}

pub fn too_large(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::TooLarge, message)
}

pub fn busy(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::Busy, message)
}

pub fn timeout(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::Timeout, message)
}

pub fn internal(message: impl ToString) -> ApiError {
    ApiError::new(ErrorKind::Internal, message)
}

impl From<StoreError> for ApiError {
    fn from(failed: StoreError) -> Self {
        // The index's path is not shown to visitors.
        tracing::error!(error = %failed, "the index");
        internal("the index cannot be read")
    }
}

impl From<ChainError> for ApiError {
    fn from(failed: ChainError) -> Self {
        match &failed {
            // The contract refuses, not the node.
            ChainError::Reverted { reason, .. } => {
                bad_request(format!("the contract refuses: {reason}"))
            }
            failed => Self::new(ErrorKind::Node, failed),
        }
    }
}
