//! Softmax and ArgMax over a whole row.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Label, Shape, Value};
use crate::graph::{DType, Op};

/// Softmax. From opset 13 on it works along one axis, the last by default; before, on all axes from
/// `axis` on, 1 by default.
pub(super) fn softmax(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let shape = &row.shape;
    let reduced: Vec<usize> = if context.node.opset >= 13 {
        vec![context.axis(context.node.int_or("axis", -1)?, shape.rank())?]
    } else {
        match context.node.int_or("axis", 1)? {
            // What follows the last axis is one element, a distribution of its own.
            axis if axis == shape.rank() as i64 => Vec::new(),
            axis => (context.axis(axis, shape.rank())?..shape.rank()).collect(),
        }
    };
    whole_row(shape, &reduced)?;
    Ok(vec![Value::Row(context.same_shape("", Op::Softmax, &row)?)])
}

/// ArgMax along one axis (0 by default): the first of equals, or the last (opset 12). Its result is a
/// label, until something computes with it.
pub(super) fn arg_max(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.row(0)?;
    let shape = row.shape.clone();
    let axis = context.axis(context.node.int_or("axis", 0)?, shape.rank())?;
    whole_row(&shape, &[axis])?;
    let select_last = context.node.flag("select_last_index", false)?;
    let op = Op::ArgMax { select_last };
    let index = context.emit("", op, &[row.value], 1, DType::I64)?;

    let mut axes = shape.0.clone();
    if context.node.flag("keepdims", true)? {
        axes[axis] = Axis::Len(1);
    } else {
        axes.remove(axis);
    }
    context.claim(shape.len())?;
    let values = Rc::new(Data::Ints((0..shape.len() as i64).collect()));
    Ok(vec![Value::Label(Label { index, values, shape: Shape(axes) })])
}

/// Refuses a reduction that leaves more than one number a row, or goes over the rows.
fn whole_row(shape: &Shape, reduced: &[usize]) -> Result<(), OpError> {
    if reduced.iter().any(|&axis| shape.0[axis].is_batch()) {
        return unsupported("reduces over the rows of the batch");
    }
    let kept = (0..shape.rank()).filter(|axis| !reduced.contains(axis));
    if kept.clone().any(|axis| shape.0[axis].size() != 1) {
        return unsupported(format!(
            "reduces {shape} along axes {reduced:?} only, wants the whole row"
        ));
    }
    Ok(())
}
