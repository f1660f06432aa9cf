//! Hints: what the machine guesses while it runs.
//!
//! A hint writes memory cells that the code after it checks, so hints decide whether a run
//! completes, never what it may prove: they are no part of a program's hash. This is the subset
//! of the Cairo compiler's hints that a provable program needs; a program with any other hint
//! (dictionaries, circuits, syscalls, random curve points) is refused when it is compiled. All
//! of these are deterministic functions of memory and input.

mod convert;
mod execute;

pub(crate) use execute::HintRunner;

use serde::{Deserialize, Serialize};
use starknet_types_core::felt::Felt;

/// A register that cells are addressed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Register {
    /// The allocation pointer.
    Ap,
    /// The frame pointer.
    Fp,
}

/// The memory cell `[register + offset]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell(pub Register, pub i16);

/// The second term of a sum or a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// The value of a cell.
    Cell(Cell),
    /// A constant.
    Value(#[serde(with = "nilometer_field::hex::felt")] Felt),
}

/// A value that a hint reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// The value of a cell.
    Cell(Cell),
    /// The value at the address in a cell, plus an offset.
    Indirect(Cell, i16),
    /// A constant.
    Value(#[serde(with = "nilometer_field::hex::felt")] Felt),
    /// The sum of a cell's value and a term.
    Sum(Cell, Term),
    /// The product of a cell's value and a term.
    Product(Cell, Term),
}

/// One hint; it runs just before the instruction that it stands at.
///
/// Wide integers are limbs of 128 bits, least significant first, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Hint {
    /// Writes the program's input to a new segment and its start and end to `dst`, `dst + 1`.
    Input {
        /// Where the start address goes.
        dst: Cell,
    },
    /// Remembers the felts from `start` to `end`, if `flag` is not zero: a panic's message.
    Panic {
        /// Not zero if the program panicked.
        flag: Operand,
        /// The address of the first felt.
        start: Operand,
        /// The address after the last felt.
        end: Operand,
    },
    /// Writes the address of a new segment.
    AllocSegment {
        /// Where the address goes.
        dst: Cell,
    },
    /// Writes the address of `size` free cells, in a segment shared by all such hints.
    AllocConstantSize {
        /// How many cells.
        size: Operand,
        /// Where the address goes.
        dst: Cell,
    },
    /// Writes whether `lhs < rhs`, as integers.
    TestLessThan {
        /// Left side.
        lhs: Operand,
        /// Right side.
        rhs: Operand,
        /// Where 1 or 0 goes.
        dst: Cell,
    },
    /// Writes whether `lhs <= rhs`, as integers or as addresses of one segment.
    TestLessThanOrEqual {
        /// Left side.
        lhs: Operand,
        /// Right side.
        rhs: Operand,
        /// Where 1 or 0 goes.
        dst: Cell,
    },
    /// Writes the two limbs of `lhs · rhs`.
    WideMul128 {
        /// Left side.
        lhs: Operand,
        /// Right side.
        rhs: Operand,
        /// The more significant limb.
        high: Cell,
        /// The less significant limb.
        low: Cell,
    },
    /// Writes the quotient and the remainder of two integers.
    DivMod {
        /// The dividend.
        lhs: Operand,
        /// The divisor.
        rhs: Operand,
        /// Where the quotient goes.
        quotient: Cell,
        /// Where the remainder goes.
        remainder: Cell,
    },
    /// [`Hint::DivMod`] for wide integers.
    WideDivMod {
        /// Two or four limbs.
        dividend: Vec<Operand>,
        /// Two limbs.
        divisor: Vec<Operand>,
        /// As many limbs as the dividend has.
        quotient: Vec<Cell>,
        /// Two limbs.
        remainder: Vec<Cell>,
    },
    /// Writes the integer square root.
    SquareRoot {
        /// The square.
        value: Operand,
        /// Where the root goes.
        dst: Cell,
    },
    /// Writes the integer square root of a wide integer, and what is left.
    Uint256SquareRoot {
        /// Two limbs.
        value: [Operand; 2],
        /// Two limbs of 64 bits.
        sqrt: [Cell; 2],
        /// Two limbs of `value - sqrt²`.
        remainder: [Cell; 2],
        /// Where 1 goes if `2 · sqrt - remainder >= 2^128`, else 0.
        sqrt_mul_2_minus_remainder_ge_u128: Cell,
    },
    /// Writes `x` and `y` with `x · scalar + y = value` and `x <= max_x`.
    LinearSplit {
        /// What to split.
        value: Operand,
        /// The weight of `x`.
        scalar: Operand,
        /// The largest `x`.
        max_x: Operand,
        /// Where `x` goes.
        x: Cell,
        /// Where `y` goes.
        y: Cell,
    },
    /// Writes the two shorter of the arcs `[0, a]`, `[a, b]`, `[b, P-1]` to four range-check cells.
    AssertLeFindSmallArcs {
        /// The first of the range-check cells.
        range_check_ptr: Operand,
        /// Left side of the assertion.
        a: Operand,
        /// Right side of the assertion.
        b: Operand,
    },
    /// Writes 0 if the arc `[0, a]` was the longest, else 1.
    AssertLeIsFirstArcExcluded {
        /// Where the flag goes.
        skip: Cell,
    },
    /// Writes 0 if the arc `[a, b]` was the longest, else 1.
    AssertLeIsSecondArcExcluded {
        /// Where the flag goes.
        skip: Cell,
    },
}

impl Hint {
    /// Whether its lists have the lengths that it says; all that a type cannot tell.
    pub(crate) fn is_well_formed(&self) -> bool {
        match self {
            Self::WideDivMod { dividend, divisor, quotient, remainder } => {
                matches!(dividend.len(), 2 | 4)
                    && quotient.len() == dividend.len()
                    && divisor.len() == 2
                    && remainder.len() == 2
            }
            _ => true,
        }
    }
}
