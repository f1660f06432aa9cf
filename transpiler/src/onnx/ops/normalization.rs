//! BatchNormalization at inference: an affine map of each channel.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Element, Value};
use crate::graph::{Arithmetic, Op};

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
