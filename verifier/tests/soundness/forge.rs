//! A dishonest prover, written independently of the real one: it takes any auxiliary segment, and it can choose
//! the FRI remainder after it has seen the queries.

use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH};
use nilometer_air::cairo::lookup::N_CHALLENGES;
use nilometer_air::cairo::proof_system::{Coin, HashFn, Tree};
use nilometer_air::cairo::{challenge_array, trace_info, CairoAir, PublicInputs};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use winter_air::proof::{
    merge_ood_evaluations, Commitments, Context, OodFrame, Proof, Queries, QuotientOodFrame,
    TraceOodFrame,
};
use winter_air::{Air, AuxRandElements, EvaluationFrame, ProofOptions};
use winter_crypto::{ElementHasher, Hasher, RandomCoin, VectorCommitment};
use winter_fri::folding::{apply_drp, fold_positions};
use winter_fri::{FriProof, FriProver, ProverChannel};
use winter_math::{fft, polynom, FieldElement, StarkField, ToElements};
use winter_utils::{transpose_slice, Deserializable, Serializable};

type Digest = <HashFn as Hasher>::Digest;

/// Makes an auxiliary segment for challenges.
pub type MakeAux<'a> = &'a dyn Fn(&[Felt; N_CHALLENGES]) -> Vec<Vec<Felt>>;

/// What the forger does about FRI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    /// The one that was committed to.
    Committed,
    /// One through what was answered at the queried positions; nonces are tried until there is one, at most
    /// so many of them.
    Interpolated { nonces: usize },
}

struct Channel {
    coin: Coin,
    commitments: Commitments,
    /// All that the coin was reseeded with.
    seeds: Vec<Digest>,
    alphas: Vec<Felt>,
}

impl Channel {
    fn reseed(&mut self, digest: Digest) {
        self.coin.reseed(digest);
        self.seeds.push(digest);
    }

    fn commit(&mut self, root: Digest) {
        self.commitments.add::<HashFn>(&root);
        self.reseed(root);
    }

    /// A coin in the same state, at the start of its draws.
    fn replay(&self, seed: &[Felt]) -> Coin {
        let mut coin = Coin::new(seed);
        self.seeds.iter().for_each(|digest| coin.reseed(*digest));
        coin
    }
}

impl ProverChannel<Felt> for Channel {
    type Hasher = HashFn;

    fn commit_fri_layer(&mut self, root: Digest) {
        self.commit(root);
    }

    fn draw_fri_alpha(&mut self) -> Felt {
        let alpha = self.coin.draw().unwrap();
        self.alphas.push(alpha);
        alpha
    }
}

/// Columns over the extended domain, committed to.
struct Extended {
    columns: Vec<Vec<Felt>>,
    tree: Tree,
}

impl Extended {
    fn new(polys: &[Vec<Felt>], options: &ProofOptions) -> Self {
        let twiddles = fft::get_twiddles(polys[0].len());
        let (offset, blowup) = (options.domain_offset(), options.blowup_factor());
        let extend =
            |poly: &Vec<Felt>| fft::evaluate_poly_with_offset(poly, &twiddles, offset, blowup);
        let columns: Vec<Vec<Felt>> = polys.iter().map(extend).collect();
        let leaves = (0..columns[0].len()).map(|row| HashFn::hash_elements(&at(&columns, row)));
        let tree = Tree::new(leaves.collect()).unwrap();
        Self { columns, tree }
    }

    fn queries(&self, positions: &[usize]) -> Queries {
        let rows = positions.iter().map(|position| at(&self.columns, *position)).collect();
        let (_, opening) = VectorCommitment::<HashFn>::open_many(&self.tree, positions).unwrap();
        Queries::new::<HashFn, Felt, Tree>(opening, rows)
    }
}

fn at(columns: &[Vec<Felt>], row: usize) -> Vec<Felt> {
    columns.iter().map(|column| column[row]).collect()
}

fn interpolate(columns: &[Vec<Felt>]) -> Vec<Vec<Felt>> {
    let twiddles = fft::get_inv_twiddles(columns[0].len());
    let interpolate = |column: &Vec<Felt>| {
        let mut column = column.clone();
        fft::interpolate_poly(&mut column, &twiddles);
        column
    };
    columns.iter().map(interpolate).collect()
}

fn evaluate(polys: &[&[Vec<Felt>]], x: Felt) -> Vec<Felt> {
    polys.iter().flat_map(|polys| polys.iter()).map(|poly| polynom::eval(poly, x)).collect()
}

/// All constraints at a point, combined and divided, as the verifier combines them.
struct Constraints<'a> {
    air: &'a CairoAir,
    challenges: AuxRandElements<Felt>,
    coefficients: winter_air::ConstraintCompositionCoefficients<Felt>,
    periodic: Vec<Vec<Felt>>,
}

impl Constraints<'_> {
    fn at(&self, x: Felt, current: &[Felt], next: &[Felt]) -> Felt {
        let rows = self.air.trace_length() as u64;
        let frame = |range: std::ops::Range<usize>| {
            EvaluationFrame::from_rows(current[range.clone()].to_vec(), next[range].to_vec())
        };
        let main = frame(0..MAIN_WIDTH);
        let aux = frame(MAIN_WIDTH..MAIN_WIDTH + AUX_WIDTH);
        let periodic: Vec<Felt> = self
            .periodic
            .iter()
            .map(|poly| polynom::eval(poly, x.pow([rows / poly.len() as u64, 0, 0, 0])))
            .collect();
        let transition = self.air.get_transition_constraints(&self.coefficients.transition);
        let mut main_values = vec![Felt::ZERO; transition.num_main_constraints()];
        let mut aux_values = vec![Felt::ZERO; transition.num_aux_constraints()];
        self.air.evaluate_transition(&main, &periodic, &mut main_values);
        self.air.evaluate_aux_transition(&main, &aux, &periodic, &self.challenges, &mut aux_values);
        let sum = transition.combine_evaluations(&main_values, &aux_values, x);
        let boundary =
            self.air.get_boundary_constraints(Some(&self.challenges), &self.coefficients.boundary);
        let sum = boundary
            .main_constraints()
            .iter()
            .fold(sum, |sum, group| sum + group.evaluate_at(&current[..MAIN_WIDTH], x));
        boundary
            .aux_constraints()
            .iter()
            .fold(sum, |sum, group| sum + group.evaluate_at(&current[MAIN_WIDTH..], x))
    }
}

/// "Proves" a witness with an auxiliary segment of one's own; `None` if no nonce was lucky.
pub fn prove(
    witness: &Witness,
    options: &ProofOptions,
    make_aux: MakeAux<'_>,
    remainder: Remainder,
) -> Option<Proof> {
    let rows = witness.n_rows();
    let public_inputs =
        PublicInputs { claim: witness.claim.clone(), advice: witness.advice.clone() };
    let air = CairoAir::new(trace_info(rows), public_inputs.clone(), options.clone());
    let n_constraints = air.context().num_assertions() + air.context().num_transition_constraints();
    let context = Context::new::<Felt>(trace_info(rows), options.clone(), n_constraints);
    let seed = [context.to_elements(), public_inputs.to_elements()].concat();
    let mut channel = Channel {
        coin: Coin::new(&seed),
        commitments: Commitments::default(),
        seeds: Vec::new(),
        alphas: Vec::new(),
    };

    let main_polys = interpolate(&witness.main);
    let main = Extended::new(&main_polys, options);
    channel.commit(main.tree.commitment());
    let challenges = air.get_aux_rand_elements(&mut channel.coin).unwrap();
    let aux_polys = interpolate(&make_aux(&challenge_array(&challenges)));
    let aux = Extended::new(&aux_polys, options);
    channel.commit(aux.tree.commitment());

    let coefficients = air.get_constraint_composition_coefficients(&mut channel.coin).unwrap();
    let periodic = air.get_periodic_column_polys();
    let constraints = Constraints { air: &air, challenges, coefficients, periodic };
    let domain = rows * options.blowup_factor();
    let generator = Felt::get_root_of_unity(domain.ilog2());
    let row_of =
        |row: usize| [at(&main.columns, row % domain), at(&aux.columns, row % domain)].concat();
    let mut x = options.domain_offset::<Felt>();
    let mut quotient: Vec<Felt> = (0..domain)
        .map(|row| {
            let value = constraints.at(x, &row_of(row), &row_of(row + options.blowup_factor()));
            x *= generator;
            value
        })
        .collect();
    fft::interpolate_poly_with_offset(
        &mut quotient,
        &fft::get_inv_twiddles(domain),
        options.domain_offset(),
    );
    let width = air.context().num_constraint_composition_columns();
    let quotient_polys: Vec<Vec<Felt>> =
        quotient.chunks(rows).take(width).map(<[Felt]>::to_vec).collect();
    let quotient = Extended::new(&quotient_polys, options);
    channel.commit(quotient.tree.commitment());

    let z: Felt = channel.coin.draw().unwrap();
    let next_z = z * Felt::get_root_of_unity(rows.ilog2());
    let trace = [&main_polys[..], &aux_polys[..]];
    let (current, next) = (evaluate(&trace, z), evaluate(&trace, next_z));
    let mut quotient_current = evaluate(&[&quotient_polys], z);
    let quotient_next = evaluate(&[&quotient_polys], next_z);
    if remainder != Remainder::Committed {
        // The quotient out of the domain is whatever the constraints want.
        let wanted = constraints.at(z, &current, &next);
        let power = z.pow([rows as u64, 0, 0, 0]);
        let mut weight = Felt::ONE;
        let rest = quotient_current[1..].iter().fold(Felt::ZERO, |sum, value| {
            weight *= power;
            sum + weight * *value
        });
        quotient_current[0] = wanted - rest;
    }
    let trace_frame = TraceOodFrame::new(current.clone(), next.clone(), MAIN_WIDTH);
    let quotient_frame = QuotientOodFrame::new(quotient_current.clone(), quotient_next.clone());
    let mut ood_frame = OodFrame::default();
    ood_frame.set_trace_states(&trace_frame);
    ood_frame.set_quotient_states(&quotient_frame);
    let ood = merge_ood_evaluations(&trace_frame, &quotient_frame);
    channel.reseed(HashFn::hash_elements(&ood));

    let deep_coefficients =
        air.get_deep_composition_coefficients::<Felt, _>(&mut channel.coin).unwrap();
    let coefficients = [deep_coefficients.trace, deep_coefficients.constraints].concat();
    let values_z = [current, quotient_current].concat();
    let values_next = [next, quotient_next].concat();
    let mut x = options.domain_offset::<Felt>();
    let deep: Vec<Felt> = (0..domain)
        .map(|row| {
            let values = [row_of(row), at(&quotient.columns, row)].concat();
            let (at_z, at_next) = ((x - z).inverse(), (x - next_z).inverse());
            let value = (0..values.len()).fold(Felt::ZERO, |sum, i| {
                let fractions =
                    (values[i] - values_z[i]) * at_z + (values[i] - values_next[i]) * at_next;
                sum + coefficients[i] * fractions
            });
            x *= generator;
            value
        })
        .collect();
    let mut fri = FriProver::<Felt, Channel, HashFn, Tree>::new(options.to_fri_options());
    fri.build_layers(&mut channel, deep.clone());
    let lucky = |positions: &[usize]| match remainder {
        Remainder::Committed => Some(None),
        Remainder::Interpolated { .. } => {
            interpolated_remainder(options, deep.clone(), &channel.alphas, positions).map(Some)
        }
    };
    let tries = match remainder {
        Remainder::Committed => 1,
        Remainder::Interpolated { nonces } => nonces,
    };
    let nonces =
        (1..).filter(|nonce| channel.coin.check_leading_zeros(*nonce) >= options.grinding_factor());
    let (pow_nonce, positions, chosen) = nonces.take(tries).find_map(|nonce| {
        let mut coin = channel.replay(&seed);
        let mut positions = coin.draw_integers(options.num_queries(), domain, nonce).unwrap();
        positions.sort_unstable();
        positions.dedup();
        lucky(&positions).map(|chosen| (nonce, positions, chosen))
    })?;
    let mut fri_proof = fri.build_proof(&positions);
    if let Some(chosen) = chosen {
        let mut bytes = fri_proof.to_bytes();
        // The remainder comes before the last byte.
        let start = bytes.len() - 1 - chosen.len() * Felt::BYTES;
        for (bytes, felt) in bytes[start..].chunks_mut(Felt::BYTES).zip(&chosen) {
            bytes.copy_from_slice(&felt.to_bytes());
        }
        fri_proof = FriProof::read_from_bytes(&bytes).unwrap();
    }
    Some(Proof {
        num_unique_queries: positions.len() as u8,
        commitments: channel.commitments,
        trace_queries: vec![main.queries(&positions), aux.queries(&positions)],
        constraint_queries: quotient.queries(&positions),
        ood_frame,
        fri_proof,
        pow_nonce,
        context,
    })
}

/// A remainder, highest coefficient first, that has the last layer's values at the queried positions, if they
/// are no more than its coefficients.
fn interpolated_remainder(
    options: &ProofOptions,
    mut values: Vec<Felt>,
    alphas: &[Felt],
    positions: &[usize],
) -> Option<Vec<Felt>> {
    const FOLDING: usize = 8;
    let fri = options.to_fri_options();
    assert_eq!(fri.folding_factor(), FOLDING);
    let mut positions = positions.to_vec();
    for alpha in &alphas[..fri.num_fri_layers(values.len())] {
        positions = fold_positions(&positions, values.len(), FOLDING);
        let rows = transpose_slice::<Felt, FOLDING>(&values);
        values = apply_drp(&rows, options.domain_offset(), *alpha);
    }
    let coefficients = values.len() / fri.blowup_factor();
    if positions.len() > coefficients {
        return None;
    }
    let generator = Felt::get_root_of_unity(values.len().ilog2());
    let x = |position: &usize| {
        options.domain_offset::<Felt>() * generator.pow([*position as u64, 0, 0, 0])
    };
    let xs: Vec<Felt> = positions.iter().map(x).collect();
    let ys: Vec<Felt> = positions.iter().map(|position| values[*position]).collect();
    let mut remainder = polynom::interpolate(&xs, &ys, false);
    remainder.resize(coefficients, Felt::ZERO);
    remainder.reverse();
    Some(remainder)
}
