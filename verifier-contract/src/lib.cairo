//! Verifies proofs of machine-learning models: STARK proofs of the model AIR with Poseidon commitments.
//!
//! One contract for all models: a model is its key, which is data. The protocol is that of the Rust crate
//! `nilometer-stark`, and the words of a proof are the same in the same order.

/// What entry points panic with.
pub mod errors;
/// FRI: layers, folding, remainder.
mod fri;
/// What is generated from the Rust crates.
mod generated;
/// The contract's trait and the types of its arguments.
pub mod interface;
/// Openings of Merkle trees.
mod merkle;
/// Sorting.
mod sort;
/// What follows from key and claim.
mod statement;
/// The transcript.
mod transcript;
/// The contract.
pub mod verifier;
/// The verifier, step by step.
pub mod verify;
