//! Operators that repeat, cut and surround: Expand, Tile, Split, Pad.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Dim};
use super::super::value::{Axis, Shape, Value};
use super::arithmetic::{broadcast, spread};
use super::select::{check_shape, pick, row_major, strided};
use crate::graph::Op;

/// Expand to a constant shape.
pub(super) fn expand(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let target = context.constant(1)?;
    let dims: Vec<Dim> = match &target.data {
        Data::Ints(ints) => ints.iter().map(|&int| Dim::Known(int)).collect(),
        Data::Dims(dims) => dims.clone(),
        _ => return Err(context.node.shape_error("the target is no list of integers").into()),
    };
    let axis = |dim: &Dim| match dim {
        Dim::Batch => Ok(Axis::Batch(None)),
        Dim::Known(size) => match usize::try_from(*size) {
            Ok(size) => Ok(Axis::Len(size)),
            Err(_) => Err(context.node.shape_error(format!("an axis of size {size}"))),
        },
    };
    let axes = dims.iter().map(axis).collect::<Result<Vec<Axis>, _>>()?;
    let target = broadcast(context, &shape, &Shape(axes))?;
    if target.batch().is_some() && shape.batch().is_none() {
        return unsupported("repeats a constant for each row of the batch");
    }
    check_shape(context, &value, &target)?;
    let indices = spread(context, &shape, &target)?;
    Ok(vec![pick(context, value, indices, target)?])
}

/// Tile by constant counts.
pub(super) fn tile(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let missing = || context.node.arity_error("input", 1);
    let counts = context.optional_ints(1)?.ok_or_else(missing)?;
    let positive = |&count: &i64| usize::try_from(count).ok().filter(|&count| count > 0);
    let counts = counts.iter().map(positive).collect::<Option<Vec<usize>>>();
    let counts = counts.filter(|counts| counts.len() == shape.rank()).ok_or_else(|| {
        context.node.shape_error(format!("wants {} counts of 1 or more", shape.rank()))
    })?;
    if shape.batch().is_some_and(|at| counts[at] != 1) {
        return unsupported("repeats the rows of the batch");
    }
    let sizes = shape.sizes();
    let strides = row_major(&sizes);
    // Each axis is walked `count` times: an axis of repetitions before it, of stride 0.
    let (mut walked, mut steps) = (Vec::new(), Vec::new());
    for at in 0..shape.rank() {
        walked.extend([counts[at], sizes[at]]);
        steps.extend([0, strides[at]]);
    }
    let indices = strided(context, &walked, &steps, 0)?;
    let tiled = |at: usize| match shape.0[at] {
        Axis::Len(len) => Axis::Len(len.saturating_mul(counts[at])),
        batch => batch,
    };
    let tiled = Shape((0..shape.rank()).map(tiled).collect());
    Ok(vec![pick(context, value, indices, tiled)?])
}

/// Split along an axis: into parts of given sizes (an attribute up to opset 12, then an input), or as many equal
/// ones as there are outputs, the last of which may be shorter.
pub(super) fn split(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let axis = context.axis(context.node.int_or("axis", 0)?, shape.rank())?;
    let Axis::Len(len) = shape.0[axis] else {
        return unsupported("splits the rows of the batch");
    };
    let given = if context.node.opset >= 13 {
        context.optional_ints(1)?
    } else {
        let sizes = context.node.ints("split")?;
        (!sizes.is_empty()).then(|| sizes.to_vec())
    };
    let n_outputs = context.node.proto.output.len().max(1);
    let sizes: Vec<usize> = match given {
        Some(sizes) => {
            let sizes: Option<Vec<usize>> =
                sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
            sizes.ok_or_else(|| context.node.shape_error("a part of negative size"))?
        }
        None => {
            let size = len.div_ceil(n_outputs);
            (0..n_outputs).map(|part| size.min(len.saturating_sub(part * size))).collect()
        }
    };
    if sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)) != Some(len) {
        let reason = format!("parts of {sizes:?} make no axis of {len}");
        return Err(context.node.shape_error(reason).into());
    }
    let strides = row_major(&shape.sizes());
    let mut start = 0;
    let mut parts = Vec::with_capacity(sizes.len());
    for size in sizes {
        let mut part = shape.clone();
        part.0[axis] = Axis::Len(size);
        check_shape(context, &value, &part)?;
        let offset = start as isize * strides[axis];
        let indices = strided(context, &part.sizes(), &strides, offset)?;
        parts.push(pick(context, value.clone(), indices, part)?);
        start += size;
    }
    Ok(parts)
}

/// Where an index of a padded axis comes from.
fn source(at: i64, len: i64, mode: &str) -> Option<i64> {
    if (0..len).contains(&at) {
        return Some(at);
    }
    match mode {
        "edge" => Some(at.clamp(0, len - 1)),
        "reflect" => {
            let period = (2 * (len - 1)).max(1);
            let folded = at.rem_euclid(period);
            Some(if folded < len { folded } else { period - folded })
        }
        "wrap" => Some(at.rem_euclid(len)),
        _ => None,
    }
}

/// Pad: the pads are an attribute up to opset 10, a constant input from opset 11 on.
pub(super) fn pad(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.row(0)?;
    let shape = row.shape.clone();
    let (pads, fill) = if context.node.opset < 11 {
        (context.node.ints("pads")?.to_vec(), context.node.float_or("value", 0.0)?)
    } else {
        let missing = || context.node.arity_error("input", 1);
        let pads = context.optional_ints(1)?.ok_or_else(missing)?;
        let fill = match context.optional(2) {
            None => 0.0,
            Some(_) => match context.constant(2)?.data {
                Data::F32(ref values) | Data::F64(ref values) if values.len() == 1 => values[0],
                Data::Ints(ref values) if values.len() == 1 => values[0] as f64,
                _ => return Err(context.node.shape_error("the filling is not one number").into()),
            },
        };
        (pads, fill)
    };
    let mode = context.node.string("mode")?.unwrap_or("constant");
    if !matches!(mode, "constant" | "edge" | "reflect" | "wrap") {
        return unsupported(format!("pads in mode {mode:?}"));
    }
    let axes: Vec<usize> = match context.optional_ints(3)? {
        Some(axes) => {
            axes.iter().map(|&axis| context.axis(axis, shape.rank())).collect::<Result<_, _>>()?
        }
        None => (0..shape.rank()).collect(),
    };
    if pads.len() != 2 * axes.len() {
        let reason = format!("{} pads for {} axes", pads.len(), axes.len());
        return Err(context.node.shape_error(reason).into());
    }
    let mut before = vec![0; shape.rank()];
    let mut padded = shape.clone();
    for (at, &axis) in axes.iter().enumerate() {
        let (first, last) = (pads[at], pads[axes.len() + at]);
        if first == 0 && last == 0 {
            continue;
        }
        let Axis::Len(len) = shape.0[axis] else {
            return unsupported("adds rows to the batch");
        };
        before[axis] = first;
        let size = first.checked_add(last).and_then(|pads| pads.checked_add(len as i64));
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| context.node.shape_error("pads leave no elements"))?;
        padded.0[axis] = Axis::Len(size);
    }
    let value = Value::Row(row.clone());
    check_shape(context, &value, &padded)?;
    let sizes = shape.sizes();
    let strides = row_major(&sizes);
    // The filling stands behind the elements.
    let miss = shape.len();
    let total = padded.sizes().iter().try_fold(1usize, |len, &size| len.checked_mul(size));
    context.claim(total.unwrap_or(usize::MAX))?;
    let mut indices: Vec<Option<isize>> = vec![Some(0)];
    for (axis, &size) in padded.sizes().iter().enumerate() {
        let len = sizes[axis] as i64;
        let step = |start: &Option<isize>| {
            let start = *start;
            let (first, stride) = (before[axis], strides[axis]);
            (0..size as i64).map(move |at| {
                let from = source(at - first, len, mode)?;
                Some(start? + from as isize * stride)
            })
        };
        indices = indices.iter().flat_map(step).collect();
    }
    let indices: Vec<usize> =
        indices.into_iter().map(|index| index.map_or(miss, |index| index as usize)).collect();
    if !indices.contains(&miss) {
        return Ok(vec![Value::Row(context.picked("", &row, indices, padded)?)]);
    }
    let one = Shape(vec![Axis::Len(1)]);
    let dtype = row.element.dtype();
    let filling = context.emit("filling", Op::Constant(vec![fill]), &[], 1, dtype)?;
    let filling = super::super::value::Row { value: filling, shape: one, element: row.element };
    let joined = context.joined("filled", &[row, filling], Shape(vec![Axis::Len(miss + 1)]))?;
    Ok(vec![Value::Row(context.picked("", &joined, indices, padded)?)])
}
