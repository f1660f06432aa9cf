//! Constant, ConstantOfShape and SequenceConstruct.

use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Dim, Tensor};
use super::super::value::{Axis, Element, Shape, Value};
use super::super::ImportError;
use super::select::check_shape;

/// Constant: a tensor, or (from opset 12 on) a number, a text or a list of them.
pub(super) fn constant(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let node = context.node;
    if node.has("sparse_value") {
        return unsupported("is a sparse tensor");
    }
    let scalar = |data: Data| Tensor { dims: Vec::new(), data };
    let list = |data: Data| Tensor { dims: vec![data.len()], data };
    let tensor = if let Some(proto) = node.tensor_proto("value")? {
        Tensor::read_any(proto, &node.qualified("value"))?
    } else if let Some(value) = node.any_float("value_float")? {
        scalar(Data::F32(vec![value]))
    } else if node.has("value_floats") {
        list(Data::F32(node.floats("value_floats")?))
    } else if let Some(value) = node.int("value_int")? {
        scalar(Data::Ints(vec![value]))
    } else if node.has("value_ints") {
        list(Data::Ints(node.ints("value_ints")?.to_vec()))
    } else if let Some(text) = node.string("value_string")? {
        scalar(Data::texts(vec![text.to_owned()]))
    } else if node.has("value_strings") {
        list(Data::texts(node.strings("value_strings")?))
    } else {
        return Err(node.attribute_error("value", "is missing").into());
    };
    check_finite(context, &tensor)?;
    Ok(vec![Value::Constant(Rc::new(tensor))])
}

/// A constant may be an infinite bound of Clip; any other one that is not finite is an error.
fn check_finite(context: &Context<'_, '_>, tensor: &Tensor) -> Result<(), ImportError> {
    match tensor.floats() {
        Some(&[bound]) if !bound.is_nan() => Ok(()),
        Some(values) => context.node.finite("value", values),
        None => Ok(()),
    }
}

/// ConstantOfShape: a constant shape filled with one value, `0.0` by default.
pub(super) fn constant_of_shape(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    if let Data::Dims(dims) = &context.constant(0)?.data {
        return filled_rows(context, dims);
    }
    let dims = context.optional_ints(0)?.ok_or_else(|| context.node.arity_error("input", 0))?;
    let sizes = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect::<Option<Vec<usize>>>();
    let sizes = sizes.ok_or_else(|| context.node.shape_error("an axis is negative"))?;
    let len = sizes.iter().try_fold(1_usize, |len, &size| len.checked_mul(size));
    let len = len.unwrap_or(usize::MAX);
    context.claim(len)?;
    let fill = filling(context)?;
    let data = fill.data.select(&vec![0; len]);
    let value = Value::Constant(Rc::new(Tensor { dims: sizes.clone(), data }));
    let shape = Shape(sizes.into_iter().map(Axis::Len).collect());
    check_shape(context, &value, &shape)?;
    Ok(vec![value])
}

/// SequenceConstruct: the operands, as a model returns them.
pub(super) fn sequence(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut parts = Vec::with_capacity(context.inputs.len());
    for index in 0..context.inputs.len() {
        match context.input(index)? {
            Value::Sequence(_) => return unsupported("puts a sequence into another"),
            part => parts.push(part),
        }
    }
    Ok(vec![Value::Sequence(parts)])
}

/// ConstantOfShape's `value`: one number, 0 by default.
fn filling(context: &Context<'_, '_>) -> Result<Tensor, OpError> {
    let fill = context.node.tensor("value")?;
    let fill = fill.unwrap_or(Tensor { dims: vec![1], data: Data::F32(vec![0.0]) });
    if fill.len() != 1 {
        let reason = format!("has {} elements, wants 1", fill.len());
        return Err(context.node.attribute_error("value", reason).into());
    }
    Ok(fill)
}

/// As many rows as there are in the batch, all the same.
fn filled_rows(context: &mut Context<'_, '_>, dims: &[Dim]) -> Result<Vec<Value>, OpError> {
    let axis = |dim: &Dim| match dim {
        Dim::Batch => Some(Axis::Batch(None)),
        Dim::Known(size) => usize::try_from(*size).ok().map(Axis::Len),
    };
    let axes = dims.iter().map(axis).collect::<Option<Vec<Axis>>>();
    let shape = Shape(axes.ok_or_else(|| context.node.shape_error("an axis is negative"))?);
    if shape.0.iter().filter(|axis| axis.is_batch()).count() > 1 {
        return unsupported("has the number of rows in several axes");
    }
    let (fill, element) = match &filling(context)?.data {
        Data::F32(values) => (values[0], Element::F32),
        Data::F64(values) => (values[0], Element::F64),
        Data::Ints(values) => (values[0] as f64, Element::Int),
        Data::Dims(_) | Data::Strings(_) => return unsupported("is filled with no number"),
    };
    let sizes = shape.sizes();
    let len = sizes.iter().try_fold(1_usize, |len, &size| len.checked_mul(size));
    let len = len.unwrap_or(usize::MAX);
    context.claim(len)?;
    if len == 0 {
        return Err(context.node.shape_error(format!("the result {shape} has no elements")).into());
    }
    let row = context.constant_row("", vec![fill; len], shape, element)?;
    Ok(vec![Value::Row(row)])
}
