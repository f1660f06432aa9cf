//! The constraints, each an expression that is zero where it holds.
//!
//! They are written once, over any type that adds and multiplies. Degrees count the columns of all trees.
//!
//! | constraint | degree, rows | equation | without it, a prover could |
//! |---|---|---|---|
//! | `gate::sign` | 2, every | `S² = S` | scale a result by any `S` |
//! | `gate::argument` | 3, every | `K0 + KX·X + KA·A + KB·B + KM·A·B + S·(KS + KSX·X) = R + KH·H`; without R on a step through a tree and on entries | leave limbs that have nothing to do with the argument |
//! | `gate::result` | 3, every | `Y = Y0 + YX·X + YA·A + YM·A·B + YH·H + YS·S + S·(YSX·X + YSH·H)`; Y is free on a step through a tree | write any result |
//! | `tree::step` | 3, every | on a step: X is the node that holds bound, feature and children (below) | take either child |
//! | `entries::x`, `a`, `b`, `limb_0`, `limb_2` | 2, every | the entry's value is the preprocessed one | answer lookups with values of its own |
//! | `dense::horner` | 3, transition | `u' = (1 − PRODUCT − SUM_END)·u·m + WEIGHTS·Σ_s P_s·ρ^(23−s) + LANE·X`; `m` is ρ^24 on weights, ρ on the first lane of a further group, else 1 | use other weights, or leave lanes out |
//! | `dense::inputs` | 3, transition | `x' = (1 − PRODUCT)·(1 + INPUT·(τ − 1))·x + INPUT·X` | multiply the weights with other inputs |
//! | `dense::total` | 3, transition | `t' = t·(1 + SUM_END·(τ − 1)) − SUM_END·u + PRODUCT·x·u` | forget a product |
//! | `dense::check` | 2, every | `CHECK·t = 0` | have any results of a layer, any sum of votes |
//! | `bus::x_a`, `b_y`, `lookups`, `limbs_0_1`, `limbs_2_3`, `limbs_4_5` | 3, every | `h = n/d + n'/d'` | invent or swallow reads |
//! | `bus::sum` | 2, transition | `(s' − s − Σ h)·d = LIMB_COUNT` for the limb table's `d` | let the sum jump |
//! | `first::sum`, `horner`, `inputs`, `total` | 1, first | the running values start at 0 | start with what is missing at the end |
//! | `last::sum` | 1, last | `s` is minus the public side | claim other inputs or outputs |
//!
//! A step's node: with `V = R + 2^(3·bits)·H ≥ 0`, the bound is `B + V` where `S = 1` (the feature's value B is at most
//! the bound: the first child) and `B − 1 − V` where it is 0 (the second), and
//! `X = bound + 2^128·F + 2^192·(number of the first child)`, the child that is taken being `Y + NB`. X is looked up
//! under the number `A + NB`, and B under `F + NB` among the features, whose fingerprints are apart from all others by
//! α². A packed node has one reading: B is a feature's value, so the bound is below 2^122 in magnitude; F is less than
//! 2^55 away from any other feature's; the child is a number that is looked up next, below 2^57. Two readings differ
//! by less than the modulus as integers, and integers with such parts have one.

use nilometer_stark::{Columns, ConstraintInfo, Felt, Frame, Kind, Value};

use winter_math::FieldElement;

use crate::layout::{aux, main, number, pre, CELLS, LOW_LIMBS, NODE_CHILD, NODE_FEATURE};

/// Challenges: `z` and `α` of the bus (`1/(z − number − α·value)`, features less α² too), ρ over packed sums, τ over a batch's rows.
pub const N_CHALLENGES: usize = 4;
/// Derived values: what the sum of fractions ends with, then ρ^1 to ρ^[`CELLS`].
pub const N_DERIVED: usize = 1 + CELLS;

/// The constraints' number.
pub const N_CONSTRAINTS: usize = 25;

const fn info(name: &'static str, degree: usize, kind: Kind) -> ConstraintInfo {
    ConstraintInfo { name, degree, kind }
}

/// The constraints in the order of [`eval`].
pub const CONSTRAINTS: [ConstraintInfo; N_CONSTRAINTS] = [
    info("gate::sign", 2, Kind::Every),
    info("gate::argument", 3, Kind::Every),
    info("gate::result", 3, Kind::Every),
    info("tree::step", 3, Kind::Every),
    info("entries::x", 2, Kind::Every),
    info("entries::a", 2, Kind::Every),
    info("entries::b", 2, Kind::Every),
    info("entries::limb_0", 2, Kind::Every),
    info("entries::limb_2", 2, Kind::Every),
    info("dense::horner", 3, Kind::Transition),
    info("dense::inputs", 3, Kind::Transition),
    info("dense::total", 3, Kind::Transition),
    info("dense::check", 2, Kind::Every),
    info("bus::x_a", 3, Kind::Every),
    info("bus::b_y", 3, Kind::Every),
    info("bus::lookups", 3, Kind::Every),
    info("bus::limbs_0_1", 3, Kind::Every),
    info("bus::limbs_2_3", 3, Kind::Every),
    info("bus::limbs_4_5", 3, Kind::Every),
    info("bus::sum", 2, Kind::Transition),
    info("first::sum", 1, Kind::First),
    info("first::horner", 1, Kind::First),
    info("first::inputs", 1, Kind::First),
    info("first::total", 1, Kind::First),
    info("last::sum", 1, Kind::Last),
];

/// The next-row columns that the constraints read.
pub fn next_columns() -> Columns<Vec<usize>> {
    Columns {
        preprocessed: Vec::new(),
        main: Vec::new(),
        aux: vec![aux::SUM, aux::HORNER, aux::INPUTS, aux::TOTAL],
    }
}

/// Constants, made once for many rows.
#[derive(Clone, Copy, Debug)]
pub struct Constants {
    one: Felt,
    /// `2^bits`, `2^(2·bits)`, `2^(3·bits)` for limbs of `bits` bits.
    places: [Felt; 3],
    node_feature: Felt,
    node_child: Felt,
    result: Felt,
    tag_place: Felt,
}

impl Constants {
    /// Those of a trace with limbs of `bits` bits.
    pub fn new(bits: u32) -> Self {
        Self::with_places([1, 2, 3].map(|limbs| power_of_two(limbs * bits)))
    }

    /// Those with these places of the second, third and fourth limb.
    pub fn with_places(places: [Felt; 3]) -> Self {
        Self {
            one: Felt::from(1_u64),
            places,
            node_feature: power_of_two(NODE_FEATURE),
            node_child: power_of_two(NODE_CHILD),
            result: Felt::from(number::RESULT),
            tag_place: Felt::from(number::TAG_PLACE),
        }
    }
}

/// `2^n`.
pub fn power_of_two(n: u32) -> Felt {
    match n {
        0..128 => Felt::from(1_u128 << n),
        _ => Felt::from(1_u128 << 127) * power_of_two(n - 127),
    }
}

/// A fraction of the bus.
#[derive(Clone, Copy, Debug)]
pub struct Fraction<V> {
    /// How often the entry is written; -1 where it is read.
    pub count: V,
    /// `z − number − α·value`.
    pub denominator: V,
}

/// Fractions on a row, without that of the limb table.
pub const N_FRACTIONS: usize = 12;

/// The low and the high limbs' values.
#[inline(always)]
fn parts<V: Value>(k: &Constants, row: &[V]) -> (V, V) {
    let (place, place_2) = (V::constant(k.places[0]), V::constant(k.places[1]));
    let limb = main::LIMB;
    (
        row[limb] + place * row[limb + 1] + place_2 * row[limb + 2],
        row[limb + LOW_LIMBS] + place * row[limb + 4] + place_2 * row[limb + 5],
    )
}

#[inline(always)]
fn fraction<V: Value>(count: V, denominator: V) -> Fraction<V> {
    Fraction { count, denominator }
}

/// The row's fractions: ports X, A, B, Y, the two lookups, the limbs; last the limb table's.
#[inline(always)]
pub fn fractions<V: Value>(
    k: &Constants,
    row: &Columns<&[V]>,
    challenges: &[V],
) -> ([Fraction<V>; N_FRACTIONS], Fraction<V>) {
    let (p, m) = (row.preprocessed, row.main);
    let (z, alpha) = (challenges[0], challenges[1]);
    let feature = alpha * alpha;
    let entries = p[pre::ENTRIES];
    let limb = main::LIMB;
    let zero = V::constant(Felt::ZERO);
    let result = V::constant(k.result) + V::constant(k.tag_place) * p[pre::TAG] + p[pre::VALUE];
    let port_x = z - alpha * m[main::X];
    let port_b = z - p[pre::NB] - alpha * m[main::B];
    let read = zero - p[pre::RANGE];
    let width = pre::WIDTH;
    (
        [
            fraction(p[pre::MX] + entries * m[limb + 3], port_x - p[pre::NX]),
            fraction(
                p[pre::MA] + p[pre::COUNTED] * m[main::F],
                z - p[pre::NA] - alpha * m[main::A] - (p[pre::COUNTED] - entries) * feature,
            ),
            fraction(p[pre::MB] + entries * m[limb + 5], port_b),
            fraction(p[pre::MY], z - result - alpha * m[main::Y]),
            fraction(zero - p[pre::LOOK], port_x - p[pre::NB] - m[main::A]),
            fraction(zero - p[pre::TREE], port_b - m[main::F] - feature),
            fraction(read + entries * m[limb + 1], z - p[width] - alpha * m[limb]),
            fraction(read, z - p[width + 1] - alpha * m[limb + 1]),
            fraction(read + entries * m[limb + 4], z - p[width + 2] - alpha * m[limb + 2]),
            fraction(read, z - p[width + 3] - alpha * m[limb + 3]),
            fraction(read, z - p[width + 4] - alpha * m[limb + 4]),
            fraction(read, z - p[width + 5] - alpha * m[limb + 5]),
        ],
        fraction(m[main::LIMB_COUNT], z - p[pre::TAG] - alpha * p[pre::VALUE]),
    )
}

/// The constraints on a frame, in the order of [`CONSTRAINTS`].
#[inline(always)]
pub fn eval<V: Value>(
    k: &Constants,
    frame: &Frame<'_, V>,
    challenges: &[V],
    derived: &[V],
    out: &mut [V],
) {
    let (p, m, a) = (frame.row.preprocessed, frame.row.main, frame.row.aux);
    let next = frame.next.aux;
    let (rho, tau) = (challenges[2], challenges[3]);
    let one = V::constant(k.one);
    let (x, operand_a, operand_b, y, s) =
        (m[main::X], m[main::A], m[main::B], m[main::Y], m[main::S]);
    let (low, high) = parts(k, m);
    let (tree, entries) = (p[pre::TREE], p[pre::ENTRIES]);
    let product = operand_a * operand_b;
    let signed_x = s * x;

    out[0] = s * s - s;
    out[1] = p[pre::K0]
        + p[pre::KX] * x
        + p[pre::KA] * operand_a
        + p[pre::KB] * operand_b
        + p[pre::KM] * product
        + p[pre::KS] * s
        + p[pre::KSX] * signed_x
        - (one - tree - entries) * low
        - p[pre::KH] * high;
    out[2] = (one - tree) * y
        - p[pre::Y0]
        - p[pre::YX] * x
        - p[pre::YA] * operand_a
        - p[pre::YM] * product
        - p[pre::YH] * high
        - p[pre::YS] * s
        - p[pre::YSX] * signed_x
        - p[pre::YSH] * (s * high);

    let distance = low + V::constant(k.places[2]) * high;
    let bound = operand_b - one + s + (s + s - one) * distance;
    let child = y + p[pre::NB] + s - one;
    let node = bound + V::constant(k.node_feature) * m[main::F] + V::constant(k.node_child) * child;
    out[3] = tree * (x - node);

    out[4] = entries * (x - p[pre::Y0]);
    out[5] = entries * (operand_a - p[pre::YX]);
    out[6] = entries * (operand_b - p[pre::YA]);
    out[7] = entries * (m[main::LIMB] - p[pre::YM]);
    out[8] = entries * (m[main::LIMB + 2] - p[pre::YH]);

    let (horner, inputs, total) = (a[aux::HORNER], a[aux::INPUTS], a[aux::TOTAL]);
    let (done, ends) = (p[pre::PRODUCT], p[pre::SUM_END]);
    let is_input = p[pre::INPUT];
    let weights = p[pre::WEIGHTS];
    let mut cells = p[CELLS - 1];
    for i in 0..CELLS - 1 {
        cells = cells + derived[CELLS - 1 - i] * p[i];
    }
    let factor = one + p[pre::STEP] * (rho - one) + weights * (derived[CELLS] - one);
    out[9] = next[aux::HORNER]
        - (one - done - ends) * (horner * factor)
        - weights * cells
        - p[pre::LANE] * x;
    out[10] =
        next[aux::INPUTS] - (one - done) * (inputs * (one + is_input * (tau - one))) - is_input * x;
    out[11] = next[aux::TOTAL] - total * (one + ends * (tau - one)) + ends * horner
        - done * (inputs * horner);
    out[12] = p[pre::CHECK] * total;

    let (fractions, table) = fractions(k, &frame.row, challenges);
    let mut sum = a[aux::SUM];
    for i in 0..N_FRACTIONS / 2 {
        let (f, g) = (fractions[2 * i], fractions[2 * i + 1]);
        let pair = a[aux::PAIR + i];
        out[13 + i] = pair * (f.denominator * g.denominator)
            - f.count * g.denominator
            - g.count * f.denominator;
        sum = sum + pair;
    }
    out[19] = (next[aux::SUM] - sum) * table.denominator - table.count;

    out[20] = a[aux::SUM];
    out[21] = horner;
    out[22] = inputs;
    out[23] = total;
    out[24] = a[aux::SUM] - derived[0];
}
