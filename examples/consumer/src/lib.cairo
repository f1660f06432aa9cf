//! A contract that decides by a model's predictions.

/// The contract.
pub mod gate;
/// What it needs to know of the registry and of the fee token: copy this file.
pub mod registry;
