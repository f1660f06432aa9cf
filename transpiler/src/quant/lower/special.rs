//! Logarithms, whole parts, extremes and reductions.

use super::super::table::TableFunction;
use super::super::{hull, QuantOp, MAX_BITS};
use super::{Ideal, LowerError, Lowering, OUTPUT_BITS};
use crate::float::{floor_log2, magnitude_bits, pow2};
use crate::graph::{Arithmetic, Reduction, ValueId};

/// A logarithm's table covers arguments whose ratio is at most this: roots are drawn before.
const LOG_RATIO: f64 = 8.0;
/// Most fractional bits of a root that a logarithm is taken of.
const MAX_LOG_BITS: i32 = 30;
/// Fewest fractional bits that a constant is rounded to beside values of fewer.
const LEAST_CONSTANT_BITS: i32 = 16;

impl<'a> Lowering<'a> {
    /// `max(a, b)` or `min(a, b)`.
    pub(super) fn extreme(
        &mut self,
        index: usize,
        op: Arithmetic,
        mut a: ValueId,
        mut b: ValueId,
    ) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let largest = self.scale(a).max(self.scale(b));
        let scale = self.common_scale(&[a, b]).unwrap_or(largest);
        a = self.at_scale(&name, a, scale)?;
        b = self.at_scale(&name, b, scale)?;
        if op == Arithmetic::Max {
            return self.push(&name, QuantOp::Larger, vec![a, b], scale, Ideal::Plain);
        }
        a = self.negated(&name, a)?;
        b = self.negated(&name, b)?;
        let larger = self.push(&name, QuantOp::Larger, vec![a, b], scale, Ideal::Plain)?;
        self.negated(&name, larger)
    }

    /// The finest scale of the values that are not constant, where constants are finer than they need to be.
    pub(super) fn common_scale(&self, values: &[ValueId]) -> Option<i32> {
        let is_constant = |value: ValueId| matches!(self.nodes[value].op, QuantOp::Constant(_));
        let finest = |constant: bool| {
            let some = values.iter().filter(|&&value| is_constant(value) == constant);
            some.map(|&value| self.scale(value)).max()
        };
        let (computed, constant) = (finest(false)?, finest(true)?);
        (constant > computed).then(|| computed.max(LEAST_CONSTANT_BITS.min(constant)))
    }

    pub(super) fn reduce(
        &mut self,
        index: usize,
        reduction: Reduction,
    ) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let x = self.operand(index, 0)?;
        let scale = self.scale(x);
        match reduction {
            Reduction::Sum => self.push(&name, QuantOp::Sum, vec![x], scale, Ideal::Plain),
            Reduction::Max => self.push(&name, QuantOp::Max, vec![x], scale, Ideal::Plain),
            Reduction::LogSumExp => self.log_sum_exp(&name, x),
        }
    }

    /// `max x_i + ln Σ e^(x_j − max x_i)`
    fn log_sum_exp(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let x = self.coarsen(name, x, OUTPUT_BITS)?;
        let scale = self.scale(x);
        let below = self.push(name, QuantOp::SubMax, vec![x], scale, Ideal::Plain)?;
        let powers = self.lookup(name, below, TableFunction::Exp, OUTPUT_BITS, OUTPUT_BITS)?;
        let sum = self.push(name, QuantOp::Sum, vec![powers], OUTPUT_BITS, Ideal::Plain)?;
        // The largest element's power is 1.
        let op = QuantOp::Clip { lo: 1 << (OUTPUT_BITS - 1), hi: 1 << MAX_BITS };
        let sum = self.push(name, op, vec![sum], OUTPUT_BITS, Ideal::Rebased)?;
        let log = self.log(name, sum, OUTPUT_BITS)?;
        let log = self.at_scale(name, log, OUTPUT_BITS)?;
        let top = self.push(name, QuantOp::Max, vec![x], scale, Ideal::Plain)?;
        let top = self.at_scale(name, top, OUTPUT_BITS)?;
        let ideal = Ideal::LogSumExp { of: x };
        self.push(name, QuantOp::Add, vec![top, log], OUTPUT_BITS, ideal)
    }

    /// `ln x` with `out` fractional bits, as `2^k · ln x^(1/2^k)`: roots bring the argument into a range that a
    /// table serves well. What is below one unit counts as one.
    pub(super) fn log(&mut self, name: &str, x: ValueId, out: i32) -> Result<ValueId, LowerError> {
        let most = hull(&self.nodes[x].ranges).hi;
        if most < 1 {
            let reason = "a logarithm of numbers that are never positive".to_owned();
            return Err(LowerError::Unsupported { node: name.to_owned(), reason });
        }
        let mut x = x;
        if hull(&self.nodes[x].ranges).lo < 1 {
            let op = QuantOp::Clip { lo: 1, hi: 1 << MAX_BITS };
            x = self.push(name, op, vec![x], self.scale(x), Ideal::Same)?;
        }
        let ends = |this: &Self, x: ValueId| {
            let (range, unit) = (hull(&this.nodes[x].ranges), pow2(-this.scale(x)));
            (range.lo as f64 * unit, range.hi as f64 * unit)
        };
        let (lo, hi) = ends(self, x);
        let mut ratio = hi / lo;
        let mut roots = 0;
        while ratio > LOG_RATIO {
            ratio = ratio.sqrt();
            roots += 1;
        }
        for root in 1..=roots {
            // A relative error of the root counts 2^k times in the logarithm.
            let (lo, hi) = ends(self, x);
            let fine = (out + roots + 3 - floor_log2(lo.sqrt())).min(MAX_LOG_BITS);
            // Twice the bits under the root must fit.
            let room = (MAX_BITS as i32 - 2 - magnitude_bits(hi)) / 2;
            let fine = fine.min(room).max(1);
            x = self.at_scale(name, x, 2 * fine)?;
            x = self.push(name, QuantOp::Sqrt, vec![x], fine, Ideal::Plain)?;
            if hull(&self.nodes[x].ranges).lo < 1 {
                let reason = format!("root {root} before a logarithm has no bits left");
                return Err(LowerError::Unsupported { node: name.to_owned(), reason });
            }
        }
        let (lo, _) = ends(self, x);
        let fine = (out + roots + 3 - floor_log2(lo)).min(MAX_LOG_BITS);
        let log = self.lookup(name, x, TableFunction::Log, fine, out + roots)?;
        if roots == 0 {
            return Ok(log);
        }
        let len = self.len(log);
        let op = QuantOp::Scale { mul: vec![1 << roots; len], add: vec![0; len] };
        let ideal =
            Ideal::Affine { scale: vec![pow2(roots); len], offset: vec![0.0; len], derived: false };
        self.push(name, op, vec![log], out + roots, ideal)
    }

    /// `ln(1 + e^x)` as `max(x, 0) + ln(1 + e^-|x|)`: a table of the curve alone.
    pub(super) fn softplus(&mut self, index: usize, x: ValueId) -> Result<ValueId, LowerError> {
        let out = self.table_scale(index);
        let name = self.graph.nodes[index].name.clone();
        let scale = self.scale(x);
        let size = self.push(&name, QuantOp::Abs, vec![x], scale, Ideal::Plain)?;
        let below = self.negated(&name, size)?;
        let curve = self.lookup(&name, below, TableFunction::Softplus, out, out)?;
        let above = self.push(&name, QuantOp::Relu, vec![x], scale, Ideal::Plain)?;
        let above = self.at_scale(&name, above, out)?;
        self.push(&name, QuantOp::Add, vec![above, curve], out, Ideal::Plain)
    }

    /// The largest integer that is not above `x`, of scale 0.
    pub(super) fn floor(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let x = self.at_scale(name, x, self.scale(x).max(0))?;
        let (scale, len) = (self.scale(x), self.len(x));
        if scale == 0 {
            return Ok(x);
        }
        // Of numbers that are not negative, dropping bits is rounding down.
        let up = (-(hull(&self.nodes[x].ranges).lo >> scale)).max(0);
        let raised = self.plus(name, x, up)?;
        let op = QuantOp::Truncate { bits: scale as u32 };
        let whole = self.push(name, op, vec![raised], 0, Ideal::Floor)?;
        debug_assert_eq!(self.len(whole), len);
        self.plus(name, whole, -up)
    }

    /// `x + whole`
    fn plus(&mut self, name: &str, x: ValueId, whole: i128) -> Result<ValueId, LowerError> {
        if whole == 0 {
            return Ok(x);
        }
        let (scale, len) = (self.scale(x), self.len(x));
        let op = QuantOp::Scale { mul: vec![1; len], add: vec![whole << scale; len] };
        let offset = vec![whole as f64; len];
        let ideal = Ideal::Affine { scale: vec![1.0; len], offset, derived: false };
        self.push(name, op, vec![x], scale, ideal)
    }

    /// `⌊x + 1/2⌋`
    fn half_up(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let (scale, len) = (self.scale(x), self.len(x));
        let op = QuantOp::Scale { mul: vec![1; len], add: vec![1 << (scale - 1); len] };
        let ideal = Ideal::Affine { scale: vec![1.0; len], offset: vec![0.5; len], derived: false };
        let raised = self.push(name, op, vec![x], scale, ideal)?;
        self.floor(name, raised)
    }

    /// The nearest integer, of scale 0; of two the even one: that is `2·⌊x/2 + 1/2⌋`, which is one of the two
    /// where there are two, kept between `⌈x − 1/2⌉` and `⌊x + 1/2⌋`.
    pub(super) fn round(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let x = self.at_scale(name, x, self.scale(x).max(0))?;
        let (scale, len) = (self.scale(x), self.len(x));
        if scale == 0 {
            return Ok(x);
        }
        let scaled = |factor: f64| Ideal::Affine {
            scale: vec![factor; len],
            offset: vec![0.0; len],
            derived: false,
        };
        let above = self.half_up(name, x)?;
        let negative = self.negated(name, x)?;
        let below = self.half_up(name, negative)?;
        let one = QuantOp::Scale { mul: vec![1; len], add: vec![0; len] };
        let half = self.push(name, one, vec![x], scale + 1, scaled(0.5))?;
        let even = self.half_up(name, half)?;
        // -max(-above, -2·even), then the larger of that and -below.
        let minus_two = QuantOp::Scale { mul: vec![-2; len], add: vec![0; len] };
        let even = self.push(name, minus_two, vec![even], 0, scaled(-2.0))?;
        let above = self.negated(name, above)?;
        let least = self.push(name, QuantOp::Larger, vec![above, even], 0, Ideal::Plain)?;
        let least = self.negated(name, least)?;
        let below = self.negated(name, below)?;
        self.push(name, QuantOp::Larger, vec![least, below], 0, Ideal::Plain)
    }

    /// A value as fine as its squares and their sum have room for, and its scale.
    pub(super) fn narrow(&mut self, name: &str, x: ValueId) -> Result<(ValueId, i32), LowerError> {
        /// Bits of the sum of squares, with those added under the root.
        const MOST: i32 = 100;
        let largest = self.magnitudes(x).into_iter().fold(0.0, f64::max);
        let whole = magnitude_bits(largest.max(1.0)) + 1;
        let terms = magnitude_bits(self.len(x) as f64) + 1;
        let most = (MOST - 2 * (whole + 8) - terms) / 2;
        let x = self.coarsen(name, x, most)?;
        Ok((x, self.scale(x)))
    }
}
