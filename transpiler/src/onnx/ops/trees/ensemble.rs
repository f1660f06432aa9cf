//! TreeEnsemble (version 5): branches and leaves in tables of their own, children by place.

use std::collections::HashSet;

use super::super::super::context::Context;
use super::super::super::limits::{MAX_COPIED_TREE_NODES, MAX_TREE_DEPTH};
use super::super::super::node::OpError;
use super::super::super::tensor::{Data, Tensor};
use super::super::super::value::{Element, Value};
use super::super::super::ImportError;
use super::regressor::{combine, n_targets, Combination};
use super::table::set_child;
use super::{tree_error, Features, PostTransform, TreeError};
use crate::graph::{Aggregate, Test, Tree, TreeNode};

/// One score a target, of the input's element type.
pub(in super::super) fn ensemble(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let combination = match context.node.int_or("aggregate_function", 1)? {
        0 => Combination::Average,
        1 => Combination::Of(Aggregate::Sum),
        2 => Combination::Of(Aggregate::Min),
        3 => Combination::Of(Aggregate::Max),
        other => {
            let reason = format!("is {other}, wants 0 to 3");
            return Err(context.node.attribute_error("aggregate_function", reason).into());
        }
    };
    let transform = PostTransform::read_number(context)?;
    let features = Features::read(context)?;
    let n_targets = n_targets(context, 1)?;
    let trees = Tables::read(context, &features)?.trees(context, features.len(), n_targets)?;
    let scores = combine(context, &features, trees, vec![0.0; n_targets], combination)?;
    Ok(vec![Value::Row(transform.apply(context, scores)?)])
}

/// The attributes; `nodes_*` are of one length, and so are `leaf_*`.
struct Tables<'a> {
    roots: &'a [i64],
    features: &'a [i64],
    tests: Vec<Result<Test, String>>,
    on_true: Side<'a>,
    on_false: Side<'a>,
    missing_is_true: &'a [i64],
    leaf_targets: &'a [i64],
    leaf_weights: Vec<f64>,
}

/// Where the branches lead on one side.
struct Side<'a> {
    children: &'a [i64],
    /// Whether the child is a leaf.
    is_leaf: &'a [i64],
}

impl<'a> Tables<'a> {
    fn read(context: &mut Context<'_, 'a>, features: &Features) -> Result<Self, OpError> {
        let node = context.node;
        let element = features.row.element;
        let missing = |attribute| node.attribute_error(attribute, "is missing");
        let modes = node.tensor("nodes_modes")?.ok_or_else(|| missing("nodes_modes"))?;
        let Some(modes) = modes.as_ints() else {
            return Err(node.attribute_error("nodes_modes", "wants unsigned bytes").into());
        };
        let name = node.qualified("nodes_splits");
        let splits = node.tensor_proto("nodes_splits")?.ok_or_else(|| missing("nodes_splits"))?;
        // A threshold may be infinite: `x <= inf` asks whether a value is there at all.
        let splits = Tensor::read_any(splits, &name)?;
        let splits = numbers(context, "nodes_splits", splits, element)?;
        let n_nodes = modes.len();
        node.same_length("nodes_splits", n_nodes, splits.len())?;
        let leaf_weights = node.tensor("leaf_weights")?.ok_or_else(|| missing("leaf_weights"))?;
        let tables = Self {
            roots: node.ints("tree_roots")?,
            features: node.ints("nodes_featureids")?,
            tests: tests(context, modes, &splits, element)?,
            on_true: Side {
                children: node.ints("nodes_truenodeids")?,
                is_leaf: node.ints("nodes_trueleafs")?,
            },
            on_false: Side {
                children: node.ints("nodes_falsenodeids")?,
                is_leaf: node.ints("nodes_falseleafs")?,
            },
            missing_is_true: node.ints("nodes_missing_value_tracks_true")?,
            leaf_targets: node.ints("leaf_targetids")?,
            leaf_weights: numbers(context, "leaf_weights", leaf_weights, element)?,
        };
        for (attribute, len) in [
            ("nodes_featureids", tables.features.len()),
            ("nodes_truenodeids", tables.on_true.children.len()),
            ("nodes_trueleafs", tables.on_true.is_leaf.len()),
            ("nodes_falsenodeids", tables.on_false.children.len()),
            ("nodes_falseleafs", tables.on_false.is_leaf.len()),
        ] {
            node.same_length(attribute, n_nodes, len)?;
        }
        if !tables.missing_is_true.is_empty() {
            let len = tables.missing_is_true.len();
            node.same_length("nodes_missing_value_tracks_true", n_nodes, len)?;
        }
        let n_leaves = tables.leaf_targets.len();
        node.same_length("leaf_weights", n_leaves, tables.leaf_weights.len())?;
        Ok(tables)
    }

    fn trees(
        &self,
        context: &Context<'_, '_>,
        n_features: usize,
        n_targets: usize,
    ) -> Result<Vec<Tree>, ImportError> {
        let fail = |source| tree_error(context, source);
        if self.roots.is_empty() {
            return Err(fail(TreeError::NoTree));
        }
        let mut visited = vec![false; self.tests.len()];
        let mut room = self.tests.len() + self.leaf_targets.len() + MAX_COPIED_TREE_NODES;
        let mut trees = Vec::with_capacity(self.roots.len());
        for (tree, &root) in self.roots.iter().enumerate() {
            let walk = Walk { tables: self, tree: tree as i64, n_features, n_targets };
            trees.push(walk.tree(root, &mut visited, &mut room).map_err(fail)?);
        }
        match visited.iter().position(|visited| !visited) {
            // No tree claims the node, so none can be named: the first one stands for all.
            Some(node) => Err(fail(TreeError::Unreachable { tree: 0, node: node as i64 })),
            None => Ok(trees),
        }
    }
}

struct Walk<'w, 'a> {
    tables: &'w Tables<'a>,
    tree: i64,
    n_features: usize,
    n_targets: usize,
}

/// A branch or a leaf whose turn is to come.
struct Pending {
    at: usize,
    is_leaf: bool,
    depth: usize,
    /// The new number of the branch that leads here, and the side.
    parent: Option<(usize, bool)>,
}

impl Walk<'_, '_> {
    /// The tree below a root. What several branches lead to is copied for each; `room` counts the nodes that
    /// may still be made.
    fn tree(&self, root: i64, visited: &mut [bool], room: &mut usize) -> Result<Tree, TreeError> {
        let mut made: Vec<TreeNode> = Vec::new();
        let root = self.child(root, root, false)?;
        // The numbers of the branches from the root to the one at hand.
        let mut path: Vec<usize> = Vec::new();
        let mut pending = vec![Pending { at: root, is_leaf: false, depth: 0, parent: None }];
        while let Some(Pending { at, is_leaf, depth, parent }) = pending.pop() {
            if depth > MAX_TREE_DEPTH {
                return Err(TreeError::TooDeep { tree: self.tree, limit: MAX_TREE_DEPTH });
            }
            path.truncate(depth);
            let number = made.len();
            if let Some((parent, side)) = parent {
                set_child(&mut made[parent], side, number);
            }
            let limit = self.tables.tests.len() + MAX_COPIED_TREE_NODES;
            *room = room.checked_sub(1).ok_or(TreeError::TooLarge { tree: self.tree, limit })?;
            if is_leaf {
                made.push(self.leaf(at)?);
                continue;
            }
            if std::mem::replace(&mut visited[at], true) && path.contains(&at) {
                let (tree, child) = (self.tree, at as i64);
                let node = path.last().map_or(child, |&parent| parent as i64);
                return Err(TreeError::Cycle { tree, node, child });
            }
            path.push(at);
            let mut branch = self.branch(at)?;
            let last = self.chain(at, &mut branch, visited)?;
            made.push(branch);
            let sides = [(false, &self.tables.on_false, last), (true, &self.tables.on_true, at)];
            for (side, Side { children, is_leaf }, at) in sides {
                let is_leaf = is_leaf[at] != 0;
                let child = self.child(at as i64, children[at], is_leaf)?;
                let parent = Some((number, side));
                pending.push(Pending { at: child, is_leaf, depth: depth + 1, parent });
            }
        }
        Ok(Tree { nodes: made })
    }

    /// Joins equality tests as those of versions 1 and 3 are: see `table.rs`.
    fn chain(
        &self,
        at: usize,
        branch: &mut TreeNode,
        visited: &mut [bool],
    ) -> Result<usize, TreeError> {
        let Tables { tests, features, on_true, on_false, .. } = self.tables;
        let mut last = at;
        let TreeNode::Branch { test, missing_is_true, .. } = branch else { return Ok(last) };
        let Test::Equal(value) = *test else { return Ok(last) };
        let mut values = vec![value];
        let mut joined = HashSet::from([at]);
        while on_false.is_leaf[last] == 0 {
            let next = self.child(last as i64, on_false.children[last], false)?;
            let Ok(Test::Equal(value)) = tests[next] else { break };
            let continues = features[next] == features[at]
                && on_true.children[next] == on_true.children[at]
                && (on_true.is_leaf[next] != 0) == (on_true.is_leaf[at] != 0)
                && joined.insert(next);
            if !continues {
                break;
            }
            visited[next] = true;
            self.branch(next)?;
            values.push(value);
            *missing_is_true |= self.missing_is_true(next);
            last = next;
        }
        if values.len() > 1 {
            *test = Test::Member(values);
        }
        Ok(last)
    }

    fn missing_is_true(&self, at: usize) -> bool {
        self.tables.missing_is_true.get(at).is_some_and(|&flag| flag == 1)
    }

    fn child(&self, node: i64, child: i64, is_leaf: bool) -> Result<usize, TreeError> {
        let limit = if is_leaf { self.tables.leaf_targets.len() } else { self.tables.tests.len() };
        let tree = self.tree;
        let place = usize::try_from(child).ok().filter(|&at| at < limit);
        place.ok_or(TreeError::MissingChild { tree, node, child })
    }

    fn branch(&self, at: usize) -> Result<TreeNode, TreeError> {
        let (tree, node, n_features) = (self.tree, at as i64, self.n_features);
        let test = self.tables.tests[at].clone();
        let test = test.map_err(|mode| TreeError::Mode { tree, node, mode })?;
        if test.thresholds().iter().any(|threshold| threshold.is_nan()) {
            return Err(TreeError::Threshold { tree, node });
        }
        let feature = self.tables.features[at];
        match usize::try_from(feature) {
            Ok(feature) if feature < n_features => Ok(TreeNode::Branch {
                feature,
                test,
                missing_is_true: self.missing_is_true(at),
                on_true: 0,
                on_false: 0,
            }),
            _ => Err(TreeError::Feature { tree, node, feature, n_features }),
        }
    }

    fn leaf(&self, at: usize) -> Result<TreeNode, TreeError> {
        let (tree, node, n_targets) = (self.tree, at as i64, self.n_targets);
        let target = self.tables.leaf_targets[at];
        match usize::try_from(target) {
            Ok(index) if index < n_targets => {
                Ok(TreeNode::Leaf(vec![(index, self.tables.leaf_weights[at])]))
            }
            _ => Err(TreeError::Target { tree, node, target, n_targets }),
        }
    }
}

/// The tests, or the numbers of modes that are not defined. The sets of BRANCH_MEMBER stand one
/// after the other in `membership_values`, a NaN behind each.
fn tests(
    context: &Context<'_, '_>,
    modes: &[i64],
    splits: &[f64],
    element: Element,
) -> Result<Vec<Result<Test, String>>, ImportError> {
    let node = context.node;
    let name = node.qualified("membership_values");
    let members = match node.tensor_proto("membership_values")? {
        Some(proto) => Tensor::read_any(proto, &name)?,
        None => Tensor { dims: vec![0], data: Data::F32(Vec::new()) },
    };
    let members = match members.len() {
        0 => Vec::new(),
        _ => numbers(context, "membership_values", members, element)?,
    };
    let mut sets = members.split(|value| value.is_nan());
    let mut tests = Vec::with_capacity(modes.len());
    for (&mode, &split) in modes.iter().zip(splits) {
        tests.push(match mode {
            0 => Ok(Test::LessOrEqual(split)),
            1 => Ok(Test::Less(split)),
            2 => Ok(Test::GreaterOrEqual(split)),
            3 => Ok(Test::Greater(split)),
            4 => Ok(Test::Equal(split)),
            5 => Ok(Test::NotEqual(split)),
            6 => {
                let set = sets.next().unwrap_or(&[]);
                if set.is_empty() {
                    return Err(node.attribute_error("membership_values", "has an empty set"));
                }
                node.finite("membership_values", set)?;
                Ok(Test::Member(set.to_vec()))
            }
            other => Err(other.to_string()),
        });
    }
    if sets.any(|set| !set.is_empty()) {
        return Err(
            node.attribute_error("membership_values", "has more sets than BRANCH_MEMBER nodes")
        );
    }
    Ok(tests)
}

fn numbers(
    context: &Context<'_, '_>,
    attribute: &str,
    tensor: Tensor,
    element: Element,
) -> Result<Vec<f64>, ImportError> {
    match (tensor.data, element) {
        (Data::F32(values), Element::F32) | (Data::F64(values), Element::F64) => Ok(values),
        _ => {
            let reason = "has another element type than the input";
            Err(context.node.attribute_error(attribute, reason))
        }
    }
}
