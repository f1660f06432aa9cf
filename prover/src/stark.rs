//! The proof of a filled trace.
//!
//! The protocol is Winterfell's: this makes a [`Proof`] that `winterfell::verify` replays. The steps are
//! written out here because a 252-bit field on the prover's side wants its own transforms, hashing and
//! evaluation of constraints.

use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH};
use nilometer_air::cairo::{challenge_array, trace_info, CairoAir, PublicInputs};
use nilometer_air::Felt;
use rayon::prelude::*;
use winter_air::proof::{Context, Proof, QuotientOodFrame, TraceOodFrame};
use winter_air::{Air, DeepCompositionCoefficients, ProofOptions};
use winter_crypto::RandomCoin;
use winter_fri::FriProver;
use winter_math::{fft, polynom, FieldElement, StarkField};

use crate::commitment::{Committed, HashFn};
use crate::quotient::Evaluator;
use crate::transcript::{grind, Transcript};
use crate::witness::Witness;
use crate::{lookups, Phase};

type Tree = nilometer_air::cairo::proof_system::Tree;

/// Proves a witness; `phase` is told what begins.
pub fn prove(witness: Witness, options: &ProofOptions, phase: &dyn Fn(Phase)) -> Proof {
    let Witness { claim, advice, main } = witness;
    let rows = main[0].len();
    let public_inputs = PublicInputs { claim, advice };
    let air = CairoAir::new(trace_info(rows), public_inputs.clone(), options.clone());
    let n_constraints = air.context().num_assertions() + air.context().num_transition_constraints();
    let context = Context::new::<Felt>(trace_info(rows), options.clone(), n_constraints);
    let mut transcript = Transcript::new(&context, &public_inputs);
    let domain = Domain::new(rows, options);

    phase(Phase::Commit);
    let main_polys = domain.interpolate(&main);
    let main_lde = Committed::new(domain.evaluate(&main_polys), MAIN_WIDTH);
    transcript.commit(main_lde.root());

    phase(Phase::Lookups);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let challenges = air.get_aux_rand_elements(&mut transcript.coin).expect("challenges");
    let aux = lookups::build(&main, &challenge_array(&challenges));
    drop(main);
    let aux_polys = domain.interpolate(&aux);
    drop(aux);
    let aux_lde = Committed::new(domain.evaluate(&aux_polys), AUX_WIDTH);
    transcript.commit(aux_lde.root());

    phase(Phase::Constraints);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let coefficients = air
        .get_constraint_composition_coefficients(&mut transcript.coin)
        .expect("composition coefficients");
    let evaluator = Evaluator::new(&air, &challenges, &coefficients);
    let quotient_polys = {
        let mut quotient = evaluator.evaluate(&main_lde, &aux_lde);
        let inverse_twiddles = fft::get_inv_twiddles(quotient.len());
        fft::interpolate_poly_with_offset(&mut quotient, &inverse_twiddles, domain.offset);
        let width = air.context().num_constraint_composition_columns();
        quotient.chunks(rows).take(width).map(<[Felt]>::to_vec).collect::<Vec<_>>()
    };
    let quotient_lde = Committed::new(domain.evaluate(&quotient_polys), quotient_polys.len());
    transcript.commit(quotient_lde.root());

    phase(Phase::Fri);
    let z = transcript.draw();
    let next_z = z * Felt::get_root_of_unity(rows.ilog2());
    let polys: Vec<&Vec<Felt>> =
        main_polys.iter().chain(&aux_polys).chain(&quotient_polys).collect();
    let n_trace = MAIN_WIDTH + AUX_WIDTH;
    let at =
        |x: Felt| -> Vec<Felt> { polys.par_iter().map(|poly| polynom::eval(poly, x)).collect() };
    let (current, next) = (at(z), at(next_z));
    let trace_frame =
        TraceOodFrame::new(current[..n_trace].to_vec(), next[..n_trace].to_vec(), MAIN_WIDTH);
    let quotient_frame =
        QuotientOodFrame::new(current[n_trace..].to_vec(), next[n_trace..].to_vec());
    transcript.send_ood(&trace_frame, &quotient_frame);
    #[expect(clippy::expect_used, reason = "see `Transcript::draw`")]
    let coefficients =
        air.get_deep_composition_coefficients(&mut transcript.coin).expect("DEEP coefficients");
    let deep = deep_composition(&polys, &coefficients, [(z, &current), (next_z, &next)]);
    let deep =
        fft::evaluate_poly_with_offset(&deep, &domain.twiddles, domain.offset, domain.blowup);

    let mut fri = FriProver::<Felt, Transcript, HashFn, Tree>::new(options.to_fri_options());
    fri.build_layers(&mut transcript, deep);

    phase(Phase::Queries);
    let pow_nonce = grind(&transcript.coin, options.grinding_factor());
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
    twiddles: Vec<Felt>,
    inverse_twiddles: Vec<Felt>,
    blowup: usize,
    offset: Felt,
}

impl Domain {
    fn new(rows: usize, options: &ProofOptions) -> Self {
        Self {
            twiddles: fft::get_twiddles(rows),
            inverse_twiddles: fft::get_inv_twiddles(rows),
            blowup: options.blowup_factor(),
            offset: options.domain_offset(),
        }
    }

    fn interpolate(&self, columns: &[Vec<Felt>]) -> Vec<Vec<Felt>> {
        columns
            .par_iter()
            .map(|column| {
                let mut column = column.clone();
                fft::interpolate_poly(&mut column, &self.inverse_twiddles);
                column
            })
            .collect()
    }

    /// Row by row.
    fn evaluate(&self, polys: &[Vec<Felt>]) -> Vec<Felt> {
        let columns: Vec<Vec<Felt>> = polys
            .par_iter()
            .map(|poly| {
                fft::evaluate_poly_with_offset(poly, &self.twiddles, self.offset, self.blowup)
            })
            .collect();
        let mut values = vec![Felt::ZERO; columns.len() * columns[0].len()];
        values.par_chunks_mut(columns.len()).enumerate().for_each(|(i, row)| {
            for (value, column) in row.iter_mut().zip(&columns) {
                *value = column[i];
            }
        });
        values
    }
}

/// `Σ_points (Σ cᵢ·(Tᵢ(X) - Tᵢ(point))) / (X - point)`: of low degree only if the evaluations are right.
fn deep_composition(
    polys: &[&Vec<Felt>],
    coefficients: &DeepCompositionCoefficients<Felt>,
    points: [(Felt, &Vec<Felt>); 2],
) -> Vec<Felt> {
    let coefficients: Vec<Felt> =
        coefficients.trace.iter().chain(&coefficients.constraints).copied().collect();
    let mut combined = vec![Felt::ZERO; polys[0].len()];
    combined.par_chunks_mut(1 << 10).enumerate().for_each(|(task, sums)| {
        let first = task << 10;
        for (poly, coefficient) in polys.iter().zip(&coefficients) {
            for (sum, value) in sums.iter_mut().zip(&poly[first..]) {
                *sum += *coefficient * *value;
            }
        }
    });
    let quotients: Vec<Vec<Felt>> = points
        .into_par_iter()
        .map(|(point, values)| {
            let mut quotient = combined.clone();
            for (value, coefficient) in values.iter().zip(&coefficients) {
                quotient[0] -= *value * *coefficient;
            }
            polynom::syn_div_in_place(&mut quotient, 1, point);
            quotient
        })
        .collect();
    let [first, second] = &quotients[..] else { unreachable!("two points") };
    first.iter().zip(second).map(|(a, b)| *a + *b).collect()
}
