//! Merkle trees over rows of evaluations.

use nilometer_kernels as kernels;
use nilometer_kernels::RowMatrix;

use crate::hash::{felt_to_bytes, Blake3, Hash, Poseidon};
use crate::merkle::listed;
use crate::Felt;

/// A hash function that is vectorised.
pub trait ProverHash: Hash {
    /// The leaves of all rows of `width` elements, which lie one after the other.
    fn leaves(rows: &[Felt], width: usize) -> Vec<Self::Digest>;
    /// All nodes over leaves, a power of two and at least two: the root at 1, the children of node i at 2i
    /// and 2i + 1, without the leaves themselves.
    fn nodes(leaves: &[Self::Digest]) -> Vec<Self::Digest>;
    /// The smallest nonce from 1 whose work is that of `bits`.
    fn grind(state: &Self::Digest, bits: u32) -> u64;
}

impl ProverHash for Blake3 {
    fn leaves(rows: &[Felt], width: usize) -> Vec<[u8; 32]> {
        kernels::blake3_rows(rows, width)
    }

    fn nodes(leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
        kernels::blake3_nodes(leaves)
    }

    fn grind(state: &[u8; 32], bits: u32) -> u64 {
        kernels::grind(*state, bits)
    }
}

impl ProverHash for Poseidon {
    fn leaves(rows: &[Felt], width: usize) -> Vec<Felt> {
        kernels::poseidon_rows(rows, width)
    }

    fn nodes(leaves: &[Felt]) -> Vec<Felt> {
        kernels::poseidon_nodes(leaves)
    }

    fn grind(state: &Felt, bits: u32) -> u64 {
        kernels::poseidon_grind(*state, Felt::from(crate::hash::GRIND), bits)
    }
}

/// Evaluations, row by row, committed to.
pub(crate) struct Committed<H: Hash> {
    rows: RowMatrix,
    leaves: Vec<H::Digest>,
    nodes: Vec<H::Digest>,
}

impl<H: ProverHash> Committed<H> {
    pub fn new(rows: RowMatrix) -> Self {
        if rows.width() == 0 {
            return Self { rows, leaves: Vec::new(), nodes: Vec::new() };
        }
        let leaves = H::leaves(rows.data(), rows.width());
        let nodes = H::nodes(&leaves);
        Self { rows, leaves, nodes }
    }

    /// The root; the default digest if there are no columns.
    pub fn root(&self) -> H::Digest {
        self.nodes.get(1).copied().unwrap_or_default()
    }

    pub fn rows(&self) -> &RowMatrix {
        &self.rows
    }

    /// Writes the siblings of an opening at sorted, distinct positions.
    pub fn write_siblings(&self, positions: &[usize], proof: &mut Vec<u8>) {
        write_siblings(&[self], positions, self.leaves.len().ilog2(), proof);
    }

    fn digest(&self, level: u32, index: usize) -> &H::Digest {
        match level {
            0 => &self.leaves[index],
            level => &self.nodes[(self.leaves.len() >> level) + index],
        }
    }
}

/// Writes the rows of all trees at sorted, distinct positions, and the siblings of their opening. Trees without
/// columns write nothing.
pub(crate) fn write_opening<H: ProverHash, const N: usize>(
    trees: [&Committed<H>; N],
    positions: &[usize],
    depth: u32,
    proof: &mut Vec<u8>,
) {
    let trees: Vec<_> = trees.into_iter().filter(|tree| tree.rows.width() > 0).collect();
    for position in positions {
        for felt in trees.iter().flat_map(|tree| tree.rows.row(*position)) {
            proof.extend(felt_to_bytes(felt));
        }
    }
    write_siblings(&trees, positions, depth, proof);
}

fn write_siblings<H: ProverHash>(
    trees: &[&Committed<H>],
    positions: &[usize],
    depth: u32,
    proof: &mut Vec<u8>,
) {
    for (level, index) in listed(positions, depth) {
        for tree in trees {
            proof.extend(H::to_bytes(tree.digest(level, index)));
        }
    }
}
