//! Add, Sub, Mul, Div with multidirectional broadcasting (opset 7), and with none before; Sum, Mean, Max
//! and Min of any number of operands.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Axis, Element, Row, Shape, Value};
use super::select::strided;
use crate::graph::{Arithmetic, Op};
use std::rc::Rc;

pub(super) fn translate(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
) -> Result<Vec<Value>, OpError> {
    if context.node.opset < 7 && context.node.flag("broadcast", false)? {
        return unsupported("broadcasts as before opset 7; convert the model to opset 7 or later");
    }
    let (left, right) = (context.input(0)?, context.input(1)?);
    Ok(vec![binary(context, op, left, right)?])
}

/// Sum, Max, Min and Mean: operand after operand.
pub(super) fn variadic(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
) -> Result<Vec<Value>, OpError> {
    let mut total = context.input(0)?;
    for index in 1..context.inputs.len() {
        let next = context.input(index)?;
        total = binary(context, op, total, next)?;
    }
    if context.node.op() == "Mean" && context.inputs.len() > 1 {
        let row = context.row_of(total)?;
        let many = context.inputs.len() as f64;
        total = Value::Row(context.with_scalar("mean", Arithmetic::Div, &row, many, false)?);
    }
    Ok(vec![total])
}

/// `left ∘ right` with broadcasting, of floats, or of integers where the result is one.
pub(super) fn binary(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
    left: Value,
    right: Value,
) -> Result<Value, OpError> {
    let shapes = (context.shape_of(&left)?, context.shape_of(&right)?);
    let shape = broadcast(context, &shapes.0, &shapes.1)?;
    if let (Value::Constant(a), Value::Constant(b)) = (&left, &right) {
        if let (Data::Ints(_), Data::Ints(_)) = (&a.data, &b.data) {
            return fold_ints(context, op, [a, b], &shape);
        }
    }
    let value = match (left, right) {
        (Value::Constant(constant), right @ (Value::Row(_) | Value::Label(_))) => {
            with_constant(context, op, right, &constant, true, &shape)?
        }
        (left @ (Value::Row(_) | Value::Label(_)), Value::Constant(constant)) => {
            with_constant(context, op, left, &constant, false, &shape)?
        }
        (left, right) => elementwise(context, op, left, right, &shape)?,
    };
    Ok(Value::Row(value))
}

fn with_constant(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
    computed: Value,
    constant: &Tensor,
    constant_first: bool,
    shape: &Shape,
) -> Result<Row, OpError> {
    let row = number_row(context, op, computed)?;
    let ints: Vec<f64>;
    let values = match (&constant.data, row.element) {
        (Data::F32(values), Element::F32) | (Data::F64(values), Element::F64) => values,
        (Data::Ints(values), Element::Int) => {
            ints = values.iter().map(|&int| int as f64).collect();
            &ints
        }
        _ => return Err(context.node.shape_error("the operands are of different types").into()),
    };
    let constant_shape = Shape(constant.dims.iter().map(|&dim| Axis::Len(dim)).collect());
    let indices = spread(context, &constant_shape, shape)?;
    let constant = indices.iter().map(|&index| values[index]).collect();
    let row = spread_row(context, &row, shape)?;
    let op = Op::WithConstant { op, constant, constant_first };
    Ok(context.same_shape("", op, &row)?)
}

fn elementwise(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
    left: Value,
    right: Value,
    shape: &Shape,
) -> Result<Row, OpError> {
    let left = number_row(context, op, left)?;
    let right = number_row(context, op, right)?;
    if left.element != right.element {
        return Err(context.node.shape_error("the operands are of different types").into());
    }
    let left = spread_row(context, &left, shape)?;
    let right = spread_row(context, &right, shape)?;
    let dtype = left.element.dtype();
    let inputs = [left.value, right.value];
    let value = context.emit("", Op::Elementwise(op), &inputs, shape.len(), dtype)?;
    Ok(Row { value, ..left })
}

fn number_row(context: &mut Context<'_, '_>, op: Arithmetic, value: Value) -> Result<Row, OpError> {
    let row = context.row_of(value)?;
    match row.element {
        Element::F32 | Element::F64 => Ok(row),
        Element::Int if op != Arithmetic::Div => Ok(row),
        Element::Int => unsupported("divides integers; cast the input to float first"),
        Element::Bool => Err(context.node.shape_error("computes with truth values").into()),
    }
}

/// Constant integers: shape arithmetic.
fn fold_ints(
    context: &mut Context<'_, '_>,
    op: Arithmetic,
    operands: [&Tensor; 2],
    shape: &Shape,
) -> Result<Value, OpError> {
    let [a, b] = operands;
    let shapes = [a, b].map(|tensor| Shape(tensor.dims.iter().map(|&d| Axis::Len(d)).collect()));
    let (left, right) = (spread(context, &shapes[0], shape)?, spread(context, &shapes[1], shape)?);
    let (a, b) = (a.as_ints().unwrap_or(&[]), b.as_ints().unwrap_or(&[]));
    let apply = |(&i, &j): (&usize, &usize)| match op {
        Arithmetic::Add => a[i].checked_add(b[j]),
        Arithmetic::Sub => a[i].checked_sub(b[j]),
        Arithmetic::Mul => a[i].checked_mul(b[j]),
        Arithmetic::Div => a[i].checked_div(b[j]),
        Arithmetic::Max => Some(a[i].max(b[j])),
        Arithmetic::Min => Some(a[i].min(b[j])),
    };
    let ints = left.iter().zip(&right).map(apply).collect::<Option<Vec<i64>>>();
    let ints = ints.ok_or_else(|| {
        context.node.shape_error("constant integers overflow or are divided by zero")
    })?;
    let tensor = Tensor { dims: shape.sizes(), data: Data::Ints(ints) };
    Ok(Value::Constant(Rc::new(tensor)))
}

/// The shape that two shapes are broadcast to.
pub(super) fn broadcast(
    context: &Context<'_, '_>,
    left: &Shape,
    right: &Shape,
) -> Result<Shape, OpError> {
    let rank = left.rank().max(right.rank());
    // Axes are aligned at the last one; missing ones have length 1.
    let axis = |shape: &Shape, at: usize| match (at + shape.rank()).checked_sub(rank) {
        Some(at) => shape.0[at],
        None => Axis::Len(1),
    };
    let mut axes = Vec::with_capacity(rank);
    for at in 0..rank {
        axes.push(match (axis(left, at), axis(right, at)) {
            (a, Axis::Len(1)) => a,
            (Axis::Len(1), b) => b,
            (Axis::Batch(rows), Axis::Batch(_)) => Axis::Batch(rows),
            (Axis::Len(a), Axis::Len(b)) if a == b => Axis::Len(a),
            (Axis::Len(_), Axis::Len(_)) => {
                let reason = format!("shapes {left} and {right} cannot be broadcast together");
                return Err(context.node.shape_error(reason).into());
            }
            _ => return unsupported("a constant differs between the rows of the batch"),
        });
    }
    if axes.iter().filter(|axis| axis.is_batch()).count() > 1 {
        return unsupported("combines every row of the batch with every other");
    }
    Ok(Shape(axes))
}

/// For each element of `to`, the element of `from` that is broadcast to it.
pub(super) fn spread(
    context: &mut Context<'_, '_>,
    from: &Shape,
    to: &Shape,
) -> Result<Vec<usize>, OpError> {
    let sizes = from.sizes();
    let mut strides = vec![0; to.rank()];
    let mut stride = 1;
    for (back, &size) in sizes.iter().rev().enumerate() {
        if size != 1 {
            strides[to.rank() - 1 - back] = stride;
        }
        stride *= size as isize;
    }
    Ok(strided(context, &to.sizes(), &strides, 0)?)
}

/// `row`, broadcast to a shape.
pub(super) fn spread_row(
    context: &mut Context<'_, '_>,
    row: &Row,
    to: &Shape,
) -> Result<Row, OpError> {
    let indices = spread(context, &row.shape, to)?;
    let len = indices.len();
    if indices.iter().copied().eq(0..row.shape.len()) {
        return Ok(Row { shape: to.clone(), ..row.clone() });
    }
    let dtype = row.element.dtype();
    let value = context.emit("broadcast", Op::Gather(indices), &[row.value], len, dtype)?;
    Ok(Row { value, shape: to.clone(), element: row.element })
}

/// Mod of constant integers: the rest has the divisor's sign, or (`fmod`) the dividend's.
pub(super) fn modulo(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let (a, b) = (context.constant(0)?, context.constant(1)?);
    let (Some(left), Some(right)) = (a.as_ints(), b.as_ints()) else {
        return unsupported("is no shape arithmetic of integers");
    };
    let shapes = [&a, &b].map(|t| Shape(t.dims.iter().map(|&dim| Axis::Len(dim)).collect()));
    let shape = broadcast(context, &shapes[0], &shapes[1])?;
    let (i, j) = (spread(context, &shapes[0], &shape)?, spread(context, &shapes[1], &shape)?);
    let truncates = context.node.flag("fmod", false)?;
    let rest = |(&i, &j): (&usize, &usize)| {
        let rest = left[i].checked_rem(right[j])?;
        let crosses = !truncates && rest != 0 && (rest < 0) != (right[j] < 0);
        Some(if crosses { rest + right[j] } else { rest })
    };
    let ints = i.iter().zip(&j).map(rest).collect::<Option<Vec<i64>>>();
    let ints = ints.ok_or_else(|| context.node.shape_error("a division by zero"))?;
    let tensor = Tensor { dims: shape.sizes(), data: Data::Ints(ints) };
    Ok(vec![Value::Constant(Rc::new(tensor))])
}
