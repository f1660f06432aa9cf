//! Proves runs of Cairo programs.
//!
//! Input: a program and a run of it with trace and memory. Output: the trace's columns ([`Witness`]), a
//! Winterfell proof ([`stark::prove`]), a proof file ([`prove`]). This crate never judges a proof. That is the
//! verifier's task, and the verifier does not depend on this crate.
//!
//! ```
//! use nilometer_air::cairo::Security;
//! use nilometer_cairo::{Program, RunOptions};
//!
//! // Writes 7 to its output: the header, `[ap] = 7, ap++`, `[ap - 1] = [[fp - 3]]`,
//! // `[ap] = [fp - 3] + 1, ap++`, `ret`.
//! let program = Program::from_json(
//!     br#"{"format": "nilometer-program-v1", "function": "example::main", "builtins": ["output"],
//!     "code_offset": 6, "hints": [], "bytecode": [
//!         "0x40780017fff7fff", "0x1", "0x1104800180018000", "0x4", "0x10780017fff7fff", "0x0",
//!         "0x480680017fff8000", "0x7", "0x400280007ffd7fff",
//!         "0x482680017ffd8000", "0x1", "0x208b7fff7fff7ffe"]}"#,
//! )?;
//! let run = program.run(&[], &RunOptions { trace: true, ..RunOptions::default() })?;
//! let file = nilometer_prover::prove(&program, &run, Security::DEFAULT, &|_| {})?;
//!
//! let claim = program.claim(&run.output)?;
//! assert_eq!(claim.output()[0].to_u64(), Some(7));
//! nilometer_verifier::verify(&claim, &file.to_bytes(), Security::DEFAULT)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
