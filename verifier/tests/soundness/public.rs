//! What is public: each part of claim and advice changed alone, and what is checked outside of the constraints.

use nilometer_air::cairo::layout::{
    range_check_capacity, CELL_COUNT, LIMB_HIGH, MAIN_WIDTH, OP0, RC_COUNT,
};
use nilometer_air::cairo::{Advice, AdviceError, Builtin, Claim};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use nilometer_verifier::VerifyError;
use winter_math::FieldElement;

use crate::machine::Forger;
use crate::proofs::{accepted, cheap, file, verdict, verdict_of};
use crate::rows::failing;
use nilometer_test_support::programs::{everything, with_dead_code, EVERYTHING_ROWS};

fn honest() -> Witness {
    Forger::default().run(&everything(), EVERYTHING_ROWS).settle()
}

fn claim(claim: &Claim, change: impl Fn(&mut Vec<Felt>, &mut Vec<Felt>)) -> Claim {
    let (mut code, mut output) = (claim.code().to_vec(), claim.output().to_vec());
    change(&mut code, &mut output);
    Claim::new(claim.builtins().to_vec(), code, output).unwrap()
}

/// An honest proof, verified for another claim: nothing of the claim may be free.
#[test]
fn each_part_of_the_claim_is_bound() {
    let witness = honest();
    let proof = file(&witness, cheap());
    verdict_of(&witness.claim, &proof).unwrap();
    let refused = |name: String, other: &Claim| {
        // The file's own statement of the output goes along, so that it is the proof that is refused.
        let mut proof = proof.clone();
        proof.output = other.output().to_vec();
        assert!(verdict_of(other, &proof).is_err(), "{name}");
    };
    // The header cannot be another one; every other word can.
    for i in 6..witness.claim.code().len() {
        let other = claim(&witness.claim, |code, _| code[i] += Felt::ONE);
        refused(format!("word {i}"), &other);
    }
    for i in 0..witness.claim.output().len() {
        let other = claim(&witness.claim, |_, output| output[i] += Felt::ONE);
        refused(format!("felt {i} of output"), &other);
    }
    refused("a word more".into(), &claim(&witness.claim, |code, _| code.push(Felt::ZERO)));
    refused("a word less".into(), &claim(&witness.claim, |code, _| code.truncate(code.len() - 1)));
    refused("a felt more".into(), &claim(&witness.claim, |_, output| output.push(Felt::ZERO)));
    refused(
        "a felt less".into(),
        &claim(&witness.claim, |_, output| output.truncate(output.len() - 1)),
    );
    refused("felts exchanged".into(), &claim(&witness.claim, |_, output| output.swap(0, 1)));
    // Without the range check the header is another one too.
    let mut code = witness.claim.code().to_vec();
    code[..6].copy_from_slice(&nilometer_air::cairo::claim::header(1));
    let output = witness.claim.output().to_vec();
    let other = Claim::new(vec![Builtin::Output], code, output).unwrap();
    refused("builtins".into(), &other);
}

type Change = Box<dyn Fn(&mut Advice)>;

/// Each part of the advice, changed alone: in what is proved, and in what is said of an honest proof.
#[test]
fn each_part_of_the_advice_is_bound() {
    let witness = honest();
    let honest = file(&witness, cheap());
    let mut changes: Vec<(String, Change)> = Vec::new();
    for by in [1_u32, u32::MAX] {
        changes.push((
            "stack_len".into(),
            Box::new(move |a| a.stack_len = a.stack_len.wrapping_add(by)),
        ));
        changes.push((
            "range_checks".into(),
            Box::new(move |a| a.range_checks = a.range_checks.wrapping_add(by)),
        ));
    }
    for i in (0..witness.claim.code().len()).step_by(7) {
        changes.push((format!("instruction {i}"), Box::new(move |a| a.instructions[i] += 1)));
        changes.push((format!("word {i}"), Box::new(move |a| a.data[i] += 1)));
    }
    for i in 0..witness.claim.output().len() {
        changes.push((format!("felt {i}"), Box::new(move |a| a.output[i] += 1)));
    }
    for i in [0, 1, 77, 4095] {
        changes.push((format!("limb {i}"), Box::new(move |a| a.limbs[i] += 1)));
    }
    for (name, change) in changes {
        let mut other = witness.clone();
        change(&mut other.advice);
        let mut said = honest.clone();
        said.advice = other.advice.to_bytes(&other.claim);
        assert!(verdict_of(&witness.claim, &said).is_err(), "{name}, in the file");
        if other.advice.check(&other.claim, EVERYTHING_ROWS).is_ok() {
            assert!(!failing(&other).is_empty(), "{name}");
            assert!(verdict(&other, cheap()).is_err(), "{name}, proved");
        }
    }
}

/// What only [`Advice::check`] refuses.
#[test]
fn advice_that_no_run_gives_is_refused_by_name() {
    let witness = honest();
    let refusal = |change: &dyn Fn(&mut Advice)| {
        let mut proof = file(&witness, cheap());
        let mut advice = witness.advice.clone();
        change(&mut advice);
        proof.advice = advice.to_bytes(&witness.claim);
        match verdict_of(&witness.claim, &proof) {
            Err(VerifyError::Advice(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    let code = everything();
    let data = code.labels["data"];
    assert_eq!(refusal(&|a| a.instructions[data] = 1), AdviceError::NoInstruction { offset: data });
    assert_eq!(refusal(&|a| a.output[3] = 0), AdviceError::OutputHole { index: 3 });
    assert_eq!(refusal(&|a| a.limbs[0] = (1 << 30) + 1), AdviceError::Count);
    for actual in [0, 5, EVERYTHING_ROWS as u32 + 1] {
        assert_eq!(refusal(&|a| a.stack_len = actual), AdviceError::FinalAp { actual });
    }
    let capacity = range_check_capacity(EVERYTHING_ROWS);
    let actual = capacity as u32 + 1;
    let rows = EVERYTHING_ROWS;
    let expected = AdviceError::RangeChecks { actual, rows, capacity };
    assert_eq!(refusal(&|a| a.range_checks = actual), expected);
}

/// A felt of output that the run never accessed would be anyone's choice.
#[test]
fn output_that_was_never_written_is_refused() {
    let mut forger = Forger::default();
    // The run writes the second felt only, and the stop pointer counts both.
    let start = nilometer_air::cairo::address::OUTPUT;
    forger.memory.insert(start, Felt::from(99_u64));
    let code = nilometer_test_support::programs::assemble(|_| {
        use nilometer_test_support::asm::At::{Ap, Fp};
        use nilometer_test_support::asm::{Code, Ins, Op1};
        let mut code = Code::new(false);
        code.push(Ins::set(Ap(0), Op1::Imm(7)).inc()).push(Ins::deref(Ap(-1), Fp(-3), 1));
        code.push(Ins::add(Ap(0), Fp(-3), Op1::Imm(2)).inc()).push(Ins::ret());
        code
    });
    let witness = forger.run(&code, 64).settle();
    assert_eq!(witness.claim.output(), [Felt::from(99_u64), Felt::from(7_u64)]);
    assert_eq!(failing(&witness), [""; 0], "nothing but the check of the advice sees it");
    let verdict = verdict(&witness, cheap());
    assert!(matches!(verdict, Err(VerifyError::Advice(AdviceError::OutputHole { index: 0 }))));
}

/// The last row is a state and no step; counts on rows that end no integer count nothing.
#[test]
fn what_is_free_is_harmless() {
    let garbage = Felt::from(0xdead_beef_u64);
    let mut witness = Forger::default().run(&with_dead_code(), 64).settle();
    let last = witness.n_rows() - 1;
    for column in 3..MAIN_WIDTH {
        // Index and accumulator are what the row before says.
        if ![nilometer_air::cairo::layout::INDEX, nilometer_air::cairo::layout::ACC]
            .contains(&column)
        {
            witness.main[column][last] = garbage + Felt::from(column as u64);
        }
    }
    for row in 0..last {
        if row % 4 != 3 {
            witness.main[RC_COUNT][row] = garbage;
        }
    }
    assert_eq!(failing(&witness), [""; 0]);
    accepted(&witness, cheap());
    // The same garbage a row earlier is not.
    for column in [OP0, CELL_COUNT, LIMB_HIGH] {
        let mut other = witness.clone();
        other.main[column][last - 1] = garbage;
        assert!(!failing(&other).is_empty());
        assert!(verdict(&other, cheap()).is_err());
    }
}
