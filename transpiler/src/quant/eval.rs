//! The reference: what every other place that runs the model must agree with, bit for bit.

use thiserror::Error;

use super::exact::{key_of, missing_key};
use super::ranges::{div_round, isqrt, shift_round};
use super::{Encoding, QuantGraph, QuantInput, QuantOp};
use crate::float::pow2;
use crate::graph::{DType, Labels, OutputKind};

/// A row that the model does not accept.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EncodeError {
    /// The row has another length than the model's input.
    #[error("the model takes {expected} features and the row has {actual}")]
    Length {
        /// Features that the model takes.
        expected: usize,
        /// Features that the row has.
        actual: usize,
    },
    /// NaN, where the model does not take missing values.
    #[error("feature {feature}{name} is not a number and this model takes no missing values")]
    NotANumber {
        /// The feature's index.
        feature: usize,
        /// Its name in brackets behind a space, where it has one.
        name: String,
    },
    /// A fraction, where the model takes integers.
    #[error("feature {feature}{name} is {value}, and takes whole numbers")]
    NotAnInteger {
        /// The feature's index.
        feature: usize,
        /// Its name in brackets behind a space, where it has one.
        name: String,
        /// Its value.
        value: f64,
    },
    /// A value outside the range that was declared when the model was quantised.
    #[error("feature {feature}{name} is {value}, outside the declared range [{lo}, {hi}]")]
    OutOfRange {
        /// The feature's index.
        feature: usize,
        /// Its name in brackets behind a space, where it has one.
        name: String,
        /// Its value.
        value: f64,
        /// The smallest value accepted.
        lo: f64,
        /// The largest value accepted.
        hi: f64,
    },
}

/// What the model says of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The integers that the program returns, outputs one after the other.
    pub integers: Vec<i128>,
    /// The same in natural units, one vector an output; labels as their index.
    pub outputs: Vec<Vec<f64>>,
    /// The index of the decided class, and its label, where the model decides one.
    pub label: Option<(usize, String)>,
}

impl QuantInput {
    /// A row of floats as the program's integers.
    ///
    /// # Errors
    /// Another length, NaN, a fraction where integers are wanted, or a value outside the declared range.
    pub fn encode(&self, row: &[f64]) -> Result<Vec<i128>, EncodeError> {
        if row.len() != self.ranges.len() {
            return Err(EncodeError::Length { expected: self.ranges.len(), actual: row.len() });
        }
        row.iter()
            .zip(&self.ranges)
            .enumerate()
            .map(|(feature, (&value, range))| {
                let known = self.features.get(feature);
                let value = match known.and_then(|known| known.missing) {
                    Some(imputed) if value.is_nan() => imputed,
                    _ => value,
                };
                if known.is_some_and(|known| known.whole) && !value.is_nan() && value.fract() != 0.0
                {
                    return Err(EncodeError::NotAnInteger {
                        feature,
                        name: self.name_of(feature),
                        value,
                    });
                }
                let integer = match &self.encoding {
                    _ if value.is_nan() => match self.encoding {
                        Encoding::Ordered { dtype, missing: true } => missing_key(dtype),
                        _ => {
                            return Err(EncodeError::NotANumber {
                                feature,
                                name: self.name_of(feature),
                            })
                        }
                    },
                    // `as` saturates, which the range check then refuses.
                    Encoding::Fixed { scale_log2 } => {
                        (value * pow2(scale_log2[feature])).round() as i128
                    }
                    Encoding::Ordered { dtype: DType::I64, .. } if value.fract() != 0.0 => {
                        return Err(EncodeError::NotAnInteger {
                            feature,
                            name: self.name_of(feature),
                            value,
                        });
                    }
                    // A double beyond the type's largest number is not that type's infinity.
                    Encoding::Ordered { dtype: DType::F32, .. }
                        if value.is_finite() && (value as f32).is_infinite() =>
                    {
                        let (lo, hi) = (f64::from(f32::MIN), f64::from(f32::MAX));
                        return Err(EncodeError::OutOfRange {
                            feature,
                            name: self.name_of(feature),
                            value,
                            lo,
                            hi,
                        });
                    }
                    Encoding::Ordered { dtype, .. } => key_of(*dtype, rounded(*dtype, value)),
                };
                if range.contains(integer) {
                    return Ok(integer);
                }
                let (lo, hi) = (self.decode(feature, range.lo), self.decode(feature, range.hi));
                Err(EncodeError::OutOfRange { feature, name: self.name_of(feature), value, lo, hi })
            })
            .collect()
    }

    /// The feature's name in brackets behind a space, as errors show it; nothing where it has none.
    fn name_of(&self, feature: usize) -> String {
        match self.features.get(feature) {
            Some(feature) if !feature.name.is_empty() => format!(" ({})", feature.name),
            _ => String::new(),
        }
    }

    /// The float that the integer of a feature stands for.
    pub fn decode(&self, feature: usize, integer: i128) -> f64 {
        match &self.encoding {
            Encoding::Fixed { scale_log2 } => integer as f64 * pow2(-scale_log2[feature]),
            Encoding::Ordered { dtype, .. } => super::exact::value_of(*dtype, integer),
        }
    }
}

/// The value as the float model's input type holds it.
fn rounded(dtype: DType, value: f64) -> f64 {
    match dtype {
        DType::F32 => f64::from(value as f32),
        DType::F64 | DType::I64 => value,
    }
}

impl QuantGraph {
    /// Every node's value for one row of integers that [`QuantInput::encode`] made.
    pub fn values(&self, input: &[i128]) -> Vec<Vec<i128>> {
        let mut values: Vec<Vec<i128>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = if node.op == QuantOp::Input {
                input.to_vec()
            } else {
                let operands: Vec<_> = node.inputs.iter().map(|&i| values[i].as_slice()).collect();
                apply(&node.op, &operands)
            };
            debug_assert!(
                value.iter().zip(&node.ranges).all(|(v, range)| range.contains(*v)),
                "node {} left its proved range",
                node.name
            );
            values.push(value);
        }
        values
    }

    /// The integers that the program returns for integers that it accepts.
    pub fn run(&self, input: &[i128]) -> Vec<i128> {
        let values = self.values(input);
        self.outputs.iter().flat_map(|output| values[output.value].iter().copied()).collect()
    }

    /// Runs the model on a row of floats.
    ///
    /// # Errors
    /// The row is not accepted ([`QuantInput::encode`]).
    pub fn predict(&self, row: &[f64]) -> Result<Prediction, EncodeError> {
        let integers = self.run(&self.input.encode(row)?);
        Ok(self.interpret(integers))
    }

    /// Reads the integers that the program returned.
    ///
    /// # Panics
    /// If there are not [`Self::output_len`] of them.
    pub fn interpret(&self, integers: Vec<i128>) -> Prediction {
        assert_eq!(integers.len(), self.output_len(), "as many integers as the model returns");
        let mut rest = integers.as_slice();
        let mut label = None;
        let outputs = self
            .outputs
            .iter()
            .map(|output| {
                let node = &self.nodes[output.value];
                let (these, others) = rest.split_at(node.ranges.len());
                rest = others;
                if let (OutputKind::Label(labels), Some(&index), None) =
                    (&output.kind, these.first(), &label)
                {
                    label = Some((index as usize, labels.name(index as usize)));
                }
                let unit = pow2(-node.scale_log2);
                these.iter().map(|&q| q as f64 * unit).collect()
            })
            .collect();
        Prediction { integers, outputs, label }
    }
}

impl Labels {
    /// The label at `index` as text; the index itself where there is none.
    pub fn name(&self, index: usize) -> String {
        match self {
            Self::Ints(labels) => labels.get(index).map(ToString::to_string),
            Self::Strings(labels) => labels.get(index).cloned(),
        }
        .unwrap_or_else(|| index.to_string())
    }
}

/// One operation. The ranges were proved, so plain arithmetic cannot overflow.
pub(super) fn apply(op: &QuantOp, inputs: &[&[i128]]) -> Vec<i128> {
    let x = inputs.first().copied().unwrap_or_default();
    let each = |f: &dyn Fn(i128) -> i128| x.iter().map(|&x| f(x)).collect::<Vec<_>>();
    let pairs = |f: &dyn Fn(i128, i128) -> i128| {
        let b = inputs[1];
        x.iter().enumerate().map(|(i, &a)| f(a, b[if b.len() == 1 { 0 } else { i }])).collect()
    };
    match op {
        QuantOp::Input => x.to_vec(),
        QuantOp::Constant(values) => values.clone(),
        QuantOp::Dense { weights, bias } => dense(weights, bias, x),
        QuantOp::Scale { mul, add } => {
            x.iter().zip(mul.iter().zip(add)).map(|(x, (m, a))| x * i128::from(*m) + a).collect()
        }
        QuantOp::Shift { bits } => each(&|x| shift_round(x, *bits)),
        QuantOp::Relu => each(&|x| x.max(0)),
        QuantOp::LeakyRelu { slope, bits } => {
            each(&|x| if x >= 0 { x << bits } else { x * i128::from(*slope) })
        }
        QuantOp::Clip { lo, hi } => each(&|x| x.max(*lo).min(*hi)),
        QuantOp::Abs => each(&i128::abs),
        QuantOp::Sqrt => each(&isqrt),
        QuantOp::Greater { threshold } => each(&|x| i128::from(x > *threshold)),
        QuantOp::Truncate { bits } => each(&|x| x / (1 << bits)),
        QuantOp::Lookup(table) => each(&|x| table.apply(x)),
        QuantOp::Add => pairs(&|a, b| a + b),
        QuantOp::Sub => pairs(&|a, b| a - b),
        QuantOp::Mul => pairs(&|a, b| a * b),
        QuantOp::Div { bits } => pairs(&|a, b| div_round(a << bits, b)),
        QuantOp::Larger => pairs(&i128::max),
        QuantOp::Sum => vec![x.iter().sum()],
        QuantOp::Max => vec![largest(x)],
        QuantOp::SubMax => {
            let top = largest(x);
            each(&|x| x - top)
        }
        QuantOp::MaskZero => pairs(&|a, mask| if mask == 0 { 0 } else { a }),
        QuantOp::ArgMax { select_last } => {
            let wins = |challenger: i128, best: i128| {
                challenger > best || (*select_last && challenger == best)
            };
            let best = (1..x.len()).fold(0, |best, i| if wins(x[i], x[best]) { i } else { best });
            vec![best as i128]
        }
        QuantOp::Gather(indices) => indices.iter().map(|&i| x[i]).collect(),
        QuantOp::Concat => inputs.concat(),
        QuantOp::Trees(trees) => trees.apply(x),
    }
}

fn largest(x: &[i128]) -> i128 {
    x.iter().copied().max().unwrap_or(0)
}

/// `W·x + b`, in 64 bits where the sum of magnitudes shows that they suffice.
fn dense(weights: &[i64], bias: &[i128], x: &[i128]) -> Vec<i128> {
    let most = weights.iter().fold(0, |most, w| w.unsigned_abs().max(most));
    let reach = x.iter().fold(0u128, |sum, x| sum.saturating_add(x.unsigned_abs()));
    let small: Option<Vec<i64>> = if reach.saturating_mul(most.into()) < 1 << 62 {
        x.iter().map(|&x| i64::try_from(x).ok()).collect()
    } else {
        None
    };
    bias.iter()
        .enumerate()
        .map(|(row, &bias)| {
            let weights = &weights[row * x.len()..][..x.len()];
            match &small {
                Some(x) => {
                    let sum: i64 = weights.iter().zip(x).map(|(w, x)| w * x).sum();
                    i128::from(sum) + bias
                }
                None => weights.iter().zip(x).map(|(&w, x)| i128::from(w) * x).sum::<i128>() + bias,
            }
        })
        .collect()
}
