//! ai.onnx.ml tree ensembles: TreeEnsembleClassifier and TreeEnsembleRegressor (versions 1 and 3) and
//! TreeEnsemble (version 5).
//!
//! Where the operator's text leaves things open, onnxruntime's behaviour is followed; each place says
//! so.

mod attributes;
mod classifier;
mod ensemble;
mod regressor;
mod scores;
mod table;

use thiserror::Error;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Element, Row, Shape};
use super::super::ImportError;
use crate::graph::{Op, TreeEnsemble};

pub(super) use classifier::classifier;
pub(super) use ensemble::ensemble;
pub(super) use regressor::regressor;
pub(super) use scores::{PostTransform, Scores};

/// Tables that make no trees. Trees and nodes are called by the model's own numbers (version 5: by
/// their places in the attributes).
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TreeError {
    /// The ensemble has no tree.
    #[error("the ensemble has no tree")]
    NoTree,
    /// The nodes of a tree do not stand together.
    #[error("tree {tree} is listed in several pieces")]
    Split {
        /// The tree.
        tree: i64,
    },
    /// Two nodes of a tree have one number.
    #[error("tree {tree} has two nodes {node}")]
    DuplicateNode {
        /// The tree.
        tree: i64,
        /// The number.
        node: i64,
    },
    /// A branch leads to a node that is not there.
    #[error("tree {tree}, node {node}: child {child} does not exist")]
    MissingChild {
        /// The tree.
        tree: i64,
        /// The branch.
        node: i64,
        /// The child.
        child: i64,
    },
    /// A branch leads back to itself or a node above it.
    #[error("tree {tree}, node {node}: child {child} is above it")]
    Cycle {
        /// The tree.
        tree: i64,
        /// The branch.
        node: i64,
        /// The child.
        child: i64,
    },
    /// A node that no walk from the root (the first node listed) comes to.
    #[error("tree {tree}: no branch leads to node {node}")]
    Unreachable {
        /// The tree.
        tree: i64,
        /// The node.
        node: i64,
    },
    /// A tree is deeper than the limit.
    #[error("tree {tree} is deeper than {limit} branches")]
    TooDeep {
        /// The tree.
        tree: i64,
        /// The limit.
        limit: usize,
    },
    /// A branch looks at a feature that the input does not have.
    #[error("tree {tree}, node {node}: feature {feature} of {n_features}")]
    Feature {
        /// The tree.
        tree: i64,
        /// The branch.
        node: i64,
        /// The feature.
        feature: i64,
        /// Features of the input.
        n_features: usize,
    },
    /// A branch compares in a way that the operator does not define.
    #[error("tree {tree}, node {node}: unknown mode {mode:?}")]
    Mode {
        /// The tree.
        tree: i64,
        /// The branch.
        node: i64,
        /// The mode.
        mode: String,
    },
    /// A weight belongs to a node that is not there.
    #[error("tree {tree}: a weight for node {node}, which does not exist")]
    MissingLeaf {
        /// The tree.
        tree: i64,
        /// The node.
        node: i64,
    },
    /// A leaf has no weight.
    #[error("tree {tree}: leaf {node} has no weight")]
    NoWeight {
        /// The tree.
        tree: i64,
        /// The leaf.
        node: i64,
    },
    /// A weight is for a target or class that the ensemble does not have.
    #[error("tree {tree}, node {node}: target {target} of {n_targets}")]
    Target {
        /// The tree.
        tree: i64,
        /// The leaf.
        node: i64,
        /// The target or class.
        target: i64,
        /// Targets of the ensemble.
        n_targets: usize,
    },
    /// Branches share so many nodes that the trees would be too large with a copy for each.
    #[error("tree {tree}: with a copy of every shared node the trees have over {limit} nodes")]
    TooLarge {
        /// The tree at which the limit was met.
        tree: i64,
        /// The limit.
        limit: usize,
    },
    /// A branch compares with NaN.
    #[error("tree {tree}, node {node}: the threshold is NaN")]
    Threshold {
        /// The tree.
        tree: i64,
        /// The branch.
        node: i64,
    },
}

/// What the trees look at: one row of features, and the shape of what they make.
struct Features {
    row: Row,
    batch: Axis,
}

impl Features {
    /// Reads the operand. Integers are compared as `f32`, as onnxruntime compares them.
    fn read(context: &mut Context<'_, '_>) -> Result<Self, OpError> {
        let mut row = context.row(0)?;
        if row.element != Element::F64 {
            row = context.round_to_f32(row)?;
        }
        let batch = match row.shape.0.as_slice() {
            [Axis::Len(_)] => Axis::Len(1),
            &[batch, Axis::Len(_)] if batch.size() == 1 => batch,
            _ => return unsupported(format!("takes {}, wants one row of features", row.shape)),
        };
        Ok(Self { row, batch })
    }

    fn len(&self) -> usize {
        self.row.shape.len()
    }

    /// Adds the ensemble to the graph; its result has the features' element type.
    fn emit(&self, context: &mut Context<'_, '_>, ensemble: TreeEnsemble) -> Result<Row, OpError> {
        let len = ensemble.n_targets;
        let dtype = ensemble.dtype;
        let value = context.emit("", Op::Trees(ensemble), &[self.row.value], len, dtype)?;
        let shape = Shape(vec![self.batch, Axis::Len(len)]);
        Ok(Row { value, shape, element: self.row.element })
    }
}

fn tree_error(context: &Context<'_, '_>, source: TreeError) -> ImportError {
    let (node, op) = (context.node.name.clone(), context.node.op().to_owned());
    ImportError::Trees { node, op, source }
}
