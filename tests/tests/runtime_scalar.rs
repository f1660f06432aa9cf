//! `nilometer_runtime::scalar` in the VM against plain integer arithmetic.

#![allow(clippy::unwrap_used)]

use nilometer_tests::cairo_harness::{edges, Rng, Snippet};
use nilometer_transpiler::quant::{Table, TableFunction};

/// The values that every operation takes.
const BITS: u32 = 120;

const HEADER: &str = "
    use nilometer_runtime::scalar::{
        Abs, Clip, DivBy, Greater, LeakyRelu, Relu, Scale, Shift, Sqrt, Truncate, map,
    };
";

fn snippet(header: &str, body: &str) -> Snippet {
    Snippet::new(&format!(
        "{header} fn main(input: Span<felt252>, ref output: Array<felt252>) {{ {body} }}"
    ))
}

/// `Shift` for `bits`, as its documentation says.
fn shift(bits: u32) -> String {
    let (pow, add, sub) =
        (1u128 << bits, (1u128 << 121) + (1 << (bits - 1)), 1u128 << (121 - bits));
    format!("Shift {{ pow: {pow}, add: {add}, sub: {sub} }}")
}

fn shift_round(x: i128, bits: u32) -> i128 {
    (x + (1 << (bits - 1))) >> bits
}

/// `⌊a / b + 1/2⌋` in a way of its own: compare twice the remainder.
fn div_round(a: i128, b: i128) -> i128 {
    let (quotient, rest) = (a.div_euclid(b), a.rem_euclid(b));
    quotient + i128::from(rest >= b - rest)
}

/// Runs a list of operations over the same inputs.
fn check(operations: &[(String, &dyn Fn(i128) -> i128)], inputs: &[i128]) {
    let maps: Vec<_> =
        operations.iter().map(|(op, _)| format!("map({op}, input, ref output);")).collect();
    let used: Vec<_> = operations.iter().filter_map(|(op, _)| op.split(' ').next()).collect();
    let names = "Abs Clip DivBy Greater LeakyRelu Relu Scale Shift Sqrt Truncate";
    let names: Vec<_> = names.split(' ').filter(|name| used.contains(name)).collect();
    let header = format!("use nilometer_runtime::scalar::{{{}, map}};", names.join(", "));
    let output = snippet(&header, &maps.concat()).integers(inputs);
    for ((operation, reference), outputs) in operations.iter().zip(output.chunks(inputs.len())) {
        for (x, y) in inputs.iter().zip(outputs) {
            assert_eq!(*y, reference(*x), "{operation} of {x}");
        }
    }
}

#[test]
fn shifts_round_halves_up() {
    let mut inputs = edges(BITS);
    inputs.extend(Rng::new(1).many(1000, BITS));
    let references: Vec<_> = [1, 2, 7, 16, 33, 63, 64, 100, 119, 120]
        .map(|bits| (shift(bits), move |x| shift_round(x, bits)))
        .to_vec();
    let operations: Vec<(String, &dyn Fn(i128) -> i128)> = references
        .iter()
        .map(|(text, reference)| (text.clone(), reference as &dyn Fn(i128) -> i128))
        .collect();
    check(&operations, &inputs);
}

#[test]
fn signs_and_bounds() {
    let mut inputs = edges(BITS);
    inputs.extend(Rng::new(2).many(1000, BITS));
    let limit = 1i128 << 120;
    check(
        &[
            ("Relu {}".into(), &|x| x.max(0)),
            ("Abs {}".into(), &|x| x.abs()),
            ("Clip { lo: -3, hi: 5 }".into(), &|x| x.clamp(-3, 5)),
            ("Clip { lo: 7, hi: 7 }".into(), &|_| 7),
            (format!("Clip {{ lo: -{limit}, hi: {limit} }}"), &|x| x),
            (format!("Clip {{ lo: 1, hi: {limit} }}"), &|x| x.max(1)),
            ("Greater { threshold: 0 }".into(), &|x| i128::from(x > 0)),
            ("Greater { threshold: -4 }".into(), &|x| i128::from(x > -4)),
            (format!("Greater {{ threshold: {limit} }}"), &|_| 0),
            (format!("Greater {{ threshold: -{limit} }}"), &|_| 1),
            ("Truncate { pow: 1 }".into(), &|x| x),
            ("Truncate { pow: 8 }".into(), &|x| x / 8),
            (format!("Truncate {{ pow: {limit} }}"), &|x| x / (1 << 120)),
        ],
        &inputs,
    );
}

#[test]
fn products_and_quotients() {
    let mut inputs = edges(100);
    inputs.extend(Rng::new(3).many(1000, 100));
    check(
        &[
            ("LeakyRelu { slope: 41, pow: 4096 }".into(), &|x| {
                if x < 0 {
                    x * 41
                } else {
                    x << 12
                }
            }),
            ("LeakyRelu { slope: -3, pow: 1 }".into(), &|x| if x < 0 { x * -3 } else { x }),
            ("Scale { mul: -7, add: 11 }".into(), &|x| x * -7 + 11),
            ("DivBy { mul: 1, by: 1 }".into(), &|x| x),
            ("DivBy { mul: 1, by: 2 }".into(), &|x| div_round(x, 2)),
            ("DivBy { mul: 65536, by: 3 }".into(), &|x| div_round(x << 16, 3)),
            ("DivBy { mul: 1024, by: 0x1000000000000000000000000000000 }".into(), &|x| {
                div_round(x << 10, 1 << 120)
            }),
            ("DivBy { mul: 1024, by: 0xfffffffffffffffffffffffffffff }".into(), &|x| {
                div_round(x << 10, (1 << 116) - 1)
            }),
        ],
        &inputs,
    );
}

#[test]
fn roots_round_down() {
    let mut inputs: Vec<i128> = edges(BITS).iter().map(|x| x.abs()).collect();
    inputs.extend(Rng::new(4).many(500, BITS).iter().map(|x| x.abs()));
    inputs.extend(Rng::new(5).many(500, 60).iter().flat_map(|x| [x * x, (x * x - 1).max(0)]));
    check(&[("Sqrt {}".into(), &|x| x.isqrt())], &inputs);
}

#[test]
fn tables_agree_with_the_quantiser() {
    let range = |lo, hi| nilometer_transpiler::quant::Range { lo, hi };
    let mut hostile = Table::build(TableFunction::Tanh, range(-1000, 900), 8, 12, 16);
    hostile.hi = hostile.lo + 5; // ends within its first segment
    let tables = [
        Table::build(TableFunction::Sigmoid, range(-(1 << 20), 1 << 20), 16, 16, 256),
        Table::build(TableFunction::Tanh, range(-300_000, 1 << 19), 16, 14, 256),
        Table::build(TableFunction::Exp, range(-(1 << 21), 0), 16, 16, 256),
        Table::build(TableFunction::Exp, range(-100, 17), 4, 20, 256), // one input a segment
        Table::build(TableFunction::Sigmoid, range(3, 3), 4, 8, 8),
        hostile,
    ];
    for (index, table) in tables.iter().enumerate() {
        assert!(table.is_sound());
        let segments: Vec<_> = table.segments.iter().map(|(a, b)| format!("({a}, {b})")).collect();
        let (n, segments) = (segments.len(), segments.join(", "));
        let Table { lo, hi, bias, .. } = table;
        let body = format!(
            "map(
                Table {{
                    lo: {lo}, span: {}, step: {}, pow: {}, bias: {bias}, segments: SEGMENTS.span(),
                }},
                input, ref output,
            );",
            hi - lo,
            1u128 << table.step_bits,
            1u128 << table.shift,
        );
        let header = format!(
            "use nilometer_runtime::scalar::{{Table, map}};
            const SEGMENTS: [(felt252, felt252); {n}] = [{segments}];"
        );
        let mut rng = Rng::new(index as u64);
        let mut inputs = edges(BITS);
        inputs.extend((0..500).map(|_| rng.between(lo - 3, hi + 3)));
        inputs.extend((-2..=2).flat_map(|near| [lo + near, hi + near]));
        let starts = (0..n as i128).map(|i| lo + (i << table.step_bits));
        inputs.extend(starts.flat_map(|start| [start - 1, start]));
        let outputs = snippet(&header, &body).integers(&inputs);
        for (x, y) in inputs.iter().zip(outputs) {
            assert_eq!(y, table.apply(*x), "table {index} of {x}");
        }
    }
}

#[test]
fn pairs() {
    let header = "
        use nilometer_runtime::scalar::{Add, DivRound, MaskZero, Mul, Sub, affine, zip};
        const PAIRS: [(felt252, felt252); 5] = [(1, 2), (-3, 4), (0, -5), (7, 0), (-1, -1)];
    ";
    let body = "
        let half = input.len() / 2;
        let (x, y) = (input.slice(0, half), input.slice(half, half));
        zip(Add {}, x, y, ref output);
        zip(Sub {}, x, y, ref output);
        zip(Mul {}, x, y, ref output);
        zip(MaskZero {}, x, y, ref output);
        zip(DivRound { mul: 16 }, x, y, ref output);
        affine(x.slice(0, 5), PAIRS.span(), ref output);
    ";
    let snippet = snippet(header, body);
    let mut rng = Rng::new(7);
    for n in [5, 6, 7, 8, 9, 400] {
        let x = rng.many(n, 60);
        let y: Vec<i128> = rng.many(n, 60).iter().map(|y| y.abs().max(1)).collect();
        let output = snippet.integers(&[x.clone(), y.clone()].concat());
        let pairs = || x.iter().zip(&y);
        let mut expected: Vec<i128> = pairs().map(|(x, y)| x + y).collect();
        expected.extend(pairs().map(|(x, y)| x - y));
        expected.extend(pairs().map(|(x, y)| x * y));
        expected.extend(&x);
        expected.extend(pairs().map(|(x, y)| div_round(x * 16, *y)));
        let affine = [(1, 2), (-3, 4), (0, -5), (7, 0), (-1, -1)];
        expected.extend(x.iter().zip(affine).map(|(x, (factor, term))| x * factor + term));
        assert_eq!(output, expected);
    }
}

#[test]
fn masks_are_zeros_only() {
    let header = "use nilometer_runtime::scalar::{MaskZero, zip};";
    let body = "zip(MaskZero {}, input.slice(0, 6), input.slice(6, 6), ref output);";
    let output = snippet(header, body).integers(&[1, 2, 3, -4, 5, 6, 0, -1, 0, 0, 1, 1 << 119]);
    assert_eq!(output, [0, 2, 0, 0, 5, 6]);
}

#[test]
fn reductions() {
    let header = "use nilometer_runtime::scalar::{arg_max, concat, gather, max, sub_max, sum};";
    let body = "
        output.append(sum(input));
        output.append(max(input));
        output.append(arg_max(input, false));
        output.append(arg_max(input, true));
        sub_max(input, ref output);
        concat(input, ref output);
        let last = input.len() - 1;
        gather(input, array![last, 0, last / 2].span(), ref output);
    ";
    let snippet = snippet(header, body);
    let mut rng = Rng::new(8);
    for n in (1..40).chain([200]) {
        let bits = [2, 30, 110][n % 3];
        let x = rng.many(n, bits);
        let top = *x.iter().max().unwrap();
        let mut expected = vec![
            x.iter().sum(),
            top,
            x.iter().position(|x| *x == top).unwrap() as i128,
            x.iter().rposition(|x| *x == top).unwrap() as i128,
        ];
        expected.extend(x.iter().map(|x| x - top));
        expected.extend(&x);
        expected.extend([x[n - 1], x[0], x[(n - 1) / 2]]);
        assert_eq!(snippet.integers(&x), expected);
    }
}

#[test]
fn refusals_have_names() {
    let header = format!(
        "{HEADER}
        use nilometer_runtime::scalar::{{
            Add, DivRound, Table, affine, arg_max, gather, max, sub_max, zip,
        }};
        const SEGMENTS: [(felt252, felt252); 1] = [(1, 1)];"
    );
    let cases = [
        ("map(Relu {}, x, ref output)", "scalar: overflow"),
        ("map(Abs {}, x, ref output)", "scalar: overflow"),
        ("map(Sqrt {}, x, ref output)", "scalar: overflow"),
        ("map(Greater { threshold: 0 }, x, ref output)", "scalar: overflow"),
        ("map(Truncate { pow: 2 }, x, ref output)", "scalar: overflow"),
        ("map(LeakyRelu { slope: 2, pow: 4 }, x, ref output)", "scalar: overflow"),
        ("map(DivBy { mul: 1, by: 2 }, x, ref output)", "scalar: overflow"),
        (&format!("map({}, x, ref output)", shift(3)), "scalar: overflow"),
        ("zip(DivRound { mul: 1 }, array![1].span(), array![0].span(), ref output)", "scalar: bad divisor"),
        ("zip(DivRound { mul: 1 }, array![1].span(), array![-1].span(), ref output)", "scalar: bad divisor"),
        ("zip(Add {}, x, array![].span(), ref output)", "vector: lengths differ"),
        ("zip(Add {}, array![].span(), x, ref output)", "vector: lengths differ"),
        ("affine(x, array![].span(), ref output)", "vector: lengths differ"),
        ("output.append(max(array![].span()))", "vector: empty"),
        ("output.append(arg_max(array![].span(), true))", "vector: empty"),
        ("sub_max(array![].span(), ref output)", "vector: empty"),
        ("gather(x, array![1].span(), ref output)", "vector: bad index"),
        (
            "map(
                Table { lo: 0, span: 4, step: 4, pow: 1, bias: 0, segments: SEGMENTS.span() },
                array![4].span(), ref output,
            )",
            "table: too short",
        ),
        ("map(Clip { lo: 0, hi: 1 }, x, ref output); map(Scale { mul: 1, add: 0 }, x, ref output); assert(false, 'last')", "last"),
    ];
    let arms: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(i, (code, _))| format!("if case == {i} {{ {code}; }}"))
        .collect();
    // 2^127 is the first integer that no operation takes.
    let body = format!(
        "let case = *input[0];
        let x = array![0x80000000000000000000000000000000 * (2 - *input[1])].span();
        {}",
        arms.concat()
    );
    let snippet = snippet(&header, &body);
    for (case, (code, felt)) in cases.iter().enumerate() {
        // The square root and the shift take more bits of the non-negative side.
        let scale = if code.contains("Sqrt") || code.contains("Shift") { 0 } else { 1 };
        assert_eq!(snippet.panic(&[case as i128, scale]), *felt, "{code}");
    }
}
