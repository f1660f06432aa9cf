//! Removal of nodes that no output needs.

use crate::graph::{Graph, Op, ValueId};

/// Removes the nodes that no output depends on, except the input. The others keep their order.
pub fn remove_dead_nodes(graph: Graph) -> Graph {
    let mut live = vec![false; graph.nodes.len()];
    for output in &graph.outputs {
        live[output.value] = true;
    }
    for id in (0..graph.nodes.len()).rev() {
        if live[id] {
            graph.nodes[id].inputs.iter().for_each(|&input| live[input] = true);
        }
    }
    let mut renumbered: Vec<ValueId> = Vec::with_capacity(live.len());
    let mut nodes = Vec::new();
    for (node, live) in graph.nodes.into_iter().zip(live) {
        renumbered.push(nodes.len());
        if live || matches!(node.op, Op::Input) {
            nodes.push(node);
        }
    }
    for node in &mut nodes {
        node.inputs.iter_mut().for_each(|input| *input = renumbered[*input]);
    }
    let mut outputs = graph.outputs;
    outputs.iter_mut().for_each(|output| output.value = renumbered[output.value]);
    Graph { nodes, outputs, ..graph }
}
