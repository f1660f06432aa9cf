//! Operators that only change a shape: Flatten, Reshape, Squeeze, Unsqueeze, Transpose; and Shape,
//! which reads one.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Dim, Tensor};
use super::super::value::{Axis, Label, Row, Shape, Text, Value};
use super::select::{check_shape, pick, row_major, strided};

/// The same elements in a new shape of as many.
fn reshaped(context: &mut Context<'_, '_>, value: Value, shape: Shape) -> Result<Value, OpError> {
    check_shape(context, &value, &shape)?;
    Ok(match value {
        Value::Row(row) => Value::Row(Row { shape, ..row }),
        Value::Label(label) => Value::Label(Label { shape, ..label }),
        Value::Constant(tensor) => {
            context.claim(tensor.len())?;
            let tensor = Tensor { dims: shape.sizes(), data: tensor.data.clone() };
            Value::Constant(Rc::new(tensor))
        }
        Value::Text(text) => Value::Text(Text { shape, ..text }),
        Value::Map { .. } | Value::Labels(_) | Value::Sequence(_) | Value::Unknown => {
            return unsupported("reshapes a list of maps or a sequence")
        }
    })
}

/// Flatten: two axes, what stands before `axis` and the rest.
pub(super) fn flatten(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let axis = match context.node.int_or("axis", 1)? {
        axis if axis == shape.rank() as i64 => shape.rank(),
        axis => context.axis(axis, shape.rank())?,
    };
    let (before, after) = shape.0.split_at(axis);
    let flat = Shape(vec![merge(before, &shape)?, merge(after, &shape)?]);
    Ok(vec![reshaped(context, value, flat)?])
}

/// One axis in the place of several.
fn merge(axes: &[Axis], shape: &Shape) -> Result<Axis, OpError> {
    let len = axes.iter().map(|axis| axis.size()).product();
    match axes.iter().find(|axis| axis.is_batch()) {
        None => Ok(Axis::Len(len)),
        Some(batch) if len == 1 => Ok(*batch),
        Some(_) => unsupported(format!("mixes the batch with other axes of {shape}")),
    }
}

/// Reshape: the target is an attribute up to opset 4, a constant input from opset 5 on.
pub(super) fn reshape(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let allow_zero = context.node.flag("allowzero", false)?;
    let target = context.constant(1)?;
    let dims: Vec<Dim> = match &target.data {
        Data::Ints(ints) => ints.iter().map(|&int| Dim::Known(int)).collect(),
        Data::Dims(dims) => dims.clone(),
        _ => return Err(context.node.shape_error("the target is not a list of integers").into()),
    };
    let target = target_axes(context, &shape, &dims, allow_zero)?;
    let shape = resolve(context, &shape, target)?;
    Ok(vec![reshaped(context, value, shape)?])
}

/// An axis of Reshape's target.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Fixed(Axis),
    Infer,
}

fn target_axes(
    context: &Context<'_, '_>,
    shape: &Shape,
    dims: &[Dim],
    allow_zero: bool,
) -> Result<Vec<Target>, OpError> {
    let batch = shape.batch().map(|at| shape.0[at]);
    let axis = |(at, dim): (usize, &Dim)| match (dim, batch) {
        (Dim::Batch, Some(batch)) => Ok(Target::Fixed(batch)),
        (Dim::Batch, None) => unsupported("reshapes a constant by the number of rows"),
        (Dim::Known(-1), _) => Ok(Target::Infer),
        (Dim::Known(0), _) if !allow_zero => match shape.0.get(at) {
            Some(axis) => Ok(Target::Fixed(*axis)),
            None => Err(context.node.shape_error(format!("no axis {at} to copy")).into()),
        },
        (Dim::Known(size), _) => match usize::try_from(*size) {
            Ok(size) => Ok(Target::Fixed(Axis::Len(size))),
            Err(_) => Err(context.node.shape_error(format!("an axis of size {size}")).into()),
        },
    };
    let target = dims.iter().enumerate().map(axis).collect::<Result<Vec<Target>, OpError>>()?;
    if target.iter().filter(|&&axis| axis == Target::Infer).count() > 1 {
        return Err(context.node.shape_error("more than one axis is -1").into());
    }
    Ok(target)
}

/// Settles which axis of the target is the batch, and the one that is inferred.
fn resolve(
    context: &Context<'_, '_>,
    shape: &Shape,
    mut target: Vec<Target>,
) -> Result<Shape, OpError> {
    let len = shape.len();
    if let Some(Axis::Rows(_)) = shape.batch().map(|at| shape.0[at]) {
        return split_rows(shape, target);
    }
    if let Some(from) = shape.batch() {
        let outer = |axes: &[Axis]| axes.iter().map(|axis| axis.size()).product::<usize>();
        let is_batch = |axis: &Target| matches!(axis, Target::Fixed(axis) if axis.is_batch());
        let candidates: Vec<usize> = match target.iter().position(is_batch) {
            Some(at) => vec![at],
            None => {
                (0..target.len()).filter(|&at| may_be_batch(target[at], shape.0[from])).collect()
            }
        };
        for at in candidates {
            let mut attempt = target.clone();
            attempt[at] = Target::Fixed(shape.0[from]);
            // Rows keep their elements only if as many of them stand before the batch axis.
            match infer(&attempt, len) {
                Some(axes) if outer(&axes[..at]) == outer(&shape.0[..from]) => {
                    return Ok(Shape(axes));
                }
                _ => {}
            }
        }
        return unsupported(format!("moves elements of {shape} between the rows of the batch"));
    }
    let axes = infer(&std::mem::take(&mut target), len);
    axes.map(Shape).ok_or_else(|| {
        context.node.shape_error(format!("{shape} has another number of elements")).into()
    })
}

/// Rows of several elements, which stand one after the other, as rows again: `[-1, …]`.
fn split_rows(shape: &Shape, mut target: Vec<Target>) -> Result<Shape, OpError> {
    let is_one = |axis: &Target| matches!(axis, Target::Fixed(axis) if axis.size() == 1);
    let at = target.iter().position(|axis| !is_one(axis));
    let outer_is_rows = shape.0.iter().all(|axis| axis.is_batch() || axis.size() == 1);
    if let (Some(at), true) = (at, outer_is_rows) {
        if target[at] == Target::Infer {
            target[at] = Target::Fixed(Axis::Batch(None));
            if let Some(axes) = infer(&target, shape.len()) {
                return Ok(Shape(axes));
            }
        }
    }
    unsupported(format!("moves elements of {shape} between the rows of the batch"))
}

fn may_be_batch(axis: Target, batch: Axis) -> bool {
    match (axis, batch) {
        (Target::Infer, _) => true,
        (Target::Fixed(Axis::Len(len)), Axis::Batch(Some(rows))) => len == rows,
        _ => false,
    }
}

/// The axes, if they hold `len` elements.
fn infer(target: &[Target], len: usize) -> Option<Vec<Axis>> {
    let known = target.iter().try_fold(1_usize, |product, axis| match axis {
        Target::Fixed(axis) => product.checked_mul(axis.size()),
        Target::Infer => Some(product),
    })?;
    let inferred = len.checked_div(known).unwrap_or(0);
    let resolve = |axis: &Target| match axis {
        Target::Fixed(axis) => *axis,
        Target::Infer => Axis::Len(inferred),
    };
    let has_inferred = target.contains(&Target::Infer);
    let total = if has_inferred { known.checked_mul(inferred)? } else { known };
    (total == len).then(|| target.iter().map(resolve).collect())
}

/// Squeeze: the axes are an attribute up to opset 12, a constant input from opset 13 on.
pub(super) fn squeeze(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let removed: Vec<usize> = match axes(context)? {
        Some(axes) => {
            let axis = |&axis: &i64| context.axis(axis, shape.rank());
            axes.iter().map(axis).collect::<Result<_, _>>()?
        }
        None => (0..shape.rank()).filter(|&at| shape.0[at] == Axis::Len(1)).collect(),
    };
    if removed.iter().any(|&at| shape.0[at].is_batch()) {
        return unsupported("removes the batch axis");
    }
    if let Some(&at) = removed.iter().find(|&&at| shape.0[at].size() != 1) {
        let reason = format!("axis {at} of {shape} is longer than 1");
        return Err(context.node.shape_error(reason).into());
    }
    let kept = (0..shape.rank()).filter(|at| !removed.contains(at)).map(|at| shape.0[at]);
    let squeezed = Shape(kept.collect());
    Ok(vec![reshaped(context, value, squeezed)?])
}

/// Unsqueeze: the axes are an attribute up to opset 12, a constant input from opset 13 on.
pub(super) fn unsqueeze(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let axes = axes(context)?.ok_or_else(|| context.node.attribute_error("axes", "is missing"))?;
    let rank = shape.rank() + axes.len();
    let mut added = vec![false; rank];
    for &axis in &axes {
        let at = context.axis(axis, rank)?;
        if std::mem::replace(&mut added[at], true) {
            return Err(context.node.shape_error(format!("axis {axis} is added twice")).into());
        }
    }
    let mut old = shape.0.into_iter();
    let next = |&added: &bool| if added { Some(Axis::Len(1)) } else { old.next() };
    let unsqueezed = Shape(added.iter().filter_map(next).collect());
    Ok(vec![reshaped(context, value, unsqueezed)?])
}

fn axes(context: &Context<'_, '_>) -> Result<Option<Vec<i64>>, OpError> {
    if context.node.opset >= 13 {
        return context.optional_ints(1);
    }
    let axes = context.node.ints("axes")?;
    Ok(context.node.has("axes").then(|| axes.to_vec()))
}

/// Transpose: by default the axes turn around.
pub(super) fn transpose(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let permutation: Vec<usize> = if context.node.has("perm") {
        let axis = |&axis: &i64| usize::try_from(axis).ok().filter(|&at| at < shape.rank());
        let permutation = context.node.ints("perm")?.iter().map(axis).collect::<Option<Vec<_>>>();
        permutation.unwrap_or_default()
    } else {
        (0..shape.rank()).rev().collect()
    };
    let mut sorted = permutation.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..shape.rank()) {
        let reason = format!("is not a permutation of {} axes", shape.rank());
        return Err(context.node.attribute_error("perm", reason).into());
    }
    let strides = row_major(&shape.sizes());
    let turned = Shape(permutation.iter().map(|&at| shape.0[at]).collect());
    let turned_strides: Vec<isize> = permutation.iter().map(|&at| strides[at]).collect();
    let indices = strided(context, &turned.sizes(), &turned_strides, 0)?;
    Ok(vec![pick(context, value, indices, turned)?])
}

/// Shape, of the axes from `start` to `end` (opset 15); the number of rows stands for itself.
pub(super) fn shape(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let value = context.input(0)?;
    let shape = context.shape_of(&value)?;
    let rank = shape.rank() as i64;
    let wrap = |at: i64| {
        let from_the_front = if at < 0 { at.saturating_add(rank) } else { at };
        from_the_front.clamp(0, rank) as usize
    };
    let (start, end) = (context.node.int_or("start", 0)?, context.node.int_or("end", rank)?);
    let axes = shape.0.get(wrap(start)..wrap(end)).unwrap_or(&[]);
    if axes.iter().any(|axis| matches!(axis, Axis::Rows(_))) {
        return unsupported("counts the rows, each several times");
    }
    let dim = |axis: &Axis| match axis {
        Axis::Rows(_) => Dim::Batch,
        Axis::Batch(None) => Dim::Batch,
        Axis::Batch(Some(rows)) => Dim::Known(*rows as i64),
        Axis::Len(len) => Dim::Known(*len as i64),
    };
    let data = Data::dims(axes.iter().map(dim).collect());
    Ok(vec![Value::Constant(Rc::new(Tensor { dims: vec![data.len()], data }))])
}
