//! Traces of compiled models, with hints, heap and thousands of words: no constraint fails, and the registers
//! are those of the virtual machine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use nilometer_air::cairo::layout::{AP, FP, PC};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::Security;
use nilometer_cairo::RunOptions;
use nilometer_field::Felt;
use nilometer_prover::{check, lookups, Witness};
use nilometer_tests::zoo::{self, Model};
use nilometer_transpiler::plan::PlanOptions;
use nilometer_verifier::verify;
use starknet_types_core::felt::Felt as VmFelt;

#[test]
fn models_of_the_zoo_have_no_failures() {
    let base = Felt::from(1_000_003_u64);
    let challenges: [Felt; N_CHALLENGES] =
        std::array::from_fn(|i| base.pow([1000 + 17 * i as u64, 1, 0, 0]));
    for name in ["tree_iris_dt4", "mlp_iris_4_16_3"] {
        let model = Model::load(name);
        let plan = model.plan(&PlanOptions::default());
        let program = zoo::build(&plan.graph, None, false).program;
        for row in [0, model.inputs.len() / 2, model.inputs.len() - 1] {
            let input = plan.graph.input.encode(&model.inputs[row]).unwrap();
            let input: Vec<_> = input.into_iter().map(VmFelt::from).collect();
            let options = RunOptions { trace: true, ..Default::default() };
            let run = program.run(&input, &options).unwrap();
            let Witness { claim, advice, main } = Witness::new(&program, &run).unwrap();
            let aux = lookups::build(&main, &challenges);
            let failures = check::failures(&claim, &advice, &main, &aux, &challenges).unwrap();
            assert_eq!(failures, [], "{name}, row {row}");
            for (row, at) in run.trace.as_ref().unwrap().iter().enumerate() {
                for (column, register) in [(PC, at.pc), (AP, at.ap), (FP, at.fp)] {
                    assert_eq!(main[column][row], Felt::from(register as u64));
                }
            }
            let level = Security::new(96).unwrap();
            let file = nilometer_prover::prove(&program, &run, level, &|_| {}).unwrap();
            verify(&claim, &file.to_bytes(), level).unwrap();
        }
    }
}
