//! The queries: where they are, and that the proof answers exactly those.
//!
//! The positions follow from the transcript. From them follows how many rows each tree opens and how many
//! Merkle nodes each list has. A proof with anything more would have a second spelling: Winterfell does not look
//! at surplus rows, leaves and digests.

use std::collections::BTreeSet;

use nilometer_air::cairo::proof_system::{Coin, HashFn};
use nilometer_air::cairo::PublicInputs;
use winter_air::proof::Context;
use winter_crypto::{ElementHasher, Hasher, RandomCoin};
use winter_math::ToElements;
use winter_verifier::VerifierError;

use crate::structure::{within, Parsed, StructureError, DIGEST};

type Digest = <HashFn as Hasher>::Digest;

/// The distinct query positions, in rising order: the transcript's, from the parameters to the nonce.
///
/// # Errors
/// The nonce does not have the bits of grinding.
pub fn positions(
    context: &Context,
    inputs: &PublicInputs,
    proof: &Parsed<'_>,
) -> Result<BTreeSet<usize>, VerifierError> {
    let options = context.options();
    let mut seed = context.to_elements();
    seed.append(&mut inputs.to_elements());
    let mut coin = Coin::new(&seed);
    // Challenges that are drawn in between do not change the coin's seed.
    let digest = |bytes: &[u8; DIGEST]| Digest::new(*bytes);
    let (trace_and_quotient, fri) = proof.commitments.split_at(3);
    trace_and_quotient.iter().for_each(|root| coin.reseed(digest(root)));
    coin.reseed(HashFn::hash_elements(&proof.ood));
    fri.iter().for_each(|root| coin.reseed(digest(root)));
    if coin.check_leading_zeros(proof.nonce) < options.grinding_factor() {
        return Err(VerifierError::QuerySeedProofOfWorkVerificationFailed);
    }
    let drawn = coin.draw_integers(options.num_queries(), context.lde_domain_size(), proof.nonce);
    Ok(drawn.map_err(|_| VerifierError::RandomCoinError)?.into_iter().collect())
}

/// Checks that every tree is opened at the positions, folded for the FRI layers, and nowhere else.
///
/// # Errors
/// A number of rows, lists or digests is another one.
pub fn check_openings(
    proof: &mut Parsed<'_>,
    positions: &BTreeSet<usize>,
) -> Result<(), StructureError> {
    if proof.n_queries != positions.len() {
        let (expected, actual) = (positions.len(), proof.n_queries);
        return Err(StructureError::Rows { field: "queries", expected, actual });
    }
    let mut positions = positions.clone();
    for opening in &mut proof.openings {
        // FRI's layers are over ever smaller domains; a layer's rows are the positions modulo its domain.
        positions = positions.iter().map(|position| position % opening.domain).collect();
        let (field, expected) = (opening.field, positions.len());
        if opening.rows != expected {
            return Err(StructureError::Rows { field, expected, actual: opening.rows });
        }
        let depth = opening.domain.ilog2() as usize;
        let nodes = &mut opening.nodes;
        within(field, nodes.byte(field)?.into(), depth, depth)?;
        let lists = node_counts(&positions, depth);
        within(field, nodes.length(field)?, lists.len(), lists.len())?;
        for (list, expected) in lists.into_iter().enumerate() {
            let actual = nodes.length(field)?;
            if actual != expected {
                return Err(StructureError::Nodes { field, list, expected, actual });
            }
            nodes.take(field, expected * DIGEST)?;
        }
        within(field, nodes.rest.len(), 0, 0)?;
    }
    Ok(())
}

/// How many digests each list of a batch opening has (Winterfell's `BatchMerkleProof`).
///
/// There is a list for each pair of sibling leaves with a position in it. On each level, the node at place `i`
/// appends its sibling to list `i`, unless that sibling is known.
fn node_counts(positions: &BTreeSet<usize>, depth: usize) -> Vec<usize> {
    let pairs: BTreeSet<usize> = positions.iter().map(|position| position >> 1).collect();
    let known = |leaf: usize| usize::from(positions.contains(&leaf));
    let mut counts: Vec<usize> =
        pairs.iter().map(|pair| 2 - known(2 * pair) - known(2 * pair + 1)).collect();
    let mut level: Vec<usize> = pairs.into_iter().collect();
    for _ in 1..depth {
        let siblings = level.chunk_by(|a, b| a ^ 1 == *b);
        let mut place = 0;
        let mut parents = Vec::with_capacity(level.len());
        for group in siblings {
            if group.len() == 1 {
                counts[place] += 1;
            }
            place += group.len();
            parents.push(group[0] >> 1);
        }
        level = parents;
    }
    counts
}

#[cfg(test)]
mod tests {
    use winter_crypto::hashers::Blake3_256;
    use winter_crypto::{MerkleTree, VectorCommitment};

    use super::*;

    /// The lists of Winterfell's own openings, for many sets of positions.
    #[test]
    fn counts_are_those_of_the_library() {
        type Hash = Blake3_256<nilometer_field::Felt>;
        for depth in 1..8_usize {
            let leaves: Vec<_> =
                (0..1_u64 << depth).map(|i| Hash::hash(&i.to_le_bytes())).collect();
            let tree = MerkleTree::<Hash>::new(leaves).unwrap();
            let mut state = 7_u64;
            for n in [1, 2, 3, 5, 20, 100, 400] {
                let positions: BTreeSet<usize> = (0..n)
                    .map(|_| {
                        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                        (state >> 33) as usize % (1 << depth)
                    })
                    .collect();
                let list: Vec<usize> = positions.iter().copied().collect();
                let (_, proof) = VectorCommitment::<Hash>::open_many(&tree, &list).unwrap();
                let expected: Vec<usize> = proof.nodes.iter().map(Vec::len).collect();
                assert_eq!(node_counts(&positions, depth), expected, "{positions:?}");
            }
        }
    }
}
