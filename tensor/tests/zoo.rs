//! Every model of the zoo against the reference.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::{satisfied_by, zoo};
use nilometer_tensor::compile;
use nilometer_test_support::zoo::MODELS;

#[test]
fn every_model_has_a_trace_of_its_results() {
    for name in MODELS {
        let (graph, rows) = zoo(name);
        let compiled = compile(&graph, 1).unwrap();
        println!("{name}: {} of {} rows", compiled.used_rows(), compiled.n_rows());
        let step = rows.len().div_ceil(3);
        for row in rows.iter().step_by(step) {
            satisfied_by(&compiled, std::slice::from_ref(row));
        }
    }
}
