//! The constraints, each an expression that is zero on every row but the last.
//!
//! They are written once, over any type that adds and multiplies: the verifier evaluates them at one point,
//! the prover on eight rows at a time, the row checker on a plain trace.
//!
//! Everything here is inlined into its caller and closures are avoided, so that vector instructions are
//! available: they are enabled per function.
//!
//! "Next" is the row after. No constraint applies to the last row, and its lookups are not counted, so the last
//! row is a state, not a step.

use super::address;
use super::isa::{Flag, N_FLAGS};
use super::layout::{
    flag, ACC, AP, CELL_COUNT, CELL_VALUE, DST, DST_ADDR, FLAGS, FP, H_DST_OP0, H_INSTRUCTION,
    H_LIMBS, H_OP1_CELL, INDEX, LIMB_BITS, LIMB_HIGH, LIMB_LOW, LIMB_MID, OP0, OP0_ADDR, OP1,
    OP1_ADDR, PC, RC_COUNT, RC_FIRST, RC_LAST, RC_PERIOD, RES, SUM,
};
use super::lookup::N_CHALLENGES;
use nilometer_field::{Felt, Value};

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
    #[inline(always)]
    pub fn new() -> Self {
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

#[inline(always)]
fn integer<V: Value>(value: u64) -> V {
    V::constant(Felt::from(value))
}

impl<V: Value> Default for Constants<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// A constraint as the AIR declares it; [`main`] and [`aux`] have its expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// The name: component, then rule.
    pub name: &'static str,
    /// The degree in the trace's columns.
    pub degree: usize,
    /// Whether a periodic column of period [`RC_PERIOD`] is a factor.
    pub periodic: bool,
}

const fn constraint(name: &'static str, degree: usize) -> Constraint {
    Constraint { name, degree, periodic: false }
}

const fn periodic(name: &'static str, degree: usize) -> Constraint {
    Constraint { name, degree, periodic: true }
}

/// The main segment's constraints, in the order of [`main`].
pub const MAIN: [Constraint; 11] = [
    constraint("cpu::res", 3),
    constraint("cpu::assert_eq", 2),
    constraint("cpu::next_pc", 3),
    constraint("cpu::next_pc_jnz", 3),
    constraint("cpu::next_ap", 2),
    constraint("cpu::next_fp", 2),
    constraint("cpu::call_push_fp", 2),
    constraint("cpu::call_push_pc", 2),
    constraint("memory::index", 1),
    periodic("range_check::top_limb", 1),
    periodic("range_check::accumulate", 1),
];

/// The auxiliary segment's constraints, in the order of [`aux`].
pub const AUX: [Constraint; 5] = [
    constraint("lookup::instruction", 3),
    constraint("lookup::dst_op0", 3),
    constraint("lookup::op1_cell", 3),
    constraint("lookup::limbs", 3),
    constraint("lookup::sum", 3),
];

/// Constraints of the main segment.
pub const N_MAIN: usize = MAIN.len();
/// Constraints of the auxiliary segment.
pub const N_AUX: usize = AUX.len();

/// The names of all constraints on rows: the main segment's, then the auxiliary segment's.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    MAIN.iter().chain(&AUX).map(|constraint| constraint.name)
}

/// The main segment's constraints on a row and the next one, in the order of [`MAIN`].
///
/// Flags are those of an instruction that the verifier has decoded (`lookup::instruction`), so the groups'
/// rules hold: at most one source of op1, one kind of res, one kind of jump, one addition to ap; exactly one
/// of assertion, jump, conditional jump and addition to ap; calls and returns are jumps with the offsets and
/// registers that they must have.
#[inline(always)]
pub fn main<V: Value>(k: &Constants<V>, row: &[V], next: &[V], periodic: &[V]) -> [V; N_MAIN] {
    let (pc_abs, pc_rel) = (row[flag(Flag::PcAbs)], row[flag(Flag::PcRel)]);
    let (jnz, ap_add) = (row[flag(Flag::PcJnz)], row[flag(Flag::ApAdd)]);
    let (res_add, res_mul) = (row[flag(Flag::ResAdd)], row[flag(Flag::ResMul)]);
    let (call, ret) = (row[flag(Flag::Call)], row[flag(Flag::Ret)]);
    let (pc, ap, fp) = (row[PC], row[AP], row[FP]);
    let (dst, op0, op1, res) = (row[DST], row[OP0], row[OP1], row[RES]);
    let size = k.one + row[flag(Flag::Op1Imm)];
    let falls_through = k.one - pc_abs - pc_rel;
    let step = next[PC] - pc;
    let high = row[LIMB_HIGH];
    let integer = range_checked(k, row);
    [
        // res is op1, op0 + op1 or op0·op1; free on a conditional jump.
        (k.one - jnz) * (res - op1) - res_add * op0 - res_mul * (op0 * op1 - op1),
        // An instruction that neither jumps nor adds to ap asserts dst = res.
        (falls_through - jnz - ap_add) * (dst - res),
        // The next pc: after the instruction, at res, or res away. On a conditional jump dst·res away from
        // the next instruction, so where dst is 0 there is no jump.
        step - falls_through * size - pc_rel * res - pc_abs * (res - pc) - jnz * (dst * res),
        // Where dst is not 0, a conditional jump goes op1 away.
        jnz * dst * (step - op1),
        // ap: plus res, plus 1, plus 2 on a call.
        next[AP] - ap - ap_add * res - row[flag(Flag::ApAdd1)] - k.two * call,
        // fp: ap + 2 on a call, what was pushed on a return.
        next[FP] - fp - call * (ap + k.two - fp) - ret * (dst - fp),
        // A call pushes fp and the address of the instruction after it.
        call * (dst - fp),
        call * (op0 - pc - size),
        // Each cell of the memory table is at an address of its own, so it has one value.
        next[INDEX] - row[INDEX] - k.one,
        // The highest limb has 8 bits: 16 times it is a limb too.
        periodic[RC_FIRST] * (high - k.high_limb * row[LIMB_MID]),
        // acc: the limbs so far, without the first row's high limb; 0 before each integer.
        next[ACC] - integer + periodic[RC_LAST] * integer + periodic[RC_FIRST] * (k.limb_2 * high),
    ]
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
    let [z_memory, alpha, z_limb, z_instruction, coefficients @ ..] = challenges;
    let (pc, ap, fp, op0) = (row[PC], row[AP], row[FP], row[OP0]);

    // Offsets are what is left of an address without its base.
    let frame = fp - ap;
    let offsets = [
        row[DST_ADDR] - ap - row[flag(Flag::DstFp)] * frame,
        row[OP0_ADDR] - ap - row[flag(Flag::Op0Fp)] * frame,
        row[OP1_ADDR]
            - op0
            - row[flag(Flag::Op1Imm)] * (pc - op0)
            - row[flag(Flag::Op1Fp)] * (fp - op0)
            - row[flag(Flag::Op1Ap)] * (ap - op0),
    ];
    let mut instruction = *z_instruction - pc;
    for i in 0..offsets.len() {
        instruction = instruction - coefficients[i] * offsets[i];
    }
    for i in 0..N_FLAGS {
        instruction = instruction - coefficients[offsets.len() + i] * row[FLAGS + i];
    }
    let (z, alpha) = (*z_memory, *alpha);
    let range_check = k.range_check + k.quarter * row[INDEX];
    Denominators {
        instruction,
        dst: z - row[DST_ADDR] - alpha * row[DST],
        op0: z - row[OP0_ADDR] - alpha * op0,
        op1: z - row[OP1_ADDR] - alpha * row[OP1],
        cell: z - k.execution - row[INDEX] - alpha * row[CELL_VALUE],
        limbs: [*z_limb - row[LIMB_HIGH], *z_limb - row[LIMB_MID], *z_limb - row[LIMB_LOW]],
        range_check: z - range_check - alpha * range_checked(k, row),
    }
}

/// The auxiliary segment's constraints on a row and the next one, in the order of [`AUX`].
#[inline(always)]
pub fn aux<V: Value>(
    k: &Constants<V>,
    row: &[V],
    aux: &[V],
    aux_next: &[V],
    periodic: &[V],
    challenges: &[V; N_CHALLENGES],
) -> [V; N_AUX] {
    let d = denominators(k, row, challenges);
    let [high, middle, low] = d.limbs;
    let (instruction, dst_op0) = (aux[H_INSTRUCTION], aux[H_DST_OP0]);
    let (op1_cell, limbs) = (aux[H_OP1_CELL], aux[H_LIMBS]);
    let rest = aux_next[SUM] - aux[SUM] - instruction - dst_op0 - op1_cell - limbs;
    [
        // h = 1/d
        instruction * d.instruction - k.one,
        // h = 1/dst + 1/op0
        dst_op0 * (d.dst * d.op0) - d.dst - d.op0,
        // h = 1/op1 - count/cell
        op1_cell * (d.op1 * d.cell) - d.cell + row[CELL_COUNT] * d.op1,
        // h = 1/high + 1/middle
        limbs * (high * middle) - high - middle,
        // The running sum takes these, plus 1/low, minus count/d of a range-checked integer on its last row.
        rest * (low * d.range_check) - d.range_check + periodic[RC_LAST] * row[RC_COUNT] * low,
    ]
}
