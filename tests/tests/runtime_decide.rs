//! `nilometer_runtime::decide` in the VM against the same integers in Rust.

#![allow(clippy::unwrap_used)]

use nilometer_tests::cairo_harness::{Rng, Snippet};
use nilometer_transpiler::quant::{Range, Table, TableFunction};

const BITS: u32 = 16;

/// The table of powers of what lies below the largest score.
fn exp() -> Table {
    let range = Range { lo: -(1 << 21), hi: 0 };
    Table::build(TableFunction::Exp, range, BITS as i32, BITS as i32, 256)
}

/// The steps that the quantiser lowers a softmax to, one by one.
fn softmax(x: &[i128], exp: &Table, zeros: bool, least: i128) -> Vec<i128> {
    let top = *x.iter().max().unwrap();
    let power = |x: &i128| if zeros && *x == 0 { 0 } else { exp.apply(x - top) };
    let powers: Vec<i128> = x.iter().map(power).collect();
    let sum = powers.iter().sum::<i128>().clamp(least, 1 << 120);
    powers.iter().map(|power| ((power << (BITS + 1)) + sum).div_euclid(2 * sum)).collect()
}

fn snippet(exp: &Table, body: &str) -> Snippet {
    let segments: Vec<_> = exp.segments.iter().map(|(a, b)| format!("({a}, {b})")).collect();
    Snippet::new(&format!(
        "use nilometer_runtime::decide::{{Softmax, binary, label, softmax, softmax_zero}};
        use nilometer_runtime::scalar::Table;
        const SEGMENTS: [(felt252, felt252); {}] = [{}];
        fn main(input: Span<felt252>, ref output: Array<felt252>) {{
            let exp = Table {{
                lo: {}, span: {}, step: {}, pow: {}, bias: {}, segments: SEGMENTS.span(),
            }};
            {body}
        }}",
        segments.len(),
        segments.join(", "),
        exp.lo,
        exp.hi - exp.lo,
        1u128 << exp.step_bits,
        1u128 << exp.shift,
        exp.bias,
    ))
}

#[test]
fn probabilities_and_labels() {
    let exp = exp();
    let snippet = snippet(
        &exp,
        "
        softmax(input, Softmax { exp, least: 0x8000, one: 0x10000 }, ref output);
        softmax_zero(input, Softmax { exp, least: 1, one: 0x10000 }, ref output);
        output.append(label(input, false));
        output.append(label(input, true));
        output.append(binary(*input[0], 5));
        ",
    );
    let mut rng = Rng::new(51);
    for round in 0..60 {
        let n = [1, 2, 3, 7, 8, 10, 17][round % 7];
        let bits = [3, 17, 19, 40][round % 4];
        let x = rng.many(n, bits);
        let top = *x.iter().max().unwrap();
        let mut expected = softmax(&x, &exp, false, 0x8000);
        let sum: i128 = expected.iter().sum();
        assert!((sum - (1 << BITS)).abs() <= n as i128, "probabilities add up to 1");
        expected.extend(softmax(&x, &exp, true, 1));
        expected.push(x.iter().position(|x| *x == top).unwrap() as i128);
        expected.push(x.iter().rposition(|x| *x == top).unwrap() as i128);
        expected.push(i128::from(x[0] > 5));
        assert_eq!(snippet.integers(&x), expected, "{x:?}");
    }
}

#[test]
fn nothing_to_decide_is_refused() {
    let exp = exp();
    let one = "Softmax { exp, least: 1, one: 1 }";
    let body = format!(
        "if *input[0] == 0 {{ softmax(array![].span(), {one}, ref output); }}
        if *input[0] == 1 {{ softmax_zero(array![].span(), {one}, ref output); }}
        output.append(label(array![].span(), false) + binary(0, 0));"
    );
    let snippet = snippet(&exp, &body);
    for case in 0..3 {
        assert_eq!(snippet.panic(&[case]), "vector: empty");
    }
}
