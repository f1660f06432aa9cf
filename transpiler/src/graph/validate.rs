//! The invariants of [`Graph`], checked.

use thiserror::Error;

use super::{Graph, Node, Norm, Op, OutputKind, Tree, TreeEnsemble, TreeNode, Unary, ValueId};

/// A graph that breaks one of its invariants.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum GraphError {
    /// Node 0 is not the input, or another node is.
    #[error("node {node} must{} be the input", if *.wanted { "" } else { " not" })]
    Input {
        /// The node.
        node: ValueId,
        /// Whether the input was wanted there.
        wanted: bool,
    },
    /// A node has the wrong number of operands.
    #[error("node {node} ({name}) has {actual} operands, wants {expected}")]
    Operands {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// How many it should have.
        expected: usize,
        /// How many it has.
        actual: usize,
    },
    /// A node reads a value that is not made before it.
    #[error("node {node} ({name}) reads value {value}, which is not made before it")]
    Order {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// The value it reads.
        value: ValueId,
    },
    /// Lengths do not agree.
    #[error("node {node} ({name}): {what} has length {actual}, wants {expected}")]
    Length {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// What is measured.
        what: &'static str,
        /// The length wanted.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// An index is past the end of what it points into.
    #[error("node {node} ({name}): {what} is {index}, wants less than {limit}")]
    Index {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// What is out of range.
        what: &'static str,
        /// The index.
        index: usize,
        /// The first index that is too large.
        limit: usize,
    },
    /// A weight, threshold or constant is NaN or infinite.
    #[error("node {node} ({name}): {what} is not finite")]
    NonFinite {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// Which numbers.
        what: &'static str,
    },
    /// A decision tree is not a proper binary tree, or a leaf's targets do not ascend.
    #[error("node {node} ({name}): tree {tree}, node {tree_node}: {what}")]
    Tree {
        /// The node.
        node: ValueId,
        /// Its name.
        name: String,
        /// The tree's index.
        tree: usize,
        /// The tree node's index.
        tree_node: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// An output shows no value, or not one of its kind.
    #[error("output {name:?}: {what}")]
    Output {
        /// The output's name.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl Graph {
    /// Checks every invariant that [`Graph`], [`Op`] and [`TreeEnsemble`] state.
    ///
    /// # Errors
    /// The first breach found, in node order, outputs last.
    pub fn validate(&self) -> Result<(), GraphError> {
        if self.nodes.is_empty() {
            return Err(GraphError::Input { node: 0, wanted: true });
        }
        for (id, node) in self.nodes.iter().enumerate() {
            let is_input = matches!(node.op, Op::Input);
            if is_input != (id == 0) {
                return Err(GraphError::Input { node: id, wanted: id == 0 });
            }
            Check { graph: self, id, node }.node()?;
        }
        self.validate_outputs()
    }

    fn validate_outputs(&self) -> Result<(), GraphError> {
        for output in &self.outputs {
            let fail = |what| Err(GraphError::Output { name: output.name.clone(), what });
            let Some(node) = self.nodes.get(output.value) else {
                return fail("shows a value that no node makes");
            };
            match &output.kind {
                OutputKind::Label(_) if node.len != 1 => return fail("a label is one index"),
                OutputKind::Label(labels) if labels.is_empty() => return fail("has no labels"),
                OutputKind::Numbers { classes: Some(labels) } if labels.len() != node.len => {
                    return fail("has another number of classes than of elements");
                }
                _ => {}
            }
        }
        Ok(())
    }
}

struct Check<'a> {
    graph: &'a Graph,
    id: ValueId,
    node: &'a Node,
}

impl Check<'_> {
    fn node(&self) -> Result<(), GraphError> {
        let operands = match self.node.op {
            Op::Input | Op::Constant(_) => 0,
            Op::Elementwise(_) => 2,
            Op::Concat => self.node.inputs.len().max(1),
            _ => 1,
        };
        if self.node.inputs.len() != operands {
            return Err(GraphError::Operands {
                node: self.id,
                name: self.node.name.clone(),
                expected: operands,
                actual: self.node.inputs.len(),
            });
        }
        for &value in &self.node.inputs {
            if value >= self.id {
                let name = self.node.name.clone();
                return Err(GraphError::Order { node: self.id, name, value });
            }
        }
        self.op()
    }

    fn op(&self) -> Result<(), GraphError> {
        let len = self.node.len;
        match &self.node.op {
            Op::Input => {
                let features = &self.graph.input.features;
                if !features.is_empty() {
                    self.length("features", len, features.len())?;
                }
                self.length("input", self.graph.input.len, len)
            }
            Op::Impute(values) => {
                self.same_length()?;
                self.numbers("imputed values", values, len)
            }
            Op::Constant(values) => self.numbers("constant", values, len),
            Op::Dense { weights, bias } => {
                let expected = len.saturating_mul(self.operand_len(0));
                self.numbers("weights", weights, expected)?;
                self.numbers("bias", bias, len)
            }
            Op::Scaler { offset, scale } => {
                self.same_length()?;
                self.numbers("offset", offset, len)?;
                self.numbers("scale", scale, len)
            }
            Op::WithConstant { constant, .. } => {
                self.same_length()?;
                self.numbers("constant", constant, len)
            }
            Op::Elementwise(_) => {
                self.length("left operand", len, self.operand_len(0))?;
                self.length("right operand", len, self.operand_len(1))
            }
            Op::Unary(unary) => {
                self.same_length()?;
                self.unary(unary)
            }
            Op::Softmax | Op::SoftmaxZero | Op::Normalize(Norm::Max | Norm::L1 | Norm::L2) => {
                self.same_length()
            }
            Op::TopK { .. } => match len.checked_sub(1) {
                Some(last) => self.index("the last element", last, self.operand_len(0)),
                None => self.length("output", 1, len),
            },
            Op::ArgMax { .. } | Op::Reduce(_) => {
                self.length("output", 1, len)?;
                self.index("the first element", 0, self.operand_len(0))
            }
            Op::Gather(indices) => {
                self.length("indices", len, indices.len())?;
                let limit = self.operand_len(0);
                indices.iter().try_for_each(|&index| self.index("an index", index, limit))
            }
            Op::Concat => {
                let total = self.node.inputs.iter().map(|&value| self.graph.nodes[value].len).sum();
                self.length("output", total, len)
            }
            Op::Trees(ensemble) => self.ensemble(ensemble),
        }
    }

    fn unary(&self, unary: &Unary) -> Result<(), GraphError> {
        match unary {
            Unary::LeakyRelu { alpha } => self.finite("alpha", &[*alpha]),
            Unary::Binarize { threshold } => self.finite("threshold", &[*threshold]),
            Unary::Clip { min, max } if min.is_nan() || max.is_nan() => {
                Err(self.non_finite("bound"))
            }
            _ => Ok(()),
        }
    }

    fn ensemble(&self, ensemble: &TreeEnsemble) -> Result<(), GraphError> {
        self.length("output", ensemble.n_targets, self.node.len)?;
        self.numbers("base", &ensemble.base, ensemble.n_targets)?;
        for (index, tree) in ensemble.trees.iter().enumerate() {
            self.tree(index, tree, ensemble.n_targets)?;
        }
        Ok(())
    }

    fn tree(&self, index: usize, tree: &Tree, n_targets: usize) -> Result<(), GraphError> {
        let fail = |tree_node, what| {
            let name = self.node.name.clone();
            Err(GraphError::Tree { node: self.id, name, tree: index, tree_node, what })
        };
        if tree.nodes.is_empty() {
            return fail(0, "has no root");
        }
        let mut has_parent = vec![false; tree.nodes.len()];
        has_parent[0] = true;
        for (at, node) in tree.nodes.iter().enumerate() {
            match node {
                TreeNode::Branch { feature, test, on_true, on_false, .. } => {
                    self.index("a tree's feature", *feature, self.operand_len(0))?;
                    // An infinite threshold asks whether a value is there at all.
                    if test.thresholds().iter().any(|threshold| threshold.is_nan()) {
                        return Err(self.non_finite("a tree's threshold"));
                    }
                    for &child in [on_true, on_false] {
                        match has_parent.get_mut(child) {
                            None => return fail(at, "has a child outside the tree"),
                            Some(_) if child <= at => return fail(at, "has a child before it"),
                            Some(true) => return fail(at, "shares a child with another node"),
                            Some(parented) => *parented = true,
                        }
                    }
                }
                TreeNode::Leaf(weights) => {
                    if !weights.windows(2).all(|pair| pair[0].0 < pair[1].0) {
                        return fail(at, "has targets that do not ascend");
                    }
                    for (target, weight) in weights {
                        self.index("a leaf's target", *target, n_targets)?;
                        self.finite("a leaf's weight", &[*weight])?;
                    }
                }
            }
        }
        match has_parent.iter().position(|parented| !parented) {
            Some(orphan) => fail(orphan, "is not a branch's child"),
            None => Ok(()),
        }
    }

    fn operand_len(&self, operand: usize) -> usize {
        self.graph.nodes[self.node.inputs[operand]].len
    }

    fn same_length(&self) -> Result<(), GraphError> {
        self.length("output", self.operand_len(0), self.node.len)
    }

    fn length(&self, what: &'static str, expected: usize, actual: usize) -> Result<(), GraphError> {
        if expected == actual {
            return Ok(());
        }
        let name = self.node.name.clone();
        Err(GraphError::Length { node: self.id, name, what, expected, actual })
    }

    fn index(&self, what: &'static str, index: usize, limit: usize) -> Result<(), GraphError> {
        if index < limit {
            return Ok(());
        }
        let name = self.node.name.clone();
        Err(GraphError::Index { node: self.id, name, what, index, limit })
    }

    fn numbers(&self, what: &'static str, numbers: &[f64], len: usize) -> Result<(), GraphError> {
        self.length(what, len, numbers.len())?;
        self.finite(what, numbers)
    }

    fn finite(&self, what: &'static str, numbers: &[f64]) -> Result<(), GraphError> {
        if numbers.iter().all(|number| number.is_finite()) {
            return Ok(());
        }
        Err(self.non_finite(what))
    }

    fn non_finite(&self, what: &'static str) -> GraphError {
        GraphError::NonFinite { node: self.id, name: self.node.name.clone(), what }
    }
}
