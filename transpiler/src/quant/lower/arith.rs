//! Dense layers and arithmetic.

use rayon::prelude::*;

use super::super::{QuantOp, MAX_BITS};
use super::{Ideal, LowerError, Lowering, OUTPUT_BITS};
use crate::float::{ceil_log2, floor_log2, magnitude_bits, pow2};
use crate::graph::{Arithmetic, Op, ValueId};

/// Bits to which rounding a constant factor leaves its products as they are.
const CONSTANT_BITS: i32 = 16;
/// Fewest bits of a feature's factor.
const LEAST_FACTOR_BITS: i32 = 10;
/// Bits that an integer factor may take.
const MAX_FACTOR_BITS: i32 = 60;

impl<'a> Lowering<'a> {
    /// `W·x + b` with integer weights. The model's input is taken as it is, each feature at its own
    /// scale: the weights absorb the difference.
    pub(super) fn dense(
        &mut self,
        index: usize,
        weights: &'a [f64],
        bias: &'a [f64],
    ) -> Result<ValueId, LowerError> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let layer = self.dense_seen;
        self.dense_seen += 1;
        let operand = node.inputs[0];
        let raw = self.map[operand] == Some(0);
        let x = if raw {
            0
        } else {
            let x = self.operand(index, 0)?;
            self.for_dense(&node.name, operand, x, layer)?
        };
        let scales: Vec<i32> = match self.input.scales() {
            Some(scales) if raw => scales.to_vec(),
            _ => vec![self.scale(x); self.len(x)],
        };
        let cols = scales.len();
        // In units of the finest feature, so that one weight scale serves all columns.
        let base = scales.iter().copied().max().unwrap_or(0);
        let lift: Vec<f64> = scales.iter().map(|&s| pow2(base - s)).collect();
        let largest = weights
            .chunks(cols.max(1))
            .flat_map(|row| row.iter().zip(&lift).map(|(w, lift)| (w * lift).abs()))
            .fold(0.0f64, f64::max);
        let bits = self.precision.weight_bits.get(layer).copied().unwrap_or(8);
        let weight_scale = weight_scale(largest, bits);
        let scale = base + weight_scale;
        let unit = pow2(weight_scale);
        let quantized: Vec<i64> = weights
            .par_chunks(cols.max(1))
            .flat_map_iter(|row| {
                row.iter().zip(&lift).map(|(w, lift)| (w * lift * unit).round() as i64)
            })
            .collect();
        let limit = pow2(MAX_BITS as i32);
        let mut integer_bias = Vec::with_capacity(bias.len());
        for &b in bias {
            let scaled = (b * pow2(scale)).round();
            if scaled.abs() >= limit {
                return Err(self.unsupported(index, format!("bias {b} is too large")));
            }
            integer_bias.push(scaled as i128);
        }
        let op = QuantOp::Dense { weights: quantized, bias: integer_bias };
        self.push(&node.name, op, vec![x], scale, Ideal::Dense { weights, bias })
    }

    /// Rescales a dense layer's input so that what it takes in practice needs `activation_bits`.
    fn for_dense(
        &mut self,
        name: &str,
        operand: ValueId,
        x: ValueId,
        layer: usize,
    ) -> Result<ValueId, LowerError> {
        let Some(bits) = self.precision.activation_bits.get(layer).copied().flatten() else {
            return Ok(x);
        };
        let seen = self.observed.get(operand).copied().unwrap_or(0.0);
        let largest =
            if seen > 0.0 { seen } else { self.magnitudes(x).into_iter().fold(0.0, f64::max) };
        if largest <= 0.0 {
            return Ok(x);
        }
        let scale = bits as i32 - (magnitude_bits(largest));
        self.coarsen(name, x, scale)
    }

    /// `x_i · scale_i + offset_i` with per-element constants; `derived` if those are not the file's own.
    pub(super) fn affine(
        &mut self,
        index: usize,
        scale: &[f64],
        offset: &[f64],
        derived: bool,
    ) -> Result<ValueId, LowerError> {
        if let Some(id) = self.affine_of_features(index, scale, offset, derived)? {
            return Ok(id);
        }
        let x = self.operand(index, 0)?;
        let graph = self.graph;
        let name = &graph.nodes[index].name;
        let largest = scale.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        let exact = scale.iter().all(|s| s.fract() == 0.0) && largest < pow2(24);
        let magnitudes = self.magnitudes(x);
        // Rounding a factor moves its product by half a unit of the factor times the element: as
        // little as the output's 17th bit for the largest element.
        let widest = magnitudes.iter().copied().fold(0.0, f64::max);
        let reach = scale.iter().zip(&magnitudes).map(|(s, m)| (s * m).abs()).fold(0.0, f64::max);
        let extra = if exact || reach <= 0.0 {
            0
        } else {
            let most = MAX_FACTOR_BITS - magnitude_bits(largest);
            (CONSTANT_BITS + ceil_log2(widest / reach)).clamp(0, most)
        };
        let out = self.scale(x) + extra;
        let unit = pow2(extra);
        let mul: Vec<i64> = scale.iter().map(|s| (s * unit).round() as i64).collect();
        let add: Vec<i128> = offset.iter().map(|o| (o * pow2(out)).round() as i128).collect();
        let ideal = Ideal::Affine { scale: scale.to_vec(), offset: offset.to_vec(), derived };
        self.push(name, QuantOp::Scale { mul, add }, vec![x], out, ideal)
    }

    /// [`Self::affine`] of features of different scales, or of some of them: each factor absorbs its
    /// feature's scale, so that nothing is lost where their spans differ much. `None` elsewhere.
    fn affine_of_features(
        &mut self,
        index: usize,
        scale: &[f64],
        offset: &[f64],
        derived: bool,
    ) -> Result<Option<ValueId>, LowerError> {
        let graph = self.graph;
        let operand = graph.nodes[index].inputs[0];
        let picked: Vec<usize> = match &graph.nodes[operand].op {
            _ if self.map[operand] == Some(0) => (0..graph.input.len).collect(),
            Op::Gather(indices) if self.map[graph.nodes[operand].inputs[0]] == Some(0) => {
                indices.clone()
            }
            _ => return Ok(None),
        };
        let (Some(scales), Some(_)) =
            (self.input.scales().map(<[i32]>::to_vec), self.input.alignment())
        else {
            return Ok(None);
        };
        let ranges = &self.nodes[0].ranges;
        let integer =
            |i: usize| ranges[i].lo.unsigned_abs().max(ranges[i].hi.unsigned_abs()) as f64;
        let widest = picked.iter().map(|&i| integer(i)).fold(0.0, f64::max);
        // What a unit of a feature's integer is worth in the result.
        let lifted: Vec<f64> =
            picked.iter().zip(scale).map(|(&i, factor)| factor * pow2(-scales[i])).collect();
        let reach = picked.iter().zip(&lifted).map(|(&i, unit)| (unit * integer(i)).abs());
        let reach = reach.fold(0.0, f64::max);
        if widest <= 0.0 || reach <= 0.0 {
            return Ok(None);
        }
        let largest = lifted.iter().fold(0.0f64, |most, unit| most.max(unit.abs()));
        // No feature loses its own resolution, however small it is beside the others.
        let sizes = lifted.iter().map(|unit| unit.abs()).filter(|&unit| unit > 0.0);
        let least = sizes.fold(largest, f64::min);
        let out = (CONSTANT_BITS + ceil_log2(widest / reach))
            .max(LEAST_FACTOR_BITS - floor_log2(least))
            .min(MAX_FACTOR_BITS - magnitude_bits(largest));
        let mul = lifted.iter().map(|unit| (unit * pow2(out)).round() as i64).collect();
        let add = offset.iter().map(|term| (term * pow2(out)).round() as i128).collect();
        let name = &graph.nodes[index].name;
        let features = if picked.iter().copied().eq(0..graph.input.len) {
            0
        } else {
            let base = self.input.base_scale();
            self.push(name, QuantOp::Gather(picked), vec![0], base, Ideal::Plain)?
        };
        let ideal = Ideal::Affine { scale: scale.to_vec(), offset: offset.to_vec(), derived };
        let op = QuantOp::Scale { mul, add };
        Ok(Some(self.push(name, op, vec![features], out, ideal)?))
    }

    pub(super) fn with_constant(
        &mut self,
        index: usize,
        op: Arithmetic,
        constant: &[f64],
        constant_first: bool,
    ) -> Result<ValueId, LowerError> {
        let ones = vec![1.0; constant.len()];
        let zeros = vec![0.0; constant.len()];
        let negated: Vec<f64> = constant.iter().map(|c| -c).collect();
        match (op, constant_first) {
            (Arithmetic::Add, _) => self.affine(index, &ones, constant, false),
            (Arithmetic::Sub, false) => self.affine(index, &ones, &negated, false),
            (Arithmetic::Sub, true) => {
                let minus: Vec<f64> = ones.iter().map(|one| -one).collect();
                self.affine(index, &minus, constant, false)
            }
            (Arithmetic::Mul, _) => self.affine(index, constant, &zeros, false),
            (Arithmetic::Div, false) => {
                if constant.contains(&0.0) {
                    return Err(self.unsupported(index, "division by a constant 0"));
                }
                let inverse: Vec<f64> = constant.iter().map(|c| 1.0 / c).collect();
                self.affine(index, &inverse, &zeros, true)
            }
            (Arithmetic::Max | Arithmetic::Min, _) => {
                let x = self.operand(index, 0)?;
                let constant = self.constant(index, constant)?;
                self.extreme(index, op, x, constant)
            }
            (Arithmetic::Div, true) => {
                let x = self.operand(index, 0)?;
                let numerator = self.constant(index, constant)?;
                self.divide(index, numerator, x)
            }
        }
    }

    /// A constant vector of 24 significant bits.
    pub(super) fn constant(&mut self, index: usize, values: &[f64]) -> Result<ValueId, LowerError> {
        let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let exact = values.iter().all(|v| v.fract() == 0.0);
        let scale = if exact { 0 } else { weight_scale(largest, 24) };
        let unit = pow2(scale);
        let integers: Vec<i128> = values.iter().map(|v| (v * unit).round() as i128).collect();
        let name = &self.graph.nodes[index].name;
        let ideal = Ideal::Constant(values.to_vec());
        self.push(name, QuantOp::Constant(integers), Vec::new(), scale, ideal)
    }

    pub(super) fn elementwise(
        &mut self,
        index: usize,
        op: Arithmetic,
    ) -> Result<ValueId, LowerError> {
        let (a, b) = (self.operand(index, 0)?, self.operand(index, 1)?);
        let name = self.graph.nodes[index].name.clone();
        match op {
            Arithmetic::Add | Arithmetic::Sub => {
                let scale = self.scale(a).max(self.scale(b));
                let a = self.at_scale(&name, a, scale)?;
                let b = self.at_scale(&name, b, scale)?;
                let op = if op == Arithmetic::Add { QuantOp::Add } else { QuantOp::Sub };
                self.push(&name, op, vec![a, b], scale, Ideal::Plain)
            }
            Arithmetic::Mul => {
                let scale = self.scale(a) + self.scale(b);
                self.push(&name, QuantOp::Mul, vec![a, b], scale, Ideal::Plain)
            }
            Arithmetic::Div => self.divide(index, a, b),
            Arithmetic::Max | Arithmetic::Min => self.extreme(index, op, a, b),
        }
    }

    /// `a / b` with [`OUTPUT_BITS`] fractional bits.
    pub(super) fn divide(
        &mut self,
        index: usize,
        a: ValueId,
        b: ValueId,
    ) -> Result<ValueId, LowerError> {
        self.quotient(index, a, b, Ideal::Plain)
    }

    /// [`Self::divide`] where the quotient stands for something else than `a / b`.
    pub(super) fn quotient(
        &mut self,
        index: usize,
        mut a: ValueId,
        mut b: ValueId,
        ideal: Ideal<'a>,
    ) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let negative = super::super::hull(&self.nodes[b].ranges).hi < 0;
        if negative {
            // The integer division takes positive divisors: both change their signs.
            a = self.negated(&name, a)?;
            b = self.negated(&name, b)?;
        }
        let mut bits = OUTPUT_BITS - self.scale(a) + self.scale(b);
        if bits < 0 {
            b = self.at_scale(&name, b, self.scale(b) - bits)?;
            bits = 0;
        }
        let op = QuantOp::Div { bits: bits as u32 };
        self.push(&name, op, vec![a, b], OUTPUT_BITS, ideal)
    }

    /// `-x`
    pub(super) fn negated(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let len = self.len(x);
        let op = QuantOp::Scale { mul: vec![-1; len], add: vec![0; len] };
        let ideal =
            Ideal::Affine { scale: vec![-1.0; len], offset: vec![0.0; len], derived: false };
        let scale = self.scale(x);
        self.push(name, op, vec![x], scale, ideal)
    }
}

/// Fractional bits so that `largest` takes `bits` bits with a sign.
fn weight_scale(largest: f64, bits: u32) -> i32 {
    if largest <= 0.0 {
        return 0;
    }
    let most = pow2(bits as i32 - 1) - 1.0;
    floor_log2(most / largest)
}
