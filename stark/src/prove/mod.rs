//! The prover: fills nothing, judges nothing; makes a proof of columns that it is given.

mod check;
mod fri;
mod quotient;
mod tree;

use nilometer_kernels::{
    evaluate, evaluate_with_offset, interpolate, interpolate_with_offset, Polys, Twiddles,
};
use thiserror::Error;

pub use check::{failures, Failure};
pub use tree::ProverHash;

use crate::air::{Air, AirError, Columns};
use crate::domain::{generator, OFFSET};
use crate::hash::{felt_to_bytes, Hash};
use crate::layout::{Layout, LayoutError};
use crate::params::Params;
use crate::transcript::Transcript;
use crate::verify::{constraints_at, derive, Deep, Tree};
use crate::Felt;
use fri::Layers;
use quotient::Evaluator;
use tree::{write_opening, Committed};

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProveError {
    /// The AIR and the parameters do not fit.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Columns are not those of the shape.
    #[error("{count} {tree} columns of {rows} rows, the shape has {expected} of {expected_rows}")]
    Columns {
        /// The tree.
        tree: &'static str,
        /// How many columns there are.
        count: usize,
        /// Rows of the first that is of another length, or of all.
        rows: usize,
        /// How many the shape wants.
        expected: usize,
        /// Rows that the shape wants.
        expected_rows: usize,
    },
    /// A challenge collides with a public value; see [`AirError`].
    #[error(transparent)]
    Collision(#[from] AirError),
    /// The columns do not satisfy the constraints: [`failures`] says which and where.
    #[error("the columns do not satisfy the constraints")]
    Unsatisfied,
}

/// Preprocessed columns, extended and committed to: made once, for any number of proofs.
pub struct Preprocessed<H: Hash> {
    params: Params,
    polys: Polys,
    committed: Committed<H>,
}

impl<H: ProverHash> Preprocessed<H> {
    /// Commits to columns of equal length, that of the parameters' rows; there may be none.
    ///
    /// Parameters of another level give the same key: it depends on target, hash and rows.
    ///
    /// # Errors
    /// A column of another length.
    pub fn new(columns: &[Vec<Felt>], params: &Params) -> Result<Self, ProveError> {
        check_columns("preprocessed", columns, columns.len(), params.n_rows())?;
        let domain = Domain::new(params);
        let polys = domain.interpolate(columns);
        let committed = domain.commit(&polys);
        Ok(Self { params: params.clone(), polys, committed })
    }

    /// The root: what a verifier needs of them.
    pub fn key(&self) -> H::Digest {
        self.committed.root()
    }
}

/// What the prover is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Extending the main columns and committing to them.
    Main,
    /// Making the auxiliary columns, extending and committing to them.
    Aux,
    /// Evaluating the constraints.
    Quotient,
    /// Values out of the domain, and FRI's layers.
    Fri,
    /// Grinding and answering the queries.
    Queries,
}

/// Proves that the columns satisfy the constraints.
///
/// `main` are the main columns; `make_aux` makes the auxiliary ones of them, the challenges and the derived
/// values. `phase` is told what begins. The same input gives the same bytes.
///
/// # Errors
/// See [`ProveError`].
pub fn prove<H: ProverHash, A: Air>(
    air: &A,
    preprocessed: &Preprocessed<H>,
    params: &Params,
    main: Vec<Vec<Felt>>,
    make_aux: impl FnOnce(&[Vec<Felt>], &[Felt], &[Felt]) -> Vec<Vec<Felt>>,
    phase: &dyn Fn(Phase),
) -> Result<Vec<u8>, ProveError> {
    prove_with(air, preprocessed, params, main, make_aux, phase, &mut Honest)
}

/// What a prover is about to send, or to commit to.
#[cfg_attr(not(test), expect(dead_code, reason = "only cheats read messages"))]
pub(crate) enum Message<'a, H: Hash> {
    /// The key that goes into the transcript.
    Key(&'a mut H::Digest),
    /// A tree's root.
    Root(Tree, &'a mut H::Digest),
    /// The values out of the domain, and what the quotient's would have to be at z.
    Values { values: &'a mut [Felt], z: Felt, constraints: Felt },
    /// The function of an FRI layer, before it is committed to.
    Layer(usize, &'a mut [Felt]),
    /// The root of an FRI layer.
    LayerRoot(usize, &'a mut H::Digest),
    /// FRI's remainder.
    Remainder(&'a mut [Felt]),
    /// The proof of work.
    Nonce(&'a mut u64),
}

/// Where a cheating prover deviates: tests have such.
pub(crate) trait Strategy<H: Hash> {
    /// Whether to stop where the constraints do not hold.
    fn is_honest(&self) -> bool;
    /// May change a message.
    fn send(&mut self, message: Message<'_, H>);
}

/// The prover that [`prove`] is.
pub(crate) struct Honest;

impl<H: Hash> Strategy<H> for Honest {
    fn is_honest(&self) -> bool {
        true
    }
    fn send(&mut self, _: Message<'_, H>) {}
}

pub(crate) fn prove_with<H: ProverHash, A: Air>(
    air: &A,
    preprocessed: &Preprocessed<H>,
    params: &Params,
    main: Vec<Vec<Felt>>,
    make_aux: impl FnOnce(&[Vec<Felt>], &[Felt], &[Felt]) -> Vec<Vec<Felt>>,
    phase: &dyn Fn(Phase),
    strategy: &mut dyn Strategy<H>,
) -> Result<Vec<u8>, ProveError> {
    let layout = Layout::new(air, params)?;
    let shape = &layout.shape;
    let n_rows = shape.n_rows;
    if preprocessed.params.n_rows() != n_rows || preprocessed.params.target() != params.target() {
        return Err(LayoutError::Rows { params: preprocessed.params.n_rows(), air: n_rows }.into());
    }
    if preprocessed.polys.width() != shape.width.preprocessed {
        return Err(ProveError::Columns {
            tree: "preprocessed",
            count: preprocessed.polys.width(),
            rows: n_rows,
            expected: shape.width.preprocessed,
            expected_rows: n_rows,
        });
    }
    check_columns("main", &main, shape.width.main, n_rows)?;
    let domain = Domain::new(params);
    let mut proof = Vec::new();
    let mut key = preprocessed.key();
    strategy.send(Message::Key(&mut key));
    let mut transcript = Transcript::<H>::new(air, &layout, params, &key);

    phase(Phase::Main);
    let main_polys = domain.interpolate(&main);
    let main_lde = domain.commit::<H>(&main_polys);
    let mut root = main_lde.root();
    strategy.send(Message::Root(Tree::Main, &mut root));
    proof.extend(H::to_bytes(&root));
    transcript.absorb_digest(&root);

    phase(Phase::Aux);
    let challenges = transcript.draw_many(shape.n_challenges);
    let derived = derive(air, &layout, &challenges)?;
    let aux = make_aux(&main, &challenges, &derived);
    drop(main);
    check_columns("auxiliary", &aux, shape.width.aux, n_rows)?;
    let aux_polys = domain.interpolate(&aux);
    drop(aux);
    let aux_lde = domain.commit::<H>(&aux_polys);
    let mut root = aux_lde.root();
    if shape.width.aux > 0 {
        strategy.send(Message::Root(Tree::Aux, &mut root));
        proof.extend(H::to_bytes(&root));
    }
    transcript.absorb_digest(&root);

    phase(Phase::Quotient);
    let alpha = transcript.draw();
    let quotient = Evaluator {
        air,
        layout: &layout,
        blowup: params.blowup(),
        challenges: &challenges,
        derived: &derived,
        alpha,
        columns: Columns {
            preprocessed: preprocessed.committed.rows(),
            main: main_lde.rows(),
            aux: aux_lde.rows(),
        },
    }
    .evaluate();
    let quotient = interpolate_with_offset(&quotient, &Twiddles::new(quotient.len()), OFFSET);
    let columns: Vec<&[Felt]> = quotient.chunks(n_rows).take(layout.n_quotient()).collect();
    let quotient_polys = Polys::from_coefficients(&columns, domain.twiddles.backend());
    drop(quotient);
    let quotient_lde = domain.commit::<H>(&quotient_polys);
    let mut root = quotient_lde.root();
    strategy.send(Message::Root(Tree::Quotient, &mut root));
    proof.extend(H::to_bytes(&root));
    transcript.absorb_digest(&root);

    phase(Phase::Fri);
    let z = transcript.draw();
    let polys = [&preprocessed.polys, &main_polys, &aux_polys, &quotient_polys];
    let mut values = values_out_of_the_domain(&layout, polys, z);
    let frame = layout.frame_columns(&values);
    let constraints = constraints_at(air, &layout, &challenges, &derived, alpha, z, &frame)
        .ok_or(AirError::Collision { what: "the trace's domain" })?;
    if strategy.is_honest() && constraints != frame.quotient_at(z, n_rows) {
        return Err(ProveError::Unsatisfied);
    }
    strategy.send(Message::Values { values: &mut values, z, constraints });
    write(&values, &mut proof);
    transcript.absorb(&values);
    let gamma = transcript.draw();
    let deep = Deep::new(&layout, params, gamma, z, &values);
    let deep = deep_polynomial(&deep, polys);
    drop((main_polys, aux_polys, quotient_polys));
    let deep = evaluate_with_offset(&deep, &domain.twiddles, params.blowup(), OFFSET);
    let layers = Layers::<H>::commit(deep, params, &mut transcript, &mut proof, strategy);

    phase(Phase::Queries);
    let mut nonce = H::grind(transcript.state(), params.grinding_bits());
    strategy.send(Message::Nonce(&mut nonce));
    write(&[Felt::from(nonce)], &mut proof);
    let worked = transcript.absorb_work(nonce, params.grinding_bits());
    debug_assert!(worked || !strategy.is_honest(), "the verifier's measure of work");
    let positions = transcript.positions(params.n_queries(), params.domain_size());
    let trees = [&preprocessed.committed, &main_lde, &aux_lde, &quotient_lde];
    write_opening(trees, &positions, params.domain_size().ilog2(), &mut proof);
    layers.write_openings(positions, &mut proof);
    Ok(proof)
}

fn write(felts: &[Felt], proof: &mut Vec<u8>) {
    for felt in felts {
        proof.extend(felt_to_bytes(felt));
    }
}

fn check_columns(
    tree: &'static str,
    columns: &[Vec<Felt>],
    expected: usize,
    expected_rows: usize,
) -> Result<(), ProveError> {
    let odd = columns.iter().map(Vec::len).find(|rows| *rows != expected_rows);
    if columns.len() == expected && odd.is_none() {
        return Ok(());
    }
    let (count, rows) = (columns.len(), odd.unwrap_or(expected_rows));
    Err(ProveError::Columns { tree, count, rows, expected, expected_rows })
}

/// The trace's domain and the commitments'.
struct Domain {
    twiddles: Twiddles,
    blowup: usize,
}

impl Domain {
    fn new(params: &Params) -> Self {
        Self { twiddles: Twiddles::new(params.n_rows()), blowup: params.blowup() }
    }

    fn interpolate(&self, columns: &[Vec<Felt>]) -> Polys {
        let columns: Vec<&[Felt]> = columns.iter().map(Vec::as_slice).collect();
        interpolate(&columns, &self.twiddles)
    }

    fn commit<H: ProverHash>(&self, polys: &Polys) -> Committed<H> {
        Committed::new(evaluate(polys, &self.twiddles, self.blowup, OFFSET))
    }
}

/// All columns at z, then the declared ones at z·g.
fn values_out_of_the_domain(layout: &Layout, polys: [&Polys; 4], z: Felt) -> Vec<Felt> {
    let mut values = Vec::with_capacity(layout.n_values());
    for polys in polys {
        values.extend(polys.evaluate_at(z));
    }
    let next_z = z * generator(layout.shape.n_rows);
    for (polys, columns) in polys.iter().zip(layout.shape.next.as_array()) {
        if !columns.is_empty() {
            let at_next = polys.evaluate_at(next_z);
            values.extend(columns.iter().map(|column| at_next[*column]));
        }
    }
    values
}

/// The coefficients of [`Deep`].
fn deep_polynomial(deep: &Deep<'_>, polys: [&Polys; 4]) -> Vec<Felt> {
    let combine = |weights: &dyn Fn(usize) -> Option<Vec<Felt>>| {
        let mut sum: Vec<Felt> = Vec::new();
        for (tree, polys) in polys.iter().enumerate() {
            let Some(weights) = weights(tree) else { continue };
            let part = polys.combine(&weights);
            if sum.is_empty() {
                sum = part;
            } else {
                for (sum, value) in sum.iter_mut().zip(part) {
                    *sum += value;
                }
            }
        }
        sum
    };
    let row = |tree: usize| (polys[tree].width() > 0).then(|| deep.row_weights(tree).to_vec());
    let next = |tree: usize| {
        let mut weights = vec![Felt::default(); polys[tree].width()];
        let mut any = false;
        for (column, weight) in deep.next_weights(tree) {
            weights[column] = weight;
            any = true;
        }
        any.then_some(weights)
    };
    let [z, next_z] = deep.points();
    let (mut first, second) =
        rayon::join(|| divide(combine(&row), z), || divide(combine(&next), next_z));
    for (sum, value) in first.iter_mut().zip(second) {
        *sum += value;
    }
    first
}

/// `(f - f(point))/(X - point)`; as many coefficients, the last one zero.
fn divide(mut f: Vec<Felt>, point: Felt) -> Vec<Felt> {
    let mut carry = Felt::default();
    for coefficient in f.iter_mut().rev() {
        let next = *coefficient + carry * point;
        *coefficient = carry;
        carry = next;
    }
    f
}
