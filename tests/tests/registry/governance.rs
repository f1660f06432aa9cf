//! What the registry's owner can do, and when.

use nilometer_starknet::registry::deploy;
use nilometer_starknet::types::{Action, Rules, Scheduled};
use nilometer_starknet::{Event, Felt, Registry};
use nilometer_tests::chain::{
    block_on, model, World, ALICE, BOB, DELAY, MIN_BOND, OWNER, PUBLISHER, WINDOW,
};

const RULES: Rules = Rules { window: 4_000, min_bond: 200, gas_price: 7 };

#[test]
fn the_owner_acts_with_notice() {
    block_on(async {
        let mut world = World::start().await;
        deployment(&world).await;
        only_the_owner(&world).await;
        actions_are_announced(&world).await;
        world.renew().await;
        a_pause_is_immediate_and_short(&world).await;
        world.renew().await;
        a_pause_stops_nothing_that_is_owed(&world).await;
        world.renew().await;
        an_upgrade_is_announced(&world).await;
        world.renew().await;
        the_registry_changes_hands_in_two_steps(&world).await;
    });
}

async fn deployment(world: &World) {
    let chain = &world.node.chain;
    let settings = world.registry.settings(chain).await.unwrap();
    assert_eq!((settings.owner, settings.fee_token), (world.address(OWNER), world.token));
    assert_eq!((settings.window, settings.delay), (WINDOW, DELAY));
    assert_eq!((settings.min_bond, settings.gas_price, settings.paused), (MIN_BOND, 0, false));
    assert_eq!((settings.paused_until, settings.can_pause_from), (0, 0));
    let scheduled = world.registry.scheduled(chain).await.unwrap();
    assert_eq!(scheduled, Scheduled { action: Action::None, ready_at: 0, lapses_at: 0 });

    let (owner, token) = (world.address(OWNER), world.token);
    let hour = 3_600;
    let with = |window, delay, bond, gas_price| {
        Registry::constructor(owner, token, window, delay, bond, gas_price)
    };
    for (constructor, reason) in [
        (Registry::constructor(Felt::ZERO, token, hour, 3 * hour, 1, 0), "zero address"),
        (Registry::constructor(owner, Felt::ZERO, hour, 3 * hour, 1, 0), "zero address"),
        (with(0, 3 * hour, 1, 0), "bad settings"),
        (with(hour - 1, 3 * hour, 1, 0), "bad settings"),
        (with(hour, 3 * hour - 1, 1, 0), "bad settings"),
        (with(hour, 3 * hour, 0, 0), "bad settings"),
        (with(hour, 3 * hour, 1, 1 << 60), "bad settings"),
        (with(u64::MAX, u64::MAX, 1, 0), "bad settings"),
        (with(hour, u64::MAX, 1, 0), "bad settings"),
    ] {
        let class_hash = world.classes.registry.class_hash;
        world.fails(OWNER, deploy(class_hash, Felt::from(99), &constructor), reason).await;
    }
}

async fn only_the_owner(world: &World) {
    let registry = world.registry;
    let class_hash = world.classes.token.class_hash;
    for call in [
        registry.schedule_upgrade(class_hash),
        registry.schedule_rules(RULES),
        registry.set_rules(RULES),
        registry.cancel_scheduled(),
        registry.pause(),
        registry.unpause(),
        registry.upgrade(class_hash),
        registry.offer_registry(world.address(ALICE)),
    ] {
        world.fails(ALICE, call, "not the owner").await;
    }
    world.fails(ALICE, registry.accept_registry(), "not the offered owner").await;
    world.fails(OWNER, registry.accept_registry(), "not the offered owner").await;
    world.fails(OWNER, registry.unpause(), "registry is not paused").await;
    world.fails(OWNER, registry.cancel_scheduled(), "action not scheduled").await;
    world.fails(OWNER, registry.schedule_upgrade(Felt::ZERO), "zero class hash").await;
}

async fn actions_are_announced(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let set = || registry.set_rules(RULES);
    world.fails(OWNER, set(), "action not scheduled").await;
    let event = world.event(OWNER, registry.schedule_rules(RULES)).await;
    let action = Action::SetRules { rules: RULES };
    let Event::ActionScheduled { action: announced, ready_at } = event else { panic!("{event:?}") };
    assert_eq!(announced, action);
    let now = chain.timestamp().await.unwrap();
    assert!(ready_at > now + DELAY - 60 && ready_at <= now + DELAY, "{ready_at} {now}");
    let scheduled = registry.scheduled(chain).await.unwrap();
    let lapses_at = ready_at + DELAY;
    assert_eq!(scheduled, Scheduled { action: action.clone(), ready_at, lapses_at });
    world.fails(OWNER, set(), "too early").await;
    world.fails(OWNER, registry.schedule_rules(RULES), "action already scheduled").await;
    // What was announced is what can be done.
    let class_hash = world.classes.token.class_hash;
    world.fails(OWNER, registry.upgrade(class_hash), "action not scheduled").await;
    let event = world.event(OWNER, registry.cancel_scheduled()).await;
    assert_eq!(event, Event::ActionCancelled { action });
    world.node.pass(DELAY).await;
    world.fails(OWNER, set(), "action not scheduled").await;

    // What was not done in time is announced again.
    world.run(OWNER, registry.schedule_rules(RULES)).await;
    world.node.pass(2 * DELAY).await;
    world.fails(OWNER, set(), "announcement has lapsed").await;
    world.run(OWNER, registry.schedule_upgrade(class_hash)).await;
    world.fails(OWNER, registry.upgrade(class_hash), "too early").await;
    world.run(OWNER, registry.cancel_scheduled()).await;

    // Rules that would leave users unprotected cannot even be announced.
    for rules in [
        Rules { window: 3_599, ..RULES },
        Rules { window: DELAY / 3 + 1, ..RULES },
        Rules { min_bond: 0, ..RULES },
        Rules { gas_price: 1 << 60, ..RULES },
    ] {
        world.fails(OWNER, registry.schedule_rules(rules), "bad settings").await;
    }
    world.run(OWNER, registry.schedule_rules(RULES)).await;
    world.node.pass(DELAY).await;
    world.run(OWNER, set()).await;
    let settings = registry.settings(chain).await.unwrap();
    assert_eq!((settings.window, settings.min_bond, settings.gas_price), (4_000, 200, 7));
}

async fn a_pause_is_immediate_and_short(world: &World) {
    const PAUSE: u64 = 3 * 86_400;
    const COOLDOWN: u64 = 14 * 86_400;
    let (registry, chain) = (world.registry, &world.node.chain);
    let event = world.event(OWNER, registry.pause()).await;
    let Event::Paused { until } = event else { panic!("{event:?}") };
    let settings = registry.settings(chain).await.unwrap();
    assert!(settings.paused);
    assert_eq!((settings.paused_until, settings.can_pause_from), (until, until + COOLDOWN));
    world.fails(OWNER, registry.pause(), "too soon after the last pause").await;
    // It ends by itself, and the owner cannot start over at once. The publication mines a block with the new time.
    world.node.pass(PAUSE).await;
    world.publish(0, 0).await;
    assert!(!registry.settings(chain).await.unwrap().paused);
    world.fails(OWNER, registry.unpause(), "registry is not paused").await;
    world.fails(OWNER, registry.pause(), "too soon after the last pause").await;
    world.node.pass(COOLDOWN).await;
    world.run(OWNER, registry.pause()).await;
    // Ended early, the next one is no nearer.
    assert_eq!(world.event(OWNER, registry.unpause()).await, Event::Unpaused {});
    assert!(!registry.settings(chain).await.unwrap().paused);
    world.publish(0, 0).await;
    world.fails(OWNER, registry.unpause(), "registry is not paused").await;
    world.node.pass(COOLDOWN).await;
    world.fails(OWNER, registry.pause(), "too soon after the last pause").await;
    world.node.pass(PAUSE).await;
    world.run(OWNER, registry.pause()).await;
    assert!(registry.settings(chain).await.unwrap().paused);
}

async fn a_pause_stops_nothing_that_is_owed(world: &World) {
    let registry = world.registry;
    let (id, _) = world.publish(10, 0).await;
    let row = [Felt::ONE];
    world.run(ALICE, registry.call(id, 1, &row, 10)).await;
    for _ in 0..5 {
        world.run(ALICE, registry.claim(id, 1, &row, &[Felt::TWO], MIN_BOND)).await;
    }
    world.run(OWNER, registry.pause()).await;
    let proof = nilometer_starknet::types::ProofRecord {
        proof_hash: 1_u64.into(),
        input_hash: Felt::ONE,
        output_hash: Felt::ONE,
        security_bits: 100,
        format_version: 1,
    };
    for call in [
        registry.register(&model(0, 0), &world.rogue()),
        registry.publish(id, &world.rogue()),
        registry.call(id, 1, &row, 10),
        registry.call_batch(id, 1, &[row.to_vec()], 10),
        registry.claim(id, 1, &row, &row, MIN_BOND),
        registry.claim_batch(id, 1, &[row.to_vec()], &[row.to_vec()], MIN_BOND),
        registry.record_proof(id, 1, &proof),
    ] {
        world.fails(PUBLISHER, call, "registry is paused").await;
    }
    // Disputes go on, and everybody gets what is theirs.
    world.run(BOB, world.challenge(4, &row).await).await;
    world.run(BOB, world.contest(5).await).await;
    world.node.pass(WINDOW).await;
    world.run(BOB, world.finalize(1).await).await;
    world.run(BOB, registry.distribute(id)).await;
    world.run(BOB, registry.sweep()).await;
    assert!(registry.settings(&world.node.chain).await.unwrap().paused);
    for who in [PUBLISHER, ALICE, BOB] {
        let owed = world.balance(who).await;
        let before = world.tokens(who).await;
        assert!(owed > 0);
        world.run(who, registry.withdraw()).await;
        assert_eq!(world.tokens(who).await, before + owed);
    }
    world.run(PUBLISHER, registry.set_terms(id, 5, 5)).await;
}

async fn an_upgrade_is_announced(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let class_hash = world.classes.rogue.class_hash;
    let event = world.event(OWNER, registry.schedule_upgrade(class_hash)).await;
    let Event::ActionScheduled { action: Action::Upgrade { class_hash: announced }, .. } = event
    else {
        panic!("{event:?}")
    };
    assert_eq!(announced, class_hash);
    world.fails(OWNER, registry.upgrade(class_hash), "too early").await;
    world.node.pass(DELAY).await;
    // Another class than the announced one will not do.
    let other = world.classes.token.class_hash;
    world.fails(OWNER, registry.upgrade(other), "action not scheduled").await;
    let event = world.event(OWNER, registry.upgrade(class_hash)).await;
    assert_eq!(event, Event::Upgraded { class_hash });
    assert_eq!(chain.class_hash_at(registry.address).await.unwrap(), class_hash);
}

async fn the_registry_changes_hands_in_two_steps(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (from, to) = (world.address(OWNER), world.address(ALICE));
    let event = world.event(OWNER, registry.offer_registry(to)).await;
    assert_eq!(event, Event::RegistryOffered { to });
    assert_eq!(registry.offered_registry(chain).await.unwrap(), to);
    world.fails(BOB, registry.accept_registry(), "not the offered owner").await;
    // An offer can be taken back.
    world.run(OWNER, registry.offer_registry(Felt::ZERO)).await;
    world.fails(ALICE, registry.accept_registry(), "not the offered owner").await;
    world.run(OWNER, registry.offer_registry(to)).await;
    let event = world.event(ALICE, registry.accept_registry()).await;
    assert_eq!(event, Event::RegistryTransferred { from, to });
    assert_eq!(registry.settings(chain).await.unwrap().owner, to);
    assert_eq!(registry.offered_registry(chain).await.unwrap(), Felt::ZERO);
    world.fails(OWNER, registry.pause(), "not the owner").await;
    world.fails(ALICE, registry.accept_registry(), "not the offered owner").await;
    world.run(ALICE, registry.pause()).await;
}
