//! Permutations, moved behind what works element by element and into the matrices that read them.
//!
//! A convolution's results are brought into another order; what follows can be fused with the layer only where
//! nothing stands between the two.

use super::uses::Uses;
use crate::graph::{Graph, Op, ValueId};

pub(super) fn delay_permutations(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    for id in 1..graph.nodes.len() {
        if uses.is_used(id)
            && !uses.feeds_trees(id)
            && (swap(graph, id, &uses) || absorb(graph, id))
        {
            // The uses have changed.
            return true;
        }
    }
    false
}

/// The order that a value is brought into, where every element of its operand has one place.
fn permutation(graph: &Graph, value: ValueId) -> Option<&[usize]> {
    let node = &graph.nodes[value];
    let Op::Gather(indices) = &node.op else { return None };
    let mut seen = vec![false; graph.nodes[node.inputs[0]].len];
    let all = indices.len() == seen.len()
        && indices.iter().all(|&index| !std::mem::replace(&mut seen[index], true));
    all.then_some(indices)
}

/// `f(x[π])` is `f(x)[π]`.
fn swap(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let node = &graph.nodes[id];
    let Some(&first) = node.inputs.first() else { return false };
    if !uses.is_single(first) || graph.nodes[first].inputs.first() == Some(&0) {
        return false;
    }
    let Some(order) = permutation(graph, first) else { return false };
    let order = order.to_vec();
    let mut op = node.op.clone();
    match &mut op {
        Op::Unary(_) => {}
        Op::WithConstant { constant, .. } => {
            let mut moved = constant.clone();
            order.iter().zip(constant.iter()).for_each(|(&from, &value)| moved[from] = value);
            *constant = moved;
        }
        _ => return false,
    }
    let source = graph.nodes[first].inputs[0];
    let (name, permuted) = (node.name.clone(), graph.nodes[first].name.clone());
    let len = node.len;
    graph.nodes[first] = crate::graph::Node { name, op, inputs: vec![source], len };
    let op = Op::Gather(order);
    graph.nodes[id] = crate::graph::Node { name: permuted, op, inputs: vec![first], len };
    true
}

/// `W·x[π]` is `W'·x` with the columns of `W` in the places that their elements come from.
fn absorb(graph: &mut Graph, id: ValueId) -> bool {
    let node = &graph.nodes[id];
    let Op::Dense { weights, bias } = &node.op else { return false };
    let operand = node.inputs[0];
    let Some(order) = permutation(graph, operand) else { return false };
    let mut moved = vec![0.0; weights.len()];
    for (row, into) in weights.chunks(order.len()).zip(moved.chunks_mut(order.len())) {
        row.iter().zip(order).for_each(|(&weight, &from)| into[from] = weight);
    }
    let op = Op::Dense { weights: moved, bias: bias.clone() };
    let source = graph.nodes[operand].inputs[0];
    graph.nodes[id].op = op;
    graph.nodes[id].inputs = vec![source];
    true
}
