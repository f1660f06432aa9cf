//! Dense layers and arithmetic.

use super::super::{QuantOp, MAX_BITS};
use super::{LowerError, Lowering, Value, OUTPUT_BITS};
use crate::float::{ceil_log2, floor_log2, magnitude_bits, pow2};
use crate::graph::{Arithmetic, ValueId};

/// Bits that an integer factor may take.
const MAX_FACTOR_BITS: i32 = 60;

impl Lowering<'_> {
    /// `W·x + b` with integer weights. The model's input is taken as it is, each feature at its own
    /// scale: the weights absorb the difference.
    pub(super) fn dense(
        &mut self,
        index: usize,
        weights: &[f64],
        bias: &[f64],
    ) -> Result<ValueId, LowerError> {
        let graph = self.graph;
        let node = &graph.nodes[index];
        let layer = self.dense_seen;
        self.dense_seen += 1;
        let operand = node.inputs[0];
        let raw = self.map[operand] == Some(0);
        let x = if raw {
            self.value(0)
        } else {
            let x = self.operand(index, 0)?;
            self.for_dense(&node.name, operand, &x, layer)?
        };
        let scales: Vec<i32> = match self.input.scales() {
            Some(scales) if raw => scales.to_vec(),
            _ => vec![self.scale(&x); self.len(&x)],
        };
        let cols = scales.len();
        let magnitudes: Vec<f64> = self.nodes[x.id]
            .ranges
            .iter()
            .zip(&scales)
            .map(|(r, &s)| r.lo.unsigned_abs().max(r.hi.unsigned_abs()) as f64 * pow2(-s))
            .collect();
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
            .chunks(cols.max(1))
            .flat_map(|row| row.iter().zip(&lift).map(|(w, lift)| (w * lift * unit).round() as i64))
            .collect();
        let limit = pow2(MAX_BITS as i32);
        let mut integer_bias = Vec::with_capacity(bias.len());
        let mut error = Vec::with_capacity(bias.len());
        for (row, &b) in bias.iter().enumerate() {
            let scaled = (b * pow2(scale)).round();
            if scaled.abs() >= limit {
                return Err(self.unsupported(index, format!("bias {b} is too large")));
            }
            integer_bias.push(scaled as i128);
            let mut bound = (scaled * pow2(-scale) - b).abs();
            for col in 0..cols {
                let w = weights[row * cols + col];
                let q = quantized[row * cols + col] as f64 / (unit * lift[col]);
                bound += (q - w).abs() * magnitudes[col] + w.abs() * x.error[col];
            }
            error.push(bound);
        }
        let op = QuantOp::Dense { weights: quantized, bias: integer_bias };
        self.push(&node.name, op, vec![x.id], scale, error)
    }

    /// Rescales a dense layer's input so that what it takes in practice needs `activation_bits`.
    fn for_dense(
        &mut self,
        name: &str,
        operand: ValueId,
        x: &Value,
        layer: usize,
    ) -> Result<Value, LowerError> {
        let Some(bits) = self.precision.activation_bits.get(layer).copied().flatten() else {
            return Ok(x.clone());
        };
        let seen = self.observed.get(operand).copied().unwrap_or(0.0);
        let largest =
            if seen > 0.0 { seen } else { self.magnitudes(x).into_iter().fold(0.0, f64::max) };
        if largest <= 0.0 {
            return Ok(x.clone());
        }
        let scale = bits as i32 - (magnitude_bits(largest));
        self.coarsen(name, x, scale)
    }

    /// `x_i · scale_i + offset_i` with per-element constants.
    pub(super) fn affine(
        &mut self,
        index: usize,
        scale: &[f64],
        offset: &[f64],
    ) -> Result<ValueId, LowerError> {
        const CONSTANT_BITS: i32 = 16;
        let x = self.operand(index, 0)?;
        let name = &self.graph.nodes[index].name;
        let largest = scale.iter().fold(0.0f64, |m, s| m.max(s.abs()));
        let exact = scale.iter().all(|s| s.fract() == 0.0) && largest < pow2(24);
        let magnitudes = self.magnitudes(&x);
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
        let out = self.scale(&x) + extra;
        let unit = pow2(extra);
        let mul: Vec<i64> = scale.iter().map(|s| (s * unit).round() as i64).collect();
        let add: Vec<i128> = offset.iter().map(|o| (o * pow2(out)).round() as i128).collect();
        let error = (0..self.len(&x))
            .map(|i| {
                (mul[i] as f64 / unit - scale[i]).abs() * magnitudes[i]
                    + scale[i].abs() * x.error[i]
                    + (add[i] as f64 * pow2(-out) - offset[i]).abs()
            })
            .collect();
        self.push(name, QuantOp::Scale { mul, add }, vec![x.id], out, error)
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
            (Arithmetic::Add, _) => self.affine(index, &ones, constant),
            (Arithmetic::Sub, false) => self.affine(index, &ones, &negated),
            (Arithmetic::Sub, true) => {
                let minus: Vec<f64> = ones.iter().map(|one| -one).collect();
                self.affine(index, &minus, constant)
            }
            (Arithmetic::Mul, _) => self.affine(index, constant, &zeros),
            (Arithmetic::Div, false) => {
                if constant.contains(&0.0) {
                    return Err(self.unsupported(index, "division by a constant 0"));
                }
                let inverse: Vec<f64> = constant.iter().map(|c| 1.0 / c).collect();
                self.affine(index, &inverse, &zeros)
            }
            (Arithmetic::Div, true) => {
                let x = self.operand(index, 0)?;
                let numerator = self.constant(index, constant)?;
                self.divide(index, &numerator, &x)
            }
        }
    }

    /// A constant vector of 24 significant bits.
    pub(super) fn constant(&mut self, index: usize, values: &[f64]) -> Result<Value, LowerError> {
        let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let exact = values.iter().all(|v| v.fract() == 0.0);
        let scale = if exact { 0 } else { weight_scale(largest, 24) };
        let unit = pow2(scale);
        let integers: Vec<i128> = values.iter().map(|v| (v * unit).round() as i128).collect();
        let error =
            integers.iter().zip(values).map(|(&q, v)| (q as f64 / unit - v).abs()).collect();
        let name = &self.graph.nodes[index].name;
        let id = self.push(name, QuantOp::Constant(integers), Vec::new(), scale, error)?;
        Ok(self.value(id))
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
                let scale = self.scale(&a).max(self.scale(&b));
                let a = self.at_scale(&name, &a, scale)?;
                let b = self.at_scale(&name, &b, scale)?;
                let error = paired(&a.error, &b.error, |_, _, a, b| a + b);
                let op = if op == Arithmetic::Add { QuantOp::Add } else { QuantOp::Sub };
                self.push(&name, op, vec![a.id, b.id], scale, error)
            }
            Arithmetic::Mul => {
                let scale = self.scale(&a) + self.scale(&b);
                let (ma, mb) = (self.magnitudes(&a), self.magnitudes(&b));
                let error =
                    paired(&a.error, &b.error, |i, j, ea, eb| ma[i] * eb + mb[j] * ea + ea * eb);
                self.push(&name, QuantOp::Mul, vec![a.id, b.id], scale, error)
            }
            Arithmetic::Div => self.divide(index, &a, &b),
        }
    }

    /// `a / b` with [`OUTPUT_BITS`] fractional bits.
    pub(super) fn divide(
        &mut self,
        index: usize,
        a: &Value,
        b: &Value,
    ) -> Result<ValueId, LowerError> {
        let name = self.graph.nodes[index].name.clone();
        let mut bits = OUTPUT_BITS - self.scale(a) + self.scale(b);
        let mut b = b.clone();
        if bits < 0 {
            b = self.at_scale(&name, &b, self.scale(&b) - bits)?;
            bits = 0;
        }
        let unit = pow2(-self.scale(&b));
        let least: Vec<f64> =
            self.nodes[b.id].ranges.iter().map(|r| r.lo.max(1) as f64 * unit).collect();
        let ma = self.magnitudes(a);
        let half = pow2(-OUTPUT_BITS - 1);
        let error = paired(&a.error, &b.error, |i, j, ea, eb| {
            let floor = (least[j] - eb).max(0.0);
            ea / least[j] + ma[i] * eb / (least[j] * floor) + half
        });
        // 0 / 0 above: no bound is known.
        let error =
            error.iter().map(|&e: &f64| if e.is_nan() { f64::INFINITY } else { e }).collect();
        let op = QuantOp::Div { bits: bits as u32 };
        self.push(&name, op, vec![a.id, b.id], OUTPUT_BITS, error)
    }
}

/// Element by element; an operand of one element meets every element of the other.
fn paired(a: &[f64], b: &[f64], f: impl Fn(usize, usize, f64, f64) -> f64) -> Vec<f64> {
    a.iter()
        .enumerate()
        .map(|(i, &ea)| {
            let j = if b.len() == 1 { 0 } else { i };
            f(i, j, ea, b[j])
        })
        .collect()
}

/// Fractional bits so that `largest` takes `bits` bits with a sign.
fn weight_scale(largest: f64, bits: u32) -> i32 {
    if largest <= 0.0 {
        return 0;
    }
    let most = pow2(bits as i32 - 1) - 1.0;
    floor_log2(most / largest)
}
