//! The constraints, each an expression that is zero on every row but the last.
//!
//! They are written once, over any type that adds and multiplies: the verifier evaluates them at one point,
//! the prover on eight rows at a time, the row checker on a plain trace.
//!
//! Rows: "next" is the row after. No constraint holds on the last row, and nothing that the last row looks
//! up is counted, so the last row is a state and no step.

use std::ops::{Add, Mul, Sub};

use winter_math::FieldElement;

use super::address;
use super::isa::{Flag, N_FLAGS};
use super::layout::{
    flag, ACC, AP, CELL_COUNT, CELL_VALUE, DST, DST_ADDR, FLAGS, FP, H_DST_OP0, H_INSTRUCTION,
    H_LIMBS, H_OP1_CELL, INDEX, LIMB_BITS, LIMB_HIGH, LIMB_LOW, LIMB_MID, OP0, OP0_ADDR, OP1,
    OP1_ADDR, PC, RC_COUNT, RC_FIRST, RC_LAST, RC_PERIOD, RES, SUM,
};
use super::lookup::N_CHALLENGES;
use crate::Felt;

/// What constraints compute with: an element, or several side by side.
pub trait Value: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// An element of the field.
    fn constant(felt: Felt) -> Self;
}

impl<E: FieldElement<BaseField = Felt>> Value for E {
    #[inline(always)]
    fn constant(felt: Felt) -> Self {
        Self::from(felt)
    }
}

/// Constants that the constraints use, made once for many rows.
#[derive(Clone, Copy, Debug)]
pub struct Constants<V> {
    one: V,
    two: V,
    limb: V,
    limb_2: V,
    limb_3: V,
    high_limb: V,
    execution: V,
    range_check: V,
    quarter: V,
}

impl<V: Value> Constants<V> {
    /// The constants.
    pub fn new() -> Self {
        let integer = |value: u64| V::constant(value.into());
        let quarter = Felt::from(RC_PERIOD as u64).inverse();
        let last_row = Felt::from(RC_PERIOD as u64 - 1);
        Self {
            one: integer(1),
            two: integer(2),
            limb: integer(1 << LIMB_BITS),
            limb_2: integer(1 << (2 * LIMB_BITS)),
            limb_3: integer(1 << (3 * LIMB_BITS)),
            high_limb: integer(16),
            execution: integer(address::EXECUTION),
            range_check: V::constant(Felt::from(address::RANGE_CHECK) - last_row * quarter),
            quarter: V::constant(quarter),
        }
    }
}

impl<V: Value> Default for Constants<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Names of the main segment's constraints, in the order of [`main`].
pub const MAIN_NAMES: [&str; 11] = [
    "cpu::res",
    "cpu::assert_eq",
    "cpu::next_pc",
    "cpu::next_pc_jnz",
    "cpu::next_ap",
    "cpu::next_fp",
    "cpu::call_push_fp",
    "cpu::call_push_pc",
    "memory::index",
    "range_check::top_limb",
    "range_check::accumulate",
];

/// Their degrees, and whether a periodic column is a factor.
pub const MAIN_DEGREES: [(usize, bool); 11] = [
    (3, false),
    (2, false),
    (3, false),
    (3, false),
    (2, false),
    (2, false),
    (2, false),
    (2, false),
    (1, false),
    (1, true),
    (1, true),
];

/// Names of the auxiliary segment's constraints, in the order of [`aux`].
pub const AUX_NAMES: [&str; 5] =
    ["lookup::instruction", "lookup::dst_op0", "lookup::op1_cell", "lookup::limbs", "lookup::sum"];

/// Their degrees, and whether a periodic column is a factor.
pub const AUX_DEGREES: [(usize, bool); 5] =
    [(3, false), (3, false), (3, false), (3, false), (3, false)];

/// The main segment's constraints on a row and the next one, handed to `emit` in the order of
/// [`MAIN_NAMES`].
///
/// Flags are those of an instruction that the verifier has decoded (`lookup::instruction`), so the groups'
/// rules hold: at most one source of op1, one kind of res, one kind of jump, one addition to ap; exactly one
/// of assertion, jump, conditional jump and addition to ap; calls and returns are jumps with the offsets and
/// registers that they must have.
#[inline(always)]
pub fn main<V: Value>(
    k: &Constants<V>,
    row: &[V],
    next: &[V],
    periodic: &[V],
    mut emit: impl FnMut(V),
) {
    let is = |of: Flag| row[flag(of)];
    let (pc_abs, pc_rel, jnz, ap_add) =
        (is(Flag::PcAbs), is(Flag::PcRel), is(Flag::PcJnz), is(Flag::ApAdd));
    let (call, res_mul) = (is(Flag::Call), is(Flag::ResMul));
    let (pc, ap, fp) = (row[PC], row[AP], row[FP]);
    let (dst, op0, op1, res) = (row[DST], row[OP0], row[OP1], row[RES]);
    let size = k.one + is(Flag::Op1Imm);
    let falls_through = k.one - pc_abs - pc_rel;

    // res is op1, op0 + op1 or op0·op1; free on a conditional jump.
    emit((k.one - jnz) * (res - op1) - is(Flag::ResAdd) * op0 - res_mul * (op0 * op1 - op1));
    // An instruction that neither jumps nor adds to ap asserts dst = res.
    emit((falls_through - jnz - ap_add) * (dst - res));
    // The next pc: after the instruction, at res, or res away. On a conditional jump dst·res away from the
    // next instruction, so where dst is 0 there is no jump.
    let step = next[PC] - pc;
    emit(step - falls_through * size - pc_rel * res - pc_abs * (res - pc) - jnz * (dst * res));
    // Where dst is not 0, a conditional jump goes op1 away.
    emit(jnz * dst * (step - op1));
    // ap: plus res, plus 1, plus 2 on a call.
    emit(next[AP] - ap - ap_add * res - is(Flag::ApAdd1) - k.two * call);
    // fp: ap + 2 on a call, what was pushed on a return.
    emit(next[FP] - fp - call * (ap + k.two - fp) - is(Flag::Ret) * (dst - fp));
    // A call pushes fp and the address of the instruction after it.
    emit(call * (dst - fp));
    emit(call * (op0 - pc - size));
    // Each cell of the memory table is at an address of its own, so it has one value.
    emit(next[INDEX] - row[INDEX] - k.one);
    // The highest limb has 8 bits: 16 times it is a limb too.
    let high = row[LIMB_HIGH];
    emit(periodic[RC_FIRST] * (high - k.high_limb * row[LIMB_MID]));
    // acc: the limbs so far, without the first row's high limb; 0 before each integer.
    let integer = range_checked(k, row);
    emit(
        next[ACC] - integer + periodic[RC_LAST] * integer + periodic[RC_FIRST] * (k.limb_2 * high),
    );
}

/// The range-checked integer on its last row.
#[inline(always)]
fn range_checked<V: Value>(k: &Constants<V>, row: &[V]) -> V {
    k.limb_3 * row[ACC] + k.limb_2 * row[LIMB_HIGH] + k.limb * row[LIMB_MID] + row[LIMB_LOW]
}

/// The denominators of a row's lookups.
#[derive(Clone, Copy, Debug)]
pub struct Denominators<V> {
    /// The instruction, in the table of the decoded program.
    pub instruction: V,
    /// dst, in memory.
    pub dst: V,
    /// op0, in memory.
    pub op0: V,
    /// op1, in memory.
    pub op1: V,
    /// The row's cell of the memory table.
    pub cell: V,
    /// The row's limbs, in the table of 12-bit integers: high, middle, low.
    pub limbs: [V; 3],
    /// The range-checked integer as a cell of memory; on an integer's last row.
    pub range_check: V,
}

/// The denominators of a row's lookups; see [`super::lookup`] for the challenges.
#[inline(always)]
pub fn denominators<V: Value>(
    k: &Constants<V>,
    row: &[V],
    challenges: &[V; N_CHALLENGES],
) -> Denominators<V> {
    let is = |of: Flag| row[flag(of)];
    let [z_memory, alpha, z_limb, z_instruction, coefficients @ ..] = challenges;
    let memory = |address: V, value: V| *z_memory - address - *alpha * value;
    let (pc, ap, fp, op0) = (row[PC], row[AP], row[FP], row[OP0]);

    // Offsets are what is left of an address without its base.
    let frame = fp - ap;
    let offsets = [
        row[DST_ADDR] - ap - is(Flag::DstFp) * frame,
        row[OP0_ADDR] - ap - is(Flag::Op0Fp) * frame,
        row[OP1_ADDR]
            - op0
            - is(Flag::Op1Imm) * (pc - op0)
            - is(Flag::Op1Fp) * (fp - op0)
            - is(Flag::Op1Ap) * (ap - op0),
    ];
    let mut instruction = *z_instruction - pc;
    for (coefficient, offset) in coefficients.iter().zip(offsets) {
        instruction = instruction - *coefficient * offset;
    }
    for (coefficient, flag) in coefficients[3..].iter().zip(&row[FLAGS..FLAGS + N_FLAGS]) {
        instruction = instruction - *coefficient * *flag;
    }
    Denominators {
        instruction,
        dst: memory(row[DST_ADDR], row[DST]),
        op0: memory(row[OP0_ADDR], op0),
        op1: memory(row[OP1_ADDR], row[OP1]),
        cell: memory(k.execution + row[INDEX], row[CELL_VALUE]),
        limbs: [LIMB_HIGH, LIMB_MID, LIMB_LOW].map(|limb| *z_limb - row[limb]),
        range_check: memory(k.range_check + k.quarter * row[INDEX], range_checked(k, row)),
    }
}

/// The auxiliary segment's constraints on a row and the next one, handed to `emit` in the order of
/// [`AUX_NAMES`].
#[inline(always)]
pub fn aux<V: Value>(
    k: &Constants<V>,
    row: &[V],
    aux: &[V],
    aux_next: &[V],
    periodic: &[V],
    challenges: &[V; N_CHALLENGES],
    mut emit: impl FnMut(V),
) {
    let d = denominators(k, row, challenges);
    let [high, middle, low] = d.limbs;
    // h = 1/d
    emit(aux[H_INSTRUCTION] * d.instruction - k.one);
    // h = 1/dst + 1/op0
    emit(aux[H_DST_OP0] * (d.dst * d.op0) - d.dst - d.op0);
    // h = 1/op1 - count/cell
    emit(aux[H_OP1_CELL] * (d.op1 * d.cell) - d.cell + row[CELL_COUNT] * d.op1);
    // h = 1/high + 1/middle
    emit(aux[H_LIMBS] * (high * middle) - high - middle);
    // The running sum takes these, plus 1/low, minus count/d of a range-checked integer on its last row.
    let rest = aux_next[SUM]
        - aux[SUM]
        - aux[H_INSTRUCTION]
        - aux[H_DST_OP0]
        - aux[H_OP1_CELL]
        - aux[H_LIMBS];
    emit(rest * (low * d.range_check) - d.range_check + periodic[RC_LAST] * row[RC_COUNT] * low);
}
