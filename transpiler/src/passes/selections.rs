//! Gathers and Concats that follow one another.

use super::uses::Uses;
use crate::graph::{Graph, Op, ValueId};

pub(super) fn merge_selections(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if uses.is_used(id) && !uses.feeds_trees(id) {
            changed |= match graph.nodes[id].op {
                Op::Gather(_) => merge_gather(graph, id),
                Op::Concat => merge_concat(graph, id, &uses),
                _ => false,
            };
        }
    }
    changed
}

/// A Gather of a Gather is one; a Gather that takes from one operand of a Concat skips the Concat.
fn merge_gather(graph: &mut Graph, id: ValueId) -> bool {
    let Op::Gather(indices) = &graph.nodes[id].op else {
        return false;
    };
    let previous = &graph.nodes[graph.nodes[id].inputs[0]];
    let (indices, operand) = match &previous.op {
        Op::Gather(inner) => {
            (indices.iter().map(|&index| inner[index]).collect(), previous.inputs[0])
        }
        Op::Concat => {
            let Some((operand, start)) = one_operand(graph, &previous.inputs, indices) else {
                return false;
            };
            (indices.iter().map(|index| index - start).collect(), operand)
        }
        _ => return false,
    };
    graph.nodes[id].op = Op::Gather(indices);
    graph.nodes[id].inputs = vec![operand];
    true
}

/// The operand of a Concat that all indices fall into, and where it starts.
fn one_operand(graph: &Graph, inputs: &[ValueId], indices: &[usize]) -> Option<(ValueId, usize)> {
    let mut start = 0;
    for &input in inputs {
        let end = start + graph.nodes[input].len;
        if indices.iter().all(|index| (start..end).contains(index)) {
            return Some((input, start));
        }
        start = end;
    }
    None
}

/// The operands of a Concat within a Concat join the outer one; pieces of one vector become one Gather.
fn merge_concat(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let inputs = graph.nodes[id].inputs.clone();
    let is_inner =
        |input: ValueId| matches!(graph.nodes[input].op, Op::Concat) && uses.is_single(input);
    if inputs.iter().any(|&input| is_inner(input)) {
        let flat = |&input: &ValueId| match is_inner(input) {
            true => graph.nodes[input].inputs.clone(),
            false => vec![input],
        };
        let flattened = inputs.iter().flat_map(flat).collect();
        graph.nodes[id].inputs = flattened;
        return true;
    }
    // Pieces that others use stay; picking elements out once more costs nothing.
    let mut source = None;
    let mut indices = Vec::with_capacity(graph.nodes[id].len);
    for &input in &inputs {
        let node = &graph.nodes[input];
        let from = match &node.op {
            Op::Gather(piece) => {
                indices.extend_from_slice(piece);
                node.inputs[0]
            }
            _ => {
                indices.extend(0..node.len);
                input
            }
        };
        if *source.get_or_insert(from) != from {
            return false;
        }
    }
    let Some(source) = source else {
        return false;
    };
    graph.nodes[id].op = Op::Gather(indices);
    graph.nodes[id].inputs = vec![source];
    true
}
