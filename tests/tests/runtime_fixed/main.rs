//! `nilometer_runtime::fixed` in the VM, bit for bit against the same formulas over big integers, and
//! within the stated bounds of 64-bit floats.

#![allow(clippy::unwrap_used)]

mod reference;

use std::fs;

use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive};

use nilometer_tests::cairo_harness::{edges, runtime, Rng, Snippet};
use reference::{big, fit, pow2, round_div, Constants, MAX, ONE};

/// Half a unit.
const HALF: f64 = 1.0 / (1u64 << 33) as f64;
/// What the fine tables and polynomials leave.
const FINE: f64 = 1.0 / (1u64 << 40) as f64;

fn float(raw: i128) -> f64 {
    raw as f64 / ONE as f64
}

const USE: &str = "use nilometer_runtime::fixed::{Fixed, FixedTrait, MAX, ONE, ZERO};";

/// `main` for an expression of `x`, over all inputs.
fn unary(expression: &str) -> Snippet {
    Snippet::new(&format!(
        "use nilometer_runtime::fixed::FixedTrait;
        fn main(input: Span<felt252>, ref output: Array<felt252>) {{
            for x in input {{
                let x = FixedTrait::from_raw(*x);
                output.append({expression}.raw());
            }}
        }}"
    ))
}

/// Representations over the whole range: powers of two and their neighbours, a dense grid over
/// `[-40, 40]`, random ones of every size.
fn inputs(seed: u64) -> Vec<i128> {
    let mut rng = Rng::new(seed);
    let mut inputs = edges(79);
    inputs.extend((-1280..=1280).map(|k| k * ONE / 32 + 12_345));
    inputs.extend((0..800).map(|_| rng.any(79)));
    inputs.extend((0..800).map(|_| rng.between(-40 * ONE, 40 * ONE)));
    inputs
}

/// Compares with the integers exactly and with the floats within `bound(x, truth)`.
fn check(
    name: &str,
    inputs: &[i128],
    integers: &dyn Fn(i128) -> i128,
    floats: &dyn Fn(f64) -> f64,
    bound: &dyn Fn(f64) -> f64,
) {
    let outputs = unary(&format!("x.{name}()")).integers(inputs);
    for (&x, &y) in inputs.iter().zip(&outputs) {
        assert_eq!(y, integers(x), "{name} of {x}");
        let truth = floats(float(x));
        let error = (float(y) - truth).abs();
        // What 64-bit floats lose themselves.
        let bound = bound(truth) + 4.0 * f64::EPSILON * truth.abs();
        assert!(error <= bound, "{name}({}) = {} is off by {error:e}", float(x), float(y));
    }
}

/// To the last bit, which no result of 32 fractional bits would show.
#[test]
fn constants_are_rounded_to_nearest() {
    let constants = Constants::new();
    let source = |file: &str| fs::read_to_string(runtime().join("fixed").join(file)).unwrap();
    let in_order = |source: &str, what: &str, constants: &[&BigInt]| {
        let mut rest = source;
        for constant in constants {
            let sign = if constant.is_negative() { "-" } else { "" };
            let text = match constant.to_i128().filter(|c| c.abs() < 1000) {
                Some(small) => small.to_string(),
                None => format!("{sign}{:#x}", constant.abs()),
            };
            let at = rest.find(&text).unwrap_or_else(|| panic!("{what}: no {text} in order"));
            rest = &rest[at + text.len()..];
        }
    };
    let exp = source("exp.cairo");
    in_order(&exp, "log₂ e", &[&constants.log2_e]);
    in_order(&exp, "exp", &constants.exp.iter().rev().collect::<Vec<_>>());
    in_order(&exp, "roots", &constants.roots.iter().collect::<Vec<_>>());
    let ln = source("ln.cairo");
    in_order(&ln, "series", &constants.ln.iter().rev().collect::<Vec<_>>());
    in_order(&ln, "inverses", &constants.inverses.iter().collect::<Vec<_>>());
    in_order(&ln, "logarithms", &constants.logarithms.iter().collect::<Vec<_>>());
    in_order(&ln, "ln 2", &[&constants.ln_2]);
    let base = &constants.ln_2 * 46 + pow2(136) - pow2(125) + pow2(97);
    in_order(&ln, "base", &[&base]);
}

#[test]
fn exponentials() {
    let constants = Constants::new();
    let mut inputs = inputs(41);
    inputs.extend((0..64).flat_map(|k| [-23 * ONE + k - 32, 32 * ONE + (k * ONE) / 128]));
    let (inside, outside): (Vec<_>, Vec<_>) =
        inputs.into_iter().partition(|x| constants.exp(*x).is_some());
    assert!(inside.len() > 2500 && outside.len() > 500);
    check("exp", &inside, &|x| constants.exp(x).unwrap(), &f64::exp, &|y| HALF + FINE * y);
    let snippet = unary("x.exp()");
    for x in outside.iter().step_by(20).chain([&MAX, &(33 * ONE), &(33 * ONE - 1)]) {
        assert_eq!(snippet.panic(&[*x]), "fixed: overflow", "{x}");
    }
}

#[test]
fn logarithms() {
    let constants = Constants::new();
    let mut inputs: Vec<_> = inputs(42).into_iter().filter(|x| *x > 0).collect();
    // Every segment of the table, at both ends.
    inputs.extend((32..64).flat_map(|k| [k * ONE / 32 - 1, k * ONE / 32, (2 * k + 1) * ONE / 64]));
    check("ln", &inputs, &|x| constants.ln(x), &f64::ln, &|_| HALF + FINE);
    let snippet = unary("x.ln()");
    for x in [0, -1, -MAX] {
        assert_eq!(snippet.panic(&[x]), "fixed: log of 0 or less");
    }
}

#[test]
fn squashing_functions() {
    let constants = Constants::new();
    let mut inputs = inputs(43);
    inputs.extend((0..64).flat_map(|k| {
        let near = k - 32;
        [near, 23 * ONE + near, -23 * ONE + near, 23 * ONE / 2 + near, -23 * ONE / 2 + near]
    }));
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    check("sigmoid", &inputs, &|x| constants.sigmoid(x), &sigmoid, &|_| 2.0 * HALF);
    check("tanh", &inputs, &|x| constants.tanh(x), &f64::tanh, &|_| 4.0 * HALF);
}

#[test]
fn roots_and_whole_numbers() {
    let inputs = inputs(44);
    let positive: Vec<_> = inputs.iter().map(|x| x.abs()).collect();
    check("sqrt", &positive, &|x| (x << 32).isqrt(), &f64::sqrt, &|_| 2.0 * HALF);
    check("abs", &inputs, &i128::abs, &f64::abs, &|_| 0.0);
    assert_eq!(unary("x.sqrt()").panic(&[-1]), "fixed: root of a negative");

    let whole = |x: i128| x.abs() < (1 << 79) - ONE;
    let inputs: Vec<_> = inputs.into_iter().filter(|x| whole(*x)).collect();
    let floor = |x: i128| x >> 32 << 32;
    check("floor", &inputs, &floor, &f64::floor, &|_| 1.0);
    check("ceil", &inputs, &|x| -floor(-x), &f64::ceil, &|_| 1.0);
    check("round", &inputs, &|x| floor(x + ONE / 2), &f64::round, &|_| 1.0);
    for (expression, x) in [("floor", -MAX), ("ceil", MAX), ("round", MAX), ("round", -MAX)] {
        assert_eq!(unary(&format!("x.{expression}()")).panic(&[x]), "fixed: overflow");
    }
}

#[test]
fn arithmetic_and_order() {
    let source = format!(
        "{USE}
        fn main(mut input: Span<felt252>, ref output: Array<felt252>) {{
            while let Option::Some(x) = Serde::<Fixed>::deserialize(ref input) {{
                let y: Fixed = Serde::deserialize(ref input).unwrap();
                (-x).serialize(ref output);
                output.append((x * y).raw());
                output.append((x / y).raw());
                output.append((x + y).raw());
                output.append((x - y).raw());
                output.append(x.min(y).raw());
                output.append(x.max(y).raw());
                let flags: [bool; 6] = [x < y, x <= y, x > y, x >= y, x == y, x != y];
                for flag in flags.span() {{ output.append((*flag).into()); }};
            }};
            assert(ZERO + ONE == FixedTrait::from_int(1) && MAX - MAX == ZERO, 'constants');
        }}"
    );
    let snippet = Snippet::new(&source);
    let mut rng = Rng::new(45);
    let mut pairs: Vec<(i128, i128)> = (0..1500).map(|_| (rng.any(78), rng.any(78))).collect();
    let near = edges(79).into_iter().step_by(7);
    pairs.extend(near.clone().flat_map(|x| near.clone().map(move |y| (x, y))));
    pairs.extend((0..200).map(|_| rng.any(78)).map(|x| (x, x)));
    pairs.extend([(7, 2 * ONE), (-7, 2 * ONE), (7, -2 * ONE), (-7, -2 * ONE), (5, 10), (-5, 10)]);
    let reference = |x: i128, y: i128| -> Option<Vec<i128>> {
        let (numerator, divisor) =
            if y < 0 { (big(-x) << 32u32, big(-y)) } else { (big(x) << 32u32, big(y)) };
        let mut expected = vec![
            -x,
            fit(round_div(&(big(x) * y), &big(ONE)))?,
            (y != 0).then(|| fit(round_div(&numerator, &divisor))).flatten()?,
            fit(big(x + y))?,
            fit(big(x - y))?,
            x.min(y),
            x.max(y),
        ];
        expected.extend([x < y, x <= y, x > y, x >= y, x == y, x != y].map(i128::from));
        Some(expected)
    };
    let mut input = Vec::new();
    let mut expected = Vec::new();
    for (x, y) in pairs {
        if let Some(values) = reference(x, y) {
            // Half a unit, where the floats are exact enough to tell.
            let (product, quotient) = (float(values[1]), float(values[2]));
            let slack = |y: f64| HALF + 4.0 * f64::EPSILON * y.abs();
            assert!((product - float(x) * float(y)).abs() <= slack(product));
            assert!((quotient - float(x) / float(y)).abs() <= slack(quotient));
            input.extend([x, y]);
            expected.extend(values);
        }
    }
    assert!(input.len() > 1000);
    assert_eq!(snippet.integers(&input), expected);
}

#[test]
fn refusals_have_names() {
    let source = format!(
        "{USE}
        fn main(mut input: Span<felt252>, ref output: Array<felt252>) {{
            let case = *input[0];
            let (x, y) = (FixedTrait::from_raw(*input[1]), FixedTrait::from_raw(*input[2]));
            if case == 0 {{ output.append((x + y).raw()); }}
            if case == 1 {{ output.append((x - y).raw()); }}
            if case == 2 {{ output.append((x * y).raw()); }}
            if case == 3 {{ output.append((x / y).raw()); }}
            if case == 4 {{ output.append((ZERO - x + MAX).raw() + ONE.raw()); }}
            let serialized: Array<felt252> = array![*input[3]];
            let mut serialized = serialized.span();
            let back: Option<Fixed> = Serde::deserialize(ref serialized);
            output.append(if back.is_some() {{ 1 }} else {{ 0 }});
        }}"
    );
    let snippet = Snippet::new(&source);
    let overflow = "fixed: overflow";
    for (case, x, y, felt) in [
        (0, MAX, 1, overflow),
        (0, -MAX, -1, overflow),
        (1, MAX, -1, overflow),
        (1, -MAX, 1, overflow),
        (2, MAX, ONE + 1, overflow),
        (2, MAX, -ONE - 1, overflow),
        (2, MAX, MAX, overflow),
        (2, -MAX, MAX, overflow),
        (3, MAX, ONE - 1, overflow),
        (3, -MAX, ONE - 1, overflow),
        (3, MAX, 1, overflow),
        (3, MAX, -1, overflow),
        (3, 1, 0, "fixed: division by 0"),
        (9, MAX + 1, 0, overflow),
        (9, 0, -MAX - 1, overflow),
        (9, 0, 1 << 120, overflow),
    ] {
        assert_eq!(snippet.panic(&[case, x, y, 0]), felt, "case {case} of {x} and {y}");
    }
    for (raw, accepted) in [(MAX, 1), (-MAX, 1), (MAX + 1, 0), (-MAX - 1, 0), (1 << 126, 0)] {
        assert_eq!(snippet.integers(&[9, 0, 0, raw]), [accepted]);
    }
}

#[test]
fn integers_there_and_back() {
    let source = "
        use nilometer_runtime::fixed::FixedTrait;
        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            for x in input {
                let x: i64 = (*x).try_into().unwrap();
                let y = FixedTrait::from_int(x);
                output.append(y.raw());
                output.append(y.floor_int().into());
                output.append(FixedTrait::from_raw(y.raw() - 0x80000000).floor_int().into());
                output.append(FixedTrait::from_raw(y.raw() - 0x80000000).round_int().into());
                output.append(FixedTrait::from_raw(y.raw() - 0x80000001).round_int().into());
            }
        }";
    let snippet = Snippet::new(source);
    let inputs: Vec<_> = edges(47).into_iter().filter(|x| *x > 1 - (1 << 47)).collect();
    let expected: Vec<_> = inputs.iter().flat_map(|x| [x << 32, *x, x - 1, *x, x - 1]).collect();
    assert_eq!(snippet.integers(&inputs), expected);
    for x in [1 << 47, -(1 << 47), i64::MAX.into(), i64::MIN.into()] {
        assert_eq!(snippet.panic(&[x]), "fixed: overflow");
    }
}
