//! Conservation of tokens: random actions, held against a model of the ledger in Rust.

use std::collections::BTreeMap;

use nilometer_starknet::types::{Share, Status};
use nilometer_starknet::{ChainError, Felt};
use nilometer_tests::chain::{World, FUNDS, MIN_BOND, WINDOW};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Accounts that act; the first publishes and holds.
const ACTORS: usize = 4;
const ROW: [Felt; 1] = [Felt::THREE];

/// What somebody does.
#[derive(Clone, Debug)]
enum Action {
    Call { rows: u8 },
    Claim { honest: bool, bond: u16 },
    Challenge { claim: u8 },
    Contest { claim: u8 },
    Finalize { claim: u8 },
    Pass { seconds: u16 },
    SetPrice { price: u16 },
    SetShares { first: u16 },
    Distribute,
    Withdraw,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (1u8..4).prop_map(|rows| Action::Call { rows }),
        4 => (any::<bool>(), 90u16..400).prop_map(|(honest, bond)| Action::Claim { honest, bond }),
        4 => any::<u8>().prop_map(|claim| Action::Challenge { claim }),
        3 => any::<u8>().prop_map(|claim| Action::Contest { claim }),
        3 => any::<u8>().prop_map(|claim| Action::Finalize { claim }),
        2 => (0u16..1_200).prop_map(|seconds| Action::Pass { seconds }),
        1 => any::<u16>().prop_map(|price| Action::SetPrice { price }),
        1 => (0u16..=10_000).prop_map(|first| Action::SetShares { first }),
        2 => Just(Action::Distribute),
        3 => Just(Action::Withdraw),
    ]
}

#[derive(Clone, Debug)]
struct Dispute {
    claimant: usize,
    contester: Option<usize>,
    bond: u128,
    honest: bool,
    status: Status,
}

/// The ledger as it should be.
#[derive(Clone, Debug, Default)]
struct Ledger {
    price: u128,
    tokens: Vec<u128>,
    balances: BTreeMap<usize, u128>,
    undistributed: u128,
    burnt: u128,
    shares: Vec<(usize, u128)>,
    claims: Vec<Dispute>,
}

impl Ledger {
    fn credit(&mut self, who: usize, amount: u128) {
        *self.balances.entry(who).or_default() += amount;
    }

    fn distribute(&mut self) {
        let amount = std::mem::take(&mut self.undistributed);
        let Some(&(first, _)) = self.shares.first() else { return self.credit(0, amount) };
        let mut rest = amount;
        for (who, basis_points) in self.shares.clone().into_iter().skip(1) {
            let part = amount * basis_points / 10_000;
            rest -= part;
            self.credit(who, part);
        }
        self.credit(first, rest);
    }

    fn bonds(&self) -> u128 {
        let open = |claim: &&Dispute| matches!(claim.status, Status::Open | Status::Contested);
        let stakes = |claim: &Dispute| claim.bond * if claim.contester.is_some() { 2 } else { 1 };
        self.claims.iter().filter(open).map(stakes).sum()
    }

    fn held(&self) -> u128 {
        self.balances.values().sum::<u128>() + self.undistributed + self.burnt + self.bonds()
    }

    /// What the action does; false if the contract must refuse it. `closed`: the claim's window is over.
    fn apply(&mut self, who: usize, action: &Action, closed: impl Fn(usize) -> bool) -> bool {
        match action {
            Action::Call { rows } => {
                let total = self.price * u128::from(*rows);
                if self.tokens[who] < total {
                    return false;
                }
                self.tokens[who] -= total;
                self.undistributed += total;
            }
            Action::Claim { honest, bond } => {
                let bond = u128::from(*bond);
                if bond < MIN_BOND || self.tokens[who] < bond {
                    return false;
                }
                self.tokens[who] -= bond;
                let (honest, status) = (*honest, Status::Open);
                self.claims.push(Dispute { claimant: who, contester: None, bond, honest, status });
            }
            Action::Challenge { claim } => {
                let Some(index) = self.pick(*claim) else { return false };
                let claim = self.claims[index].clone();
                if !self.is_live(index) || closed(index) {
                    return false;
                }
                let burnt = claim.bond.div_ceil(5);
                match (claim.honest, claim.contester) {
                    (true, None) => self.credit(claim.claimant, claim.bond),
                    (true, Some(_)) => {
                        self.credit(claim.claimant, 2 * claim.bond - burnt);
                        self.burnt += burnt;
                    }
                    (false, contester) => {
                        self.credit(who, claim.bond - burnt);
                        self.burnt += burnt;
                        if let Some(contester) = contester {
                            self.credit(contester, claim.bond);
                        }
                    }
                }
                self.claims[index].status =
                    if claim.honest { Status::Upheld } else { Status::Refuted };
            }
            Action::Contest { claim } => {
                let Some(index) = self.pick(*claim) else { return false };
                let bond = self.claims[index].bond;
                let open = self.claims[index].status == Status::Open && !closed(index);
                if !open || self.tokens[who] < bond {
                    return false;
                }
                self.tokens[who] -= bond;
                self.claims[index].contester = Some(who);
                self.claims[index].status = Status::Contested;
            }
            Action::Finalize { claim } => {
                let Some(index) = self.pick(*claim) else { return false };
                if !self.is_live(index) || !closed(index) {
                    return false;
                }
                let claim = self.claims[index].clone();
                match claim.contester {
                    None => {
                        self.credit(claim.claimant, claim.bond);
                        self.claims[index].status = Status::Final;
                    }
                    Some(contester) => {
                        let burnt = claim.bond.div_ceil(5);
                        self.credit(claim.claimant, claim.bond - burnt);
                        self.credit(contester, claim.bond - burnt);
                        self.burnt += 2 * burnt;
                        self.claims[index].status = Status::Void;
                    }
                }
            }
            Action::Pass { .. } => {}
            Action::SetPrice { price } => self.price = u128::from(*price),
            Action::SetShares { first } => {
                self.distribute();
                let first = u128::from(*first);
                let shares = [(1, first), (2, 10_000 - first)];
                self.shares = shares.into_iter().filter(|(_, points)| *points > 0).collect();
            }
            Action::Distribute => self.distribute(),
            Action::Withdraw => {
                let amount = self.balances.insert(who, 0).unwrap_or_default();
                if amount == 0 {
                    return false;
                }
                self.tokens[who] += amount;
            }
        }
        true
    }

    /// Claims are chosen by any number.
    fn pick(&self, claim: u8) -> Option<usize> {
        (!self.claims.is_empty()).then(|| usize::from(claim) % self.claims.len())
    }

    fn is_live(&self, index: usize) -> bool {
        matches!(self.claims[index].status, Status::Open | Status::Contested)
    }
}

async fn play(world: &mut World, actions: &[(usize, Action)]) {
    world.renew().await;
    world.publish(10, 0).await;
    let (registry, chain) = (world.registry, world.node.chain.clone());
    let mut ledger = Ledger { price: 10, tokens: vec![FUNDS; ACTORS], ..Ledger::default() };
    for (step, (actor, action)) in actions.iter().enumerate() {
        // Account 0 owns the registry; the actors are those after it.
        let who = actor + 1;
        let number = |claim: u8| ledger.pick(claim).map_or(1, |index| index as u64 + 1);
        let call = match action {
            Action::Call { rows } => {
                let rows = vec![ROW.to_vec(); usize::from(*rows)];
                registry.call_batch(1, 1, &rows, u128::MAX)
            }
            Action::Claim { honest, bond } => {
                let output = if *honest { Felt::THREE } else { Felt::ONE };
                registry.claim(1, 1, &ROW, &[output], (*bond).into())
            }
            Action::Challenge { claim } => registry.challenge(number(*claim), &ROW),
            Action::Contest { claim } => registry.contest(number(*claim)),
            Action::Finalize { claim } => registry.finalize(number(*claim)),
            Action::Pass { seconds } => {
                world.node.pass((*seconds).into()).await;
                continue;
            }
            Action::SetPrice { price } => registry.set_terms(1, (*price).into(), 0),
            Action::SetShares { first } => {
                let share = |who: usize, basis_points| Share {
                    holder: world.address(who + 1),
                    basis_points,
                };
                let shares = [share(1, *first), share(2, 10_000 - *first)];
                let shares: Vec<_> =
                    shares.into_iter().filter(|share| share.basis_points > 0).collect();
                registry.set_shares(1, &shares)
            }
            Action::Distribute => registry.distribute(1),
            Action::Withdraw => registry.withdraw(),
        };
        // The publisher alone sets terms.
        let (actor, who) = match action {
            Action::SetPrice { .. } | Action::SetShares { .. } => (0, 1),
            _ => (*actor, who),
        };
        let n_claims = ledger.claims.len() as u64;
        let deadlines = registry.claims(&chain, 1, 50).await.unwrap();
        assert_eq!(deadlines.len() as u64, n_claims.min(50));
        let result = world.try_run(who, call).await;
        let refused = match &result {
            Ok(_) => false,
            Err(ChainError::Reverted { .. }) => true,
            Err(error) => panic!("step {step}: {error}"),
        };
        // The clock runs while the test does: windows are judged by the block that counted.
        let now = chain.timestamp().await.unwrap();
        let closed = |index: usize| deadlines.get(index).is_some_and(|claim| now >= claim.deadline);
        let accepted = ledger.apply(actor, action, closed);
        assert_eq!(accepted, !refused, "step {step}, {actor} {action:?}: {result:?}");

        let totals = registry.totals(&chain).await.unwrap();
        assert_eq!(totals.held, ledger.held(), "step {step}: {action:?}");
        assert_eq!(totals.burnt, ledger.burnt, "step {step}: {action:?}");
        assert_eq!(world.tokens_of(registry.address).await, totals.held, "step {step}");
    }
    for actor in 0..ACTORS {
        assert_eq!(world.tokens(actor + 1).await, ledger.tokens[actor], "tokens of {actor}");
        let owed = ledger.balances.get(&actor).copied().unwrap_or_default();
        assert_eq!(world.balance(actor + 1).await, owed, "balance of {actor}");
    }
    let everything: u128 = ledger.tokens.iter().sum::<u128>() + ledger.held();
    assert_eq!(everything, FUNDS * ACTORS as u128, "nothing is made, nothing is lost");

    // Everything that is not burnt can leave.
    world.node.pass(2 * WINDOW).await;
    for (index, claim) in ledger.claims.iter().enumerate() {
        if matches!(claim.status, Status::Open | Status::Contested) {
            world.run(1, registry.finalize(index as u64 + 1)).await;
        }
    }
    world.run(1, registry.distribute(1)).await;
    for actor in 0..ACTORS {
        if world.balance(actor + 1).await > 0 {
            world.run(actor + 1, registry.withdraw()).await;
        }
    }
    let totals = registry.totals(&chain).await.unwrap();
    assert_eq!(totals.held, totals.burnt);
    assert_eq!(world.tokens_of(registry.address).await, totals.burnt);
}

#[test]
fn tokens_are_conserved() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = std::cell::RefCell::new(runtime.block_on(World::start()));
    let config =
        Config { cases: 12, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let actions = vec((0..ACTORS, action()), 10..50);
    runner
        .run(&actions, |actions| {
            runtime.block_on(play(&mut world.borrow_mut(), &actions));
            Ok(())
        })
        .unwrap();
}
