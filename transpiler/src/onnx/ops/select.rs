//! Operators that pick and place elements: Concat, Gather, Slice, ArrayFeatureExtractor, TopK.
//!
//! Each computes which element of its operand every element of its result is; constants are then
//! picked apart at once, computed values by one Gather node.

use std::rc::Rc;

use super::super::context::Context;
use super::super::limits::MAX_RANK;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Axis, Element, Label, Row, Shape, Text, Value};
use super::super::ImportError;
use super::lookup::{look_up as dictionary_values, Dictionary};
use crate::graph::{DType, Op, TopK, Unary, ValueId};

/// Index list of a strided view: `offset + Σ index_k · strides_k` for all indices within `sizes`,
/// row-major. The caller makes sure that no element is negative.
pub(super) fn strided(
    context: &mut Context<'_, '_>,
    sizes: &[usize],
    strides: &[isize],
    offset: isize,
) -> Result<Vec<usize>, ImportError> {
    let len = sizes.iter().try_fold(1_usize, |len, &size| len.checked_mul(size));
    context.claim(len.unwrap_or(usize::MAX))?;
    let mut indices = vec![offset];
    for (&size, &stride) in sizes.iter().zip(strides) {
        let step = |&start: &isize| (0..size as isize).map(move |at| start + at * stride);
        indices = indices.iter().flat_map(step).collect();
    }
    Ok(indices.into_iter().map(|index| index as usize).collect())
}

/// The elements of `value` at `indices`, in a new shape.
pub(super) fn pick(
    context: &mut Context<'_, '_>,
    value: Value,
    indices: Vec<usize>,
    shape: Shape,
) -> Result<Value, OpError> {
    check_shape(context, &value, &shape)?;
    Ok(match value {
        Value::Constant(tensor) => {
            let data = tensor.data.select(&indices);
            Value::Constant(Rc::new(Tensor { dims: shape.sizes(), data }))
        }
        Value::Label(label) if indices == [0] => Value::Label(Label { shape, ..label }),
        Value::Text(text) => {
            let features = indices.iter().map(|&index| text.features[index]).collect();
            Value::Text(Text { features, shape })
        }
        value => {
            let row = context.row_of(value)?;
            if indices.iter().copied().eq(0..row.shape.len()) {
                return Ok(Value::Row(Row { shape, ..row }));
            }
            let (len, dtype) = (indices.len(), row.element.dtype());
            let value = context.emit("", Op::Gather(indices), &[row.value], len, dtype)?;
            Value::Row(Row { value, shape, ..row })
        }
    })
}

/// Refuses shapes of too many axes, and those without elements, but for empty constant lists: this keeps products of axes, taken
/// in any order, no larger than the number of elements.
pub(super) fn check_shape(
    context: &Context<'_, '_>,
    value: &Value,
    shape: &Shape,
) -> Result<(), ImportError> {
    if shape.rank() > MAX_RANK {
        return Err(context.node.shape_error(format!("the result has {} axes", shape.rank())));
    }
    let is_list = matches!(value, Value::Constant(_)) && shape.rank() == 1;
    if shape.sizes().contains(&0) && !is_list {
        return Err(context.node.shape_error(format!("the result {shape} has no elements")));
    }
    Ok(())
}

/// Gather: whole slices of the data along an axis, by constant indices; or a constant's elements by
/// a computed class index.
pub(super) fn gather(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let data = context.input(0)?;
    let data_shape = context.shape_of(&data)?;
    let axis = context.axis(context.node.int_or("axis", 0)?, data_shape.rank())?;
    match (&data, context.input(1)?) {
        (Value::Constant(table), Value::Label(label)) if table.dims.len() == 1 => {
            let shape = label.shape.clone();
            return look_up(context, table, label, shape);
        }
        (_, Value::Constant(indices)) => {
            return gather_constant(context, data, axis, &indices, &indices.dims)
        }
        (Value::Constant(table), indices) => {
            let (before, after) = (&data_shape.0[..axis], &data_shape.0[axis + 1..]);
            let between = context.shape_of(&indices)?;
            let shape = Shape([before, &between.0, after].concat());
            let indices = match indices {
                Value::Label(label) => Indices::of_label(context, &label, table.dims[axis])?,
                indices => {
                    let row = context.row_of(indices)?;
                    Indices::of_row(context, &row, table.dims[axis])?
                }
            };
            return Ok(vec![gather_computed(context, table, axis, &indices, shape)?]);
        }
        _ => {}
    }
    unsupported("picks computed elements by a computed index")
}

/// ArrayFeatureExtractor: elements along the last axis. The result of a one-dimensional operand has
/// two axes.
pub(super) fn array_feature_extractor(
    context: &mut Context<'_, '_>,
) -> Result<Vec<Value>, OpError> {
    let data = context.input(0)?;
    let data_shape = context.shape_of(&data)?;
    let Some(last) = data_shape.rank().checked_sub(1) else {
        return Err(context.node.shape_error("X is a scalar, wants 1 axis or more").into());
    };
    let leading = match last {
        0 => vec![Axis::Len(1)],
        _ => data_shape.0[..last].to_vec(),
    };
    if let (Value::Constant(table), Value::Label(label)) = (&data, context.input(1)?) {
        let n_labels = label.shape.batch().map_or(Axis::Len(1), |batch| label.shape.0[batch]);
        let shape = Shape([leading.clone(), vec![n_labels]].concat());
        if leading.iter().all(|axis| axis.size() == 1) {
            return look_up(context, table, label, shape);
        }
        let indices = Indices::of_label(context, &label, table.dims[last])?;
        return Ok(vec![gather_computed(context, table, last, &indices, shape)?]);
    }
    if let (Value::Constant(table), Value::Row(indices)) = (&data, context.input(1)?) {
        // All indices stand in one axis: of several rows, one row's after the other's.
        let n_indices = match (indices.shape.batch(), indices.shape.len()) {
            (None, len) => Axis::Len(len),
            (Some(batch), 1) => indices.shape.0[batch],
            (Some(_), len) => Axis::Rows(len),
        };
        let shape = Shape([leading, vec![n_indices]].concat());
        let indices = Indices::of_row(context, &indices, table.dims[last])?;
        return Ok(vec![gather_computed(context, table, last, &indices, shape)?]);
    }
    let indices = context.constant(1)?;
    let n_indices = indices.len();
    if n_indices == 0 {
        return Err(context.node.shape_error("Y is empty, wants 1 index or more").into());
    }
    let mut picked = gather_constant(context, data, last, &indices, &[n_indices])?;
    if last == 0 {
        // One axis became two: the data does not move.
        for value in &mut picked {
            match value {
                Value::Row(Row { shape, .. })
                | Value::Label(Label { shape, .. })
                | Value::Text(Text { shape, .. }) => {
                    shape.0.insert(0, Axis::Len(1));
                }
                Value::Constant(tensor) => Rc::make_mut(tensor).dims.insert(0, 1),
                Value::Map { .. } | Value::Labels(_) | Value::Sequence(_) | Value::Unknown => {}
            }
        }
    }
    Ok(picked)
}

fn gather_constant(
    context: &mut Context<'_, '_>,
    data: Value,
    axis: usize,
    indices: &Tensor,
    index_dims: &[usize],
) -> Result<Vec<Value>, OpError> {
    let shape = context.shape_of(&data)?;
    let Axis::Len(len) = shape.0[axis] else {
        return unsupported("picks rows of the batch");
    };
    let Some(ints) = indices.as_ints() else {
        return Err(context.node.shape_error("the indices are not integers").into());
    };
    let index_axes = index_dims.iter().map(|&dim| Axis::Len(dim));
    let (before, after) = (shape.0[..axis].iter().copied(), shape.0[axis + 1..].iter().copied());
    let gathered = Shape(before.chain(index_axes).chain(after).collect());
    check_shape(context, &data, &gathered)?;
    let sizes = shape.sizes();
    let inner: usize = sizes[axis + 1..].iter().product();
    let outer: usize = sizes[..axis].iter().product();
    let total = ints.len().checked_mul(outer).and_then(|n| n.checked_mul(inner));
    context.claim(total.unwrap_or(usize::MAX))?;
    let mut picked = Vec::with_capacity(ints.len());
    for &index in ints {
        let wrapped = if index < 0 { index.saturating_add(len as i64) } else { index };
        match usize::try_from(wrapped) {
            Ok(index) if index < len => picked.push(index),
            _ => {
                let reason = format!("index {index} into an axis of {len}");
                return Err(context.node.shape_error(reason).into());
            }
        }
    }
    let block = |outer: usize, at: usize| (0..inner).map(move |i| (outer * len + at) * inner + i);
    let flat = (0..outer).flat_map(|outer| picked.iter().flat_map(move |&at| block(outer, at)));
    let flat: Vec<usize> = flat.collect();
    Ok(vec![pick(context, data, flat, gathered)?])
}

/// Computed indices into a table: positions, and what each stands for.
struct Indices {
    value: ValueId,
    len: usize,
    places: Vec<usize>,
}

impl Indices {
    /// Integers that are computed; the input's are taken within the table only.
    fn of_row(context: &mut Context<'_, '_>, row: &Row, count: usize) -> Result<Self, OpError> {
        if row.element != Element::Int {
            return Err(context.node.shape_error("the indices are not integers").into());
        }
        limit_index(context, row, count)?;
        Ok(Self { value: row.value, len: row.shape.len(), places: (0..count).collect() })
    }

    fn of_label(
        context: &mut Context<'_, '_>,
        label: &Label,
        count: usize,
    ) -> Result<Self, OpError> {
        context.claim(label.values.len())?;
        let places = places(context, label, count)?;
        Ok(Self { value: label.index, len: 1, places })
    }
}

/// What a label's integers point at, in a table of `count`.
fn places(context: &Context<'_, '_>, label: &Label, count: usize) -> Result<Vec<usize>, OpError> {
    let Data::Ints(ints) = label.values.as_ref() else {
        return Err(context.node.shape_error("the indices are not integers").into());
    };
    let in_range = |&int: &i64| usize::try_from(int).ok().filter(|&index| index < count);
    let places = ints.iter().map(in_range).collect::<Option<Vec<usize>>>();
    Ok(places.ok_or_else(|| {
        context.node.shape_error(format!("a class index is past the table's {count} entries"))
    })?)
}

/// Slices of a constant along `axis`, by computed indices, in the new shape: a dictionary for each index.
fn gather_computed(
    context: &mut Context<'_, '_>,
    table: &Tensor,
    axis: usize,
    indices: &Indices,
    shape: Shape,
) -> Result<Value, OpError> {
    let (values, element) = match &table.data {
        Data::F32(values) => (values.clone(), Element::F32),
        Data::F64(values) => (values.clone(), Element::F64),
        Data::Ints(ints) => (ints.iter().map(|&int| int as f64).collect(), Element::Int),
        _ => return unsupported("looks a computed index up among texts"),
    };
    let count = table.dims[axis];
    let inner: usize = table.dims[axis + 1..].iter().product();
    let outer: usize = table.dims[..axis].iter().product();
    let n_indices = indices.len;
    let total = outer.checked_mul(n_indices).and_then(|n| n.checked_mul(inner));
    let total = total.unwrap_or(usize::MAX);
    context.claim(total.saturating_mul(indices.places.len()))?;
    let entry = |index: usize, position: usize| {
        let at = indices.places[position];
        let blocks = (0..outer).flat_map(|block| {
            let values = &values;
            (0..inner).map(move |i| {
                let target = (block * n_indices + index) * inner + i;
                (target, values[(block * count + at) * inner + i])
            })
        });
        (position as f64, blocks.collect())
    };
    let dictionaries = (0..n_indices)
        .map(|index| Dictionary {
            entries: (0..indices.places.len()).map(|at| entry(index, at)).collect(),
            default: None,
        })
        .collect();
    let dtype = if element == Element::F32 { DType::F32 } else { DType::F64 };
    let value = dictionary_values(context, "", indices.value, dictionaries, total, dtype)?;
    Ok(Value::Row(Row { value, shape, element }))
}

/// Features that are indices lie within what they point into; those that come from elsewhere in the
/// graph must be known to.
fn limit_index(context: &mut Context<'_, '_>, indices: &Row, count: usize) -> Result<(), OpError> {
    let limit = (0.0, count as f64 - 1.0);
    for element in 0..indices.shape.len() {
        let (mut value, mut at) = (indices.value, element);
        loop {
            let node = &context.builder.nodes[value];
            match &node.op {
                Op::Input => {
                    let feature = &mut context.builder.features[at];
                    let (lo, hi) = feature.limits.unwrap_or(limit);
                    feature.limits = Some((lo.max(limit.0), hi.min(limit.1)));
                    break;
                }
                Op::Gather(picked) => at = picked[at],
                Op::Unary(Unary::ToF32 | Unary::ToF64 | Unary::Truncate) => {}
                Op::ArgMax { .. } | Op::TopK { show: TopK::Indices, .. } => {
                    let operand = &context.builder.nodes[node.inputs[0]];
                    if operand.len <= count {
                        break;
                    }
                    return unsupported("looks up an index that may be past the table's end");
                }
                Op::Concat => {
                    let parts = node.inputs.iter().scan(0, |start, &input| {
                        let begin = *start;
                        *start += context.builder.nodes[input].len;
                        Some((input, begin))
                    });
                    let found = parts.take_while(|&(_, begin)| begin <= at).last();
                    let Some((input, begin)) = found else {
                        return unsupported("looks up an empty list of indices");
                    };
                    (value, at) = (input, at - begin);
                    continue;
                }
                _ => return unsupported("looks up a computed number that may be no index"),
            }
            value = context.builder.nodes[value].inputs[0];
        }
    }
    Ok(())
}

/// TopK along the last axis of a row, the largest ones by default: `k` is an attribute up to opset 9, a constant
/// input from opset 10 on. The result is sorted, which is also right where the order is left open.
pub(super) fn top_k(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.row(0)?;
    let axis = context.axis(context.node.int_or("axis", -1)?, row.shape.rank())?;
    let k = match context.node.opset {
        ..10 => context.node.int("k")?,
        _ => context.optional_ints(1)?.and_then(|ints| ints.first().copied()),
    };
    let k = k.ok_or_else(|| context.node.attribute_error("k", "is missing"))?;
    let largest = context.node.flag("largest", true)?;
    let Axis::Len(len) = row.shape.0[axis] else {
        return unsupported("reduces over the rows of the batch");
    };
    if row.shape.len() != len {
        return unsupported(format!(
            "takes the largest of parts of {}, wants a whole row",
            row.shape
        ));
    }
    let count = usize::try_from(k).ok().filter(|count| (1..=len).contains(count));
    let Some(count) = count else {
        let reason = format!("the {k} largest of {len} elements");
        return Err(context.node.shape_error(reason).into());
    };
    let mut shape = row.shape.clone();
    shape.0[axis] = Axis::Len(count);
    let mut part = |name: &str, show, element: Element| {
        let op = Op::TopK { largest, show };
        let value = context.emit(name, op, &[row.value], count, element.dtype())?;
        Ok::<_, ImportError>(Value::Row(Row { value, shape: shape.clone(), element }))
    };
    Ok(vec![part("", TopK::Values, row.element)?, part("index", TopK::Indices, Element::Int)?])
}

/// The constants that a computed index chooses from: a label's values change, its index stays.
fn look_up(
    context: &mut Context<'_, '_>,
    table: &Tensor,
    label: Label,
    shape: Shape,
) -> Result<Vec<Value>, OpError> {
    context.claim(label.values.len())?;
    let indices = places(context, &label, table.len())?;
    let values = Rc::new(table.data.select(&indices));
    Ok(vec![Value::Label(Label { values, shape, ..label })])
}

/// Slice: bounds are attributes up to opset 9, constant inputs from opset 10 on.
pub(super) fn slice(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let (starts, ends, axes, steps) = if context.node.opset < 10 {
        let axes = context.node.ints("axes")?;
        let axes = (!axes.is_empty()).then(|| axes.to_vec());
        let (starts, ends) = (context.node.ints("starts")?, context.node.ints("ends")?);
        (starts.to_vec(), ends.to_vec(), axes, None)
    } else {
        let missing = |index| context.node.arity_error("input", index);
        let starts = context.optional_ints(1)?.ok_or_else(|| missing(1))?;
        let ends = context.optional_ints(2)?.ok_or_else(|| missing(2))?;
        (starts, ends, context.optional_ints(3)?, context.optional_ints(4)?)
    };
    let data = context.input(0)?;
    let shape = context.shape_of(&data)?;
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()].iter().any(|&len| len != starts.len()) {
        let reason = "starts, ends, axes and steps are of different lengths";
        return Err(context.node.shape_error(reason).into());
    }

    let sizes = shape.sizes();
    let mut out = shape.clone();
    let mut strides = row_major(&sizes);
    let mut offset = 0;
    let mut seen = vec![false; shape.rank()];
    for (((&start, &end), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = context.axis(axis, shape.rank())?;
        if step == 0 || std::mem::replace(&mut seen[axis], true) {
            let reason = format!("axis {axis} is sliced twice, or with a step of 0");
            return Err(context.node.shape_error(reason).into());
        }
        let Axis::Len(len) = shape.0[axis] else {
            if start == 0 && end >= i64::from(i32::MAX) && step == 1 {
                continue;
            }
            return unsupported("slices the rows of the batch");
        };
        let (first, count) = slice_range(start, end, step, len as i64);
        out.0[axis] = Axis::Len(count as usize);
        offset += first as isize * strides[axis];
        // A step past the axis is never taken twice, so clamping it changes nothing.
        strides[axis] *= step.clamp(-(len as i64), len as i64) as isize;
    }
    if out.sizes().contains(&0) {
        offset = 0;
    }
    check_shape(context, &data, &out)?;
    let indices = strided(context, &out.sizes(), &strides, offset)?;
    Ok(vec![pick(context, data, indices, out)?])
}

/// The first index and the number of indices that a slice takes.
fn slice_range(start: i64, end: i64, step: i64, len: i64) -> (i64, i64) {
    let wrap = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
    if step > 0 {
        let (start, end) = (wrap(start).clamp(0, len), wrap(end).clamp(0, len));
        // Rounded up without adding to a step that may be the largest integer.
        let count = if end > start { (end - start - 1) / step + 1 } else { 0 };
        (start, count)
    } else {
        let (start, end) = (wrap(start).clamp(-1, len - 1), wrap(end).clamp(-1, len - 1));
        let count = if start > end { (start - end - 1) / step.saturating_neg() + 1 } else { 0 };
        (start, count)
    }
}

/// Row-major strides of a tensor that exists: their products do not overflow.
pub(super) fn row_major(sizes: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; sizes.len()];
    for at in (1..sizes.len()).rev() {
        strides[at - 1] = strides[at] * sizes[at] as isize;
    }
    strides
}

/// Concat along an axis within the row.
pub(super) fn concat(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut operands = Vec::with_capacity(context.inputs.len());
    for index in 0..context.inputs.len() {
        operands.push(context.input(index)?);
    }
    let Some(first) = operands.first() else {
        return Err(context.node.arity_error("input", 0).into());
    };
    // A computed operand's shape knows which axis is the batch.
    let computed = operands.iter().find(|value| !matches!(value, Value::Constant(_)));
    let mut shape = context.shape_of(computed.unwrap_or(first))?;
    let axis = context.node.int("axis")?;
    let axis = axis.ok_or_else(|| context.node.attribute_error("axis", "is missing"))?;
    let axis = context.axis(axis, shape.rank())?;
    if shape.0[axis].is_batch() {
        return stack(context, &operands, axis);
    }
    let mut blocks = Vec::with_capacity(operands.len());
    let inner: usize = shape.sizes()[axis + 1..].iter().product();
    for operand in &operands {
        let operand_shape = context.shape_of(operand)?;
        let same = |(at, axis_size): (usize, &Axis)| {
            at == axis || shape.0.get(at).is_some_and(|wanted| wanted.size() == axis_size.size())
        };
        let fits =
            operand_shape.rank() == shape.rank() && operand_shape.0.iter().enumerate().all(same);
        if !fits {
            let reason = format!("shapes {shape} and {operand_shape} differ beside axis {axis}");
            return Err(context.node.shape_error(reason).into());
        }
        blocks.push(operand_shape.0[axis].size() * inner);
    }
    let total = blocks.iter().try_fold(0_usize, |total, &block| total.checked_add(block));
    let outer: usize = shape.sizes()[..axis].iter().product();
    let total = total.and_then(|total| total.checked_mul(outer));
    context.claim(total.unwrap_or(usize::MAX))?;
    shape.0[axis] = Axis::Len(blocks.iter().sum::<usize>() / inner.max(1));

    if let Some(labels) = texts_of_labels(&operands) {
        return Ok(vec![Value::Labels(labels)]);
    }

    // After one another, the operands stand whole; each outer index takes a block of each.
    let mut order = Vec::new();
    for index in 0..outer {
        let mut start = 0;
        for &block in &blocks {
            order.extend((0..block).map(|at| start + index * block + at));
            start += outer * block;
        }
    }
    let joined = join(context, operands)?;
    Ok(vec![pick(context, joined, order, shape)?])
}

/// Rows of one element stacked along the batch, all of the first operand's before those of the second: an axis of their
/// own before the batch, which a Reshape to `[operands, -1]` makes of them, as in quadratic discriminants.
fn stack(
    context: &mut Context<'_, '_>,
    operands: &[Value],
    axis: usize,
) -> Result<Vec<Value>, OpError> {
    let mut rows = Vec::with_capacity(operands.len());
    for operand in operands {
        rows.push(context.row_of(operand.clone())?);
    }
    let first = rows[0].clone();
    let alike = |row: &Row| row.shape == first.shape && row.element == first.element;
    if axis != 0 || first.shape.len() != 1 || rows.len() < 2 || !rows.iter().all(alike) {
        return unsupported("adds rows to the batch");
    }
    let (len, dtype) = (rows.len(), first.element.dtype());
    let values: Vec<ValueId> = rows.iter().map(|row| row.value).collect();
    let value = context.emit("", Op::Concat, &values, len, dtype)?;
    let axes = [vec![Axis::Len(len)], first.shape.0].concat();
    Ok(vec![Value::Row(Row { value, shape: Shape(axes), element: first.element })])
}

/// All operands' elements one after the other.
fn join(context: &mut Context<'_, '_>, operands: Vec<Value>) -> Result<Value, OpError> {
    if operands.iter().all(|value| matches!(value, Value::Text(_))) {
        let features = operands.iter().flat_map(|value| match value {
            Value::Text(text) => text.features.clone(),
            _ => Vec::new(),
        });
        let features: Vec<usize> = features.collect();
        let shape = Shape(vec![Axis::Len(features.len())]);
        return Ok(Value::Text(Text { features, shape }));
    }
    let constants = operands.iter().map(|value| match value {
        Value::Constant(tensor) => Some(tensor.data.clone()),
        _ => None,
    });
    if let Some(constants) = constants.collect::<Option<Vec<Data>>>() {
        let mut parts = constants.into_iter();
        let first = parts.next().unwrap_or(Data::Ints(Vec::new()));
        let joined = parts.try_fold(first, Data::concat).ok_or_else(|| different_types(context))?;
        let tensor = Tensor { dims: vec![joined.len()], data: joined };
        return Ok(Value::Constant(Rc::new(tensor)));
    }
    let mut rows = Vec::with_capacity(operands.len());
    for operand in operands {
        rows.push(context.row_of(operand)?);
    }
    let element = rows[0].element;
    if rows.iter().any(|row| row.element != element) {
        return Err(different_types(context).into());
    }
    if let [row] = rows.as_slice() {
        return Ok(Value::Row(row.clone()));
    }
    let len = rows.iter().map(|row| row.shape.len()).sum();
    let values: Vec<_> = rows.iter().map(|row| row.value).collect();
    let value = context.emit("", Op::Concat, &values, len, element.dtype())?;
    Ok(Value::Row(Row { value, shape: Shape(vec![Axis::Len(len)]), element }))
}

/// The operands, where all are labels and some are texts: nothing computes with those.
fn texts_of_labels(operands: &[Value]) -> Option<Vec<Label>> {
    let label = |value: &Value| match value {
        Value::Label(label) => Some(label.clone()),
        _ => None,
    };
    let labels: Vec<Label> = operands.iter().map(label).collect::<Option<_>>()?;
    let is_text = |label: &Label| matches!(label.values.as_ref(), Data::Strings(_));
    (labels.iter().any(is_text) && labels.len() > 1).then_some(labels)
}

fn different_types(context: &Context<'_, '_>) -> ImportError {
    context.node.shape_error("the operands are of different types")
}
