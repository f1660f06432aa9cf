//! Layer normalisations in pieces, as exporters of older operator sets write them.

use super::uses::Uses;
use crate::graph::{Arithmetic, Graph, Node, Norm, Op, Reduction, Unary, ValueId};

/// `d / √(f·Σd² + ε)` is `1/√f` times the first elements of `(d, √(ε/f))` over its norm: no divisor is left that may
/// be nearly 0. A deviation from a mean, `d = x − Σx/n`, is taken as `n·x − Σx`, which integers hold exactly.
pub(super) fn find_normals(graph: &mut Graph) -> bool {
    let uses = Uses::of(graph);
    let mut nodes: Vec<Node> = Vec::with_capacity(graph.nodes.len());
    let mut places: Vec<ValueId> = Vec::with_capacity(graph.nodes.len());
    let mut changed = false;
    for (id, node) in graph.nodes.iter().enumerate() {
        let found = match uses.is_used(id) && !uses.feeds_trees(id) {
            true => Normal::find(graph, id),
            false => None,
        };
        match found {
            Some(normal) => {
                changed = true;
                normal.write(graph, id, &places, &mut nodes);
            }
            None => {
                let inputs = node.inputs.iter().map(|&input| places[input]).collect();
                nodes.push(Node { inputs, ..node.clone() });
            }
        }
        places.push(nodes.len() - 1);
    }
    if changed {
        graph.nodes = nodes;
        graph.outputs.iter_mut().for_each(|output| output.value = places[output.value]);
    }
    changed
}

/// `deviation / √(factor·Σ deviation² + epsilon)`
struct Normal {
    deviation: ValueId,
    factor: f64,
    epsilon: f64,
}

impl Normal {
    fn find(graph: &Graph, id: ValueId) -> Option<Self> {
        let node = &graph.nodes[id];
        let (Op::Elementwise(Arithmetic::Div), [deviation, divisor]) =
            (&node.op, node.inputs.as_slice())
        else {
            return None;
        };
        let root = one_for_all(graph, *divisor)?;
        let Op::Unary(Unary::Sqrt) = graph.nodes[root].op else { return None };
        let (sum, factor, epsilon) = line(graph, graph.nodes[root].inputs[0])?;
        let Op::Reduce(Reduction::Sum) = graph.nodes[sum].op else { return None };
        let squares = &graph.nodes[graph.nodes[sum].inputs[0]];
        let Op::Elementwise(Arithmetic::Mul) = squares.op else { return None };
        let same = |value: ValueId| {
            let (a, b) = (&graph.nodes[value], &graph.nodes[*deviation]);
            value == *deviation || (a.op == b.op && a.inputs == b.inputs)
        };
        let is_found = squares.inputs.iter().all(|&value| same(value));
        (is_found && factor > 0.0 && epsilon > 0.0).then_some(Self {
            deviation: *deviation,
            factor,
            epsilon,
        })
    }

    /// Appends the nodes; the last is the node's own.
    fn write(&self, graph: &Graph, id: ValueId, places: &[ValueId], nodes: &mut Vec<Node>) {
        let (name, len) = (&graph.nodes[id].name, graph.nodes[id].len);
        let mut push = |part: &str, op: Op, inputs: Vec<ValueId>, len: usize| {
            let name = if part.is_empty() { name.clone() } else { format!("{name}:{part}") };
            nodes.push(Node { name, op, inputs, len });
            nodes.len() - 1
        };
        let constant = |op, value: f64| Op::WithConstant {
            op,
            constant: vec![value; len],
            constant_first: false,
        };
        let mut size = (self.epsilon / self.factor).sqrt();
        let mut deviation = places[self.deviation];
        if let Some((x, sum)) = centred(graph, self.deviation) {
            let (n, sum) = (len as f64, places[sum]);
            let many = push("many", constant(Arithmetic::Mul, n), vec![places[x]], len);
            let sum = push("sum_each", Op::Gather(vec![0; len]), vec![sum], len);
            let op = Op::Elementwise(Arithmetic::Sub);
            deviation = push("deviation", op, vec![many, sum], len);
            size *= n;
        }
        let epsilon = push("epsilon", Op::Constant(vec![size]), Vec::new(), 1);
        let joined = push("with_epsilon", Op::Concat, vec![deviation, epsilon], len + 1);
        let direction = push("direction", Op::Normalize(Norm::L2), vec![joined], len + 1);
        let normal = push("normal", Op::Gather((0..len).collect()), vec![direction], len);
        push("", constant(Arithmetic::Mul, 1.0 / self.factor.sqrt()), vec![normal], len);
    }
}

/// The value of one element that every element of this one is.
pub(super) fn one_for_all(graph: &Graph, value: ValueId) -> Option<ValueId> {
    let node = &graph.nodes[value];
    match &node.op {
        Op::Gather(_) if graph.nodes[node.inputs[0]].len == 1 => Some(node.inputs[0]),
        _ if node.len == 1 => Some(value),
        _ => None,
    }
}

/// A value of one element as `factor · source + summand`, followed as far as it goes.
fn line(graph: &Graph, mut value: ValueId) -> Option<(ValueId, f64, f64)> {
    let (mut factor, mut summand) = (1.0, 0.0);
    loop {
        let node = &graph.nodes[value];
        let Op::WithConstant { op, constant, constant_first: false } = &node.op else {
            return Some((value, factor, summand));
        };
        let &[constant] = constant.as_slice() else { return None };
        match op {
            Arithmetic::Add => summand += factor * constant,
            Arithmetic::Sub => summand -= factor * constant,
            Arithmetic::Mul => factor *= constant,
            Arithmetic::Div => factor /= constant,
            Arithmetic::Max | Arithmetic::Min => return None,
        }
        value = node.inputs[0];
    }
}

/// Where `value` is `x − Σx/n`: `x` and `Σx`.
fn centred(graph: &Graph, value: ValueId) -> Option<(ValueId, ValueId)> {
    let node = &graph.nodes[value];
    let (Op::Elementwise(Arithmetic::Sub), &[x, mean]) = (&node.op, node.inputs.as_slice()) else {
        return None;
    };
    let (sum, factor, summand) = line(graph, one_for_all(graph, mean)?)?;
    let is_sum = matches!(graph.nodes[sum].op, Op::Reduce(Reduction::Sum));
    // A mean by a factor is rounded to the model's type.
    let is_mean = (factor * node.len as f64 - 1.0).abs() < 1e-6 && summand == 0.0;
    (is_sum && is_mean && graph.nodes[sum].inputs == [x]).then_some((x, sum))
}
