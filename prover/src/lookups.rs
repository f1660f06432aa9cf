//! The auxiliary segment of the trace: the lookups' fractions and their running sum.

use nilometer_air::cairo::constraints::{denominators, Constants};
use nilometer_air::cairo::layout::{
    AUX_WIDTH, CELL_COUNT, H_DST_OP0, H_INSTRUCTION, H_LIMBS, H_OP1_CELL, MAIN_WIDTH, RC_COUNT,
    RC_PERIOD, SUM,
};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_field::Felt;
use nilometer_kernels::{batch_inverse, dispatch, Kernel, Packed, LANES};
use rayon::prelude::*;
use winter_math::FieldElement;

/// Rows that one task computes; a multiple of [`LANES`], as every trace's length is.
const TASK: usize = 1 << 9;
/// Fractions of a row.
const FRACTIONS: usize = 9;

/// The auxiliary segment's columns for a main segment and challenges.
///
/// # Panics
/// If the number of rows is not a multiple of eight.
pub fn build(main: &[Vec<Felt>], challenges: &[Felt; N_CHALLENGES]) -> Vec<Vec<Felt>> {
    let rows = main[0].len();
    assert!(rows.is_multiple_of(LANES), "{rows} rows");
    let tasks: Vec<[Vec<Felt>; AUX_WIDTH]> = (0..rows)
        .into_par_iter()
        .step_by(TASK)
        .map(|first| dispatch(Fractions { main, challenges, first, len: TASK.min(rows - first) }))
        .collect();
    let mut columns: Vec<Vec<Felt>> = (0..AUX_WIDTH).map(|_| Vec::with_capacity(rows)).collect();
    for task in &tasks {
        for (column, values) in columns.iter_mut().zip(task) {
            column.extend_from_slice(values);
        }
    }
    let mut sum = Felt::ZERO;
    for value in &mut columns[SUM] {
        let added = *value;
        *value = sum;
        sum += added;
    }
    columns
}

/// The fractions of some rows; in the sum's column, what each row adds to the sum.
struct Fractions<'a> {
    main: &'a [Vec<Felt>],
    challenges: &'a [Felt; N_CHALLENGES],
    first: usize,
    len: usize,
}

impl Kernel for Fractions<'_> {
    type Output = [Vec<Felt>; AUX_WIDTH];

    #[inline(always)]
    fn run<P: Packed>(self) -> [Vec<Felt>; AUX_WIDTH] {
        let Self { main, first, len, .. } = self;
        let constants = Constants::<P>::new();
        // No closures in here: they would be compiled without the vector instructions.
        let mut challenges = [P::zero(); N_CHALLENGES];
        for (value, felt) in challenges.iter_mut().zip(self.challenges) {
            *value = P::splat(*felt);
        }
        // The values of one fraction for eight rows are stored together.
        let mut inverses = vec![Felt::ZERO; FRACTIONS * len];
        for (i, target) in inverses.chunks_exact_mut(FRACTIONS * LANES).enumerate() {
            let row = first + i * LANES;
            let mut values = [P::zero(); MAIN_WIDTH];
            for (value, column) in values.iter_mut().zip(main) {
                *value = P::load_slice(&column[row..]);
            }
            let d = denominators(&constants, &values, &challenges);
            let [high, middle, low] = d.limbs;
            let all =
                [d.instruction, d.dst, d.op0, d.op1, d.cell, high, middle, low, d.range_check];
            for (value, target) in all.iter().zip(target.chunks_exact_mut(LANES)) {
                value.store_slice(target);
            }
        }
        batch_inverse(&mut inverses);

        let mut is_last = [Felt::ZERO; LANES];
        for lane in is_last.iter_mut().skip(RC_PERIOD - 1).step_by(RC_PERIOD) {
            *lane = Felt::ONE;
        }
        let is_last = P::load_slice(&is_last);
        let mut columns = std::array::from_fn(|_| vec![Felt::ZERO; len]);
        for (i, inverses) in inverses.chunks_exact(FRACTIONS * LANES).enumerate() {
            let mut h = [P::zero(); FRACTIONS];
            for (value, lanes) in h.iter_mut().zip(inverses.chunks_exact(LANES)) {
                *value = P::load_slice(lanes);
            }
            let at = i * LANES;
            let cell_count = P::load_slice(&main[CELL_COUNT][first + at..]);
            let rc_count = P::load_slice(&main[RC_COUNT][first + at..]);
            let (dst_op0, limbs) = (h[1] + h[2], h[5] + h[6]);
            let op1_cell = h[3] - cell_count * h[4];
            let range_check = is_last * rc_count * h[8];
            h[0].store_slice(&mut columns[H_INSTRUCTION][at..at + LANES]);
            dst_op0.store_slice(&mut columns[H_DST_OP0][at..at + LANES]);
            op1_cell.store_slice(&mut columns[H_OP1_CELL][at..at + LANES]);
            limbs.store_slice(&mut columns[H_LIMBS][at..at + LANES]);
            let added = h[0] + dst_op0 + op1_cell + limbs + h[7] - range_check;
            added.store_slice(&mut columns[SUM][at..at + LANES]);
        }
        columns
    }
}
