//! Functions of one element. Those without a form of their own are put together from others.
//!
//! Clip: the bounds are attributes up to opset 10, optional scalar inputs from opset 11 on.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Row, Value};
use super::arithmetic::spread;
use crate::graph::{Arithmetic, Op, Unary};

pub(super) fn translate(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let op = match context.node.op() {
        "Abs" => Unary::Abs,
        "Ceil" => return ceil(context),
        "Clip" => clip(context)?,
        "Erf" => Unary::Erf,
        "Exp" => Unary::Exp,
        "Floor" => Unary::Floor,
        "LeakyRelu" => Unary::LeakyRelu { alpha: context.node.float_or("alpha", 0.01)? },
        "Log" => Unary::Log,
        "Neg" => Unary::Neg,
        "Round" => Unary::Round,
        "Sigmoid" => Unary::Sigmoid,
        "Softplus" => Unary::Softplus,
        "Sqrt" => Unary::Sqrt,
        "Tanh" => Unary::Tanh,
        _ => Unary::Relu,
    };
    let row = context.float_row(0)?;
    Ok(vec![Value::Row(context.unary("", op, &row)?)])
}

/// `-⌊-x⌋`
fn ceil(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let negative = context.unary("negative", Unary::Neg, &row)?;
    let floor = context.unary("floor", Unary::Floor, &negative)?;
    Ok(vec![Value::Row(context.unary("", Unary::Neg, &floor)?)])
}

/// Activations made of several steps.
pub(super) fn activation(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let x = context.float_row(0)?;
    let node = context.node;
    let y = match node.op() {
        "Celu" => {
            let alpha = node.float_or("alpha", 1.0)?;
            if alpha == 0.0 {
                return Err(node.attribute_error("alpha", "is 0").into());
            }
            elu(context, &x, alpha, 1.0 / alpha)?
        }
        "Elu" => {
            let alpha = node.float_or("alpha", 1.0)?;
            elu(context, &x, alpha, 1.0)?
        }
        "Gelu" | "FastGelu" => {
            let tanh = node.op() == "FastGelu"
                || node.string("approximate")?.is_some_and(|approximate| approximate == "tanh");
            gelu(context, &x, tanh)?
        }
        "HardSigmoid" => {
            let (alpha, beta) = (node.float_or("alpha", 0.2)?, node.float_or("beta", 0.5)?);
            hard_sigmoid(context, &x, alpha, beta)?
        }
        "HardSwish" => {
            let gate = hard_sigmoid(context, &x, 1.0 / 6.0, 0.5)?;
            context.pair("", Arithmetic::Mul, &x, &gate)?
        }
        "Mish" => {
            let soft = context.unary("softplus", Unary::Softplus, &x)?;
            let gate = context.unary("tanh", Unary::Tanh, &soft)?;
            context.pair("", Arithmetic::Mul, &x, &gate)?
        }
        "QuickGelu" | "Swish" => {
            let alpha = node.float_or("alpha", if node.op() == "Swish" { 1.0 } else { 1.702 })?;
            let scaled = context.with_scalar("scaled", Arithmetic::Mul, &x, alpha, false)?;
            let gate = context.unary("sigmoid", Unary::Sigmoid, &scaled)?;
            context.pair("", Arithmetic::Mul, &x, &gate)?
        }
        "Reciprocal" => context.with_scalar("", Arithmetic::Div, &x, 1.0, true)?,
        "Selu" => {
            let alpha = node.float_or("alpha", 1.673_263_2)?;
            let gamma = node.float_or("gamma", 1.050_701)?;
            let elu = elu(context, &x, alpha, 1.0)?;
            context.with_scalar("", Arithmetic::Mul, &elu, gamma, false)?
        }
        "Sign" => {
            let above = context.unary("above", Unary::Binarize { threshold: 0.0 }, &x)?;
            let negative = context.unary("negative", Unary::Neg, &x)?;
            let below = context.unary("below", Unary::Binarize { threshold: 0.0 }, &negative)?;
            context.pair("", Arithmetic::Sub, &above, &below)?
        }
        "Softsign" => {
            let size = context.unary("size", Unary::Abs, &x)?;
            let size = context.with_scalar("above", Arithmetic::Add, &size, 1.0, false)?;
            context.pair("", Arithmetic::Div, &x, &size)?
        }
        _ => {
            let alpha = node.float_or("alpha", 1.0)?;
            let above = context.unary("above", Unary::Binarize { threshold: alpha }, &x)?;
            context.pair("", Arithmetic::Mul, &x, &above)?
        }
    };
    Ok(vec![Value::Row(y)])
}

/// `max(x, 0) + alpha · (e^(min(x, 0) · inner) − 1)`
fn elu(context: &mut Context<'_, '_>, x: &Row, alpha: f64, inner: f64) -> Result<Row, OpError> {
    let op = Unary::Clip { min: f64::NEG_INFINITY, max: 0.0 };
    let mut below = context.unary("below", op, x)?;
    if inner != 1.0 {
        if inner < 0.0 {
            return unsupported("a negative alpha");
        }
        below = context.with_scalar("scaled", Arithmetic::Mul, &below, inner, false)?;
    }
    let power = context.unary("exp", Unary::Exp, &below)?;
    let mut below = context.with_scalar("minus_one", Arithmetic::Sub, &power, 1.0, false)?;
    if alpha != 1.0 {
        below = context.with_scalar("alpha", Arithmetic::Mul, &below, alpha, false)?;
    }
    let above = context.unary("above", Unary::Relu, x)?;
    Ok(context.pair("elu", Arithmetic::Add, &above, &below)?)
}

/// `x/2 · (1 + erf(x/√2))`, or with a hyperbolic tangent instead.
pub(super) fn gelu(context: &mut Context<'_, '_>, x: &Row, tanh: bool) -> Result<Row, OpError> {
    let gate = if tanh {
        let square = context.pair("square", Arithmetic::Mul, x, x)?;
        let square = context.with_scalar("bend", Arithmetic::Mul, &square, 0.044_715, false)?;
        let factor = context.with_scalar("plus_one", Arithmetic::Add, &square, 1.0, false)?;
        let inner = context.pair("cubic", Arithmetic::Mul, x, &factor)?;
        let scale = 0.797_884_560_802_865_4;
        let inner = context.with_scalar("inner", Arithmetic::Mul, &inner, scale, false)?;
        context.unary("tanh", Unary::Tanh, &inner)?
    } else {
        let scale = std::f64::consts::FRAC_1_SQRT_2;
        let inner = context.with_scalar("inner", Arithmetic::Mul, x, scale, false)?;
        context.unary("erf", Unary::Erf, &inner)?
    };
    let gate = context.with_scalar("gate", Arithmetic::Add, &gate, 1.0, false)?;
    let half = context.with_scalar("half", Arithmetic::Mul, x, 0.5, false)?;
    Ok(context.pair("gelu", Arithmetic::Mul, &half, &gate)?)
}

/// `min(max(alpha·x + beta, 0), 1)`
fn hard_sigmoid(
    context: &mut Context<'_, '_>,
    x: &Row,
    alpha: f64,
    beta: f64,
) -> Result<Row, OpError> {
    let scaled = context.with_scalar("scaled", Arithmetic::Mul, x, alpha, false)?;
    let shifted = context.with_scalar("shifted", Arithmetic::Add, &scaled, beta, false)?;
    Ok(context.unary("clip", Unary::Clip { min: 0.0, max: 1.0 }, &shifted)?)
}

/// PRelu: a constant slope below 0, one for all or broadcast to the elements.
pub(super) fn p_relu(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let x = context.float_row(0)?;
    let slope = context.constant(1)?;
    let Some(values) = slope.floats() else {
        return Err(context.node.shape_error("the slope is not of floats").into());
    };
    let axes = slope.dims.iter().map(|&dim| super::super::value::Axis::Len(dim)).collect();
    let slopes = super::super::value::Shape(axes);
    let indices = spread(context, &slopes, &x.shape)?;
    let constant: Vec<f64> = indices.iter().map(|&index| values[index]).collect();
    if let [first, rest @ ..] = constant.as_slice() {
        if rest.iter().all(|slope| slope == first) {
            let op = Unary::LeakyRelu { alpha: *first };
            return Ok(vec![Value::Row(context.unary("", op, &x)?)]);
        }
    }
    let op = Unary::Clip { min: f64::NEG_INFINITY, max: 0.0 };
    let below = context.unary("below", op, &x)?;
    let op = Op::WithConstant { op: Arithmetic::Mul, constant, constant_first: false };
    let below = context.same_shape("slope", op, &below)?;
    let above = context.unary("above", Unary::Relu, &x)?;
    Ok(vec![Value::Row(context.pair("", Arithmetic::Add, &above, &below)?)])
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
