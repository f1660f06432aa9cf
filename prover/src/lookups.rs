//! The auxiliary segment of the trace: the lookups' fractions and their running sum.

use nilometer_air::cairo::constraints::{denominators, Constants};
use nilometer_air::cairo::layout::{
    AUX_WIDTH, CELL_COUNT, H_DST_OP0, H_INSTRUCTION, H_LIMBS, H_OP1_CELL, MAIN_WIDTH, RC_COUNT,
    RC_PERIOD, SUM,
};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::Felt;
use rayon::prelude::*;
use winter_math::{batch_inversion, FieldElement};

/// Rows that one task computes.
const TASK_ROWS: usize = 1 << 10;
/// Fractions of a row.
const FRACTIONS: usize = 9;

/// The auxiliary segment's columns for a main segment and challenges.
pub fn build(main: &[Vec<Felt>], challenges: &[Felt; N_CHALLENGES]) -> Vec<Vec<Felt>> {
    let rows = main[0].len();
    let mut columns = vec![vec![Felt::ZERO; rows]; AUX_WIDTH];
    let tasks: Vec<Vec<[Felt; AUX_WIDTH]>> = (0..rows)
        .into_par_iter()
        .step_by(TASK_ROWS)
        .map(|start| fractions(main, challenges, start..rows.min(start + TASK_ROWS)))
        .collect();
    let mut sum = Felt::ZERO;
    for (row, fractions) in tasks.into_iter().flatten().enumerate() {
        for column in [H_INSTRUCTION, H_DST_OP0, H_OP1_CELL, H_LIMBS] {
            columns[column][row] = fractions[column];
        }
        columns[SUM][row] = sum;
        sum += fractions[SUM];
    }
    columns
}

/// Each row's fractions, and in the place of the sum what the row adds to it.
fn fractions(
    main: &[Vec<Felt>],
    challenges: &[Felt; N_CHALLENGES],
    rows: std::ops::Range<usize>,
) -> Vec<[Felt; AUX_WIDTH]> {
    let constants = Constants::<Felt>::new();
    let mut all = Vec::with_capacity(FRACTIONS * rows.len());
    for row in rows.clone() {
        let values: [Felt; MAIN_WIDTH] = std::array::from_fn(|column| main[column][row]);
        let d = denominators(&constants, &values, challenges);
        let [high, middle, low] = d.limbs;
        all.extend([d.instruction, d.dst, d.op0, d.op1, d.cell, high, middle, low, d.range_check]);
    }
    let inverses = batch_inversion(&all);
    let fraction = |(row, inverses): (usize, &[Felt])| {
        let mut values = [Felt::ZERO; AUX_WIDTH];
        values[H_INSTRUCTION] = inverses[0];
        values[H_DST_OP0] = inverses[1] + inverses[2];
        values[H_OP1_CELL] = inverses[3] - main[CELL_COUNT][row] * inverses[4];
        values[H_LIMBS] = inverses[5] + inverses[6];
        let mut added: Felt = values[..SUM].iter().fold(inverses[7], |sum, value| sum + *value);
        if row % RC_PERIOD == RC_PERIOD - 1 {
            added -= main[RC_COUNT][row] * inverses[8];
        }
        values[SUM] = added;
        values
    };
    rows.zip(inverses.chunks_exact(FRACTIONS)).map(fraction).collect()
}
