//! ai.onnx.ml Scaler, Normalizer and Binarizer.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Element, Value};
use crate::graph::{Norm, Op, Unary};

/// Scaler: `(x - offset) · scale`, both a number for each feature or one for all. A double input is
/// scaled in double precision, then rounded to `f32`; integers are rounded first.
pub(super) fn scaler(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut row = context.row(0)?;
    if row.element != Element::F64 {
        row = context.round_to_f32(row)?;
    }
    let len = row.shape.len();
    if row.shape.rank() > 2 {
        return unsupported(format!("scales {}, wants one row of features", row.shape));
    }
    let (offset, scale) = (context.node.floats("offset")?, context.node.floats("scale")?);
    let scale = spread(context, "scale", scale, 1.0, len)?;
    let offset = spread(context, "offset", offset, 0.0, len)?;
    let scaled = context.same_shape("", Op::Scaler { offset, scale }, &row)?;
    Ok(vec![Value::Row(context.round_to_f32(scaled)?)])
}

fn spread(
    context: &mut Context<'_, '_>,
    attribute: &str,
    values: Vec<f64>,
    default: f64,
    len: usize,
) -> Result<Vec<f64>, OpError> {
    context.claim(len)?;
    match values.as_slice() {
        [] => Ok(vec![default; len]),
        &[value] => Ok(vec![value; len]),
        _ => {
            context.node.same_length(attribute, len, values.len())?;
            Ok(values)
        }
    }
}

/// Normalizer: each row divided by its norm (MAX by default); the result is `f32`.
pub(super) fn normalizer(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let norm = match context.node.string("norm")?.unwrap_or("MAX") {
        "MAX" => Norm::Max,
        "L1" => Norm::L1,
        "L2" => Norm::L2,
        other => {
            let reason = format!("is {other:?}, wants MAX, L1 or L2");
            return Err(context.node.attribute_error("norm", reason).into());
        }
    };
    let row = context.f32_row(0)?;
    if row.shape.rank() > 2 {
        return unsupported(format!("normalises {}, wants one row of features", row.shape));
    }
    Ok(vec![Value::Row(context.same_shape("", Op::Normalize(norm), &row)?)])
}

/// Binarizer: 1 above the threshold (0 by default), else 0.
pub(super) fn binarizer(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let threshold = context.node.float_or("threshold", 0.0)?;
    let row = context.row(0)?;
    Ok(vec![Value::Row(context.unary("", Unary::Binarize { threshold }, &row)?)])
}
