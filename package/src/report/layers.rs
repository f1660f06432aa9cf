//! The dense layers: bits and lanes.

use nilometer_transpiler::layout::{lanes, Shape};
use nilometer_transpiler::quant::{QuantGraph, QuantNode, QuantOp, Range};
use serde::{Deserialize, Serialize};

/// A dense layer of the integer model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// The ONNX node's name.
    pub name: String,
    /// Its inputs.
    pub inputs: usize,
    /// Its outputs.
    pub outputs: usize,
    /// Bits of its weights, with sign.
    pub weight_bits: u32,
    /// Bits of its inputs, with sign.
    pub activation_bits: u32,
    /// Bits of its sums, with sign: proved for every accepted row.
    pub accumulator_bits: u32,
    /// Sums that one field element carries.
    pub lanes: usize,
}

/// The dense layers, in the order of the graph.
pub fn layers(graph: &QuantGraph, shape: Shape) -> Vec<Layer> {
    let dense = graph.nodes.iter().enumerate().filter_map(|(id, node)| match &node.op {
        QuantOp::Dense { weights, bias } => Some((id, node, weights, bias)),
        _ => None,
    });
    let layer = |((id, node, weights, bias), (_, lanes)): (DenseNode<'_>, (String, usize))| {
        let weights = weights.iter().map(|&weight| Range::point(weight.into()));
        let weights = weights.reduce(Range::union).unwrap_or(Range::point(0));
        Layer {
            name: node.name.clone(),
            inputs: graph.nodes[node.inputs[0]].ranges.len(),
            outputs: bias.len(),
            weight_bits: bits(weights),
            activation_bits: bits(graph.hull(node.inputs[0])),
            accumulator_bits: bits(graph.hull(id)),
            lanes: lanes.clamp(1, bias.len().max(1)),
        }
    };
    dense.zip(lanes(graph, shape)).map(layer).collect()
}

/// A dense node: its index, itself, its weights and its bias.
type DenseNode<'a> = (usize, &'a QuantNode, &'a Vec<i64>, &'a Vec<i128>);

/// Bits of the widest integer of a range, with a sign where one is needed.
pub fn bits(range: Range) -> u32 {
    let magnitude = Range { lo: if range.lo < 0 { range.lo + 1 } else { range.lo }, hi: range.hi };
    magnitude.magnitude_bits() + u32::from(range.lo < 0)
}
