//! Runs hints on the virtual machine.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use cairo_vm::hint_processor::hint_processor_definition::{HintProcessorLogic, HintReference};
use cairo_vm::serde::deserialize_program::ApTracking;
use cairo_vm::types::exec_scope::ExecutionScopes;
use cairo_vm::types::relocatable::{MaybeRelocatable, Relocatable};
use cairo_vm::vm::errors::hint_errors::HintError;
use cairo_vm::vm::errors::vm_errors::VirtualMachineError;
use cairo_vm::vm::runners::cairo_runner::{ResourceTracker, RunResources};
use cairo_vm::vm::vm_core::VirtualMachine;
use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};
use starknet_types_core::felt::Felt;

use super::{Cell, Hint, Operand, Register, Term};

// Hints are not covered by a program's hash, so a hostile file may pair honest code with any of
// them. They must not make the machine write far away, where memory would have to be filled up.

/// The most cells that [`Hint::AllocConstantSize`] hands out in one run.
const MAX_POOL_LEN: usize = 1 << 24;

/// The farthest that a hint's address is from the one that it is relative to, up or down.
const MAX_OFFSET: Felt = Felt::from_hex_unchecked("0x10000");

/// The hints of one run, and what they carry from one to the next.
pub(crate) struct HintRunner<'a> {
    hints: &'a [Hint],
    input: &'a [Felt],
    resources: RunResources,
    /// The segment of [`Hint::AllocConstantSize`], from its first free cell.
    free_cells: Option<Relocatable>,
    /// The longest arc of the last [`Hint::AssertLeFindSmallArcs`].
    excluded_arc: usize,
    /// The message of a panic.
    panic: Option<Vec<Felt>>,
}

impl<'a> HintRunner<'a> {
    /// For a run over `input` with at most `max_steps` steps; the VM names hints by their index.
    pub(crate) fn new(hints: &'a [Hint], input: &'a [Felt], max_steps: Option<usize>) -> Self {
        let resources = max_steps.map(RunResources::new).unwrap_or_default();
        Self { hints, input, resources, free_cells: None, excluded_arc: 0, panic: None }
    }

    /// The felts that the program panicked with.
    pub(crate) fn into_panic(self) -> Option<Vec<Felt>> {
        self.panic
    }

    fn execute(&mut self, vm: &mut VirtualMachine, hint: &Hint) -> Result<(), HintError> {
        match hint {
            Hint::Input { dst } => {
                let start = vm.add_memory_segment();
                let cells: Vec<MaybeRelocatable> = self.input.iter().map(Into::into).collect();
                let end = vm.load_data(start, &cells)?;
                let dst = address(vm, dst)?;
                vm.insert_value(dst, start)?;
                vm.insert_value((dst + 1_usize)?, end)?;
            }
            Hint::Panic { flag, start, end } => {
                if !felt(vm, flag)?.is_zero() {
                    self.panic = Some(felts(vm, pointer(vm, start)?, pointer(vm, end)?)?);
                }
            }
            Hint::AllocSegment { dst } => {
                let segment = vm.add_memory_segment();
                vm.insert_value(address(vm, dst)?, segment)?;
            }
            Hint::AllocConstantSize { size, dst } => {
                let start = match self.free_cells {
                    Some(start) => start,
                    None => vm.add_memory_segment(),
                };
                let end =
                    felt(vm, size)?.to_usize().and_then(|size| start.offset.checked_add(size));
                let end = end.filter(|end| *end <= MAX_POOL_LEN);
                let offset = end.ok_or_else(|| error("allocation is too large"))?;
                self.free_cells = Some(Relocatable { offset, ..start });
                vm.insert_value(address(vm, dst)?, start)?;
            }
            Hint::TestLessThan { lhs, rhs, dst } => {
                let holds = felt(vm, lhs)? < felt(vm, rhs)?;
                put(vm, dst, Felt::from(holds))?;
            }
            Hint::TestLessThanOrEqual { lhs, rhs, dst } => {
                use MaybeRelocatable::{Int, RelocatableValue};
                let holds = match (value(vm, lhs)?, value(vm, rhs)?) {
                    (Int(lhs), Int(rhs)) => lhs <= rhs,
                    (RelocatableValue(lhs), RelocatableValue(rhs))
                        if lhs.segment_index == rhs.segment_index =>
                    {
                        lhs.offset <= rhs.offset
                    }
                    _ => return Err(error("comparison of unrelated addresses")),
                };
                put(vm, dst, Felt::from(holds))?;
            }
            Hint::WideMul128 { lhs, rhs, high, low } => {
                let product = felt(vm, lhs)?.to_biguint() * felt(vm, rhs)?.to_biguint();
                put_limbs(vm, &[*low, *high], &product, 128)?;
            }
            Hint::DivMod { lhs, rhs, quotient, remainder } => {
                let (q, r) = div_rem(felt(vm, lhs)?, felt(vm, rhs)?)?;
                put(vm, quotient, q)?;
                put(vm, remainder, r)?;
            }
            Hint::WideDivMod { dividend, divisor, quotient, remainder } => {
                let divisor = from_limbs(vm, divisor)?;
                if divisor.is_zero() {
                    return Err(error("division by zero"));
                }
                let (q, r) = from_limbs(vm, dividend)?.div_rem(&divisor);
                put_limbs(vm, quotient, &q, 128)?;
                put_limbs(vm, remainder, &r, 128)?;
            }
            Hint::SquareRoot { value, dst } => {
                let root = felt(vm, value)?.to_biguint().sqrt();
                put(vm, dst, Felt::from(root))?;
            }
            Hint::Uint256SquareRoot {
                value,
                sqrt,
                remainder,
                sqrt_mul_2_minus_remainder_ge_u128,
            } => {
                let value = from_limbs(vm, value)?;
                let root = value.sqrt();
                let rest = value - &root * &root;
                // The rest is at most twice the root.
                let large = (&root * 2_u32 - &rest).bits() > 128;
                put_limbs(vm, sqrt, &root, 64)?;
                put_limbs(vm, remainder, &rest, 128)?;
                put(vm, sqrt_mul_2_minus_remainder_ge_u128, Felt::from(large))?;
            }
            Hint::LinearSplit { value, scalar, max_x, x, y } => {
                let (value, scalar) = (felt(vm, value)?, felt(vm, scalar)?);
                let (quotient, _) = div_rem(value, scalar)?;
                let x_value = quotient.min(felt(vm, max_x)?);
                put(vm, x, x_value)?;
                put(vm, y, value - x_value * scalar)?;
            }
            Hint::AssertLeFindSmallArcs { range_check_ptr, a, b } => {
                self.find_small_arcs(vm, range_check_ptr, felt(vm, a)?, felt(vm, b)?)?;
            }
            Hint::AssertLeIsFirstArcExcluded { skip } => {
                put(vm, skip, Felt::from(self.excluded_arc != 0))?;
            }
            Hint::AssertLeIsSecondArcExcluded { skip } => {
                put(vm, skip, Felt::from(self.excluded_arc != 1))?;
            }
        }
        Ok(())
    }

    /// Two of the three arcs are together shorter than the field, so one is at most a third of
    /// it and the other at most a half: each is `low + high · ceil(P / n / 2^128)`, both parts
    /// within the range check.
    fn find_small_arcs(
        &mut self,
        vm: &mut VirtualMachine,
        range_check_ptr: &Operand,
        a: Felt,
        b: Felt,
    ) -> Result<(), HintError> {
        let mut arcs = [(a, 0), (b - a, 1), (Felt::MAX - b, 2)];
        arcs.sort_unstable();
        self.excluded_arc = arcs[2].1;
        let mut to = pointer(vm, range_check_ptr)?;
        let prime = Felt::MAX.to_biguint() + 1_u32;
        for ((length, _), share) in arcs.iter().zip([3_u32, 2]) {
            let unit = Integer::div_ceil(&prime, &(BigUint::from(share) << 128));
            let (high, low) = length.to_biguint().div_rem(&unit);
            for part in [low, high] {
                vm.insert_value(to, Felt::from(part))?;
                to = (to + 1_usize)?;
            }
        }
        Ok(())
    }
}

impl HintProcessorLogic for HintRunner<'_> {
    fn execute_hint(
        &mut self,
        vm: &mut VirtualMachine,
        _scopes: &mut ExecutionScopes,
        data: &Box<dyn Any>,
    ) -> Result<(), HintError> {
        let hints = self.hints;
        let hint = data.downcast_ref::<usize>().and_then(|index| hints.get(*index));
        self.execute(vm, hint.ok_or(HintError::WrongHintData)?)
    }

    fn compile_hint(
        &self,
        code: &str,
        _ap_tracking: &ApTracking,
        _reference_ids: &HashMap<String, usize>,
        _references: &[HintReference],
        _accessible_scopes: &[String],
        _constants: Arc<HashMap<String, Felt>>,
    ) -> Result<Box<dyn Any>, VirtualMachineError> {
        let index: usize =
            code.parse().map_err(|_| VirtualMachineError::CompileHintFail(code.into()))?;
        Ok(Box::new(index))
    }
}

impl ResourceTracker for HintRunner<'_> {
    fn consumed(&self) -> bool {
        self.resources.consumed()
    }

    fn consume_step(&mut self) {
        self.resources.consume_step();
    }

    fn get_n_steps(&self) -> Option<usize> {
        self.resources.get_n_steps()
    }

    fn run_resources(&self) -> &RunResources {
        &self.resources
    }
}

fn error(message: &str) -> HintError {
    HintError::CustomHint(message.into())
}

fn address(vm: &VirtualMachine, cell: &Cell) -> Result<Relocatable, HintError> {
    let base = match cell.0 {
        Register::Ap => vm.get_ap(),
        Register::Fp => vm.get_fp(),
    };
    Ok((base + i32::from(cell.1))?)
}

fn put(vm: &mut VirtualMachine, cell: &Cell, felt: Felt) -> Result<(), HintError> {
    Ok(vm.insert_value(address(vm, cell)?, felt)?)
}

fn cell_felt(vm: &VirtualMachine, cell: &Cell) -> Result<Felt, HintError> {
    Ok(*vm.get_integer(address(vm, cell)?)?)
}

fn term_felt(vm: &VirtualMachine, term: &Term) -> Result<Felt, HintError> {
    match term {
        Term::Cell(cell) => cell_felt(vm, cell),
        Term::Value(felt) => Ok(*felt),
    }
}

fn felt(vm: &VirtualMachine, operand: &Operand) -> Result<Felt, HintError> {
    match operand {
        Operand::Cell(cell) => cell_felt(vm, cell),
        Operand::Indirect(cell, offset) => {
            let base = vm.get_relocatable(address(vm, cell)?)?;
            Ok(*vm.get_integer((base + i32::from(*offset))?)?)
        }
        Operand::Value(felt) => Ok(*felt),
        Operand::Sum(cell, term) => Ok(cell_felt(vm, cell)? + term_felt(vm, term)?),
        Operand::Product(cell, term) => Ok(cell_felt(vm, cell)? * term_felt(vm, term)?),
    }
}

/// A number or an address.
fn value(vm: &VirtualMachine, operand: &Operand) -> Result<MaybeRelocatable, HintError> {
    let at = |address: Relocatable| {
        vm.get_maybe(&address).ok_or_else(|| error("value of a cell that is not set"))
    };
    match operand {
        Operand::Cell(cell) => at(address(vm, cell)?),
        Operand::Indirect(cell, offset) => {
            at((vm.get_relocatable(address(vm, cell)?)? + i32::from(*offset))?)
        }
        Operand::Sum(cell, term) => {
            let (base, term) = (at(address(vm, cell)?)?, term_felt(vm, term)?);
            let far = term > MAX_OFFSET && -term > MAX_OFFSET;
            if far && matches!(base, MaybeRelocatable::RelocatableValue(_)) {
                return Err(error("address far from what it is relative to"));
            }
            Ok(base.add_int(&term)?)
        }
        Operand::Value(_) | Operand::Product(..) => Ok(felt(vm, operand)?.into()),
    }
}

fn pointer(vm: &VirtualMachine, operand: &Operand) -> Result<Relocatable, HintError> {
    match value(vm, operand)? {
        MaybeRelocatable::RelocatableValue(address) => Ok(address),
        MaybeRelocatable::Int(_) => Err(error("number where an address was wanted")),
    }
}

fn felts(
    vm: &VirtualMachine,
    start: Relocatable,
    end: Relocatable,
) -> Result<Vec<Felt>, HintError> {
    let length = (end - start)?;
    let mut felts = Vec::new();
    for offset in 0..length {
        felts.push(*vm.get_integer((start + offset)?)?);
    }
    Ok(felts)
}

fn div_rem(lhs: Felt, rhs: Felt) -> Result<(Felt, Felt), HintError> {
    if rhs.is_zero() {
        return Err(error("division by zero"));
    }
    Ok(match (lhs.to_u128(), rhs.to_u128()) {
        (Some(lhs), Some(rhs)) => ((lhs / rhs).into(), (lhs % rhs).into()),
        _ => {
            let (quotient, remainder) = lhs.to_biguint().div_rem(&rhs.to_biguint());
            (quotient.into(), remainder.into())
        }
    })
}

fn from_limbs(vm: &VirtualMachine, limbs: &[Operand]) -> Result<BigUint, HintError> {
    let mut sum = BigUint::zero();
    for limb in limbs.iter().rev() {
        sum = (sum << 128) + felt(vm, limb)?.to_biguint();
    }
    Ok(sum)
}

/// Writes an integer in limbs of `bits` bits; what is beyond the last limb stays in it.
fn put_limbs(
    vm: &mut VirtualMachine,
    cells: &[Cell],
    integer: &BigUint,
    bits: usize,
) -> Result<(), HintError> {
    let mask = (BigUint::from(1_u32) << bits) - 1_u32;
    for (index, cell) in cells.iter().enumerate() {
        let rest = integer >> (bits * index);
        let limb = if index + 1 == cells.len() { rest } else { rest & &mask };
        put(vm, cell, Felt::from(limb))?;
    }
    Ok(())
}
