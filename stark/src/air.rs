//! What a statement has to say of itself to be proved: its columns and its constraints.
//!
//! An AIR's columns are in three trees, committed to one after the other:
//!
//! | tree | fixed by | committed |
//! |---|---|---|
//! | preprocessed | the AIR alone: weights, selectors, tables | once, for all proofs: the key |
//! | main | the witness | first |
//! | auxiliary | the witness and the challenges: lookups, random combinations | after the challenges |
//!
//! All columns have `n_rows` values. Constraints see a row and the one after it ([`Frame`]).

use thiserror::Error;

use crate::{Felt, Value};

/// The fewest rows.
pub const MIN_ROWS: usize = 1 << 4;
/// The most rows.
pub const MAX_ROWS: usize = 1 << 26;
/// The most columns of one tree.
pub const MAX_WIDTH: usize = 1 << 12;

/// One thing per tree of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns<T> {
    /// Of the preprocessed columns.
    pub preprocessed: T,
    /// Of the main columns.
    pub main: T,
    /// Of the auxiliary columns.
    pub aux: T,
}

impl<T> Columns<T> {
    /// The three, in the order in which they are committed to.
    pub fn as_array(&self) -> [&T; 3] {
        [&self.preprocessed, &self.main, &self.aux]
    }
}

impl<T> Columns<Vec<T>> {
    /// The three as slices.
    pub fn as_slices(&self) -> Columns<&[T]> {
        Columns { preprocessed: &self.preprocessed, main: &self.main, aux: &self.aux }
    }
}

/// The numbers of an AIR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of all columns: a power of two from [`MIN_ROWS`] to [`MAX_ROWS`].
    pub n_rows: usize,
    /// Number of columns; any may be zero, but not the main one.
    pub width: Columns<usize>,
    /// The columns whose next-row value the constraints read, ascending. A column costs an opening more
    /// if it is here. The next-row value of a column that is not here reads as zero, everywhere alike.
    pub next: Columns<Vec<usize>>,
    /// Challenges that are drawn after the main commitment, each uniform in the field.
    pub n_challenges: usize,
    /// The error of the argument that the challenges serve, times p: over their draw, a main trace that
    /// satisfies no statement has fitting auxiliary columns with at most this probability over p. A sum of
    /// fractions (LogUp): the number of all fractions, those of the public side included, times the number
    /// of values that a fingerprint combines. Freivalds' check: the degree in the challenge. Several add up.
    pub argument_degree: u64,
    /// Values that [`Air::derive`] makes of them.
    pub n_derived: usize,
    /// Last rows on which transitions do not hold: 1, as the last row has no next one. With more, the rows
    /// after row `n_rows - exempt_rows` are under no constraint at all, and so have room for random values
    /// (nothing hides anything yet).
    pub exempt_rows: usize,
}

impl Shape {
    /// The last row that constraints reach: where [`Kind::Last`] holds.
    pub fn last_row(&self) -> usize {
        self.n_rows - self.exempt_rows
    }
}

/// The rows on which a constraint holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All rows up to [`Shape::last_row`], it included. Must not read next-row values: on the last row they
    /// are those of row 0 or of free rows.
    Every,
    /// All rows before [`Shape::last_row`], each with its next one.
    Transition,
    /// Row 0.
    First,
    /// [`Shape::last_row`].
    Last,
}

/// A constraint, apart from its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConstraintInfo {
    /// What errors call it, such as `dense::accumulate`.
    pub name: &'static str,
    /// Degree in the columns of all trees (challenges and derived values count as constants); at least 1.
    /// The number of quotient columns is the largest `degree - 1` of constraints on many rows, or the largest
    /// degree of constraints on one row if that is more.
    pub degree: usize,
    /// Where it holds.
    pub kind: Kind,
}

/// A row and the next one, of each tree; full width, also where `next` is not declared.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a, V> {
    /// The row.
    pub row: Columns<&'a [V]>,
    /// The row after it, of the columns in [`Shape::next`]; zeros elsewhere.
    pub next: Columns<&'a [V]>,
}

/// A value that both sides compute does not exist with these challenges.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AirError {
    /// A denominator is zero: a challenge hit an entry of a public table. Happens by chance once in about
    /// `2^230` proofs.
    #[error("a challenge collides with {what}")]
    Collision {
        /// What it collides with.
        what: &'static str,
    },
}

/// The constraints of a statement: its instance holds the public input.
///
/// A proof says: there are main columns, and for nearly all challenges auxiliary columns, so that together
/// with the key's preprocessed columns all constraints hold.
pub trait Air: Sync {
    /// The AIR's name, at most 31 bytes of ASCII; absorbed.
    fn name(&self) -> &str;

    /// Changes whenever the meaning of columns, constraints or public input does; absorbed.
    fn version(&self) -> u64;

    /// Its numbers.
    fn shape(&self) -> &Shape;

    /// The public input, as an injective encoding (with length prefixes); absorbed whole.
    fn public_input(&self) -> Vec<Felt>;

    /// Its constraints, in the order of [`Air::eval`].
    fn constraints(&self) -> &[ConstraintInfo];

    /// Values that both sides make of public input and challenges, [`Shape::n_derived`] of them: the public
    /// side of a lookup's sum, powers of a challenge. To the constraints they are constants.
    ///
    /// # Errors
    /// A denominator is zero.
    fn derive(&self, challenges: &[Felt]) -> Result<Vec<Felt>, AirError>;

    /// The constraints' expressions on a frame, one per [`Air::constraints`], each zero where it holds.
    ///
    /// Written once: the verifier evaluates it on one [`Felt`] per column, the prover on eight rows side by
    /// side, the row checker on a plain trace. It and what it calls must be `#[inline(always)]` and free of
    /// closures that are not inlined, or vector instructions become calls. It must not depend on values by
    /// branching: only on the AIR.
    fn eval<V: Value>(&self, frame: &Frame<'_, V>, challenges: &[V], derived: &[V], out: &mut [V]);
}
