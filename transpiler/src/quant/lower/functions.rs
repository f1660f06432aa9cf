//! Everything that is not arithmetic: activations, tables, normalisation, decisions, trees.

use super::super::table::{Table, TableFunction};
use super::super::trees::{self, Features};
use super::super::{QuantOp, MAX_BITS};
use super::{before_sigmoid, before_softmax, Ideal, LowerError, Lowering, OUTPUT_BITS};
use crate::float::{magnitude_bits, pow2};
use crate::graph::{Norm, Op, TopK, TreeEnsemble, Unary, ValueId};

/// Fractional bits of a leaky slope.
const SLOPE_BITS: u32 = 12;
/// The largest exponent: beyond it the answer's integers no longer fit beside others.
const MAX_EXPONENT: f64 = 40.0;
/// Most segments of a table.
const MAX_SEGMENTS: usize = 256;
/// Bits that a sum of leaf weights may take: one value, or one of several packed in a felt.
const SINGLE_TARGET_BITS: u32 = 62;
const PACKED_TARGET_BITS: u32 = 41;

impl<'a> Lowering<'a> {
    /// Lowers one float node.
    pub(super) fn node(&mut self, index: usize) -> Result<(), LowerError> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let name = node.name.as_str();
        let id = match &node.op {
            Op::Input => 0,
            Op::Constant(values) => self.constant(index, values)?,
            Op::Dense { weights, bias } => self.dense(index, weights, bias)?,
            Op::Scaler { offset, scale } => {
                let shifted: Vec<f64> = offset.iter().zip(scale).map(|(o, s)| -o * s).collect();
                self.affine(index, scale, &shifted, true)?
            }
            Op::WithConstant { op, constant, constant_first } => {
                self.with_constant(index, *op, constant, *constant_first)?
            }
            Op::Elementwise(op) => self.elementwise(index, *op)?,
            Op::Unary(function) => self.unary(index, *function)?,
            Op::Softmax => {
                let x = self.operand(index, 0)?;
                self.softmax(index, x, false)?
            }
            Op::SoftmaxZero => {
                let x = self.operand(index, 0)?;
                self.softmax(index, x, true)?
            }
            Op::Normalize(norm) => self.normalize(index, *norm)?,
            // What is missing is replaced where the row is read, or in the trees' tests.
            Op::Impute(_) => match self.map[node.inputs[0]] {
                // Features keep their own scales.
                Some(0) => 0,
                _ => self.operand(index, 0)?,
            },
            Op::TopK { largest, show } => self.top(index, *largest, *show)?,
            Op::ArgMax { select_last } => {
                let ranked = before_softmax(graph, node.inputs[0]);
                let x = self.aligned(ranked)?;
                let op = QuantOp::ArgMax { select_last: *select_last };
                self.push(name, op, vec![x], 0, Ideal::Unknown)?
            }
            Op::Reduce(reduction) => self.reduce(index, *reduction)?,
            Op::Gather(indices) => {
                let x = self.operand(index, 0)?;
                let scale = self.scale(x);
                let op = QuantOp::Gather(indices.clone());
                self.push(name, op, vec![x], scale, Ideal::Plain)?
            }
            Op::Concat => {
                let parts = (0..node.inputs.len())
                    .map(|i| self.operand(index, i))
                    .collect::<Result<Vec<_>, _>>()?;
                let scale = parts.iter().map(|&part| self.scale(part)).max().unwrap_or(0);
                let scale = self.common_scale(&parts).unwrap_or(scale);
                let parts = parts
                    .into_iter()
                    .map(|part| self.at_scale(name, part, scale))
                    .collect::<Result<Vec<_>, _>>()?;
                self.push(name, QuantOp::Concat, parts, scale, Ideal::Plain)?
            }
            Op::Trees(ensemble) => self.trees(index, ensemble)?,
        };
        self.map[index] = Some(id);
        Ok(())
    }

    fn unary(&mut self, index: usize, function: Unary) -> Result<ValueId, LowerError> {
        let graph = self.graph;
        let name = graph.nodes[index].name.as_str();
        if let Unary::Binarize { .. } = function {
            if let Some((value, threshold)) = before_sigmoid(graph, index) {
                let id = self.aligned(value)?;
                return self.greater(index, id, threshold);
            }
        }
        let x = self.operand(index, 0)?;
        let scale = self.scale(x);
        match function {
            Unary::Relu => self.push(name, QuantOp::Relu, vec![x], scale, Ideal::Plain),
            Unary::LeakyRelu { alpha } => {
                let slope = (alpha * pow2(SLOPE_BITS as i32)).round() as i64;
                let op = QuantOp::LeakyRelu { slope, bits: SLOPE_BITS };
                let scale = scale + SLOPE_BITS as i32;
                self.push(name, op, vec![x], scale, Ideal::Leaky { alpha })
            }
            Unary::Clip { min, max } => {
                let bound = |v: f64| {
                    let limit = pow2(MAX_BITS as i32);
                    (v * pow2(scale)).round().clamp(-limit, limit) as i128
                };
                let op = QuantOp::Clip { lo: bound(min), hi: bound(max) };
                self.push(name, op, vec![x], scale, Ideal::Clip { min, max })
            }
            Unary::Sigmoid => self.table(index, x, TableFunction::Sigmoid),
            Unary::Tanh => self.table(index, x, TableFunction::Tanh),
            Unary::Exp => self.table(index, x, TableFunction::Exp),
            Unary::Probit => self.table(index, x, TableFunction::Probit),
            Unary::Log => {
                let out = self.table_scale(index);
                self.log(name, x, out)
            }
            Unary::Erf => self.table(index, x, TableFunction::Erf),
            Unary::Softplus => self.softplus(index, x),
            Unary::Floor => self.floor(name, x),
            Unary::Round => self.round(name, x),
            Unary::Abs => self.push(name, QuantOp::Abs, vec![x], scale, Ideal::Plain),
            Unary::Neg => self.negated(name, x),
            Unary::Sqrt => self.sqrt(name, x),
            Unary::Binarize { threshold } => self.greater(index, x, threshold),
            Unary::ToF32 | Unary::ToF64 => Ok(x),
            Unary::Truncate => {
                let whole = self.at_scale(name, x, scale.max(0))?;
                let bits = scale.max(0) as u32;
                self.push(name, QuantOp::Truncate { bits }, vec![whole], 0, Ideal::Plain)
            }
            Unary::ToBool => {
                let size = self.push(name, QuantOp::Abs, vec![x], scale, Ideal::Plain)?;
                self.greater(index, size, 0.0)
            }
        }
    }

    /// 1 where `x > threshold`.
    fn greater(&mut self, index: usize, x: ValueId, threshold: f64) -> Result<ValueId, LowerError> {
        let node = &self.graph.nodes[index];
        let scaled = threshold * pow2(self.nodes[x].scale_log2);
        let limit = pow2(MAX_BITS as i32);
        // A feature that is the threshold itself is rounded as it is, and does not exceed it.
        let whole = if self.is_feature(x) { scaled.round() } else { scaled.floor() };
        let op = QuantOp::Greater { threshold: whole.clamp(-limit, limit) as i128 };
        self.push(&node.name, op, vec![x], 0, Ideal::Threshold(threshold))
    }

    /// Whether the value's elements are features as they were rounded.
    fn is_feature(&self, x: ValueId) -> bool {
        let node = &self.nodes[x];
        match &node.op {
            QuantOp::Input => true,
            QuantOp::Gather(_) => self.is_feature(node.inputs[0]),
            QuantOp::Scale { .. } => self.aligned_input == Some(x) && node.inputs == [0],
            _ => false,
        }
    }

    /// `√x` with as many fractional bits as tables have.
    fn sqrt(&mut self, name: &str, x: ValueId) -> Result<ValueId, LowerError> {
        let out = self.precision.table_bits as i32;
        let mut x = self.at_scale(name, x, 2 * out)?;
        if super::super::hull(&self.nodes[x].ranges).lo < 0 {
            // A negative number has no root; rounding may make one of 0.
            let op = QuantOp::Clip { lo: 0, hi: 1 << MAX_BITS };
            x = self.push(name, op, vec![x], 2 * out, Ideal::Same)?;
        }
        self.push(name, QuantOp::Sqrt, vec![x], out, Ideal::Plain)
    }

    fn table(
        &mut self,
        index: usize,
        x: ValueId,
        function: TableFunction,
    ) -> Result<ValueId, LowerError> {
        let bits = self.table_scale(index);
        let name = self.graph.nodes[index].name.clone();
        self.lookup(&name, x, function, bits, bits + self.small_output_bits(index))
    }

    /// More fractional bits for an output that was only seen small: its errors are measured against that.
    fn small_output_bits(&self, index: usize) -> i32 {
        const MOST: i32 = 8;
        let is_output = self.graph.outputs.iter().any(|output| output.value == index);
        match self.observed.get(index) {
            Some(&seen) if is_output && seen > 0.0 => (-magnitude_bits(seen)).clamp(0, MOST),
            _ => 0,
        }
    }

    /// Fractional bits of the input and the output of a table.
    pub(super) fn table_scale(&self, index: usize) -> i32 {
        let is_output = self.graph.outputs.iter().any(|output| output.value == index);
        if is_output {
            OUTPUT_BITS
        } else {
            self.precision.table_bits as i32
        }
    }

    /// A table lookup at `fine` fractional bits of input and `out` of output.
    pub(super) fn lookup(
        &mut self,
        name: &str,
        x: ValueId,
        function: TableFunction,
        fine: i32,
        out: i32,
    ) -> Result<ValueId, LowerError> {
        let x = self.coarsen(name, x, fine)?;
        let scale = self.scale(x);
        let mut range = super::super::hull(&self.nodes[x].ranges);
        let hi = range.hi as f64 * pow2(-scale);
        if function == TableFunction::Exp && hi > MAX_EXPONENT {
            return Err(LowerError::Exponent { node: name.to_owned(), hi });
        }
        let x = if function == TableFunction::Probit {
            // Infinite at both ends: kept one unit inside.
            let one = 1i128 << scale.max(1);
            range = super::super::Range { lo: range.lo.max(1), hi: range.hi.min(one - 1) };
            let op = QuantOp::Clip { lo: range.lo, hi: range.hi };
            self.push(name, op, vec![x], scale, Ideal::Same)?
        } else {
            x
        };
        let table = Table::build(function, range, scale, out, MAX_SEGMENTS);
        self.push(name, QuantOp::Lookup(table), vec![x], out, Ideal::Plain)
    }

    fn softmax(
        &mut self,
        index: usize,
        x: ValueId,
        keep_zeros: bool,
    ) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let x = self.coarsen(&name, x, OUTPUT_BITS)?;
        let scale = self.scale(x);
        let below = self.push(&name, QuantOp::SubMax, vec![x], scale, Ideal::Plain)?;
        let mut powers = self.lookup(&name, below, TableFunction::Exp, OUTPUT_BITS, OUTPUT_BITS)?;
        if keep_zeros {
            let op = QuantOp::MaskZero;
            powers = self.push(&name, op, vec![powers, x], OUTPUT_BITS, Ideal::Unknown)?;
        }
        let sum = self.push(&name, QuantOp::Sum, vec![powers], OUTPUT_BITS, Ideal::Plain)?;
        // The largest element's power is 1: only masking can leave less.
        let least = if keep_zeros { 1 } else { 1 << (OUTPUT_BITS - 1) };
        let op = QuantOp::Clip { lo: least, hi: 1 << MAX_BITS };
        let sum = self.push(&name, op, vec![sum], OUTPUT_BITS, Ideal::Same)?;
        let op = QuantOp::Div { bits: OUTPUT_BITS as u32 };
        // Rounding may make an element that is masked of one that is not, and the other way round.
        let ideal = if keep_zeros { Ideal::Unknown } else { Ideal::Softmax { of: x } };
        self.push(&name, op, vec![powers, sum], OUTPUT_BITS, ideal)
    }

    fn normalize(&mut self, index: usize, norm: Norm) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let x = self.operand(index, 0)?;
        let scale = self.scale(x);
        let size = match norm {
            Norm::L1 => {
                let sizes = self.push(&name, QuantOp::Abs, vec![x], scale, Ideal::Plain)?;
                self.push(&name, QuantOp::Sum, vec![sizes], scale, Ideal::Plain)?
            }
            Norm::L2 => {
                let (x, scale) = self.narrow(&name, x)?;
                let squares =
                    self.push(&name, QuantOp::Mul, vec![x, x], 2 * scale, Ideal::Plain)?;
                let sum = self.push(&name, QuantOp::Sum, vec![squares], 2 * scale, Ideal::Plain)?;
                // More bits under the root than twice the value's: the norm is as fine as the value.
                let guard = 8;
                let mul = vec![1i64 << (2 * guard)];
                let op = QuantOp::Scale { mul, add: vec![0] };
                let sum = self.push(&name, op, vec![sum], 2 * (scale + guard), Ideal::Same)?;
                self.push(&name, QuantOp::Sqrt, vec![sum], scale + guard, Ideal::Plain)?
            }
            Norm::Max => {
                if super::super::hull(&self.nodes[x].ranges).lo < 0 {
                    let reason =
                        "normalising by the maximum needs features that are never negative";
                    return Err(self.unsupported(index, reason));
                }
                self.push(&name, QuantOp::Max, vec![x], scale, Ideal::Plain)?
            }
        };
        // A zero vector stays zero.
        let size_scale = self.nodes[size].scale_log2;
        let op = QuantOp::Clip { lo: 1, hi: 1 << MAX_BITS };
        let size = self.push(&name, op, vec![size], size_scale, Ideal::Same)?;
        self.quotient(index, x, size, Ideal::Normalize { of: x, norm })
    }

    /// The largest elements one after the other: each is found, and then sinks below all others.
    fn top(&mut self, index: usize, largest: bool, show: TopK) -> Result<ValueId, LowerError> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let name = node.name.as_str();
        let of = self.operand(index, 0)?;
        let scale = self.scale(of);
        let mut left = if largest { of } else { self.negated(name, of)? };
        let signed = left;
        let mut shown = Vec::with_capacity(node.len);
        for rank in 0..node.len {
            let hull = super::super::hull(&self.nodes[left].ranges);
            let op = QuantOp::ArgMax { select_last: false };
            let found = self.push(name, op, vec![left], 0, Ideal::Unknown)?;
            shown.push(match show {
                TopK::Indices => found,
                TopK::Values => {
                    let ideal = Ideal::Ranked { of: signed };
                    self.push(name, QuantOp::Max, vec![left], scale, ideal)?
                }
            });
            if rank + 1 < node.len {
                let sunk = trees::mask(self.len(left), hull.lo - hull.hi - 1);
                let op = QuantOp::Trees(sunk);
                let sunk = self.push(name, op, vec![found], scale, Ideal::Unknown)?;
                left = self.push(name, QuantOp::Add, vec![left, sunk], scale, Ideal::Unknown)?;
            }
        }
        let scale = if show == TopK::Indices { 0 } else { scale };
        let all = match shown.as_slice() {
            &[one] => one,
            _ => self.push(name, QuantOp::Concat, shown, scale, Ideal::Plain)?,
        };
        if largest || show == TopK::Indices {
            return Ok(all);
        }
        self.negated(name, all)
    }

    fn trees(&mut self, index: usize, ensemble: &TreeEnsemble) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let max_bits =
            if ensemble.n_targets == 1 { SINGLE_TARGET_BITS } else { PACKED_TARGET_BITS };
        let (scale, leaf_rounding) = trees::leaf_scale(ensemble, max_bits);
        let chains = std::mem::take(&mut self.input.chains[index]);
        let (operand, quantized, unless) = if chains.is_empty() {
            let raw = self.map[self.graph.nodes[index].inputs[0]] == Some(0);
            let x = if raw { 0 } else { self.operand(index, 0)? };
            let scales = match self.input.scales() {
                Some(scales) if raw => scales.to_vec(),
                _ => vec![self.scale(x); self.len(x)],
            };
            let features = Features::Fixed { scale_log2: &scales };
            // Rounding a feature may flip a decision: a bound is known where none is rounded.
            let trees = trees::quantize(ensemble, &features, scale);
            (x, trees, trees::tested(ensemble))
        } else {
            let missing = matches!(
                self.input.input.encoding,
                super::super::Encoding::Ordered { missing: true, .. }
            );
            let dtype = self.graph.input.dtype;
            let features = Features::Ordered { dtype, missing, chains: &chains };
            (0, trees::quantize(ensemble, &features, scale), Vec::new())
        };
        let quantized = quantized.map_err(|reason| self.unsupported(index, reason))?;
        let op = QuantOp::Trees(quantized);
        let ideal = Ideal::Trees { rounding: leaf_rounding, unless };
        self.push(&name, op, vec![operand], scale, ideal)
    }
}
