//! What verifying a proof of each model of the zoo costs on chain:
//! `cargo run --release -p nilometer-tests --example verify_gas [MODEL…]` starts a devnet, declares the verifier and
//! sends it one proof of each model. `BATCH=n` proves n rows at once, `LEVEL=128` proves 128 bits.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::time::Instant;

use nilometer_cairo::compile_contract;
use nilometer_stark::Level;
use nilometer_starknet::registry::call;
use nilometer_tests::chain::{block_on, Node};
use nilometer_tests::model_proofs::{model_key, verifier, Proved};
use nilometer_tests::zoo::{Model, MODELS};
use nilometer_transpiler::quant::PlanOptions;

fn main() {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |model: &&str| names.is_empty() || names.iter().any(|name| name == model);
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
        let address = node.deploy(&verifier().class(), &[]).await.unwrap();
        for name in MODELS.into_iter().filter(wanted) {
            let model = Model::load(name);
            let graph = model.plan(&PlanOptions::default()).graph;
            let key = model_key(&graph, batch);
            let rows = model.inputs.iter().cycle().take(batch);
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
    });
}
