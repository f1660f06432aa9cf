//! Points: the trace's subgroup, the commitments' coset, FRI's smaller cosets, and polynomials on them.

use winter_math::{FieldElement, StarkField};

use crate::{Felt, Value};

/// What shifts the commitments' domain away from the trace's.
pub(crate) const OFFSET: Felt = Felt::GENERATOR;

/// A generator of the subgroup of `size` elements, a power of two.
pub(crate) fn generator(size: usize) -> Felt {
    match size.ilog2() {
        0 => Felt::ONE,
        log2 => Felt::get_root_of_unity(log2),
    }
}

/// `base^exponent`.
pub(crate) fn power(base: Felt, mut exponent: u64) -> Felt {
    let (mut result, mut square) = (Felt::ONE, base);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= square;
        }
        square *= square;
        exponent >>= 1;
    }
    result
}

/// `1, base, base^2, ..`.
pub(crate) fn powers(base: Felt, count: usize) -> Vec<Felt> {
    std::iter::successors(Some(Felt::ONE), |last| Some(*last * base)).take(count).collect()
}

/// The value of a polynomial, by its coefficients from the lowest.
pub(crate) fn horner(coefficients: &[Felt], x: Felt) -> Felt {
    coefficients.iter().rev().fold(Felt::ZERO, |sum, coefficient| sum * x + *coefficient)
}

/// Inverses, or nothing if one of the values is zero.
pub(crate) fn inverses(values: &[Felt]) -> Option<Vec<Felt>> {
    let mut before = Vec::with_capacity(values.len());
    let mut product = Felt::ONE;
    for value in values {
        before.push(product);
        product *= *value;
    }
    if product == Felt::ZERO {
        return None;
    }
    let mut inverse = product.inverse();
    for (before, value) in before.iter_mut().zip(values).rev() {
        *before *= inverse;
        inverse *= *value;
    }
    Some(before)
}

/// What the constraints of each kind are multiplied by in the quotient at a point: inverses of what they
/// vanish on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vanishing {
    pub every: Felt,
    pub transition: Felt,
    pub first: Felt,
    pub last: Felt,
}

impl Vanishing {
    /// At a point out of the trace's domain; nothing if it is in it.
    pub fn at(x: Felt, n_rows: usize, exempt_rows: usize) -> Option<Self> {
        let g = generator(n_rows);
        let last_row = power(g, (n_rows - exempt_rows) as u64);
        let mut free = Felt::ONE;
        let mut row = last_row * g;
        for _ in 1..exempt_rows {
            free *= x - row;
            row *= g;
        }
        let all = power(x, n_rows as u64) - Felt::ONE;
        let [all, first, last] = *inverses(&[all, x - Felt::ONE, x - last_row])?.as_slice() else {
            return None;
        };
        let every = free * all;
        Some(Self { every, transition: every * (x - last_row), first, last })
    }
}

/// FRI's folding of `values[k] = f(x·ζ^k)`, ζ a root of unity of their number's order: the value at `x^count`
/// of `Σ β^m·f_m`, where `f(X) = Σ X^m·f_m(X^count)`. Overwrites the values.
///
/// `shift` is `β/x`; `roots` are `ζ^-k` for the first half of all k; `scale` is `1/count`.
#[inline(always)]
pub(crate) fn fold<V: Value>(values: &mut [V], shift: V, roots: &[V], scale: V) -> V {
    let mut half = values.len() / 2;
    let mut shift = shift;
    let mut step = 1;
    while half > 0 {
        for k in 0..half {
            let (a, b) = (values[k], values[k + half]);
            values[k] = a + b + (shift * roots[k * step]) * (a - b);
        }
        shift = shift * shift;
        step *= 2;
        half /= 2;
    }
    values[0] * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt(value: u64) -> Felt {
        Felt::from(value)
    }

    #[test]
    fn folding_is_splitting_a_polynomial() {
        for count in [2, 4, 8, 16] {
            // Σ X^m·f_m(X^count), each f_m of degree 2.
            let coefficients: Vec<Felt> = (0..3 * count as u64).map(|i| felt(i * i + 7)).collect();
            let (x, beta) = (felt(1234), felt(99));
            let zeta = generator(count);
            let mut values: Vec<Felt> =
                powers(zeta, count).iter().map(|root| horner(&coefficients, x * *root)).collect();
            let roots = powers(zeta.inverse(), count / 2);
            let scale = felt(count as u64).inverse();
            let folded = fold(&mut values, beta * x.inverse(), &roots, scale);
            let y = power(x, count as u64);
            let expected = (0..count).fold(Felt::ZERO, |sum, m| {
                let part: Vec<Felt> = coefficients.iter().skip(m).step_by(count).copied().collect();
                sum + power(beta, m as u64) * horner(&part, y)
            });
            assert_eq!(folded, expected, "{count}");
        }
    }

    #[test]
    fn nothing_vanishes_out_of_the_domain_and_nothing_is_divided_by_zero() {
        let (n, exempt) = (16, 3);
        let g = generator(n);
        for row in 0..n {
            assert!(Vanishing::at(power(g, row as u64), n, exempt).is_none(), "{row}");
        }
        let x = felt(5);
        let at = Vanishing::at(x, n, exempt).unwrap();
        let product = |rows: std::ops::Range<usize>| {
            rows.fold(Felt::ONE, |product, row| product * (x - power(g, row as u64)))
        };
        assert_eq!(at.every * product(0..14), Felt::ONE);
        assert_eq!(at.transition * product(0..13), Felt::ONE);
        assert_eq!(at.first * product(0..1), Felt::ONE);
        assert_eq!(at.last * product(13..14), Felt::ONE);
    }

    #[test]
    fn inverses_of_all_or_of_none() {
        let values = [felt(3), -felt(1), felt(1 << 40)];
        let found = inverses(&values).unwrap();
        assert!(values.iter().zip(&found).all(|(a, b)| *a * *b == Felt::ONE));
        assert_eq!(inverses(&[felt(3), Felt::ZERO]), None);
        assert_eq!(inverses(&[]), Some(vec![]));
    }
}
