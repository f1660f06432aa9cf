//! Probabilities in pieces, as exporters write them, made one node.

use super::uses::Uses;
use crate::graph::{
    Aggregate, Arithmetic, Graph, Node, Norm, Op, Reduction, TreeEnsemble, TreeNode, Unary, ValueId,
};

/// What sums of probabilities may be off by.
const ROUNDING: f64 = 1e-5;

/// `e^(x − ln Σe^x)` and `e^x / Σe^x` are the softmax of `x`; `x / Σx`, where no element can be negative, is `x` over its sum of
/// magnitudes, which takes a sum of 0; `c / (1 + e^x)` is a sigmoid.
pub(super) fn find_heads(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut changed = false;
    for id in 1..graph.nodes.len() {
        if !uses.is_used(id) || uses.feeds_trees(id) {
            continue;
        }
        let found = softmax(graph, id).or_else(|| softmax_by_sum(graph, id));
        let found = found.map(|x| (Op::Softmax, x));
        let found = found.or_else(|| share(graph, id).map(|x| (Op::Normalize(Norm::L1), x)));
        if let Some((op, x)) = found {
            graph.nodes[id].op = op;
            graph.nodes[id].inputs = vec![x];
            changed = true;
        } else {
            changed |= sigmoid(graph, id, &uses);
        }
    }
    changed
}

/// What the node is the softmax of.
fn softmax(graph: &Graph, id: ValueId) -> Option<ValueId> {
    let Op::Unary(Unary::Exp) = graph.nodes[id].op else { return None };
    let below = &graph.nodes[graph.nodes[id].inputs[0]];
    let (Op::Elementwise(Arithmetic::Sub), &[x, sum]) = (&below.op, below.inputs.as_slice()) else {
        return None;
    };
    let sum = &graph.nodes[super::normals::one_for_all(graph, sum)?];
    (sum.op == Op::Reduce(Reduction::LogSumExp) && sum.inputs == [x]).then_some(x)
}

/// As [`softmax`], where powers are divided by their sum: whatever was taken off before does not matter.
fn softmax_by_sum(graph: &Graph, id: ValueId) -> Option<ValueId> {
    let powers = divided_by_sum(graph, id)?;
    let is_exp = graph.nodes[powers].op == Op::Unary(Unary::Exp);
    is_exp.then(|| graph.nodes[powers].inputs[0])
}

/// What the node divides by its sum, where it is never negative.
fn share(graph: &Graph, id: ValueId) -> Option<ValueId> {
    let x = divided_by_sum(graph, id)?;
    (ranges(graph, x)[x].0 >= -ROUNDING).then_some(x)
}

/// What the node divides by its sum.
fn divided_by_sum(graph: &Graph, id: ValueId) -> Option<ValueId> {
    let node = &graph.nodes[id];
    let (Op::Elementwise(Arithmetic::Div), &[x, sum]) = (&node.op, node.inputs.as_slice()) else {
        return None;
    };
    let sum = &graph.nodes[super::normals::one_for_all(graph, sum)?];
    let is_sum = sum.op == Op::Reduce(Reduction::Sum) && sum.inputs == [x];
    is_sum.then_some(x)
}

/// For each value up to `last` a range that holds every element, as far as the nodes alone tell.
fn ranges(graph: &Graph, last: ValueId) -> Vec<(f64, f64)> {
    let mut ranges = Vec::with_capacity(last + 1);
    for node in &graph.nodes[..=last] {
        let range = range(node, &ranges);
        ranges.push(range);
    }
    ranges
}

fn range(node: &Node, before: &[(f64, f64)]) -> (f64, f64) {
    const ALL: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
    let of = |operand: usize| before[node.inputs[operand]];
    let hull = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
    match &node.op {
        Op::Constant(values) => values.iter().map(|&x| (x, x)).reduce(hull).unwrap_or(ALL),
        Op::Softmax | Op::Unary(Unary::Sigmoid | Unary::Binarize { .. } | Unary::ToBool) => {
            (0.0, 1.0)
        }
        Op::Unary(Unary::Exp | Unary::Abs | Unary::Sqrt | Unary::Softplus) => (0.0, f64::INFINITY),
        Op::Unary(Unary::Relu) => (of(0).0.max(0.0), of(0).1.max(0.0)),
        Op::Unary(Unary::Clip { min, max }) => {
            let (lo, hi) = of(0);
            (lo.max(*min).min(*max), hi.max(*min).min(*max))
        }
        Op::Unary(Unary::ToF32 | Unary::ToF64) | Op::Gather(_) => of(0),
        Op::Concat => (0..node.inputs.len()).map(of).reduce(hull).unwrap_or(ALL),
        Op::Elementwise(Arithmetic::Add) => (of(0).0 + of(1).0, of(0).1 + of(1).1),
        Op::Elementwise(Arithmetic::Mul | Arithmetic::Div) if of(0).0 >= 0.0 && of(1).0 >= 0.0 => {
            (0.0, f64::INFINITY)
        }
        Op::Elementwise(Arithmetic::Mul) if node.inputs[0] == node.inputs[1] => {
            (0.0, f64::INFINITY)
        }
        Op::WithConstant { op, constant, constant_first } => {
            let (lo, hi) = of(0);
            let ends = constant.iter().map(|&c| match (op, constant_first) {
                (Arithmetic::Add, _) => (lo + c, hi + c),
                (Arithmetic::Sub, false) => (lo - c, hi - c),
                (Arithmetic::Sub, true) => (c - hi, c - lo),
                (Arithmetic::Mul, _) if c > 0.0 => (lo * c, hi * c),
                (Arithmetic::Div, false) if c > 0.0 => (lo / c, hi / c),
                (Arithmetic::Max, _) => (lo.max(c), hi.max(c)),
                (Arithmetic::Min, _) => (lo.min(c), hi.min(c)),
                _ => ALL,
            });
            ends.reduce(hull).unwrap_or(ALL)
        }
        Op::Dense { weights, bias } if !weights.is_empty() => {
            let (lo, hi) = of(0);
            let row = |(weights, &bias): (&[f64], &f64)| {
                weights.iter().fold((bias, bias), |(least, most), &weight| match weight {
                    0.0 => (least, most),
                    weight if weight > 0.0 => (least + weight * lo, most + weight * hi),
                    weight => (least + weight * hi, most + weight * lo),
                })
            };
            let rows = weights.chunks(weights.len() / bias.len().max(1)).zip(bias);
            rows.map(row).reduce(hull).unwrap_or(ALL)
        }
        Op::Trees(ensemble) => of_trees(ensemble),
        _ => ALL,
    }
}

/// The range of an ensemble's targets.
fn of_trees(ensemble: &TreeEnsemble) -> (f64, f64) {
    let (mut lo, mut hi) = (0.0f64, 0.0f64);
    for tree in &ensemble.trees {
        let leaves = tree.nodes.iter().flat_map(|node| match node {
            TreeNode::Leaf(weights) => weights.as_slice(),
            TreeNode::Branch { .. } => &[],
        });
        // A leaf that does not name a target counts 0.
        let (least, most) = leaves.fold((0.0f64, 0.0f64), |(least, most), &(_, weight)| {
            (least.min(weight), most.max(weight))
        });
        match ensemble.aggregate {
            Aggregate::Sum => (lo, hi) = (lo + least, hi + most),
            Aggregate::Min | Aggregate::Max => (lo, hi) = (lo.min(least), hi.max(most)),
        }
    }
    let base = |pick: fn(f64, f64) -> f64| ensemble.base.iter().copied().reduce(pick);
    (lo + base(f64::min).unwrap_or(0.0), hi + base(f64::max).unwrap_or(0.0))
}

/// `c / (1 + e^x)` is `c` times the sigmoid of `-x`, where nothing else looks at what lies between.
fn sigmoid(graph: &mut Graph, id: ValueId, uses: &Uses) -> bool {
    let (Op::WithConstant { op: Arithmetic::Div, constant, constant_first: true }, &[sum]) =
        (&graph.nodes[id].op, graph.nodes[id].inputs.as_slice())
    else {
        return false;
    };
    let (constant, one) = (constant.clone(), &graph.nodes[sum]);
    let Op::WithConstant { op: Arithmetic::Add, constant: ones, .. } = &one.op else {
        return false;
    };
    let power = one.inputs[0];
    let is_exp = graph.nodes[power].op == Op::Unary(Unary::Exp);
    let alone = uses.is_single(sum) && uses.is_single(power);
    if !is_exp || !alone || ones.iter().any(|&one| one != 1.0) {
        return false;
    }
    graph.nodes[power].op = Op::Unary(Unary::Neg);
    graph.nodes[sum].op = Op::Unary(Unary::Sigmoid);
    graph.nodes[id].op = Op::WithConstant { op: Arithmetic::Mul, constant, constant_first: false };
    true
}
