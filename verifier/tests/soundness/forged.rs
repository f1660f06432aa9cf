//! Forged auxiliary segments, and the FRI remainder that is chosen after the queries.

use nilometer_air::cairo::proof_system::{Coin, HashFn, Tree};
use nilometer_air::cairo::{CairoAir, ProofFile, PublicInputs, Security};
use nilometer_field::Felt;
use nilometer_prover::{lookups as prover_lookups, stark, Witness};
use nilometer_verifier::{structure, verify_file, VerifyError};
use winter_air::proof::Proof;
use winter_air::{BatchingMethod, FieldExtension, ProofOptions};
use winter_math::FieldElement;
use winter_verifier::{AcceptableOptions, VerifierError};

use crate::cases::{self, Attempt};
use crate::forge::{self, Remainder};
use crate::machine::Forger;
use crate::proofs::{cheap, file};
use nilometer_test_support::programs::{countdown, with_dead_code};

/// The file of a proof that the forger made.
fn file_of(witness: &Witness, security: Security, proof: &Proof) -> ProofFile {
    ProofFile {
        security,
        rows: witness.n_rows(),
        program_hash: witness.claim.program_hash(),
        output: witness.claim.output().to_vec(),
        advice: witness.advice.to_bytes(&witness.claim),
        proof: proof.to_bytes(),
    }
}

/// Winterfell's own verdict.
fn stock(witness: &Witness, proof: Proof) -> Result<(), VerifierError> {
    let acceptable = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    let public_inputs =
        PublicInputs { claim: witness.claim.clone(), advice: witness.advice.clone() };
    winter_verifier::verify::<CairoAir, HashFn, Coin, Tree>(proof, public_inputs, &acceptable)
}

#[test]
fn both_provers_make_the_same_proof() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    for security in [cheap(), Security::DEFAULT] {
        let options = security.options(64);
        let aux = |challenges: &_| prover_lookups::build(&witness.main, challenges);
        let forged = forge::prove(&witness, &options, &aux, Remainder::Committed).unwrap();
        let honest = stark::prove(witness.clone(), &options, &|_| {});
        assert_eq!(forged.to_bytes(), honest.to_bytes());
        verify_file(&witness.claim, file_of(&witness, security, &forged), security).unwrap();
    }
}

#[test]
fn forged_auxiliary_segments_are_refused() {
    let mut attempts = 0;
    for case in cases::all() {
        if !matches!(case.attempt, Attempt::Aux(..)) {
            continue;
        }
        attempts += 1;
        let witness = case.witness();
        let aux = |challenges: &_| case.aux(&witness, challenges);
        let options = cheap().options(witness.n_rows());
        let proof = forge::prove(&witness, &options, &aux, Remainder::Committed).unwrap();
        let verdict = verify_file(&witness.claim, file_of(&witness, cheap(), &proof), cheap());
        assert!(
            matches!(
                verdict,
                Err(VerifyError::Proof(VerifierError::InconsistentOodConstraintEvaluations))
            ),
            "{}: {verdict:?}",
            case.name
        );
    }
    assert_eq!(attempts, 12);
}

/// A run whose claim was changed afterwards: its output is another one.
fn lie(rows: usize) -> Witness {
    let mut sketch = Forger::default().run(&countdown(60), rows);
    assert_eq!(sketch.output, [Felt::from(1830_u64)]);
    sketch.output = vec![Felt::from(1_000_000_u64)];
    let mut witness = sketch.settle();
    // What the advice must have for the first look.
    witness.advice.output[0] = 1;
    witness
}

/// The attack on Winterfell 0.13.1: with few queries, or a long remainder, stock verification accepts.
///
/// Our levels have more queries than the remainder has coefficients, but nothing in Winterfell says so. That
/// the remainder is the committed one is therefore checked in any case.
#[test]
fn a_remainder_chosen_after_the_queries_is_not_the_committed_one() {
    let witness = lie(256);
    for (queries, remainder_degree) in [(30, 31), (60, 255), (8, 7)] {
        let options = ProofOptions::new(
            queries,
            4,
            0,
            FieldExtension::None,
            8,
            remainder_degree,
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        );
        let is_committed = |proof: &Proof| {
            let bytes = proof.to_bytes();
            structure::parse(&bytes, &proof.context).unwrap().remainder_is_committed()
        };
        let aux = |challenges: &_| prover_lookups::build(&witness.main, challenges);
        let committed = forge::prove(&witness, &options, &aux, Remainder::Committed).unwrap();
        assert!(is_committed(&committed));
        assert!(stock(&witness, committed).is_err(), "the lie alone");
        let attack = Remainder::Interpolated { nonces: 1000 };
        let forged = forge::prove(&witness, &options, &aux, attack).unwrap();
        assert!(!is_committed(&forged));
        stock(&witness, forged).unwrap();
    }
}

/// Whatever the parameters, our verifier compares the remainder with its commitment, before anything else.
#[test]
fn our_verifier_refuses_another_remainder() {
    let witness = lie(256);
    let options = cheap().options(256);
    let aux = |challenges: &_| prover_lookups::build(&witness.main, challenges);
    let mut proof =
        forge::prove(&witness, &options, &aux, Remainder::Committed).unwrap().to_bytes();
    // The remainder's last element comes before the number of partitions and the nonce.
    let at = proof.len() - 9 - 32;
    proof[at] ^= 1;
    let forged = ProofFile { proof, ..file(&witness, cheap()) };
    let verdict = verify_file(&witness.claim, forged, cheap());
    assert!(matches!(verdict, Err(VerifyError::Remainder)), "{verdict:?}");
    // The lie through the honest prover gets past that and no further.
    let verdict = verify_file(&witness.claim, file(&witness, cheap()), cheap());
    assert!(matches!(verdict, Err(VerifyError::Proof(_))), "{verdict:?}");
    assert_ne!(witness.claim.output()[0], Felt::ZERO);
}
