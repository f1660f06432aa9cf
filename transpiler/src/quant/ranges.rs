//! Interval arithmetic: the proof that nothing overflows.

use rayon::prelude::*;
use thiserror::Error;

use super::{hull, QuantOp, Range, MAX_BITS};

/// A range that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeError {
    /// An element may need more bits than any value is allowed.
    #[error("an accumulator may need {bits} bits and {MAX_BITS} is the most")]
    TooWide {
        /// Bits that the magnitude may need.
        bits: u32,
    },
    /// Arithmetic on the bounds themselves overflowed.
    #[error("an accumulator may need more than 127 bits")]
    Overflow,
    /// A divisor that may be 0.
    #[error("a divisor may be as small as {lo}: it must stay on one side of 0")]
    Divisor {
        /// The smallest value it may take.
        lo: i128,
    },
    /// A square root of something that may be negative.
    #[error("a square root may be taken of {lo}")]
    NegativeRoot {
        /// The smallest value it may take.
        lo: i128,
    },
}

/// The ranges of the elements of `op`'s output, given those of its operands.
pub(super) fn propagate(op: &QuantOp, inputs: &[&[Range]]) -> Result<Vec<Range>, RangeError> {
    let ranges = unchecked(op, inputs)?;
    let bits = hull(&ranges).magnitude_bits();
    if bits > MAX_BITS {
        return Err(RangeError::TooWide { bits });
    }
    Ok(ranges)
}

fn unchecked(op: &QuantOp, inputs: &[&[Range]]) -> Result<Vec<Range>, RangeError> {
    let first = inputs.first().copied().unwrap_or_default();
    let each = |f: &dyn Fn(Range) -> Range| first.iter().map(|&range| f(range)).collect::<Vec<_>>();
    Ok(match op {
        QuantOp::Input => first.to_vec(),
        QuantOp::Constant(values) => values.iter().map(|&v| Range::point(v)).collect(),
        QuantOp::Dense { weights, bias } => dense(weights, bias, first)?,
        QuantOp::Scale { mul, add } => first
            .iter()
            .zip(mul.iter().zip(add))
            .map(|(range, (&mul, &add))| {
                let product = times(*range, Range::point(mul.into()))?;
                plus(product, Range::point(add))
            })
            .collect::<Result<_, _>>()?,
        QuantOp::Shift { bits } => {
            each(&|r| Range { lo: shift_round(r.lo, *bits), hi: shift_round(r.hi, *bits) })
        }
        QuantOp::Relu => each(&|r| Range { lo: r.lo.max(0), hi: r.hi.max(0) }),
        QuantOp::LeakyRelu { slope, bits } => first
            .iter()
            .map(|&r| {
                let below = times(
                    Range { lo: r.lo.min(0), hi: r.hi.min(0) },
                    Range::point((*slope).into()),
                )?;
                let above =
                    times(Range { lo: r.lo.max(0), hi: r.hi.max(0) }, Range::point(1 << bits))?;
                Ok(match (r.lo < 0, r.hi >= 0) {
                    (true, true) => below.union(above),
                    (true, false) => below,
                    (false, _) => above,
                })
            })
            .collect::<Result<_, _>>()?,
        QuantOp::Clip { lo, hi } => {
            each(&|r| Range { lo: r.lo.max(*lo).min(*hi), hi: r.hi.max(*lo).min(*hi) })
        }
        QuantOp::Abs => each(&|r| {
            let largest = r.lo.abs().max(r.hi.abs());
            let least = if r.contains(0) { 0 } else { r.lo.abs().min(r.hi.abs()) };
            Range { lo: least, hi: largest }
        }),
        QuantOp::Sqrt => first
            .iter()
            .map(|r| match r.lo {
                ..0 => Err(RangeError::NegativeRoot { lo: r.lo }),
                _ => Ok(Range { lo: isqrt(r.lo), hi: isqrt(r.hi) }),
            })
            .collect::<Result<_, _>>()?,
        QuantOp::Greater { threshold } => each(&|r| Range {
            lo: i128::from(r.lo > *threshold),
            hi: i128::from(r.hi > *threshold),
        }),
        QuantOp::Truncate { bits } => {
            each(&|r| Range { lo: r.lo / (1 << bits), hi: r.hi / (1 << bits) })
        }
        QuantOp::Lookup(table) => each(&|r| table.image(r)),
        QuantOp::Add => pairs(inputs, plus)?,
        QuantOp::Sub => pairs(inputs, |a, b| plus(a, Range { lo: -b.hi, hi: -b.lo }))?,
        // A square is never negative.
        QuantOp::Mul if std::ptr::eq(inputs[0], inputs[1]) => first
            .iter()
            .map(|&r| {
                let product = times(r, r)?;
                let least = if r.contains(0) { 0 } else { (r.lo * r.lo).min(r.hi * r.hi) };
                Ok(Range { lo: least, ..product })
            })
            .collect::<Result<_, _>>()?,
        QuantOp::Mul => pairs(inputs, times)?,
        QuantOp::Div { bits } => pairs(inputs, |a, b| {
            if b.lo < 1 {
                return Err(RangeError::Divisor { lo: b.lo });
            }
            let a = times(a, Range::point(1 << bits))?;
            let ends = [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)]
                .map(|(a, b)| Range::point(div_round(a, b)));
            Ok(hull(&ends))
        })?,
        QuantOp::Larger => {
            pairs(inputs, |a, b| Ok(Range { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) }))?
        }
        QuantOp::Sum => {
            vec![first.iter().try_fold(Range::point(0), |sum, &range| plus(sum, range))?]
        }
        QuantOp::Max => vec![maximum(first)],
        QuantOp::SubMax => {
            let top = maximum(first);
            // The element itself is among those the maximum is taken of.
            each(&|r| Range { lo: r.lo - top.hi, hi: (r.hi - top.lo).min(0) })
        }
        QuantOp::MaskZero => each(&|r| r.union(Range::point(0))),
        QuantOp::ArgMax { .. } => vec![Range { lo: 0, hi: first.len() as i128 - 1 }],
        QuantOp::Gather(indices) => indices.iter().map(|&i| first[i]).collect(),
        QuantOp::Concat => inputs.concat(),
        QuantOp::Trees(trees) => trees.target_ranges(),
    })
}

/// The ranges of `W·x + b`, in 64 bits where the magnitudes show that they suffice.
fn dense(weights: &[i64], bias: &[i128], inputs: &[Range]) -> Result<Vec<Range>, RangeError> {
    let reach = inputs.iter().fold(0u128, |sum, range| {
        sum.saturating_add(range.lo.unsigned_abs().max(range.hi.unsigned_abs()))
    });
    let columns = inputs.len();
    let row = |row: usize| &weights[row * columns..][..columns];
    if reach >= 1 << 62 {
        let wide = (0..bias.len()).into_par_iter();
        return wide.map(|i| dense_row(row(i), bias[i], inputs)).collect();
    }
    // Small reach, small ends.
    let narrow: Vec<(i64, i64)> = inputs.iter().map(|r| (r.lo as i64, r.hi as i64)).collect();
    (0..bias.len())
        .into_par_iter()
        .map(|i| {
            let weights = row(i);
            let most = weights.iter().fold(0, |most, w| w.unsigned_abs().max(most));
            if reach.saturating_mul(most.into()) >= 1 << 62 {
                return dense_row(weights, bias[i], inputs);
            }
            let (mut lo, mut hi) = (0i64, 0i64);
            for (&weight, &(least, largest)) in weights.iter().zip(&narrow) {
                let (a, b) = (weight * least, weight * largest);
                lo += a.min(b);
                hi += a.max(b);
            }
            plus(Range { lo: lo.into(), hi: hi.into() }, Range::point(bias[i]))
        })
        .collect()
}

fn dense_row(weights: &[i64], bias: i128, inputs: &[Range]) -> Result<Range, RangeError> {
    weights.iter().zip(inputs).try_fold(Range::point(bias), |sum, (&weight, &range)| {
        plus(sum, times(range, Range::point(weight.into()))?)
    })
}

fn pairs(
    inputs: &[&[Range]],
    f: impl Fn(Range, Range) -> Result<Range, RangeError>,
) -> Result<Vec<Range>, RangeError> {
    let (a, b) = (inputs[0], inputs[1]);
    a.iter().enumerate().map(|(i, &a)| f(a, b[if b.len() == 1 { 0 } else { i }])).collect()
}

fn plus(a: Range, b: Range) -> Result<Range, RangeError> {
    let add = |x: i128, y: i128| x.checked_add(y).ok_or(RangeError::Overflow);
    Ok(Range { lo: add(a.lo, b.lo)?, hi: add(a.hi, b.hi)? })
}

fn times(a: Range, b: Range) -> Result<Range, RangeError> {
    let mul = |x: i128, y: i128| x.checked_mul(y).ok_or(RangeError::Overflow);
    let ends = [mul(a.lo, b.lo)?, mul(a.lo, b.hi)?, mul(a.hi, b.lo)?, mul(a.hi, b.hi)?];
    Ok(hull(&ends.map(Range::point)))
}

fn maximum(ranges: &[Range]) -> Range {
    ranges
        .iter()
        .copied()
        .reduce(|a, b| Range { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) })
        .unwrap_or(Range::point(0))
}

/// `floor((x + 2^(bits−1)) / 2^bits)`: halves go up.
pub(crate) fn shift_round(x: i128, bits: u32) -> i128 {
    match bits {
        0 => x,
        _ => ((x >> (bits - 1)) + 1) >> 1,
    }
}

/// `floor(a / b + 1/2)` for positive `b`.
pub(crate) fn div_round(a: i128, b: i128) -> i128 {
    let (quotient, rest) = (a.div_euclid(b), a.rem_euclid(b));
    quotient + i128::from(rest >= b - rest)
}

/// `⌊√x⌋` for `x ≥ 0`.
pub(crate) fn isqrt(x: i128) -> i128 {
    x.isqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounding_sends_halves_up() {
        assert_eq!([-3, -2, -1, 0, 1, 2, 3].map(|x| shift_round(x, 1)), [-1, -1, 0, 0, 1, 1, 2]);
        assert_eq!(shift_round(-5, 0), -5);
        assert_eq!([-3, -1, 1, 3].map(|x| div_round(x, 2)), [-1, 0, 1, 2]);
        assert_eq!(div_round(7, 3), 2);
        assert_eq!(div_round(-7, 3), -2);
    }

    #[test]
    fn narrow_and_wide_sums_have_the_same_ranges() {
        let range = |bits: u32| {
            vec![
                Range { lo: -(1i128 << bits), hi: 3 },
                Range { lo: -7, hi: 1i128 << bits },
                Range { lo: 5, hi: 9 },
            ]
        };
        let weights = [i64::from(i32::MAX), -5, 0, -1, i64::from(i32::MIN), 77];
        let bias = [1i128 << 70, -3];
        for bits in [3, 20, 29, 31, 33, 61, 63, 80] {
            let inputs = range(bits);
            let slow: Result<Vec<_>, _> =
                (0..2).map(|row| dense_row(&weights[row * 3..][..3], bias[row], &inputs)).collect();
            assert_eq!(dense(&weights, &bias, &inputs), slow, "{bits}");
        }
    }

    #[test]
    fn a_wide_accumulator_is_refused() {
        let wide = Range { lo: 0, hi: 1 << 100 };
        let op = QuantOp::Scale { mul: vec![1 << 25], add: vec![0] };
        assert_eq!(propagate(&op, &[&[wide]]), Err(RangeError::TooWide { bits: 126 }));
        let op = QuantOp::Scale { mul: vec![1 << 40], add: vec![0] };
        assert_eq!(propagate(&op, &[&[wide]]), Err(RangeError::Overflow));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        /// Whatever the inputs in range, the results lie in the propagated ranges.
        #[test]
        fn intervals_hold_all_results(
            a in prop::collection::vec((-5000i128..5000, 0i128..3000), 3),
            picks in prop::collection::vec(0f64..1.0, 3),
            weights in prop::collection::vec(-100i64..100, 6),
            bits in 1u32..8,
        ) {
            let ranges: Vec<_> = a.iter().map(|&(lo, span)| Range { lo, hi: lo + span }).collect();
            let x: Vec<_> = ranges
                .iter()
                .zip(&picks)
                .map(|(r, pick)| r.lo + ((r.hi - r.lo) as f64 * pick).round() as i128)
                .collect();
            let ops = [
                QuantOp::Dense { weights, bias: vec![3, -9] },
                QuantOp::Shift { bits },
                QuantOp::Relu,
                QuantOp::LeakyRelu { slope: -7, bits },
                QuantOp::Clip { lo: -100, hi: 900 },
                QuantOp::Abs,
                QuantOp::Greater { threshold: 17 },
                QuantOp::Truncate { bits },
                QuantOp::Sum,
                QuantOp::Max,
                QuantOp::SubMax,
                QuantOp::ArgMax { select_last: true },
            ];
            for op in ops {
                let bounds = propagate(&op, &[&ranges]).expect("small ranges fit");
                let values = super::super::eval::apply(&op, &[&x]);
                prop_assert_eq!(bounds.len(), values.len());
                for (bound, value) in bounds.iter().zip(values) {
                    prop_assert!(bound.contains(value), "{:?}: {} not in {:?}", op, value, bound);
                }
            }
        }
    }
}
