//! Functions of one element: Abs, Clip, Exp, LeakyRelu, Neg, Relu, Sigmoid, Sqrt, Tanh.
//!
//! Clip: the bounds are attributes up to opset 10, optional scalar inputs from opset 11 on.

use super::super::context::Context;
use super::super::node::OpError;
use super::super::value::Value;
use crate::graph::Unary;

pub(super) fn translate(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let op = match context.node.op() {
        "Abs" => Unary::Abs,
        "Clip" => clip(context)?,
        "Exp" => Unary::Exp,
        "LeakyRelu" => Unary::LeakyRelu { alpha: context.node.float_or("alpha", 0.01)? },
        "Neg" => Unary::Neg,
        "Sigmoid" => Unary::Sigmoid,
        "Sqrt" => Unary::Sqrt,
        "Tanh" => Unary::Tanh,
        _ => Unary::Relu,
    };
    let row = context.float_row(0)?;
    Ok(vec![Value::Row(context.unary("", op, &row)?)])
}

fn clip(context: &mut Context<'_, '_>) -> Result<Unary, OpError> {
    let (min, max) = if context.node.opset < 11 {
        (context.node.any_float("min")?, context.node.any_float("max")?)
    } else {
        (bound(context, 1)?, bound(context, 2)?)
    };
    let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
    if min.is_nan() || max.is_nan() {
        return Err(context.node.shape_error("a bound is NaN").into());
    }
    Ok(Unary::Clip { min, max })
}

fn bound(context: &Context<'_, '_>, input: usize) -> Result<Option<f64>, OpError> {
    if context.optional(input).is_none() {
        return Ok(None);
    }
    let tensor = context.constant(input)?;
    match tensor.floats() {
        Some(&[bound]) => Ok(Some(bound)),
        _ => Err(context.node.shape_error(format!("input {input} wants one float")).into()),
    }
}
