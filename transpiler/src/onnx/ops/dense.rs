//! Gemm and MatMul of computed rows with constant matrices. Several vectors under one matrix (tokens) are one dense
//! layer, whose matrix holds it once for each of them.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Axis, Element, Row, Shape, Value};
use super::arithmetic::{binary, spread};
use super::groups::matrix as matrix_of_zeros;
use crate::graph::{Arithmetic, Op};

/// Gemm: `alpha · A' · B' + beta · C`. `B` is constant, `A` has one row for each row of the batch, or several.
/// Before opset 11 `C` is mandatory.
pub(super) fn gemm(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let alpha = context.node.float_or("alpha", 1.0)?;
    let beta = context.node.float_or("beta", 1.0)?;
    let trans_a = context.node.flag("transA", false)?;
    let trans_b = context.node.flag("transB", false)?;

    let row = context.float_row(0)?;
    let &[mut rows, mut inner] = row.shape.0.as_slice() else {
        return Err(context.node.shape_error(format!("A is {}, wants 2 axes", row.shape)).into());
    };
    if trans_a {
        (rows, inner) = (inner, rows);
    }
    let n_inputs = vector_len(inner)?;
    let n_vectors = rows.size();
    if trans_a && n_vectors > 1 {
        return unsupported(format!("turns {} first (transA)", row.shape));
    }

    let matrix = context.constant(1)?;
    let weights = floats(context, &matrix, row.element)?;
    let &[first, second] = matrix.dims.as_slice() else {
        let reason = format!("B has {} axes, wants 2", matrix.dims.len());
        return Err(context.node.shape_error(reason).into());
    };
    let (matrix_inputs, n_outputs) = if trans_b { (second, first) } else { (first, second) };
    same_inner(context, n_inputs, matrix_inputs)?;
    context.claim(matrix.len())?;
    let mut weights = if trans_b { weights.to_vec() } else { transpose(weights, n_outputs) };
    if alpha != 1.0 {
        weights.iter_mut().for_each(|weight| *weight *= alpha);
    }

    let shape = Shape(vec![rows, Axis::Len(n_outputs)]);
    let computed = match context.optional(2) {
        None | Some(Value::Constant(_)) => None,
        Some(value) => Some(value),
    };
    let bias = match context.optional(2) {
        None => vec![0.0; n_vectors * n_outputs],
        Some(_) if computed.is_some() => vec![0.0; n_vectors * n_outputs],
        Some(_) => {
            let tensor = context.constant(2)?;
            let values = floats(context, &tensor, row.element)?;
            let bias_shape = Shape(tensor.dims.iter().map(|&dim| Axis::Len(dim)).collect());
            if super::arithmetic::broadcast(context, &bias_shape, &shape)? != shape {
                let reason = format!("C is {bias_shape}, wants to be broadcast to {shape}");
                return Err(context.node.shape_error(reason).into());
            }
            let indices = spread(context, &bias_shape, &shape)?;
            indices.iter().map(|&index| values[index] * beta).collect()
        }
    };
    let mut values = emit_vectors(context, &row, n_vectors, &weights, bias, shape)?;
    // A computed C is added behind.
    if let Some(term) = computed {
        let Some(sum) = values.pop() else { return unsupported("makes nothing") };
        let mut term = context.row_of(term)?;
        if beta != 1.0 {
            term = context.with_scalar("beta", Arithmetic::Mul, &term, beta, false)?;
        }
        let sum = binary(context, Arithmetic::Add, sum, Value::Row(term))?;
        values.push(sum);
    }
    Ok(values)
}

/// MatMul: one operand is a constant matrix (or vector), the other has one vector a row.
pub(super) fn mat_mul(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    match (context.input(0)?, context.input(1)?) {
        (_, Value::Constant(matrix)) => row_times_matrix(context, &matrix),
        (Value::Constant(matrix), _) => matrix_times_column(context, &matrix),
        _ => unsupported("multiplies two computed values"),
    }
}

fn row_times_matrix(context: &mut Context<'_, '_>, matrix: &Tensor) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(0)?;
    let weights = floats(context, matrix, row.element)?;
    let Some((&inner, outer)) = row.shape.0.split_last() else {
        return Err(context.node.shape_error("A is a scalar, wants 1 axis or more").into());
    };
    let n_inputs = vector_len(inner)?;
    let n_vectors = outer_len(outer);
    let (leading, matrix_inputs, columns) = match matrix.dims.as_slice() {
        [] => return Err(context.node.shape_error("B is a scalar, wants 1 axis or more").into()),
        &[inputs] => (&[][..], inputs, None),
        [leading @ .., inputs, outputs] => (leading, *inputs, Some(*outputs)),
    };
    if leading.iter().any(|&dim| dim != 1) {
        return unsupported(format!("B is a stack of matrices, {:?}", matrix.dims));
    }
    same_inner(context, n_inputs, matrix_inputs)?;
    let n_outputs = columns.unwrap_or(1);
    context.claim(matrix.len())?;
    let weights = transpose(weights, n_outputs);

    // The matrix's leading axes, all of length 1, come before those of A.
    let stacked = outer.len().saturating_sub(1);
    let mut axes = vec![Axis::Len(1); leading.len().saturating_sub(stacked)];
    axes.extend_from_slice(outer);
    axes.extend(columns.map(Axis::Len));
    let bias = vec![0.0; n_vectors * n_outputs];
    emit_vectors(context, &row, n_vectors, &weights, bias, Shape(axes))
}

fn matrix_times_column(
    context: &mut Context<'_, '_>,
    matrix: &Tensor,
) -> Result<Vec<Value>, OpError> {
    let row = context.float_row(1)?;
    let weights = floats(context, matrix, row.element)?;
    let (outer, inner, columns) = match row.shape.0.as_slice() {
        [] => return Err(context.node.shape_error("B is a scalar, wants 1 axis or more").into()),
        [inner] => (&[][..], *inner, None),
        [outer @ .., inner, columns] => (outer, *inner, Some(*columns)),
    };
    let n_inputs = vector_len(inner)?;
    let (n_stacked, n_columns) = (outer_len(outer), columns.map_or(1, Axis::size));
    let (matrix_inputs, n_outputs) = match *matrix.dims.as_slice() {
        [inputs] => (inputs, None),
        [outputs, inputs] => (inputs, Some(outputs)),
        _ => return unsupported(format!("A has {} axes, wants 1 or 2", matrix.dims.len())),
    };
    same_inner(context, n_inputs, matrix_inputs)?;
    context.claim(matrix.len())?;
    let mut axes = outer.to_vec();
    axes.extend(n_outputs.map(Axis::Len));
    axes.extend(columns);
    let rows = n_outputs.unwrap_or(1);
    if n_stacked * n_columns == 1 {
        return emit_dense(context, &row, weights.to_vec(), vec![0.0; rows], Shape(axes));
    }
    // The columns of each matrix stand one beside the other.
    let all_columns = n_stacked * n_inputs * n_columns;
    let mut all = matrix_of_zeros(context, n_stacked * rows * n_columns, all_columns)?;
    for stacked in 0..n_stacked {
        for to in 0..rows {
            for from in 0..n_inputs {
                for column in 0..n_columns {
                    let line = (stacked * rows + to) * n_columns + column;
                    let place = (stacked * n_inputs + from) * n_columns + column;
                    all[line * all_columns + place] = weights[to * n_inputs + from];
                }
            }
        }
    }
    let bias = vec![0.0; n_stacked * rows * n_columns];
    emit_dense(context, &row, all, bias, Shape(axes))
}

pub(super) fn emit_dense(
    context: &mut Context<'_, '_>,
    row: &Row,
    weights: Vec<f64>,
    bias: Vec<f64>,
    shape: Shape,
) -> Result<Vec<Value>, OpError> {
    let len = bias.len();
    let op = Op::Dense { weights, bias };
    let value = context.emit("", op, &[row.value], len, row.element.dtype())?;
    Ok(vec![Value::Row(Row { value, shape, element: row.element })])
}

/// The same matrix for `n_vectors` vectors, which stand one after the other; `bias` has one number for each result.
fn emit_vectors(
    context: &mut Context<'_, '_>,
    row: &Row,
    n_vectors: usize,
    weights: &[f64],
    bias: Vec<f64>,
    shape: Shape,
) -> Result<Vec<Value>, OpError> {
    if n_vectors == 1 {
        return emit_dense(context, row, weights.to_vec(), bias, shape);
    }
    let (columns, rows) = (row.shape.len(), bias.len());
    let n_inputs = columns / n_vectors.max(1);
    let mut all = matrix_of_zeros(context, rows, columns)?;
    for (line, all) in all.chunks_mut(columns.max(1)).enumerate() {
        let n_outputs = rows / n_vectors;
        let (vector, output) = (line / n_outputs, line % n_outputs);
        all[vector * n_inputs..][..n_inputs]
            .copy_from_slice(&weights[output * n_inputs..][..n_inputs]);
    }
    emit_dense(context, row, all, bias, shape)
}

/// The length of the vectors that are multiplied.
fn vector_len(inner: Axis) -> Result<usize, OpError> {
    match inner {
        Axis::Len(len) => Ok(len),
        _ => unsupported("adds up over the rows of the batch"),
    }
}

fn same_inner(context: &Context<'_, '_>, row: usize, matrix: usize) -> Result<(), OpError> {
    if row == matrix {
        return Ok(());
    }
    let reason = format!("a vector of {row} meets a matrix of {matrix} inputs");
    Err(context.node.shape_error(reason).into())
}

fn outer_len(axes: &[Axis]) -> usize {
    axes.iter().map(|axis| axis.size()).product()
}

fn floats<'t>(
    context: &Context<'_, '_>,
    tensor: &'t Tensor,
    element: Element,
) -> Result<&'t [f64], OpError> {
    match (&tensor.data, element) {
        (Data::F32(values), Element::F32) | (Data::F64(values), Element::F64) => Ok(values),
        _ => Err(context.node.shape_error("the operands are of different types").into()),
    }
}

/// A row-major matrix of `columns` columns, transposed.
fn transpose(matrix: &[f64], columns: usize) -> Vec<f64> {
    let column = |at: usize| matrix.iter().skip(at).step_by(columns);
    (0..columns).flat_map(column).copied().collect()
}
