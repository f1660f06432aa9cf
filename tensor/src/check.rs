//! The row checker: every constraint of any AIR on a plain trace, with the names of those that fail.

use nilometer_stark::{Air, AirError, Columns, Frame, Kind};
use nilometer_tensor_air::Felt;
use winter_math::FieldElement;

/// A constraint that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name.
    pub constraint: &'static str,
    /// The row.
    pub row: usize,
    /// What is not zero.
    pub value: Felt,
}

/// All constraints that fail, in order of rows.
///
/// # Errors
/// A challenge collides with a public value.
pub fn failures<A: Air>(
    air: &A,
    trees: &Columns<&[Vec<Felt>]>,
    challenges: &[Felt],
) -> Result<Vec<Failure>, AirError> {
    let shape = air.shape();
    let derived = air.derive(challenges)?;
    let row_of = |tree: &[Vec<Felt>], row: usize| -> Vec<Felt> {
        tree.iter().map(|column| column[row]).collect()
    };
    let next_of = |tree: &[Vec<Felt>], read: &[usize], row: usize| -> Vec<Felt> {
        let mut next = vec![Felt::ZERO; tree.len()];
        for &column in read {
            next[column] = tree[column][row];
        }
        next
    };
    let mut out = vec![Felt::ZERO; air.constraints().len()];
    let mut failures = Vec::new();
    for row in 0..=shape.last_row() {
        let next_row = (row + 1) % shape.n_rows;
        let (p, m, a) = (
            row_of(trees.preprocessed, row),
            row_of(trees.main, row),
            row_of(trees.aux, row),
        );
        let (np, nm, na) = (
            next_of(trees.preprocessed, &shape.next.preprocessed, next_row),
            next_of(trees.main, &shape.next.main, next_row),
            next_of(trees.aux, &shape.next.aux, next_row),
        );
        let frame = Frame {
            row: Columns { preprocessed: &p[..], main: &m[..], aux: &a[..] },
            next: Columns { preprocessed: &np[..], main: &nm[..], aux: &na[..] },
        };
        air.eval(&frame, challenges, &derived, &mut out);
        for (info, &value) in air.constraints().iter().zip(&out) {
            let holds = match info.kind {
                Kind::Every => true,
                Kind::Transition => row < shape.last_row(),
                Kind::First => row == 0,
                Kind::Last => row == shape.last_row(),
            };
            if holds && value != Felt::ZERO {
                failures.push(Failure { constraint: info.name, row, value });
            }
        }
    }
    Ok(failures)
}
