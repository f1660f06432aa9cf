//! Every model of the zoo that fits on Starknet: published, paid for, executed there, disputed, and equal to
//! the reference on every row that was sent.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells its figures")]

use nilometer_tests::chain::{block_on, World};
use nilometer_tests::on_chain::{markdown, publish_and_call, Cost};
use nilometer_tests::zoo::MODELS;

#[test]
fn every_model_runs_on_chain() {
    let costs: Vec<Cost> = block_on(async {
        let world = World::start().await;
        let mut costs = Vec::new();
        for name in MODELS {
            match publish_and_call(&world, name, 3).await {
                Some(cost) => costs.push(cost),
                None => panic!("{name} does not fit"),
            }
        }
        costs
    });
    println!("{}", markdown(&costs));
    let predict = |name: &str| costs.iter().find(|cost| cost.name == name).unwrap().predict_gas_l2;
    for (name, most) in [
        ("tree_iris_dt4", 1_500_000),
        ("rockybot", 4_000_000),
        ("mlp_digits_64_128_64_10", 5_000_000),
    ] {
        assert!(predict(name) <= most, "{name}: {} L2 gas, {most} at most", predict(name));
    }
}
