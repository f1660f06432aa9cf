//! Openings of many leaves of a Merkle tree, in one spelling.
//!
//! Leaves are opened at sorted, distinct positions. Level by level from the leaves, each known node whose
//! sibling is not known takes it from the list of siblings, in ascending order. Positions alone say how many
//! siblings there are and which.

use crate::hash::Hash;

/// The nodes that an opening lists, in order: level (0: leaves) and index in the level.
#[cfg(feature = "prove")]
pub(crate) fn listed(positions: &[usize], depth: u32) -> Vec<(u32, usize)> {
    let mut known = positions.to_vec();
    let mut listed = Vec::new();
    for level in 0..depth {
        let mut parents = Vec::with_capacity(known.len());
        let mut i = 0;
        while i < known.len() {
            let node = known[i];
            if known.get(i + 1) == Some(&(node ^ 1)) {
                i += 1;
            } else {
                listed.push((level, node ^ 1));
            }
            parents.push(node / 2);
            i += 1;
        }
        known = parents;
    }
    listed
}

/// The roots of `K` trees, those that are `present`, that leaves at the same sorted, distinct positions of each
/// have with siblings from `next_siblings`. The roots of absent trees mean nothing.
///
/// # Errors
/// Those of `next_siblings`.
pub(crate) fn roots<H: Hash, E, const K: usize>(
    positions: &[usize],
    leaves: Vec<[H::Digest; K]>,
    present: [bool; K],
    depth: u32,
    mut next_siblings: impl FnMut() -> Result<[H::Digest; K], E>,
) -> Result<[H::Digest; K], E> {
    let parent = |left: &[H::Digest; K], right: &[H::Digest; K]| {
        std::array::from_fn(|i| match present[i] {
            true => H::node(&left[i], &right[i]),
            false => H::Digest::default(),
        })
    };
    let mut known: Vec<(usize, [H::Digest; K])> = positions.iter().copied().zip(leaves).collect();
    for _ in 0..depth {
        let mut parents = Vec::with_capacity(known.len());
        let mut i = 0;
        while i < known.len() {
            let (node, digests) = &known[i];
            // Of two siblings, the left one comes first.
            let of_both = match known.get(i + 1) {
                Some((right, right_digests)) if *right == node ^ 1 => {
                    i += 1;
                    parent(digests, right_digests)
                }
                _ => {
                    let siblings = next_siblings()?;
                    if node % 2 == 0 {
                        parent(digests, &siblings)
                    } else {
                        parent(&siblings, digests)
                    }
                }
            };
            parents.push((node / 2, of_both));
            i += 1;
        }
        known = parents;
    }
    // There is at least one position, so there is a root.
    Ok(known.first().map_or([H::Digest::default(); K], |(_, roots)| *roots))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Blake3, Felt};

    #[test]
    fn openings_list_what_the_root_takes() {
        let leaves: Vec<_> = (0..16_u64).map(|i| Blake3::leaf(&[Felt::from(i)])).collect();
        let mut levels = vec![leaves.clone()];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            levels.push(last.chunks(2).map(|pair| Blake3::node(&pair[0], &pair[1])).collect());
        }
        let expected = levels[4][0];
        for positions in
            [vec![0], vec![15], vec![0, 1], vec![1, 2], vec![3, 4, 5, 12], (0..16).collect()]
        {
            let mut siblings =
                listed(&positions, 4).into_iter().map(|(level, i)| levels[level as usize][i]);
            let absent = Default::default();
            let opened = positions.iter().map(|p| [leaves[*p], absent]).collect();
            let next = || siblings.next().map(|digest| [digest, absent]).ok_or(());
            let found = roots::<Blake3, (), 2>(&positions, opened, [true, false], 4, next);
            assert_eq!(found, Ok([expected, absent]), "{positions:?}");
            assert_eq!(siblings.next(), None, "{positions:?}");
        }
        assert_eq!(listed(&(0..16).collect::<Vec<_>>(), 4), []);
    }
}
