//! What verifying a proof of each model of the zoo costs on chain:
//! `cargo run --release -p nilometer-tests --example verify_gas [MODEL…]` starts a devnet, declares the verifier and
//! sends it one proof of each model. `BATCH=n` proves n rows at once, `LEVEL=128` proves 128 bits. A name such as
//! `784,1000,200,10` is a network of these widths with random weights.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::time::Instant;

use nilometer_cairo::compile_contract;
use nilometer_stark::Level;
use nilometer_starknet::registry::call;
use nilometer_tests::chain::{block_on, Node};
use nilometer_tests::model_proofs::{model_key, verifier, Proved};
use nilometer_tests::synthetic::{self, Random};
use nilometer_tests::zoo::{Model, MODELS};
use nilometer_transpiler::plan::{self, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::{onnx, passes};

/// What is left of a transaction's 5,000 felts of calldata, which begins with the account's list of calls.
const MAX_CALLDATA: usize = 4_990;

/// A model and rows for it.
fn model(name: &str) -> (QuantGraph, Vec<Vec<f64>>) {
    let widths: Result<Vec<usize>, _> = name.split(',').map(str::parse).collect();
    let Ok(widths) = widths else {
        let model = Model::load(name);
        return (model.plan(&PlanOptions::default()).graph, model.inputs);
    };
    let graph = passes::simplify(onnx::import(&synthetic::mlp(&widths)).unwrap());
    let mut random = Random::new(7);
    let rows = (0..32).map(|_| (0..widths[0]).map(|_| random.uniform()).collect()).collect();
    let calibration = Calibration { rows };
    let graph = plan::plan(&graph, Some(&calibration), &PlanOptions::default()).unwrap().graph;
    (graph, calibration.rows)
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { MODELS.map(String::from).to_vec() } else { names };
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse().ok());
    let batch: usize = number("BATCH").unwrap_or(1);
    let level = Level::from_bits(number("LEVEL").unwrap_or(100) as u32).unwrap();
    let compiled = compile_contract(&verifier().class_json).unwrap();
    println!(
        "Class: {} felts of bytecode, {} of Sierra, {} bytes.\n",
        compiled.bytecode_len, compiled.sierra_len, compiled.class_len
    );
    println!(
        "| model | rows | prove, ms | proof, felts | calldata, felts | transaction, L2 gas | Cairo steps |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    block_on(async {
        let node = Node::start().await;
        let declared = node.accounts[0].declare(&verifier().class()).await.unwrap();
        let address = node.deploy(&verifier().class(), &[]).await.unwrap();
        for name in names {
            let (graph, inputs) = model(&name);
            let key = model_key(&graph, batch);
            let rows = inputs.iter().cycle().take(batch);
            let rows: Vec<_> = rows.map(|row| graph.input.encode(row).unwrap()).collect();
            let times = (0..3).map(|_| {
                let start = Instant::now();
                let proved = Proved::new(&key, &rows, level);
                (start.elapsed().as_millis(), proved)
            });
            let mut times: Vec<_> = times.collect();
            times.sort_by_key(|(time, _)| *time);
            let (time, proved) = times.swap_remove(1);
            let arguments = proved.arguments();
            if arguments.len() > MAX_CALLDATA {
                println!(
                    "| {name} | {} | {time} | {} | {} | too long for a transaction | {} |",
                    proved.key.n_rows,
                    proved.felts().len(),
                    arguments.len(),
                    verifier().run_steps(&arguments),
                );
                continue;
            }
            let steps = verifier().run_steps(&arguments);
            let sent = node.accounts[1].execute(vec![call(address, "verify", arguments.clone())]);
            let receipt = sent.await.unwrap_or_else(|error| panic!("{name}: {error}"));
            println!(
                "| {name} | {} | {time} | {} | {} | {:.1}M | {steps} |",
                proved.key.n_rows,
                proved.felts().len(),
                arguments.len(),
                receipt.fee.gas_l2 as f64 / 1e6,
            );
        }
        let declared = declared.map_or(0, |receipt| receipt.fee.gas_l2);
        println!("\nDeclaring the class: {:.0}M.", declared as f64 / 1e6);
    });
}
