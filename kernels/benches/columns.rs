//! 32 columns: interpolation, extension by 4, evaluation at a point, combination.

#![allow(missing_docs, reason = "criterion's macros define public items")]

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion};
use nilometer_field::Felt;
use nilometer_kernels::{evaluate, evaluate_with_offset, interpolate, Backend, Twiddles};
use winter_math::{FieldElement, StarkField};
use winter_prover::matrix::{ColMatrix, RowMatrix};
use winter_prover::StarkDomain;

const WIDTH: usize = 32;
const BLOWUP: usize = 4;

fn columns(size: usize) -> Vec<Vec<Felt>> {
    let mut state = Felt::from(3_u64).inverse();
    let mut next = || {
        state = state * state + Felt::ONE;
        state
    };
    (0..WIDTH).map(|_| (0..size).map(|_| next()).collect()).collect()
}

fn extension(c: &mut Criterion) {
    let mut group = c.benchmark_group("columns");
    group.sample_size(10);
    for log_size in [10, 13, 16] {
        let size = 1 << log_size;
        let columns = columns(size);
        let slices: Vec<_> = columns.iter().map(Vec::as_slice).collect();
        for (name, backend) in [("best", Backend::best()), ("portable", Backend::PORTABLE)] {
            let twiddles = Twiddles::with_backend(size, backend);
            let polys = interpolate(&slices, &twiddles);
            let id = |what: &str| BenchmarkId::new(format!("{what} {name}"), log_size);
            group.bench_function(id("interpolate"), |b| b.iter(|| interpolate(&slices, &twiddles)));
            let offset = Felt::GENERATOR;
            let extend = || evaluate(&polys, &twiddles, BLOWUP, offset);
            group.bench_function(id("evaluate"), |b| b.iter(extend));
            let one = || evaluate_with_offset(&columns[0], &twiddles, BLOWUP, offset);
            group.bench_function(id("evaluate one"), |b| b.iter(one));
            let point = || polys.evaluate_at(columns[1][1]);
            group.bench_function(id("at a point"), |b| b.iter(point));
            let combine = || polys.combine(&columns[0][..WIDTH]);
            group.bench_function(id("combine"), |b| b.iter(combine));
        }
        let matrix = ColMatrix::new(columns);
        let id = |what: &str| BenchmarkId::new(format!("{what} winter"), log_size);
        let polys = matrix.interpolate_columns();
        group.bench_function(id("interpolate"), |b| b.iter(|| matrix.interpolate_columns()));
        let domain = StarkDomain::from_twiddles(
            winter_math::fft::get_twiddles::<Felt>(size),
            BLOWUP,
            Felt::GENERATOR,
        );
        let extend = || RowMatrix::evaluate_polys_over::<8>(&polys, &domain);
        group.bench_function(id("evaluate"), |b| b.iter(extend));
    }
    group.finish();
}

criterion_group!(benches, extension);
criterion_main!(benches);
