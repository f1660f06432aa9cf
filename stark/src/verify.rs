//! The verifier.
//!
//! A proof is a list of 32-byte words: digests and elements (see [`crate::hash`]), in this order and with
//! nothing between them:
//!
//! | part | words |
//! |---|---|
//! | roots: main, auxiliary (if there are such columns), quotient | 1 each |
//! | values at z: preprocessed, main, auxiliary, quotient; at z·g: of the columns that [`crate::Shape::next`] lists | 1 each |
//! | roots of FRI's layers | 1 each |
//! | FRI's remainder, coefficients from the lowest | [`Params::remainder_len`] |
//! | nonce of the proof of work, as an element | 1 |
//! | per queried position: its row of all trees, one tree after the other | width of all trees |
//! | per sibling of the openings, which are alike in all trees: its digest in each tree that has columns | follows from the positions |
//! | per FRI layer: the values of the opened leaves that are not known yet; the siblings | the same |
//!
//! No length is written down: the parameters, the shape and the positions, which are derived from what comes
//! before them, give them all. So a proof has one spelling, and memory is bounded by the bytes that are there.

use thiserror::Error;

use crate::air::{Air, AirError, Frame, Kind};
use crate::domain::{fold, generator, horner, inverses, power, powers, Vanishing, OFFSET};
use crate::hash::{felt_from_bytes, Hash, WORD};
use crate::layout::{Layout, LayoutError, OodFrame, N_TREES};
use crate::merkle;
use crate::params::Params;
use crate::transcript::Transcript;
use crate::Felt;

/// The part of a proof that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A tree's root.
    Root(Tree),
    /// The values out of the domain.
    Values,
    /// The root of an FRI layer.
    LayerRoot(usize),
    /// FRI's remainder.
    Remainder,
    /// The proof of work.
    Nonce,
    /// The trees' rows.
    Rows,
    /// The opening of the trees.
    Opening,
    /// Values of an FRI layer.
    LayerValues(usize),
    /// Opening of an FRI layer.
    LayerOpening(usize),
}

/// A tree of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tree {
    /// Of the key.
    Preprocessed,
    /// Of the witness.
    Main,
    /// Of what depends on the challenges.
    Aux,
    /// Of the constraints' quotient.
    Quotient,
}

impl Tree {
    /// All, in order.
    pub(crate) const ALL: [Self; N_TREES] =
        [Self::Preprocessed, Self::Main, Self::Aux, Self::Quotient];
}

impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Preprocessed => "preprocessed",
            Self::Main => "main",
            Self::Aux => "auxiliary",
            Self::Quotient => "quotient",
        })
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root(tree) => write!(f, "root of the {tree} tree"),
            Self::Values => f.write_str("values out of the domain"),
            Self::LayerRoot(layer) => write!(f, "root of FRI layer {layer}"),
            Self::Remainder => f.write_str("FRI remainder"),
            Self::Nonce => f.write_str("nonce"),
            Self::Rows => f.write_str("rows"),
            Self::Opening => f.write_str("opening of the rows"),
            Self::LayerValues(layer) => write!(f, "values of FRI layer {layer}"),
            Self::LayerOpening(layer) => write!(f, "opening of FRI layer {layer}"),
        }
    }
}

/// Why a proof is refused: the check that failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The caller's AIR and parameters do not fit; nothing is said about the proof.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The bytes end too early.
    #[error("the proof ends in the middle of its {part}")]
    Truncated {
        /// Where.
        part: Part,
    },
    /// A word is not the one spelling of an element or digest.
    #[error("the proof's {part}: a word is not a canonical field element")]
    Word {
        /// Where.
        part: Part,
    },
    /// Bytes follow on the proof's end.
    #[error("{bytes} bytes follow on the proof's end")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A challenge hit a public value; an honest prover meets this about once in `2^230` proofs.
    #[error(transparent)]
    Collision(#[from] AirError),
    /// The point out of the domain is in a domain; as rare.
    #[error("the point for the values out of the domain is in it")]
    Point,
    /// The values at z do not satisfy the constraints.
    #[error("the constraints do not hold at the point out of the domain")]
    Constraints,
    /// The nonce does not prove the work.
    #[error("the proof of work is not one of {wanted} bits")]
    Work {
        /// Bits that are wanted.
        wanted: u32,
    },
    /// The opened rows are not what was committed to.
    #[error("the opened rows are not those of the {tree} tree's root")]
    Opening {
        /// The tree.
        tree: Tree,
    },
    /// The opened values are not what was committed to, or not what follows from the rows or the layer
    /// before: the part of a leaf that is known already is not in the proof.
    #[error("the opened and folded values are not those of the root of FRI layer {layer}")]
    Layer {
        /// The layer, from 0.
        layer: usize,
    },
    /// The last layer is not the remainder's values.
    #[error("the FRI remainder does not have the value that the last layer has at a query")]
    Remainder,
}

/// Checks that `proof` proves the statement of `air` with the preprocessed columns of `key`.
///
/// Where an AIR has no preprocessed columns, `key` is the digest's default value.
///
/// # Errors
/// The check that failed; any error means that nothing is proved.
pub fn verify<H: Hash, A: Air>(
    air: &A,
    key: &H::Digest,
    params: &Params,
    proof: &[u8],
) -> Result<(), VerifyError> {
    let layout = Layout::new(air, params)?;
    let mut reader = Reader::<H>::new(proof);
    let mut transcript = Transcript::<H>::new(air, &layout, params, key);

    // Commitments.
    let main = reader.digest(Part::Root(Tree::Main))?;
    transcript.absorb_digest(&main);
    let challenges = transcript.draw_many(layout.shape.n_challenges);
    let derived = derive(air, &layout, &challenges)?;
    let aux = match layout.shape.width.aux {
        0 => H::Digest::default(),
        _ => reader.digest(Part::Root(Tree::Aux))?,
    };
    transcript.absorb_digest(&aux);
    let alpha = transcript.draw();
    let quotient = reader.digest(Part::Root(Tree::Quotient))?;
    transcript.absorb_digest(&quotient);

    // The constraints, at one point out of the domain.
    let z = transcript.draw();
    let values = reader.felts(Part::Values, layout.n_values())?;
    let frame = layout.frame_columns(&values);
    let constraints = constraints_at(air, &layout, &challenges, &derived, alpha, z, &frame)
        .ok_or(VerifyError::Point)?;
    if constraints != frame.quotient_at(z, layout.shape.n_rows) {
        return Err(VerifyError::Constraints);
    }
    transcript.absorb(&values);
    let gamma = transcript.draw();

    // FRI's commitments.
    let mut layers = Vec::with_capacity(params.folds_log2().len());
    for layer in 0..params.folds_log2().len() {
        let root = reader.digest(Part::LayerRoot(layer))?;
        transcript.absorb_digest(&root);
        layers.push((root, transcript.draw()));
    }
    let remainder = reader.felts(Part::Remainder, params.remainder_len())?;
    transcript.absorb(&remainder);

    // Queries.
    let nonce = reader.nonce()?;
    if !transcript.absorb_work(nonce, params.grinding_bits()) {
        return Err(VerifyError::Work { wanted: params.grinding_bits() });
    }
    let positions = transcript.positions(params.n_queries(), params.domain_size());
    let roots = [*key, main, aux, quotient];
    let rows = read_rows(&mut reader, &layout, params, &roots, &positions)?;
    let deep = Deep::new(&layout, params, gamma, z, &values);
    let at_positions = deep.at(&positions, &rows).ok_or(VerifyError::Point)?;
    check_fri(&mut reader, params, &layers, &remainder, positions, at_positions)?;
    reader.end()
}

/// The words of a proof with Poseidon's digests as felts, as contracts take them; nothing if a word is none.
pub fn proof_felts(proof: &[u8]) -> Option<Vec<Felt>> {
    let (words, rest) = proof.as_chunks::<WORD>();
    if !rest.is_empty() {
        return None;
    }
    words.iter().map(felt_from_bytes).collect()
}

/// [`Air::derive`], of the right length.
pub(crate) fn derive<A: Air>(
    air: &A,
    layout: &Layout,
    challenges: &[Felt],
) -> Result<Vec<Felt>, AirError> {
    let mut derived = air.derive(challenges)?;
    derived.resize(layout.shape.n_derived, Felt::default());
    Ok(derived)
}

/// `Σ α^i·constraint_i/vanishing_i` at z, or nothing if z is in the trace's domain.
pub(crate) fn constraints_at<A: Air>(
    air: &A,
    layout: &Layout,
    challenges: &[Felt],
    derived: &[Felt],
    alpha: Felt,
    z: Felt,
    frame: &OodFrame,
) -> Option<Felt> {
    let shape = &layout.shape;
    let inverse = Vanishing::at(z, shape.n_rows, shape.exempt_rows)?;
    let constraints = air.constraints();
    let mut out = vec![Felt::default(); constraints.len()];
    air.eval(&frame.as_frame(), challenges, derived, &mut out);
    let mut weight = Felt::from(1_u64);
    let mut sum = Felt::default();
    for (value, constraint) in out.iter().zip(constraints) {
        let inverse = match constraint.kind {
            Kind::Every => inverse.every,
            Kind::Transition => inverse.transition,
            Kind::First => inverse.first,
            Kind::Last => inverse.last,
        };
        sum += weight * *value * inverse;
        weight *= alpha;
    }
    Some(sum)
}

impl OodFrame {
    pub(crate) fn as_frame(&self) -> Frame<'_, Felt> {
        Frame { row: self.row.as_slices(), next: self.next.as_slices() }
    }

    /// `Σ z^(n·i)·quotient_i`.
    pub(crate) fn quotient_at(&self, z: Felt, n_rows: usize) -> Felt {
        horner(&self.quotient, power(z, n_rows as u64))
    }
}

/// The rows of all trees at the positions, checked against the roots: for each position, the trees' one after
/// the other.
fn read_rows<H: Hash>(
    reader: &mut Reader<'_, H>,
    layout: &Layout,
    params: &Params,
    roots: &[H::Digest; N_TREES],
    positions: &[usize],
) -> Result<Vec<Felt>, VerifyError> {
    let depth = params.domain_size().ilog2();
    let width: usize = layout.widths.iter().sum();
    let rows = reader.felts(Part::Rows, positions.len() * width)?;
    let leaves = rows.chunks_exact(width).map(|mut row| {
        layout.widths.map(|width| {
            let (of_tree, rest) = row.split_at(width);
            row = rest;
            match width {
                0 => H::Digest::default(),
                _ => H::leaf(of_tree),
            }
        })
    });
    let siblings = || {
        let mut digests = [H::Digest::default(); N_TREES];
        for (digest, width) in digests.iter_mut().zip(layout.widths) {
            if width > 0 {
                *digest = reader.digest(Part::Opening)?;
            }
        }
        Ok::<_, VerifyError>(digests)
    };
    let present = layout.widths.map(|width| width > 0);
    let found =
        merkle::roots::<H, _, N_TREES>(positions, leaves.collect(), present, depth, siblings)?;
    for (i, tree) in Tree::ALL.into_iter().enumerate() {
        if present[i] && found[i] != roots[i] {
            return Err(VerifyError::Opening { tree });
        }
    }
    Ok(rows)
}

/// `Σ γ^i·(f_i(x) - f_i(z))/(x - z) + Σ γ^j·(f_j(x) - f_j(z·g))/(x - z·g)`: of degree below n - 1 only if the
/// values out of the domain are those of the committed columns.
pub(crate) struct Deep<'a> {
    layout: &'a Layout,
    domain_size: usize,
    z: Felt,
    next_z: Felt,
    /// `γ^i`, in the order of the values out of the domain.
    weights: Vec<Felt>,
    /// `Σ γ^i·f_i(z)` and `Σ γ^j·f_j(z·g)`.
    sums: [Felt; 2],
}

impl<'a> Deep<'a> {
    pub fn new(layout: &'a Layout, params: &Params, gamma: Felt, z: Felt, values: &[Felt]) -> Self {
        let weights = powers(gamma, values.len());
        let n_row: usize = layout.widths.iter().sum();
        let dot = |weights: &[Felt], values: &[Felt]| {
            weights.iter().zip(values).fold(Felt::default(), |sum, (w, v)| sum + *w * *v)
        };
        let sums =
            [dot(&weights[..n_row], &values[..n_row]), dot(&weights[n_row..], &values[n_row..])];
        let next_z = z * generator(params.n_rows());
        Self { layout, domain_size: params.domain_size(), z, next_z, weights, sums }
    }

    /// Where the declared columns are in a row of all trees.
    fn next_places(&self) -> Vec<usize> {
        let mut before = 0;
        let mut places = Vec::new();
        for (width, list) in self.layout.widths.iter().zip(self.layout.shape.next.as_array()) {
            places.extend(list.iter().map(|column| before + column));
            before += width;
        }
        places
    }

    /// The weights of a tree's columns at z.
    #[cfg(feature = "prove")]
    pub fn row_weights(&self, tree: usize) -> &[Felt] {
        let before: usize = self.layout.widths[..tree].iter().sum();
        &self.weights[before..][..self.layout.widths[tree]]
    }

    /// The weights of the declared columns of a tree at z·g, with the columns.
    #[cfg(feature = "prove")]
    pub fn next_weights(&self, tree: usize) -> impl Iterator<Item = (usize, Felt)> + '_ {
        let lists = self.layout.shape.next.as_array();
        let n_row: usize = self.layout.widths.iter().sum();
        let before: usize = lists.iter().take(tree).map(|list| list.len()).sum();
        let columns = lists.get(tree).map(|list| list.as_slice()).unwrap_or_default();
        columns.iter().copied().zip(self.weights[n_row + before..].iter().copied())
    }

    /// z and z·g.
    #[cfg(feature = "prove")]
    pub fn points(&self) -> [Felt; 2] {
        [self.z, self.next_z]
    }

    /// Its values at positions of the domain, or nothing if z or z·g is one of the points.
    fn at(&self, positions: &[usize], rows: &[Felt]) -> Option<Vec<Felt>> {
        let omega = generator(self.domain_size);
        let mut denominators = Vec::with_capacity(2 * positions.len());
        for position in positions {
            let x = OFFSET * power(omega, *position as u64);
            denominators.extend([x - self.z, x - self.next_z]);
        }
        let inverses = inverses(&denominators)?;
        let mut values = Vec::with_capacity(positions.len());
        let width: usize = self.layout.widths.iter().sum();
        let next = self.next_places();
        for (row, inverses) in rows.chunks_exact(width).zip(inverses.chunks_exact(2)) {
            let (mut row_sum, mut next_sum) = (-self.sums[0], -self.sums[1]);
            for (weight, value) in self.weights.iter().zip(row) {
                row_sum += *weight * *value;
            }
            for (place, weight) in next.iter().zip(&self.weights[width..]) {
                next_sum += *weight * row[*place];
            }
            values.push(row_sum * inverses[0] + next_sum * inverses[1]);
        }
        Some(values)
    }
}

/// Checks the layers and the remainder, from the values of the DEEP polynomial at the positions.
fn check_fri<H: Hash>(
    reader: &mut Reader<'_, H>,
    params: &Params,
    layers: &[(H::Digest, Felt)],
    remainder: &[Felt],
    mut positions: Vec<usize>,
    mut values: Vec<Felt>,
) -> Result<(), VerifyError> {
    let mut size = params.domain_size();
    let mut offset = OFFSET;
    for (layer, ((root, beta), fold_log2)) in layers.iter().zip(params.folds_log2()).enumerate() {
        let count = 1_usize << fold_log2;
        let n_leaves = size / count;
        let folded = {
            let mut folded: Vec<usize> = positions.iter().map(|p| p % n_leaves).collect();
            folded.sort_unstable();
            folded.dedup();
            folded
        };
        // What is known of each leaf comes from before; the rest is in the proof.
        let mut slots: Vec<Option<Felt>> = vec![None; folded.len() * count];
        for (position, value) in positions.iter().zip(&values) {
            if let Ok(leaf) = folded.binary_search(&(position % n_leaves)) {
                slots[leaf * count + position / n_leaves] = Some(*value);
            }
        }
        let mut leaves = Vec::with_capacity(slots.len());
        for slot in slots {
            leaves.push(match slot {
                Some(known) => known,
                None => reader.felt(Part::LayerValues(layer))?,
            });
        }
        let digests = leaves.chunks_exact(count).map(|leaf| [H::leaf(leaf)]).collect();
        let sibling = || reader.digest(Part::LayerOpening(layer)).map(|digest| [digest]);
        let depth = n_leaves.ilog2();
        if merkle::roots::<H, _, 1>(&folded, digests, [true], depth, sibling)? != [*root] {
            return Err(VerifyError::Layer { layer });
        }
        let back = generator(size).inverse();
        let inverse_offset = offset.inverse();
        let roots = powers(power(back, n_leaves as u64), count / 2);
        let scale = Felt::from(count as u64).inverse();
        values = folded
            .iter()
            .zip(leaves.chunks_exact_mut(count))
            .map(|(position, leaf)| {
                let shift = *beta * inverse_offset * power(back, *position as u64);
                fold(leaf, shift, &roots, scale)
            })
            .collect();
        positions = folded;
        size = n_leaves;
        offset = power(offset, count as u64);
    }
    let omega = generator(size);
    let is_value = |(position, value): (&usize, &Felt)| {
        horner(remainder, offset * power(omega, *position as u64)) == *value
    };
    if positions.iter().zip(&values).all(is_value) {
        Ok(())
    } else {
        Err(VerifyError::Remainder)
    }
}

/// Reads words.
struct Reader<'a, H> {
    rest: &'a [u8],
    hash: std::marker::PhantomData<H>,
}

impl<'a, H: Hash> Reader<'a, H> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, hash: std::marker::PhantomData }
    }

    fn word(&mut self, part: Part) -> Result<&'a [u8; WORD], VerifyError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or(VerifyError::Truncated { part })?;
        self.rest = rest;
        Ok(word)
    }

    fn felt(&mut self, part: Part) -> Result<Felt, VerifyError> {
        felt_from_bytes(self.word(part)?).ok_or(VerifyError::Word { part })
    }

    fn felts(&mut self, part: Part, count: usize) -> Result<Vec<Felt>, VerifyError> {
        // Memory only for what is there.
        if self.rest.len() / WORD < count {
            return Err(VerifyError::Truncated { part });
        }
        (0..count).map(|_| self.felt(part)).collect()
    }

    fn digest(&mut self, part: Part) -> Result<H::Digest, VerifyError> {
        H::from_bytes(self.word(part)?).ok_or(VerifyError::Word { part })
    }

    fn nonce(&mut self) -> Result<u64, VerifyError> {
        let part = Part::Nonce;
        self.felt(part)?.to_u64().ok_or(VerifyError::Word { part })
    }

    fn end(self) -> Result<(), VerifyError> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(VerifyError::Trailing { bytes }),
        }
    }
}
