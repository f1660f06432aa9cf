//! The dispute game, with honest and lying sides.

use nilometer_starknet::types::{Claim, NewVersion, ProofRecord, Status};
use nilometer_starknet::{Event, Felt};
use nilometer_tests::chain::{
    block_on, text, World, ALICE, BOB, CAROL, FUNDS, MIN_BOND, PUBLISHER, WINDOW,
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
        claims_have_rules(&world).await;
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
        [Event::Claimed { claim_id, .. }, Event::ClaimInput { .. }] => *claim_id,
        events => panic!("{events:?}"),
    }
}

async fn get(world: &World, id: u64) -> Claim {
    world.registry.get_claim(&world.node.chain, id).await.unwrap()
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
        deadline,
        input_hash,
        output,
    }, Event::ClaimInput { claim_id: 1, offset: 0, part }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((*claimant, output), (world.address(ALICE), &vec![Felt::from(6)]));
    assert_eq!(part, &ROW);
    let now = chain.timestamp().await.unwrap();
    assert!(*deadline > now + WINDOW - 60 && *deadline <= now + WINDOW);
    let kept = get(world, 1).await;
    assert_eq!(
        (kept.status, kept.deadline, kept.input_hash),
        (Status::Open, *deadline, *input_hash)
    );
    let told = registry.claim_text(chain, 1, &kept).await.unwrap();
    assert_eq!((told.input, told.output), (ROW.to_vec(), vec![Felt::from(6)]));
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND);

    world.fails(BOB, registry.challenge(1, &[Felt::TWO]), "input is not the claimed one").await;
    world.fails(BOB, registry.finalize(1), "challenge window is open").await;
    let events = world.events(&world.run(BOB, registry.challenge(1, &ROW)).await);
    let challenger = world.address(BOB);
    // A fifth is burnt, rounded up.
    let [Event::Refuted {
        claim_id: 1,
        challenger: who,
        reward: 800,
        burnt: 201,
        refused: false,
        output_hash,
    }, Event::Credited { account, amount: 800 }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((*who, *account), (challenger, challenger));
    assert_ne!(*output_hash, kept.output_hash);
    assert_eq!(get(world, 1).await.status, Status::Refuted);
    // Settled is settled.
    world.fails(BOB, registry.challenge(1, &ROW), "claim is settled").await;
    world.fails(BOB, registry.contest(1), "claim is settled").await;
    world.node.pass(WINDOW).await;
    world.fails(ALICE, registry.finalize(1), "claim is settled").await;
    nothing_is_held_but(world, 201).await;
    assert_eq!(world.tokens(BOB).await, FUNDS + 800);
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND);

    // Whoever challenges themselves loses the fifth.
    claim(world, &[Felt::from(6)]).await;
    world.run(ALICE, registry.challenge(2, &ROW)).await;
    nothing_is_held_but(world, 402).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS - BOND - 201);
}

async fn the_truth_is_upheld(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    claim(world, &truth()).await;
    let events = world.events(&world.run(BOB, registry.challenge(1, &ROW)).await);
    let challenger = world.address(BOB);
    let upheld = Event::Upheld { claim_id: 1, challenger, reward: 0, burnt: 0 };
    let credited = Event::Credited { account: world.address(ALICE), amount: BOND };
    assert_eq!(events, [upheld, credited]);
    assert_eq!(get(world, 1).await.status, Status::Upheld);
    nothing_is_held_but(world, 0).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS, "an honest claimant loses nothing");
    // An empty answer and an answer that begins alike are other answers.
    for lie in [vec![], vec![Felt::from(5), Felt::ZERO], vec![-Felt::from(5)]] {
        let id = claim(world, &lie).await;
        world.run(BOB, registry.challenge(id, &ROW)).await;
        assert_eq!(get(world, id).await.status, Status::Refuted);
    }
}

async fn silence_makes_final(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    claim(world, &truth()).await;
    world.node.pass(WINDOW - 30).await;
    world.fails(ALICE, registry.finalize(1), "challenge window is open").await;
    world.node.pass(30).await;
    world.fails(BOB, registry.challenge(1, &ROW), "challenge window has closed").await;
    world.fails(BOB, registry.contest(1), "challenge window has closed").await;
    // Anybody may settle; the bond is the claimant's.
    let events = world.events(&world.run(CAROL, registry.finalize(1)).await);
    let credited = Event::Credited { account: world.address(ALICE), amount: BOND };
    assert_eq!(events, [Event::Finalized { claim_id: 1 }, credited]);
    assert_eq!(get(world, 1).await.status, Status::Final);
    world.fails(CAROL, registry.finalize(1), "claim is settled").await;
    nothing_is_held_but(world, 0).await;
}

async fn a_contest_wants_execution(world: &World) {
    let registry = world.registry;
    world.publish(0, 0).await;
    // Against the truth: the contester pays.
    claim(world, &truth()).await;
    world.node.pass(WINDOW - 30).await;
    let event = world.event(BOB, registry.contest(1)).await;
    let Event::Contested { claim_id: 1, contester, deadline } = event else { panic!("{event:?}") };
    assert_eq!(contester, world.address(BOB));
    assert!(deadline > world.node.chain.timestamp().await.unwrap() + WINDOW - 60);
    let kept = get(world, 1).await;
    assert_eq!((kept.status, kept.deadline), (Status::Contested, deadline));
    assert_eq!(world.tokens(BOB).await, FUNDS - BOND);
    world.fails(CAROL, registry.contest(1), "claim is contested").await;
    world.node.pass(WINDOW - 30).await;
    world.fails(ALICE, registry.finalize(1), "challenge window is open").await;
    let events = world.events(&world.run(ALICE, registry.challenge(1, &ROW)).await);
    let challenger = world.address(ALICE);
    let upheld = Event::Upheld { claim_id: 1, challenger, reward: 800, burnt: 201 };
    assert_eq!(events, [upheld, Event::Credited { account: challenger, amount: BOND + 800 }]);
    nothing_is_held_but(world, 201).await;
    assert_eq!(world.tokens(ALICE).await, FUNDS + 800);

    // Against a lie: whoever brings the execution is paid, the contester has the stake back. A liar's friend who
    // contests first saves nothing.
    claim(world, &[Felt::from(6)]).await;
    world.run(BOB, registry.contest(2)).await;
    let before = world.tokens(BOB).await;
    world.run(CAROL, registry.challenge(2, &ROW)).await;
    assert_eq!((world.balance(CAROL).await, world.balance(BOB).await), (800, BOND));
    nothing_is_held_but(world, 402).await;
    assert_eq!(world.tokens(BOB).await, before + BOND);

    // Nobody brings it: the claim says nothing, and both pay.
    claim(world, &truth()).await;
    world.run(BOB, registry.contest(3)).await;
    world.node.pass(WINDOW).await;
    world.fails(ALICE, registry.challenge(3, &ROW), "challenge window has closed").await;
    let events = world.events(&world.run(CAROL, registry.finalize(3)).await);
    let back = |who: usize| Event::Credited { account: world.address(who), amount: 800 };
    assert_eq!(events, [Event::Voided { claim_id: 3, burnt: 402 }, back(ALICE), back(BOB)]);
    assert_eq!(get(world, 3).await.status, Status::Void);
    nothing_is_held_but(world, 804).await;
}

async fn models_that_cannot_be_executed(world: &World) {
    let registry = world.registry;
    let (id, contract) = world.publish(0, 0).await;
    // A model that fails, or burns all gas, settles nothing either way ...
    for manners in ["fail", "burn"] {
        let claim_id = claim(world, &truth()).await;
        world.model_manners(contract, manners).await;
        let challenged = world.try_run(BOB, registry.challenge(claim_id, &ROW)).await;
        assert!(challenged.is_err(), "{manners}");
        assert_eq!(get(world, claim_id).await.status, Status::Open);
        // ... and a contest keeps its claims from becoming final.
        world.run(BOB, registry.contest(claim_id)).await;
        world.node.pass(WINDOW).await;
        world.run(BOB, registry.finalize(claim_id)).await;
        assert_eq!(get(world, claim_id).await.status, Status::Void);
        world.model_manners(contract, "").await;
    }
    // A model that refuses the row by name has no such output.
    let claim_id = claim(world, &truth()).await;
    world.model_manners(contract, "refuse").await;
    let events = world.events(&world.run(BOB, registry.challenge(claim_id, &ROW)).await);
    assert!(matches!(events[0], Event::Refuted { refused: true, .. }), "{events:?}");
    // So has one whose answer is no list of felts.
    let garbage = NewVersion {
        class_hash: world.classes.garbage.class_hash,
        model_hash: text("garbage"),
        ..world.rogue()
    };
    world.run(PUBLISHER, registry.publish(id, &garbage)).await;
    world.run(ALICE, registry.claim(id, 2, &ROW, &[Felt::ONE], BOND)).await;
    world.run(BOB, registry.challenge(4, &ROW)).await;
    assert_eq!(get(world, 4).await.status, Status::Refuted);
}

async fn too_little_gas_refutes_nobody(world: &World) {
    let registry = world.registry;
    let (_, contract) = world.publish(0, 0).await;
    world.model_manners(contract, "work").await;
    claim(world, &truth()).await;
    let challenge = registry.challenge(1, &ROW);
    let bob = &world.node.accounts[BOB];
    let needed = bob.estimate(vec![challenge.clone()]).await.unwrap().gas_l2;
    // The challenger chooses the gas: no choice may rob an honest claimant.
    for percent in (10..100).step_by(10) {
        let sent = bob.send_with_gas(vec![challenge.clone()], needed * percent / 100).await;
        if let Ok(tx_hash) = sent {
            assert!(world.node.chain.wait(tx_hash).await.is_err(), "{percent}%");
        }
        assert_eq!(get(world, 1).await.status, Status::Open, "{percent}%");
    }
    world.run(BOB, challenge).await;
    assert_eq!(get(world, 1).await.status, Status::Upheld);
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
    for claim_id in [0, 4, u64::MAX] {
        let reason = "no such claim";
        world.fails(ALICE, registry.challenge(claim_id, &ROW), reason).await;
        world.fails(ALICE, registry.contest(claim_id), reason).await;
        world.fails(ALICE, registry.finalize(claim_id), reason).await;
        assert!(registry.get_claim(chain, claim_id).await.is_err());
    }
    let page = registry.claims(chain, 2, 50).await.unwrap();
    assert_eq!(page.iter().map(|claim| claim.bond).collect::<Vec<_>>(), [MIN_BOND, BOND]);
    assert_eq!(registry.claims(chain, 4, 50).await.unwrap(), []);
}

async fn long_rows_are_told_in_parts(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 0).await;
    let row: Vec<Felt> = (0..4_096_u64).map(Felt::from).collect();
    let output = [row.iter().fold(Felt::ZERO, |sum, felt| sum + felt)];
    world.run(ALICE, registry.claim(id, 1, &row, &output, BOND)).await;
    let told = registry.claim_text(chain, 1, &get(world, 1).await).await.unwrap();
    assert_eq!(told.input, row);
    world.run(BOB, registry.challenge(1, &row)).await;
    assert_eq!(get(world, 1).await.status, Status::Upheld);
    let long = vec![Felt::ZERO; 4_097];
    let call = registry.claim(id, 1, &long, &output, BOND);
    world.fails(ALICE, call, "row too long").await;
    // A row without features is a row.
    world.run(ALICE, registry.claim(id, 1, &[], &[Felt::ZERO], BOND)).await;
    world.run(BOB, registry.challenge(2, &[])).await;
    assert_eq!(get(world, 2).await.status, Status::Upheld);
}

async fn proofs_are_recorded(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 0).await;
    let proof = ProofRecord {
        model_id: id,
        version: 1,
        recorder: world.address(CAROL),
        proof_hash: nilometer_starknet::types::digest_number([0xfe; 32]),
        input_hash: Felt::from(3),
        output_hash: Felt::from(4),
        security_bits: 100,
        format_version: 1,
        recorded_at: 0,
    };
    let event = world.event(CAROL, registry.record_proof(&proof)).await;
    let expected = Event::ProofRecorded {
        proof_id: 1,
        model_id: id,
        recorder: proof.recorder,
        version: 1,
        proof_hash: proof.proof_hash,
        input_hash: proof.input_hash,
        output_hash: proof.output_hash,
        security_bits: 100,
        format_version: 1,
    };
    assert_eq!(event, expected);
    let kept = registry.proofs(chain, 1, 50).await.unwrap();
    assert!(kept[0].recorded_at > 0);
    assert_eq!(kept, [ProofRecord { recorded_at: kept[0].recorded_at, ..proof.clone() }]);
    let wrong = ProofRecord { security_bits: 0, ..proof.clone() };
    world.fails(CAROL, registry.record_proof(&wrong), "bad proof record").await;
    let wrong = ProofRecord { proof_hash: 0_u64.into(), ..proof.clone() };
    world.fails(CAROL, registry.record_proof(&wrong), "bad proof record").await;
    let wrong = ProofRecord { version: 2, ..proof };
    world.fails(CAROL, registry.record_proof(&wrong), "no such version").await;
    assert_eq!(registry.totals(chain).await.unwrap().n_proofs, 1);
}
