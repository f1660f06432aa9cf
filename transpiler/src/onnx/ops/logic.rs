//! Comparisons, logic and choices: Less, Greater and their kin, Equal, And, Or, Xor, Not, Where, IsNaN, IsInf.
//!
//! A truth value is 0 or 1. Missing and infinite features are refused before the model runs, so IsNaN and IsInf
//! of computed values are false.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Row, Shape, Value};
use super::arithmetic::{broadcast, spread_row};
use crate::graph::{Arithmetic, Op, Unary};

/// Less, LessOrEqual, Greater, GreaterOrEqual.
pub(super) fn compare(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let (greater, strict) = match context.node.op() {
        "Greater" => (true, true),
        "GreaterOrEqual" => (true, false),
        "Less" => (false, true),
        _ => (false, false),
    };
    // `a ≥ b` is not `b > a`, `a < b` is `b > a`.
    let (left, right) = if greater == strict { (0, 1) } else { (1, 0) };
    let above = above(context, left, right)?;
    let result = if strict { above } else { not(context, &above)? };
    Ok(vec![Value::Row(result)])
}

/// Whether operand `left` is larger than operand `right`.
fn above(context: &mut Context<'_, '_>, left: usize, right: usize) -> Result<Row, OpError> {
    let (a, b, shape) = operands(context, left, right)?;
    let scalar = |context: &Context<'_, '_>, row: &Row| {
        let values = context.known(row)?;
        values.windows(2).all(|pair| pair[0] == pair[1]).then(|| values.first().copied())?
    };
    let result = match (scalar(context, &a), scalar(context, &b)) {
        // Computed values are finite.
        (_, Some(threshold)) if threshold.is_infinite() => {
            let values = vec![f64::from(threshold < 0.0); a.shape.len()];
            context.constant_row("", values, shape.clone(), Element::Bool)?
        }
        (Some(threshold), None) if threshold.is_infinite() => {
            let values = vec![f64::from(threshold > 0.0); b.shape.len()];
            context.constant_row("", values, shape.clone(), Element::Bool)?
        }
        (_, Some(threshold)) => context.unary("", Unary::Binarize { threshold }, &a)?,
        (Some(threshold), None) => {
            let negative = context.unary("negative", Unary::Neg, &b)?;
            let op = Unary::Binarize { threshold: -threshold };
            context.unary("", op, &negative)?
        }
        (None, None) if context.known(&b).is_some() || context.known(&a).is_some() => {
            // Constants are rounded as what they are compared with.
            let constant_first = context.known(&a).is_some();
            let (x, constant) = if constant_first { (&b, &a) } else { (&a, &b) };
            let constant = context.known(constant).unwrap_or(&[]).to_vec();
            let op = Op::WithConstant { op: Arithmetic::Sub, constant, constant_first };
            let difference = context.same_shape("difference", op, x)?;
            context.unary("", Unary::Binarize { threshold: 0.0 }, &difference)?
        }
        (None, None) => {
            let difference = context.pair("difference", Arithmetic::Sub, &a, &b)?;
            context.unary("", Unary::Binarize { threshold: 0.0 }, &difference)?
        }
    };
    truth(context, result, shape)
}

/// Equal: of numbers; two texts are compared while the model is read.
pub(super) fn equal(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let (a, b, shape) = operands(context, 0, 1)?;
    let difference = context.pair("difference", Arithmetic::Sub, &a, &b)?;
    let different = context.unary("different", Unary::ToBool, &difference)?;
    let different = truth(context, different, shape)?;
    Ok(vec![Value::Row(not(context, &different)?)])
}

/// Two operands of numbers, broadcast to one shape.
fn operands(
    context: &mut Context<'_, '_>,
    left: usize,
    right: usize,
) -> Result<(Row, Row, Shape), OpError> {
    let (left, right) = (context.row(left)?, context.row(right)?);
    if left.element != right.element {
        return Err(context.node.shape_error("the operands are of different types").into());
    }
    let shape = broadcast(context, &left.shape, &right.shape)?;
    let (left, right) = (spread_row(context, &left, &shape)?, spread_row(context, &right, &shape)?);
    Ok((left, right, shape))
}

/// A vector of 0 and 1 as truth values. What was computed from floats is made an integer.
fn truth(context: &mut Context<'_, '_>, row: Row, shape: Shape) -> Result<Row, OpError> {
    let row = Row { shape, element: Element::Bool, ..row };
    Ok(context.unary("truth", Unary::ToBool, &row)?)
}

/// `1 − x`
fn not(context: &mut Context<'_, '_>, row: &Row) -> Result<Row, OpError> {
    Ok(context.with_scalar("not", Arithmetic::Sub, row, 1.0, true)?)
}

/// And, Or, Xor, Not.
pub(super) fn logic(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    if context.node.op() == "Not" {
        let row = truth_row(context, 0)?;
        return Ok(vec![Value::Row(not(context, &row)?)]);
    }
    let (a, b) = (truth_row(context, 0)?, truth_row(context, 1)?);
    let shape = broadcast(context, &a.shape, &b.shape)?;
    let (a, b) = (spread_row(context, &a, &shape)?, spread_row(context, &b, &shape)?);
    let op = context.node.op();
    // One side may decide alone.
    for (one, other) in [(&a, &b), (&b, &a)] {
        let Some(values) = context.known(one) else { continue };
        let all = |wanted: f64| values.iter().all(|&value| value == wanted);
        let (zeros, ones) = (all(0.0), all(1.0));
        match op {
            "And" if zeros => return Ok(vec![Value::Row(one.clone())]),
            "And" if ones => return Ok(vec![Value::Row(other.clone())]),
            "Or" if ones => return Ok(vec![Value::Row(one.clone())]),
            "Or" | "Xor" if zeros => return Ok(vec![Value::Row(other.clone())]),
            _ => {}
        }
    }
    let result = match op {
        "And" => context.pair("", Arithmetic::Mul, &a, &b)?,
        "Or" => context.pair("", Arithmetic::Max, &a, &b)?,
        _ => {
            let difference = context.pair("difference", Arithmetic::Sub, &a, &b)?;
            context.unary("", Unary::ToBool, &difference)?
        }
    };
    Ok(vec![Value::Row(result)])
}

/// The operand at `index` as truth values.
fn truth_row(context: &mut Context<'_, '_>, index: usize) -> Result<Row, OpError> {
    let row = context.row(index)?;
    match row.element {
        Element::Bool => Ok(row),
        // Constants of integers may be truth values.
        Element::Int if context.known(&row).is_some() => Ok(Row { element: Element::Bool, ..row }),
        _ => Err(context.node.shape_error(format!("input {index} wants truth values")).into()),
    }
}

/// IsNaN and IsInf.
pub(super) fn is_special(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let zeros = vec![0.0; row.shape.len()];
    let row = context.constant_row("", zeros, row.shape.clone(), Element::Bool)?;
    Ok(vec![Value::Row(row)])
}

/// Where: `condition · x + (1 − condition) · y`, which is exact.
pub(super) fn choose(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let condition = truth_row(context, 0)?;
    for index in 1..3 {
        if let Value::Constant(tensor) = context.input(index)? {
            if let Data::Strings(_) | Data::Dims(_) = tensor.data {
                return unsupported("chooses between texts or shapes");
            }
        }
    }
    let (x, y) = (context.row(1)?, context.row(2)?);
    if x.element != y.element {
        return Err(context.node.shape_error("the operands are of different types").into());
    }
    let shape = broadcast(context, &condition.shape, &x.shape)?;
    let shape = broadcast(context, &shape, &y.shape)?;
    let condition = spread_row(context, &condition, &shape)?;
    let (x, y) = (spread_row(context, &x, &shape)?, spread_row(context, &y, &shape)?);
    if let Some(known) = context.known(&condition) {
        let len = known.len();
        let indices: Vec<usize> =
            known.iter().enumerate().map(|(i, &c)| if c == 0.0 { len + i } else { i }).collect();
        if indices.iter().all(|&index| index < len) {
            return Ok(vec![Value::Row(x)]);
        }
        if indices.iter().all(|&index| index >= len) {
            return Ok(vec![Value::Row(y)]);
        }
        let both = Shape(vec![Axis::Len(2 * len)]);
        let both = context.joined("both", &[x, y], both)?;
        return Ok(vec![Value::Row(context.picked("", &both, indices, shape)?)]);
    }
    // The condition in the numbers' type: what it is multiplied with stays exact.
    let cast = match x.element {
        Element::F32 => Some(Unary::ToF32),
        Element::F64 => Some(Unary::ToF64),
        Element::Int | Element::Bool => None,
    };
    let mut condition = Row { element: x.element, ..condition };
    if let Some(cast) = cast {
        condition = context.unary("condition", cast, &condition)?;
    }
    let other = not(context, &condition)?;
    let x = product(context, "then", &condition, &x)?;
    let y = product(context, "else", &other, &y)?;
    let result = match (x, y) {
        (Some(x), Some(y)) => context.pair("", Arithmetic::Add, &x, &y)?,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => context.with_scalar("", Arithmetic::Mul, &condition, 0.0, false)?,
    };
    Ok(vec![Value::Row(result)])
}

/// `factor · x`; none where that is 0 everywhere.
fn product(
    context: &mut Context<'_, '_>,
    part: &str,
    factor: &Row,
    x: &Row,
) -> Result<Option<Row>, OpError> {
    let Some(values) = context.known(x) else {
        return Ok(Some(context.pair(part, Arithmetic::Mul, factor, x)?));
    };
    if values.iter().all(|&value| value == 0.0) {
        return Ok(None);
    }
    let constant = values.to_vec();
    let op = Op::WithConstant { op: Arithmetic::Mul, constant, constant_first: false };
    Ok(Some(context.same_shape(part, op, factor)?))
}
