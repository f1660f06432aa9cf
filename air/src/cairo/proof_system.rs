//! What Winterfell is instantiated with.

use winter_crypto::hashers::Blake3_256;
use winter_crypto::{DefaultRandomCoin, MerkleTree};

use nilometer_field::Felt;

/// The hash function of trees and transcript.
pub type HashFn = Blake3_256<Felt>;
/// The transcript's coin.
pub type Coin = DefaultRandomCoin<HashFn>;
/// The commitment to rows.
pub type Tree = MerkleTree<HashFn>;
