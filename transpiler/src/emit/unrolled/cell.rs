//! Scalars of the generated program.

use num_bigint::BigInt;

use crate::quant::Range;

/// A scalar: `value = raw + offset`. Offsets are folded into constants further on, so that shifting a
/// value's origin costs nothing.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub raw: Raw,
    pub offset: i128,
    /// The proved range of the value.
    pub range: Range,
}

/// What the Cairo code holds.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    /// Nothing: the value is the offset.
    Literal,
    /// A `felt252` expression (a variable's name).
    Felt(String),
    /// An integer expression (a variable's name) whose range is its type's.
    Int(String, IntType),
}

/// The type of an integer: what the compiler itself proves of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct IntType {
    pub lo: BigInt,
    pub hi: BigInt,
    /// `u128` is a type of its own, not a `BoundedInt`.
    is_u128: bool,
}

impl Cell {
    pub fn literal(value: i128) -> Self {
        Self { raw: Raw::Literal, offset: value, range: Range::point(value) }
    }

    pub fn felt(name: impl Into<String>, offset: i128, range: Range) -> Self {
        Self { raw: Raw::Felt(name.into()), offset, range }
    }

    pub fn int(name: impl Into<String>, ty: IntType, offset: i128, range: Range) -> Self {
        Self { raw: Raw::Int(name.into(), ty), offset, range }
    }
}

/// `expr + offset`.
pub(super) fn shifted(expr: &str, offset: i128) -> String {
    match offset {
        0 => expr.to_owned(),
        1.. => format!("{expr} + {offset}"),
        _ => format!("{expr} - {}", offset.unsigned_abs()),
    }
}

impl IntType {
    pub fn new(lo: impl Into<BigInt>, hi: impl Into<BigInt>) -> Self {
        Self { lo: lo.into(), hi: hi.into(), is_u128: false }
    }

    pub fn point(value: impl Into<BigInt>) -> Self {
        let value = value.into();
        Self::new(value.clone(), value)
    }

    pub fn u128() -> Self {
        Self { lo: 0.into(), hi: u128::MAX.into(), is_u128: true }
    }

    /// The type in Cairo.
    pub fn cairo(&self) -> String {
        if self.is_u128 {
            "u128".to_owned()
        } else {
            format!("BoundedInt<{}, {}>", self.lo, self.hi)
        }
    }

    /// The smallest type that holds both.
    pub fn union(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        Self::new(self.lo.clone().min(other.lo.clone()), self.hi.clone().max(other.hi.clone()))
    }
}
