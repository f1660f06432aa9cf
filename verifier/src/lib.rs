//! The verifier of proofs of Cairo runs.
//!
//! Input: what the caller wants to have proved (a [`Claim`], a least [`Security`]) and bytes from anyone. Output:
//! [`Verified`], or which check failed. It believes nothing in the file, allocates nothing that the file's
//! bytes do not back, and does not panic. It depends on the AIR alone: no prover, no virtual machine.
//!
//! Winterfell 0.13.1 leaves things to its caller without which false statements pass; [`structure`] has
//! them. In order:
//!
//! 1. the file's form and versions;
//! 2. its security against the caller's least;
//! 3. the advice against the claim;
//! 4. the proof's bytes, field by field, against the lengths that the claim's parameters give;
//! 5. the FRI remainder against its commitment, which Winterfell does not compare;
//! 6. the proof itself.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod structure;

use std::panic::{catch_unwind, AssertUnwindSafe};

use nilometer_air::cairo::proof_system::{Coin, HashFn, Tree};
use nilometer_air::cairo::security::context;
use nilometer_air::cairo::{
    Advice, AdviceError, CairoAir, Claim, FileError, ProofFile, PublicInputs, Security,
    SecurityBits, SecurityKind,
};
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
    /// The bits that they reach.
    pub bits: SecurityBits,
    /// Rows of the trace.
    pub rows: usize,
    /// The parameters.
    pub options: ProofOptions,
}

/// Why a proof was not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bytes are no proof file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The proof's parameters reach too few bits.
    #[error("the proof has {actual} bits of {kind} security, at least {wanted} are wanted")]
    Security {
        /// What the bits rest on.
        kind: SecurityKind,
        /// The proof's bits.
        actual: u32,
        /// The least that the caller takes.
        wanted: u32,
    },
    /// The file says that it is about another output.
    #[error("the proof is about another output: {difference}")]
    Output {
        /// Where it differs.
        difference: String,
    },
    /// What the prover adds to the claim cannot be.
    #[error(transparent)]
    Advice(#[from] AdviceError),
    /// The proof's bytes have not the form that they must have.
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
    let ProofFile { security, rows, output, advice, proof, .. } = file;
    let options = security.options(rows);
    let bits = SecurityBits::of(&options, rows);
    let (kind, wanted) = (minimum.kind(), minimum.bits());
    let actual = bits.of_kind(kind);
    if actual < wanted {
        return Err(VerifyError::Security { kind, actual, wanted });
    }
    // What is proved is the caller's claim; this says early and plainly what a sum would say.
    same_output(claim, &output)?;
    let advice = Advice::from_bytes(claim, &advice)?;
    advice.check(claim, rows)?;

    let context = context(&options, rows);
    let parsed = structure::parse(&proof, &context)?;
    if !parsed.remainder_is_committed() {
        return Err(VerifyError::Remainder);
    }
    let public_inputs = PublicInputs { claim: claim.clone(), advice };
    let acceptable = AcceptableOptions::OptionSet(vec![options.clone()]);
    // A library cannot promise that another never panics. Nothing is shared with what unwinds.
    let verdict = catch_unwind(AssertUnwindSafe(|| {
        let parsed = Proof::from_bytes(&proof)
            .map_err(|error| VerifierError::ProofDeserializationError(error.to_string()))?;
        // One spelling a proof: lengths could be written in several ways.
        if parsed.to_bytes() != proof {
            let error = "the proof's bytes are not the shortest form".to_owned();
            return Err(VerifierError::ProofDeserializationError(error));
        }
        winter_verifier::verify::<CairoAir, HashFn, Coin, Tree>(parsed, public_inputs, &acceptable)
    }));
    match verdict {
        Ok(Ok(())) => Ok(Verified { security, bits, rows, options }),
        Ok(Err(error)) => Err(VerifyError::Proof(error)),
        Err(_) => Err(VerifyError::Panic),
    }
}

fn same_output(claim: &Claim, stated: &[nilometer_field::Felt]) -> Result<(), VerifyError> {
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
