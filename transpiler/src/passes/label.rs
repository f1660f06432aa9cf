//! The label alone: score heads that do not change the decision are dropped.

use super::affine::Affine;
use super::simplify;
use crate::graph::{Arithmetic, Graph, Node, Norm, Op, OutputKind, Unary, ValueId};

/// The graph with its label output only, or `None` where it has none.
///
/// Heads that keep the order of all elements (Softmax, Sigmoid and their kin) are dropped in front of an
/// ArgMax; a decision `f(x) > t` for a strictly rising `f` becomes `x > f⁻¹(t)`; the larger of two
/// scores that are both affine in one number becomes a threshold on it. In real numbers the label is the
/// same on every row; in floats it can differ where scores are equal but for rounding.
pub fn label_only(graph: &Graph) -> Option<Graph> {
    let mut graph = graph.clone();
    graph.outputs.retain(|output| matches!(output.kind, OutputKind::Label(_)));
    graph.outputs.truncate(1);
    if graph.outputs.is_empty() {
        return None;
    }
    let mut graph = simplify(graph);
    while strip(&mut graph) {
        graph = simplify(graph);
    }
    Some(graph)
}

/// One step towards the model's inside; says whether there was one. The decision is the last node, as
/// everything that it does not need has been removed.
fn strip(graph: &mut Graph) -> bool {
    let decision = graph.outputs[0].value;
    let Some(&operand) = graph.nodes[decision].inputs.first() else {
        return false;
    };
    match graph.nodes[decision].op {
        Op::ArgMax { select_last } => {
            strip_order(graph, decision, operand)
                || (!select_last && threshold_of_two(graph, decision, operand))
        }
        Op::Unary(Unary::Binarize { threshold }) => {
            strip_threshold(graph, decision, operand, threshold)
        }
        _ => false,
    }
}

/// Skips a node before the ArgMax that keeps the order of the elements.
fn strip_order(graph: &mut Graph, decision: ValueId, operand: ValueId) -> bool {
    let node = &graph.nodes[operand];
    if keeps_order(node) {
        graph.nodes[decision].inputs = vec![node.inputs[0]];
        return true;
    }
    // Picked elements keep their order as well.
    let Op::Gather(indices) = &node.op else {
        return false;
    };
    let head = &graph.nodes[node.inputs[0]];
    if !keeps_order(head) {
        return false;
    }
    let (len, name) = (node.len, node.name.clone());
    let picked = Node { name, op: Op::Gather(indices.clone()), inputs: vec![head.inputs[0]], len };
    graph.nodes[operand] = picked;
    true
}

/// Whether the node's elements compare as its operand's do, strictly.
fn keeps_order(node: &Node) -> bool {
    match &node.op {
        Op::Softmax | Op::Normalize(Norm::L1 | Norm::L2) => true,
        Op::Unary(Unary::Sigmoid | Unary::Tanh | Unary::Exp | Unary::Erf | Unary::Softplus) => true,
        Op::Unary(Unary::LeakyRelu { alpha }) => *alpha > 0.0,
        Op::WithConstant { op, constant, constant_first } => {
            let is_same = constant.windows(2).all(|pair| pair[0] == pair[1]);
            let is_positive = constant.iter().all(|&constant| constant > 0.0);
            is_same
                && match op {
                    Arithmetic::Add => true,
                    Arithmetic::Sub => !constant_first,
                    Arithmetic::Mul => is_positive,
                    Arithmetic::Div => is_positive && !constant_first,
                    Arithmetic::Max | Arithmetic::Min => false,
                }
        }
        _ => false,
    }
}

/// Moves the threshold through a function before it.
fn strip_threshold(graph: &mut Graph, decision: ValueId, operand: ValueId, threshold: f64) -> bool {
    let node = &graph.nodes[operand];
    let Op::Unary(unary) = node.op else {
        return false;
    };
    let Some(threshold) = inverse(unary, threshold) else {
        return false;
    };
    graph.nodes[decision].inputs = vec![node.inputs[0]];
    graph.nodes[decision].op = Op::Unary(Unary::Binarize { threshold });
    true
}

/// The `t` for which `f(x) > threshold` is `x > t`.
fn inverse(unary: Unary, threshold: f64) -> Option<f64> {
    let inverse = match unary {
        // One half, the usual threshold, must become 0 exactly.
        Unary::Sigmoid if threshold > 0.0 && threshold < 1.0 => {
            libm::log(threshold / (1.0 - threshold))
        }
        Unary::Tanh if threshold > -1.0 && threshold < 1.0 => threshold.atanh(),
        Unary::Exp if threshold > 0.0 => libm::log(threshold),
        Unary::Relu if threshold >= 0.0 => threshold,
        Unary::LeakyRelu { alpha } if alpha > 0.0 => {
            if threshold >= 0.0 {
                threshold
            } else {
                threshold / alpha
            }
        }
        _ => return None,
    };
    inverse.is_finite().then_some(inverse)
}

/// The larger of two numbers `a·p + c` is a threshold on `p`: the second wins where
/// `p > (c₀ - c₁) / (a₁ - a₀)`, if it rises faster.
fn threshold_of_two(graph: &mut Graph, decision: ValueId, operand: ValueId) -> bool {
    if graph.nodes[operand].len != 2 {
        return false;
    }
    let [first, second] = [0, 1].map(|element| Line::trace(graph, operand, element));
    let slope = second.slope - first.slope;
    let threshold = (first.offset - second.offset) / slope;
    let of_one = first.source == second.source;
    if !of_one || slope.is_nan() || slope <= 0.0 || !threshold.is_finite() {
        return false;
    }
    let (value, element) = first.source;
    let name = graph.nodes[decision].name.clone();
    // The decision is the last node: the one number takes its place, and it moves one on.
    let picked = format!("{name}:decisive");
    let op = Op::Gather(vec![element]);
    graph.nodes[decision] = Node { name: picked, op, inputs: vec![value], len: 1 };
    let op = Op::Unary(Unary::Binarize { threshold });
    graph.nodes.push(Node { name, op, inputs: vec![decision], len: 1 });
    graph.outputs[0].value = decision + 1;
    true
}

/// An element of a value as `slope · p + offset`, `p` an element of an earlier value.
struct Line {
    slope: f64,
    offset: f64,
    source: (ValueId, usize),
}

impl Line {
    /// Follows the element back as far as it is affine in one number.
    fn trace(graph: &Graph, value: ValueId, element: usize) -> Self {
        let mut line = Line { slope: 1.0, offset: 0.0, source: (value, element) };
        loop {
            let (value, element) = line.source;
            let node = &graph.nodes[value];
            match &node.op {
                Op::Gather(indices) => line.source = (node.inputs[0], indices[element]),
                Op::Concat => {
                    let mut element = element;
                    for &input in &node.inputs {
                        let len = graph.nodes[input].len;
                        if element < len {
                            line.source = (input, element);
                            break;
                        }
                        element -= len;
                    }
                }
                Op::Dense { weights, bias } if graph.nodes[node.inputs[0]].len == 1 => {
                    line.follow(weights[element], bias[element], (node.inputs[0], 0));
                }
                _ => match Affine::of(node) {
                    Some(Affine { factors, summands }) => {
                        line.follow(factors[element], summands[element], (node.inputs[0], element));
                    }
                    None => return line,
                },
            }
        }
    }

    fn follow(&mut self, slope: f64, offset: f64, source: (ValueId, usize)) {
        self.offset += self.slope * offset;
        self.slope *= slope;
        self.source = source;
    }
}
