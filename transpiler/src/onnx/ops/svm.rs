//! ai.onnx.ml SVMClassifier and SVMRegressor, as onnxruntime computes them: in `f32`.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Label, Row, Shape, Value};
use super::distances::squared;
use super::trees::{PostTransform, Scores};
use crate::graph::{Arithmetic, DType, Op, Unary, ValueId};

/// How a row is compared with a support vector.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kernel {
    /// `x·s`
    Linear,
    /// `(γ·x·s + c)^degree`
    Poly { gamma: f64, coef0: f64, degree: u32 },
    /// `exp(-γ·|x − s|²)`
    Rbf { gamma: f64 },
    /// `tanh(γ·x·s + c)`
    Sigmoid { gamma: f64, coef0: f64 },
}

/// The largest degree of a polynomial kernel.
const MAX_DEGREE: u32 = 8;

impl Kernel {
    fn read(context: &Context<'_, '_>) -> Result<Self, OpError> {
        let node = context.node;
        let parameters = node.floats("kernel_params")?;
        let parameter = |at: usize| parameters.get(at).copied().unwrap_or(0.0);
        let (gamma, coef0) = (parameter(0), parameter(1));
        Ok(match node.string("kernel_type")?.unwrap_or("LINEAR") {
            "LINEAR" => Self::Linear,
            "RBF" if gamma >= 0.0 => Self::Rbf { gamma },
            "SIGMOID" => Self::Sigmoid { gamma, coef0 },
            "POLY" => {
                let degree = parameter(2);
                if degree.fract() != 0.0 || !(1.0..=f64::from(MAX_DEGREE)).contains(&degree) {
                    return unsupported(format!(
                        "a polynomial kernel of degree {degree}, wants a whole one up to {MAX_DEGREE}"
                    ));
                }
                Self::Poly { gamma, coef0, degree: degree as u32 }
            }
            other => {
                let reason =
                    format!("is {other:?} with gamma {gamma}, wants LINEAR, POLY, RBF or SIGMOID");
                return Err(node.attribute_error("kernel_type", reason).into());
            }
        })
    }

    /// `factors · kernel(x, vectors) + offsets`: one number for each row of factors.
    fn combine(
        self,
        context: &mut Context<'_, '_>,
        x: &Row,
        vectors: &[f64],
        factors: &[f64],
        offsets: Vec<f64>,
    ) -> Result<ValueId, OpError> {
        let len = x.shape.len();
        let n_vectors = vectors.len() / len.max(1);
        let n_outputs = offsets.len();
        let dtype = DType::F32;
        if self == Self::Linear {
            // The vectors need not be looked at one by one.
            context.claim(n_outputs.saturating_mul(len))?;
            let row = |factors: &[f64]| {
                let mut sum = vec![0.0; len];
                for (factor, vector) in factors.iter().zip(vectors.chunks(len.max(1))) {
                    sum.iter_mut().zip(vector).for_each(|(sum, s)| *sum += factor * s);
                }
                sum
            };
            let weights = factors.chunks(n_vectors.max(1)).flat_map(row).collect();
            let op = Op::Dense { weights, bias: offsets };
            return Ok(context.emit("sums", op, &[x.value], n_outputs, dtype)?);
        }
        let kernels = match self {
            Self::Rbf { gamma } => {
                let exponents = squared(context, x, vectors, -gamma)?;
                context.emit("kernel", Op::Unary(Unary::Exp), &[exponents], n_vectors, dtype)?
            }
            Self::Poly { gamma, coef0, degree } => {
                let base = products(context, x, vectors, gamma, coef0)?;
                let mut power = base;
                for _ in 1..degree {
                    let op = Op::Elementwise(Arithmetic::Mul);
                    power = context.emit("power", op, &[power, base], n_vectors, dtype)?;
                }
                power
            }
            Self::Sigmoid { gamma, coef0 } => {
                let products = products(context, x, vectors, gamma, coef0)?;
                context.emit("kernel", Op::Unary(Unary::Tanh), &[products], n_vectors, dtype)?
            }
            Self::Linear => x.value,
        };
        context.claim(factors.len())?;
        let op = Op::Dense { weights: factors.to_vec(), bias: offsets };
        Ok(context.emit("sums", op, &[kernels], n_outputs, dtype)?)
    }
}

/// `γ·x·s + c` for each support vector.
fn products(
    context: &mut Context<'_, '_>,
    x: &Row,
    vectors: &[f64],
    gamma: f64,
    coef0: f64,
) -> Result<ValueId, OpError> {
    context.claim(vectors.len())?;
    let n_vectors = vectors.len() / x.shape.len().max(1);
    let weights = vectors.iter().map(|s| gamma * s).collect();
    let op = Op::Dense { weights, bias: vec![coef0; n_vectors] };
    Ok(context.emit("products", op, &[x.value], n_vectors, DType::F32)?)
}

/// The features, and the batch axis of the results.
fn features(context: &mut Context<'_, '_>) -> Result<(Row, Axis), OpError> {
    let row = context.f32_row(0)?;
    let batch = match *row.shape.0.as_slice() {
        [Axis::Len(_)] => Axis::Len(1),
        [batch, Axis::Len(_)] if batch.size() == 1 => batch,
        _ => return unsupported(format!("takes {}, wants one row of features", row.shape)),
    };
    Ok((row, batch))
}

/// SVMRegressor: one number; with `one_class` its sign, -1 or 1. As in onnxruntime, there is no
/// post-transform.
pub(super) fn regressor(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    let (x, batch) = features(context)?;
    let len = x.shape.len();
    let (coefficients, rho) = (node.floats("coefficients")?, node.floats("rho")?);
    let rho = rho.first().copied();
    let rho = rho.ok_or_else(|| node.attribute_error("rho", "is missing"))?;
    let value = match node.int_or("n_supports", 0)? {
        ..=0 => {
            node.same_length("coefficients", len, coefficients.len())?;
            let op = Op::Dense { weights: coefficients, bias: vec![rho] };
            context.emit("", op, &[x.value], 1, DType::F32)?
        }
        n_supports => {
            let n_supports = usize::try_from(n_supports).unwrap_or(usize::MAX);
            let vectors = node.floats("support_vectors")?;
            node.same_length("support_vectors", n_supports.saturating_mul(len), vectors.len())?;
            node.same_length("coefficients", n_supports, coefficients.len())?;
            Kernel::read(context)?.combine(context, &x, &vectors, &coefficients, vec![rho])?
        }
    };
    let shape = Shape(vec![batch, Axis::Len(1)]);
    let mut row = Row { value, shape, element: Element::F32 };
    if node.int_or("one_class", 0)? != 0 {
        row = context.unary("inside", Unary::Binarize { threshold: 0.0 }, &row)?;
        for (op, constant) in [(Arithmetic::Mul, 2.0), (Arithmetic::Sub, 1.0)] {
            let op = Op::WithConstant { op, constant: vec![constant], constant_first: false };
            row = context.same_shape("sign", op, &row)?;
        }
    }
    Ok(vec![Value::Row(row)])
}

/// SVMClassifier. One sum for each pair of classes; the label is the class with the most votes, the first
/// of equals, also where there are probabilities.
///
/// The scores are the pairs' sums (of two classes: `-s` and `s`), or, with `prob_a` and `prob_b`,
/// probabilities by pairwise coupling of up to three classes: its exact solution, where onnxruntime stops an
/// iteration within `0.005 / classes` of it.
pub(super) fn classifier(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    let labels = context.class_labels("classlabels_ints", "classlabels_strings")?;
    let transform = PostTransform::read_text(context)?;
    let n_classes = labels.len();
    if n_classes < 2 {
        return unsupported("has one class only");
    }
    let values = Data::from(labels);
    let (x, batch) = features(context)?;
    let sizes = node.ints("vectors_per_class")?;
    let label_shape = Shape(vec![batch]);
    if sizes.is_empty() {
        return linear(context, &x, batch, values, transform);
    }
    node.same_length("vectors_per_class", n_classes, sizes.len())?;
    let sizes: Vec<usize> = sizes.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
    let n_vectors = sizes.iter().fold(0_usize, |sum, &n| sum.saturating_add(n));
    let pairs: Vec<(usize, usize)> =
        (0..n_classes).flat_map(|i| (i + 1..n_classes).map(move |j| (i, j))).collect();
    let n_pairs = pairs.len();

    let (vectors, coefficients) = (node.floats("support_vectors")?, node.floats("coefficients")?);
    let len = x.shape.len();
    node.same_length("support_vectors", n_vectors.saturating_mul(len), vectors.len())?;
    node.same_length("coefficients", n_vectors.saturating_mul(n_classes - 1), coefficients.len())?;
    let rho = node.floats("rho")?;
    node.same_length("rho", n_pairs, rho.len())?;
    let starts: Vec<usize> =
        sizes.iter().scan(0, |sum, &n| Some(std::mem::replace(sum, *sum + n))).collect();
    context.claim(n_pairs.saturating_mul(n_vectors))?;
    // Row j − 1 holds class i's factors against j, row i those of j against i.
    let mut factors = vec![0.0; n_pairs * n_vectors];
    for (&(i, j), row) in pairs.iter().zip(factors.chunks_mut(n_vectors.max(1))) {
        for (class, block) in [(i, j - 1), (j, i)] {
            for at in starts[class]..starts[class] + sizes[class] {
                row[at] = coefficients[block * n_vectors + at];
            }
        }
    }
    let sums = Kernel::read(context)?.combine(context, &x, &vectors, &factors, rho)?;

    let wins = Op::Unary(Unary::Binarize { threshold: 0.0 });
    let wins = context.emit("wins", wins, &[sums], n_pairs, DType::F32)?;
    let label = if n_classes == 2 {
        let values = Rc::new(values.select(&[1, 0]));
        Label { index: wins, values, shape: label_shape }
    } else {
        let mut weights = vec![0.0; n_classes * n_pairs];
        let mut bias = vec![0.0; n_classes];
        for (pair, &(i, j)) in pairs.iter().enumerate() {
            weights[i * n_pairs + pair] = 1.0;
            weights[j * n_pairs + pair] = -1.0;
            bias[j] += 1.0;
        }
        let votes = Op::Dense { weights, bias };
        let votes = context.emit("votes", votes, &[wins], n_classes, DType::F32)?;
        let op = Op::ArgMax { select_last: false };
        let index = context.emit("label", op, &[votes], 1, DType::I64)?;
        Label { index, values: Rc::new(values), shape: label_shape }
    };

    let row = |value, len| Row {
        value,
        shape: Shape(vec![batch, Axis::Len(len)]),
        element: Element::F32,
    };
    let (a, b) = (node.floats("prob_a")?, node.floats("prob_b")?);
    let scores = if !a.is_empty() {
        node.same_length("prob_a", n_pairs, a.len())?;
        node.same_length("prob_b", n_pairs, b.len())?;
        let wins = pair_probabilities(context, sums, &a, &b)?;
        let probabilities = match n_classes {
            2 => Scores::Complement.expand(context, &row(wins, 1))?,
            3 => row(couple_three(context, wins)?, 3),
            _ => {
                return unsupported(format!(
                    "couples the probabilities of {n_classes} classes, wants 3 or fewer; export the \
                     decision function (probability=False, or the option raw_scores)"
                ));
            }
        };
        // The first of two probabilities is that of the first class.
        let probabilities = match n_classes {
            2 => {
                let op = Op::Gather(vec![1, 0]);
                context.same_shape("ordered", op, &probabilities)?
            }
            _ => probabilities,
        };
        transform.apply(context, probabilities)?
    } else if n_classes == 2 {
        let scores = match transform {
            PostTransform::None => Scores::Mirrored,
            PostTransform::Probit => return unsupported("post_transform PROBIT of two classes"),
            _ => Scores::Complement,
        };
        scores.expand(context, &row(sums, 1))?
    } else {
        transform.apply(context, row(sums, n_pairs))?
    };
    Ok(vec![Value::Label(label), Value::Row(scores)])
}

/// Without support vectors: one row of coefficients for each class.
fn linear(
    context: &mut Context<'_, '_>,
    x: &Row,
    batch: Axis,
    values: Data,
    transform: PostTransform,
) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    let n_classes = values.len();
    if n_classes == 2 {
        return unsupported("two classes without support vectors; export a LinearClassifier");
    }
    let (weights, rho) = (node.floats("coefficients")?, node.floats("rho")?);
    node.same_length("coefficients", n_classes.saturating_mul(x.shape.len()), weights.len())?;
    let rho = rho.first().copied();
    let rho = rho.ok_or_else(|| node.attribute_error("rho", "is missing"))?;
    let op = Op::Dense { weights, bias: vec![rho; n_classes] };
    let value = context.emit("sums", op, &[x.value], n_classes, DType::F32)?;
    let op = Op::ArgMax { select_last: false };
    let index = context.emit("label", op, &[value], 1, DType::I64)?;
    let label = Label { index, values: Rc::new(values), shape: Shape(vec![batch]) };
    let shape = Shape(vec![batch, Axis::Len(n_classes)]);
    let scores = transform.apply(context, Row { value, shape, element: Element::F32 })?;
    Ok(vec![Value::Label(label), Value::Row(scores)])
}

/// The probability that the first class of each pair wins: `1 / (1 + exp(a·s + b))`.
fn pair_probabilities(
    context: &mut Context<'_, '_>,
    sums: ValueId,
    a: &[f64],
    b: &[f64],
) -> Result<ValueId, OpError> {
    let mut value = sums;
    for (op, numbers) in [(Arithmetic::Mul, a), (Arithmetic::Add, b)] {
        let constant = numbers.iter().map(|number| -number).collect();
        let op = Op::WithConstant { op, constant, constant_first: false };
        value = context.emit("platt", op, &[value], a.len(), DType::F32)?;
    }
    Ok(context.emit("pairs", Op::Unary(Unary::Sigmoid), &[value], a.len(), DType::F32)?)
}

/// The probabilities `p` of three classes that minimise `Σ (r_ji·p_i − r_ij·p_j)²` (T.-F. Wu, C.-J. Lin, R. C.
/// Weng, "Probability estimates for multi-class classification by pairwise coupling", 2004, the second
/// method), `r_ij` being the probability that `i` wins against `j`.
///
/// `p` is `adj(Q)·1` over its sum, `Q` the matrix of the quadratic form. Every entry of the adjugate is a sum of
/// products of probabilities; the diagonal's are spanning trees of wins, one of which has only wins of one half
/// and more, so that the sum is at least 1/16.
fn couple_three(context: &mut Context<'_, '_>, wins: ValueId) -> Result<ValueId, OpError> {
    // r12, r13, r23, then r21, r31, r32.
    let expand = Op::Dense {
        weights: vec![
            1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0,
            -1.0,
        ],
        bias: vec![0.0, 0.0, 0.0, 1.0, 1.0, 1.0],
    };
    let six = context.emit("both", expand, &[wins], 6, DType::F32)?;
    // The squares of the six, then r12·r21, r13·r31, r23·r32.
    let left = vec![0, 1, 2, 3, 4, 5, 0, 1, 2];
    let right = vec![0, 1, 2, 3, 4, 5, 3, 4, 5];
    let factors = multiply(context, six, left, right)?;
    const R12: usize = 0;
    const R13: usize = 1;
    const R23: usize = 2;
    const R21: usize = 3;
    const R31: usize = 4;
    const R32: usize = 5;
    const A: usize = 6;
    const B: usize = 7;
    const C: usize = 8;
    // The terms of each entry of the symmetric adjugate: 11, 22, 33, 12, 13, 23.
    let entries: [&[(usize, usize)]; 6] = [
        &[(R12, R13), (R12, R23), (R32, R13)],
        &[(R21, R13), (R21, R23), (R31, R23)],
        &[(R21, R32), (R31, R12), (R31, R32)],
        &[(A, R13), (A, R23), (B, C)],
        &[(A, C), (B, R12), (B, R32)],
        &[(C, R21), (C, R31), (A, B)],
    ];
    let rows = [[0, 3, 4], [3, 1, 5], [4, 5, 2]];
    let terms: Vec<(usize, usize)> = entries.concat();
    let (left, right): (Vec<usize>, Vec<usize>) = terms.iter().copied().unzip();
    let n_terms = terms.len();
    let products = multiply(context, factors, left, right)?;
    let mut weights = vec![0.0; 3 * n_terms];
    for (row, entries) in rows.iter().enumerate() {
        for entry in entries {
            weights[row * n_terms + 3 * entry..][..3].fill(1.0);
        }
    }
    let bias = vec![0.0; 3];
    let sums = context.emit("weights", Op::Dense { weights, bias }, &[products], 3, DType::F32)?;
    let whole = Op::Dense { weights: vec![1.0; 3], bias: vec![0.0] };
    let whole = context.emit("whole", whole, &[sums], 1, DType::F32)?;
    let limit = Op::Unary(Unary::Clip { min: 1.0 / 16.0, max: f64::INFINITY });
    let whole = context.emit("limited", limit, &[whole], 1, DType::F32)?;
    let whole = context.emit("wholes", Op::Gather(vec![0; 3]), &[whole], 3, DType::F32)?;
    let op = Op::Elementwise(Arithmetic::Div);
    let quotients = context.emit("coupled", op, &[sums, whole], 3, DType::F32)?;
    let limit = Op::Unary(Unary::Clip { min: 0.0, max: 1.0 });
    Ok(context.emit("probabilities", limit, &[quotients], 3, DType::F32)?)
}

/// The products of elements, pair by pair.
fn multiply(
    context: &mut Context<'_, '_>,
    value: ValueId,
    left: Vec<usize>,
    right: Vec<usize>,
) -> Result<ValueId, OpError> {
    let len = left.len();
    let left = context.emit("left", Op::Gather(left), &[value], len, DType::F32)?;
    let right = context.emit("right", Op::Gather(right), &[value], len, DType::F32)?;
    let op = Op::Elementwise(Arithmetic::Mul);
    Ok(context.emit("products", op, &[left, right], len, DType::F32)?)
}
