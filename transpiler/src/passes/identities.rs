//! Removal of operations that do nothing.

use super::uses::{redirect, Uses};
use crate::graph::{Arithmetic, DType, Graph, Node, Op, Unary};

pub(super) fn remove_identities(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let dtypes = graph.dtypes();
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        let node = &graph.nodes[id];
        let Some(&operand) = node.inputs.first() else {
            continue;
        };
        // What an output shows keeps its own node unless it is an identity.
        let is_used = uses.is_used(id);
        if is_used && !uses.feeds_trees(id) && is_identity(graph, node, dtypes[operand]) {
            redirect(graph, id, operand);
            changed = true;
        }
    }
    changed
}

/// Whether the node's result is its first operand.
fn is_identity(graph: &Graph, node: &Node, operand_dtype: DType) -> bool {
    let operand = &graph.nodes[node.inputs[0]];
    let all = |values: &[f64], wanted: f64| values.iter().all(|&value| value == wanted);
    match &node.op {
        Op::Gather(indices) => indices.iter().copied().eq(0..operand.len),
        Op::Concat => node.inputs.len() == 1,
        Op::Scaler { offset, scale } => all(offset, 0.0) && all(scale, 1.0),
        Op::WithConstant { op, constant, constant_first } => match op {
            Arithmetic::Add => all(constant, 0.0),
            Arithmetic::Sub => all(constant, 0.0) && !constant_first,
            Arithmetic::Mul => all(constant, 1.0),
            Arithmetic::Div => all(constant, 1.0) && !constant_first,
            Arithmetic::Max | Arithmetic::Min => false,
        },
        Op::Unary(unary) => is_unary_identity(*unary, &operand.op, operand_dtype),
        _ => false,
    }
}

fn is_unary_identity(unary: Unary, operand: &Op, dtype: DType) -> bool {
    let is_never_negative = matches!(
        operand,
        Op::Softmax
            | Op::ArgMax { .. }
            | Op::Unary(
                Unary::Relu
                    | Unary::Sigmoid
                    | Unary::Exp
                    | Unary::Abs
                    | Unary::Sqrt
                    | Unary::Binarize { .. }
                    | Unary::ToBool
            )
    );
    match unary {
        Unary::Relu | Unary::Abs => is_never_negative,
        Unary::LeakyRelu { alpha } => alpha == 1.0 || is_never_negative,
        Unary::Clip { min, max } => min == f64::NEG_INFINITY && max == f64::INFINITY,
        Unary::ToF32 => dtype == DType::F32,
        Unary::ToF64 => dtype == DType::F64,
        Unary::Truncate | Unary::Floor | Unary::Round => dtype == DType::I64,
        Unary::ToBool => matches!(operand, Op::Unary(Unary::ToBool | Unary::Binarize { .. })),
        _ => false,
    }
}
