//! What becomes of features that may be missing.

use crate::graph::{Graph, Op, Unary};

/// Who looks at a feature.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// Whether anything that knows of missing values does.
    pub(super) is_used: bool,
    /// Whether decision trees do.
    pub(super) in_trees: bool,
    /// What imputations read in place of a missing value; each value once.
    pub(super) imputed: Vec<f64>,
    /// Whether anything else does, or an output shows it.
    pub(super) elsewhere: bool,
}

/// The uses of every feature.
pub(super) fn uses(graph: &Graph) -> Vec<Uses> {
    let mut uses = vec![Uses::default(); graph.input.len];
    // For each element of each value, the feature that it is, but for steps that work on it alone.
    let mut carried: Vec<Vec<Option<usize>>> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let from = |operand: usize| carried[node.inputs[operand]].as_slice();
        let elements = match &node.op {
            Op::Input => (0..node.len).map(Some).collect(),
            Op::Scaler { .. }
            | Op::WithConstant { .. }
            | Op::Unary(Unary::ToF32 | Unary::ToF64) => from(0).to_vec(),
            Op::Gather(indices) => indices.iter().map(|&index| from(0)[index]).collect(),
            Op::Concat => (0..node.inputs.len()).flat_map(|i| from(i).to_vec()).collect(),
            Op::Trees(_) => {
                for feature in from(0).iter().flatten() {
                    uses[*feature].is_used = true;
                    uses[*feature].in_trees = true;
                }
                vec![None; node.len]
            }
            Op::Impute(values) => {
                for (feature, &value) in from(0).iter().zip(values) {
                    let Some(feature) = feature else { continue };
                    let uses = &mut uses[*feature];
                    uses.is_used = true;
                    if !uses.imputed.contains(&value) {
                        uses.imputed.push(value);
                    }
                }
                vec![None; node.len]
            }
            _ => {
                for operand in 0..node.inputs.len() {
                    from(operand).iter().flatten().for_each(|&f| uses[f].elsewhere = true);
                }
                vec![None; node.len]
            }
        };
        carried.push(elements);
    }
    for output in &graph.outputs {
        carried[output.value].iter().flatten().for_each(|&f| uses[f].elsewhere = true);
    }
    uses
}
