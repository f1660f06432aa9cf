//! What the trace starts and ends with.

use nilometer_field::Felt;
use winter_math::FieldElement;

use super::address;
use super::advice::Advice;
use super::layout::{ACC, AP, FP, INDEX, PC};

/// Fixed values of the main segment.
pub const N_MAIN: usize = 8;
/// Fixed values of the auxiliary segment's sum.
pub const N_AUX: usize = 2;

/// The main segment's fixed values: name, column, row, value.
pub fn main(advice: &Advice, rows: usize) -> [(&'static str, usize, usize, Felt); N_MAIN] {
    let last = rows - 1;
    let at = |offset: u64| Felt::from(address::PROGRAM + offset);
    let frame = Felt::from(address::FIRST_FRAME);
    [
        ("boundary::first_pc", PC, 0, at(address::ENTRY_OFFSET)),
        ("boundary::first_ap", AP, 0, frame),
        ("boundary::first_fp", FP, 0, frame),
        // The memory table's first address, and so all of them.
        ("boundary::first_index", INDEX, 0, Felt::ZERO),
        // Otherwise the top of the first range-checked integer would be free.
        ("boundary::first_acc", ACC, 0, Felt::ZERO),
        ("boundary::last_pc", PC, last, at(address::END_OFFSET)),
        // The stop pointers are below it.
        ("boundary::last_ap", AP, last, Felt::from(advice.final_ap())),
        ("boundary::last_fp", FP, last, frame),
    ]
}

/// The sum's fixed values: name, row, value.
pub fn aux<E: FieldElement<BaseField = Felt>>(
    public_sum: E,
    rows: usize,
) -> [(&'static str, usize, E); N_AUX] {
    [("boundary::first_sum", 0, E::ZERO), ("boundary::last_sum", rows - 1, public_sum)]
}
