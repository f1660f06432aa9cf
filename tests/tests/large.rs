//! Networks of one and of four million parameters, from ONNX to a run that equals the reference.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells its figures")]

use std::time::Instant;

use nilometer_tests::synthetic::{self, Random};
use nilometer_tests::zoo;
use nilometer_transpiler::emit::Shape;
use nilometer_transpiler::plan::{self, Calibration, PlanOptions};
use nilometer_transpiler::{onnx, passes};

fn run(widths: &[usize]) {
    let start = Instant::now();
    let graph = passes::simplify(onnx::import(&synthetic::mlp(widths)).unwrap());
    let mut random = Random::new(7);
    let rows = (0..16).map(|_| (0..widths[0]).map(|_| random.uniform()).collect()).collect();
    let calibration = Calibration { rows };
    let plan = plan::plan(&graph, Some(&calibration), &PlanOptions::default()).unwrap();
    let built = zoo::build(&plan.graph, None, false);
    assert_eq!(built.package.shapes.program, Shape::Looped);
    let input = plan.graph.input.encode(&calibration.rows[0]).unwrap();
    let (results, run) = zoo::run(&built.program, &input);
    assert_eq!(results, plan.graph.run(&input));
    println!("{widths:?}: {} steps, {:.1} s in all", run.steps, start.elapsed().as_secs_f64());
}

#[test]
fn one_million_parameters() {
    run(&[784, 1000, 200, 10]);
}

#[test]
fn four_million_parameters() {
    run(&[2048, 1600, 512, 10]);
}
