//! The quotient: all constraints, combined with random coefficients and divided by what they vanish on.

use nilometer_air::cairo::constraints::{self, Constants};
use nilometer_air::cairo::layout::{MAIN_WIDTH, PERIODIC, RC_PERIOD};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::CairoAir;
use nilometer_air::Felt;
use rayon::prelude::*;
use winter_air::{Air, AuxRandElements, ConstraintCompositionCoefficients};
use winter_math::{batch_inversion, polynom, FieldElement, StarkField};

use crate::commitment::Committed;

/// Rows that one task computes.
const TASK_ROWS: usize = 1 << 10;

/// A boundary constraint: `(column - value) · coefficient / (x - point)`.
struct Fixed {
    /// Column of the main segment, then of the auxiliary one.
    column: usize,
    value: Felt,
    coefficient: Felt,
}

/// What the quotient's evaluation needs besides the trace.
pub struct Evaluator {
    rows: usize,
    blowup: usize,
    ce_blowup: usize,
    offset: Felt,
    challenges: [Felt; N_CHALLENGES],
    transition: Vec<Felt>,
    /// Of the first row and of the last one.
    fixed: [Vec<Fixed>; 2],
    periodic: Vec<[Felt; PERIODIC.len()]>,
}

impl Evaluator {
    /// Prepares the evaluation.
    pub fn new(
        air: &CairoAir,
        challenges: &AuxRandElements<Felt>,
        coefficients: &ConstraintCompositionCoefficients<Felt>,
    ) -> Self {
        let context = air.context();
        let rows = context.trace_len();
        let ce_blowup = context.ce_domain_size() / rows;
        let boundary = air.get_boundary_constraints(Some(challenges), &coefficients.boundary);
        let mut fixed = [Vec::new(), Vec::new()];
        let groups = [(0, boundary.main_constraints()), (MAIN_WIDTH, boundary.aux_constraints())];
        for (first_column, groups) in groups {
            for group in groups {
                let is_last = group.divisor().numerator()[0].1 != Felt::ONE;
                fixed[usize::from(is_last)].extend(group.constraints().iter().map(|constraint| {
                    Fixed {
                        column: first_column + constraint.column(),
                        value: constraint.poly()[0],
                        coefficient: *constraint.cc(),
                    }
                }));
            }
        }
        // A periodic column takes RC_PERIOD values on each of the cosets that the domain is made of.
        let offset: Felt = air.options().domain_offset();
        let cycles = (rows / RC_PERIOD) as u64;
        let point = offset.pow([cycles, 0, 0, 0]);
        let root = Felt::get_root_of_unity((RC_PERIOD * ce_blowup).ilog2());
        let polys = air.get_periodic_column_polys();
        let points = std::iter::successors(Some(point), |point| Some(*point * root));
        let periodic = points
            .take(RC_PERIOD * ce_blowup)
            .map(|x| std::array::from_fn(|i| polynom::eval(&polys[i], x)))
            .collect();
        Self {
            rows,
            blowup: air.options().blowup_factor(),
            ce_blowup,
            offset,
            challenges: nilometer_air::cairo::challenge_array(challenges),
            transition: coefficients.transition.clone(),
            fixed,
            periodic,
        }
    }

    /// The quotient on the constraint evaluation domain.
    pub fn evaluate(&self, main: &Committed, aux: &Committed) -> Vec<Felt> {
        let n = self.rows * self.ce_blowup;
        let mut values = vec![Felt::ZERO; n];
        values
            .par_chunks_mut(TASK_ROWS)
            .enumerate()
            .for_each(|(task, values)| self.evaluate_task(main, aux, task * TASK_ROWS, values));
        values
    }

    fn evaluate_task(&self, main: &Committed, aux: &Committed, first: usize, values: &mut [Felt]) {
        let n = self.rows * self.ce_blowup;
        let stride = self.blowup / self.ce_blowup;
        let generator = Felt::get_root_of_unity(n.ilog2());
        let last_point = Felt::get_root_of_unity(self.rows.ilog2()).inverse();
        let power = |exponent: usize| generator.pow([exponent as u64, 0, 0, 0]);
        let points: Vec<Felt> =
            std::iter::successors(Some(self.offset * power(first)), |x| Some(*x * generator))
                .take(values.len())
                .collect();
        // x^rows takes as many values as the domain has cosets.
        let vanishing: Vec<Felt> = {
            let first = self.offset.pow([self.rows as u64, 0, 0, 0]);
            let root = Felt::get_root_of_unity(self.ce_blowup.ilog2());
            let all = std::iter::successors(Some(first), |x| Some(*x * root));
            batch_inversion(&all.take(self.ce_blowup).map(|x| x - Felt::ONE).collect::<Vec<_>>())
        };
        let divisors: Vec<Felt> =
            points.iter().map(|x| (*x - Felt::ONE) * (*x - last_point)).collect();
        let inverses = batch_inversion(&divisors);
        let constants = Constants::<Felt>::new();
        let length = n * stride;
        for (i, value) in values.iter_mut().enumerate() {
            let step = first + i;
            let (row, next) = (step * stride, (step * stride + self.blowup) % length);
            let periodic = &self.periodic[step % self.periodic.len()];
            let mut coefficients = self.transition.iter();
            let mut sum = Felt::ZERO;
            let mut add = |constraint: Felt| {
                if let Some(coefficient) = coefficients.next() {
                    sum += *coefficient * constraint;
                }
            };
            let (this, this_aux) = (main.row(row), aux.row(row));
            constraints::main(&constants, this, main.row(next), periodic, &mut add);
            constraints::aux(
                &constants,
                this,
                this_aux,
                aux.row(next),
                periodic,
                &self.challenges,
                &mut add,
            );
            let x = points[i];
            let (from_first, from_last) = (x - Felt::ONE, x - last_point);
            let fixed = |list: &[Fixed]| {
                list.iter().fold(Felt::ZERO, |sum, fixed| {
                    let cell = if fixed.column < MAIN_WIDTH {
                        this[fixed.column]
                    } else {
                        this_aux[fixed.column - MAIN_WIDTH]
                    };
                    sum + fixed.coefficient * (cell - fixed.value)
                })
            };
            let [on_first, on_last] = &self.fixed;
            *value = sum * from_last * vanishing[step % self.ce_blowup]
                + (fixed(on_first) * from_last + fixed(on_last) * from_first) * inverses[i];
        }
    }
}
