//! What a cheating prover could try: each attempt is wrong in exactly the constraints and lookups that it names.

mod boundary;
mod cpu;
mod decode;
mod memory;
mod sums;

use nilometer_prover::{lookups as prover_lookups, Witness};

use nilometer_field::Felt;

use crate::lookups::{unbalanced, BOUNDARY, TRACE};
use crate::machine::{Forger, Sketch};
use crate::proofs::{self, cheap};
use crate::rows::{challenges, failing_with};
use nilometer_test_support::asm::Code;
use nilometer_test_support::programs::{everything, EVERYTHING_ROWS};

/// The constraint that fails when lookups and counts do not agree.
pub const LAST_SUM: &str = "boundary::last_sum";

/// An attempt.
pub struct Case {
    pub name: String,
    /// The constraints that it breaks, and no others.
    pub breaks: Vec<&'static str>,
    /// The lookups that it breaks.
    pub lookups: Vec<&'static str>,
    pub attempt: Attempt,
}

/// How an attempt is made.
pub enum Attempt {
    /// All counts follow from the trace.
    Sketch(Box<Sketch>),
    /// The counts are forged too.
    Witness(Box<Witness>),
    /// The auxiliary segment is forged: it is made from the honest one and from what the last sum lacks.
    Aux(Box<Sketch>, AuxForger),
}

/// Changes an auxiliary segment whose last sum is too large by a felt.
pub type AuxForger = fn(&mut [Vec<Felt>], Felt);

impl Case {
    fn new(name: impl Into<String>, breaks: &[&'static str], sketch: Sketch) -> Self {
        let (name, breaks) = (name.into(), breaks.to_vec());
        Self { name, breaks, lookups: Vec::new(), attempt: Attempt::Sketch(Box::new(sketch)) }
    }

    /// An attempt that only lookups refuse.
    fn lookup(name: impl Into<String>, lookups: &[&'static str], sketch: Sketch) -> Self {
        Self { lookups: lookups.to_vec(), ..Self::new(name, &[LAST_SUM], sketch) }
    }

    /// The witness.
    pub fn witness(&self) -> Witness {
        match &self.attempt {
            Attempt::Sketch(sketch) | Attempt::Aux(sketch, _) => sketch.settle(),
            Attempt::Witness(witness) => (**witness).clone(),
        }
    }

    /// The auxiliary segment for challenges, whose public sum is given.
    pub fn aux(
        &self,
        witness: &Witness,
        challenges: &[Felt; nilometer_air::cairo::lookup::N_CHALLENGES],
    ) -> Vec<Vec<Felt>> {
        let mut aux = prover_lookups::build(&witness.main, challenges);
        if let Attempt::Aux(_, forge) = &self.attempt {
            let sum = nilometer_air::cairo::lookup::public_sum(
                &witness.claim,
                &witness.advice,
                challenges,
            );
            let sums = &aux[nilometer_air::cairo::layout::SUM];
            let excess = sums[sums.len() - 1] - sum.unwrap();
            forge(&mut aux, excess);
        }
        aux
    }

    /// The constraints that the row checker names.
    pub fn failing(&self) -> Vec<&'static str> {
        let witness = self.witness();
        failing_with(&witness, &self.aux(&witness, &challenges()))
    }

    /// The lookups that do not agree with the tables.
    pub fn unmatched(&self) -> Vec<&'static str> {
        let mut names: Vec<_> =
            unbalanced(&self.witness()).into_iter().flat_map(|entry| entry.names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the attempt would be accepted if a lookup were not there.
    pub fn acceptable_without_lookup(&self, lookup: &str) -> bool {
        let Attempt::Sketch(sketch) = &self.attempt else { return false };
        let (witness, unmatched) = sketch.settle_without(Some(lookup));
        let aux = prover_lookups::build(&witness.main, &challenges());
        // Only the sum, which still has the lookup, may object.
        unmatched.is_empty()
            && failing_with(&witness, &aux).iter().all(|name| *name == LAST_SUM)
            && witness.advice.check(&witness.claim, witness.n_rows()).is_ok()
    }
}

/// Every attempt.
pub fn all() -> Vec<Case> {
    [cpu::cases(), decode::cases(), memory::cases(), boundary::cases(), sums::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// A forged run of [`everything`].
fn forged(change: impl FnOnce(&Code, Forger<'static>) -> Forger<'static>) -> Sketch {
    let code = everything();
    change(&code, Forger::default()).run(&code, EVERYTHING_ROWS)
}

#[test]
fn each_breaks_what_it_says_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in all() {
        let mut breaks = case.breaks.clone();
        let mut failing = case.failing();
        breaks.sort_unstable();
        failing.sort_unstable();
        if failing != breaks {
            wrong.push(format!("{}: breaks {failing:?}, not {breaks:?}", case.name));
        }
        let mut lookups = case.lookups.clone();
        lookups.sort_unstable();
        let unmatched = case.unmatched();
        if unmatched != lookups {
            wrong.push(format!("{}: lookups {unmatched:?}, not {lookups:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn names_tell_cases_apart() {
    let mut names: Vec<String> = all().into_iter().map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 150, "{count}");
    assert_eq!(TRACE.len() + BOUNDARY.len(), 13);
}

#[test]
fn the_verifier_refuses_each() {
    for case in all() {
        if matches!(case.attempt, Attempt::Aux(..)) {
            continue; // crate::forged_aux
        }
        let witness = case.witness();
        let verdict = proofs::verdict(&witness, cheap());
        assert!(verdict.is_err(), "accepted: {}", case.name);
        assert!(
            !matches!(verdict, Err(nilometer_verifier::VerifyError::Panic)),
            "panic: {}",
            case.name
        );
    }
}
