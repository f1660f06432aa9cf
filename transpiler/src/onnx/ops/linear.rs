//! ai.onnx.ml LinearClassifier and LinearRegressor, as onnxruntime computes them: in `f32`.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Label, Row, Shape, Value};
use super::trees::{PostTransform, Scores};
use crate::graph::{DType, Labels, Op, Unary};

/// LinearRegressor: one row of coefficients a target. The post-transform of a single target is only
/// applied if it is PROBIT.
pub(super) fn regressor(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let transform = PostTransform::read_text(context)?;
    let targets = context.node.int_or("targets", 1)?;
    let n_targets = usize::try_from(targets).ok().filter(|&targets| targets > 0);
    let n_targets = n_targets.ok_or_else(|| {
        context.node.attribute_error("targets", format!("is {targets}, wants 1 or more"))
    })?;
    let scores = linear(context, n_targets)?;
    let scores = transform.apply(context, scores)?;
    Ok(vec![Value::Row(scores)])
}

/// LinearClassifier. With several rows of coefficients the label is the class of the largest score
/// (before the post-transform); with one row it is whether the score is above 0, and two labels then
/// make two scores, `1 - s` and `s`, without a post-transform.
pub(super) fn classifier(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let labels = context.class_labels("classlabels_ints", "classlabels_strings")?;
    let transform = PostTransform::read_text(context)?;
    let n_scores = match context.node.floats("intercepts")?.len() {
        0 => {
            let n_features = context.row(0)?.shape.len();
            context.node.floats("coefficients")?.len() / n_features.max(1)
        }
        n => n,
    };
    if n_scores > 1 && labels.len() != n_scores {
        context.node.same_length("classlabels_ints", n_scores, labels.len())?;
    }
    let scores = linear(context, n_scores)?;
    let batch = scores.shape.0[0];
    if n_scores > 1 {
        let index = context.emit(
            "label",
            Op::ArgMax { select_last: false },
            &[scores.value],
            1,
            DType::I64,
        )?;
        let values = Rc::new(labels.into());
        let label = Label { index, values, shape: Shape(vec![batch]) };
        return Ok(vec![Value::Label(label), Value::Row(transform.apply(context, scores)?)]);
    }
    let decision = Op::Unary(Unary::Binarize { threshold: 0.0 });
    let index = context.emit("label", decision, &[scores.value], 1, DType::F32)?;
    let has_two = labels.len() == 2;
    let values = match labels {
        labels if has_two => labels.into(),
        Labels::Ints(_) => Data::Ints(vec![0, 1]),
        Labels::Strings(_) => Data::texts(vec!["0".to_owned(), "1".to_owned()]),
    };
    let values = Rc::new(values);
    let label = Value::Label(Label { index, values, shape: Shape(vec![batch]) });
    let scores = match (has_two, transform) {
        (false, _) => transform.apply(context, scores)?,
        (true, PostTransform::Probit) => {
            return unsupported(
                "post_transform PROBIT with one row of coefficients and two labels",
            );
        }
        (true, _) => Scores::Complement.expand(context, &scores)?,
    };
    Ok(vec![label, Value::Row(scores)])
}

/// `x · coefficientsᵀ + intercepts`.
fn linear(context: &mut Context<'_, '_>, n_scores: usize) -> Result<Row, OpError> {
    let row = context.f32_row(0)?;
    let (batch, n_features) = match *row.shape.0.as_slice() {
        [Axis::Len(features)] => (Axis::Len(1), features),
        [batch, Axis::Len(features)] if batch.size() == 1 => (batch, features),
        _ => return unsupported(format!("takes {}, wants one row of features", row.shape)),
    };
    let mut weights = context.node.floats("coefficients")?;
    let expected = n_scores.saturating_mul(n_features);
    if weights.len() > expected && expected > 0 {
        // onnxruntime does not look at what is too much.
        weights.truncate(expected);
    }
    context.node.same_length("coefficients", expected, weights.len())?;
    let mut bias = context.node.floats("intercepts")?;
    if bias.is_empty() {
        bias = vec![0.0; n_scores];
    }
    context.node.same_length("intercepts", n_scores, bias.len())?;
    if n_scores == 0 {
        return Err(context.node.attribute_error("coefficients", "is empty").into());
    }
    let op = Op::Dense { weights, bias };
    let value = context.emit("", op, &[row.value], n_scores, DType::F32)?;
    let shape = Shape(vec![batch, Axis::Len(n_scores)]);
    Ok(Row { value, shape, element: Element::F32 })
}
