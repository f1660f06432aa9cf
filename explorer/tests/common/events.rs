//! Events as the registry emits them.

use nilometer_starknet::codec::{push_span, push_text, to_short_string};
use nilometer_starknet::{registry, Felt};

/// Keys and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    pub keys: Vec<Felt>,
    pub data: Vec<Felt>,
}

/// The selector of a name.
pub fn selector(name: &str) -> Felt {
    registry::call(Felt::ZERO, name, vec![]).selector
}

fn emitted(name: &str, keys: &[u64], data: Vec<Felt>) -> Emitted {
    let keys = keys.iter().map(|&key| Felt::from(key));
    Emitted { keys: std::iter::once(selector(name)).chain(keys).collect(), data }
}

fn short(text: &str) -> Felt {
    to_short_string(text).unwrap_or_default()
}

/// `ModelRegistered`
pub fn registered(
    id: u64,
    owner: u64,
    name: &str,
    kind: &str,
    licence: &str,
    price: u128,
) -> Emitted {
    let mut data = Vec::new();
    push_text(&mut data, name);
    data.extend([short(kind), short(licence), Felt::from(price), Felt::from(7u64)]);
    emitted("ModelRegistered", &[id, owner], data)
}

/// `VersionPublished`, with a contract, hashes and a description that follow from its number.
pub fn published(
    id: u64,
    version: u64,
    schema_hash: Felt,
    uri: &str,
    metadata_hash: [u8; 32],
) -> Emitted {
    let base = id * 1_000 + version * 10;
    let mut data: Vec<Felt> = (1..=4).map(|n| Felt::from(base + n)).collect();
    data.push(schema_hash);
    push_text(&mut data, uri);
    let number = nilometer_starknet::types::digest_number(metadata_hash);
    data.extend([Felt::from(number.low()), Felt::from(number.high()), Felt::ZERO]);
    emitted("VersionPublished", &[id, version], data)
}

/// `VersionPublished` with the hashes of other versions, as a publisher may state them.
pub fn published_as(
    id: u64,
    version: u64,
    program_hash: u64,
    uri: &str,
    metadata: [u8; 32],
) -> Emitted {
    let mut emitted = published(id, version, Felt::from(5u64), uri, metadata);
    emitted.data[3] = Felt::from(program_hash);
    emitted
}

/// `Credited`
pub fn credited(account: u64, amount: u128) -> Emitted {
    emitted("Credited", &[account], vec![Felt::from(amount)])
}

/// `Withdrawn`
pub fn withdrawn(account: u64, amount: u128) -> Emitted {
    emitted("Withdrawn", &[account], vec![Felt::from(amount)])
}

/// `Called`
pub fn called(id: u64, caller: u64, call_id: u64, price: u128, output: &[i64]) -> Emitted {
    let mut data = vec![Felt::ONE, Felt::from(call_id), Felt::from(price), Felt::from(0xabcu64)];
    push_span(&mut data, &felts(output));
    emitted("Called", &[id, caller], data)
}

/// `Claimed`
pub fn claimed(claim_id: u64, id: u64, claimant: u64, bond: u128, output: &[i64]) -> Emitted {
    let mut data =
        vec![Felt::ONE, Felt::from(bond), Felt::from(bond), Felt::from(9_999_999_999u64)];
    data.extend([Felt::ONE, Felt::from(0xabcu64)]);
    push_span(&mut data, &felts(output));
    emitted("Claimed", &[claim_id, id, claimant], data)
}

/// `ClaimInput`
pub fn claim_input(claim_id: u64, offset: u64, part: &[i64]) -> Emitted {
    let mut data = vec![Felt::ZERO, Felt::from(offset)];
    push_span(&mut data, &felts(part));
    emitted("ClaimInput", &[claim_id], data)
}

/// `Refuted`
pub fn refuted(claim_id: u64, challenger: u64, reward: u128, burnt: u128) -> Emitted {
    let amounts = [Felt::from(reward), Felt::from(burnt)];
    let data =
        [vec![Felt::ZERO], amounts.to_vec(), vec![Felt::ZERO, Felt::from(0xdefu64)]].concat();
    emitted("Refuted", &[claim_id, challenger], data)
}

/// `Finalized`
pub fn finalized(claim_id: u64) -> Emitted {
    emitted("Finalized", &[claim_id], vec![])
}

/// `ProofRecorded`
pub fn proof_recorded(proof_id: u64, id: u64, recorder: u64) -> Emitted {
    let data = [1u64, 0x11, 0x22, 0xabc, 0xdef, 100, 1].map(Felt::from).to_vec();
    emitted("ProofRecorded", &[proof_id, id, recorder], data)
}

/// `TermsChanged`
pub fn terms_changed(id: u64, price: u128) -> Emitted {
    emitted("TermsChanged", &[id], vec![Felt::from(price), Felt::from(8u64)])
}

/// Signed integers as felts.
pub fn felts(integers: &[i64]) -> Vec<Felt> {
    integers.iter().map(|&integer| Felt::from(integer)).collect()
}
