//! The node and weight tables of versions 1 and 3, made into trees. Nothing here recurses.
//!
//! A node that several branches lead to is copied for each, with one exception: LightGBM's categories come
//! as a chain of equality tests of one feature whose true sides are one node, and such a chain is one test
//! for membership in a set.

use std::collections::{HashMap, HashSet};

use super::super::super::limits::{MAX_COPIED_TREE_NODES, MAX_TREE_DEPTH};
use super::TreeError;
use crate::graph::{Test, Tree, TreeNode};

/// The attributes `nodes_*`: one entry a node, all of one length.
pub(super) struct NodeTable<'a> {
    pub(super) trees: &'a [i64],
    pub(super) ids: &'a [i64],
    pub(super) features: &'a [i64],
    pub(super) modes: Vec<Mode>,
    pub(super) values: Vec<f64>,
    pub(super) on_true: &'a [i64],
    pub(super) on_false: &'a [i64],
    /// Empty, or as long as the others.
    pub(super) missing_is_true: &'a [i64],
}

/// The attributes `target_*` or `class_*`: one entry a weight, all of one length.
pub(super) struct WeightTable<'a> {
    pub(super) trees: &'a [i64],
    pub(super) ids: &'a [i64],
    pub(super) targets: &'a [i64],
    pub(super) weights: Vec<f64>,
}

/// What several weights of one leaf for one target come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    /// Only the first counts, and a leaf without a weight counts 0: onnxruntime's way with one target.
    First,
    Sum,
    Min,
    Max,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Mode {
    Leaf,
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
    /// A mode that the operator does not define.
    Unknown(String),
}

impl Mode {
    pub(super) fn parse(text: &[u8]) -> Self {
        match text {
            b"LEAF" => Mode::Leaf,
            b"BRANCH_LEQ" => Mode::LessOrEqual,
            b"BRANCH_LT" => Mode::Less,
            b"BRANCH_GTE" => Mode::GreaterOrEqual,
            b"BRANCH_GT" => Mode::Greater,
            b"BRANCH_EQ" => Mode::Equal,
            b"BRANCH_NEQ" => Mode::NotEqual,
            other => Mode::Unknown(String::from_utf8_lossy(other).into_owned()),
        }
    }

    fn test(&self, threshold: f64) -> Option<Test> {
        Some(match self {
            Mode::LessOrEqual => Test::LessOrEqual(threshold),
            Mode::Less => Test::Less(threshold),
            Mode::GreaterOrEqual => Test::GreaterOrEqual(threshold),
            Mode::Greater => Test::Greater(threshold),
            Mode::Equal => Test::Equal(threshold),
            Mode::NotEqual => Test::NotEqual(threshold),
            Mode::Leaf | Mode::Unknown(_) => return None,
        })
    }
}

/// Makes the trees, in the order of the table. A tree's root is its first node, and nodes are
/// renumbered in preorder, the true side first. `may_be_bare` allows leaves without weights.
pub(super) fn build(
    nodes: &NodeTable<'_>,
    weights: &WeightTable<'_>,
    n_features: usize,
    n_targets: usize,
    repeated: Repeated,
    may_be_bare: bool,
) -> Result<Vec<Tree>, TreeError> {
    let index = Index::new(nodes)?;
    let mut leaf_weights = collect_weights(nodes, weights, &index, n_targets, repeated)?;
    if may_be_bare && repeated == Repeated::First {
        leaf_weights.iter_mut().filter(|weights| weights.is_empty()).for_each(|w| w.push((0, 0.0)));
    }
    let mut room = nodes.trees.len() + MAX_COPIED_TREE_NODES;
    let mut trees = Vec::with_capacity(index.starts.len());
    for (position, &start) in index.starts.iter().enumerate() {
        let end = index.starts.get(position + 1).copied().unwrap_or(nodes.trees.len());
        let leaf_weights = &leaf_weights;
        let walk = Walk { nodes, index: &index, n_features, leaf_weights, may_be_bare };
        trees.push(walk.tree(start, end, &mut room)?);
    }
    if trees.is_empty() {
        return Err(TreeError::NoTree);
    }
    Ok(trees)
}

/// Where each node stands in the table.
struct Index {
    rows: HashMap<(i64, i64), usize>,
    /// The first row of each tree.
    starts: Vec<usize>,
}

impl Index {
    fn new(nodes: &NodeTable<'_>) -> Result<Self, TreeError> {
        let mut rows = HashMap::with_capacity(nodes.ids.len());
        let mut starts: Vec<usize> = Vec::new();
        let mut started = HashMap::new();
        for (row, (&tree, &node)) in nodes.trees.iter().zip(nodes.ids).enumerate() {
            if row == 0 || nodes.trees[row - 1] != tree {
                if started.insert(tree, ()).is_some() {
                    return Err(TreeError::Split { tree });
                }
                starts.push(row);
            }
            if rows.insert((tree, node), row).is_some() {
                return Err(TreeError::DuplicateNode { tree, node });
            }
        }
        Ok(Self { rows, starts })
    }
}

/// The weights of each row of the node table, targets ascending.
///
/// Weights on branches are skipped, as onnxruntime does: old converters wrote them.
fn collect_weights(
    nodes: &NodeTable<'_>,
    weights: &WeightTable<'_>,
    index: &Index,
    n_targets: usize,
    repeated: Repeated,
) -> Result<Vec<Vec<(usize, f64)>>, TreeError> {
    let mut leaf_weights = vec![Vec::new(); nodes.ids.len()];
    for (at, &weight) in weights.weights.iter().enumerate() {
        let (tree, node, target) = (weights.trees[at], weights.ids[at], weights.targets[at]);
        let Some(&row) = index.rows.get(&(tree, node)) else {
            return Err(TreeError::MissingLeaf { tree, node });
        };
        match usize::try_from(target) {
            Ok(target) if target < n_targets => leaf_weights[row].push((target, weight)),
            _ => return Err(TreeError::Target { tree, node, target, n_targets }),
        }
    }
    for (row, entries) in leaf_weights.iter_mut().enumerate() {
        entries.sort_by_key(|&(target, _)| target);
        if nodes.modes[row] != Mode::Leaf {
            entries.clear();
        }
        // The sort keeps the order of equal targets, so that the first is the file's first.
        entries.dedup_by(|next, kept| {
            if next.0 != kept.0 {
                return false;
            }
            kept.1 = match repeated {
                Repeated::First => kept.1,
                Repeated::Sum => kept.1 + next.1,
                Repeated::Min => kept.1.min(next.1),
                Repeated::Max => kept.1.max(next.1),
            };
            true
        });
    }
    Ok(leaf_weights)
}

/// A walk down one tree.
struct Walk<'w, 'a> {
    nodes: &'w NodeTable<'a>,
    index: &'w Index,
    n_features: usize,
    leaf_weights: &'w [Vec<(usize, f64)>],
    may_be_bare: bool,
}

/// A row of the table whose turn is to come.
struct Pending {
    row: usize,
    depth: usize,
    /// The new number of the branch that leads here, and the side.
    parent: Option<(usize, bool)>,
}

impl Walk<'_, '_> {
    /// The tree in the rows from `start` to `end`; `room` counts the nodes that may still be made.
    fn tree(self, start: usize, end: usize, room: &mut usize) -> Result<Tree, TreeError> {
        let tree = self.nodes.trees[start];
        let mut made: Vec<TreeNode> = Vec::with_capacity(end - start);
        let mut seen = vec![false; end - start];
        // The rows of the branches from the root to the one at hand.
        let mut path: Vec<usize> = Vec::new();
        let mut pending = vec![Pending { row: start, depth: 0, parent: None }];
        while let Some(Pending { row, depth, parent }) = pending.pop() {
            if depth > MAX_TREE_DEPTH {
                return Err(TreeError::TooDeep { tree, limit: MAX_TREE_DEPTH });
            }
            path.truncate(depth);
            let number = made.len();
            if let Some((parent, side)) = parent {
                set_child(&mut made[parent], side, number);
            }
            let child = self.nodes.ids[row];
            if std::mem::replace(&mut seen[row - start], true) && path.contains(&row) {
                let node = path.last().map_or(child, |&parent| self.nodes.ids[parent]);
                return Err(TreeError::Cycle { tree, node, child });
            }
            let limit = self.nodes.trees.len() + MAX_COPIED_TREE_NODES;
            *room = room.checked_sub(1).ok_or(TreeError::TooLarge { tree, limit })?;
            if self.nodes.modes[row] == Mode::Leaf {
                let weights = self.leaf_weights[row].clone();
                if weights.is_empty() && !self.may_be_bare {
                    return Err(TreeError::NoWeight { tree, node: child });
                }
                made.push(TreeNode::Leaf(weights));
                continue;
            }
            path.push(row);
            let mut branch = self.branch(row)?;
            let last = self.chain(row, &mut branch, &mut |row| seen[row - start] = true)?;
            made.push(branch);
            // The true side is taken up first, so it goes on the stack last.
            for (side, child) in
                [(false, self.nodes.on_false[last]), (true, self.nodes.on_true[row])]
            {
                let row = self.child(last, child)?;
                let parent = Some((number, side));
                pending.push(Pending { row, depth: depth + 1, parent });
            }
        }
        match (start..end).find(|row| !seen[row - start]) {
            Some(row) => Err(TreeError::Unreachable { tree, node: self.nodes.ids[row] }),
            None => Ok(Tree { nodes: made }),
        }
    }

    fn child(&self, row: usize, child: i64) -> Result<usize, TreeError> {
        let (tree, node) = (self.nodes.trees[row], self.nodes.ids[row]);
        let found = self.index.rows.get(&(tree, child)).copied();
        found.ok_or(TreeError::MissingChild { tree, node, child })
    }

    /// Joins the equality tests that follow `row` on the false side and ask the same feature for the same
    /// true side: `branch` becomes a test for membership. The row of the last of them.
    fn chain(
        &self,
        row: usize,
        branch: &mut TreeNode,
        see: &mut dyn FnMut(usize),
    ) -> Result<usize, TreeError> {
        let nodes = self.nodes;
        let mut last = row;
        let TreeNode::Branch { test, missing_is_true, .. } = branch else { return Ok(last) };
        let Test::Equal(value) = *test else { return Ok(last) };
        let mut values = vec![value];
        let mut joined = HashSet::from([row]);
        loop {
            let next = self.child(last, nodes.on_false[last])?;
            let continues = nodes.modes[next] == Mode::Equal
                && nodes.features[next] == nodes.features[row]
                && nodes.on_true[next] == nodes.on_true[row]
                && joined.insert(next);
            if !continues {
                break;
            }
            see(next);
            values.push(self.threshold(next)?);
            // A missing value is equal to nothing, so it comes to every test until one takes it.
            *missing_is_true |= self.missing_is_true(next);
            last = next;
        }
        if values.len() > 1 {
            *test = Test::Member(values);
        }
        Ok(last)
    }

    fn missing_is_true(&self, row: usize) -> bool {
        self.nodes.missing_is_true.get(row).is_some_and(|&flag| flag == 1)
    }

    fn threshold(&self, row: usize) -> Result<f64, TreeError> {
        let value = self.nodes.values[row];
        if value.is_nan() {
            let (tree, node) = (self.nodes.trees[row], self.nodes.ids[row]);
            return Err(TreeError::Threshold { tree, node });
        }
        Ok(value)
    }

    /// The branch at `row`, its children still to be set.
    fn branch(&self, row: usize) -> Result<TreeNode, TreeError> {
        let (tree, node, feature) =
            (self.nodes.trees[row], self.nodes.ids[row], self.nodes.features[row]);
        let mode = &self.nodes.modes[row];
        let Some(test) = mode.test(self.threshold(row)?) else {
            let mode = if let Mode::Unknown(mode) = mode { mode.clone() } else { String::new() };
            return Err(TreeError::Mode { tree, node, mode });
        };
        let n_features = self.n_features;
        match usize::try_from(feature) {
            Ok(feature) if feature < n_features => Ok(TreeNode::Branch {
                feature,
                test,
                missing_is_true: self.missing_is_true(row),
                on_true: 0,
                on_false: 0,
            }),
            _ => Err(TreeError::Feature { tree, node, feature, n_features }),
        }
    }
}

/// Sets a branch's child on one side; a leaf has none.
pub(super) fn set_child(node: &mut TreeNode, side: bool, child: usize) {
    if let TreeNode::Branch { on_true, on_false, .. } = node {
        *if side { on_true } else { on_false } = child;
    }
}
