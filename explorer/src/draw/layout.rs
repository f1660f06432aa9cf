//! Where the nodes of a tree are drawn.

use std::collections::HashSet;

use nilometer_transpiler::quant::{QuantTree, QuantTreeNode};

use super::tree::MAX_DEPTH;

/// How many ends, leaves or folded subtrees, a drawing has beside those that a path adds.
const MAX_ENDS: usize = 24;

/// How many places a drawing has, even of a malformed tree whose subtrees are shared.
const MAX_PLACES: usize = 400;

/// What is drawn at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The node.
    Node,
    /// So many nodes of a subtree.
    Folded(usize),
}

/// A node that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    /// Its index in the tree.
    pub(super) node: usize,
    /// Its parent's index among the places.
    pub(super) parent: Option<usize>,
    /// Whether it is where its parent's test holds.
    pub(super) is_left: bool,
    /// What is drawn.
    pub(super) shown: Shown,
    /// In columns, of its middle.
    pub(super) x: f64,
    /// The root's is 0.
    pub(super) depth: usize,
    /// Whether the row comes through it.
    pub(super) on_path: bool,
}

/// The places of what is drawn, parents first, with the number of columns and the greatest depth.
pub(super) fn place(tree: &QuantTree, path: &[usize]) -> (Vec<Place>, f64, usize) {
    let sizes = sizes(tree);
    let mut layout = Layout {
        tree,
        sizes: &sizes,
        limit: limit(tree),
        path: path.iter().copied().collect(),
        places: Vec::new(),
        columns: 0,
    };
    if !tree.nodes.is_empty() {
        layout.add(0, None, true, 0);
    }
    let depth = layout.places.iter().map(|place| place.depth).max().unwrap_or(0);
    (layout.places, layout.columns as f64, depth)
}

/// How many nodes stand below each, itself included. A malformed tree may share subtrees: counts saturate.
fn sizes(tree: &QuantTree) -> Vec<usize> {
    let mut sizes = vec![1usize; tree.nodes.len()];
    for (i, node) in tree.nodes.iter().enumerate().rev() {
        if let QuantTreeNode::Branch(branch) = node {
            sizes[i] =
                sizes[branch.on_true].saturating_add(sizes[branch.on_false]).saturating_add(1);
        }
    }
    sizes
}

/// The depth down to which the whole tree is drawn: the greatest at which it has no more than
/// [`MAX_ENDS`] ends.
fn limit(tree: &QuantTree) -> usize {
    let mut level = vec![0];
    let mut leaves = 0;
    for depth in 0..MAX_DEPTH {
        let mut next = Vec::new();
        for &at in &level {
            match tree.nodes.get(at) {
                Some(QuantTreeNode::Branch(branch)) => {
                    next.extend([branch.on_true, branch.on_false])
                }
                _ => leaves += 1,
            }
        }
        if next.is_empty() {
            return depth;
        }
        if leaves + next.len() > MAX_ENDS {
            return depth;
        }
        level = next;
    }
    MAX_DEPTH
}

struct Layout<'a> {
    tree: &'a QuantTree,
    sizes: &'a [usize],
    limit: usize,
    path: HashSet<usize>,
    places: Vec<Place>,
    columns: usize,
}

impl Layout<'_> {
    /// Adds a node and what is below it; gives its column. Recursion ends at [`MAX_DEPTH`].
    fn add(&mut self, node: usize, parent: Option<usize>, is_left: bool, depth: usize) -> f64 {
        let parent_on = parent.is_none_or(|parent| self.places[parent].on_path);
        let on_path = parent_on && self.path.contains(&node);
        let branch = match &self.tree.nodes[node] {
            QuantTreeNode::Branch(branch) => Some(branch),
            QuantTreeNode::Leaf(_) => None,
        };
        let is_open =
            depth < MAX_DEPTH && self.places.len() < MAX_PLACES && (depth < self.limit || on_path);
        let shown = match branch {
            Some(_) if !is_open => Shown::Folded(self.sizes[node]),
            _ => Shown::Node,
        };
        let index = self.places.len();
        self.places.push(Place { node, parent, is_left, shown, x: 0.0, depth, on_path });
        let x = match branch {
            Some(branch) if is_open => {
                let left = self.add(branch.on_true, Some(index), true, depth + 1);
                let right = self.add(branch.on_false, Some(index), false, depth + 1);
                (left + right) / 2.0
            }
            _ => {
                self.columns += 1;
                self.columns as f64 - 0.5
            }
        };
        self.places[index].x = x;
        x
    }
}
