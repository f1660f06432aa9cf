//! The dense layers: bits and lanes.

use nilometer_transpiler::emit::LanePlan;
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
pub fn layers(graph: &QuantGraph) -> Vec<Layer> {
    let dense = graph.nodes.iter().enumerate().filter_map(|(id, node)| match &node.op {
        QuantOp::Dense { weights, bias } => Some((id, node, weights, bias)),
        _ => None,
    });
    let layer = |(id, node, weights, bias): (usize, &QuantNode, &Vec<i64>, &Vec<i128>)| {
        let weights = weights.iter().map(|&weight| Range::point(weight.into()));
        let weights = weights.reduce(Range::union).unwrap_or(Range::point(0));
        let lanes = LanePlan::new(&node.ranges, shift_after(graph, id)).per_felt();
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
    dense.map(layer).collect()
}

/// Bits of the widest integer of a range, with a sign where one is needed.
pub fn bits(range: Range) -> u32 {
    let magnitude = Range { lo: if range.lo < 0 { range.lo + 1 } else { range.lo }, hi: range.hi };
    magnitude.magnitude_bits() + u32::from(range.lo < 0)
}

/// How many bits the value loses next, directly or behind a ReLU: lanes are laid out for that.
fn shift_after(graph: &QuantGraph, value: usize) -> u32 {
    let reader = |value: usize| {
        let mut readers =
            (0..graph.nodes.len()).filter(|&id| graph.nodes[id].inputs.contains(&value));
        readers.next().filter(|_| readers.next().is_none())
    };
    match reader(value).map(|id| (id, &graph.nodes[id].op)) {
        Some((_, QuantOp::Shift { bits })) => *bits,
        Some((relu, QuantOp::Relu)) => match reader(relu).map(|id| &graph.nodes[id].op) {
            Some(QuantOp::Shift { bits }) => *bits,
            _ => 0,
        },
        _ => 0,
    }
}
