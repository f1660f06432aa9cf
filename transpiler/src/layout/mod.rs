//! How an integer model is laid out in field elements, and in which form it is written down.
//!
//! Costs and code follow from what is decided here: accumulators that share a felt ([`LanePlan`]), layers that are
//! cheaper row by row ([`packs`]), nodes that can be fused with their readers.

mod lanes;
mod readers;
mod windows;

use serde::{Deserialize, Serialize};

use crate::quant::{QuantGraph, QuantOp};

pub use lanes::LanePlan;
pub(crate) use readers::{one_dense_reads_the_row, Readers};
pub(crate) use windows::{supports, Windows, WINDOW};

/// The two ways to write a model down; both compute the same integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// Straight-line code, weights and thresholds as immediates: fewest steps, most code.
    Unrolled,
    /// Constant data and tight loops: least code.
    Looped,
}

/// How a package's two entries are written; alike, as a rule. What is only proved has no class to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// The provable program.
    pub program: Shape,
    /// The Starknet contract.
    pub contract: Shape,
}

impl From<Shape> for Shapes {
    fn from(shape: Shape) -> Self {
        Self { program: shape, contract: shape }
    }
}

/// Whether a dense layer of `inputs` and `rows` is cheaper with packed lanes than row by row.
pub fn packs(plan: &LanePlan, inputs: usize, rows: usize) -> bool {
    if plan.per_felt() < 2 || rows < 2 {
        return false;
    }
    let packed = 2 * inputs * plan.groups(rows) + 8 * rows + 14 * plan.groups(rows);
    // Row by row, each result is range-checked into its type where that is needed.
    let plain = (2 * inputs + 6) * rows;
    packed < plain
}

/// How many accumulators share a felt, for each dense layer by the name of its node; 1 where a layer
/// is cheaper row by row.
pub fn lanes(graph: &QuantGraph, shape: Shape) -> Vec<(String, usize)> {
    let dense = graph.nodes.iter().filter_map(|node| match &node.op {
        QuantOp::Dense { bias, .. } => Some((node, bias.len())),
        _ => None,
    });
    dense
        .map(|(node, rows)| {
            let plan = LanePlan::new(&node.ranges, 0);
            let inputs = graph.nodes[node.inputs[0]].ranges.len();
            let lanes = match shape {
                Shape::Unrolled if !packs(&plan, inputs, rows) => 1,
                Shape::Unrolled => plan.per_felt(),
                Shape::Looped => runtime_lanes(plan, rows).per_felt(),
            };
            (node.name.clone(), lanes)
        })
        .collect()
}

/// Most lanes that the runtime splits a half of a felt into.
const MAX_HALF: usize = 8;

/// Lanes as the runtime takes them, and no more than there are rows.
pub(crate) fn runtime_lanes(mut plan: LanePlan, rows: usize) -> LanePlan {
    plan.n_low = plan.n_low.min(MAX_HALF).min(rows);
    plan.n_high = plan.n_high.min(MAX_HALF).min(rows - plan.n_low);
    plan
}
