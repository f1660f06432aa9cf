//! Offsets, factors and casts around dense layers, folded into their weights.

use super::uses::Uses;
use crate::graph::{Arithmetic, Graph, Node, Op, Unary, ValueId};

/// Folds what is affine, element by element, into the dense layer that follows it, or precedes it
/// and is used nowhere else. Weights are computed in double precision.
pub(super) fn fold_affine(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if uses.is_used(id) && !uses.feeds_trees(id) {
            changed |= fold_into_next(graph, id);
            changed |= fold_into_previous(graph, id, &uses);
        }
    }
    changed
}

/// `W·(s∘x + t) + b` is `(W·diag s)·x + (W·t + b)`.
fn fold_into_next(graph: &mut Graph, id: ValueId) -> bool {
    let node = &graph.nodes[id];
    let Op::Dense { weights, bias } = &node.op else {
        return false;
    };
    let previous = &graph.nodes[node.inputs[0]];
    let Some(Affine { factors, summands }) = Affine::of(previous) else {
        return false;
    };
    let operand = previous.inputs[0];
    let row =
        |weights: &[f64]| weights.iter().zip(&factors).map(|(w, s)| w * s).collect::<Vec<_>>();
    let dot = |weights: &[f64]| weights.iter().zip(&summands).map(|(w, t)| w * t).sum::<f64>();
    let rows = weights.chunks(summands.len());
    let folded = Op::Dense {
        weights: rows.clone().flat_map(row).collect(),
        bias: rows.zip(bias).map(|(weights, b)| b + dot(weights)).collect(),
    };
    replace(graph, id, folded, operand)
}

/// `s∘(W·x + b) + t` is `(diag s·W)·x + (s∘b + t)`.
fn fold_into_previous(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let node = &graph.nodes[id];
    let Some(Affine { factors, summands }) = Affine::of(node) else {
        return false;
    };
    let dense = node.inputs[0];
    let Op::Dense { weights, bias } = &graph.nodes[dense].op else {
        return false;
    };
    if !uses.is_single(dense) {
        return false;
    }
    let operand = graph.nodes[dense].inputs[0];
    let rows = weights.chunks(graph.nodes[operand].len).zip(&factors);
    let folded = Op::Dense {
        weights: rows.flat_map(|(row, s)| row.iter().map(move |w| w * s)).collect(),
        bias: bias.iter().zip(&factors).zip(&summands).map(|((b, s), t)| b * s + t).collect(),
    };
    replace(graph, id, folded, operand)
}

/// Puts the dense layer in the node's place, unless a weight overflowed.
fn replace(graph: &mut Graph, id: ValueId, dense: Op, operand: ValueId) -> bool {
    let Op::Dense { weights, bias } = &dense else {
        return false;
    };
    if !weights.iter().chain(bias).all(|weight| weight.is_finite()) {
        return false;
    }
    graph.nodes[id].op = dense;
    graph.nodes[id].inputs = vec![operand];
    true
}

/// `factors ∘ x + summands`.
pub(super) struct Affine {
    pub(super) factors: Vec<f64>,
    pub(super) summands: Vec<f64>,
}

impl Affine {
    /// What the node computes, if it is affine in each element of its one operand. Casts between
    /// floats count as the identity that they are but for rounding.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let same = |value: f64| vec![value; node.len];
        let negated = |values: &[f64]| values.iter().map(|value| -value).collect::<Vec<_>>();
        let affine = match &node.op {
            Op::Scaler { offset, scale } => {
                let summands = offset.iter().zip(scale).map(|(offset, scale)| -offset * scale);
                Self { factors: scale.clone(), summands: summands.collect() }
            }
            Op::WithConstant { op, constant, constant_first } => {
                let (factors, summands) = match (op, constant_first) {
                    (Arithmetic::Add, _) => (same(1.0), constant.clone()),
                    (Arithmetic::Sub, false) => (same(1.0), negated(constant)),
                    (Arithmetic::Sub, true) => (same(-1.0), constant.clone()),
                    (Arithmetic::Mul, _) => (constant.clone(), same(0.0)),
                    (Arithmetic::Div, false) => {
                        (constant.iter().map(|divisor| 1.0 / divisor).collect(), same(0.0))
                    }
                    (Arithmetic::Div, true) | (Arithmetic::Max | Arithmetic::Min, _) => {
                        return None
                    }
                };
                Self { factors, summands }
            }
            Op::Unary(Unary::Neg) => Self { factors: same(-1.0), summands: same(0.0) },
            Op::Unary(Unary::ToF32 | Unary::ToF64) => {
                Self { factors: same(1.0), summands: same(0.0) }
            }
            _ => return None,
        };
        let numbers = affine.factors.iter().chain(&affine.summands);
        numbers.into_iter().all(|number| number.is_finite()).then_some(affine)
    }
}
