//! What a run costs on Starknet.
//!
//! Prices of steps and builtins are those of the network's versioned constants (the same since 0.13.4);
//! the limit of a transaction is that of docs.starknet.io, "Chain information", for 0.14.

use std::collections::BTreeMap;

use nilometer_cairo::Builtin;

/// L2 gas of a VM step.
pub const STEP: u64 = 100;
/// L2 gas of a range check.
pub const RANGE_CHECK: u64 = 70;
/// L2 gas of a Pedersen hash.
const PEDERSEN: u64 = 4_050;
/// L2 gas of a bitwise operation.
const BITWISE: u64 = 583;
/// L2 gas of a Poseidon permutation.
const POSEIDON: u64 = 491;
/// The most L2 gas of one transaction.
pub const MAX_TRANSACTION: u64 = 1_000_000_000;

/// The most felts of calldata of one transaction.
pub const MAX_CALLDATA: usize = 5_000;

/// Where the figures come from, and what they leave out.
pub const SOURCE: &str =
    "100 L2 gas a step and 70 a range check (Starknet's versioned constants); \
without calldata, the account's validation and the fee";

/// Estimated L2 gas of a run.
pub fn l2_gas(steps: u64, builtins: &BTreeMap<Builtin, usize>) -> u64 {
    let price = |builtin: &Builtin| match builtin {
        Builtin::Output => 0,
        Builtin::RangeCheck => RANGE_CHECK,
        Builtin::Pedersen => PEDERSEN,
        Builtin::Bitwise => BITWISE,
        Builtin::Poseidon => POSEIDON,
    };
    let builtins: u64 = builtins.iter().map(|(builtin, &n)| price(builtin) * n as u64).sum();
    steps * STEP + builtins
}

/// Rows of a trace: a prover pads the steps to a power of two.
pub fn trace_rows(steps: u64) -> u64 {
    steps.max(1).next_power_of_two()
}
