//! Columns, and the numbers of values on the bus.
//!
//! A row is of one kind; its preprocessed columns say which:
//!
//! | kind | parameters hold | main columns |
//! |---|---|---|
//! | gate | constants of the two equations, widths of the limbs, numbers of ports A and B | operands, result, sign, limbs |
//! | weights | [`CELLS`] packed weights | port X reads an input of the layer, nothing else matters |
//! | entries | five `(number, value)` entries of a read-only table | the entries' values and how often they are read |
//!
//! A row of weights and one of entries satisfy the gate's equations too, by values of `Y` and a limb that nothing
//! reads, so that no selector raises their degree.

/// Weights in a row of weights: all shared parameters.
pub const CELLS: usize = 24;
/// Limbs in a row.
pub const LIMBS: usize = 6;
/// Limbs of the low part `R`; the others are the high part `H`.
pub const LOW_LIMBS: usize = 3;

/// Preprocessed columns.
pub mod pre {
    /// Equation 1: `K0 + KX·X + KA·A + KB·B + KM·A·B + S·(KS + KSX·X) = R + KH·H`.
    pub const K0: usize = 0;
    /// Coefficient of X.
    pub const KX: usize = 1;
    /// Coefficient of A.
    pub const KA: usize = 2;
    /// Coefficient of B.
    pub const KB: usize = 3;
    /// Coefficient of A·B.
    pub const KM: usize = 4;
    /// Coefficient of the sign bit.
    pub const KS: usize = 5;
    /// Coefficient of S·X.
    pub const KSX: usize = 6;
    /// Place of the high part.
    pub const KH: usize = 7;
    /// Equation 2: `Y = Y0 + YX·X + YA·A + YM·A·B + YH·H + YS·S + S·(YSX·X + YSH·H)`.
    pub const Y0: usize = 8;
    /// Coefficient of X.
    pub const YX: usize = 9;
    /// Coefficient of A.
    pub const YA: usize = 10;
    /// Coefficient of A·B.
    pub const YM: usize = 11;
    /// Coefficient of the high part.
    pub const YH: usize = 12;
    /// Coefficient of the sign bit.
    pub const YS: usize = 13;
    /// Coefficient of S·X.
    pub const YSX: usize = 14;
    /// Coefficient of S·H.
    pub const YSH: usize = 15;
    /// Contents of a row of entries: the values of X, A, B, the first and the third limb.
    pub const CONTENTS: [usize; 5] = [Y0, YX, YA, YM, YH];
    /// Widths of the limbs, in bits; the first of six columns.
    pub const WIDTH: usize = 16;
    /// Number of port A.
    pub const NA: usize = 22;
    /// Number of port B; on rows that look up by a computed number, what is added to it.
    pub const NB: usize = 23;
    /// The numbers of a row's entries, in the order of [`CONTENTS`].
    pub const ENTRY_NUMBERS: [usize; 5] = [NX, NA, NB, WIDTH, WIDTH + 2];
    /// Number of port X. The first column that is not shared with weights.
    pub const NX: usize = 24;
    /// How often port X's value is written (positive) or read (-1).
    pub const MX: usize = 25;
    /// The same of port A.
    pub const MA: usize = 26;
    /// The same of port B.
    pub const MB: usize = 27;
    /// How often Y is read.
    pub const MY: usize = 28;
    /// 1 where the limbs are looked up.
    pub const RANGE: usize = 29;
    /// Width of the row's entry of the limb table.
    pub const TAG: usize = 30;
    /// Value of the row's entry of the limb table.
    pub const VALUE: usize = 31;
    /// 1 on rows of weights.
    pub const WEIGHTS: usize = 32;
    /// 1 on the first lane of a group that is not the layer's first.
    pub const STEP: usize = 33;
    /// Place of X in its packed sum: `2^(M·k)` on neurons.
    pub const LANE: usize = 34;
    /// 1 on the row after an input's weights: the input's product is complete.
    pub const PRODUCT: usize = 35;
    /// 1 on the row after a packed sum: it is complete.
    pub const SUM_END: usize = 36;
    /// 1 where the total must be 0.
    pub const CHECK: usize = 37;
    /// 1 where X is a layer's input for one row of the batch.
    pub const INPUT: usize = 38;
    /// 1 on a step through a tree.
    pub const TREE: usize = 39;
    /// 1 where X is looked up by the number `A + NB`.
    pub const LOOK: usize = 40;
    /// 1 on rows of entries.
    pub const ENTRIES: usize = 41;
    /// 1 where port A's value is written as often as F says.
    pub const COUNTED: usize = 42;
    /// How many.
    pub const WIDTH_ALL: usize = 43;
}

/// Main columns.
pub mod main {
    /// Where a row of entries holds its values, in the order of [`super::pre::CONTENTS`].
    pub const ENTRY_VALUES: [usize; 5] = [X, A, B, LIMB, LIMB + 2];
    /// Where it holds how often each is read.
    pub const ENTRY_COUNTS: [usize; 5] = [LIMB + 3, F, LIMB + 5, LIMB + 1, LIMB + 4];
    /// The argument: what is decomposed; the lane of a packed sum; what a lookup gives.
    pub const X: usize = 0;
    /// First operand; the number that is looked up.
    pub const A: usize = 1;
    /// Second operand; a tree's feature.
    pub const B: usize = 2;
    /// The result.
    pub const Y: usize = 3;
    /// A tree's feature's index; how often port A's value is read.
    pub const F: usize = 4;
    /// The sign bit.
    pub const S: usize = 5;
    /// Limbs; the first of six.
    pub const LIMB: usize = 6;
    /// How often the row's entry of the limb table is looked up.
    pub const LIMB_COUNT: usize = 12;
    /// How many.
    pub const WIDTH: usize = 13;
}

/// Auxiliary columns.
pub mod aux {
    /// Sums of two fractions each; the first of six.
    pub const PAIR: usize = 0;
    /// The running sum of all fractions.
    pub const SUM: usize = 6;
    /// Horner sum: over an input's weights, or over a packed sum's lanes. Without this row's.
    pub const HORNER: usize = 7;
    /// A layer's input over the rows of the batch: `Σ_b τ^b·x[b][j]`. Without this row's.
    pub const INPUTS: usize = 8;
    /// The layer's total. Without this row's.
    pub const TOTAL: usize = 9;
    /// How many.
    pub const WIDTH: usize = 10;
}

/// Numbers of values. Below 64 they are widths: entry `(w, v)` of the limb table says `0 ≤ v < 2^w`.
/// All are below 2^57, which the uniqueness of a tree's packed nodes needs.
pub mod number {
    /// Result Y of a row: `RESULT + 2^32·tag + value` of the row's entry of the limb table, which no two rows share.
    pub const RESULT: u64 = 1 << 49;
    /// Place of the tag in it.
    pub const TAG_PLACE: u64 = 1 << 32;
    /// Element `i` of row `b` of the input: `INPUT + b·n_inputs + i`.
    pub const INPUT: u64 = 1 << 50;
    /// Element `i` of row `b` of the output: `OUTPUT + b·n_outputs + i`.
    pub const OUTPUT: u64 = 1 << 51;
    /// Values that port X or B writes.
    pub const PORT: u64 = 1 << 52;
    /// Entries of function tables.
    pub const TABLE: u64 = 1 << 53;
    /// Features that trees look at.
    pub const FEATURE: u64 = 1 << 54;
    /// Nodes of trees; two children of a branch have consecutive numbers.
    pub const NODE: u64 = 1 << 55;
    /// The most parts of a leaf's votes.
    pub const MAX_PARTS: usize = (1 << 15) - 1;
    /// Part `i` of a leaf's votes has the leaf's number plus `(i + 1)·VOTE`.
    pub const VOTE: u64 = 1 << 40;
}

/// Place of the feature's index in a packed node; the bound is below it.
pub const NODE_FEATURE: u32 = 128;
/// Place of the number of the first child.
pub const NODE_CHILD: u32 = 192;

/// Widest limb of a trace of `n_rows`: the table of all widths up to it has `2^(bits+1) - 1` entries, one a row,
/// and nothing that the last row holds counts.
pub const fn limb_bits(n_rows: usize) -> u32 {
    n_rows.trailing_zeros() - 1
}

/// The limb table's entry on a row: width and value. All values of the widest limbs first, then those of
/// narrower ones in order; the last row, which does not count, repeats the first.
pub const fn limb_entry(n_rows: usize, row: usize) -> (u32, u32) {
    let bits = limb_bits(n_rows);
    if row < 1 << bits {
        return (bits, row as u32);
    }
    // 1, 2, 3, … are the values of width 0, 1, 1, 2, …: a leading one, then the value.
    let place = row as u32 - (1 << bits) + 1;
    let width = place.ilog2();
    (width, place - (1 << width))
}

/// The row of an entry of the limb table.
pub const fn limb_row(n_rows: usize, width: u32, value: u32) -> usize {
    let bits = limb_bits(n_rows);
    if width == bits {
        value as usize
    } else {
        (1 << bits) + (1 << width) + value as usize - 1
    }
}

/// The number of a row's result.
pub const fn result_number(n_rows: usize, row: usize) -> u64 {
    let (tag, value) = limb_entry(n_rows, row);
    number::RESULT + number::TAG_PLACE * tag as u64 + value as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_but_the_last_has_its_own_limb_entry() {
        for n_rows in [16, 512, 4096] {
            let bits = limb_bits(n_rows);
            let mut seen = std::collections::BTreeSet::new();
            for row in 0..n_rows - 1 {
                let (width, value) = limb_entry(n_rows, row);
                assert!(width <= bits && value < 1 << width, "row {row}");
                assert!(seen.insert((width, value)));
                assert_eq!(limb_row(n_rows, width, value), row);
            }
            let all: usize = (0..=bits).map(|width| 1_usize << width).sum();
            assert_eq!(seen.len(), all);
        }
    }
}
