//! Matrices of evaluations, row by row, and Merkle trees over their rows.

use nilometer_air::cairo::proof_system;
use nilometer_field::Felt;
use nilometer_kernels::{hash_rows, merkle_nodes, RowMatrix};
use winter_air::proof::Queries;
use winter_crypto::{Hasher, VectorCommitment};

/// The hash function of trees and transcript.
pub type HashFn = proof_system::HashFn;
/// Its digests.
pub type Digest = <HashFn as Hasher>::Digest;
/// The transcript's coin.
pub type Coin = proof_system::Coin;
/// The tree over rows.
pub type Tree = proof_system::Tree;

/// Evaluations of some columns over the extended domain, row by row, committed to.
pub struct Committed {
    rows: RowMatrix,
    tree: Tree,
}

/// The Merkle tree over rows of `width`.
pub fn tree(rows: &[Felt], width: usize) -> Tree {
    let leaves = hash_rows(rows, width);
    let nodes = merkle_nodes(&leaves);
    #[expect(clippy::expect_used, reason = "a domain has a power of two of rows, and several")]
    let tree = Tree::from_raw_parts(nodes, leaves).expect("a Merkle tree");
    tree
}

impl Committed {
    /// Commits to rows.
    pub fn new(rows: RowMatrix) -> Self {
        let tree = tree(rows.data(), rows.width());
        Self { rows, tree }
    }

    /// The tree's root.
    pub fn root(&self) -> Digest {
        *self.tree.root()
    }

    /// The rows.
    pub fn rows(&self) -> &RowMatrix {
        &self.rows
    }

    /// The rows at positions, with their proof.
    pub fn query(&self, positions: &[usize]) -> Queries {
        let rows = positions.iter().map(|&position| self.rows.row(position).to_vec()).collect();
        #[expect(clippy::expect_used, reason = "positions are distinct and in the domain")]
        let (_, proof) =
            VectorCommitment::<HashFn>::open_many(&self.tree, positions).expect("an opening");
        Queries::new::<HashFn, Felt, Tree>(proof, rows)
    }
}
