//! The row checker: every constraint on a plain trace, with the names of those that fail.

use crate::air::{Air, Columns, Frame, Kind};
use crate::Felt;

/// A constraint that does not hold on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The constraint's name.
    pub constraint: &'static str,
    /// The row.
    pub row: usize,
    /// What is not zero.
    pub value: Felt,
}

/// All constraints that fail, in order of rows; a proof of such a trace is refused by the verifier.
///
/// Columns are as in [`super::prove`]; `challenges` and `derived` are any, with the auxiliary columns that
/// follow from them.
pub fn failures<A: Air>(
    air: &A,
    columns: Columns<&[Vec<Felt>]>,
    challenges: &[Felt],
    derived: &[Felt],
) -> Vec<Failure> {
    let shape = air.shape();
    let constraints = air.constraints();
    let mut failures = Vec::new();
    let mut out = vec![Felt::default(); constraints.len()];
    for row in 0..=shape.last_row() {
        let next_row = (row + 1) % shape.n_rows;
        let at = |columns: &[Vec<Felt>]| columns.iter().map(|c| c[row]).collect::<Vec<_>>();
        let after = |columns: &[Vec<Felt>], declared: &[usize]| {
            let mut values = vec![Felt::default(); columns.len()];
            for column in declared {
                values[*column] = columns[*column][next_row];
            }
            values
        };
        let this = Columns {
            preprocessed: at(columns.preprocessed),
            main: at(columns.main),
            aux: at(columns.aux),
        };
        let next = Columns {
            preprocessed: after(columns.preprocessed, &shape.next.preprocessed),
            main: after(columns.main, &shape.next.main),
            aux: after(columns.aux, &shape.next.aux),
        };
        let frame = Frame { row: this.as_slices(), next: next.as_slices() };
        air.eval(&frame, challenges, derived, &mut out);
        for (constraint, value) in constraints.iter().zip(&out) {
            let holds_here = match constraint.kind {
                Kind::Every => true,
                Kind::Transition => row < shape.last_row(),
                Kind::First => row == 0,
                Kind::Last => row == shape.last_row(),
            };
            if holds_here && *value != Felt::default() {
                failures.push(Failure { constraint: constraint.name, row, value: *value });
            }
        }
    }
    failures
}
