//! Two dense layers in a row, made one.

use super::uses::Uses;
use crate::graph::{Graph, Op, ValueId};

/// The most products that computing one fused layer's weights may take.
const MAX_PRODUCTS: usize = 1 << 28;

/// Fuses a dense layer with the one before it, if nothing else uses that one and the product of the
/// two matrices has no more parameters than both.
pub(super) fn fuse_dense(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if uses.is_used(id) && !uses.feeds_trees(id) {
            changed |= fuse(graph, id, &uses);
        }
    }
    changed
}

fn fuse(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let Op::Dense { weights: outer, bias: outer_bias } = &graph.nodes[id].op else {
        return false;
    };
    let previous = graph.nodes[id].inputs[0];
    let Op::Dense { weights: inner, bias: inner_bias } = &graph.nodes[previous].op else {
        return false;
    };
    let operand = graph.nodes[previous].inputs[0];
    let (n_inputs, n_hidden) = (graph.nodes[operand].len, graph.nodes[previous].len);
    let n_outputs = graph.nodes[id].len;
    let (before, after) = (outer.len() + inner.len() + inner_bias.len(), n_outputs * n_inputs);
    let products = after.checked_mul(n_hidden);
    if !uses.is_single(previous)
        || after > before
        || products.is_none_or(|products| products > MAX_PRODUCTS)
    {
        return false;
    }
    let mut weights = vec![0.0; after];
    let mut bias = outer_bias.clone();
    for (row, out) in outer.chunks(n_hidden).zip(weights.chunks_mut(n_inputs)) {
        for (factor, hidden) in row.iter().zip(inner.chunks(n_inputs)) {
            out.iter_mut().zip(hidden).for_each(|(sum, weight)| *sum += factor * weight);
        }
    }
    for (row, sum) in outer.chunks(n_hidden).zip(&mut bias) {
        *sum += row.iter().zip(inner_bias).map(|(factor, b)| factor * b).sum::<f64>();
    }
    if !weights.iter().chain(&bias).all(|weight| weight.is_finite()) {
        return false;
    }
    graph.nodes[id].op = Op::Dense { weights, bias };
    graph.nodes[id].inputs = vec![operand];
    true
}
