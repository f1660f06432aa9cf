//! Paid calls: exact, atomic, and safe from what they call.

use nilometer_starknet::types::{Change, NewModel, NewVersion, Share};
use nilometer_starknet::{Event, Felt};
use nilometer_tests::chain::{
    block_on, model, text, World, ALICE, BOB, CAROL, FUNDS, MIN_BOND, OWNER, PUBLISHER,
};

#[test]
fn calls_are_paid_and_executed() {
    block_on(async {
        let mut world = World::start().await;
        a_call_is_paid(&world).await;
        batches_are_all_or_nothing(&world).await;
        a_free_model_moves_no_token(&world).await;
        world.renew().await;
        the_caller_agrees_to_the_price(&world).await;
        payment_is_exact(&world).await;
        world.renew().await;
        models_that_misbehave(&world).await;
        world.renew().await;
        nobody_calls_back(&world).await;
        world.renew().await;
        revenue_is_shared_without_dust(&world).await;
        world.renew().await;
        amounts_at_the_extremes(&world).await;
    });
}

async fn a_call_is_paid(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(10, 0).await;
    let row = [Felt::from(20), -Felt::from(3)];
    let event = world.event(ALICE, registry.call(id, 1, &row, 10)).await;
    let Event::Called { model_id: 1, caller, version: 1, call_id: 1, price: 10, output, .. } =
        event
    else {
        panic!("{event:?}")
    };
    assert_eq!((caller, output), (world.address(ALICE), vec![Felt::from(17)]));
    assert_eq!(world.tokens(ALICE).await, FUNDS - 10);
    assert_eq!(world.tokens_of(registry.address).await, 10);
    let model = registry.model(chain, id).await.unwrap();
    assert_eq!((model.n_calls, model.revenue, model.undistributed), (1, 10, 10));
    let totals = registry.totals(chain).await.unwrap();
    assert_eq!((totals.n_calls, totals.held), (1, 10));
    // The owner's own calls are counted apart: they say nothing about demand.
    world.run(PUBLISHER, registry.call(id, 1, &row, 10)).await;
    let model = registry.model(chain, id).await.unwrap();
    assert_eq!((model.n_calls, model.n_own_calls, model.revenue), (2, 1, 20));
    // Revenue is pulled.
    world.fails(PUBLISHER, registry.withdraw(), "nothing to withdraw").await;
    let account = world.address(PUBLISHER);
    let event = world.event(CAROL, registry.distribute(id)).await;
    assert_eq!(event, Event::Credited { account, amount: 20 });
    assert_eq!(world.balance(PUBLISHER).await, 20);
    let event = world.event(PUBLISHER, registry.withdraw()).await;
    assert_eq!(event, Event::Withdrawn { account, amount: 20 });
    assert_eq!(world.tokens(PUBLISHER).await, FUNDS + 10);
    assert_eq!(world.tokens_of(registry.address).await, 0);
    world.fails(PUBLISHER, registry.withdraw(), "nothing to withdraw").await;
    assert_eq!(world.events(&world.run(CAROL, registry.distribute(id)).await), []);
}

async fn batches_are_all_or_nothing(world: &World) {
    let registry = world.registry;
    let rows: Vec<Vec<Felt>> = (1..=3_u64).map(|i| vec![i.into(), Felt::ONE]).collect();
    let before = world.tokens(ALICE).await;
    let receipt = world.run(ALICE, registry.call_batch(1, 1, &rows, 10)).await;
    let outputs: Vec<_> = world
        .events(&receipt)
        .into_iter()
        .map(|event| match event {
            Event::Called { call_id, output, price: 10, .. } => (call_id, output),
            event => panic!("{event:?}"),
        })
        .collect();
    let expected: Vec<_> = (1..=3_u64).map(|i| (i + 2, vec![Felt::from(i + 1)])).collect();
    assert_eq!(outputs, expected);
    assert_eq!(world.tokens(ALICE).await, before - 30);
    world.fails(ALICE, registry.call_batch(1, 1, &[], 10), "bad batch").await;
    let many = vec![vec![Felt::ONE]; 65];
    world.fails(ALICE, registry.call_batch(1, 1, &many, 10), "bad batch").await;
    world.run(ALICE, registry.call_batch(1, 1, &many[1..], 10)).await;
    assert_eq!(world.tokens(ALICE).await, before - 30 - 640);
    let long = vec![Felt::ZERO; 4_097];
    world.fails(ALICE, registry.call(1, 1, &long, 10), "row too long").await;
    world.run(ALICE, registry.call(1, 1, &long[1..], 10)).await;
}

async fn a_free_model_moves_no_token(world: &World) {
    let registry = world.registry;
    let (id, _) = world.publish(0, 0).await;
    // Not even a token that refuses everything stands in the way.
    world.token_manners("false", 0).await;
    world.run(CAROL, registry.call(id, 1, &[Felt::ONE], 0)).await;
    world.token_manners("", 0).await;
    let model = registry.model(&world.node.chain, id).await.unwrap();
    assert_eq!((model.n_calls, model.revenue), (1, 0));
}

async fn the_caller_agrees_to_the_price(world: &World) {
    let registry = world.registry;
    let (id, _) = world.publish(10, 0).await;
    let row = [Felt::ONE];
    // The price may rise between signing and execution.
    world.announce(id, &Change::Price { price: 11 }).await;
    world.run(PUBLISHER, registry.set_terms(id, 11, 0)).await;
    let reason = "price above the maximum";
    world.fails(ALICE, registry.call(id, 1, &row, 10), reason).await;
    world.fails(ALICE, registry.call_batch(id, 1, &[row.to_vec()], 10), reason).await;
    world.run(ALICE, registry.call(id, 1, &row, 11)).await;
    for version in [0, 2] {
        world.fails(ALICE, registry.call(id, version, &row, 11), "no such version").await;
    }
}

async fn payment_is_exact(world: &World) {
    let registry = world.registry;
    let row = [Felt::ONE];
    let call = || registry.call(1, 1, &row, 11);
    let before = (world.tokens(ALICE).await, world.tokens_of(registry.address).await);
    // Nothing approved.
    world.fails(5, call(), "allowance too small").await;
    // Approved, but not there.
    world.approve(ALICE, u128::MAX).await;
    world.announce(1, &Change::Price { price: FUNDS * 2 }).await;
    world.run(PUBLISHER, registry.set_terms(1, FUNDS * 2, 0)).await;
    world.fails(ALICE, registry.call(1, 1, &row, FUNDS * 2), "balance too small").await;
    world.run(PUBLISHER, registry.set_terms(1, 11, 0)).await;
    for (manners, reason) in
        [("false", "fee token refused"), ("fee", "fee token moved another amount")]
    {
        world.token_manners(manners, 1).await;
        world.fails(ALICE, call(), reason).await;
        let claim = registry.claim(1, 1, &row, &row, MIN_BOND);
        world.fails(ALICE, claim, reason).await;
        if manners == "false" {
            world.token_manners("", 1).await;
            world.run(PUBLISHER, registry.distribute(1)).await;
            world.token_manners(manners, 1).await;
            world.fails(PUBLISHER, registry.withdraw(), reason).await;
        }
    }
    world.token_manners("", 1).await;
    let after = (world.tokens(ALICE).await, world.tokens_of(registry.address).await);
    assert_eq!(before, after, "failures move nothing");
    assert_eq!(world.balance(PUBLISHER).await, 11, "what is owed is still owed");
    world.run(PUBLISHER, registry.withdraw()).await;
    world.run(ALICE, call()).await;
}

async fn models_that_misbehave(world: &World) {
    let registry = world.registry;
    let (id, contract) = world.publish(10, 0).await;
    let row = [Felt::ONE];
    let before = world.tokens(ALICE).await;
    for (manners, reason) in
        [("fail", "model failed"), ("refuse", "input out of range"), ("long", "row too long")]
    {
        world.model_manners(contract, manners).await;
        world.fails(ALICE, registry.call(id, 1, &row, 10), reason).await;
    }
    world.model_manners(contract, "burn").await;
    assert!(world.try_run(ALICE, registry.call(id, 1, &row, 10)).await.is_err());
    let garbage = NewVersion {
        class_hash: world.classes.garbage.class_hash,
        model_hash: text("garbage"),
        ..world.rogue()
    };
    world.run(PUBLISHER, registry.publish(id, &garbage)).await;
    world.fails(ALICE, registry.call(id, 2, &row, 10), "malformed model output").await;
    assert_eq!(world.tokens(ALICE).await, before, "a call that fails costs nothing but gas");
    assert_eq!(registry.model(&world.node.chain, id).await.unwrap().n_calls, 0);
    // The registry lives on.
    world.model_manners(contract, "").await;
    world.run(ALICE, registry.call(id, 1, &row, 10)).await;
}

async fn nobody_calls_back(world: &World) {
    let registry = world.registry;
    let (id, contract) = world.publish(10, 0).await;
    let row = [Felt::ONE];
    world.run(ALICE, registry.claim(id, 1, &row, &[Felt::ONE], MIN_BOND)).await;
    let reason = "reentrant call";
    for manners in ["call", "withdraw", "challenge"] {
        world.model_manners(contract, manners).await;
        world.fails(ALICE, registry.call(id, 1, &row, 10), reason).await;
    }
    // A model that calls back cannot answer, so no challenge settles anything.
    world.model_manners(contract, "challenge").await;
    let challenge = world.challenge(1, &row).await;
    world.fails(BOB, challenge, "execution is inconclusive").await;
    world.model_manners(contract, "").await;
    world.run(ALICE, registry.call(id, 1, &row, 10)).await;
    for manners in ["call", "withdraw", "finalize", "distribute"] {
        world.token_manners(manners, id).await;
        world.fails(ALICE, registry.call(id, 1, &row, 10), reason).await;
        world.fails(ALICE, registry.claim(id, 1, &row, &row, MIN_BOND), reason).await;
        world.fails(BOB, world.contest(1).await, reason).await;
    }
    world.token_manners("", id).await;
    world.run(PUBLISHER, registry.distribute(id)).await;
    world.token_manners("withdraw", id).await;
    world.fails(PUBLISHER, registry.withdraw(), reason).await;
    world.token_manners("", id).await;
    world.run(PUBLISHER, registry.withdraw()).await;
    assert_eq!(world.balance(PUBLISHER).await, 0);
    // Nor while burnt units are swept.
    world.run(ALICE, registry.claim(id, 1, &row, &[Felt::TWO], MIN_BOND)).await;
    let challenge = world.challenge(2, &row).await;
    world.run(BOB, challenge).await;
    world.token_manners("withdraw", id).await;
    world.fails(CAROL, registry.sweep(), reason).await;
    world.token_manners("", id).await;
    world.run(CAROL, registry.sweep()).await;
}

async fn revenue_is_shared_without_dust(world: &World) {
    let registry = world.registry;
    let (id, _) = world.publish(7, 0).await;
    let row = [Felt::ONE];
    let share = |who: usize, basis_points| Share { holder: world.address(who), basis_points };
    world.run(ALICE, registry.call(id, 1, &row, 7)).await;
    // What was earned before is the owner's alone.
    let shares = [share(BOB, 3_334), share(CAROL, 3_333), share(OWNER, 3_333)];
    let events = world.events(&world.run(PUBLISHER, registry.set_shares(id, &shares)).await);
    let account = world.address(PUBLISHER);
    assert_eq!(events[0], Event::Credited { account, amount: 7 });
    for _ in 0..3 {
        world.run(ALICE, registry.call(id, 1, &row, 7)).await;
    }
    world.run(ALICE, registry.distribute(id)).await;
    // 21 in all: 6 and 6, and the first holder has what does not divide.
    let balances = [BOB, CAROL, OWNER].map(|who| world.balance(who));
    let [bob, carol, owner] = balances;
    assert_eq!((bob.await, carol.await, owner.await), (9, 6, 6));
    assert_eq!(world.tokens_of(registry.address).await, 28);
    // Anyone may pay a holder: some are contracts that cannot ask.
    for (who, amount) in [(PUBLISHER, 7), (BOB, 9), (CAROL, 6), (OWNER, 6)] {
        let event = world.event(ALICE, registry.withdraw_for(world.address(who))).await;
        assert_eq!(event, Event::Withdrawn { account: world.address(who), amount });
    }
    assert_eq!(world.tokens_of(registry.address).await, 0);
    assert_eq!(registry.totals(&world.node.chain).await.unwrap().held, 0);
}

async fn amounts_at_the_extremes(world: &World) {
    let registry = world.registry;
    let new = NewModel { price: u128::MAX, bond: u128::MAX, ..model(0, 0) };
    world.run(PUBLISHER, registry.register(&new, &world.rogue())).await;
    let row = [Felt::ONE];
    world.approve(ALICE, u128::MAX).await;
    let mint = vec![world.address(ALICE), (u128::MAX - FUNDS).into(), Felt::ZERO];
    world.run(OWNER, nilometer_starknet::registry::call(world.token, "mint", mint)).await;
    // Two prices are more than 128 bits.
    let rows = [row.to_vec(), row.to_vec()];
    world.fails(ALICE, registry.call_batch(1, 1, &rows, u128::MAX), "u128_mul Overflow").await;
    world.run(ALICE, registry.call(1, 1, &row, u128::MAX)).await;
    assert_eq!(world.tokens(ALICE).await, 0);
    // The books are full: nothing more is taken, and nothing is lost.
    let (free, _) = world.publish(1, 0).await;
    world.fails(BOB, registry.call(free, 1, &row, 1), "u128_add Overflow").await;
    world.fails(BOB, registry.claim(free, 1, &row, &row, MIN_BOND), "u128_add Overflow").await;
    let shares = [
        Share { holder: world.address(BOB), basis_points: 1 },
        Share { holder: world.address(CAROL), basis_points: 9_999 },
    ];
    world.run(PUBLISHER, registry.distribute(1)).await;
    assert_eq!(world.balance(PUBLISHER).await, u128::MAX);
    world.run(PUBLISHER, registry.set_shares(1, &shares)).await;
    let withdrawn = world.try_run(PUBLISHER, registry.withdraw()).await;
    // The publisher's own million is on top of it: the token counts in 256 bits.
    withdrawn.unwrap();
    assert_eq!(registry.totals(&world.node.chain).await.unwrap().held, 0);
    // Statistics that are full stop nobody's money.
    world.run(PUBLISHER, registry.set_terms(1, FUNDS, 0)).await;
    world.run(CAROL, registry.call(1, 1, &row, FUNDS)).await;
    world.run(CAROL, registry.distribute(1)).await;
    assert_eq!(world.balance(BOB).await, 100);
    assert_eq!(world.balance(CAROL).await, FUNDS - 100);
    assert_eq!(registry.model(&world.node.chain, 1).await.unwrap().revenue, u128::MAX);
}
