//! Keys, claims and proofs as the verifier contract takes them.
//!
//! `verifier-contract/src/interface.cairo` has the types. Every list is behind its length.

use nilometer_stark::{proof_felts, Felt, Hash, Level, Poseidon, Target};

use crate::{Instance, Key};

/// The arguments of the contract's `check` and `verify`; nothing if the key is not for contracts, or a word of the
/// proof is not a felt.
pub fn arguments(key: &Key, instance: &Instance, level: Level, proof: &[u8]) -> Option<Vec<Felt>> {
    let proof = proof_felts(proof)?;
    let mut felts = self::key(key)?;
    list(&mut felts, instance.inputs.iter().flatten().copied().collect());
    list(&mut felts, instance.outputs.iter().flatten().copied().collect());
    felts.push(Felt::from(u64::from(level.bits())));
    list(&mut felts, proof);
    Some(felts)
}

/// A key; nothing if it is not for contracts: of another target, or with commitments of another hash function than
/// Poseidon.
pub fn key(key: &Key) -> Option<Vec<Felt>> {
    if key.hash != Poseidon::ID || key.target != Target::Starknet {
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
    self::key(key)?;
    let hash = |rows: &[Vec<Felt>]| Poseidon::leaf(&rows.concat());
    let bits = Felt::from(u64::from(level.bits()));
    Some([key.felt_hash()?, hash(&instance.inputs), hash(&instance.outputs), bits])
}

fn list(felts: &mut Vec<Felt>, list: Vec<Felt>) {
    felts.push(Felt::from(list.len() as u64));
    felts.extend(list);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_for_machines_have_no_calldata() {
        let starknet = Key {
            n_rows: 512,
            batch: 1,
            root: [0; 32],
            hash: Poseidon::ID,
            target: Target::Starknet,
            schema: [1_u64, 1, 2, 0, 4, 0, 9, 8].map(Felt::from).to_vec(),
        };
        let instance = Instance { n_rows: 512, inputs: vec![vec![]], outputs: vec![vec![]] };
        let level = Level::Bits100;
        // Rows, batch, root, the length of the schema's first part and its seven felts, the rest's hash.
        assert_eq!(key(&starknet).unwrap().len(), 12);
        assert_eq!(fact(&starknet, &instance, level).unwrap()[3], Felt::from(100_u64));
        assert_eq!(arguments(&starknet, &instance, level, &[0xff; 32]), None);
        assert_eq!(arguments(&starknet, &instance, level, &[0; 33]), None);
        let native = Key { target: Target::Native, ..starknet.clone() };
        let blake3 = Key { hash: 1, ..starknet };
        for other in [native, blake3] {
            assert_eq!(arguments(&other, &instance, level, &[]), None);
            assert_eq!(fact(&other, &instance, level), None);
        }
    }
}
