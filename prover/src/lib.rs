//! Proves runs of Cairo programs.
//!
//! Input: a program and a run of it with trace and memory. Output: the trace's columns ([`Witness`]), a
//! Winterfell proof ([`stark::prove`]). This crate never judges a proof; that is the verifier's, which
//! does not depend on it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod commitment;
pub mod lookups;
pub mod quotient;
pub mod stark;
pub mod transcript;
pub mod witness;

pub use witness::{claim, Size, Witness, WitnessError};

/// What a prover is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Filling the trace.
    Trace,
    /// Extending the main segment and committing to it.
    Commit,
    /// Building the lookups' segment and committing to it.
    Lookups,
    /// Evaluating the constraints.
    Constraints,
    /// Proving that all of it is of low degree.
    Fri,
    /// Grinding and answering the queries.
    Queries,
}
