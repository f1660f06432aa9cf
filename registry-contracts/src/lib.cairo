//! A registry of machine-learning models on Starknet.
//!
//! Three ways to rely on an output are told apart and never merged: *executed* (a paid call runs the
//! model on chain), *optimistic* (a claim with a bond, that anyone can have executed while its
//! window is open), and *claimed* (a proof that somebody says to have; nothing here verifies it).

/// Models, versions, terms, revenue and who owns what.
pub mod catalogue;
/// Claims with bonds.
pub mod disputes;
/// What entry points panic with.
pub mod errors;
/// What the registry's owner can do, and how long before users see it.
pub mod governance;
/// The traits of the registry, of models and of the fee token.
pub mod interface;
/// The fee token: what came in, who it belongs to, what goes out.
pub mod ledger;
/// The contract.
pub mod registry;
/// What views return.
pub mod types;
