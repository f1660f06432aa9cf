//! Where the parts of memory are.
//!
//! Each part has a base of its own, far from the others, so parts cannot overlap whatever their lengths
//! are, and no proof needs to say where its segments lie.

/// The program's first word.
pub const PROGRAM: u64 = 1;
/// The stack, then the heap: cell `i` of the trace's memory table is at `EXECUTION + i`.
pub const EXECUTION: u64 = 1 << 32;
/// The public output.
pub const OUTPUT: u64 = 2 << 32;
/// The range-check builtin's cells.
pub const RANGE_CHECK: u64 = 3 << 32;

/// Where a run starts and ends, as offsets in the program: the first instruction and `jmp rel 0`.
pub const ENTRY_OFFSET: u64 = 0;
/// See [`ENTRY_OFFSET`].
pub const END_OFFSET: u64 = 4;

/// The first frame: after the two cells of the safe call.
pub const FIRST_FRAME: u64 = EXECUTION + 2;
