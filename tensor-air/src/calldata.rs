//! Keys, claims and proofs as the verifier contract takes them.
//!
//! `verifier-contract/src/interface.cairo` has the types. Every list is behind its length.

use nilometer_stark::{proof_felts, Felt, Hash, Level, Poseidon};

use crate::{Instance, Key};

/// The arguments of the contract's `check` and `verify`; nothing if the key has commitments of another hash
/// function than Poseidon, or a word of the proof is not a felt.
pub fn arguments(key: &Key, instance: &Instance, level: Level, proof: &[u8]) -> Option<Vec<Felt>> {
    let proof = proof_felts(proof)?;
    let mut felts = self::key(key)?;
    list(&mut felts, instance.inputs.iter().flatten().copied().collect());
    list(&mut felts, instance.outputs.iter().flatten().copied().collect());
    felts.push(Felt::from(u64::from(level.bits())));
    list(&mut felts, proof);
    Some(felts)
}

/// A key; nothing if it has commitments of another hash function than Poseidon.
pub fn key(key: &Key) -> Option<Vec<Felt>> {
    if key.hash != Poseidon::ID {
        return None;
    }
    let (inputs, rest) = key.schema_parts();
    let mut felts = vec![Felt::from(key.n_rows as u64), Felt::from(key.batch as u64)];
    felts.push(Poseidon::from_bytes(&key.root)?);
    list(&mut felts, inputs.to_vec());
    felts.push(Poseidon::leaf(rest));
    Some(felts)
}

/// What the contract returns and remembers: the key's hash, those of all inputs and of all outputs, the bits of
/// security. Nothing if the key is not for contracts.
pub fn fact(key: &Key, instance: &Instance, level: Level) -> Option<[Felt; 4]> {
    let hash = |rows: &[Vec<Felt>]| Poseidon::leaf(&rows.concat());
    let bits = Felt::from(u64::from(level.bits()));
    Some([key.felt_hash()?, hash(&instance.inputs), hash(&instance.outputs), bits])
}

fn list(felts: &mut Vec<Felt>, list: Vec<Felt>) {
    felts.push(Felt::from(list.len() as u64));
    felts.extend(list);
}
