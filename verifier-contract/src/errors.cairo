//! What the verifier panics with, one short string each.

/// There are no proofs of so many rows, or of this security.
pub const PARAMETERS: felt252 = 'key: no such parameters';
/// The key's part of the schema is not one.
pub const SCHEMA: felt252 = 'key: malformed schema';
/// The key's number of rows of input.
pub const BATCH: felt252 = 'key: rows of input';
/// Inputs are not as many as the key says.
pub const INPUTS: felt252 = 'claim: number of inputs';
/// Outputs are not as many for each row of input, or too many.
pub const OUTPUTS: felt252 = 'claim: number of outputs';
/// An input is outside of its declared range.
pub const RANGE: felt252 = 'claim: input out of range';
/// A challenge hit an input or output: chance once in 2^230 proofs.
pub const COLLISION: felt252 = 'proof: challenge collides';
/// The point for the values out of the domain is in it: as rare.
pub const POINT: felt252 = 'proof: point in the domain';
/// The proof ends too early.
pub const TRUNCATED: felt252 = 'proof: too short';
/// Felts follow on the proof's end.
pub const TRAILING: felt252 = 'proof: too long';
/// The values out of the domain do not satisfy the constraints.
pub const CONSTRAINTS: felt252 = 'proof: constraints';
/// The nonce is not a number below 2^64.
pub const NONCE: felt252 = 'proof: nonce';
/// The nonce does not prove the work.
pub const WORK: felt252 = 'proof: work';
/// Opened rows are not those of the key.
pub const PREPROCESSED: felt252 = 'proof: rows of the key';
/// Opened rows are not those of the main tree.
pub const MAIN: felt252 = 'proof: main rows';
/// Opened rows are not those of the auxiliary tree.
pub const AUX: felt252 = 'proof: auxiliary rows';
/// Opened rows are not those of the quotient's tree.
pub const QUOTIENT: felt252 = 'proof: quotient rows';
/// Opened values are not those of an FRI layer, or not what follows from what is before it.
pub const LAYER: felt252 = 'proof: FRI layer';
/// The remainder does not have the value that the last layer has at a query.
pub const REMAINDER: felt252 = 'proof: FRI remainder';
/// Nothing of this kind was verified.
pub const NOT_VERIFIED: felt252 = 'not verified';
