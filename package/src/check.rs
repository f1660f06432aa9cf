//! Checking a proof against a package: what `nilo verify` and the explorer rely on.

use std::time::Instant;

use nilometer_air::cairo::{Claim, ClaimError, ProofFile, Security};
use nilometer_cairo::Program;
use nilometer_field::Felt;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::signed;
use nilometer_verifier::{verify_file, Verified, VerifyError};
use starknet_types_core::felt::Felt as VmFelt;
use thiserror::Error;

use crate::{Error, Package};

/// A proof that is not about what it should be about.
#[derive(Debug, Error)]
pub enum AboutError {
    /// Another program.
    #[error("the proof is about the program {actual}, the package's is {expected}")]
    Program {
        /// The package's.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// The program or its output cannot be claimed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Other lengths than the model's.
    #[error("the proof is about {actual} felts, the model has {expected} of input and output")]
    Length {
        /// The model's.
        expected: usize,
        /// The proof's.
        actual: usize,
    },
    /// A felt that is no integer of the model.
    #[error("felt {index} of the proof's output is {actual}, which no run of the model gives")]
    Felt {
        /// Its position.
        index: usize,
        /// What it is.
        actual: Felt,
    },
    /// Another input.
    #[error(
        "the proof is about another input: feature {feature} is {actual}, {expected} is wanted"
    )]
    Input {
        /// Its position.
        feature: usize,
        /// What the caller wants, as the model's integer.
        expected: i128,
        /// The proof's.
        actual: i128,
    },
    /// Another output.
    #[error("the proof is about another output: {actual}, wants {expected}")]
    Output {
        /// What the caller wants.
        expected: String,
        /// The proof's.
        actual: String,
    },
}

/// A program that proofs are checked against: what a claim needs of it, without hints.
#[derive(Debug)]
pub struct ProofProgram(Claim);

impl ProofProgram {
    /// What a verifier needs of a program.
    ///
    /// # Errors
    /// Proofs do not cover a builtin of the program, or it is too long.
    pub fn of(program: &Program) -> Result<Self, ClaimError> {
        program.claim(Vec::<Felt>::new()).map(Self)
    }

    /// "This program ran and wrote this output."
    ///
    /// # Errors
    /// The output is too long.
    pub fn claim(&self, output: Vec<Felt>) -> Result<Claim, ClaimError> {
        let Self(program) = self;
        let (builtins, code) = (program.builtins().to_vec(), program.code().to_vec());
        Claim::with_program_hash(builtins, code, output, program.program_hash())
    }
}

/// A proof that holds for a package.
#[derive(Debug)]
pub struct Checked {
    /// The package's model.
    pub graph: QuantGraph,
    /// What the proof is about: the row, then the results.
    pub integers: Vec<i128>,
    /// The proof's parameters.
    pub verified: Verified,
    /// Reading and hashing the model and the program, in milliseconds.
    pub load_ms: f64,
    /// Checking the proof, in milliseconds.
    pub verify_ms: f64,
}

/// Checks that a file proves some run of a package's program.
///
/// # Errors
/// The package is damaged, or the file is no such proof.
pub fn check(package: &Package, bytes: &[u8], security: Security) -> Result<Checked, Error> {
    let start = Instant::now();
    let (graph, program) = package.model_and_program()?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let file = ProofFile::from_bytes(bytes).map_err(VerifyError::from)?;
    let actual = file.program_hash.to_string();
    if actual != package.manifest.program_hash {
        let expected = package.manifest.program_hash.clone();
        return Err(AboutError::Program { expected, actual }.into());
    }
    // The claim is this package's program with the row and the results that are then shown.
    let integers = integers(&graph, &file.output)?;
    let claim = program.claim(file.output.iter().copied()).map_err(AboutError::from)?;
    let start = Instant::now();
    let verified = verify_file(&claim, file, security)?;
    let verify_ms = start.elapsed().as_secs_f64() * 1e3;
    Ok(Checked { graph, integers, verified, load_ms, verify_ms })
}

/// The model's integers behind felts.
fn integers(graph: &QuantGraph, felts: &[Felt]) -> Result<Vec<i128>, AboutError> {
    let expected = graph.input_len() + graph.output_len();
    if felts.len() != expected {
        return Err(AboutError::Length { expected, actual: felts.len() });
    }
    let integer = |(index, felt): (usize, &Felt)| {
        signed(&VmFelt::from(felt)).ok_or(AboutError::Felt { index, actual: *felt })
    };
    felts.iter().enumerate().map(integer).collect()
}
