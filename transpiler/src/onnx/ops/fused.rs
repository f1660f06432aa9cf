//! The fused operators that onnxruntime's optimiser writes (domain com.microsoft).

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Row, Shape, Value};
use super::arithmetic::{broadcast, spread};
use super::{conv, dense, unary};
use crate::graph::{Arithmetic, Op, Unary};

/// FusedGemm and FusedConv: the operator, then an activation.
pub(super) fn with_activation(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut values = match context.node.op() {
        "FusedGemm" => dense::gemm(context)?,
        _ if context.optional(3).is_some() => return unsupported("adds a fourth input"),
        _ => conv::conv(context)?,
    };
    let Some(Value::Row(row)) = values.pop() else {
        return unsupported("an activation of a constant");
    };
    let node = context.node;
    let parameters = node.floats("activation_params")?;
    let parameter = |at: usize, name: &str, default: f32| match parameters.get(at) {
        Some(&value) => Ok(value),
        None => node.float_or(name, default),
    };
    let op = match node.string("activation")?.unwrap_or_default() {
        "" => return Ok(vec![Value::Row(row)]),
        "Relu" => Unary::Relu,
        "LeakyRelu" => Unary::LeakyRelu { alpha: parameter(0, "activation_alpha", 0.01)? },
        "Sigmoid" => Unary::Sigmoid,
        "Tanh" => Unary::Tanh,
        "Clip" => Unary::Clip {
            min: parameter(0, "activation_min", f32::MIN)?,
            max: parameter(1, "activation_max", f32::MAX)?,
        },
        other => return unsupported(format!("the fused activation {other:?}")),
    };
    Ok(vec![Value::Row(context.unary("activation", op, &row)?)])
}

/// FusedMatMul: `alpha · A · B`, the constant matrix turned or not.
pub(super) fn mat_mul(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    for name in ["transA", "transBatchA", "transBatchB"] {
        if node.flag(name, false)? {
            return unsupported(format!("turns its operands ({name})"));
        }
    }
    let alpha = node.float_or("alpha", 1.0)?;
    let values =
        if node.flag("transB", false)? { dense::gemm(context)? } else { dense::mat_mul(context)? };
    match (alpha == 1.0 || node.flag("transB", false)?, values.into_iter().next()) {
        (true, Some(value)) => Ok(vec![value]),
        (false, Some(Value::Row(row))) => Ok(vec![Value::Row(context.with_scalar(
            "alpha",
            Arithmetic::Mul,
            &row,
            alpha,
            false,
        )?)]),
        _ => unsupported("multiplies constants"),
    }
}

/// Gelu, FastGelu and BiasGelu, the last two with a bias that is added first.
pub(super) fn gelu(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut row = context.float_row(0)?;
    if context.optional(1).is_some() {
        row = biased(context, &row)?;
    }
    let tanh = context.node.op() == "FastGelu";
    Ok(vec![Value::Row(unary::gelu(context, &row, tanh)?)])
}

fn biased(context: &mut Context<'_, '_>, row: &Row) -> Result<Row, OpError> {
    let tensor = context.constant(1)?;
    let Some(values) = tensor.floats() else {
        return Err(context.node.shape_error("the bias is not of floats").into());
    };
    let from = Shape(tensor.dims.iter().map(|&dim| Axis::Len(dim)).collect());
    if broadcast(context, &from, &row.shape)? != row.shape {
        return Err(context.node.shape_error(format!("the bias is {from}")).into());
    }
    let indices = spread(context, &from, &row.shape)?;
    let constant = indices.iter().map(|&at| values[at]).collect();
    let op = Op::WithConstant { op: Arithmetic::Add, constant, constant_first: false };
    Ok(context.same_shape("bias", op, row)?)
}
