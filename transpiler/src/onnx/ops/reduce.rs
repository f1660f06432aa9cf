//! Reductions along axes, Softmax and LogSoftmax, ArgMax and ArgMin, CumSum.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Label, Row, Shape, Value};
use super::groups::{matrix, number_row, Groups};
use crate::graph::{Arithmetic, DType, Op, Reduction, Unary};

/// ReduceSum and its kin. The axes are an attribute, from opset 13 (ReduceSum) or 18 on a constant input; none
/// means all, but for `noop_with_empty_axes`.
pub(super) fn reduce(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    let op = node.op();
    let by_input = if op == "ReduceSum" { 13 } else { 18 };
    let axes = if node.opset >= by_input {
        context.optional_ints(1)?
    } else {
        node.has("axes").then(|| node.ints("axes").map(<[i64]>::to_vec)).transpose()?
    };
    let row = number_row(context, 0)?;
    let shape = row.shape.clone();
    let axes = axes.filter(|axes| !axes.is_empty());
    if axes.is_none() && node.flag("noop_with_empty_axes", false)? {
        return Ok(vec![Value::Row(row)]);
    }
    let axes: Vec<usize> = match axes {
        None => (0..shape.rank()).collect(),
        Some(axes) => {
            axes.iter().map(|&axis| context.axis(axis, shape.rank())).collect::<Result<_, _>>()?
        }
    };
    if !row.element.is_float() && !matches!(op, "ReduceSum" | "ReduceMax" | "ReduceMin") {
        return unsupported("reduces integers; cast the input to float first");
    }
    let groups = Groups::along(context, &shape, &axes)?;
    if groups.len == 0 {
        return Err(node.shape_error("reduces no elements").into());
    }
    let result = reduce_groups(context, op, &groups, &row)?;
    let keep = node.flag("keepdims", true)?;
    let shape = if keep { groups.with_ones.clone() } else { groups.kept.clone() };
    Ok(vec![Value::Row(Row { shape, ..result })])
}

fn reduce_groups(
    context: &mut Context<'_, '_>,
    op: &str,
    groups: &Groups,
    row: &Row,
) -> Result<Row, OpError> {
    Ok(match op {
        "ReduceSum" => groups.reduce(context, row, Reduction::Sum)?,
        "ReduceMean" => mean(context, groups, row)?,
        "ReduceMax" => groups.reduce(context, row, Reduction::Max)?,
        "ReduceMin" => {
            let negative = context.unary("negative", Unary::Neg, row)?;
            let largest = groups.reduce(context, &negative, Reduction::Max)?;
            context.unary("", Unary::Neg, &largest)?
        }
        "ReduceProd" => groups.fold(context, row, Arithmetic::Mul)?,
        "ReduceL1" => {
            let sizes = context.unary("sizes", Unary::Abs, row)?;
            groups.reduce(context, &sizes, Reduction::Sum)?
        }
        "ReduceL2" | "ReduceSumSquare" => {
            let squares = context.pair("squares", Arithmetic::Mul, row, row)?;
            let sum = groups.reduce(context, &squares, Reduction::Sum)?;
            match op {
                "ReduceL2" => context.unary("root", Unary::Sqrt, &sum)?,
                _ => sum,
            }
        }
        "ReduceLogSum" => {
            let sum = groups.reduce(context, row, Reduction::Sum)?;
            context.unary("log", Unary::Log, &sum)?
        }
        _ => groups.reduce(context, row, Reduction::LogSumExp)?,
    })
}

/// The mean of each group.
pub(super) fn mean(
    context: &mut Context<'_, '_>,
    groups: &Groups,
    row: &Row,
) -> Result<Row, OpError> {
    let sum = groups.reduce(context, row, Reduction::Sum)?;
    if groups.len == 1 {
        return Ok(sum);
    }
    Ok(context.with_scalar("mean", Arithmetic::Div, &sum, groups.len as f64, false)?)
}

/// Softmax and LogSoftmax. From opset 13 on they work along one axis, the last by default; before, on all axes
/// from `axis` on, 1 by default.
pub(super) fn softmax(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let shape = row.shape.clone();
    let reduced: Vec<usize> = if context.node.opset >= 13 {
        vec![context.axis(context.node.int_or("axis", -1)?, shape.rank())?]
    } else {
        match context.node.int_or("axis", 1)? {
            // What follows the last axis is one element, a distribution of its own.
            axis if axis == shape.rank() as i64 => Vec::new(),
            axis => (context.axis(axis, shape.rank())?..shape.rank()).collect(),
        }
    };
    let groups = Groups::along(context, &shape, &reduced)?;
    if context.node.op() == "LogSoftmax" {
        let sums = groups.reduce(context, &row, Reduction::LogSumExp)?;
        let sums = context.picked("sums", &sums, groups.owners(), shape)?;
        return Ok(vec![Value::Row(context.pair("", Arithmetic::Sub, &row, &sums)?)]);
    }
    if groups.count() == 1 {
        return Ok(vec![Value::Row(context.same_shape("", Op::Softmax, &row)?)]);
    }
    let mut parts = Vec::with_capacity(groups.count());
    for group in groups.vectors(context, &row)? {
        parts.push(context.same_shape("softmax", Op::Softmax, &group)?);
    }
    Ok(vec![Value::Row(groups.restore(context, &parts, &shape)?)])
}

/// ArgMax and ArgMin along one axis (0 by default): the first of equals, or the last (opset 12). The result of a
/// whole row is a label, until something computes with it.
pub(super) fn arg_max(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut row = context.row(0)?;
    let shape = row.shape.clone();
    let axis = context.axis(context.node.int_or("axis", 0)?, shape.rank())?;
    let groups = Groups::along(context, &shape, &[axis])?;
    let select_last = context.node.flag("select_last_index", false)?;
    if context.node.op() == "ArgMin" {
        row = context.unary("negative", Unary::Neg, &row)?;
    }
    let op = Op::ArgMax { select_last };
    let keep = context.node.flag("keepdims", true)?;
    let kept = if keep { groups.with_ones.clone() } else { groups.kept.clone() };
    if groups.count() == 1 {
        let index = context.emit("", op, &[row.value], 1, DType::I64)?;
        context.claim(shape.len())?;
        let values = Rc::new(Data::Ints((0..shape.len() as i64).collect()));
        return Ok(vec![Value::Label(Label { index, values, shape: kept })]);
    }
    let mut parts = Vec::with_capacity(groups.count());
    for group in groups.vectors(context, &row)? {
        let value = context.emit("index", op.clone(), &[group.value], 1, DType::I64)?;
        parts.push(Row { value, shape: Shape(vec![Axis::Len(1)]), element: Element::Int });
    }
    Ok(vec![Value::Row(context.joined("", &parts, kept)?)])
}

/// CumSum along a constant axis.
pub(super) fn cum_sum(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let shape = row.shape.clone();
    let axis = match context.optional_ints(1)?.as_deref() {
        Some(&[axis]) => context.axis(axis, shape.rank())?,
        _ => return Err(context.node.shape_error("the axis is not one integer").into()),
    };
    let exclusive = context.node.flag("exclusive", false)?;
    let reverse = context.node.flag("reverse", false)?;
    let groups = Groups::along(context, &shape, &[axis])?;
    let n = groups.len;
    let mut parts = Vec::with_capacity(groups.count());
    for group in groups.vectors(context, &row)? {
        let mut weights = matrix(context, n, n)?;
        for to in 0..n {
            for from in 0..n {
                let before = if reverse { from > to } else { from < to };
                if before || (from == to && !exclusive) {
                    weights[to * n + from] = 1.0;
                }
            }
        }
        let op = Op::Dense { weights, bias: vec![0.0; n] };
        parts.push(context.same_shape("sums", op, &group)?);
    }
    Ok(vec![Value::Row(groups.restore(context, &parts, &shape)?)])
}
