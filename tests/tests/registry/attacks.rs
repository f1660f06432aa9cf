//! Classes that branch on gas, and why they are refused: the attack works on a node.
//!
//! A node goes by the version that a class says it has (the network goes by the head of the Sierra program), so a relabelled
//! class is metered in gas here.

use nilometer_cairo::purity::purity;
use nilometer_starknet::registry::predict;
use nilometer_starknet::types::{NewVersion, Status};
use nilometer_starknet::{Class, Event, Felt};
use nilometer_tests::chain::{
    block_on, class, model, text, World, ALICE, BOB, MIN_BOND, PUBLISHER,
};

#[test]
fn gas_decides_where_classes_are_metered() {
    block_on(async {
        let world = World::start().await;
        a_metered_model_answers_as_it_is_asked(&world).await;
    });
}

/// The class as one that is metered in gas.
fn metered(json: &[u8]) -> Vec<u8> {
    let mut class: serde_json::Value = serde_json::from_slice(json).unwrap();
    class["contract_class_version"] = "1.8.0".into();
    serde_json::to_vec(&class).unwrap()
}

/// Publishes the model that looks at gas; its contract.
async fn publish(world: &World, class: &Class) -> Felt {
    let version =
        NewVersion { class_hash: class.class_hash, model_hash: text("miser"), ..world.rogue() };
    world.node.accounts[PUBLISHER].declare(class).await.unwrap();
    let register = world.registry.register(&model(0, 0), &version);
    let events = world.events(&world.run(PUBLISHER, register).await);
    let contract = events.iter().find_map(|event| match event {
        Event::VersionPublished { contract, .. } => Some(*contract),
        _ => None,
    });
    contract.unwrap()
}

/// The answer when there is too little gas.
const POOR: u64 = 5;
const RICH: u64 = 17;

async fn a_metered_model_answers_as_it_is_asked(world: &World) {
    let json = metered(&world.classes.miser);
    // It makes no system call, and is not pure.
    let found = purity(&json).unwrap();
    assert!(found.system_calls.is_empty() && !found.is_pure(), "{found:?}");
    let contract = publish(world, &class(&json)).await;
    // Asked directly, it has less gas than what a 2.8 registry gives to everything beneath it.
    let row = [RICH.into(), Felt::ZERO, Felt::ONE];
    let answer = predict(&world.node.chain, contract, &row).await.unwrap();
    assert_eq!(answer, [Felt::from(POOR)]);
    world.run(ALICE, world.registry.claim(1, 1, &row, &answer, MIN_BOND)).await;
    world.run(BOB, world.challenge(1, &row).await).await;
    assert_eq!(world.status(1).await, Status::Refuted, "the claim was what the model answers");
}
