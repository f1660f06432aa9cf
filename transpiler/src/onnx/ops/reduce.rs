//! Softmax over a whole row, ArgMax and ArgMin along an axis.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Label, Row, Shape, Value};
use crate::graph::{DType, Op, Unary};

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

/// ArgMax and ArgMin along one axis (0 by default): the first of equals, or the last (opset 12). The result
/// of a whole row is a label, until something computes with it.
pub(super) fn arg_max(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut row = context.row(0)?;
    let shape = row.shape.clone();
    let axis = context.axis(context.node.int_or("axis", 0)?, shape.rank())?;
    if shape.0[axis].is_batch() {
        return unsupported("reduces over the rows of the batch");
    }
    let select_last = context.node.flag("select_last_index", false)?;
    if context.node.op() == "ArgMin" {
        row = context.unary("negated", Unary::Neg, &row)?;
    }
    let mut axes = shape.0.clone();
    if context.node.flag("keepdims", true)? {
        axes[axis] = Axis::Len(1);
    } else {
        axes.remove(axis);
    }
    let reduced = Shape(axes);
    let sizes = shape.sizes();
    let len = sizes[axis];
    let stride: usize = sizes[axis + 1..].iter().product();
    let op = Op::ArgMax { select_last };
    if shape.len() == len {
        let index = context.emit("", op, &[row.value], 1, DType::I64)?;
        context.claim(len)?;
        let values = Rc::new(Data::Ints((0..len as i64).collect()));
        return Ok(vec![Value::Label(Label { index, values, shape: reduced })]);
    }
    // Each vector along the axis by itself.
    context.claim(shape.len())?;
    let mut parts = Vec::with_capacity(shape.len() / len.max(1));
    for outer in 0..sizes[..axis].iter().product() {
        for inner in 0..stride {
            let vector = (0..len).map(|at| (outer * len + at) * stride + inner).collect();
            let dtype = row.element.dtype();
            let vector = context.emit("vector", Op::Gather(vector), &[row.value], len, dtype)?;
            parts.push(context.emit("index", op.clone(), &[vector], 1, DType::I64)?);
        }
    }
    let count = parts.len();
    let value = context.emit("", Op::Concat, &parts, count, DType::I64)?;
    Ok(vec![Value::Row(Row { value, shape: reduced, element: Element::Int })])
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
