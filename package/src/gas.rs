//! What a run costs on Starknet.
//!
//! Prices of steps and builtins are those of the network's versioned constants (the same since 0.13.4);
//! the limit of a transaction is that of docs.starknet.io, "Chain information", for 0.14.

use std::collections::BTreeMap;

use nilometer_cairo::Builtin;
use nilometer_transpiler::cost;
use nilometer_transpiler::emit::Shapes;
use nilometer_transpiler::quant::QuantGraph;

use crate::folder::ContractSize;

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

/// The most L2 gas of one block, which is what bounds a declaration: the gateway does not hold declarations against
/// [`MAX_TRANSACTION`].
pub const MAX_BLOCK: u64 = 6_000_000_000;
/// L2 gas of a byte of code in a declaration (the versioned constants).
const CODE_BYTE: u64 = 1_280;
/// Bytes of a felt of code.
const FELT_BYTES: u64 = 32;

/// The most felts of calldata of one transaction.
pub const MAX_CALLDATA: usize = 5_000;

/// L2 gas of a declaration besides the code: the account's validation, and the ABI, which all models share. Measured on
/// devnet 0.10.1.
const DECLARE: u64 = 1_790_000;
/// L2 gas of each feature and each result in a transaction: calldata (5,120, the versioned constants), and writing
/// and reading it on the way.
const VALUE: u64 = 8_000;
/// L2 gas of a transaction that calls a model's contract, besides model and values: the account's validation, the
/// calls, the fee. Measured on devnet 0.10.1 with its predeployed accounts, within 5% for a tree and for RockyBot.
const CALL: u64 = 1_000_000;
/// What a paid call through the registry adds: the books, the fee token's transfer and its approval, the event.
/// Measured there too, in storage that is in use; a model's first call writes new storage and takes up to 2.4M more.
const PAID: u64 = 2_900_000;

/// L2 gas of a challenge besides model and values. Measured on devnet 0.10.1.
const CHALLENGE: u64 = 2_800_000;

/// Estimated L2 gas of a transaction that calls a model's contract with so many features and results.
pub fn call_l2_gas(model: u64, n_values: usize) -> u64 {
    CALL + model + VALUE * n_values as u64
}

/// Estimated L2 gas of a paid call through the registry.
pub fn paid_l2_gas(model: u64, n_values: usize) -> u64 {
    call_l2_gas(model, n_values) + PAID
}

/// Estimated L2 gas of a transaction that challenges a claim of one row.
pub fn challenge_l2_gas(model: u64, n_values: usize) -> u64 {
    CHALLENGE + model + VALUE * n_values as u64
}

/// Estimated L2 gas of declaring a contract: its Sierra and its bytecode, by the byte. None without a contract.
pub fn declare_l2_gas(contract: &ContractSize) -> Option<u64> {
    let felts = contract.sierra_felts? + contract.bytecode_felts;
    Some(DECLARE + CODE_BYTE * FELT_BYTES * felts as u64)
}

/// Where the figures come from.
pub const SOURCE: &str =
    "100 L2 gas per step and 70 per range check (Starknet's versioned constants), for the model alone";

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

/// Estimated L2 gas of a contract's run, from that of the program. Where the contract is written otherwise, the cost
/// model says how many steps it takes more.
pub fn contract_l2_gas(
    graph: &QuantGraph,
    shapes: Shapes,
    steps: u64,
    builtins: &BTreeMap<Builtin, usize>,
) -> u64 {
    let gas = l2_gas(steps, builtins);
    if shapes.program == shapes.contract {
        return gas;
    }
    let estimate = |shape| cost::estimate(graph, shape).total();
    gas * estimate(shapes.contract) / estimate(shapes.program).max(1)
}

/// Rows of a trace: a prover pads the steps to a power of two.
pub fn trace_rows(steps: u64) -> u64 {
    steps.max(1).next_power_of_two()
}
