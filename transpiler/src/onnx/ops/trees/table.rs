//! The node and weight tables of versions 1 and 3, made into trees. Nothing here recurses.

use std::collections::HashMap;

use super::super::super::limits::MAX_TREE_DEPTH;
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
/// numbered anew in preorder, the true side first.
pub(super) fn build(
    nodes: &NodeTable<'_>,
    weights: &WeightTable<'_>,
    n_features: usize,
    n_targets: usize,
) -> Result<Vec<Tree>, TreeError> {
    let index = Index::new(nodes)?;
    let mut leaf_weights = collect_weights(nodes, weights, &index, n_targets)?;
    let mut trees = Vec::with_capacity(index.starts.len());
    for (position, &start) in index.starts.iter().enumerate() {
        let end = index.starts.get(position + 1).copied().unwrap_or(nodes.trees.len());
        let walk = Walk { nodes, index: &index, n_features, leaf_weights: &mut leaf_weights };
        trees.push(walk.tree(start, end)?);
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
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let (tree, node, target) = (nodes.trees[row], nodes.ids[row], pair[0].0 as i64);
            return Err(TreeError::DuplicateTarget { tree, node, target });
        }
    }
    Ok(leaf_weights)
}

/// A walk down one tree.
struct Walk<'w, 'a> {
    nodes: &'w NodeTable<'a>,
    index: &'w Index,
    n_features: usize,
    leaf_weights: &'w mut [Vec<(usize, f64)>],
}

/// A row of the table whose turn is to come.
struct Pending {
    row: usize,
    depth: usize,
    /// The new number of the branch that leads here, and the side.
    parent: Option<(usize, bool)>,
}

impl Walk<'_, '_> {
    fn tree(self, start: usize, end: usize) -> Result<Tree, TreeError> {
        let tree = self.nodes.trees[start];
        let mut made: Vec<TreeNode> = Vec::with_capacity(end - start);
        // For each row of this tree, the row of the branch that leads to it.
        let mut parents: Vec<Option<usize>> = vec![None; end - start];
        let mut pending = vec![Pending { row: start, depth: 0, parent: None }];
        while let Some(Pending { row, depth, parent }) = pending.pop() {
            if depth > MAX_TREE_DEPTH {
                return Err(TreeError::TooDeep { tree, limit: MAX_TREE_DEPTH });
            }
            let number = made.len();
            if let Some((parent, side)) = parent {
                set_child(&mut made[parent], side, number);
            }
            let node = self.nodes.ids[row];
            if self.nodes.modes[row] == Mode::Leaf {
                let weights = std::mem::take(&mut self.leaf_weights[row]);
                if weights.is_empty() {
                    return Err(TreeError::NoWeight { tree, node });
                }
                made.push(TreeNode::Leaf(weights));
                continue;
            }
            made.push(self.branch(row)?);
            // The true side is taken up first, so it goes on the stack last.
            for (side, child) in
                [(false, self.nodes.on_false[row]), (true, self.nodes.on_true[row])]
            {
                let Some(&child_row) = self.index.rows.get(&(tree, child)) else {
                    return Err(TreeError::MissingChild { tree, node, child });
                };
                if child_row == start || parents[child_row - start].is_some() {
                    let above = is_above(child_row, row, start, &parents);
                    return Err(if above {
                        TreeError::Cycle { tree, node, child }
                    } else {
                        TreeError::SharedChild { tree, node, child }
                    });
                }
                parents[child_row - start] = Some(row);
                let parent = Some((number, side));
                pending.push(Pending { row: child_row, depth: depth + 1, parent });
            }
        }
        match (start + 1..end).find(|row| parents[row - start].is_none()) {
            Some(row) => Err(TreeError::Unreachable { tree, node: self.nodes.ids[row] }),
            None => Ok(Tree { nodes: made }),
        }
    }

    /// The branch at `row`, its children still to be set.
    fn branch(&self, row: usize) -> Result<TreeNode, TreeError> {
        let (tree, node, feature) =
            (self.nodes.trees[row], self.nodes.ids[row], self.nodes.features[row]);
        let mode = &self.nodes.modes[row];
        let Some(test) = mode.test(self.nodes.values[row]) else {
            let mode = if let Mode::Unknown(mode) = mode { mode.clone() } else { String::new() };
            return Err(TreeError::Mode { tree, node, mode });
        };
        let n_features = self.n_features;
        match usize::try_from(feature) {
            Ok(feature) if feature < n_features => Ok(TreeNode::Branch {
                feature,
                test,
                missing_is_true: self.nodes.missing_is_true.get(row).is_some_and(|&flag| flag == 1),
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

/// Whether `candidate` is `row` or stands on the way from the root to it.
fn is_above(candidate: usize, row: usize, start: usize, parents: &[Option<usize>]) -> bool {
    let mut at = Some(row);
    while let Some(row) = at {
        if row == candidate {
            return true;
        }
        at = parents[row - start];
    }
    false
}
