//! The public calculator's account (ethereum/soundcalc, `pcs/fri.py`, `circuits/deep_ali.py`,
//! `proxgaps/johnson_bound.py`, `lookups/logup.py`), computed from its formulas alone: it must give the
//! promised bits too.

use crate::air::{MAX_ROWS, MIN_ROWS};
use crate::security::{self, Counts};
use crate::{Level, Params, Target};

/// A batched FRI with what surrounds it, in the calculator's names.
struct Soundcalc {
    rho: f64,
    trace_length: f64,
    batch_size: f64,
    num_queries: i32,
    folding_factors: Vec<f64>,
    grinding_query_phase: i32,
    num_constraints: f64,
    air_max_degree: f64,
    max_combo: f64,
    lookup_fractions: f64,
}

/// The field's order.
fn field() -> f64 {
    2_f64.powi(251) + 17.0 * 2_f64.powi(192)
}

fn floor_bits(error: f64) -> i32 {
    (-error.log2()).floor() as i32
}

impl Soundcalc {
    fn of(params: &Params, counts: &Counts) -> Self {
        Self {
            rho: 1.0 / params.blowup() as f64,
            trace_length: params.n_rows() as f64,
            batch_size: counts.n_functions as f64,
            num_queries: params.n_queries() as i32,
            folding_factors: params.folds_log2().iter().map(|f| f64::from(1 << f)).collect(),
            grinding_query_phase: params.grinding_bits() as i32,
            num_constraints: counts.n_constraints as f64,
            air_max_degree: counts.max_degree as f64,
            max_combo: 2.0,
            lookup_fractions: counts.argument_degree as f64,
        }
    }

    /// The gap of fields above 2^150.
    fn eta(&self) -> f64 {
        self.rho.sqrt() / 100.0
    }

    fn proximity(&self) -> f64 {
        1.0 - self.rho.sqrt() - self.eta()
    }

    fn list_size(&self) -> f64 {
        1.0 / (2.0 * self.eta() * self.rho.sqrt())
    }

    fn error_linear(&self, dimension: f64) -> f64 {
        let sqrt_rate = self.rho.sqrt();
        let m = (sqrt_rate / (2.0 * self.eta())).ceil().max(3.0) + 0.5;
        let n = dimension / self.rho;
        let first = (2.0 * m.powi(5) + 3.0 * m * self.proximity() * self.rho) * n
            / (3.0 * self.rho * sqrt_rate);
        (first + m / sqrt_rate) / field()
    }

    fn total(&self) -> i32 {
        let mut least = floor_bits(self.error_linear(self.trace_length) * (self.batch_size - 1.0));
        let mut folded = 1.0;
        for factor in &self.folding_factors {
            folded *= factor;
            let error = self.error_linear(self.trace_length / folded) * (factor - 1.0);
            least = least.min(floor_bits(error));
        }
        let queries = (1.0 - self.proximity()).powi(self.num_queries)
            * 2_f64.powi(-self.grinding_query_phase);
        let domain = self.trace_length / self.rho;
        assert!(self.trace_length + self.max_combo < (1.0 - self.proximity()) * domain);
        let deep = self.list_size()
            * (self.air_max_degree * (self.trace_length + self.max_combo - 1.0)
                + (self.trace_length - 1.0))
            / (field() - self.trace_length - domain);
        let ali = self.list_size() * self.num_constraints / field();
        let lookups = self.lookup_fractions / field();
        [queries, deep, ali, lookups].into_iter().fold(least, |least, e| least.min(floor_bits(e)))
    }
}

#[test]
fn it_gives_the_figures_that_are_known_of_it() {
    let total = |rho: f64, rows_log2: i32, num_queries, grinding| {
        Soundcalc {
            rho,
            trace_length: 2_f64.powi(rows_log2),
            batch_size: 80.0,
            num_queries,
            folding_factors: vec![8.0],
            grinding_query_phase: grinding,
            num_constraints: 20.0,
            air_max_degree: 3.0,
            max_combo: 2.0,
            lookup_fractions: 1e6,
        }
        .total()
    };
    // Of the parameters that this project had before.
    assert_eq!(total(0.25, 13, 81, 20), 99);
    assert_eq!(total(0.25, 7, 81, 20), 99);
    assert_eq!(total(0.25, 13, 82, 20), 100);
    assert_eq!(total(0.125, 13, 73, 20), 128);
    assert_eq!(total(1.0 / 32.0, 13, 33, 20), 102);
}

#[test]
fn every_level_is_reached_at_every_length_in_both_accounts() {
    for target in Target::ALL {
        for level in Level::ALL {
            for log2 in MIN_ROWS.ilog2()..=MAX_ROWS.ilog2() {
                let params = Params::new(level, target, 1 << log2);
                let what = format!("{target:?}, {level}, 2^{log2}");
                let ours = security::bits(&params, &Counts::LARGE);
                assert!(ours >= level.bits(), "{what}: {ours}");
                let theirs = Soundcalc::of(&params, &Counts::LARGE).total();
                assert!(theirs >= level.bits() as i32, "{what}: soundcalc {theirs}");
                // Not at the price of many queries more than are needed.
                assert!(ours <= level.bits() + 3, "{what}: {ours}");
            }
        }
    }
}

#[test]
fn one_query_less_is_not_enough() {
    for target in Target::ALL {
        for level in Level::ALL {
            for n_rows in [1 << 10, 1 << 13, 1 << 20] {
                let params = Params::new(level, target, n_rows);
                let mut account = Soundcalc::of(&params, &Counts::LARGE);
                account.num_queries -= 1;
                assert!(account.total() < level.bits() as i32, "{target:?}, {level}, {n_rows}");
            }
        }
    }
}

#[test]
fn the_table_in_the_documentation_is_this_one() {
    let document = include_str!("../../../docs/security.md");
    let table = security::table();
    assert!(document.contains(&table), "docs/security.md should contain:\n{table}");
}
