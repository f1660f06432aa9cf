//! The non-linear functions, as onnxruntime defines them.

use std::cmp::Ordering;

use crate::graph::{Norm, Reduction, TopK, Unary};

/// `1 / (1 + exp(-x))`, without overflow on either side.
pub fn sigmoid(x: f64) -> f64 {
    let small = libm::exp(-x.abs());
    if x < 0.0 {
        small / (1.0 + small)
    } else {
        1.0 / (1.0 + small)
    }
}

/// `ln(1 + exp(x))`, without overflow.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// The quantile function of the normal distribution, `√2 · erf⁻¹(2p − 1)`, by the approximation of
/// the inverse error function that onnxruntime's PROBIT uses (S. Winitzki, "A handy approximation
/// for the error function and its inverse", 2008, with `a = 0.147`; relative error up to 2e-3).
pub fn probit(p: f64) -> f64 {
    const A: f64 = 0.147;
    let x = 2.0 * p - 1.0;
    let log = libm::log((1.0 - x) * (1.0 + x));
    let half = 2.0 / (std::f64::consts::PI * A) + 0.5 * log;
    let inverse = (-half + (half * half - log / A).sqrt()).sqrt();
    std::f64::consts::SQRT_2 * if x < 0.0 { -inverse } else { inverse }
}

/// A function of one element, in double precision: the caller rounds.
pub fn apply_unary(unary: Unary, x: f64) -> f64 {
    match unary {
        Unary::Relu => {
            if x > 0.0 || x.is_nan() {
                x
            } else {
                0.0
            }
        }
        Unary::LeakyRelu { alpha } => {
            if x >= 0.0 {
                x
            } else {
                alpha * x
            }
        }
        Unary::Clip { min, max } => {
            let raised = if x < min { min } else { x };
            if raised > max {
                max
            } else {
                raised
            }
        }
        Unary::Sigmoid => sigmoid(x),
        Unary::Tanh => libm::tanh(x),
        Unary::Exp => libm::exp(x),
        Unary::Log => libm::log(x),
        Unary::Erf => libm::erf(x),
        Unary::Softplus => softplus(x),
        Unary::Floor => x.floor(),
        Unary::Round => x.round_ties_even(),
        Unary::Abs => x.abs(),
        Unary::Neg => -x,
        Unary::Sqrt => x.sqrt(),
        Unary::Probit => probit(x),
        Unary::Binarize { threshold } => f64::from(x > threshold),
        Unary::ToF32 => f64::from(x as f32),
        Unary::ToF64 => x,
        Unary::Truncate => x.trunc(),
        Unary::ToBool => f64::from(x != 0.0),
    }
}

/// `exp(x_i - max) / Σ exp(x_j - max)`.
pub(super) fn softmax(x: &[f64], round: impl Fn(f64) -> f64) -> Vec<f64> {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = x.iter().map(|x| round(libm::exp(x - max))).collect();
    let sum = round(exps.iter().sum());
    exps.iter().map(|exp| round(exp / sum)).collect()
}

/// Softmax over the elements that are not 0 (within 1e-7, as onnxruntime has it); the others are
/// scaled but not counted. A vector of zeros stays as it is.
pub(super) fn softmax_zero(x: &[f64], round: impl Fn(f64) -> f64) -> Vec<f64> {
    const ZERO: f64 = 1e-7;
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let counts = |x: f64| x.abs() > ZERO;
    let terms: Vec<f64> = x
        .iter()
        .map(|&x| round(if counts(x) { libm::exp(x - max) } else { x * libm::exp(-max) }))
        .collect();
    let counted = terms.iter().zip(x).filter(|(_, &x)| counts(x));
    let sum = round(counted.map(|(term, _)| term).sum());
    if sum == 0.0 {
        return terms;
    }
    terms.iter().map(|term| round(term / sum)).collect()
}

/// ai.onnx.ml Normalizer; a norm of 0 leaves the vector as it is.
pub(super) fn normalize(norm: Norm, x: &[f64], round: impl Fn(f64) -> f64) -> Vec<f64> {
    let size = match norm {
        Norm::Max => x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Norm::L1 => x.iter().map(|x| x.abs()).sum(),
        Norm::L2 => x.iter().map(|x| x * x).sum::<f64>().sqrt(),
    };
    if size == 0.0 {
        return x.to_vec();
    }
    x.iter().map(|x| round(x / size)).collect()
}

/// The `count` largest elements, or the smallest; the first of equals comes first.
pub(super) fn top(x: &[f64], count: usize, largest: bool, show: TopK) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| match largest {
        true => x[b].partial_cmp(&x[a]).unwrap_or(Ordering::Equal),
        false => x[a].partial_cmp(&x[b]).unwrap_or(Ordering::Equal),
    });
    order.truncate(count);
    let shown = |index: usize| match show {
        TopK::Values => x[index],
        TopK::Indices => index as f64,
    };
    order.into_iter().map(shown).collect()
}

/// One number of the vector. Sums are added up in double precision.
pub(super) fn reduce(reduction: Reduction, x: &[f64], round: impl Fn(f64) -> f64) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match reduction {
        Reduction::Sum => round(x.iter().sum()),
        Reduction::Max => max,
        Reduction::LogSumExp => {
            round(max + libm::log(x.iter().map(|x| libm::exp(x - max)).sum::<f64>()))
        }
    }
}

/// The index of the largest element: the first of equals, or the last.
pub(super) fn arg_max(x: &[f64], select_last: bool) -> usize {
    let mut best = 0;
    for (index, value) in x.iter().enumerate().skip(1) {
        if *value > x[best] || (select_last && *value == x[best]) {
            best = index;
        }
    }
    best
}
