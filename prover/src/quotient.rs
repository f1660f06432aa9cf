//! The quotient: all constraints, combined with random coefficients and divided by what they vanish on.

use nilometer_air::cairo::constraints::{self, Constants, N_AUX, N_MAIN};
use nilometer_air::cairo::layout::{
    AUX_WIDTH, MAIN_WIDTH, NEXT_AUX, NEXT_MAIN, PERIODIC, RC_PERIOD,
};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::{challenge_array, CairoAir};
use nilometer_field::Felt;
use nilometer_kernels::{batch_inverse, dispatch, Kernel, Packed, RowMatrix, LANES};
use rayon::prelude::*;
use winter_air::{Air, AuxRandElements, ConstraintCompositionCoefficients};
use winter_math::{polynom, FieldElement, StarkField};

/// Points that one task computes.
const TASK: usize = 1 << 9;
/// The constraints' degree requires evaluations on twice the trace's domain.
const CE_BLOWUP: usize = 2;
/// A periodic column's values repeat after as many points as are computed side by side.
const _: () = assert!(RC_PERIOD * CE_BLOWUP == LANES);

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
    offset: Felt,
    challenges: [Felt; N_CHALLENGES],
    transition: Vec<Felt>,
    /// Of the first row and of the last one.
    fixed: [Vec<Fixed>; 2],
    periodic: [[Felt; LANES]; PERIODIC.len()],
    /// `1/(x^rows - 1)`, which takes two values.
    vanishing: [Felt; LANES],
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
        assert_eq!(context.ce_domain_size(), CE_BLOWUP * rows, "the constraints' degree");
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
        let offset: Felt = air.options().domain_offset();
        let power = |base: Felt, exponent: usize| base.pow([exponent as u64, 0, 0, 0]);
        // A periodic column is a polynomial in x^(rows / period), which repeats with the lanes.
        let polys = air.get_periodic_column_polys();
        let root = Felt::get_root_of_unity(LANES.ilog2());
        let x = power(offset, rows / RC_PERIOD);
        let periodic = std::array::from_fn(|column| {
            std::array::from_fn(|lane| polynom::eval(&polys[column], x * power(root, lane)))
        });
        let x = power(offset, rows);
        let vanishing = [x - Felt::ONE, -x - Felt::ONE].map(Felt::inverse);
        Self {
            rows,
            blowup: air.options().blowup_factor(),
            offset,
            challenges: challenge_array(challenges),
            transition: coefficients.transition.clone(),
            fixed,
            periodic,
            vanishing: std::array::from_fn(|lane| vanishing[lane % CE_BLOWUP]),
        }
    }

    /// The quotient on twice the trace's domain, shifted.
    pub fn evaluate(&self, main: &RowMatrix, aux: &RowMatrix) -> Vec<Felt> {
        let n = self.rows * CE_BLOWUP;
        let mut values = vec![Felt::ZERO; n];
        values.par_chunks_mut(TASK).enumerate().for_each(|(task, values)| {
            dispatch(Evaluate { evaluator: self, main, aux, first: task * TASK, values });
        });
        values
    }
}

/// A task: some points from `first` on.
struct Evaluate<'a> {
    evaluator: &'a Evaluator,
    main: &'a RowMatrix,
    aux: &'a RowMatrix,
    first: usize,
    values: &'a mut [Felt],
}

impl Kernel for Evaluate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let Self { evaluator: e, main, aux, first, values } = self;
        let n = e.rows * CE_BLOWUP;
        let stride = e.blowup / CE_BLOWUP;
        let generator = Felt::get_root_of_unity(n.ilog2());
        let last_point = Felt::get_root_of_unity(e.rows.ilog2()).inverse();
        let power = |exponent: usize| generator.pow([exponent as u64, 0, 0, 0]);

        let mut points = Vec::with_capacity(values.len());
        let mut x = e.offset * power(first);
        for _ in 0..values.len() {
            points.push(x);
            x *= generator;
        }
        let mut inverses: Vec<Felt> =
            points.iter().map(|x| (*x - Felt::ONE) * (*x - last_point)).collect();
        batch_inverse(&mut inverses);

        let one = P::splat(Felt::ONE);
        let last_point = P::splat(last_point);
        let constants = Constants::<P>::new();
        let mut challenges = [P::zero(); N_CHALLENGES];
        splat(&e.challenges, &mut challenges);
        let mut periodic = [P::zero(); PERIODIC.len()];
        for (value, lanes) in periodic.iter_mut().zip(&e.periodic) {
            *value = P::load_slice(lanes);
        }
        let (mut main_coefficients, mut aux_coefficients) = ([one; N_MAIN], [one; N_AUX]);
        splat(&e.transition[..N_MAIN], &mut main_coefficients);
        splat(&e.transition[N_MAIN..], &mut aux_coefficients);
        let vanishing = P::load_slice(&e.vanishing);
        for (i, values) in values.chunks_exact_mut(LANES).enumerate() {
            let step = first + i * LANES;
            let row = step * stride;
            // No closures in here: they would be compiled without the vector instructions.
            let (mut this, mut this_aux) = ([P::zero(); MAIN_WIDTH], [P::zero(); AUX_WIDTH]);
            let (mut next, mut next_aux) = (this, this_aux);
            for (column, value) in this.iter_mut().enumerate() {
                *value = load(main, row, stride, column);
            }
            for (column, value) in this_aux.iter_mut().enumerate() {
                *value = load(aux, row, stride, column);
            }
            for column in NEXT_MAIN {
                next[column] = load(main, row + e.blowup, stride, column);
            }
            for column in NEXT_AUX {
                next_aux[column] = load(aux, row + e.blowup, stride, column);
            }

            let mut sum = P::no_products();
            let constraints_main = constraints::main(&constants, &this, &next, &periodic);
            for (coefficient, value) in main_coefficients.iter().zip(constraints_main) {
                sum = P::add_product(sum, *coefficient, value);
            }
            let constraints_aux =
                constraints::aux(&constants, &this, &this_aux, &next_aux, &periodic, &challenges);
            for (coefficient, value) in aux_coefficients.iter().zip(constraints_aux) {
                sum = P::add_product(sum, *coefficient, value);
            }
            let transitions = P::reduce(sum);

            let mut fixed = [P::zero(); 2];
            for (value, list) in fixed.iter_mut().zip(&e.fixed) {
                let mut sum = P::no_products();
                for fixed in list {
                    let cell = match fixed.column.checked_sub(MAIN_WIDTH) {
                        None => this[fixed.column],
                        Some(column) => this_aux[column],
                    };
                    let difference = cell - P::splat(fixed.value);
                    sum = P::add_product(sum, P::splat(fixed.coefficient), difference);
                }
                *value = P::reduce(sum);
            }
            let x = P::load_slice(&points[i * LANES..]);
            let (from_first, from_last) = (x - one, x - last_point);
            let inverse = P::load_slice(&inverses[i * LANES..]);
            let quotient = transitions * from_last * vanishing
                + (fixed[0] * from_last + fixed[1] * from_first) * inverse;
            quotient.store_slice(values);
        }
    }
}

/// Each element in all lanes.
#[inline(always)]
fn splat<P: Packed>(felts: &[Felt], values: &mut [P]) {
    for (value, felt) in values.iter_mut().zip(felts) {
        *value = P::splat(*felt);
    }
}

/// Rows `row`, `row + stride`, … of a column; after the last row comes the first.
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
