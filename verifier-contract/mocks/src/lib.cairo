//! The verifier as a program: reads the contract's calldata, writes what is proved.

use nilometer_verifier::interface::{Claim, Fact, Felts, Key};
use nilometer_verifier::verify::verify;

/// Panics as the contract does.
fn main(mut input: Span<felt252>, ref output: Array<felt252>) {
    let key: Key = Serde::deserialize(ref input).expect('key');
    let claim: Claim = Serde::deserialize(ref input).expect('claim');
    let security_bits: u32 = Serde::deserialize(ref input).expect('security');
    let proof: Felts = Serde::deserialize(ref input).expect('proof');
    assert(input.is_empty(), 'too long');
    let Fact { key, input_hash, output_hash, security_bits } = verify(
        @key, @claim, security_bits, proof.felts
    );
    output.append(key);
    output.append(input_hash);
    output.append(output_hash);
    output.append(security_bits.into());
}
