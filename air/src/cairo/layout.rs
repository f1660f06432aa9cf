//! Columns of the trace.

use super::isa::Flag;

/// Declares columns in order: for each group, the index of its first column and the names of its columns; then
/// the names of all columns and their number.
macro_rules! columns {
    (
        $(#[$width_doc:meta])* $width:ident, $(#[$names_doc:meta])* $names:ident;
        $($(#[$doc:meta])* $column:ident = $($name:literal)+;)+
    ) => {
        columns!(@index 0; $($(#[$doc])* $column = $($name)+;)+);
        $(#[$width_doc])*
        pub const $width: usize = [$($($name),+),+].len();
        $(#[$names_doc])*
        pub const $names: [&str; $width] = [$($($name),+),+];
    };
    (@index $at:expr; $(#[$doc:meta])* $column:ident = $($name:literal)+; $($rest:tt)*) => {
        $(#[$doc])*
        pub const $column: usize = $at;
        columns!(@index $at + [$($name),+].len(); $($rest)*);
    };
    (@index $at:expr;) => {};
}

columns! {
    /// Columns of the main segment. 32 columns of 32 bytes are one chunk of Blake3, so a row's leaf needs no
    /// tree of chunks.
    MAIN_WIDTH,
    /// The names of the main segment's columns.
    MAIN_COLUMNS;
    /// Program counter.
    PC = "pc";
    /// Allocation pointer.
    AP = "ap";
    /// Frame pointer.
    FP = "fp";
    /// The first of [`super::isa::N_FLAGS`] flags, in the order of [`Flag`]; see [`flag`].
    FLAGS = "dst_fp" "op0_fp" "op1_imm" "op1_fp" "op1_ap" "res_add" "res_mul" "pc_abs" "pc_rel" "pc_jnz"
        "ap_add" "ap_add1" "call" "ret";
    /// Address of dst.
    DST_ADDR = "dst_addr";
    /// Address of op0.
    OP0_ADDR = "op0_addr";
    /// Address of op1.
    OP1_ADDR = "op1_addr";
    /// Value at [`DST_ADDR`].
    DST = "dst";
    /// Value at [`OP0_ADDR`].
    OP0 = "op0";
    /// Value at [`OP1_ADDR`].
    OP1 = "op1";
    /// The instruction's result; on a conditional jump, what certifies whether dst is 0: `dst·res` is the
    /// distance of the next pc from the next instruction.
    RES = "res";
    /// The row's number.
    INDEX = "index";
    /// Value of the memory cell at `address::EXECUTION + index`.
    CELL_VALUE = "cell_value";
    /// How often that cell is looked up.
    CELL_COUNT = "cell_count";
    /// A range-checked integer's limbs: 4 rows of 3 limbs of 12 bits, highest first. The first row's high limb
    /// is 16 times its middle one, which therefore has 8 bits: `8 + 10·12 = 128`.
    LIMB_HIGH = "limb_high";
    /// See [`LIMB_HIGH`].
    LIMB_MID = "limb_mid";
    /// See [`LIMB_HIGH`].
    LIMB_LOW = "limb_low";
    /// The integer's limbs of the rows before, as one number.
    ACC = "acc";
    /// On an integer's last row, how often its cell is looked up.
    RC_COUNT = "rc_count";
}

columns! {
    /// Columns of the auxiliary segment.
    AUX_WIDTH,
    /// The names of the auxiliary segment's columns.
    AUX_COLUMNS;
    /// `1/d` of the instruction.
    H_INSTRUCTION = "h_instruction";
    /// `1/d` of dst and of op0, added.
    H_DST_OP0 = "h_dst_op0";
    /// `1/d` of op1 minus `count/d` of the memory table's cell.
    H_OP1_CELL = "h_op1_cell";
    /// `1/d` of the high and the middle limb, added.
    H_LIMBS = "h_limbs";
    /// The running sum of all fractions of the rows before.
    SUM = "sum";
}

/// Rows of a range-checked integer.
pub const RC_PERIOD: usize = 4;
/// Bits of a limb.
pub const LIMB_BITS: u32 = 12;
/// Values that a limb can have.
pub const LIMB_VALUES: usize = 1 << LIMB_BITS;

/// Columns of the quotient: constraints have degree 3.
pub const QUOTIENT_WIDTH: usize = 2;

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

/// How many cells the memory table of `rows` rows holds: the last row's lookups are not counted.
pub const fn memory_capacity(rows: usize) -> usize {
    rows - 1
}

/// How many integers `rows` rows can range-check: the last row's lookups are not counted.
pub const fn range_check_capacity(rows: usize) -> usize {
    rows / RC_PERIOD - 1
}

#[cfg(test)]
mod tests {
    use super::super::isa::N_FLAGS;
    use super::*;

    #[test]
    fn columns_have_their_indices() {
        let at = |name: &str| MAIN_COLUMNS.iter().position(|column| *column == name);
        assert_eq!((MAIN_WIDTH, AUX_WIDTH), (32, 5));
        assert_eq!(DST_ADDR, FLAGS + N_FLAGS, "a name for each flag");
        for (column, name) in [
            (PC, "pc"),
            (FLAGS, "dst_fp"),
            (DST_ADDR, "dst_addr"),
            (RES, "res"),
            (RC_COUNT, "rc_count"),
        ] {
            assert_eq!(at(name), Some(column));
        }
        assert_eq!(at("ret"), Some(flag(Flag::Ret)));
        assert_eq!(AUX_COLUMNS[SUM], "sum");
    }
}
