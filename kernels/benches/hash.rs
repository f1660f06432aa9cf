//! Row digests, Merkle trees and grinding.

#![allow(missing_docs, reason = "criterion's macros define public items")]

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use nilometer_field::Felt;
use nilometer_kernels::{grind_with, hash_rows_with, merkle_nodes_with, Backend};
use winter_crypto::hashers::Blake3_256;
use winter_crypto::ElementHasher;
use winter_math::FieldElement;

fn backends() -> [(&'static str, Backend); 2] {
    [("best", Backend::best()), ("portable", Backend::PORTABLE)]
}

const ROWS: usize = 1 << 16;

fn hashing(c: &mut Criterion) {
    let mut group = c.benchmark_group("hash");
    group.sample_size(10);
    for width in [5, 32, 39] {
        let rows = vec![Felt::ONE; ROWS * width];
        group.throughput(Throughput::Bytes((rows.len() * Felt::BYTES) as u64));
        for (name, backend) in backends() {
            let id = BenchmarkId::new(format!("rows {name}"), width);
            group.bench_function(id, |b| b.iter(|| hash_rows_with(&rows, width, backend)));
        }
    }
    let leaves: Vec<_> =
        (0..ROWS as u64).map(|i| Blake3_256::<Felt>::hash_elements(&[Felt::from(i)])).collect();
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, backend) in backends() {
        let id = BenchmarkId::new("tree", name);
        group.bench_function(id, |b| b.iter(|| merkle_nodes_with(&leaves, backend)));
    }
    group.bench_function(BenchmarkId::new("tree", "winter"), |b| {
        b.iter(|| winter_crypto::build_merkle_nodes::<Blake3_256<Felt>>(&leaves))
    });
    const BITS: u32 = 14;
    let nonces: u64 = (0..16).map(|seed| grind_with([seed; 32], BITS, Backend::best())).sum();
    group.throughput(Throughput::Elements(nonces));
    for (name, backend) in backends() {
        let grind = || (0..16).map(|seed| grind_with([seed; 32], BITS, backend)).max();
        group.bench_function(BenchmarkId::new("grind", name), |b| b.iter(grind));
    }
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
