//! Figures of model proofs: `cargo run --release -p nilometer-tensor --example figures [MODEL…]`.
//!
//! For each model of the zoo: rows of the trace, time to compile it and to make its key, medians of proving and of
//! verifying, size of the proof. `BATCH=n` proves n rows at once, `LEVEL=128` proves 128 bits, `TARGET=starknet` makes
//! proofs for contracts.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a report for a person")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nilometer_stark::hash::WORD;
use nilometer_stark::prove::ProverHash;
use nilometer_stark::{Blake3, Level, Poseidon, Target};
use nilometer_tensor::{compile, ModelKey};
use nilometer_tensor_air::verify;
use nilometer_test_support::zoo::rows;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::{onnx, passes};

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() {
        ["rockybot", "mlp_digits_64_128_64_10", "mlp_scale_60k", "tree_digits_rf100_d10"]
            .map(String::from)
            .to_vec()
    } else {
        names
    };
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let batch = number("BATCH").unwrap_or(1);
    let level = Level::from_bits(number("LEVEL").unwrap_or(100) as u32).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/zoo");
    for name in names {
        let file = |suffix: &str| folder.join(format!("{name}{suffix}"));
        let float = passes::simplify(onnx::import(&fs::read(file(".onnx")).unwrap()).unwrap());
        let inputs = rows(&file("_inputs.npy"));
        let own = file("_calibration.npy");
        let calibration = if own.exists() { rows(&own) } else { inputs.clone() };
        let calibration = Calibration { rows: calibration };
        let graph = plan(&float, Some(&calibration), &PlanOptions::default()).unwrap().graph;
        let encoded: Vec<_> =
            inputs.iter().cycle().take(batch).map(|row| graph.input.encode(row).unwrap()).collect();
        if std::env::var("TARGET").is_ok_and(|target| target == "starknet") {
            report::<Poseidon>(&name, &graph, &encoded, level, Target::Starknet);
        } else {
            report::<Blake3>(&name, &graph, &encoded, level, Target::Native);
        }
    }
}

fn report<H: ProverHash>(
    name: &str,
    graph: &QuantGraph,
    encoded: &[Vec<i128>],
    level: Level,
    target: Target,
) {
    let start = Instant::now();
    let compiled = compile(graph, encoded.len()).unwrap();
    let compile_ms = start.elapsed().as_secs_f64() * 1e3;
    let (used, n_rows) = (compiled.used_rows(), compiled.n_rows());
    let start = Instant::now();
    let key = ModelKey::<H>::new(compiled, target).unwrap();
    let key_ms = start.elapsed().as_secs_f64() * 1e3;
    let (mut prove, mut check, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..5 {
        let start = Instant::now();
        let (instance, proof) = key.prove(encoded, level, &|_| {}).unwrap();
        prove.push(start.elapsed());
        bytes = proof.len();
        let start = Instant::now();
        verify::<H>(key.key(), instance, level, &proof).unwrap();
        check.push(start.elapsed());
    }
    println!(
        "{name}: {used} of {n_rows} rows, compile {compile_ms:.0} ms, key {key_ms:.0} ms, \
         prove {:.1} ms, verify {:.1} ms, {bytes} bytes, {} words",
        median(prove),
        median(check),
        bytes / WORD,
    );
}
