//! Proves runs of Cairo programs.
//!
//! Input: a program and a run of it with trace and memory. Output: the trace's columns ([`Witness`]), a
//! Winterfell proof ([`stark::prove`]). This crate never judges a proof; that is the verifier's, which
//! does not depend on it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod commitment;
pub mod lookups;
pub mod memory;
pub mod quotient;
pub mod stark;
pub mod transcript;
pub mod witness;

use nilometer_air::cairo::{ProofFile, Security};
use nilometer_cairo::{Program, Run};

pub use memory::peak_bytes;
pub use witness::{Size, Witness, WitnessError};

/// Proves that a program ran as `run` says and wrote its output.
///
/// The run must have kept its trace. The same run gives the same bytes.
///
/// # Errors
/// The run cannot be proved: see [`WitnessError`].
pub fn prove(
    program: &Program,
    run: &Run,
    security: Security,
    phase: &dyn Fn(Phase),
) -> Result<ProofFile, WitnessError> {
    phase(Phase::Trace);
    let witness = Witness::new(program, run)?;
    let rows = witness.n_rows();
    let output = witness.claim.output().to_vec();
    let program_hash = witness.claim.program_hash();
    let advice = witness.advice.to_bytes(&witness.claim);
    let proof = stark::prove(witness, &security.options(rows), phase).to_bytes();
    Ok(ProofFile { security, rows, program_hash, output, advice, proof })
}

/// What a prover is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
