//! Who reads a value: what may be fused with what.

use crate::graph::ValueId;
use crate::quant::{QuantGraph, QuantOp};

/// The readers of every value of a graph.
pub(crate) struct Readers<'a> {
    graph: &'a QuantGraph,
    /// How many nodes and outputs read each value.
    uses: Vec<usize>,
    /// The last node that reads it.
    reader: Vec<Option<ValueId>>,
}

/// Whether nothing reads the input row but one dense layer.
pub(crate) fn one_dense_reads_the_row(graph: &QuantGraph) -> bool {
    let readers = graph.nodes.iter().filter(|node| node.inputs.contains(&0));
    let mut dense = readers.map(|node| matches!(node.op, QuantOp::Dense { .. }));
    dense.next() == Some(true)
        && dense.next().is_none()
        && graph.outputs.iter().all(|output| output.value != 0)
}

/// What follows a value directly, where nothing else looks at what lies between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// A Relu.
    pub relu: Option<ValueId>,
    /// A rounding shift, behind the Relu if there is one, and its bits.
    pub shift: Option<(ValueId, u32)>,
}

impl Tail {
    /// The bits of the shift, 0 if there is none.
    pub fn bits(&self) -> u32 {
        self.shift.map_or(0, |(_, bits)| bits)
    }
}

impl<'a> Readers<'a> {
    /// Counts the readers.
    pub fn of(graph: &'a QuantGraph) -> Self {
        let mut uses = vec![0; graph.nodes.len()];
        let mut reader = vec![None; graph.nodes.len()];
        for (index, node) in graph.nodes.iter().enumerate() {
            for &input in &node.inputs {
                uses[input] += 1;
                reader[input] = Some(index);
            }
        }
        for output in &graph.outputs {
            uses[output.value] += 1;
        }
        Self { graph, uses, reader }
    }

    /// The node that alone reads a value.
    fn only(&self, value: ValueId) -> Option<(ValueId, &QuantOp)> {
        let reader = self.reader[value].filter(|_| self.uses[value] == 1)?;
        Some((reader, &self.graph.nodes[reader].op))
    }

    /// The shift that alone reads a value.
    pub fn shift(&self, value: ValueId) -> Option<(ValueId, u32)> {
        match self.only(value) {
            Some((shift, QuantOp::Shift { bits })) if *bits > 0 => Some((shift, *bits)),
            _ => None,
        }
    }

    /// What follows a value.
    pub fn tail(&self, value: ValueId) -> Tail {
        match self.only(value) {
            Some((relu, QuantOp::Relu)) => Tail { relu: Some(relu), shift: self.shift(relu) },
            _ => Tail { relu: None, shift: self.shift(value) },
        }
    }
}
