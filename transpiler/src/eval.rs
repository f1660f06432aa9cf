//! The float evaluator: what the ONNX model computes, one row at a time.
//!
//! Input: a valid [`Graph`] and one row of features. Output: one vector for each output of the graph,
//! or for each value ([`evaluate_all`]); a label is its index. Where the model computes in single
//! precision ([`Graph::dtypes`]) every node's result is rounded to `f32`. Dense layers then sum in `f32`
//! as well, in the order of the inputs and by fused multiply-adds, the bias last: on the zoo's models
//! that gives onnxruntime's own bits or is nearer to them than one rounding of an `f64` sum. (Its order
//! depends on the machine, so no choice agrees everywhere.) Functions and norms are computed in `f64`
//! and rounded once. Trees add leaf weights in the ensemble's own type, in tree order.
//!
//! Nothing here is the model's identity: that is the integer reference's work.

mod functions;
mod missing;
mod trees;

use thiserror::Error;

use crate::graph::{Arithmetic, DType, Feature, Graph, Node, Op, ValueId};

pub use functions::{apply_unary, probit, sigmoid, softplus};

/// A row that the model does not take.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EvalError {
    /// The row has the wrong number of features.
    #[error("the row has {actual} features, the model takes {expected}")]
    Length {
        /// Features of the model.
        expected: usize,
        /// Features of the row.
        actual: usize,
    },
    /// A feature is NaN or infinite, or too large for the model's element type. NaN, a missing
    /// value, is only taken where nothing but decision trees looks at the features.
    #[error("feature {index} is {value}, wants a finite number of the model's type {dtype:?}")]
    NonFinite {
        /// The feature's index.
        index: usize,
        /// Its value.
        value: f64,
        /// The model's element type.
        dtype: DType,
    },
    /// A feature is outside what the model has a meaning for.
    #[error("feature {index} is {value}, wants {lo} to {hi}")]
    Limits {
        /// The feature's index.
        index: usize,
        /// Its value.
        value: f64,
        /// The smallest value with a meaning.
        lo: f64,
        /// The largest.
        hi: f64,
    },
    /// A feature of an integer model is not a 64-bit integer.
    #[error("feature {index} is {value}, wants a 64-bit integer")]
    NotInteger {
        /// The feature's index.
        index: usize,
        /// Its value.
        value: f64,
    },
}

/// Computes the outputs for one row, in the order of [`Graph::outputs`].
///
/// The graph must be valid ([`Graph::validate`]).
///
/// # Errors
/// A row of the wrong length, or with features that the model does not take.
pub fn evaluate(graph: &Graph, row: &[f64]) -> Result<Vec<Vec<f64>>, EvalError> {
    let values = evaluate_all(graph, row)?;
    Ok(graph.outputs.iter().map(|output| values[output.value].clone()).collect())
}

/// Computes every value for one row, in node order.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_all(graph: &Graph, row: &[f64]) -> Result<Vec<Vec<f64>>, EvalError> {
    let dtypes = graph.dtypes();
    let mut values: Vec<Vec<f64>> = Vec::with_capacity(graph.nodes.len());
    values.push(admit(graph, row)?);
    for (id, node) in graph.nodes.iter().enumerate().skip(1) {
        let operands: Vec<&[f64]> =
            node.inputs.iter().map(|&value: &ValueId| values[value].as_slice()).collect();
        let value = apply(node, &operands, dtypes[id]);
        values.push(value);
    }
    Ok(values)
}

/// Which features may be missing (NaN): those of which every use is, through nodes that work element
/// by element, a decision of a tree or an imputation.
pub fn missing_features(graph: &Graph) -> Vec<bool> {
    let uses = missing::uses(graph);
    uses.iter().map(|uses| uses.is_used && !uses.elsewhere).collect()
}

/// The value that each feature's missing ones are read as, where the model replaces them by the same value
/// wherever it looks at them.
pub fn imputed_features(graph: &Graph) -> Vec<Option<f64>> {
    let one = |uses: &missing::Uses| match uses.imputed.as_slice() {
        &[value] if !uses.elsewhere && !uses.in_trees => Some(value),
        _ => None,
    };
    missing::uses(graph).iter().map(one).collect()
}

/// Checks the row against the model's input and rounds it to the model's type.
fn admit(graph: &Graph, row: &[f64]) -> Result<Vec<f64>, EvalError> {
    let expected = graph.input.len;
    if row.len() != expected {
        return Err(EvalError::Length { expected, actual: row.len() });
    }
    let dtype = graph.input.dtype;
    // The analysis is only worth its time where it decides something.
    let missing = match row.iter().any(|feature| feature.is_nan()) {
        true => missing_features(graph),
        false => Vec::new(),
    };
    let mut admitted = Vec::with_capacity(expected);
    for (index, &value) in row.iter().enumerate() {
        let feature = graph.input.feature(index);
        let dtype = match feature.is_some_and(|feature| feature.whole) {
            true => DType::I64,
            false => dtype,
        };
        let rounded = round_to(dtype, value);
        let may_be_missing = dtype != DType::I64 && missing.get(index) == Some(&true);
        let is_missing = rounded.is_nan() && may_be_missing;
        let bounds = feature.and_then(Feature::bounds);
        match dtype {
            _ if is_missing => admitted.push(rounded),
            _ if bounds.is_some_and(|(lo, hi)| rounded < lo || rounded > hi) => {
                let (lo, hi) = bounds.unwrap_or_default();
                return Err(EvalError::Limits { index, value, lo, hi });
            }
            // 2^63 is exact as a float, i64::MAX is not.
            DType::I64
                if value.fract() != 0.0 || value < -(2f64.powi(63)) || value >= 2f64.powi(63) =>
            {
                return Err(EvalError::NotInteger { index, value });
            }
            _ if !rounded.is_finite() => {
                return Err(EvalError::NonFinite { index, value, dtype });
            }
            _ => admitted.push(rounded),
        }
    }
    Ok(admitted)
}

/// Computes one node from its operands; `dtype` is the type of its result.
pub(crate) fn apply(node: &Node, operands: &[&[f64]], dtype: DType) -> Vec<f64> {
    let round = |x: f64| round_to(dtype, x);
    match &node.op {
        // The caller fills in the row; alone, an input is all zeros.
        Op::Input => vec![0.0; node.len],
        Op::Constant(values) => values.clone(),
        Op::Dense { weights, bias } => dense(weights, bias, operands[0], dtype),
        Op::Scaler { offset, scale } => {
            let shifted = operands[0].iter().zip(offset).map(|(x, offset)| round(x - offset));
            shifted.zip(scale).map(|(x, scale)| round(x * scale)).collect()
        }
        Op::WithConstant { op, constant, constant_first } => {
            let pairs = operands[0].iter().zip(constant);
            let ordered = pairs.map(|(&x, &c)| if *constant_first { (c, x) } else { (x, c) });
            ordered.map(|(a, b)| round(arithmetic(*op, a, b))).collect()
        }
        Op::Elementwise(op) => {
            let pairs = operands[0].iter().zip(operands[1]);
            pairs.map(|(&a, &b)| round(arithmetic(*op, a, b))).collect()
        }
        Op::Unary(unary) => operands[0].iter().map(|&x| round(apply_unary(*unary, x))).collect(),
        Op::Softmax => functions::softmax(operands[0], round),
        Op::SoftmaxZero => functions::softmax_zero(operands[0], round),
        Op::Normalize(norm) => functions::normalize(*norm, operands[0], round),
        Op::Impute(values) => {
            let pairs = operands[0].iter().zip(values);
            pairs.map(|(&x, &value)| if x.is_nan() { value } else { x }).collect()
        }
        Op::TopK { largest, show } => functions::top(operands[0], node.len, *largest, *show),
        Op::ArgMax { select_last } => vec![functions::arg_max(operands[0], *select_last) as f64],
        Op::Reduce(reduction) => vec![functions::reduce(*reduction, operands[0], round)],
        Op::Gather(indices) => indices.iter().map(|&index| operands[0][index]).collect(),
        Op::Concat => operands.concat(),
        Op::Trees(ensemble) => trees::aggregate(ensemble, operands[0]),
    }
}

/// `x` in the type's precision; integers are kept as they are.
pub(crate) fn round_to(dtype: DType, x: f64) -> f64 {
    match dtype {
        DType::F32 => f64::from(x as f32),
        DType::F64 | DType::I64 => x,
    }
}

pub(crate) fn arithmetic(op: Arithmetic, a: f64, b: f64) -> f64 {
    match op {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Div => a / b,
        Arithmetic::Max => {
            if a < b {
                b
            } else {
                a
            }
        }
        Arithmetic::Min => {
            if b < a {
                b
            } else {
                a
            }
        }
    }
}

fn dense(weights: &[f64], bias: &[f64], x: &[f64], dtype: DType) -> Vec<f64> {
    if x.is_empty() {
        return bias.iter().map(|&b| round_to(dtype, b)).collect();
    }
    let mut y = Vec::with_capacity(bias.len());
    for (rows, bias) in weights.chunks(x.len() * BLOCK).zip(bias.chunks(BLOCK)) {
        let mut sums = [0.0; BLOCK];
        match <[&[f64]; BLOCK]>::try_from(rows.chunks(x.len()).collect::<Vec<_>>()) {
            Ok(rows) if dtype == DType::F32 => {
                dot_rows(rows, x, &mut sums, |sum| f64::from(sum as f32))
            }
            Ok(rows) => dot_rows(rows, x, &mut sums, |sum| sum),
            Err(rows) => {
                for (sum, row) in sums.iter_mut().zip(rows) {
                    *sum = row.iter().zip(x).fold(0.0, |sum, (w, x)| round_to(dtype, sum + w * x));
                }
            }
        }
        y.extend(sums.iter().zip(bias).map(|(sum, b)| round_to(dtype, sum + b)));
    }
    y
}

/// Rows of a dense layer whose sums are computed side by side: they do not wait for one another.
const BLOCK: usize = 4;

/// The products of two `f32` are exact in `f64`, so each step is a fused multiply-add.
fn dot_rows(rows: [&[f64]; BLOCK], x: &[f64], sums: &mut [f64; BLOCK], round: impl Fn(f64) -> f64) {
    let [a, b, c, d] = rows;
    for ((((x, a), b), c), d) in x.iter().zip(a).zip(b).zip(c).zip(d) {
        for (sum, weight) in sums.iter_mut().zip([a, b, c, d]) {
            *sum = round(*sum + weight * x);
        }
    }
}
