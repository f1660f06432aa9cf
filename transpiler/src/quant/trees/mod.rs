//! Decision trees over integer keys.
//!
//! A threshold test only asks for order. With ordered keys ([`super::exact`]) it is the float model's
//! own test; a chain of monotone element-wise nodes between the input and the trees (a Scaler, say)
//! is pulled back into the thresholds, so that the trees still test the raw input, exactly.

mod build;

use serde::{Deserialize, Serialize};

use super::Range;
use crate::graph::Aggregate;

pub(super) use build::{leaf_scale, quantize, takes_missing, tested, Chain, Features};

/// An ensemble over integers: for each target, `base + aggregate over trees of the leaf weights`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantTrees {
    /// The trees.
    pub trees: Vec<QuantTree>,
    /// Number of targets: the output's length.
    pub n_targets: usize,
    /// Added to the aggregate, one per target.
    pub base: Vec<i128>,
    /// How the trees' weights combine.
    pub aggregate: Aggregate,
    /// The key that stands for a missing value, where missing values are accepted.
    pub missing: Option<i128>,
}

/// One tree; the root is node 0 and children stand after their parents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantTree {
    /// The nodes.
    pub nodes: Vec<QuantTreeNode>,
}

/// What a leaf holds: `(target, weight)` pairs, targets ascending.
pub type LeafWeights = [(usize, i128)];

/// A node of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantTreeNode {
    /// A decision.
    Branch(Branch),
    /// A leaf: `(target, weight)` pairs, targets ascending.
    Leaf(Vec<(usize, i128)>),
}

/// A decision on one feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// The feature that is looked at.
    pub feature: usize,
    /// The test.
    pub test: KeyTest,
    /// The child where the test holds.
    pub on_true: usize,
    /// The child where it does not.
    pub on_false: usize,
}

/// The tests, over integers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyTest {
    /// `key ≤ bound`. A missing value, whose key is the lowest, passes unless `missing_fails`.
    AtMost {
        /// The largest key that passes.
        bound: i128,
        /// Whether a missing value fails the test all the same.
        missing_fails: bool,
    },
    /// The key is one of these.
    OneOf(Vec<i128>),
}

/// Trees over one index: `weight` for the target that it names, 0 for the others of `len`.
pub(super) fn mask(len: usize, weight: i128) -> QuantTrees {
    fn grow(start: usize, end: usize, weight: i128, nodes: &mut Vec<QuantTreeNode>) -> usize {
        let at = nodes.len();
        if end - start <= 1 {
            nodes.push(QuantTreeNode::Leaf(vec![(start, weight)]));
            return at;
        }
        let middle = start + (end - start) / 2;
        nodes.push(QuantTreeNode::Leaf(Vec::new()));
        let on_true = grow(start, middle, weight, nodes);
        let on_false = grow(middle, end, weight, nodes);
        let test = KeyTest::AtMost { bound: middle as i128 - 1, missing_fails: false };
        nodes[at] = QuantTreeNode::Branch(Branch { feature: 0, test, on_true, on_false });
        at
    }
    let mut nodes = Vec::with_capacity(2 * len);
    grow(0, len, weight, &mut nodes);
    QuantTrees {
        trees: vec![QuantTree { nodes }],
        n_targets: len,
        base: vec![0; len],
        aggregate: Aggregate::Sum,
        missing: None,
    }
}

impl KeyTest {
    /// Whether `key` passes; `missing` is the key of missing values, if there is one.
    pub fn holds(&self, key: i128, missing: Option<i128>) -> bool {
        match self {
            Self::AtMost { bound, missing_fails } => {
                key <= *bound && !(*missing_fails && Some(key) == missing)
            }
            Self::OneOf(keys) => keys.binary_search(&key).is_ok(),
        }
    }
}

impl QuantTree {
    /// The leaf that `keys` lead to.
    pub fn leaf(&self, keys: &[i128], missing: Option<i128>) -> &LeafWeights {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                QuantTreeNode::Leaf(weights) => return weights,
                QuantTreeNode::Branch(branch) => {
                    let holds = branch.test.holds(keys[branch.feature], missing);
                    at = if holds { branch.on_true } else { branch.on_false };
                }
            }
        }
    }

    fn leaves(&self) -> impl Iterator<Item = &LeafWeights> {
        self.nodes.iter().filter_map(|node| match node {
            QuantTreeNode::Leaf(weights) => Some(weights.as_slice()),
            QuantTreeNode::Branch(_) => None,
        })
    }

    /// The range of the weight for `target` over the leaves; leaves that do not name it count 0
    /// for sums and nothing otherwise (`None` if no leaf names it).
    pub fn target_range(&self, target: usize, aggregate: Aggregate) -> Option<Range> {
        self.leaves()
            .filter_map(|leaf| {
                let named = leaf.iter().find(|(t, _)| *t == target).map(|(_, w)| *w);
                match aggregate {
                    Aggregate::Sum => Some(Range::point(named.unwrap_or(0))),
                    Aggregate::Min | Aggregate::Max => named.map(Range::point),
                }
            })
            .reduce(Range::union)
    }
}

impl QuantTrees {
    /// The targets' values for one row of keys.
    pub fn apply(&self, keys: &[i128]) -> Vec<i128> {
        let mut totals: Vec<Option<i128>> = vec![None; self.n_targets];
        for tree in &self.trees {
            for &(target, weight) in tree.leaf(keys, self.missing) {
                let total = &mut totals[target];
                *total = Some(match (*total, self.aggregate) {
                    (None, _) => weight,
                    (Some(sum), Aggregate::Sum) => sum + weight,
                    (Some(least), Aggregate::Min) => least.min(weight),
                    (Some(most), Aggregate::Max) => most.max(weight),
                });
            }
        }
        totals.iter().zip(&self.base).map(|(total, base)| total.unwrap_or(0) + base).collect()
    }

    /// The range of each target.
    pub fn target_ranges(&self) -> Vec<Range> {
        (0..self.n_targets)
            .map(|target| {
                let trees = self.trees.iter().map(|tree| tree.target_range(target, self.aggregate));
                let total = match self.aggregate {
                    Aggregate::Sum => trees
                        .flatten()
                        .fold(Range::point(0), |a, b| Range { lo: a.lo + b.lo, hi: a.hi + b.hi }),
                    // A row may meet no leaf that names the target: then it counts 0.
                    Aggregate::Min | Aggregate::Max => {
                        trees.flatten().fold(Range::point(0), Range::union)
                    }
                };
                Range { lo: total.lo + self.base[target], hi: total.hi + self.base[target] }
            })
            .collect()
    }
}
