//! The verifier of proofs of Cairo runs.
//!
//! Input: what the caller wants to have proved (a [`Claim`], a least [`Security`]) and bytes from anyone. Output:
//! [`Verified`], or which check failed. It trusts nothing in the file, allocates nothing that the file's
//! bytes do not back, and does not panic. It depends on the AIR alone: no prover, no virtual machine.
//!
//! Winterfell 0.13.1 leaves checks to its caller without which false statements pass. In order:
//!
//! 1. the file's form and versions;
//! 2. its security against the caller's minimum;
//! 3. the program and the output that the file names, and the advice, against the claim;
//! 4. the proof's bytes, field by field, against the lengths that the claim's parameters give;
//! 5. the FRI remainder against its commitment, which Winterfell does not compare;
//! 6. the opened rows and Merkle nodes against the query positions, which follow from the transcript;
//! 7. the proof itself.
//!
//! A proof has one spelling: every byte of the file follows from the rest of it. Only the prover has a choice,
//! the nonce: any nonce with enough zeros is valid, but each gives other queries, which only someone with the
//! trace can answer.
//!
//! ```
//! use nilometer_air::cairo::claim::header;
//! use nilometer_air::cairo::{Builtin, Claim, Security};
//! use nilometer_verifier::{verify, VerifyError};
//!
//! let claim = Claim::new(vec![Builtin::Output], header(1).to_vec(), Vec::new())?;
//! let verdict = verify(&claim, b"not a proof", Security::DEFAULT);
//! assert!(matches!(verdict, Err(VerifyError::File(_))));
//! # Ok::<(), nilometer_air::cairo::ClaimError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod queries;
pub mod structure;

use std::panic::{catch_unwind, AssertUnwindSafe};

use nilometer_air::cairo::proof_system::{Coin, HashFn, Tree};
use nilometer_air::cairo::security::context;
use nilometer_air::cairo::{
    proven_bits, Advice, AdviceError, CairoAir, Claim, FileError, ProofFile, PublicInputs, Security,
};
use nilometer_field::Felt;
use thiserror::Error;
use winter_air::proof::Proof;
use winter_air::ProofOptions;
use winter_verifier::{AcceptableOptions, VerifierError};

pub use structure::StructureError;

/// A proof that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The level of security that its parameters are those of.
    pub security: Security,
    /// The proven bits that they reach.
    pub bits: u32,
    /// Rows of the trace.
    pub rows: usize,
    /// The parameters.
    pub options: ProofOptions,
}

/// Why a proof was not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bytes are not a proof file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The proof's parameters reach too few bits.
    #[error("the proof has {actual} bits of security, at least {wanted} are wanted")]
    Security {
        /// The proof's bits.
        actual: u32,
        /// The least that the caller accepts.
        wanted: u32,
    },
    /// The file names another program.
    #[error("the proof is about the program {stated}, {wanted} is wanted")]
    Program {
        /// The hash in the file.
        stated: Felt,
        /// The hash of the claim's program.
        wanted: Felt,
    },
    /// The file says that it is about another output.
    #[error("the proof is about another output: {difference}")]
    Output {
        /// Where it differs.
        difference: String,
    },
    /// What the prover adds to the claim cannot be that of a run.
    #[error(transparent)]
    Advice(#[from] AdviceError),
    /// The proof's bytes do not have the form that the parameters and the queries give.
    #[error(transparent)]
    Structure(#[from] StructureError),
    /// The FRI remainder is not the one that was committed to.
    #[error("the FRI remainder is not the one that the proof commits to")]
    Remainder,
    /// The proof does not prove the claim.
    #[error("the proof does not prove the claim: {0}")]
    Proof(VerifierError),
    /// Winterfell's verifier panicked on the proof.
    #[error("the proof is invalid: checking it failed with a panic")]
    Panic,
}

/// Verifies that `bytes` prove `claim` with at least `minimum` security.
///
/// # Errors
/// See [`VerifyError`]; any of them means that nothing is proved.
pub fn verify(claim: &Claim, bytes: &[u8], minimum: Security) -> Result<Verified, VerifyError> {
    verify_file(claim, ProofFile::from_bytes(bytes)?, minimum)
}

/// [`verify`] for a file that was read already.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify_file(
    claim: &Claim,
    file: ProofFile,
    minimum: Security,
) -> Result<Verified, VerifyError> {
    let ProofFile { security, rows, program_hash, output, advice, proof } = file;
    let options = security.options(rows);
    let bits = proven_bits(&options, rows);
    let wanted = minimum.bits();
    if bits < wanted {
        return Err(VerifyError::Security { actual: bits, wanted });
    }
    // The proof is checked against the caller's claim in any case. These comparisons fix the file's own
    // bytes, and give a clear error.
    if program_hash != claim.program_hash() {
        let (stated, wanted) = (program_hash, claim.program_hash());
        return Err(VerifyError::Program { stated, wanted });
    }
    same_output(claim, &output)?;
    let advice = Advice::from_bytes(claim, &advice)?;
    advice.check(claim, rows)?;

    let context = context(&options, rows);
    let mut parsed = structure::parse(&proof, &context)?;
    if !parsed.remainder_is_committed() {
        return Err(VerifyError::Remainder);
    }
    let public_inputs = PublicInputs { claim: claim.clone(), advice };
    let positions =
        queries::positions(&context, &public_inputs, &parsed).map_err(VerifyError::Proof)?;
    queries::check_openings(&mut parsed, &positions)?;
    let acceptable = AcceptableOptions::OptionSet(vec![options.clone()]);
    // A library cannot promise that another never panics. Nothing is shared with what unwinds.
    let verdict = catch_unwind(AssertUnwindSafe(|| {
        let parsed = Proof::from_bytes(&proof)
            .map_err(|error| VerifierError::ProofDeserializationError(error.to_string()))?;
        winter_verifier::verify::<CairoAir, HashFn, Coin, Tree>(parsed, public_inputs, &acceptable)
    }));
    match verdict {
        Ok(Ok(())) => Ok(Verified { security, bits, rows, options }),
        Ok(Err(error)) => Err(VerifyError::Proof(error)),
        Err(_) => Err(VerifyError::Panic),
    }
}

fn same_output(claim: &Claim, stated: &[Felt]) -> Result<(), VerifyError> {
    let wanted = claim.output();
    if wanted.len() != stated.len() {
        let difference = format!("{} felts, {} are wanted", stated.len(), wanted.len());
        return Err(VerifyError::Output { difference });
    }
    match wanted.iter().zip(stated).position(|(wanted, stated)| wanted != stated) {
        None => Ok(()),
        Some(index) => {
            let (stated, wanted) = (stated[index], wanted[index]);
            let difference = format!("felt {index} is {stated}, {wanted} is wanted");
            Err(VerifyError::Output { difference })
        }
    }
}
