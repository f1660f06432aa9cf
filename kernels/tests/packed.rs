//! Packed arithmetic is that of single elements.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{felt, BACKENDS};
use nilometer_air::cairo::constraints;
use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH};
use nilometer_field::{Felt, Value};
use nilometer_kernels::{Kernel, Packed, LANES};
use proptest::prelude::*;
use winter_math::FieldElement;

/// All operations, on the same operands, unreduced ones as well.
struct Operations {
    a: [Felt; LANES],
    b: [Felt; LANES],
    factor: Felt,
}

type Lanes = [Felt; LANES];

impl Kernel for Operations {
    type Output = Vec<(&'static str, Lanes)>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Self::Output {
        let (a, b) = (P::load_slice(&self.a), P::load_slice(&self.b));
        let factor = P::factor(self.factor);
        // Sums of as many terms as allowed, of either sign.
        let mut sum = P::widen(a);
        let mut difference = a.mul_wide(b);
        let mut products = P::no_products();
        for _ in 0..P::MAX_TERMS {
            sum = P::add_wide(sum, P::scale(P::widen(b), &factor));
            difference = P::sub_wide(difference, P::scale(P::widen(a), &factor));
        }
        for _ in 0..P::MAX_PRODUCTS {
            products = P::add_product(products, a, b);
        }
        // Eight of any values.
        let mut eight = P::widen(a);
        for _ in 0..3 {
            eight = P::add_wide(eight, P::widen(a));
        }
        for _ in 0..4 {
            eight = P::sub_wide(eight, P::widen(b));
        }
        let term = P::widen(P::narrow(P::scale(difference, &factor)));
        vec![
            ("load", a.to_array()),
            ("splat", P::splat(self.factor).to_array()),
            ("zero", P::zero().to_array()),
            ("add", (a + b).to_array()),
            ("sub", (a - b).to_array()),
            ("mul", (a * b).to_array()),
            ("chain", ((a + b) * (a - b) - (b - a) * (a + a) - b).to_array()),
            ("square", (a - b).square().to_array()),
            ("spread", P::spread(&factor).to_array()),
            ("eight", P::narrow(eight).to_array()),
            ("halve 0", a.halve(0).to_array()),
            ("halve 17", (a - b).halve(17).to_array()),
            ("halve 48", a.halve(48).to_array()),
            ("sum", P::narrow(sum).to_array()),
            ("difference", P::narrow(difference).to_array()),
            ("scaled sum", P::narrow(P::scale(sum, &factor)).to_array()),
            ("term", P::narrow(P::sub_wide(P::widen(a), term)).to_array()),
            ("products", P::reduce(products).to_array()),
            ("lane sum", [a.lane_sum(); LANES]),
        ]
    }
}

fn expected(o: &Operations) -> Vec<(&'static str, Lanes)> {
    let each = |f: &dyn Fn(Felt, Felt) -> Felt| -> Lanes {
        std::array::from_fn(|lane| f(o.a[lane], o.b[lane]))
    };
    let half = |log2: u32| Felt::from(1_u64 << log2).inverse();
    let terms = Felt::from(40_u64);
    let factor = o.factor;
    let sum = o.a.iter().fold(Felt::ZERO, |sum, a| sum + *a);
    vec![
        ("load", o.a),
        ("splat", [factor; LANES]),
        ("zero", [Felt::ZERO; LANES]),
        ("add", each(&|a, b| a + b)),
        ("sub", each(&|a, b| a - b)),
        ("mul", each(&|a, b| a * b)),
        ("chain", each(&|a, b| (a + b) * (a - b) - (b - a) * (a + a) - b)),
        ("square", each(&|a, b| (a - b) * (a - b))),
        ("spread", [factor; LANES]),
        ("eight", each(&|a, b| a + a + a + a - b - b - b - b)),
        ("halve 0", o.a),
        ("halve 17", each(&|a, b| (a - b) * half(17))),
        ("halve 48", each(&|a, _| a * half(48))),
        ("sum", each(&|a, b| a + terms * b * factor)),
        ("difference", each(&|a, b| a * b - terms * a * factor)),
        ("scaled sum", each(&|a, b| (a + terms * b * factor) * factor)),
        ("term", each(&|a, b| a - (a * b - terms * a * factor) * factor)),
        ("products", each(&|a, b| Felt::from(64_u64) * a * b)),
        ("lane sum", [sum; LANES]),
    ]
}

fn lanes() -> impl Strategy<Value = Lanes> {
    proptest::array::uniform8(felt())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn operations_are_those_of_elements(a in lanes(), b in lanes(), factor in felt()) {
        let expected = expected(&Operations { a, b, factor });
        for backend in BACKENDS {
            let found = backend().dispatch(Operations { a, b, factor });
            prop_assert_eq!(&found, &expected, "{:?}", backend());
        }
    }
}

/// Loads and stores in every arrangement.
struct Loads<'a>(&'a [Felt], usize);

impl Kernel for Loads<'_> {
    type Output = (Lanes, Lanes, Vec<Felt>);

    #[inline(always)]
    fn run<P: Packed>(self) -> Self::Output {
        let strided = P::load_strided(self.0, self.1);
        let mut some = vec![Felt::ONE; 5];
        strided.store_slice(&mut some);
        (P::load_slice(self.0).to_array(), strided.to_array(), some)
    }
}

#[test]
fn loads_take_their_places() {
    let felts = common::felts(1, 100);
    for backend in BACKENDS {
        for stride in [1, 2, 5, 14] {
            let (slice, strided, some) = backend().dispatch(Loads(&felts, stride));
            assert_eq!(slice, felts[..8]);
            for lane in 0..LANES {
                assert_eq!(strided[lane], felts[lane * stride], "lane {lane}, stride {stride}");
            }
            assert_eq!(some, strided[..5]);
        }
    }
}

#[test]
#[should_panic(expected = "range end index")]
fn loads_beyond_the_end_are_refused() {
    let felts = common::felts(1, 8);
    nilometer_kernels::dispatch(Loads(&felts, 2));
}

/// The Cairo AIR's constraints on eight rows, and on each.
struct Constraints<'a> {
    columns: &'a [Vec<Felt>],
}

/// Values that the AIR computes on two neighbouring rows of all segments.
fn constraints<V: Value>(row: &[V], next: &[V]) -> Vec<V> {
    let k = constraints::Constants::new();
    let mut values = Vec::new();
    let periodic = &row[row.len() - 2..];
    let challenges = std::array::from_fn(|i| next[i]);
    let (main, aux) = row.split_at(MAIN_WIDTH);
    let (main_next, aux_next) = next.split_at(MAIN_WIDTH);
    values.extend(constraints::main(&k, main, main_next, periodic));
    values.extend(constraints::aux(&k, main, aux, aux_next, periodic, &challenges));
    values
}

impl Kernel for Constraints<'_> {
    type Output = Vec<Lanes>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Vec<Lanes> {
        let at = |offset: usize| -> Vec<P> {
            self.columns.iter().map(|column| P::load_slice(&column[offset..])).collect()
        };
        constraints(&at(0), &at(1)).into_iter().map(P::to_array).collect()
    }
}

#[test]
fn constraints_are_computed_packed() {
    let columns: Vec<_> = (0..MAIN_WIDTH + AUX_WIDTH + 2)
        .map(|column| common::felts(column as u64, LANES + 1))
        .collect();
    let row = |i: usize| -> Vec<Felt> { columns.iter().map(|column| column[i]).collect() };
    for backend in BACKENDS {
        let found = backend().dispatch(Constraints { columns: &columns });
        for lane in 0..LANES {
            let found: Vec<_> = found.iter().map(|lanes| lanes[lane]).collect();
            assert_eq!(found, constraints(&row(lane), &row(lane + 1)), "row {lane}");
        }
    }
}
