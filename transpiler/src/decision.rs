//! What a model decides: the one number per row that agreement is counted on.

use crate::graph::{Graph, Op, OutputKind, Unary, ValueId};

/// How a row's outputs become a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The model's own label output, at this position among the outputs.
    Label(usize),
    /// The largest element of this output.
    ArgMax(usize),
    /// Whether the single probability of this output exceeds one half.
    Probability(usize),
    /// The model predicts numbers and decides nothing.
    None,
}

impl Decision {
    /// How `graph` decides.
    pub fn of(graph: &Graph) -> Self {
        let kinds = || graph.outputs.iter().enumerate();
        if let Some((i, _)) = kinds().find(|(_, o)| matches!(o.kind, OutputKind::Label(_))) {
            return Self::Label(i);
        }
        for (i, output) in kinds() {
            match graph.nodes[output.value].len {
                1 if is_probability(graph, output.value) => return Self::Probability(i),
                0 | 1 => {}
                _ => return Self::ArgMax(i),
            }
        }
        Self::None
    }

    /// The decision on one row's outputs (one vector an output, labels as their index).
    pub fn decide(self, outputs: &[Vec<f64>]) -> Option<usize> {
        match self {
            Self::Label(i) => Some(outputs[i][0] as usize),
            Self::ArgMax(i) => Some(arg_max(&outputs[i])),
            Self::Probability(i) => Some(usize::from(outputs[i][0] > 0.5)),
            Self::None => None,
        }
    }
}

/// The index of the first largest element.
pub fn arg_max(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

fn is_probability(graph: &Graph, value: ValueId) -> bool {
    let node = &graph.nodes[value];
    match &node.op {
        Op::Unary(Unary::Sigmoid) => true,
        Op::Gather(_) | Op::Unary(Unary::ToF32) => is_probability(graph, node.inputs[0]),
        _ => false,
    }
}
