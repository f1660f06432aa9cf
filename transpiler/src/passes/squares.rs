//! Factors behind squares, and quotients of quotients.

use super::affine::Affine;
use super::uses::{redirect, Uses};
use crate::graph::{Arithmetic, Graph, Op, ValueId};

/// `((x − o)·s)² · c` with positive `c` is `((x − o)·s·√c)²`: features of very different spread, as in the densities
/// of naive Bayes, come to one size before they are squared. `a / (c / b)` is `a·b / c`.
pub(super) fn scale_squares(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if uses.is_used(id) && !uses.feeds_trees(id) {
            changed |= factor_of_square(graph, id, &uses) || quotient(graph, id, &uses);
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
    let Op::WithConstant { op: Arithmetic::Div, constant, constant_first: true } =
        &graph.nodes[divisor].op
    else {
        return false;
    };
    if !uses.is_single(divisor) || a >= divisor || constant.contains(&0.0) {
        return false;
    }
    let constant = constant.clone();
    let b = graph.nodes[divisor].inputs[0];
    graph.nodes[divisor].op = Op::Elementwise(Arithmetic::Mul);
    graph.nodes[divisor].inputs = vec![a, b];
    graph.nodes[id].op = Op::WithConstant { op: Arithmetic::Div, constant, constant_first: false };
    graph.nodes[id].inputs = vec![divisor];
    true
}
