//! Matrices of evaluations, row by row, and Merkle trees over their rows.

use nilometer_air::cairo::proof_system;
use nilometer_air::Felt;
use rayon::prelude::*;
use winter_air::proof::Queries;
use winter_crypto::{ElementHasher, Hasher, MerkleTree, VectorCommitment};

/// The hash function of trees and transcript.
pub type HashFn = proof_system::HashFn;
/// Its digests.
pub type Digest = <HashFn as Hasher>::Digest;
/// The transcript's coin.
pub type Coin = proof_system::Coin;
type Tree = MerkleTree<HashFn>;

/// Evaluations of some columns over the extended domain, row by row, committed to.
pub struct Committed {
    values: Vec<Felt>,
    width: usize,
    tree: Tree,
}

impl Committed {
    /// Commits to `values`, rows of `width`.
    pub fn new(values: Vec<Felt>, width: usize) -> Self {
        let leaves = values.par_chunks(width).map(HashFn::hash_elements).collect();
        #[expect(clippy::expect_used, reason = "a domain has a power of two of rows, and several")]
        let tree = Tree::new(leaves).expect("a Merkle tree");
        Self { values, width, tree }
    }

    /// The tree's root.
    pub fn root(&self) -> Digest {
        *self.tree.root()
    }

    /// A row.
    pub fn row(&self, row: usize) -> &[Felt] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    /// The rows at positions, with their proof.
    pub fn query(&self, positions: &[usize]) -> Queries {
        let rows = positions.iter().map(|&position| self.row(position).to_vec()).collect();
        #[expect(clippy::expect_used, reason = "positions are distinct and in the domain")]
        let (_, proof) =
            VectorCommitment::<HashFn>::open_many(&self.tree, positions).expect("an opening");
        Queries::new::<HashFn, Felt, Tree>(proof, rows)
    }
}
