//! The quotient: all constraints at twice as many points as the trace has rows.

#![allow(missing_docs, reason = "criterion's macros define public items")]

use criterion::{criterion_group, criterion_main, BenchmarkId, Criterion, Throughput};
use nilometer_air::cairo::claim::header;
use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::{trace_info, Advice, Builtin, CairoAir, Claim, PublicInputs, Security};
use nilometer_field::Felt;
use nilometer_kernels::{evaluate, interpolate, RowMatrix, Twiddles};
use nilometer_prover::lookups;
use nilometer_prover::quotient::Evaluator;
use winter_air::{Air, AuxRandElements, ConstraintCompositionCoefficients};
use winter_math::{FieldElement, StarkField};

fn felts(count: usize) -> Vec<Felt> {
    let mut state = Felt::from(3_u64).inverse();
    let next = || {
        state = state * state + Felt::ONE;
        state
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Random columns, extended: what constraints cost does not depend on whether they hold.
fn extended(width: usize, rows: usize, blowup: usize) -> RowMatrix {
    let values = felts(width * rows);
    let columns: Vec<&[Felt]> = values.chunks(rows).collect();
    let twiddles = Twiddles::new(rows);
    evaluate(&interpolate(&columns, &twiddles), &twiddles, blowup, Felt::GENERATOR)
}

fn constraints(c: &mut Criterion) {
    let mut group = c.benchmark_group("constraints");
    group.sample_size(10);
    for log_rows in [10, 13, 16] {
        let rows = 1 << log_rows;
        let options = Security::DEFAULT.options(rows);
        let claim = Claim::new(vec![Builtin::Output], header(1).to_vec(), Vec::new());
        let claim = claim.expect("a program of a header");
        let mut advice = Advice::new(&claim);
        advice.stack_len = 8;
        let inputs = PublicInputs { claim, advice };
        let air = CairoAir::new(trace_info(rows), inputs, options.clone());
        let challenges = felts(N_CHALLENGES);
        let coefficients = ConstraintCompositionCoefficients {
            transition: felts(air.context().num_transition_constraints()),
            boundary: felts(air.context().num_assertions()),
        };
        let evaluator =
            Evaluator::new(&air, &AuxRandElements::new(challenges.clone()), &coefficients);
        let main = extended(MAIN_WIDTH, rows, options.blowup_factor());
        let aux = extended(AUX_WIDTH, rows, options.blowup_factor());
        group.throughput(Throughput::Elements(rows as u64));
        group.bench_function(BenchmarkId::new("quotient", log_rows), |b| {
            b.iter(|| evaluator.evaluate(&main, &aux));
        });

        let columns: Vec<Vec<Felt>> =
            felts(MAIN_WIDTH * rows).chunks(rows).map(<[_]>::to_vec).collect();
        let challenges = std::array::from_fn(|i| challenges[i]);
        group.bench_function(BenchmarkId::new("lookups", log_rows), |b| {
            b.iter(|| lookups::build(&columns, &challenges));
        });
    }
    group.finish();
}

criterion_group!(benches, constraints);
criterion_main!(benches);
