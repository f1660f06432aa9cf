//! Operations along some axes: the elements that belong together, one group for each index of the others.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Element, Row, Shape};
use super::super::ImportError;
use super::select::{row_major, strided};
use crate::graph::{Arithmetic, Op, Reduction};

/// Groups whose sums are taken one by one: a matrix rounds what it sums up.
const MOST_SUMS: usize = 64;
/// Operands that a group's elements are taken from one by one; larger groups go by a matrix.
const MOST_STEPS: usize = 9;
/// Most weights of a matrix that stands for sums.
pub(super) const MAX_MATRIX: usize = 1 << 23;

/// A vector cut into groups of one length.
pub(super) struct Groups {
    /// The indices of each group's elements, group after group.
    indices: Vec<usize>,
    /// Elements in a group.
    pub(super) len: usize,
    /// The axes that are left, of as many elements as there are groups.
    pub(super) kept: Shape,
    /// The same with axes of length 1 in the places of the others.
    pub(super) with_ones: Shape,
}

impl Groups {
    /// The groups along `axes` of a vector of this shape.
    pub(super) fn along(
        context: &mut Context<'_, '_>,
        shape: &Shape,
        axes: &[usize],
    ) -> Result<Self, OpError> {
        if axes.iter().any(|&axis| shape.0[axis].is_batch()) {
            return unsupported("reduces over the rows of the batch");
        }
        let strides = row_major(&shape.sizes());
        let is_reduced = |at: &usize| axes.contains(at);
        let kept: Vec<usize> = (0..shape.rank()).filter(|at| !is_reduced(at)).collect();
        let reduced: Vec<usize> = (0..shape.rank()).filter(is_reduced).collect();
        let order: Vec<usize> = kept.iter().chain(&reduced).copied().collect();
        let sizes: Vec<usize> = order.iter().map(|&at| shape.0[at].size()).collect();
        let turned: Vec<isize> = order.iter().map(|&at| strides[at]).collect();
        let indices = strided(context, &sizes, &turned, 0)?;
        let len = reduced.iter().map(|&at| shape.0[at].size()).product();
        let with_ones = (0..shape.rank())
            .map(|at| if axes.contains(&at) { Axis::Len(1) } else { shape.0[at] })
            .collect();
        let kept = Shape(kept.iter().map(|&at| shape.0[at]).collect());
        Ok(Self { indices, len, kept, with_ones: Shape(with_ones) })
    }

    pub(super) fn count(&self) -> usize {
        self.indices.len() / self.len.max(1)
    }

    /// The vector of each group.
    pub(super) fn vectors(
        &self,
        context: &mut Context<'_, '_>,
        row: &Row,
    ) -> Result<Vec<Row>, ImportError> {
        let shape = Shape(vec![Axis::Len(self.len)]);
        let groups = self.indices.chunks(self.len.max(1));
        groups.map(|group| context.picked("group", row, group.to_vec(), shape.clone())).collect()
    }

    /// The vectors of the groups, put back in the order and shape of the vector that they came from.
    pub(super) fn restore(
        &self,
        context: &mut Context<'_, '_>,
        groups: &[Row],
        shape: &Shape,
    ) -> Result<Row, ImportError> {
        let flat = Shape(vec![Axis::Len(self.indices.len())]);
        let joined = context.joined("groups", groups, flat)?;
        let mut places = vec![0; self.indices.len()];
        for (at, &index) in self.indices.iter().enumerate() {
            places[index] = at;
        }
        context.picked("", &joined, places, shape.clone())
    }

    /// For each element of the vector, the group that it belongs to.
    pub(super) fn owners(&self) -> Vec<usize> {
        let mut owners = vec![0; self.indices.len()];
        for (at, &index) in self.indices.iter().enumerate() {
            owners[index] = at / self.len.max(1);
        }
        owners
    }

    /// The `at`-th element of each group.
    fn nth(&self, context: &mut Context<'_, '_>, row: &Row, at: usize) -> Result<Row, ImportError> {
        let indices = self.indices.iter().skip(at).step_by(self.len).copied().collect();
        context.picked("element", row, indices, self.kept.clone())
    }

    /// One operator over the elements of each group, one after the other.
    pub(super) fn fold(
        &self,
        context: &mut Context<'_, '_>,
        row: &Row,
        op: Arithmetic,
    ) -> Result<Row, OpError> {
        let mut result = self.nth(context, row, 0)?;
        for at in 1..self.len {
            let next = self.nth(context, row, at)?;
            result = context.pair("step", op, &result, &next)?;
        }
        Ok(result)
    }

    /// One number of each group.
    pub(super) fn reduce(
        &self,
        context: &mut Context<'_, '_>,
        row: &Row,
        reduction: Reduction,
    ) -> Result<Row, OpError> {
        if self.len == 1 && reduction != Reduction::LogSumExp {
            return Ok(self.nth(context, row, 0)?);
        }
        if self.count() > 1 && self.len <= MOST_STEPS {
            match reduction {
                Reduction::Sum => return self.fold(context, row, Arithmetic::Add),
                Reduction::Max => return self.fold(context, row, Arithmetic::Max),
                Reduction::LogSumExp => {}
            }
        }
        if self.count() > MOST_SUMS && reduction == Reduction::Sum {
            return self.weighted(context, row, 1.0);
        }
        let dtype = row.element.dtype();
        let mut results = Vec::with_capacity(self.count());
        for group in self.vectors(context, row)? {
            let op = Op::Reduce(reduction);
            let value = context.emit("reduced", op, &[group.value], 1, dtype)?;
            let shape = Shape(vec![Axis::Len(1)]);
            results.push(Row { value, shape, element: row.element });
        }
        Ok(context.joined("reduced_all", &results, self.kept.clone())?)
    }

    /// The sum of each group times a weight, as a matrix.
    pub(super) fn weighted(
        &self,
        context: &mut Context<'_, '_>,
        row: &Row,
        weight: f64,
    ) -> Result<Row, OpError> {
        let (rows, columns) = (self.count(), self.indices.len());
        let mut weights = matrix(context, rows, columns)?;
        for (at, &index) in self.indices.iter().enumerate() {
            weights[at / self.len * columns + index] = weight;
        }
        let op = Op::Dense { weights, bias: vec![0.0; rows] };
        let value = context.emit("sums", op, &[row.value], rows, row.element.dtype())?;
        Ok(Row { value, shape: self.kept.clone(), element: row.element })
    }
}

/// A matrix of zeros, if it is not too large.
pub(super) fn matrix(
    context: &mut Context<'_, '_>,
    rows: usize,
    columns: usize,
) -> Result<Vec<f64>, OpError> {
    let len = rows.saturating_mul(columns);
    if len > MAX_MATRIX {
        return unsupported(format!(
            "is a matrix of {rows} by {columns}; at most {MAX_MATRIX} weights are taken: export a smaller model, \
             or smaller inputs"
        ));
    }
    context.claim(len)?;
    Ok(vec![0.0; len])
}

/// Whether all elements are numbers that can be added.
pub(super) fn number_row(context: &mut Context<'_, '_>, index: usize) -> Result<Row, OpError> {
    let row = context.row(index)?;
    match row.element {
        Element::Bool => Err(context.node.shape_error("computes with truth values").into()),
        _ => Ok(row),
    }
}
