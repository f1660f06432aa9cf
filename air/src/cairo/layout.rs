//! Columns of the trace.

use super::isa::{Flag, N_FLAGS};

/// Columns of the main segment.
///
/// ```text
///  0       pc                           17..20  dst_addr op0_addr op1_addr
///  1       ap                           20..23  dst op0 op1
///  2       fp                           23      res
///  3..17   flags, in the order of       24      index
///          `isa::Flag`                  25..27  cell_value cell_count
///                                       27..32  limb_high limb_mid limb_low acc rc_count
/// ```
///
/// 32 columns of 32 bytes are one chunk of Blake3, so a row's leaf costs no tree of chunks.
pub const MAIN_WIDTH: usize = 32;

/// Program counter.
pub const PC: usize = 0;
/// Allocation pointer.
pub const AP: usize = 1;
/// Frame pointer.
pub const FP: usize = 2;
/// The first of [`N_FLAGS`] flags.
pub const FLAGS: usize = 3;
/// Address of dst.
pub const DST_ADDR: usize = FLAGS + N_FLAGS;
/// Address of op0.
pub const OP0_ADDR: usize = 18;
/// Address of op1.
pub const OP1_ADDR: usize = 19;
/// Value at `DST_ADDR`.
pub const DST: usize = 20;
/// Value at `OP0_ADDR`.
pub const OP0: usize = 21;
/// Value at `OP1_ADDR`.
pub const OP1: usize = 22;
/// The instruction's result; on a conditional jump, what certifies that dst is 0 or not: `dst·res` is how
/// far the next pc is from the next instruction.
pub const RES: usize = 23;
/// The row's number.
pub const INDEX: usize = 24;
/// Value of the memory cell at `address::EXECUTION + index`.
pub const CELL_VALUE: usize = 25;
/// How often that cell is looked up.
pub const CELL_COUNT: usize = 26;
/// A range-checked integer's limbs: 4 rows of 3 limbs of 12 bits, highest first. The first row's high limb
/// is 16 times its middle one, which so has 8 bits: `8 + 10·12 = 128`.
pub const LIMB_HIGH: usize = 27;
/// See [`LIMB_HIGH`].
pub const LIMB_MID: usize = 28;
/// See [`LIMB_HIGH`].
pub const LIMB_LOW: usize = 29;
/// The integer's limbs of the rows before, as one number.
pub const ACC: usize = 30;
/// On an integer's last row, how often its cell is looked up.
pub const RC_COUNT: usize = 31;

/// Rows of a range-checked integer.
pub const RC_PERIOD: usize = 4;
/// Bits of a limb.
pub const LIMB_BITS: u32 = 12;
/// Values that a limb can have.
pub const LIMB_VALUES: usize = 1 << LIMB_BITS;

/// Columns of the auxiliary segment.
pub const AUX_WIDTH: usize = 5;

/// Columns of the quotient: constraints have degree 3.
pub const QUOTIENT_WIDTH: usize = 2;

/// `1/d` of the instruction.
pub const H_INSTRUCTION: usize = 0;
/// `1/d` of dst and of op0, added.
pub const H_DST_OP0: usize = 1;
/// `1/d` of op1 minus `count/d` of the memory table's cell.
pub const H_OP1_CELL: usize = 2;
/// `1/d` of the high and the middle limb, added.
pub const H_LIMBS: usize = 3;
/// The running sum of all fractions of the rows before.
pub const SUM: usize = 4;

/// Columns of the main segment that constraints read on the next row.
pub const NEXT_MAIN: [usize; 5] = [PC, AP, FP, INDEX, ACC];
/// Columns of the auxiliary segment that constraints read on the next row.
pub const NEXT_AUX: [usize; 1] = [SUM];

/// Periodic columns: 1 on the first and on the last row of a range-checked integer.
pub const PERIODIC: [[u64; RC_PERIOD]; 2] = [[1, 0, 0, 0], [0, 0, 0, 1]];
/// Index of the first of [`PERIODIC`].
pub const RC_FIRST: usize = 0;
/// Index of the second of [`PERIODIC`].
pub const RC_LAST: usize = 1;

/// Column of a flag.
pub const fn flag(flag: Flag) -> usize {
    FLAGS + flag as usize
}

/// The columns' names.
pub const MAIN_NAMES: [&str; MAIN_WIDTH] = [
    "pc",
    "ap",
    "fp",
    "dst_fp",
    "op0_fp",
    "op1_imm",
    "op1_fp",
    "op1_ap",
    "res_add",
    "res_mul",
    "pc_abs",
    "pc_rel",
    "pc_jnz",
    "ap_add",
    "ap_add1",
    "call",
    "ret",
    "dst_addr",
    "op0_addr",
    "op1_addr",
    "dst",
    "op0",
    "op1",
    "res",
    "index",
    "cell_value",
    "cell_count",
    "limb_high",
    "limb_mid",
    "limb_low",
    "acc",
    "rc_count",
];

/// How many cells the memory table of `rows` rows holds: the last row's lookups are not counted.
pub const fn memory_capacity(rows: usize) -> usize {
    rows - 1
}

/// How many integers `rows` rows can range-check: the last row's lookups are not counted.
pub const fn range_check_capacity(rows: usize) -> usize {
    rows / RC_PERIOD - 1
}
