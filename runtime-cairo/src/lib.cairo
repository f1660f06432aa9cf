//! The integer runtime of Nilometer: what generated models are made of, useful by hand too.
//!
//! Values are `felt252`s that hold signed integers `q` of magnitude below `2^120`, negative ones as
//! field negatives; the real number that one stands for is `q · 2^-f` for an `f` that the program
//! knows. Every operation is exact but for the rounding that it names. None wraps: what cannot be
//! represented panics with a named felt.

mod cells;
pub mod decide;
pub mod dense;
pub mod fixed;
pub mod int;
pub mod lanes;
pub mod scalar;
pub mod tree;
