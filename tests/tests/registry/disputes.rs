//! The dispute game, with honest and lying sides.

use nilometer_starknet::types::{Claim, NewVersion, ProofRecord, Rules, Status};
use nilometer_starknet::{Event, Felt};
use nilometer_tests::chain::{
    block_on, text, World, ALICE, BOB, CAROL, DELAY, FUNDS, MIN_BOND, OWNER, PUBLISHER, WINDOW,
};

/// A row, and what the tests' model answers.
const ROW: [Felt; 2] = [Felt::TWO, Felt::THREE];
const BOND: u128 = 1_001;

#[test]
fn lies_are_refuted_and_the_truth_stands() {
    block_on(async {
        let mut world = World::start().await;
        a_lie_is_refuted(&world).await;
        world.renew().await;
        the_truth_is_upheld(&world).await;
        world.renew().await;
        silence_makes_final(&world).await;
        world.renew().await;
        a_contest_wants_execution(&world).await;
        world.renew().await;
        models_that_cannot_be_executed(&world).await;
        world.renew().await;
        too_little_gas_refutes_nobody(&world).await;
        world.renew().await;
        claims_of_several_rows(&world).await;
        world.renew().await;
        claims_have_rules(&world).await;
        world.renew().await;
        bonds_follow_what_a_challenge_costs(&world).await;
        world.renew().await;
        what_is_burnt_is_swept(&world).await;
        world.renew().await;
        long_rows_are_told_in_parts(&world).await;
        world.renew().await;
        proofs_are_recorded(&world).await;
    });
}

fn truth() -> Vec<Felt> {
    vec![Felt::from(5)]
}

async fn claim(world: &World, output: &[Felt]) -> u64 {
    let call = world.registry.claim(1, 1, &ROW, output, BOND);
    let events = world.events(&world.run(ALICE, call).await);
    match events.as_slice() {
        [Event::Claimed { claim_id, .. }, Event::ClaimInput { row: 0, .. }] => *claim_id,
        events => panic!("{events:?}"),
    }
}

/// Nothing is held but what is owed or burnt.
async fn nothing_is_held_but(world: &World, burnt: u128) {
    for who in [ALICE, BOB, CAROL] {
        if world.balance(who).await != 0 {
            world.run(who, world.registry.withdraw()).await;
        }
    }
    let totals = world.registry.totals(&world.node.chain).await.unwrap();
    assert_eq!((totals.held, totals.burnt), (burnt, burnt));
    assert_eq!(world.tokens_of(world.registry.address).await, burnt);
}

async fn a_lie_is_refuted(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    world.publish(0, 0).await;
    let receipt = world.run(ALICE, registry.claim(1, 1, &ROW, &[Felt::from(6)], BOND)).await;
    let events = world.events(&receipt);
    let [Event::Claimed {
        claim_id: 1,
        model_id: 1,
        claimant,
        version: 1,
        bond: BOND,
        stake: MIN_BOND,
        deadline,
        n_rows: 1,
        input_hash,
        output,
    }, Event::ClaimInput { claim_id: 1, row: 0, offset: 0, part }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((*claimant, output), (world.address(ALICE), &vec![Felt::from(6)]));
    assert_eq!(part, &ROW);
    let now = chain.timestamp().await.unwrap();
    assert!(*deadline > now + WINDOW - 60 && *deadline <= now + WINDOW);
    let record = world.record(1).await;
    let claim = record.claim;
    assert_eq!((record.status, claim.deadline, claim.bond), (Status::Open, *deadline, BOND));
    assert_eq!((claim.rows[0].input_hash, claim.stake), (*input_hash, MIN_BOND));
    assert_eq!((record.inputs, record.outputs), (vec![ROW.to_vec()], vec![vec![Felt::from(6)]]));
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND);

    let challenge = |claim: &Claim, row, input: &[Felt]| registry.challenge(1, claim, row, input);
    world.fails(BOB, challenge(&claim, 0, &[Felt::TWO]), "input is not the claimed one").await;
    world.fails(BOB, challenge(&claim, 1, &ROW), "no such row").await;
    world.fails(BOB, registry.contest(1, &claim, 1), "no such row").await;
    world.fails(BOB, registry.finalize(1, &claim), "challenge window is open").await;
    // Any other claim than this one, as it is now, is refused.
    let wrong = [
        Claim { bond: BOND + 1, ..claim.clone() },
        Claim { claimant: world.address(BOB), ..claim.clone() },
        Claim { deadline: 0, ..claim.clone() },
        Claim { rows: [claim.rows.clone(), claim.rows.clone()].concat(), ..claim.clone() },
    ];
    for wrong in wrong {
        let reason = "not the claim as it is now";
        world.fails(BOB, challenge(&wrong, 0, &ROW), reason).await;
        world.fails(BOB, registry.contest(1, &wrong, 0), reason).await;
        world.fails(BOB, registry.finalize(1, &wrong), reason).await;
    }
    let events = world.events(&world.run(BOB, challenge(&claim, 0, &ROW)).await);
    let challenger = world.address(BOB);
    // Half is burnt, rounded up.
    let [Event::Refuted {
        claim_id: 1,
        challenger: who,
        row: 0,
        reward: 500,
        burnt: 501,
        refused: false,
        output_hash,
    }, Event::Credited { account, amount: 500 }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((*who, *account), (challenger, challenger));
    assert_ne!(*output_hash, claim.rows[0].output_hash);
    assert_eq!(world.status(1).await, Status::Refuted);
    // Settled is settled.
    world.fails(BOB, challenge(&claim, 0, &ROW), "claim is settled").await;
    world.fails(BOB, registry.contest(1, &claim, 0), "claim is settled").await;
    world.node.pass(WINDOW).await;
    world.fails(ALICE, registry.finalize(1, &claim), "claim is settled").await;
    nothing_is_held_but(world, 501).await;
    assert_eq!(world.tokens(BOB).await, FUNDS + 500);
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND);

    // Liars who challenge themselves lose half.
    self::claim(world, &[Felt::from(6)]).await;
    world.run(ALICE, world.challenge(2, &ROW).await).await;
    nothing_is_held_but(world, 1_002).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND - 501);
}

async fn the_truth_is_upheld(world: &World) {
    world.publish(0, 0).await;
    claim(world, &truth()).await;
    let events = world.events(&world.run(BOB, world.challenge(1, &ROW).await).await);
    let challenger = world.address(BOB);
    let upheld = Event::Upheld { claim_id: 1, challenger, reward: 0, burnt: 0 };
    let credited = Event::Credited { account: world.address(ALICE), amount: BOND };
    assert_eq!(events, [upheld, credited]);
    assert_eq!(world.status(1).await, Status::Upheld);
    nothing_is_held_but(world, 0).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS, "an honest claimant loses nothing");
    // An empty answer and an answer that begins alike are other answers.
    for lie in [vec![], vec![Felt::from(5), Felt::ZERO], vec![-Felt::from(5)]] {
        let id = claim(world, &lie).await;
        world.run(BOB, world.challenge(id, &ROW).await).await;
        assert_eq!(world.status(id).await, Status::Refuted);
    }
}

async fn silence_makes_final(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    claim(world, &truth()).await;
    claim(world, &[Felt::from(6)]).await;
    claim(world, &truth()).await;
    world.node.pass(WINDOW - 120).await;
    world.fails(ALICE, world.finalize(1).await, "challenge window is open").await;
    world.node.pass(120).await;
    // A claim can be objected to until somebody finalises it: the network may have stood still.
    world.run(BOB, world.challenge(2, &ROW).await).await;
    assert_eq!(world.status(2).await, Status::Refuted);
    world.run(BOB, world.contest(3).await).await;
    assert_eq!(world.status(3).await, Status::Contested);
    world.fails(ALICE, world.finalize(3).await, "challenge window is open").await;
    world.run(ALICE, world.challenge(3, &ROW).await).await;
    // Anyone may settle; the bond is the claimant's.
    let events = world.events(&world.run(CAROL, world.finalize(1).await).await);
    let credited = Event::Credited { account: world.address(ALICE), amount: BOND };
    assert_eq!(events, [Event::Finalized { claim_id: 1 }, credited]);
    assert_eq!(world.status(1).await, Status::Final);
    let claim = world.record(1).await.claim;
    world.fails(CAROL, registry.finalize(1, &claim), "claim is settled").await;
    world.fails(BOB, registry.challenge(1, &claim, 0, &ROW), "claim is settled").await;
    world.fails(BOB, registry.contest(1, &claim, 0), "claim is settled").await;
    nothing_is_held_but(world, 501 + 50).await;
}

async fn a_contest_wants_execution(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    // Against the truth: the contester pays. The stake is the least bond, however large the claimant's is.
    claim(world, &truth()).await;
    world.node.pass(WINDOW - 120).await;
    let before = world.record(1).await.claim;
    let event = world.event(BOB, world.contest(1).await).await;
    let Event::Contested { claim_id: 1, contester, row: 0, deadline } = event else {
        panic!("{event:?}")
    };
    assert_eq!(contester, world.address(BOB));
    assert!(deadline > world.node.chain.timestamp().await.unwrap() + WINDOW - 60);
    let record = world.record(1).await;
    assert_eq!((record.status, record.claim.deadline), (Status::Contested, deadline));
    assert_eq!(world.tokens(BOB).await, FUNDS - MIN_BOND);
    world.fails(CAROL, world.contest(1).await, "claim is contested").await;
    // The claim as it was before does not do any more.
    world.fails(CAROL, registry.challenge(1, &before, 0, &ROW), "not the claim as it is now").await;
    world.node.pass(WINDOW - 120).await;
    world.fails(ALICE, world.finalize(1).await, "challenge window is open").await;
    let events = world.events(&world.run(ALICE, world.challenge(1, &ROW).await).await);
    let challenger = world.address(ALICE);
    let upheld = Event::Upheld { claim_id: 1, challenger, reward: 50, burnt: 50 };
    assert_eq!(events, [upheld, Event::Credited { account: challenger, amount: BOND + 50 }]);
    nothing_is_held_but(world, 50).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS + 50);

    // Against a lie: the account that brings the execution is paid, the contester has the stake back. A liar's friend who
    // contests first saves nothing.
    claim(world, &[Felt::from(6)]).await;
    world.run(BOB, world.contest(2).await).await;
    let before = world.tokens(BOB).await;
    world.run(CAROL, world.challenge(2, &ROW).await).await;
    assert_eq!((world.balance(CAROL).await, world.balance(BOB).await), (500, MIN_BOND));
    nothing_is_held_but(world, 551).await;
    assert_eq!(world.tokens(BOB).await, before + MIN_BOND);

    // Nobody brings it: the claim says nothing, and both lose as much.
    claim(world, &truth()).await;
    world.run(BOB, world.contest(3).await).await;
    world.node.pass(WINDOW).await;
    let events = world.events(&world.run(CAROL, world.finalize(3).await).await);
    let back = |who: usize, amount| Event::Credited { account: world.address(who), amount };
    let voided = Event::Voided { claim_id: 3, burnt: 100 };
    assert_eq!(events, [voided, back(ALICE, BOND - 50), back(BOB, 50)]);
    assert_eq!(world.status(3).await, Status::Void);
    nothing_is_held_but(world, 651).await;
}

/// Rows `n, 0`, and results that are true or not.
fn rows(truths: &[bool]) -> (Vec<Vec<Felt>>, Vec<Vec<Felt>>) {
    let inputs = (0..truths.len()).map(|n| vec![Felt::from(n), Felt::ZERO]).collect();
    let output = |(n, is_true): (usize, &bool)| vec![Felt::from(if *is_true { n } else { n + 1 })];
    (inputs, truths.iter().enumerate().map(output).collect())
}

async fn claims_of_several_rows(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    let claim = |truths: &[bool]| {
        let (inputs, outputs) = rows(truths);
        registry.claim_batch(1, 1, &inputs, &outputs, BOND)
    };
    let challenge = |id: u64, row: u32| async move {
        let record = world.record(id).await;
        registry.challenge(id, &record.claim, row, &record.inputs[row as usize])
    };
    // One bond for all of them, and one false row loses it.
    world.run(ALICE, claim(&[true, true, false])).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND);
    let (inputs, outputs) = rows(&[true, true, false]);
    let record = world.record(1).await;
    assert_eq!((record.inputs, record.outputs), (inputs, outputs));
    // A true row settles nothing: a liar's friend would bring it.
    for row in [0, 1] {
        world.fails(BOB, challenge(1, row).await, "the row holds").await;
    }
    let record = world.record(1).await;
    let other = registry.challenge(1, &record.claim, 2, &record.inputs[1]);
    world.fails(BOB, other, "input is not the claimed one").await;
    let events = world.events(&world.run(BOB, challenge(1, 2).await).await);
    assert!(matches!(events[0], Event::Refuted { row: 2, reward: 500, .. }), "{events:?}");
    nothing_is_held_but(world, 501).await;

    // A contested row that holds opens the claim again, for a whole window: the friend cannot run out the clock.
    world.run(ALICE, claim(&[true, false])).await;
    world.run(BOB, registry.contest(2, &world.record(2).await.claim, 0)).await;
    world.fails(CAROL, world.contest(2).await, "claim is contested").await;
    world.node.pass(2 * WINDOW).await;
    let events = world.events(&world.run(BOB, challenge(2, 0).await).await);
    let Event::RowUpheld { claim_id: 2, row: 0, deadline, reward: 50, burnt: 50, .. } = events[0]
    else {
        panic!("{events:?}")
    };
    let now = world.node.chain.timestamp().await.unwrap();
    assert!(deadline > now + WINDOW - 60, "{deadline} {now}");
    assert_eq!(world.status(2).await, Status::Open);
    world.fails(ALICE, world.finalize(2).await, "challenge window is open").await;
    world.run(CAROL, challenge(2, 1).await).await;
    assert_eq!(world.status(2).await, Status::Refuted);
    nothing_is_held_but(world, 501 + 50 + 501).await;

    // A false row other than the contested one refutes too, and the contester has the stake back.
    world.run(ALICE, claim(&[true, false])).await;
    let before = world.tokens(BOB).await;
    world.run(BOB, registry.contest(3, &world.record(3).await.claim, 0)).await;
    world.run(CAROL, challenge(3, 1).await).await;
    nothing_is_held_but(world, 1_052 + 501).await;
    assert_eq!(world.tokens(BOB).await, before);

    // True rows become final together.
    world.run(ALICE, claim(&[true; 64])).await;
    world.node.pass(WINDOW).await;
    world.run(CAROL, world.finalize(4).await).await;
    assert_eq!(world.status(4).await, Status::Final);
    let (inputs, outputs) = rows(&[true; 65]);
    for (n, m) in [(0, 0), (65, 65), (2, 1), (1, 2)] {
        let call = registry.claim_batch(1, 1, &inputs[..n], &outputs[..m], BOND);
        world.fails(ALICE, call, "bad batch").await;
    }
}

async fn bonds_follow_what_a_challenge_costs(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 0).await;
    let heavy = NewVersion { challenge_gas: 5_000_000, ..world.rogue() };
    world.run(PUBLISHER, registry.publish(id, &heavy)).await;
    let light = NewVersion { challenge_gas: 1, ..world.rogue() };
    world.run(PUBLISHER, registry.publish(id, &light)).await;
    let least = |version| registry.least_bond(chain, id, version);
    assert_eq!(least(2).await.unwrap(), MIN_BOND, "gas costs nothing yet");
    claim(world, &truth()).await;
    // Rules change under notice, and claims keep those that they were made under.
    let rules = Rules { window: WINDOW + 600, min_bond: MIN_BOND, gas_price: 2 };
    world.run(OWNER, registry.schedule_rules(rules)).await;
    world.fails(OWNER, registry.set_rules(rules), "too early").await;
    world.node.pass(DELAY).await;
    let other = Rules { gas_price: 3, ..rules };
    world.fails(OWNER, registry.set_rules(other), "action not scheduled").await;
    let event = world.event(OWNER, registry.set_rules(rules)).await;
    assert_eq!(event, Event::RulesChanged { rules });
    // Four times the gas: half of the bond is twice what the challenger spends. No publisher can say that
    // challenges cost less than any does.
    assert_eq!(least(1).await.unwrap(), 4 * 3_000_000 * 2);
    assert_eq!(least(2).await.unwrap(), 4 * 5_000_000 * 2);
    assert_eq!(least(3).await.unwrap(), 4 * 3_000_000 * 2);
    assert_eq!(registry.model(chain, id).await.unwrap().bond, 4 * 3_000_000 * 2);
    let call = registry.claim(id, 1, &ROW, &truth(), BOND);
    world.fails(ALICE, call, "bond too small").await;
    world.run(BOB, world.contest(1).await).await;
    assert_eq!(world.tokens(BOB).await, FUNDS - MIN_BOND, "the stake is what it was");
    world.run(ALICE, world.challenge(1, &ROW).await).await;
}

async fn what_is_burnt_is_swept(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    world.publish(0, 0).await;
    world.fails(CAROL, registry.sweep(), "nothing to sweep").await;
    claim(world, &[Felt::from(6)]).await;
    world.run(BOB, world.challenge(1, &ROW).await).await;
    let event = world.event(CAROL, registry.sweep()).await;
    assert_eq!(event, Event::Swept { amount: 501 });
    let totals = registry.totals(chain).await.unwrap();
    assert_eq!((totals.held, totals.burnt, totals.swept), (500, 0, 501));
    assert_eq!(world.tokens_of(Felt::from(0xdead)).await, 501);
    world.fails(CAROL, registry.sweep(), "nothing to sweep").await;
    // What is owed is still there.
    world.run(BOB, registry.withdraw()).await;
    assert_eq!(world.tokens_of(registry.address).await, 0);
}

async fn models_that_cannot_be_executed(world: &World) {
    let registry = world.registry;
    let (id, contract) = world.publish(0, 0).await;
    // A model that fails, or burns all gas, settles nothing either way ...
    for manners in ["fail", "burn"] {
        let claim_id = claim(world, &truth()).await;
        world.model_manners(contract, manners).await;
        let challenged = world.try_run(BOB, world.challenge(claim_id, &ROW).await).await;
        assert!(challenged.is_err(), "{manners}");
        assert_eq!(world.status(claim_id).await, Status::Open);
        // ... and a contest keeps its claims from becoming final.
        world.run(BOB, world.contest(claim_id).await).await;
        world.node.pass(WINDOW).await;
        world.run(BOB, world.finalize(claim_id).await).await;
        assert_eq!(world.status(claim_id).await, Status::Void);
        world.model_manners(contract, "").await;
    }
    // A model that refuses the row by name has no such output.
    let claim_id = claim(world, &truth()).await;
    world.model_manners(contract, "refuse").await;
    let events = world.events(&world.run(BOB, world.challenge(claim_id, &ROW).await).await);
    assert!(matches!(events[0], Event::Refuted { refused: true, .. }), "{events:?}");
    // So has one whose answer is not a list of felts.
    let garbage = NewVersion {
        class_hash: world.classes.garbage.class_hash,
        model_hash: text("garbage"),
        ..world.rogue()
    };
    world.run(PUBLISHER, registry.publish(id, &garbage)).await;
    world.run(ALICE, registry.claim(id, 2, &ROW, &[Felt::ONE], BOND)).await;
    world.run(BOB, world.challenge(4, &ROW).await).await;
    assert_eq!(world.status(4).await, Status::Refuted);
}

async fn too_little_gas_refutes_nobody(world: &World) {
    let (_, contract) = world.publish(0, 0).await;
    world.model_manners(contract, "work").await;
    claim(world, &truth()).await;
    let challenge = world.challenge(1, &ROW).await;
    let bob = &world.node.accounts[BOB];
    let needed = bob.estimate(vec![challenge.clone()]).await.unwrap().gas_l2;
    // The challenger chooses the gas: no choice may rob an honest claimant.
    for percent in (10..100).step_by(10) {
        let sent = bob.send_with_gas(vec![challenge.clone()], needed * percent / 100).await;
        if let Ok(tx_hash) = sent {
            assert!(world.node.chain.wait(tx_hash).await.is_err(), "{percent}%");
        }
        assert_eq!(world.status(1).await, Status::Open, "{percent}%");
    }
    world.run(BOB, challenge).await;
    assert_eq!(world.status(1).await, Status::Upheld);
}

async fn claims_have_rules(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 500).await;
    let with = |bond| registry.claim(id, 1, &ROW, &truth(), bond);
    world.fails(ALICE, with(499), "bond too small").await;
    world.run(ALICE, with(500)).await;
    let (other, _) = world.publish(0, 0).await;
    let with = |bond| registry.claim(other, 1, &ROW, &truth(), bond);
    world.fails(ALICE, with(MIN_BOND - 1), "bond too small").await;
    world.fails(ALICE, with(0), "bond too small").await;
    world.run(ALICE, with(MIN_BOND)).await;
    world.fails(5, with(MIN_BOND), "allowance too small").await;
    let long = vec![Felt::ZERO; 257];
    let call = registry.claim(id, 1, &ROW, &long, BOND);
    world.fails(ALICE, call, "row too long").await;
    world.run(ALICE, registry.claim(id, 1, &ROW, &long[1..], BOND)).await;
    for version in [0, 2] {
        let call = registry.claim(id, version, &ROW, &truth(), BOND);
        world.fails(ALICE, call, "no such version").await;
    }
    let some = world.record(1).await.claim;
    for claim_id in [0, 4, u64::MAX] {
        let reason = "no such claim";
        world.fails(ALICE, registry.challenge(claim_id, &some, 0, &ROW), reason).await;
        world.fails(ALICE, registry.contest(claim_id, &some, 0), reason).await;
        world.fails(ALICE, registry.finalize(claim_id, &some), reason).await;
        assert!(registry.claim_record(chain, claim_id).await.is_err());
    }
    // Another claim's text is not this one's.
    world.fails(BOB, registry.challenge(2, &some, 0, &ROW), "not the claim as it is now").await;
    let page = registry.claims(chain, 2, 50).await.unwrap();
    let kept: Vec<_> = page.iter().map(|claim| claim.commitment).collect();
    let own = [world.record(2).await.claim, world.record(3).await.claim];
    assert_eq!(kept, own.map(|claim| claim.commitment()));
    assert_eq!(registry.claims(chain, 4, 50).await.unwrap(), []);
}

async fn long_rows_are_told_in_parts(world: &World) {
    let registry = world.registry;
    let (id, _) = world.publish(0, 0).await;
    let row: Vec<Felt> = (0..4_096_u64).map(Felt::from).collect();
    let output = [row.iter().fold(Felt::ZERO, |sum, felt| sum + felt)];
    world.run(ALICE, registry.claim(id, 1, &row, &output, BOND)).await;
    assert_eq!(world.record(1).await.inputs, std::slice::from_ref(&row));
    world.run(BOB, world.challenge(1, &row).await).await;
    assert_eq!(world.status(1).await, Status::Upheld);
    let long = vec![Felt::ZERO; 4_097];
    let call = registry.claim(id, 1, &long, &output, BOND);
    world.fails(ALICE, call, "row too long").await;
    // A row without features is a row.
    world.run(ALICE, registry.claim(id, 1, &[], &[Felt::ZERO], BOND)).await;
    world.run(BOB, world.challenge(2, &[]).await).await;
    assert_eq!(world.status(2).await, Status::Upheld);
}

async fn proofs_are_recorded(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 0).await;
    let proof = ProofRecord {
        proof_hash: nilometer_starknet::types::digest_number([0xfe; 32]),
        input_hash: Felt::from(3),
        output_hash: Felt::from(4),
        security_bits: 100,
        format_version: 1,
    };
    let event = world.event(CAROL, registry.record_proof(id, 1, &proof)).await;
    let expected = Event::ProofRecorded {
        proof_id: 1,
        model_id: id,
        recorder: world.address(CAROL),
        version: 1,
        proof_hash: proof.proof_hash,
        input_hash: proof.input_hash,
        output_hash: proof.output_hash,
        security_bits: 100,
        format_version: 1,
    };
    assert_eq!(event, expected);
    let wrong = ProofRecord { security_bits: 0, ..proof.clone() };
    world.fails(CAROL, registry.record_proof(id, 1, &wrong), "bad proof record").await;
    let wrong = ProofRecord { proof_hash: 0_u64.into(), ..proof.clone() };
    world.fails(CAROL, registry.record_proof(id, 1, &wrong), "bad proof record").await;
    world.fails(CAROL, registry.record_proof(id, 2, &proof), "no such version").await;
    assert_eq!(registry.totals(chain).await.unwrap().n_proofs, 1);
}
