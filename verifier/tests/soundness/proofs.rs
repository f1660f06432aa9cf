//! Proofs of any witnesses, honest or not.

use nilometer_air::cairo::{Claim, ProofFile, Security};
use nilometer_prover::{stark, Witness};
use nilometer_verifier::{verify, VerifyError};

/// The level that is cheapest to prove.
pub fn cheap() -> Security {
    Security::new(96).unwrap()
}

/// A proof file of a witness; nothing is checked.
pub fn file(witness: &Witness, security: Security) -> ProofFile {
    let rows = witness.n_rows();
    ProofFile {
        security,
        rows,
        program_hash: witness.claim.program_hash(),
        output: witness.claim.output().to_vec(),
        advice: witness.advice.to_bytes(&witness.claim),
        proof: stark::prove(witness.clone(), &security.options(rows), &|_| {}).to_bytes(),
    }
}

/// Proves and verifies.
pub fn verdict(witness: &Witness, security: Security) -> Result<(), VerifyError> {
    verdict_of(&witness.claim, &file(witness, security))
}

/// Verifies at the file's own level.
pub fn verdict_of(claim: &Claim, file: &ProofFile) -> Result<(), VerifyError> {
    verify(claim, &file.to_bytes(), file.security).map(|_| ())
}

/// The proof of an honest witness must be accepted.
pub fn accepted(witness: &Witness, security: Security) {
    if let Err(error) = verdict(witness, security) {
        panic!("an honest proof was refused: {error}");
    }
}
