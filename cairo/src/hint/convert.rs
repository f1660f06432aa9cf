//! From the Cairo compiler's hints to ours.

use cairo_lang_casm::hints::{CoreHint, CoreHintBase, DeprecatedHint, Hint as CasmHint};
use cairo_lang_casm::operand::{
    BinOpOperand, CellRef, DerefOrImmediate, Operation, Register as CasmRegister, ResOperand,
};
use starknet_types_core::felt::Felt;

use super::{Cell, Hint, Operand, Register, Term};

/// A hint that a provable program cannot have; its name in the compiler.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unsupported(pub(crate) String);

impl Hint {
    /// Ours for one of the compiler's; `None` if it writes nothing.
    pub(crate) fn from_casm(hint: &CasmHint) -> Result<Option<Self>, Unsupported> {
        match hint {
            CasmHint::Core(CoreHintBase::Core(hint)) => from_core(hint),
            // Assertions on the prover's side only: the code checks the same thing.
            CasmHint::Core(CoreHintBase::Deprecated(
                DeprecatedHint::AssertLeAssertThirdArcExcluded
                | DeprecatedHint::AssertLtAssertValidInput { .. },
            )) => Ok(None),
            other => Err(unsupported(other)),
        }
    }
}

fn unsupported(hint: &impl std::fmt::Debug) -> Unsupported {
    let text = format!("{hint:?}");
    let mut text = text.as_str();
    // `Core(Core(Name { .. }))` is about `Name`.
    for prefix in ["Core(", "Deprecated(", "Starknet(", "External("] {
        text = text.trim_start_matches(prefix);
    }
    let name = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or(text);
    Unsupported(name.to_owned())
}

fn from_core(hint: &CoreHint) -> Result<Option<Hint>, Unsupported> {
    Ok(Some(match hint {
        CoreHint::AllocSegment { dst } => Hint::AllocSegment { dst: dst.into() },
        CoreHint::AllocConstantSize { size, dst } => {
            Hint::AllocConstantSize { size: size.into(), dst: dst.into() }
        }
        CoreHint::TestLessThan { lhs, rhs, dst } => {
            Hint::TestLessThan { lhs: lhs.into(), rhs: rhs.into(), dst: dst.into() }
        }
        CoreHint::TestLessThanOrEqual { lhs, rhs, dst }
        | CoreHint::TestLessThanOrEqualAddress { lhs, rhs, dst } => {
            Hint::TestLessThanOrEqual { lhs: lhs.into(), rhs: rhs.into(), dst: dst.into() }
        }
        CoreHint::WideMul128 { lhs, rhs, high, low } => Hint::WideMul128 {
            lhs: lhs.into(),
            rhs: rhs.into(),
            high: high.into(),
            low: low.into(),
        },
        CoreHint::DivMod { lhs, rhs, quotient, remainder } => Hint::DivMod {
            lhs: lhs.into(),
            rhs: rhs.into(),
            quotient: quotient.into(),
            remainder: remainder.into(),
        },
        CoreHint::Uint256DivMod {
            dividend0,
            dividend1,
            divisor0,
            divisor1,
            quotient0,
            quotient1,
            remainder0,
            remainder1,
        } => Hint::WideDivMod {
            dividend: operands(&[dividend0, dividend1]),
            divisor: operands(&[divisor0, divisor1]),
            quotient: cells(&[quotient0, quotient1]),
            remainder: cells(&[remainder0, remainder1]),
        },
        CoreHint::Uint512DivModByUint256 {
            dividend0,
            dividend1,
            dividend2,
            dividend3,
            divisor0,
            divisor1,
            quotient0,
            quotient1,
            quotient2,
            quotient3,
            remainder0,
            remainder1,
        } => Hint::WideDivMod {
            dividend: operands(&[dividend0, dividend1, dividend2, dividend3]),
            divisor: operands(&[divisor0, divisor1]),
            quotient: cells(&[quotient0, quotient1, quotient2, quotient3]),
            remainder: cells(&[remainder0, remainder1]),
        },
        CoreHint::SquareRoot { value, dst } => {
            Hint::SquareRoot { value: value.into(), dst: dst.into() }
        }
        CoreHint::Uint256SquareRoot {
            value_low,
            value_high,
            sqrt0,
            sqrt1,
            remainder_low,
            remainder_high,
            sqrt_mul_2_minus_remainder_ge_u128,
        } => Hint::Uint256SquareRoot {
            value: [value_low.into(), value_high.into()],
            sqrt: [sqrt0.into(), sqrt1.into()],
            remainder: [remainder_low.into(), remainder_high.into()],
            sqrt_mul_2_minus_remainder_ge_u128: sqrt_mul_2_minus_remainder_ge_u128.into(),
        },
        CoreHint::LinearSplit { value, scalar, max_x, x, y } => Hint::LinearSplit {
            value: value.into(),
            scalar: scalar.into(),
            max_x: max_x.into(),
            x: x.into(),
            y: y.into(),
        },
        CoreHint::AssertLeFindSmallArcs { range_check_ptr, a, b } => Hint::AssertLeFindSmallArcs {
            range_check_ptr: range_check_ptr.into(),
            a: a.into(),
            b: b.into(),
        },
        CoreHint::AssertLeIsFirstArcExcluded { skip_exclude_a_flag } => {
            Hint::AssertLeIsFirstArcExcluded { skip: skip_exclude_a_flag.into() }
        }
        CoreHint::AssertLeIsSecondArcExcluded { skip_exclude_b_minus_a } => {
            Hint::AssertLeIsSecondArcExcluded { skip: skip_exclude_b_minus_a.into() }
        }
        // A library does not print; the hint writes nothing.
        CoreHint::DebugPrint { .. } => return Ok(None),
        other => return Err(unsupported(other)),
    }))
}

fn operands(list: &[&ResOperand]) -> Vec<Operand> {
    list.iter().map(|operand| Operand::from(*operand)).collect()
}

fn cells(list: &[&CellRef]) -> Vec<Cell> {
    list.iter().map(|cell| Cell::from(*cell)).collect()
}

impl From<&CellRef> for Cell {
    fn from(cell: &CellRef) -> Self {
        let register = match cell.register {
            CasmRegister::AP => Register::Ap,
            CasmRegister::FP => Register::Fp,
        };
        Self(register, cell.offset)
    }
}

impl From<&DerefOrImmediate> for Term {
    fn from(term: &DerefOrImmediate) -> Self {
        match term {
            DerefOrImmediate::Deref(cell) => Self::Cell(cell.into()),
            DerefOrImmediate::Immediate(value) => Self::Value(Felt::from(&value.value)),
        }
    }
}

impl From<&ResOperand> for Operand {
    fn from(operand: &ResOperand) -> Self {
        match operand {
            ResOperand::Deref(cell) => Self::Cell(cell.into()),
            ResOperand::DoubleDeref(cell, offset) => Self::Indirect(cell.into(), *offset),
            ResOperand::Immediate(value) => Self::Value(Felt::from(&value.value)),
            ResOperand::BinOp(BinOpOperand { op: Operation::Add, a, b }) => {
                Self::Sum(a.into(), b.into())
            }
            ResOperand::BinOp(BinOpOperand { op: Operation::Mul, a, b }) => {
                Self::Product(a.into(), b.into())
            }
        }
    }
}
