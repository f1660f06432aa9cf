//! Decision trees in floats.

use super::round_to;
use crate::graph::{Aggregate, Tree, TreeEnsemble, TreeNode};

/// The aggregate over the trees, plus the base, for each target.
pub(super) fn aggregate(ensemble: &TreeEnsemble, features: &[f64]) -> Vec<f64> {
    let mut scores: Vec<Option<f64>> = vec![None; ensemble.n_targets];
    for tree in &ensemble.trees {
        for &(target, weight) in leaf(tree, features) {
            let score = match (scores[target], ensemble.aggregate) {
                (None, _) => weight,
                (Some(score), Aggregate::Sum) => round_to(ensemble.dtype, score + weight),
                (Some(score), Aggregate::Min) => score.min(weight),
                (Some(score), Aggregate::Max) => score.max(weight),
            };
            scores[target] = Some(score);
        }
    }
    let with_base = scores.iter().zip(&ensemble.base);
    with_base.map(|(score, base)| round_to(ensemble.dtype, score.unwrap_or(0.0) + base)).collect()
}

/// The leaf that the features lead to. Children stand after their parents, so the walk ends.
fn leaf<'a>(tree: &'a Tree, features: &[f64]) -> &'a [(usize, f64)] {
    let mut at = 0;
    loop {
        match &tree.nodes[at] {
            TreeNode::Leaf(weights) => return weights,
            TreeNode::Branch { feature, test, missing_is_true, on_true, on_false } => {
                let x = features[*feature];
                let holds = test.holds(x) || (*missing_is_true && x.is_nan());
                at = if holds { *on_true } else { *on_false };
            }
        }
    }
}
