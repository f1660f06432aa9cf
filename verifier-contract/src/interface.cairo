//! The contract's trait and the types of its arguments.

use core::array::SpanTrait;

/// A list of felts. Read from calldata without a loop.
#[derive(Copy, Drop)]
pub struct Felts {
    /// The list.
    pub felts: Span<felt252>,
}

/// As `Span<felt252>`: length, then elements.
impl FeltsSerde of Serde<Felts> {
    fn serialize(self: @Felts, ref output: Array<felt252>) {
        output.append((*self.felts).len().into());
        output.append_span(*self.felts);
    }

    fn deserialize(ref serialized: Span<felt252>) -> Option<Felts> {
        let length: u32 = (*serialized.pop_front()?).try_into()?;
        let left = serialized.len();
        if left < length {
            return Option::None;
        }
        let felts = serialized.slice(0, length);
        serialized = serialized.slice(length, left - length);
        Option::Some(Felts { felts })
    }
}

/// What the verifier has to know of a model.
#[derive(Copy, Drop, Serde)]
pub struct Key {
    /// Rows of the trace.
    pub n_rows: u32,
    /// Rows of input that one proof is about.
    pub batch: u32,
    /// Root of the preprocessed columns.
    pub root: felt252,
    /// The schema's part about inputs: 1, the number of runs, and for each run how many features it has, two
    /// felts about their encoding, and the range.
    pub inputs: Felts,
    /// Poseidon hash of the schema's other felts.
    pub rest: felt252,
}

/// What is proved: the results that the model gives on these rows.
#[derive(Copy, Drop, Serde)]
pub struct Claim {
    /// The rows of input, one after the other.
    pub inputs: Felts,
    /// The results, one after the other.
    pub outputs: Felts,
}

/// A statement that a proof was verified of.
#[derive(Copy, Drop, Serde, PartialEq, Debug)]
pub struct Fact {
    /// Hash of the model's key.
    pub key: felt252,
    /// Poseidon hash of all rows of input, one after the other.
    pub input_hash: felt252,
    /// Poseidon hash of all results, one after the other.
    pub output_hash: felt252,
    /// Proven bits of security: 100 or 128.
    pub security_bits: u32,
}

/// The verifier. What it panics with says which check failed: [`super::errors`].
#[starknet::interface]
pub trait IModelVerifier<TContractState> {
    fn check(
        self: @TContractState, key: Key, claim: Claim, security_bits: u32, proof: Felts
    ) -> Fact;
    fn verify(
        ref self: TContractState, key: Key, claim: Claim, security_bits: u32, proof: Felts
    ) -> Fact;
    fn is_verified(self: @TContractState, fact: Fact) -> bool;
    fn assert_verified(self: @TContractState, fact: Fact);
    fn key_hash(self: @TContractState, key: Key) -> felt252;
}
