//! FRI's layers.

use nilometer_kernels::{dispatch, Kernel, Packed, RowMatrix, LANES};
use rayon::prelude::*;

use super::tree::{Committed, ProverHash};
use super::{Message, Strategy};
use crate::domain::{fold, generator, power, powers, OFFSET};
use crate::hash::felt_to_bytes;
use crate::params::Params;
use crate::transcript::Transcript;
use crate::Felt;

/// Leaves that one task deals with.
const TASK: usize = 1 << 9;

/// The committed layers.
pub(crate) struct Layers<H: ProverHash>(Vec<Committed<H>>);

impl<H: ProverHash> Layers<H> {
    /// Commits to the layers of a function over the commitments' domain, and appends roots and remainder to
    /// the proof.
    pub fn commit(
        mut values: Vec<Felt>,
        params: &Params,
        transcript: &mut Transcript<H>,
        proof: &mut Vec<u8>,
        strategy: &mut dyn Strategy<H>,
    ) -> Self {
        let mut offset = OFFSET;
        let mut layers = Vec::with_capacity(params.folds_log2().len());
        for (i, fold_log2) in params.folds_log2().iter().enumerate() {
            let count = 1_usize << fold_log2;
            strategy.send(Message::Layer(i, &mut values));
            let layer = Committed::<H>::new(leaves(&values, count));
            let mut root = layer.root();
            strategy.send(Message::LayerRoot(i, &mut root));
            proof.extend(H::to_bytes(&root));
            transcript.absorb_digest(&root);
            let beta = transcript.draw();
            values = fold_all(&values, count, offset, beta);
            offset = power(offset, count as u64);
            layers.push(layer);
        }
        strategy.send(Message::Layer(layers.len(), &mut values));
        let twiddles = nilometer_kernels::Twiddles::new(values.len());
        let mut remainder = nilometer_kernels::interpolate_with_offset(&values, &twiddles, offset);
        // The rest is zero if the function is of low degree.
        remainder.truncate(params.remainder_len());
        strategy.send(Message::Remainder(&mut remainder));
        for felt in &remainder {
            proof.extend(felt_to_bytes(felt));
        }
        transcript.absorb(&remainder);
        Self(layers)
    }

    /// Appends what the verifier does not know of the leaves at positions, and the siblings.
    pub fn write_openings(&self, mut positions: Vec<usize>, proof: &mut Vec<u8>) {
        for layer in &self.0 {
            let n_leaves = layer.rows().height();
            let mut folded: Vec<usize> = positions.iter().map(|p| p % n_leaves).collect();
            folded.sort_unstable();
            folded.dedup();
            for leaf in &folded {
                for (slot, felt) in layer.rows().row(*leaf).iter().enumerate() {
                    if positions.binary_search(&(leaf + slot * n_leaves)).is_err() {
                        proof.extend(felt_to_bytes(felt));
                    }
                }
            }
            layer.write_siblings(&folded, proof);
            positions = folded;
        }
    }
}

/// Row j: `values[j + k·n/count]` for all k.
fn leaves(values: &[Felt], count: usize) -> RowMatrix {
    let n_leaves = values.len() / count;
    let mut data = vec![Felt::default(); values.len()];
    data.par_chunks_mut(TASK * count).enumerate().for_each(|(task, rows)| {
        for (i, row) in rows.chunks_exact_mut(count).enumerate() {
            let leaf = task * TASK + i;
            for (k, felt) in row.iter_mut().enumerate() {
                *felt = values[leaf + k * n_leaves];
            }
        }
    });
    RowMatrix::new(data, count)
}

/// The values of the folded function, in natural order.
fn fold_all(values: &[Felt], count: usize, offset: Felt, beta: Felt) -> Vec<Felt> {
    let n_leaves = values.len() / count;
    let back = generator(values.len()).inverse();
    let roots = powers(power(back, n_leaves as u64), count / 2);
    let scale = Felt::from(count as u64).inverse();
    let shift = beta * offset.inverse();
    let mut folded = vec![Felt::default(); n_leaves];
    folded.par_chunks_mut(TASK).enumerate().for_each(|(task, target)| {
        let first = task * TASK;
        let shift = shift * power(back, first as u64);
        dispatch(Fold {
            values,
            n_leaves,
            first,
            count,
            shift,
            back,
            roots: &roots,
            scale,
            target,
        });
    });
    folded
}

struct Fold<'a> {
    values: &'a [Felt],
    n_leaves: usize,
    first: usize,
    count: usize,
    /// `β/x` of the first leaf.
    shift: Felt,
    back: Felt,
    roots: &'a [Felt],
    scale: Felt,
    target: &'a mut [Felt],
}

impl Kernel for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Packed>(self) {
        let roots: Vec<P> = self.roots.iter().map(|root| P::splat(*root)).collect();
        let scale = P::splat(self.scale);
        let mut values = vec![P::zero(); self.count];
        let mut shifts = [self.shift; LANES];
        for i in 1..LANES {
            shifts[i] = shifts[i - 1] * self.back;
        }
        let step = P::splat(power(self.back, LANES as u64));
        let mut shift = P::load_slice(&shifts);
        for (i, target) in self.target.chunks_exact_mut(LANES).enumerate() {
            let leaf = self.first + i * LANES;
            for (k, value) in values.iter_mut().enumerate() {
                *value = P::load_slice(&self.values[leaf + k * self.n_leaves..]);
            }
            fold(&mut values, shift, &roots, scale).store_slice(target);
            shift = shift * step;
        }
    }
}
