//! A synthetic network of the given widths, from ONNX to a verified proof: `large 784 1000 200 10`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a report for a person")]

use std::time::Instant;

use nilometer_air::cairo::Security;
use nilometer_cairo::RunOptions;
use nilometer_tests::synthetic::{self, Random};
use nilometer_tests::zoo;
use nilometer_transpiler::plan::{self, Calibration, PlanOptions};
use nilometer_transpiler::{onnx, passes};
use starknet_types_core::felt::Felt;

fn main() {
    let widths: Vec<usize> = std::env::args().skip(1).map(|a| a.parse().unwrap()).collect();
    let file = synthetic::mlp(&widths);
    let start = Instant::now();
    let lap = |what: &str| println!("{what:<10} {:6.2} s", start.elapsed().as_secs_f64());
    let graph = passes::simplify(onnx::import(&file).unwrap());
    lap("imported");
    let mut random = Random::new(7);
    let rows = (0..32).map(|_| (0..widths[0]).map(|_| random.uniform()).collect()).collect();
    let calibration = Calibration { rows };
    let plan = plan::plan(&graph, Some(&calibration), &PlanOptions::default()).unwrap();
    lap("planned");
    println!("{:?} {:?}", plan.recipe.precision(), plan.accuracy);
    let built = zoo::build(&plan.graph, None, std::env::var_os("CONTRACT").is_some());
    lap("compiled");
    println!(
        "{:?} {} felts {:?}",
        built.package.shapes.program,
        built.program.code_len(),
        built.compile_time
    );
    let input = plan.graph.input.encode(&calibration.rows[0]).unwrap();
    let (results, run) = zoo::run(&built.program, &input);
    lap("ran");
    println!("{} steps, equal: {}", run.steps, results == plan.graph.run(&input));
    drop(run);

    let felts: Vec<_> = input.iter().map(|&integer| Felt::from(integer)).collect();
    for _ in 0..3 {
        let start = Instant::now();
        let options = RunOptions { trace: true, ..RunOptions::default() };
        let run = built.program.run(&felts, &options).unwrap();
        let ran = start.elapsed();
        let file =
            nilometer_prover::prove(&built.program, &run, Security::DEFAULT, &|_| {}).unwrap();
        let proved = start.elapsed();
        let claim = built.program.claim(&run.output).unwrap();
        let bytes = file.to_bytes();
        let checking = Instant::now();
        nilometer_verifier::verify(&claim, &bytes, Security::DEFAULT).unwrap();
        println!(
            "{} rows: run {ran:.2?}, proof {:.2?} of {} bytes, verified in {:.2?}: {:.0} steps/s in all",
            file.rows,
            proved - ran,
            bytes.len(),
            checking.elapsed(),
            run.steps as f64 / proved.as_secs_f64()
        );
    }
}
