//! Conv, ConvTranspose's refusal aside, and pools.
//!
//! A convolution is a dense layer whose matrix is mostly zeros: one row for each channel and position of the
//! output. Rows stand position after position, channels of one position together, so that rows that look at the
//! same inputs are neighbours; a permutation brings the channels to the front.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Row, Shape, Value};
use super::groups::{matrix, Groups};
use super::window::Windows;
use crate::graph::{Arithmetic, Op, Reduction};

/// Pools of windows up to this size add up element by element; others go by a matrix.
const MOST_STEPS: usize = 9;

/// Conv with constant weights, in groups or not.
pub(super) fn conv(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let tensor = context.constant(1)?;
    let (Some(kernel), [n_out, n_in, space @ ..]) = (tensor.floats(), tensor.dims.as_slice())
    else {
        return Err(context.node.shape_error("W is not of floats with 3 axes or more").into());
    };
    let (n_out, n_in) = (*n_out, *n_in);
    let given = context.node.ints("kernel_shape")?;
    if !given.is_empty() && !given.iter().map(|&size| size as usize).eq(space.iter().copied()) {
        return Err(context.node.attribute_error("kernel_shape", "is not that of W").into());
    }
    let windows = Windows::read(context, &row, space)?;
    let n_groups = context.node.int_or("group", 1)?;
    let n_groups = usize::try_from(n_groups).ok().filter(|&n| n > 0 && n_out % n == 0);
    let Some(n_groups) = n_groups.filter(|n| n * n_in == windows.channels) else {
        let reason = format!("{} channels meet a kernel of {n_in}", windows.channels);
        return Err(context.node.shape_error(reason).into());
    };
    let bias = match context.optional(2) {
        None => vec![0.0; n_out],
        Some(_) => match context.constant(2)?.floats() {
            Some(bias) if bias.len() == n_out => bias.to_vec(),
            _ => return Err(context.node.shape_error(format!("B wants {n_out} floats")).into()),
        },
    };
    let positions = windows.cover.len();
    let columns = windows.channels * windows.pixels;
    let mut weights = matrix(context, n_out * positions, columns)?;
    let taps: usize = space.iter().product();
    let per_group = n_out / n_groups;
    for (position, cover) in windows.cover.iter().enumerate() {
        for out in 0..n_out {
            let line = &mut weights[(position * n_out + out) * columns..][..columns];
            let first = out / per_group * n_in;
            for input in 0..n_in {
                let kernel = &kernel[(out * n_in + input) * taps..][..taps];
                for (weight, place) in kernel.iter().zip(cover) {
                    if let Some(place) = place {
                        line[(first + input) * windows.pixels + place] += weight;
                    }
                }
            }
        }
    }
    let all = n_out * positions;
    context.claim(2 * all)?;
    let bias = (0..all).map(|at| bias[at % n_out]).collect();
    let op = Op::Dense { weights, bias };
    let value = context.emit("", op, &[row.value], all, row.element.dtype())?;
    let by_position = Row { value, shape: Shape(vec![Axis::Len(all)]), element: row.element };
    let order = (0..all).map(|at| at % positions * n_out + at / positions).collect();
    let shape = windows.shape(&row, n_out);
    Ok(vec![Value::Row(context.picked("channels", &by_position, order, shape)?)])
}

/// MaxPool and AveragePool.
pub(super) fn pool(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let kernel = context.node.ints("kernel_shape")?;
    let kernel: Option<Vec<usize>> =
        kernel.iter().map(|&size| usize::try_from(size).ok().filter(|&n| n > 0)).collect();
    let kernel = kernel.filter(|kernel| !kernel.is_empty() && kernel.iter().all(|&n| n < 1 << 16));
    let Some(kernel) = kernel else {
        return Err(context
            .node
            .attribute_error("kernel_shape", "is missing or not positive")
            .into());
    };
    if context.node.int_or("storage_order", 0)? != 0 {
        return unsupported("stores its windows by column");
    }
    let windows = Windows::read(context, &row, &kernel)?;
    let shape = windows.shape(&row, windows.channels);
    let all = shape.len();
    if context.node.op() == "MaxPool" {
        return max_pool(context, &row, &windows, shape);
    }
    let counts_padding = context.node.flag("count_include_pad", false)?;
    let size: usize = kernel.iter().product();
    let is_full = windows.cover.iter().all(|cover| cover.iter().all(Option::is_some));
    if is_full && size <= MOST_STEPS {
        let mut sum = None;
        for tap in 0..size {
            let next = tap_of(context, &row, &windows, &shape, |cover| cover[tap])?;
            sum = Some(match sum {
                None => next,
                Some(sum) => context.pair("step", Arithmetic::Add, &sum, &next)?,
            });
        }
        let Some(sum) = sum else { return unsupported("an empty window") };
        let mean = context.with_scalar("", Arithmetic::Div, &sum, size as f64, false)?;
        return Ok(vec![Value::Row(mean)]);
    }
    if context.node.flag("ceil_mode", false)? && counts_padding {
        return unsupported("counts padding in windows that are cut (ceil_mode)");
    }
    let columns = windows.channels * windows.pixels;
    let mut weights = matrix(context, all, columns)?;
    for channel in 0..windows.channels {
        for (position, cover) in windows.cover.iter().enumerate() {
            let line = (channel * windows.cover.len() + position) * columns;
            let covered = if counts_padding { size } else { cover.iter().flatten().count() };
            for place in cover.iter().flatten() {
                weights[line + channel * windows.pixels + place] = 1.0 / covered as f64;
            }
        }
    }
    let op = Op::Dense { weights, bias: vec![0.0; all] };
    let value = context.emit("", op, &[row.value], all, row.element.dtype())?;
    Ok(vec![Value::Row(Row { value, shape, element: row.element })])
}

/// One element of each window, for all channels.
fn tap_of(
    context: &mut Context<'_, '_>,
    row: &Row,
    windows: &Windows,
    shape: &Shape,
    pick: impl Fn(&[Option<usize>]) -> Option<usize>,
) -> Result<Row, OpError> {
    let mut indices = Vec::with_capacity(shape.len());
    for channel in 0..windows.channels {
        for cover in &windows.cover {
            let Some(place) = pick(cover) else {
                return unsupported("a window lies beyond the input");
            };
            indices.push(channel * windows.pixels + place);
        }
    }
    Ok(context.picked("element", row, indices, shape.clone())?)
}

/// The largest element of each window. Places beyond the input count as one that is within.
fn max_pool(
    context: &mut Context<'_, '_>,
    row: &Row,
    windows: &Windows,
    shape: Shape,
) -> Result<Vec<Value>, OpError> {
    let size = windows.cover.first().map_or(0, Vec::len);
    let within = |cover: &[Option<usize>]| cover.iter().flatten().next().copied();
    let mut most: Option<Row> = None;
    for tap in 0..size {
        let pick = |cover: &[Option<usize>]| cover[tap].or_else(|| within(cover));
        let next = tap_of(context, row, windows, &shape, pick)?;
        most = Some(match most {
            None => next,
            Some(most) => context.pair("step", Arithmetic::Max, &most, &next)?,
        });
    }
    match most {
        Some(most) => Ok(vec![Value::Row(most)]),
        None => unsupported("an empty window"),
    }
}

/// GlobalAveragePool and GlobalMaxPool.
pub(super) fn global_pool(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    if row.shape.rank() < 3 {
        let reason = format!("the input is {}, wants 3 axes or more", row.shape);
        return Err(context.node.shape_error(reason).into());
    }
    let axes: Vec<usize> = (2..row.shape.rank()).collect();
    let groups = Groups::along(context, &row.shape.clone(), &axes)?;
    let result = match context.node.op() {
        "GlobalMaxPool" => groups.reduce(context, &row, Reduction::Max)?,
        _ => super::reduce::mean(context, &groups, &row)?,
    };
    Ok(vec![Value::Row(Row { shape: groups.with_ones.clone(), ..result })])
}
