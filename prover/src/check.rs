//! The row checker: evaluates every constraint on a plain trace and names those that fail.
//!
//! A proof of a trace that fails here is refused by the verifier; this says why.

use nilometer_air::cairo::constraints::{self, Constants};
use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH, PERIODIC, RC_PERIOD, SUM};
use nilometer_air::cairo::lookup::{public_sum, ChallengeCollision, N_CHALLENGES};
use nilometer_air::cairo::{boundary, Advice, Claim};
use nilometer_field::Felt;
use winter_math::FieldElement;

/// A constraint that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The constraint's name.
    pub constraint: &'static str,
    /// The row.
    pub row: usize,
    /// What is not zero.
    pub value: Felt,
}

/// All constraints that fail on a trace, in order of rows.
///
/// # Errors
/// A challenge collides with an entry of a table.
pub fn failures(
    claim: &Claim,
    advice: &Advice,
    main: &[Vec<Felt>],
    aux: &[Vec<Felt>],
    challenges: &[Felt; N_CHALLENGES],
) -> Result<Vec<Failure>, ChallengeCollision> {
    let rows = main[0].len();
    let constants = Constants::<Felt>::new();
    let main_row = |row: usize| -> [Felt; MAIN_WIDTH] { std::array::from_fn(|i| main[i][row]) };
    let aux_row = |row: usize| -> [Felt; AUX_WIDTH] { std::array::from_fn(|i| aux[i][row]) };
    let mut failures = Vec::new();
    for row in 0..rows - 1 {
        let periodic = PERIODIC.map(|column| Felt::from(column[row % RC_PERIOD]));
        let (this, next) = (main_row(row), main_row(row + 1));
        let (aux, aux_next) = (aux_row(row), aux_row(row + 1));
        let main = constraints::main(&constants, &this, &next, &periodic);
        let aux = constraints::aux(&constants, &this, &aux, &aux_next, &periodic, challenges);
        for (constraint, value) in constraints::names().zip(main.into_iter().chain(aux)) {
            if value != Felt::ZERO {
                failures.push(Failure { constraint, row, value });
            }
        }
    }
    let sum = public_sum(claim, advice, challenges)?;
    let mut fixed = |constraint, row, value| {
        if value != Felt::ZERO {
            failures.push(Failure { constraint, row, value });
        }
    };
    for (name, column, row, value) in boundary::main(advice, rows) {
        fixed(name, row, main[column][row] - value);
    }
    for (name, row, value) in boundary::aux(sum, rows) {
        fixed(name, row, aux[SUM][row] - value);
    }
    Ok(failures)
}
