//! What the models of the zoo cost on chain: `cargo run --release -p nilometer-tests --example gas [--json]`
//! starts a devnet, publishes every model and calls it. All names given select models.

#![allow(clippy::print_stdout, reason = "an example")]

use nilometer_tests::chain::{block_on, World};
use nilometer_tests::on_chain::{json, markdown, publish_and_call};
use nilometer_tests::zoo::MODELS;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&String> = args.iter().filter(|arg| *arg != "--json").collect();
    let wanted = |model: &&str| names.is_empty() || names.iter().any(|name| name == model);
    let costs = block_on(async {
        let world = World::start().await;
        let mut costs = Vec::new();
        for name in MODELS.into_iter().filter(wanted) {
            costs.extend(publish_and_call(&world, name, 3).await);
        }
        costs
    });
    let as_json = args.iter().any(|arg| arg == "--json");
    println!("{}", if as_json { json(&costs) } else { markdown(&costs) });
}
