//! Conservation of tokens: random actions, held against a model of the ledger in Rust.

use std::collections::BTreeMap;

use nilometer_starknet::types::{Claim, Share, Status};
use nilometer_starknet::{ChainError, Felt};
use nilometer_tests::chain::{World, FUNDS, MIN_BOND, WINDOW};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Accounts that act; the first publishes and holds.
const ACTORS: usize = 4;
/// Actions of the quick form; the full form is NILOMETER_LEDGER_ACTIONS=1000000.
const ACTIONS: u32 = 360;
/// How many actions a case has on average.
const ACTIONS_PER_CASE: u32 = 30;
const ROW: [Felt; 1] = [Felt::THREE];

/// What somebody does.
#[derive(Clone, Debug)]
enum Action {
    Call { rows: u8 },
    Claim { honest: bool, bond: u16 },
    Challenge { claim: u8, row: u8 },
    Contest { claim: u8, row: u8 },
    Finalize { claim: u8 },
    ClaimBatch { truths: u8, bond: u16 },
    Sweep,
    WithdrawFor { whom: usize },
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
        2 => (0u8..16, 90u16..400).prop_map(|(truths, bond)| Action::ClaimBatch { truths, bond }),
        5 => (any::<u8>(), 0u8..2).prop_map(|(claim, row)| Action::Challenge { claim, row }),
        3 => (any::<u8>(), 0u8..2).prop_map(|(claim, row)| Action::Contest { claim, row }),
        3 => any::<u8>().prop_map(|claim| Action::Finalize { claim }),
        2 => (0u16..4_200).prop_map(|seconds| Action::Pass { seconds }),
        1 => any::<u16>().prop_map(|price| Action::SetPrice { price }),
        1 => (0u16..=10_000).prop_map(|first| Action::SetShares { first }),
        2 => Just(Action::Distribute),
        3 => Just(Action::Withdraw),
        1 => (0..ACTORS).prop_map(|whom| Action::WithdrawFor { whom }),
        1 => Just(Action::Sweep),
    ]
}

#[derive(Clone, Debug)]
struct Dispute {
    claimant: usize,
    contester: Option<usize>,
    /// The row that was contested.
    contested_row: usize,
    bond: u128,
    /// Whether each row is true.
    rows: Vec<bool>,
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
    swept: u128,
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
        let stakes =
            |claim: &Dispute| claim.bond + if claim.contester.is_some() { MIN_BOND } else { 0 };
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
            Action::Claim { honest, bond } => return self.claim(who, vec![*honest], *bond),
            Action::ClaimBatch { truths, bond } => {
                return self.claim(who, truths_of(*truths), *bond);
            }
            Action::Challenge { claim, row } => return self.challenge(who, *claim, (*row).into()),
            Action::Contest { claim, row } => {
                let Some(index) = self.pick(*claim) else { return false };
                let row = usize::from(*row);
                let open = self.claims[index].status == Status::Open;
                if !open || row >= self.claims[index].rows.len() || self.tokens[who] < MIN_BOND {
                    return false;
                }
                self.tokens[who] -= MIN_BOND;
                self.claims[index].contester = Some(who);
                self.claims[index].contested_row = row;
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
                        let lost = MIN_BOND.div_ceil(2);
                        self.credit(claim.claimant, claim.bond - lost);
                        self.credit(contester, MIN_BOND - lost);
                        self.burnt += 2 * lost;
                        self.claims[index].status = Status::Void;
                    }
                }
            }
            Action::Sweep => {
                let amount = std::mem::take(&mut self.burnt);
                self.swept += amount;
                return amount > 0;
            }
            Action::WithdrawFor { whom } => return self.withdraw(*whom),
            Action::Pass { .. } => {}
            Action::SetPrice { price } => self.price = self.price.min((*price).into()),
            Action::SetShares { first } => {
                // Other shares take notice, which is not what this test is about.
                if !self.shares.is_empty() {
                    return false;
                }
                self.distribute();
                let first = u128::from(*first);
                let shares = [(1, first), (2, 10_000 - first)];
                self.shares = shares.into_iter().filter(|(_, points)| *points > 0).collect();
            }
            Action::Distribute => self.distribute(),
            Action::Withdraw => return self.withdraw(who),
        }
        true
    }

    fn withdraw(&mut self, who: usize) -> bool {
        let amount = self.balances.insert(who, 0).unwrap_or_default();
        self.tokens[who] += amount;
        amount > 0
    }

    fn claim(&mut self, who: usize, rows: Vec<bool>, bond: u16) -> bool {
        let bond = u128::from(bond);
        if bond < MIN_BOND || self.tokens[who] < bond {
            return false;
        }
        self.tokens[who] -= bond;
        let (contester, contested_row, status) = (None, 0, Status::Open);
        self.claims.push(Dispute { claimant: who, contester, contested_row, bond, rows, status });
        true
    }

    fn challenge(&mut self, who: usize, claim: u8, row: usize) -> bool {
        let Some(index) = self.pick(claim) else { return false };
        let claim = self.claims[index].clone();
        if !self.is_live(index) || row >= claim.rows.len() {
            return false;
        }
        let lost = MIN_BOND.div_ceil(2);
        match (claim.rows[row], claim.contester) {
            (false, contester) => {
                let burnt = claim.bond.div_ceil(2);
                self.credit(who, claim.bond - burnt);
                self.burnt += burnt;
                if let Some(contester) = contester {
                    self.credit(contester, MIN_BOND);
                }
                self.claims[index].status = Status::Refuted;
            }
            (true, contester) if claim.rows.len() == 1 => {
                self.credit(claim.claimant, claim.bond);
                if contester.is_some() {
                    self.credit(claim.claimant, MIN_BOND - lost);
                    self.burnt += lost;
                }
                self.claims[index].status = Status::Upheld;
            }
            (true, Some(_)) if row == claim.contested_row => {
                self.credit(claim.claimant, MIN_BOND - lost);
                self.burnt += lost;
                self.claims[index].contester = None;
                self.claims[index].status = Status::Open;
            }
            (true, _) => return false,
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

/// The truth of two to five rows, from the bits of a number.
fn truths_of(bits: u8) -> Vec<bool> {
    (0..2 + usize::from(bits % 4)).map(|row| bits >> (row % 4) & 1 == 1).collect()
}

/// A claim for calls that must fail because there is none.
fn no_claim() -> Claim {
    Claim {
        model_id: 1,
        version: 1,
        claimant: Felt::ZERO,
        bond: 0,
        stake: 0,
        deadline: 0,
        contester: Felt::ZERO,
        contested_row: 0,
        rows: Vec::new(),
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
        // The claim that is meant, as it is now.
        let claim = match action {
            Action::Challenge { claim, .. }
            | Action::Contest { claim, .. }
            | Action::Finalize { claim }
                if !ledger.claims.is_empty() =>
            {
                world.record(number(*claim)).await.claim
            }
            _ => no_claim(),
        };
        let deadline = claim.deadline;
        let call = match action {
            Action::Call { rows } => {
                let rows = vec![ROW.to_vec(); usize::from(*rows)];
                registry.call_batch(1, 1, &rows, u128::MAX)
            }
            Action::Claim { honest, bond } => {
                let output = if *honest { Felt::THREE } else { Felt::ONE };
                registry.claim(1, 1, &ROW, &[output], (*bond).into())
            }
            Action::ClaimBatch { truths, bond } => {
                let truths = truths_of(*truths);
                let output = |is_true: &bool| vec![if *is_true { Felt::THREE } else { Felt::ONE }];
                let outputs: Vec<_> = truths.iter().map(output).collect();
                let inputs = vec![ROW.to_vec(); truths.len()];
                registry.claim_batch(1, 1, &inputs, &outputs, (*bond).into())
            }
            Action::Challenge { claim: id, row } => {
                registry.challenge(number(*id), &claim, (*row).into(), &ROW)
            }
            Action::Contest { claim: id, row } => {
                registry.contest(number(*id), &claim, (*row).into())
            }
            Action::Finalize { claim: id } => registry.finalize(number(*id), &claim),
            Action::Sweep => registry.sweep(),
            Action::WithdrawFor { whom } => registry.withdraw_for(world.address(whom + 1)),
            Action::Pass { seconds } => {
                world.node.pass((*seconds).into()).await;
                continue;
            }
            // A higher price takes notice, which is not what this test is about.
            Action::SetPrice { price } => {
                registry.set_terms(1, u128::from(*price).min(ledger.price), 0)
            }
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
        let result = world.try_run(who, call).await;
        let refused = match &result {
            Ok(_) => false,
            Err(ChainError::Reverted { .. }) => true,
            Err(error) => panic!("step {step}: {error}"),
        };
        // The clock runs while the test does: windows are judged by the block that counted.
        let now = chain.timestamp().await.unwrap();
        let closed = |_: usize| now >= deadline;
        let accepted = ledger.apply(actor, action, closed);
        assert_eq!(accepted, !refused, "step {step}, {actor} {action:?}: {result:?}");

        let totals = registry.totals(&chain).await.unwrap();
        assert_eq!(totals.held, ledger.held(), "step {step}: {action:?}");
        let lost = (totals.burnt, totals.swept);
        assert_eq!(lost, (ledger.burnt, ledger.swept), "step {step}: {action:?}");
        assert_eq!(world.tokens_of(registry.address).await, totals.held, "step {step}");
    }
    for actor in 0..ACTORS {
        assert_eq!(world.tokens(actor + 1).await, ledger.tokens[actor], "tokens of {actor}");
        let owed = ledger.balances.get(&actor).copied().unwrap_or_default();
        assert_eq!(world.balance(actor + 1).await, owed, "balance of {actor}");
    }
    let everything = ledger.tokens.iter().sum::<u128>() + ledger.held() + ledger.swept;
    assert_eq!(everything, FUNDS * ACTORS as u128, "nothing is made, nothing is lost");

    // Everything can leave.
    world.node.pass(2 * WINDOW).await;
    for (index, claim) in ledger.claims.iter().enumerate() {
        if matches!(claim.status, Status::Open | Status::Contested) {
            let call = world.finalize(index as u64 + 1).await;
            world.run(1, call).await;
        }
    }
    world.run(1, registry.distribute(1)).await;
    for actor in 0..ACTORS {
        if world.balance(actor + 1).await > 0 {
            world.run(actor + 1, registry.withdraw()).await;
        }
    }
    if registry.totals(&chain).await.unwrap().burnt > 0 {
        world.run(1, registry.sweep()).await;
    }
    let totals = registry.totals(&chain).await.unwrap();
    assert_eq!((totals.held, totals.burnt), (0, 0));
    assert_eq!(world.tokens_of(registry.address).await, 0);
}

#[test]
fn tokens_are_conserved() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = std::cell::RefCell::new(runtime.block_on(World::start()));
    let actions = std::env::var("NILOMETER_LEDGER_ACTIONS").ok();
    let actions: u32 = actions.map_or(ACTIONS, |text| text.parse().expect("a number of actions"));
    let cases = actions.div_ceil(ACTIONS_PER_CASE);
    let config =
        Config { cases, max_shrink_iters: 40, failure_persistence: None, ..Config::default() };
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
