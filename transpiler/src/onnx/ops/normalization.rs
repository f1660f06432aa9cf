//! Normalisations at inference: of batches (an affine map of each channel), layers, instances, groups, vectors.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Axis, Element, Row, Shape, Value};
use super::arithmetic::spread;
use super::groups::Groups;
use crate::graph::{Arithmetic, Norm, Op, Reduction};

/// `scale · (x - mean) / √(var + epsilon) + bias`, as one product and one sum for each element, their
/// constants computed in double precision.
pub(super) fn batch_normalization(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    if node.flag("training_mode", false)? || (node.opset < 7 && !node.flag("is_test", false)?) {
        return unsupported("computes the statistics of the batch (training mode)");
    }
    if node.opset < 9 && !node.flag("spatial", true)? {
        return unsupported("normalises every element by itself (spatial = 0)");
    }
    let epsilon = node.float_or("epsilon", 1e-5)?;
    let row = context.float_row(0)?;
    let sizes = row.shape.sizes();
    let (Some(&channels), false) = (sizes.get(1), row.shape.batch().is_some_and(|at| at != 0))
    else {
        let reason = format!("the input is {}, wants the channels at axis 1", row.shape);
        return Err(node.shape_error(reason).into());
    };
    let mut parameters = Vec::with_capacity(4);
    for index in 1..5 {
        let tensor = context.constant(index)?;
        let values = match (&tensor.data, row.element) {
            (Data::F32(values), Element::F32) | (Data::F64(values), Element::F64) => values.clone(),
            _ => return Err(node.shape_error(format!("input {index} is of another type")).into()),
        };
        if tensor.dims != [channels] {
            let Tensor { dims, .. } = tensor.as_ref();
            let reason = format!("input {index} is {dims:?}, wants {channels} channels");
            return Err(node.shape_error(reason).into());
        }
        parameters.push(values);
    }
    let factor =
        |channel: usize| parameters[0][channel] / (parameters[3][channel] + epsilon).sqrt();
    let summand =
        |channel: usize| parameters[1][channel] - parameters[2][channel] * factor(channel);
    let (images, pixels) = (sizes[0], sizes[2..].iter().product::<usize>());
    let channel_of = |element: usize| element / pixels % channels;
    let len = images * channels * pixels;
    context.claim(2 * len)?;

    let affine = |op, constant| Op::WithConstant { op, constant, constant_first: false };
    let factors = (0..len).map(|element| factor(channel_of(element))).collect();
    let summands = (0..len).map(|element| summand(channel_of(element))).collect();
    let scaled = context.same_shape("scale", affine(Arithmetic::Mul, factors), &row)?;
    Ok(vec![Value::Row(context.same_shape("", affine(Arithmetic::Add, summands), &scaled)?)])
}

/// LayerNormalization over the axes from `axis` on, RMSNormalization (without the mean) and their spellings in
/// com.microsoft; the skip forms add their second input first.
pub(super) fn layer_normalization(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let op = context.node.op();
    let skips = op.starts_with("Skip");
    let centred = !matches!(
        op,
        "RMSNormalization" | "SimplifiedLayerNormalization" | "SkipSimplifiedLayerNormalization"
    );
    let mut row = context.float_row(0)?;
    let mut next = 1;
    if skips {
        let skipped = context.float_row(1)?;
        if skipped.shape != row.shape {
            return unsupported("the skipped input has another shape");
        }
        row = context.pair("skip", Arithmetic::Add, &row, &skipped)?;
        next = 2;
    }
    let (scale, bias) = (Some(next), centred.then_some(next + 1));
    if skips {
        // A bias of the skipped sum.
        let extra = next + 1 + usize::from(centred);
        if context.optional(extra).is_some() {
            row = affine(context, &row, Arithmetic::Add, extra, "skip_bias")?;
        }
    }
    let axis = context.axis(context.node.int_or("axis", -1)?, row.shape.rank())?;
    let axes: Vec<usize> = (axis..row.shape.rank()).collect();
    let epsilon = context.node.float_or("epsilon", if skips { 1e-12 } else { 1e-5 })?;
    let groups = Groups::along(context, &row.shape.clone(), &axes)?;
    let mut result = standardise(context, &row, &groups, centred, epsilon)?;
    if let Some(scale) = scale.filter(|&index| context.optional(index).is_some()) {
        result = affine(context, &result, Arithmetic::Mul, scale, "scale")?;
    }
    if let Some(bias) = bias.filter(|&index| context.optional(index).is_some()) {
        result = affine(context, &result, Arithmetic::Add, bias, "bias")?;
    }
    Ok(vec![Value::Row(result)])
}

/// `x ∘ c` for the constant input `index`, broadcast to `x`.
fn affine(
    context: &mut Context<'_, '_>,
    x: &Row,
    op: Arithmetic,
    index: usize,
    part: &str,
) -> Result<Row, OpError> {
    let tensor = context.constant(index)?;
    let Some(values) = tensor.floats() else {
        return Err(context.node.shape_error(format!("input {index} is not of floats")).into());
    };
    let from = Shape(tensor.dims.iter().map(|&dim| Axis::Len(dim)).collect());
    if super::arithmetic::broadcast(context, &from, &x.shape)? != x.shape {
        let reason = format!("input {index} is {from}, wants to be broadcast to {}", x.shape);
        return Err(context.node.shape_error(reason).into());
    }
    let indices = spread(context, &from, &x.shape)?;
    let constant = indices.iter().map(|&at| values[at]).collect();
    Ok(context.same_shape(part, Op::WithConstant { op, constant, constant_first: false }, x)?)
}

/// `(x − mean) / √(variance + epsilon)` of each group, or without the mean.
///
/// With `c = n·x − Σx`, that is `√n` times `c` over the Euclidean norm of `c` and `n·√(n·epsilon)` together.
fn standardise(
    context: &mut Context<'_, '_>,
    row: &Row,
    groups: &Groups,
    centred: bool,
    epsilon: f64,
) -> Result<Row, OpError> {
    let n = groups.len as f64;
    let mut parts = Vec::with_capacity(groups.count());
    for group in groups.vectors(context, row)? {
        let mut deviation = group;
        let mut constant = (n * epsilon).sqrt();
        if centred {
            let dtype = deviation.element.dtype();
            let op = Op::Reduce(Reduction::Sum);
            let sum = context.emit("sum", op, &[deviation.value], 1, dtype)?;
            let one = Shape(vec![Axis::Len(1)]);
            let sum = Row { value: sum, shape: one, element: deviation.element };
            let shape = deviation.shape.clone();
            let sum = context.picked("sum_each", &sum, vec![0; groups.len], shape)?;
            let many = context.with_scalar("many", Arithmetic::Mul, &deviation, n, false)?;
            deviation = context.pair("deviation", Arithmetic::Sub, &many, &sum)?;
            constant *= n;
        }
        parts.push(normalise(context, &deviation, constant, n.sqrt())?);
    }
    Ok(groups.restore(context, &parts, &row.shape)?)
}

/// `factor · x / ‖(x, constant)‖`
fn normalise(
    context: &mut Context<'_, '_>,
    x: &Row,
    constant: f64,
    factor: f64,
) -> Result<Row, OpError> {
    let len = x.shape.len();
    let mut joined = x.clone();
    if constant > 0.0 {
        let one = Shape(vec![Axis::Len(1)]);
        let epsilon = context.constant_row("epsilon", vec![constant], one, x.element)?;
        let shape = Shape(vec![Axis::Len(len + 1)]);
        joined = context.joined("with_epsilon", &[x.clone(), epsilon], shape)?;
    }
    let normal = context.same_shape("direction", Op::Normalize(Norm::L2), &joined)?;
    let normal = context.picked("normal", &normal, (0..len).collect(), x.shape.clone())?;
    Ok(context.with_scalar("normalised", Arithmetic::Mul, &normal, factor, false)?)
}

/// InstanceNormalization and GroupNormalization: over the axes of each channel, or group of channels.
pub(super) fn group_normalization(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    let row = context.float_row(0)?;
    let sizes = row.shape.sizes();
    let Some(&channels) = sizes.get(1) else {
        let reason = format!("the input is {}, wants the channels at axis 1", row.shape);
        return Err(node.shape_error(reason).into());
    };
    let n_groups = match node.op() {
        "InstanceNormalization" => channels,
        _ => node.int("num_groups")?.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
    };
    if n_groups == 0 || channels % n_groups != 0 || sizes[0] != 1 {
        let reason = format!("{channels} channels make no {n_groups} groups");
        return Err(node.shape_error(reason).into());
    }
    let pixels: usize = sizes[2..].iter().product();
    let cut = Shape(vec![Axis::Len(n_groups), Axis::Len(channels / n_groups * pixels)]);
    let groups = Groups::along(context, &cut, &[1])?;
    let flat = Row { shape: cut, ..row.clone() };
    let epsilon = node.float_or("epsilon", 1e-5)?;
    let normal = standardise(context, &flat, &groups, true, epsilon)?;
    let mut result = Row { shape: row.shape.clone(), ..normal };
    for (index, op, part) in [(1, Arithmetic::Mul, "scale"), (2, Arithmetic::Add, "bias")] {
        let tensor = context.constant(index)?;
        let Some(values) = tensor.floats() else {
            return Err(node.shape_error(format!("input {index} is not of floats")).into());
        };
        // One for each channel, or (GroupNormalization before opset 21) for each group.
        let repeat = match values.len() {
            len if len == channels => 1,
            len if len == n_groups => channels / n_groups,
            len => {
                let reason = format!("input {index} has {len} numbers for {channels} channels");
                return Err(node.shape_error(reason).into());
            }
        };
        let len = result.shape.len();
        context.claim(len)?;
        let constant = (0..len).map(|at| values[at / pixels.max(1) / repeat]).collect();
        let op = Op::WithConstant { op, constant, constant_first: false };
        result = context.same_shape(part, op, &result)?;
    }
    Ok(vec![Value::Row(result)])
}

/// LpNormalization along one axis: each vector over its norm.
pub(super) fn lp_normalization(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let axis = context.axis(context.node.int_or("axis", -1)?, row.shape.rank())?;
    let norm = match context.node.int_or("p", 2)? {
        1 => Norm::L1,
        2 => Norm::L2,
        p => return unsupported(format!("p = {p}, wants 1 or 2")),
    };
    let groups = Groups::along(context, &row.shape.clone(), &[axis])?;
    let mut parts = Vec::with_capacity(groups.count());
    for group in groups.vectors(context, &row)? {
        parts.push(context.same_shape("normalised", Op::Normalize(norm), &group)?);
    }
    Ok(vec![Value::Row(groups.restore(context, &parts, &row.shape)?)])
}
