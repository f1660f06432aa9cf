//! Proofs of an AIR with about as many columns as a model's: 40 preprocessed, 44 main, 16 auxiliary.

#![allow(missing_docs, reason = "criterion's macros define public items")]
#![allow(clippy::unwrap_used, reason = "a bench")]

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use nilometer_stark::prove::{prove, Preprocessed, ProverHash};
use nilometer_stark::{verify, Blake3, Felt, Level, Params, Poseidon, Target};

#[path = "../src/tests/airs.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests")]
mod airs;

use airs::Wide;

fn bench<H: ProverHash>(c: &mut Criterion, target: Target, lengths: &[usize]) {
    for n_rows in lengths {
        let params = Params::new(Level::Bits100, target, *n_rows);
        let (air, columns, main) = Wide::new(*n_rows);
        let preprocessed = Preprocessed::<H>::new(&columns, &params).unwrap();
        let aux = |main: &[Vec<Felt>], challenges: &[Felt], _: &[Felt]| Wide::aux(main, challenges);
        let name = format!("{target:?}");
        let mut group = c.benchmark_group(&name);
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("key", n_rows), |b| {
            b.iter(|| Preprocessed::<H>::new(&columns, &params).unwrap().key());
        });
        let run = || prove(&air, &preprocessed, &params, main.clone(), aux, &|_| {}).unwrap();
        group.bench_function(BenchmarkId::new("prove", n_rows), |b| b.iter(run));
        let proof = run();
        let key = preprocessed.key();
        group.bench_function(
            BenchmarkId::new(format!("verify, {} bytes", proof.len()), n_rows),
            |b| {
                b.iter(|| verify::<H, _>(&air, &key, &params, &proof).unwrap());
            },
        );
    }
}

fn native(c: &mut Criterion) {
    bench::<Blake3>(c, Target::Native, &[1 << 10, 1 << 13, 1 << 15]);
}

fn starknet(c: &mut Criterion) {
    bench::<Poseidon>(c, Target::Starknet, &[1 << 10]);
}

criterion_group!(benches, native, starknet);
criterion_main!(benches);
