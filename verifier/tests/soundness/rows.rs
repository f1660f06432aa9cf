//! The row checker accepts what honest runs leave.

use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::Security;
use nilometer_cairo::{Program, RunOptions};
use nilometer_field::Felt;
use nilometer_prover::{check, lookups as prover_lookups, Witness};
use serde_json::json;

use crate::lookups::unbalanced;
use crate::machine::Forger;
use nilometer_test_support::programs;

/// Challenges that a forger does not choose.
pub fn challenges() -> [Felt; N_CHALLENGES] {
    let three = Felt::from(3_u64);
    std::array::from_fn(|i| {
        (Felt::from(1_000_003_u64) + three).pow([1000 + 17 * i as u64, 1, 0, 0])
    })
}

/// The names of the constraints that fail, once each.
pub fn failing(witness: &Witness) -> Vec<&'static str> {
    let aux = prover_lookups::build(&witness.main, &challenges());
    failing_with(witness, &aux)
}

/// [`failing`] with an auxiliary segment.
pub fn failing_with(witness: &Witness, aux: &[Vec<Felt>]) -> Vec<&'static str> {
    let Witness { claim, advice, main } = witness;
    let failures = check::failures(claim, advice, main, aux, &challenges()).unwrap();
    let mut names: Vec<&str> = Vec::new();
    for failure in failures {
        if !names.contains(&failure.constraint) {
            names.push(failure.constraint);
        }
    }
    names
}

/// The witness of a run of the VM.
pub fn vm_witness(program: &Program) -> Witness {
    let run = program.run(&[], &RunOptions { trace: true, ..Default::default() }).unwrap();
    Witness::new(program, &run).unwrap()
}

#[test]
fn the_machine_and_the_vm_fill_the_same_trace() {
    for (name, code, rows) in programs::honest() {
        let own = Forger::default().run(&code, rows).settle();
        let vm = vm_witness(&code.program(&json!([])));
        assert_eq!(own.claim, vm.claim, "{name}");
        assert_eq!(vm.n_rows(), rows, "{name}");
        for (column, (a, b)) in own.main.iter().zip(&vm.main).enumerate() {
            for row in 0..rows {
                assert_eq!(a[row], b[row], "{name}, column {column}, row {row}");
            }
        }
        assert_eq!(own.advice, vm.advice, "{name}");
    }
}

#[test]
fn honest_traces_have_no_failures() {
    for (name, code, rows) in programs::honest() {
        let (witness, unmatched) = Forger::default().run(&code, rows).settle_without(None);
        assert!(unmatched.is_empty() && unbalanced(&witness).is_empty(), "{name}: {unmatched:?}");
        assert_eq!(failing(&witness), [""; 0], "{name}");
        witness.advice.check(&witness.claim, rows).unwrap();
        crate::proofs::accepted(&witness, Security::DEFAULT);
    }
}
