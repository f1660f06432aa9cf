//! Classes that branch on gas, and why they are refused: both attacks work on a node.
//!
//! A node goes by the version that a class says it has (the network goes by the head of the Sierra program), so a relabelled
//! class is metered in gas here.

use nilometer_cairo::purity::{is_metered, purity};
use nilometer_starknet::registry::predict;
use nilometer_starknet::types::{NewVersion, Status};
use nilometer_starknet::{Class, Event, Felt, Registry};
use nilometer_tests::chain::{
    block_on, class, model, text, World, ALICE, BOB, DELAY, MIN_BOND, OWNER, PUBLISHER, WINDOW,
};

#[test]
fn gas_decides_where_classes_are_metered() {
    block_on(async {
        let mut world = World::start().await;
        a_metered_model_answers_as_it_is_asked(&world).await;
        world.renew().await;
        a_metered_registry_lets_the_challenger_choose(&mut world).await;
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

async fn a_metered_registry_lets_the_challenger_choose(world: &mut World) {
    // The registry as a later compiler makes it: refused by `nilo registry deploy`.
    assert!(is_metered((1, 7, 0)));
    let registry = class(&metered(&world.classes.registry_json));
    let owner = world.address(OWNER);
    let constructor = Registry::constructor(owner, world.token, WINDOW, DELAY, MIN_BOND, 0);
    let address = world.node.deploy(&registry, &constructor).await.unwrap();
    world.registry = Registry::at(address);
    world.approve(ALICE, 10_000).await;
    let contract = publish(world, &class(&metered(&world.classes.miser))).await;
    let world = &*world;
    let row = [RICH.into(), Felt::ZERO, Felt::ONE];
    let answer = predict(&world.node.chain, contract, &row).await.unwrap();
    assert_eq!(answer, [Felt::from(POOR)]);
    world.run(ALICE, world.registry.claim(1, 1, &row, &answer, MIN_BOND)).await;
    // The same claim, the same row: with the gas of a call from outside it holds. An account whose class is of Sierra
    // 1.6, as devnet's are, passes 10^10 on, and it is refuted.
    let challenge = world.challenge(1, &row).await;
    assert_eq!(world.node.chain.call(&challenge).await.unwrap(), [Felt::ONE]);
    world.run(BOB, challenge).await;
    assert_eq!(world.status(1).await, Status::Refuted);
}
