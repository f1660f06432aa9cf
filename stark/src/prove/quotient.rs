//! The quotient: all constraints, combined and divided by what they vanish on.

use nilometer_kernels::{batch_inverse, dispatch, Kernel, Packed, RowMatrix, LANES};
use rayon::prelude::*;
use winter_math::FieldElement;

use crate::air::{Air, Columns, Frame, Kind};
use crate::domain::{generator, power, powers, OFFSET};
use crate::layout::Layout;
use crate::Felt;

/// Points that one task computes.
const TASK: usize = 1 << 8;

/// What the evaluation needs.
pub(crate) struct Evaluator<'a, A> {
    pub air: &'a A,
    pub layout: &'a Layout,
    /// Rows of the commitments' domain per row of the trace.
    pub blowup: usize,
    pub challenges: &'a [Felt],
    pub derived: &'a [Felt],
    pub alpha: Felt,
    pub columns: Columns<&'a RowMatrix>,
}

impl<A: Air> Evaluator<'_, A> {
    /// The quotient's values on the shifted domain of [`Layout::quotient_blowup`] times the rows.
    pub fn evaluate(&self) -> Vec<Felt> {
        let size = self.layout.shape.n_rows * self.layout.quotient_blowup();
        let weights = powers(self.alpha, self.air.constraints().len());
        let mut values = vec![Felt::ZERO; size];
        values.par_chunks_mut(TASK).enumerate().for_each(|(task, values)| {
            let first = task * TASK;
            dispatch(Evaluate { evaluator: self, weights: &weights, first, values });
        });
        values
    }
}

/// A task: some points from `first` on.
struct Evaluate<'a, A> {
    evaluator: &'a Evaluator<'a, A>,
    weights: &'a [Felt],
    first: usize,
    values: &'a mut [Felt],
}

/// What constraints are multiplied by, per point.
struct Multipliers {
    every: Vec<Felt>,
    transition: Vec<Felt>,
    first: Vec<Felt>,
    last: Vec<Felt>,
}

impl Multipliers {
    /// The inverses of what constraints vanish on, at `count` points from `x`, each `step` times the last.
    fn new(x: Felt, step: Felt, count: usize, n_rows: usize, exempt_rows: usize) -> Self {
        let g = generator(n_rows);
        let last_row = power(g, (n_rows - exempt_rows) as u64);
        let points: Vec<Felt> =
            std::iter::successors(Some(x), |x| Some(*x * step)).take(count).collect();
        let (mut all, all_step) = (power(x, n_rows as u64), power(step, n_rows as u64));
        let mut inverses = Vec::with_capacity(3 * count);
        for _ in 0..count {
            inverses.push(all - Felt::ONE);
            all *= all_step;
        }
        inverses.extend(points.iter().map(|x| *x - Felt::ONE));
        inverses.extend(points.iter().map(|x| *x - last_row));
        batch_inverse(&mut inverses);
        let last = inverses.split_off(2 * count);
        let first = inverses.split_off(count);
        let mut every = inverses;
        let mut free = last_row;
        for _ in 1..exempt_rows {
            free *= g;
            for (value, x) in every.iter_mut().zip(&points) {
                *value *= *x - free;
            }
        }
        let transition =
            every.iter().zip(&points).map(|(every, x)| *every * (*x - last_row)).collect();
        Self { every, transition, first, last }
    }
}

impl<A: Air> Kernel for Evaluate<'_, A> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { evaluator: e, weights, first, values } = self;
        let shape = &e.layout.shape;
        let quotient_blowup = e.layout.quotient_blowup();
        let stride = e.blowup / quotient_blowup;
        let step = generator(shape.n_rows * quotient_blowup);
        let multipliers = Multipliers::new(
            OFFSET * power(step, first as u64),
            step,
            values.len(),
            shape.n_rows,
            shape.exempt_rows,
        );
        let constraints = e.air.constraints();
        let challenges = splat::<P>(e.challenges);
        let derived = splat::<P>(e.derived);
        let weights = splat::<P>(weights);
        let zeros = |width: usize| vec![P::zero(); width];
        let width = shape.width;
        let mut row = (zeros(width.preprocessed), zeros(width.main), zeros(width.aux));
        let mut next = (zeros(width.preprocessed), zeros(width.main), zeros(width.aux));
        let mut out = zeros(constraints.len());
        for (i, values) in values.chunks_exact_mut(LANES).enumerate() {
            // No closures from here: they would be compiled without the vector instructions.
            let at = (first + i * LANES) * stride;
            load_row(e.columns.preprocessed, at, stride, &mut row.0);
            load_row(e.columns.main, at, stride, &mut row.1);
            load_row(e.columns.aux, at, stride, &mut row.2);
            let after = at + e.blowup;
            load_some(e.columns.preprocessed, after, stride, &shape.next.preprocessed, &mut next.0);
            load_some(e.columns.main, after, stride, &shape.next.main, &mut next.1);
            load_some(e.columns.aux, after, stride, &shape.next.aux, &mut next.2);
            let frame = Frame {
                row: Columns { preprocessed: &row.0, main: &row.1, aux: &row.2 },
                next: Columns { preprocessed: &next.0, main: &next.1, aux: &next.2 },
            };
            e.air.eval(&frame, &challenges, &derived, &mut out);
            let mut sums = [P::zero(); 4];
            for (k, kind) in
                [Kind::Every, Kind::Transition, Kind::First, Kind::Last].into_iter().enumerate()
            {
                let mut sum = P::no_products();
                let mut terms = 0;
                for ((value, weight), constraint) in out.iter().zip(&weights).zip(constraints) {
                    if constraint.kind == kind {
                        if terms == P::MAX_PRODUCTS {
                            sums[k] = sums[k] + P::reduce(sum);
                            sum = P::no_products();
                            terms = 0;
                        }
                        sum = P::add_product(sum, *weight, *value);
                        terms += 1;
                    }
                }
                if terms > 0 {
                    sums[k] = sums[k] + P::reduce(sum);
                }
            }
            let range = i * LANES;
            let mut quotient = P::no_products();
            quotient =
                P::add_product(quotient, sums[0], P::load_slice(&multipliers.every[range..]));
            quotient =
                P::add_product(quotient, sums[1], P::load_slice(&multipliers.transition[range..]));
            quotient =
                P::add_product(quotient, sums[2], P::load_slice(&multipliers.first[range..]));
            quotient = P::add_product(quotient, sums[3], P::load_slice(&multipliers.last[range..]));
            P::reduce(quotient).store_slice(values);
        }
    }
}

/// Each element in all lanes.
#[inline(always)]
fn splat<P: Packed>(felts: &[Felt]) -> Vec<P> {
    let mut packed = vec![P::zero(); felts.len()];
    for (value, felt) in packed.iter_mut().zip(felts) {
        *value = P::splat(*felt);
    }
    packed
}

/// Rows `row`, `row + stride`, … of all columns; the first row follows on the last.
#[inline(always)]
fn load_row<P: Packed>(matrix: &RowMatrix, row: usize, stride: usize, target: &mut [P]) {
    for (column, value) in target.iter_mut().enumerate() {
        *value = load(matrix, row, stride, column);
    }
}

#[inline(always)]
fn load_some<P: Packed>(
    matrix: &RowMatrix,
    row: usize,
    stride: usize,
    columns: &[usize],
    target: &mut [P],
) {
    for column in columns {
        target[*column] = load(matrix, row, stride, *column);
    }
}

#[inline(always)]
fn load<P: Packed>(matrix: &RowMatrix, row: usize, stride: usize, column: usize) -> P {
    let (data, width) = (matrix.data(), matrix.width());
    let last = row + (LANES - 1) * stride;
    if last < matrix.height() {
        P::load_strided(&data[row * width + column..], stride * width)
    } else {
        let mut lanes = [&data[0]; LANES];
        for (lane, felt) in lanes.iter_mut().enumerate() {
            *felt = &data[(row + lane * stride) % matrix.height() * width + column];
        }
        P::load(lanes)
    }
}
