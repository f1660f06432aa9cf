//! The proof of a filled trace.
//!
//! The protocol is Winterfell's: this makes a [`Proof`] that `winterfell::verify` replays. The steps are
//! written out here because proving over a 252-bit field needs its own transforms, hashing and evaluation of
//! constraints to be fast.

use nilometer_air::cairo::layout::MAIN_WIDTH;
use nilometer_air::cairo::security::context;
use nilometer_air::cairo::{challenge_array, trace_info, CairoAir, PublicInputs};
use nilometer_field::Felt;
use nilometer_kernels::{
    evaluate, evaluate_with_offset, interpolate, interpolate_with_offset, Polys, RowMatrix,
    Twiddles,
};
use winter_air::proof::{Proof, QuotientOodFrame, TraceOodFrame};
use winter_air::{Air, DeepCompositionCoefficients, ProofOptions};
use winter_crypto::RandomCoin;
use winter_fri::FriProver;
use winter_math::{polynom, StarkField};

use crate::commitment::{Committed, HashFn, Tree};
use crate::quotient::Evaluator;
use crate::transcript::Transcript;
use crate::witness::Witness;
use crate::{lookups, Phase};

/// Proves a witness; `phase` is called at the start of each phase.
pub fn prove(witness: Witness, options: &ProofOptions, phase: &dyn Fn(Phase)) -> Proof {
    let Witness { claim, advice, main } = witness;
    let rows = main[0].len();
    let public_inputs = PublicInputs { claim, advice };
    let air = CairoAir::new(trace_info(rows), public_inputs.clone(), options.clone());
    let context = context(options, rows);
    let mut transcript = Transcript::new(&context, &public_inputs);
    let domain = Domain::new(rows, options);

    phase(Phase::Commit);
    let main_polys = domain.interpolate(&main);
    let main_lde = Committed::new(domain.evaluate(&main_polys));
    transcript.commit(main_lde.root());

    phase(Phase::Lookups);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let challenges = air.get_aux_rand_elements(&mut transcript.coin).expect("challenges");
    let aux = lookups::build(&main, &challenge_array(&challenges));
    drop(main);
    let aux_polys = domain.interpolate(&aux);
    drop(aux);
    let aux_lde = Committed::new(domain.evaluate(&aux_polys));
    transcript.commit(aux_lde.root());

    phase(Phase::Constraints);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let coefficients = air
        .get_constraint_composition_coefficients(&mut transcript.coin)
        .expect("composition coefficients");
    let evaluator = Evaluator::new(&air, &challenges, &coefficients);
    let quotient = evaluator.evaluate(main_lde.rows(), aux_lde.rows());
    let twiddles = Twiddles::new(quotient.len());
    let quotient = interpolate_with_offset(&quotient, &twiddles, domain.offset);
    let columns: Vec<&[Felt]> = quotient.chunks(rows).collect();
    assert_eq!(columns.len(), air.context().num_constraint_composition_columns());
    let quotient_polys = Polys::from_coefficients(&columns, domain.twiddles.backend());
    drop(quotient);
    let quotient_lde = Committed::new(domain.evaluate(&quotient_polys));
    transcript.commit(quotient_lde.root());

    phase(Phase::Fri);
    let z = transcript.draw();
    let next_z = z * Felt::get_root_of_unity(rows.ilog2());
    let polys = [&main_polys, &aux_polys, &quotient_polys];
    let at = |x: Felt| polys.map(|polys| polys.evaluate_at(x));
    let (current, next) = (at(z), at(next_z));
    let trace = |[main, aux, _]: &[Vec<Felt>; 3]| [&main[..], aux].concat();
    let trace_frame = TraceOodFrame::new(trace(&current), trace(&next), MAIN_WIDTH);
    let quotient_frame = QuotientOodFrame::new(current[2].clone(), next[2].clone());
    transcript.send_ood(&trace_frame, &quotient_frame);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let coefficients =
        air.get_deep_composition_coefficients(&mut transcript.coin).expect("DEEP coefficients");
    let deep = deep_composition(polys, &coefficients, [(z, current), (next_z, next)]);
    drop((main_polys, aux_polys, quotient_polys));
    let deep = evaluate_with_offset(&deep, &domain.twiddles, domain.blowup, domain.offset);
    let mut fri = FriProver::<Felt, Transcript, HashFn, Tree>::new(options.to_fri_options());
    fri.build_layers(&mut transcript, deep);

    phase(Phase::Queries);
    let pow_nonce = transcript.grind(options.grinding_factor());
    #[expect(clippy::expect_used, reason = "there are fewer queries than a thousand")]
    let mut positions = transcript
        .coin
        .draw_integers(options.num_queries(), context.lde_domain_size(), pow_nonce)
        .expect("query positions");
    positions.sort_unstable();
    positions.dedup();
    Proof {
        num_unique_queries: positions.len() as u8,
        commitments: transcript.commitments,
        trace_queries: vec![main_lde.query(&positions), aux_lde.query(&positions)],
        constraint_queries: quotient_lde.query(&positions),
        ood_frame: transcript.ood_frame,
        fri_proof: fri.build_proof(&positions),
        pow_nonce,
        context,
    }
}

/// The domain of the extended trace.
struct Domain {
    twiddles: Twiddles,
    blowup: usize,
    offset: Felt,
}

impl Domain {
    fn new(rows: usize, options: &ProofOptions) -> Self {
        Self {
            twiddles: Twiddles::new(rows),
            blowup: options.blowup_factor(),
            offset: options.domain_offset(),
        }
    }

    fn interpolate(&self, columns: &[Vec<Felt>]) -> Polys {
        let columns: Vec<&[Felt]> = columns.iter().map(Vec::as_slice).collect();
        interpolate(&columns, &self.twiddles)
    }

    fn evaluate(&self, polys: &Polys) -> RowMatrix {
        evaluate(polys, &self.twiddles, self.blowup, self.offset)
    }
}

/// `Σ_points (Σ cᵢ·(Tᵢ(X) - Tᵢ(point))) / (X - point)`: of low degree only if the evaluations are right.
fn deep_composition(
    polys: [&Polys; 3],
    coefficients: &DeepCompositionCoefficients<Felt>,
    points: [(Felt, [Vec<Felt>; 3]); 2],
) -> Vec<Felt> {
    let (main, aux) = coefficients.trace.split_at(MAIN_WIDTH);
    let coefficients = [main, aux, &coefficients.constraints];
    let mut parts = polys.iter().zip(coefficients).map(|(polys, weights)| polys.combine(weights));
    let mut combined = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, value) in combined.iter_mut().zip(part) {
            *sum += value;
        }
    }
    let [first, second] = points.map(|(point, values)| {
        let mut quotient = combined.clone();
        for (values, weights) in values.iter().zip(coefficients) {
            for (value, weight) in values.iter().zip(weights) {
                quotient[0] -= *value * *weight;
            }
        }
        (point, quotient)
    });
    let divide = |(point, mut quotient): (Felt, Vec<Felt>)| {
        polynom::syn_div_in_place(&mut quotient, 1, point);
        quotient
    };
    let (mut first, second) = rayon::join(|| divide(first), || divide(second));
    for (sum, value) in first.iter_mut().zip(second) {
        *sum += value;
    }
    first
}
