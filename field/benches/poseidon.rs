//! Poseidon of a program's size: ours and the library's.

#![allow(missing_docs, reason = "criterion's macros define public items")]

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use nilometer_field::poseidon;
use nilometer_field::Felt;
use starknet_types_core::felt::Felt as Reference;
use starknet_types_core::hash::{Poseidon, StarkHash};

fn hashing(c: &mut Criterion) {
    const LEN: u64 = 4096;
    let felts: Vec<Felt> = (0..LEN).map(|i| Felt::from(i) * Felt::from(u64::MAX)).collect();
    let reference: Vec<Reference> =
        felts.iter().map(|felt| Reference::from_bytes_be(&felt.to_be_bytes())).collect();
    let mut group = c.benchmark_group("poseidon");
    group.sample_size(20).throughput(Throughput::Elements(LEN));
    group.bench_function("ours", |b| b.iter(|| poseidon::hash_array(&felts)));
    group.bench_function("starknet-types-core", |b| b.iter(|| Poseidon::hash_array(&reference)));
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
