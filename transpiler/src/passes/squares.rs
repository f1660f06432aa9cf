//! Factors behind squares, and quotients of quotients.

use super::affine::Affine;
use super::uses::{redirect, Uses};
use crate::graph::{Arithmetic, Graph, Norm, Op, Unary, ValueId};

/// `((x − o)·s)² · c` with positive `c` is `((x − o)·s·√c)²`: features of very different spread, as in the densities
/// of naive Bayes, come to one size before they are squared. `a / (1 / b)` is `a·b`. `e^(x − m)` over its sum is the
/// softmax of `x`, whatever `m` is.
pub(super) fn scale_squares(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if uses.is_used(id) && !uses.feeds_trees(id) {
            changed |= factor_of_square(graph, id, &uses)
                || quotient(graph, id, &uses)
                || shifted_softmax(graph, id);
        }
    }
    changed
}

fn factor_of_square(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let Op::WithConstant { op, constant, constant_first } = &graph.nodes[id].op else {
        return false;
    };
    let factors: Vec<f64> = match (op, constant_first) {
        (Arithmetic::Mul, _) => constant.clone(),
        (Arithmetic::Div, false) => constant.iter().map(|divisor| 1.0 / divisor).collect(),
        _ => return false,
    };
    let square = graph.nodes[id].inputs[0];
    let is_alike = factors.windows(2).all(|pair| pair[0] == pair[1]);
    if is_alike || !factors.iter().all(|factor| factor.is_finite() && *factor > 0.0) {
        return false;
    }
    let &[inner, other] = graph.nodes[square].inputs.as_slice() else { return false };
    let is_square = graph.nodes[square].op == Op::Elementwise(Arithmetic::Mul) && inner == other;
    let node = &graph.nodes[inner];
    if !is_square || !uses.is_single(square) || !uses.is_twice(inner) {
        return false;
    }
    let Some(Affine { factors: scale, summands }) = Affine::of(node) else {
        return false;
    };
    if scale.contains(&0.0) {
        return false;
    }
    let offset = summands.iter().zip(&scale).map(|(summand, scale)| -summand / scale).collect();
    let scale = scale.iter().zip(&factors).map(|(scale, factor)| scale * factor.sqrt()).collect();
    graph.nodes[inner].op = Op::Scaler { offset, scale };
    redirect(graph, id, square);
    true
}

fn quotient(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let (Op::Elementwise(Arithmetic::Div), &[a, divisor]) =
        (&graph.nodes[id].op, graph.nodes[id].inputs.as_slice())
    else {
        return false;
    };
    // One number may be spread over the elements first.
    let spread = match &graph.nodes[divisor].op {
        Op::Gather(_) if uses.is_single(divisor) => Some(divisor),
        _ => None,
    };
    let inverse = spread.map_or(divisor, |spread| graph.nodes[spread].inputs[0]);
    let Op::WithConstant { op: Arithmetic::Div, constant, constant_first: true } =
        &graph.nodes[inverse].op
    else {
        return false;
    };
    if !uses.is_single(inverse) || constant.iter().any(|&constant| constant != 1.0) {
        return false;
    }
    let mut b = graph.nodes[inverse].inputs[0];
    if let Some(spread) = spread {
        graph.nodes[spread].inputs = vec![b];
        b = spread;
    }
    graph.nodes[id].op = Op::Elementwise(Arithmetic::Mul);
    graph.nodes[id].inputs = vec![a, b];
    true
}

fn shifted_softmax(graph: &mut Graph, id: ValueId) -> bool {
    if graph.nodes[id].op != Op::Normalize(Norm::L1) {
        return false;
    }
    let power = &graph.nodes[graph.nodes[id].inputs[0]];
    let Op::Unary(Unary::Exp) = power.op else { return false };
    let shifted = &graph.nodes[power.inputs[0]];
    let (Op::Elementwise(Arithmetic::Sub), &[x, shift]) = (&shifted.op, shifted.inputs.as_slice())
    else {
        return false;
    };
    let is_one = match &graph.nodes[shift].op {
        Op::Gather(indices) => indices.windows(2).all(|pair| pair[0] == pair[1]),
        _ => graph.nodes[shift].len == 1,
    };
    if !is_one {
        return false;
    }
    graph.nodes[id].op = Op::Softmax;
    graph.nodes[id].inputs = vec![x];
    true
}
