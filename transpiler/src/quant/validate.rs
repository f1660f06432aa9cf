//! Checking an integer graph that comes from a file.

use thiserror::Error;

use super::ranges::{self, RangeError};
use super::{Encoding, QuantGraph, QuantNode, QuantOp, QuantTreeNode, QuantTrees, Range, MAX_BITS};

/// Why a file does not hold a valid integer graph.
#[derive(Debug, Error)]
pub enum GraphError {
    /// Not the JSON of a graph.
    #[error("not a quantised graph: {0}")]
    Json(#[from] serde_json::Error),
    /// The input's parts disagree.
    #[error("the input's encoding and ranges do not fit together")]
    Input,
    /// The first node is not the input, or another one is.
    #[error("node {index}: node 0 and no other is the input")]
    InputNode {
        /// The node's index.
        index: usize,
    },
    /// A node that reads itself or a later one, or with the wrong number of operands or parameters.
    #[error("node {index}: operands or parameters do not fit the operation")]
    Operands {
        /// The node's index.
        index: usize,
    },
    /// A node whose ranges are not those that its operands' ranges prove.
    #[error("node {index}: the stated ranges are not the proved ones")]
    Ranges {
        /// The node's index.
        index: usize,
    },
    /// A node whose ranges cannot be proved at all.
    #[error("node {index}: {source}")]
    Unproved {
        /// The node's index.
        index: usize,
        /// Why.
        source: RangeError,
    },
    /// An output that shows no node.
    #[error("output {index} shows a node that does not exist")]
    Output {
        /// The output's index.
        index: usize,
    },
}

impl QuantGraph {
    /// Reads a graph from JSON and proves its ranges again, so that nothing that it computes can
    /// overflow or go out of bounds.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, GraphError> {
        let graph: Self = serde_json::from_slice(bytes)?;
        graph.validate()?;
        Ok(graph)
    }

    /// Sets every node's ranges to those that its operands' ranges prove: for graphs that are put together by
    /// hand, as tests do.
    ///
    /// # Errors
    /// See [`GraphError`].
    pub fn with_proved_ranges(mut self) -> Result<Self, GraphError> {
        for index in 0..self.nodes.len() {
            let node = &self.nodes[index];
            if node.inputs.iter().any(|&input| input >= index) || !self.fits(node) {
                return Err(GraphError::Operands { index });
            }
            let operands: Vec<&[Range]> = match index {
                0 => vec![&self.input.ranges],
                _ => node.inputs.iter().map(|&i| self.nodes[i].ranges.as_slice()).collect(),
            };
            let proved = ranges::propagate(&node.op, &operands)
                .map_err(|source| GraphError::Unproved { index, source })?;
            self.nodes[index].ranges = proved;
        }
        self.validate()?;
        Ok(self)
    }

    /// Checks every invariant of the graph.
    ///
    /// # Errors
    /// The first one that does not hold.
    pub fn validate(&self) -> Result<(), GraphError> {
        let scales_fit = match &self.input.encoding {
            Encoding::Fixed { scale_log2 } => scale_log2.len() == self.input.ranges.len(),
            Encoding::Ordered { .. } => true,
        };
        let features_fit = match self.input.features.len() {
            0 => true,
            count => count == self.input.ranges.len(),
        };
        let sane = |r: &Range| r.lo <= r.hi && super::hull(&[*r]).magnitude_bits() <= MAX_BITS;
        if !scales_fit || !features_fit || !self.input.ranges.iter().all(sane) {
            return Err(GraphError::Input);
        }
        if self.nodes.is_empty() {
            return Err(GraphError::InputNode { index: 0 });
        }
        for (index, node) in self.nodes.iter().enumerate() {
            if (index == 0) != (node.op == QuantOp::Input) {
                return Err(GraphError::InputNode { index });
            }
            if node.inputs.iter().any(|&input| input >= index) || !self.fits(node) {
                return Err(GraphError::Operands { index });
            }
            let operands: Vec<&[Range]> = match index {
                0 => vec![&self.input.ranges],
                _ => node.inputs.iter().map(|&i| self.nodes[i].ranges.as_slice()).collect(),
            };
            let proved = ranges::propagate(&node.op, &operands)
                .map_err(|source| GraphError::Unproved { index, source })?;
            if proved != node.ranges {
                return Err(GraphError::Ranges { index });
            }
        }
        let missing = |(_, output): &(usize, &super::QuantOutput)| output.value >= self.nodes.len();
        match self.outputs.iter().enumerate().find(missing) {
            Some((index, _)) => Err(GraphError::Output { index }),
            None => Ok(()),
        }
    }

    /// Whether a node has the operands and parameters that its operation needs.
    fn fits(&self, node: &QuantNode) -> bool {
        let len = |operand: usize| self.nodes[node.inputs[operand]].ranges.len();
        let shift = |bits: u32| bits < MAX_BITS;
        let arity = match &node.op {
            QuantOp::Input | QuantOp::Constant(_) => 0,
            QuantOp::Add
            | QuantOp::Sub
            | QuantOp::Mul
            | QuantOp::Larger
            | QuantOp::Div { .. }
            | QuantOp::MaskZero => 2,
            QuantOp::Concat => node.inputs.len(),
            _ => 1,
        };
        if node.inputs.len() != arity {
            return false;
        }
        match &node.op {
            QuantOp::Dense { weights, bias } => {
                Some(weights.len()) == bias.len().checked_mul(len(0))
            }
            QuantOp::Scale { mul, add } => mul.len() == len(0) && add.len() == len(0),
            QuantOp::Shift { bits }
            | QuantOp::Truncate { bits }
            | QuantOp::LeakyRelu { bits, .. } => shift(*bits),
            QuantOp::Div { bits } => shift(*bits) && (len(1) == 1 || len(1) == len(0)),
            QuantOp::Add | QuantOp::Sub | QuantOp::Mul | QuantOp::Larger | QuantOp::MaskZero => {
                len(1) == 1 || len(1) == len(0)
            }
            QuantOp::Clip { lo, hi } => lo <= hi,
            QuantOp::Lookup(table) => {
                let last = (table.hi - table.lo.min(table.hi)) as u128 >> table.step_bits.min(127);
                table.lo <= table.hi
                    && shift(table.step_bits)
                    && shift(table.shift)
                    && (last as usize) < table.segments.len()
                    && table.is_sound()
            }
            QuantOp::Max | QuantOp::SubMax | QuantOp::ArgMax { .. } => len(0) > 0,
            QuantOp::Gather(indices) => indices.iter().all(|&i| i < len(0)),
            QuantOp::Trees(trees) => trees.fit(len(0)),
            _ => true,
        }
    }
}

impl QuantTrees {
    /// Whether every tree is one (children behind their parents) over `features` features.
    fn fit(&self, features: usize) -> bool {
        self.base.len() == self.n_targets
            && self.trees.iter().all(|tree| {
                !tree.nodes.is_empty()
                    && tree.nodes.iter().enumerate().all(|(i, node)| match node {
                        QuantTreeNode::Leaf(weights) => {
                            weights.iter().all(|&(target, _)| target < self.n_targets)
                        }
                        QuantTreeNode::Branch(branch) => {
                            let child = |c: usize| c > i && c < tree.nodes.len();
                            branch.feature < features
                                && child(branch.on_true)
                                && child(branch.on_false)
                        }
                    })
            })
    }
}
