//! Functions by table with linear interpolation. [`super::bounds`] proves their worst error.

use serde::{Deserialize, Serialize};

use super::Range;
use crate::float::pow2;

/// The functions that go by table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableFunction {
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `e^x`
    Exp,
    /// `√2 · erf⁻¹(2x − 1)`, the quantile function of the normal distribution.
    Probit,
    /// The natural logarithm.
    Log,
    /// The error function.
    Erf,
    /// `ln(1 + e^x)`
    Softplus,
}

impl TableFunction {
    /// The function itself, in floats.
    pub fn apply(self, x: f64) -> f64 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
            Self::Tanh => libm::tanh(x),
            Self::Exp => libm::exp(x),
            Self::Probit => crate::eval::probit(x),
            Self::Log => libm::log(x),
            Self::Erf => libm::erf(x),
            Self::Softplus => crate::eval::softplus(x),
        }
    }
}

/// A table over `[lo, lo + segments · 2^step_bits]`: segment `i` starts at `lo + i · 2^step_bits` and
/// holds a slope `a_i` and an offset `b_i`; with `r` the input's distance from the segment's start,
/// `y = floor((a_i · r + b_i) / 2^shift)`. Inputs beyond either end take the end's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The function it stands for.
    pub function: TableFunction,
    /// The first input it covers.
    pub lo: i128,
    /// The last input it covers.
    pub hi: i128,
    /// The segments' width is `2^step_bits`.
    pub step_bits: u32,
    /// Fractional bits of slope and offset beyond the output's.
    pub shift: u32,
    /// `(a_i, b_i)`; `b_i` includes the half that makes the final shift round. Both `b_i` and
    /// `a_i · r + b_i` are non-negative once `bias · 2^shift` is added.
    pub segments: Vec<(i64, i64)>,
    /// Subtracted from the shifted sum, so that the sum is never negative.
    pub bias: i64,
}

/// Guard bits of slopes and offsets: interpolation loses at most one unit in 2^GUARD_BITS of the output.
const GUARD_BITS: u32 = 10;

impl Table {
    /// Builds the table of `function` for inputs of scale `in_log2` in `range` and outputs of scale
    /// `out_log2`, with at most `max_segments` segments. Inputs where the function is flat to
    /// half an output unit are left outside.
    pub fn build(
        function: TableFunction,
        range: Range,
        in_log2: i32,
        out_log2: i32,
        max_segments: usize,
    ) -> Self {
        let (lo, hi) = trimmed(function, range, in_log2, out_log2);
        let span = (hi - lo).max(1) as u128;
        let mut step_bits = 0;
        while (span >> step_bits) as usize >= max_segments {
            step_bits += 1;
        }
        let count = (span >> step_bits) as usize + 1;
        let unit = pow2(-in_log2);
        let at =
            |q: i128| function.apply(q.clamp(range.lo, range.hi) as f64 * unit) * pow2(out_log2);
        let shift = GUARD_BITS + step_bits;
        let lowest = at(lo).min(at(hi)).floor() as i64;
        let bias = (-lowest).max(0) + 1;
        let scale = pow2(shift as i32);
        let segments = (0..count)
            .map(|i| {
                let start = lo + ((i as i128) << step_bits);
                let end = start + (1i128 << step_bits);
                // The chord, lowered by half its sag at most, halves the interpolation error.
                let (y0, y1) = (at(start), at(end.min(hi).max(start + 1)));
                let width = (end.min(hi).max(start + 1) - start) as f64;
                let middle = at(start + ((end.min(hi) - start) >> 1));
                let sag = (middle - (y0 + y1) / 2.0) / 2.0;
                let slope = ((y1 - y0) / width * scale).round() as i64;
                let offset = ((y0 + sag + bias as f64 + 0.5) * scale).round() as i64;
                (slope, offset.max(0))
            })
            .collect();
        Self { function, lo, hi, step_bits, shift, segments, bias }
    }

    /// The table's answer.
    pub fn apply(&self, q: i128) -> i128 {
        let distance = (q.clamp(self.lo, self.hi) - self.lo) as u128;
        let (slope, offset) = self.segments[(distance >> self.step_bits) as usize];
        let rest = (distance & ((1 << self.step_bits) - 1)) as i128;
        let sum = i128::from(slope) * rest + i128::from(offset);
        (sum >> self.shift) - i128::from(self.bias)
    }

    /// The largest value of `a_i · r + b_i`: what is divided by `2^shift`. Never negative.
    pub fn max_sum(&self) -> i128 {
        let last = (1i128 << self.step_bits) - 1;
        let ends = self
            .segments
            .iter()
            .flat_map(|&(a, b)| [i128::from(b), i128::from(a) * last + i128::from(b)]);
        ends.max().unwrap_or(0)
    }

    /// Whether no sum is negative: what the Cairo side relies on.
    pub fn is_sound(&self) -> bool {
        let last = (1i128 << self.step_bits) - 1;
        self.segments.iter().all(|&(a, b)| b >= 0 && i128::from(a) * last + i128::from(b) >= 0)
    }

    /// The range of the answers over inputs in `range`.
    pub fn image(&self, range: Range) -> Range {
        let first = ((range.lo.clamp(self.lo, self.hi) - self.lo) >> self.step_bits) as usize;
        let last = ((range.hi.clamp(self.lo, self.hi) - self.lo) >> self.step_bits) as usize;
        // Linear in each segment: the extremes are at segment ends and at the range's own ends.
        let step = 1i128 << self.step_bits;
        let mut image =
            Range::point(self.apply(range.lo)).union(Range::point(self.apply(range.hi)));
        for i in first..=last {
            let start = self.lo + (i as i128) * step;
            for q in [start, start + step - 1] {
                if range.contains(q) {
                    image = image.union(Range::point(self.apply(q)));
                }
            }
        }
        image
    }
}

/// Drops the flat ends of `range`: beyond them the function is within half an output unit of its
/// value at the end.
fn trimmed(function: TableFunction, range: Range, in_log2: i32, out_log2: i32) -> (i128, i128) {
    let unit = pow2(-in_log2);
    let at = |q: i128| function.apply(q as f64 * unit) * pow2(out_log2);
    let (first, last) = (at(range.lo), at(range.hi));
    // The functions are monotone: binary search for where they leave their end values.
    let partition = |mut a: i128, mut b: i128, keep: &dyn Fn(f64) -> bool| {
        while a < b {
            let middle = a + (b - a) / 2;
            if keep(at(middle)) {
                a = middle + 1;
            } else {
                b = middle;
            }
        }
        a
    };
    let lo = partition(range.lo, range.hi, &|y| y - first < 0.5);
    let hi = partition(lo, range.hi, &|y| last - y >= 0.5);
    ((lo - 1).max(range.lo), (hi + 1).min(range.hi))
}
