//! Proof files, levels of security, and whose proof it is.

use nilometer_air::cairo::claim::{AIR_NAME, AIR_VERSION};
use nilometer_air::cairo::{FileError, Security};
use nilometer_field::Felt;
use nilometer_verifier::{verify, StructureError, VerifyError};
use serde_json::json;
use winter_math::FieldElement;

use crate::machine::Forger;
use crate::proofs::{cheap, file};
use nilometer_test_support::programs::{countdown, with_dead_code};

fn level(bits: u32) -> Security {
    Security::new(bits).unwrap()
}

#[test]
fn a_level_below_the_least_is_refused() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    for proved in Security::BITS {
        let bytes = file(&witness, level(proved)).to_bytes();
        for least in Security::BITS {
            match verify(&witness.claim, &bytes, level(least)) {
                Ok(verified) => assert!(proved >= least && verified.bits >= least),
                Err(VerifyError::Security { actual, wanted }) => {
                    assert!(proved < least && actual < wanted && wanted == least);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Files of earlier versions at conjectured levels, and kinds that never were.
#[test]
fn a_conjectured_level_is_refused_by_name() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    let mut bytes = file(&witness, cheap()).to_bytes();
    let kind = 8 + 2 + 1 + AIR_NAME.len() + 4;
    assert_eq!(bytes[kind..kind + 2], [1, 96]);
    bytes[kind] = 2;
    match verify(&witness.claim, &bytes, cheap()) {
        Err(VerifyError::File(error)) => {
            assert_eq!(error, FileError::Conjectured { bits: 96 });
            assert!(error.to_string().contains("96 conjectured bits"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    for other in [0, 3, 255] {
        bytes[kind] = other;
        let verdict = verify(&witness.claim, &bytes, cheap());
        assert!(matches!(verdict, Err(VerifyError::File(FileError::Field { .. }))), "{verdict:?}");
    }
}

#[test]
fn a_proof_that_says_another_level_than_its_own_is_refused() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    let mut lie = file(&witness, cheap());
    for bits in [100, 128] {
        lie.security = level(bits);
        let verdict = verify(&witness.claim, &lie.to_bytes(), lie.security);
        assert!(matches!(verdict, Err(VerifyError::Structure(StructureError::Context))));
    }
    let mut longer = file(&witness, cheap());
    longer.rows *= 2;
    let verdict = verify(&witness.claim, &longer.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Structure(StructureError::Context))), "{verdict:?}");
}

#[test]
fn versions_are_refused_by_name() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    let bytes = file(&witness, cheap()).to_bytes();
    let refusal = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        match verify(&witness.claim, &bytes, cheap()) {
            Err(VerifyError::File(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refusal(&|bytes| bytes[0] ^= 1), FileError::Magic);
    assert_eq!(refusal(&|bytes| bytes[8] = 2), FileError::Version { found: 2 });
    assert_eq!(refusal(&|bytes| bytes[9] = 1), FileError::Version { found: 257 });
    let name_len = usize::from(bytes[10]);
    let name = String::from_utf8(bytes[11..11 + name_len].to_vec()).unwrap();
    let version = AIR_VERSION + 1;
    assert_eq!(
        refusal(&|bytes| bytes[11 + name_len] += 1),
        FileError::Air { found: name.clone(), version }
    );
    let found = name.replacen('n', "m", 1);
    let version = AIR_VERSION;
    assert_eq!(refusal(&|bytes| bytes[11] = b'm'), FileError::Air { found, version });
    let error = refusal(&|bytes| bytes[8] = 7);
    assert_eq!(
        error.to_string(),
        "the proof file has format version 7, this program reads version 1"
    );
    for extra in [1, 1000] {
        let (actual, expected) = (bytes.len() + extra, bytes.len() as u64);
        let error = refusal(&|bytes| bytes.resize(bytes.len() + extra, 0));
        assert_eq!(error, FileError::Length { actual, expected });
    }
}

#[test]
fn bytes_after_the_proof_are_refused() {
    let witness = Forger::default().run(&with_dead_code(), 64).settle();
    let mut longer = file(&witness, cheap());
    longer.proof.push(0);
    let verdict = verify(&witness.claim, &longer.to_bytes(), cheap());
    let trailing = StructureError::Trailing { count: 1 };
    assert!(matches!(&verdict, Err(VerifyError::Structure(e)) if *e == trailing), "{verdict:?}");
    let mut longer = file(&witness, cheap());
    longer.advice.push(0);
    let verdict = verify(&witness.claim, &longer.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Advice(_))), "{verdict:?}");
}

#[test]
fn a_proof_of_one_claim_is_none_of_another() {
    let one = Forger::default().run(&countdown(9), 64).settle();
    let other = Forger::default().run(&countdown(10), 64).settle();
    assert_eq!(one.n_rows(), other.n_rows());
    assert_eq!(one.claim.code().len(), other.claim.code().len());
    let proof = file(&one, cheap());
    verify(&one.claim, &proof.to_bytes(), cheap()).unwrap();
    // The file names another program and another output.
    let verdict = verify(&other.claim, &proof.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Program { .. })), "{verdict:?}");
    let mut lie = proof.clone();
    lie.program_hash = other.claim.program_hash();
    let verdict = verify(&other.claim, &lie.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Output { .. })), "{verdict:?}");
    // With both corrected, and with the other's advice, the proof itself is refused.
    lie.output = other.claim.output().to_vec();
    let verdict = verify(&other.claim, &lie.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Proof(_))), "{verdict:?}");
    lie.advice = file(&other, cheap()).advice;
    let verdict = verify(&other.claim, &lie.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Proof(_))), "{verdict:?}");
    // The stated output is only a label: a wrong one is refused although the proof is right.
    let mut lie = proof;
    lie.output = vec![Felt::ONE; 1];
    let verdict = verify(&one.claim, &lie.to_bytes(), cheap());
    assert!(matches!(verdict, Err(VerifyError::Output { .. })), "{verdict:?}");
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let program = countdown(9).program(&json!([]));
    let options = nilometer_cairo::RunOptions { trace: true, ..Default::default() };
    let prove = || {
        let run = program.run(&[], &options).unwrap();
        nilometer_prover::prove(&program, &run, cheap(), &|_| {}).unwrap().to_bytes()
    };
    assert_eq!(prove(), prove());
}

/// Counts can be written as runs in several ways; one of them is taken.
#[test]
fn advice_has_one_spelling() {
    let witness = Forger::default().run(&countdown(9), 64).settle();
    let file = file(&witness, cheap());
    // The last list, the limbs, ends with a run of zeros: its length in two bytes, then 0.
    let [.., low, high, 0] = file.advice[..] else { panic!("{:?}", file.advice) };
    let len = (usize::from(low & 0x7f) | usize::from(high) << 7) >> 1;
    let run = |len: usize, count: u8| vec![(len << 1 | 1) as u8 | 0x80, (len >> 6) as u8, count];
    let start = &file.advice[..file.advice.len() - 3];
    assert_eq!([start, &run(len, 0)].concat(), file.advice);
    let verdict = |end: Vec<u8>| {
        let advice = [start, &end].concat();
        let file = nilometer_air::cairo::ProofFile { advice, ..file.clone() };
        verify(&witness.claim, &file.to_bytes(), cheap())
    };
    verdict(run(len, 0)).unwrap();
    for other in [
        [run(len - 1000, 0), run(1000, 0)].concat(),
        [run(len - 1, 0), vec![0]].concat(),
        [vec![0], run(len - 1, 0)].concat(),
        [vec![0, 0], run(len - 2, 0)].concat(),
        [run(len - 2, 0), vec![2 << 1 | 1, 0]].concat(),
        [vec![1, 0], run(len, 0)].concat(),
    ] {
        let verdict = verdict(other.clone());
        assert!(matches!(verdict, Err(VerifyError::Advice(_))), "{other:?}: {verdict:?}");
    }
}
