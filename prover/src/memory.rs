//! How much memory a proof takes.

use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH, QUOTIENT_WIDTH};
use nilometer_field::Felt;

/// Bytes that a process needs in any case: the program, the run, threads.
const FIXED: u64 = 48 << 20;

/// The most bytes that proving a trace of `rows` rows takes, with `blowup`.
pub fn peak_bytes(rows: usize, blowup: usize) -> u64 {
    let felt = Felt::BYTES as u64;
    let columns = (MAIN_WIDTH + AUX_WIDTH + QUOTIENT_WIDTH) as u64;
    let blowup = blowup as u64;
    // The trace, its polynomials, their extension; leaves and nodes of three trees; FRI's layers.
    let row = columns * felt * (2 + blowup) + blowup * (3 * 2 * 32 + 3 * felt);
    FIXED + rows as u64 * row
}
