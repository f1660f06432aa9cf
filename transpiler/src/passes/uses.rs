//! What the rewrites ask about a graph.

use crate::graph::{Graph, Op, ValueId};

/// Who uses each value, at one moment of a rewrite.
pub(super) struct Uses {
    counts: Vec<usize>,
    feeds_trees: Vec<bool>,
}

impl Uses {
    pub(super) fn of(graph: &Graph) -> Self {
        let mut counts = vec![0; graph.nodes.len()];
        graph.outputs.iter().for_each(|output| counts[output.value] += 1);
        let mut feeds_trees = vec![false; graph.nodes.len()];
        for (id, node) in graph.nodes.iter().enumerate().rev() {
            let feeds = feeds_trees[id] || matches!(node.op, Op::Trees(_));
            for &input in &node.inputs {
                counts[input] += 1;
                feeds_trees[input] |= feeds;
            }
        }
        Self { counts, feeds_trees }
    }

    /// Whether exactly one operand or output of the graph is this value.
    pub(super) fn is_single(&self, value: ValueId) -> bool {
        self.counts[value] == 1
    }

    /// Whether exactly two operands or outputs are this value.
    pub(super) fn is_twice(&self, value: ValueId) -> bool {
        self.counts[value] == 2
    }

    /// Whether anything uses the value.
    pub(super) fn is_used(&self, value: ValueId) -> bool {
        self.counts[value] > 0
    }

    /// Whether trees look at the value, directly or after other nodes.
    pub(super) fn feeds_trees(&self, value: ValueId) -> bool {
        self.feeds_trees[value]
    }
}

/// Lets every user of `old` use `new` instead, which is made before them.
pub(super) fn redirect(graph: &mut Graph, old: ValueId, new: ValueId) {
    for node in &mut graph.nodes[old..] {
        node.inputs.iter_mut().filter(|input| **input == old).for_each(|input| *input = new);
    }
    graph.outputs.iter_mut().filter(|o| o.value == old).for_each(|output| output.value = new);
}
