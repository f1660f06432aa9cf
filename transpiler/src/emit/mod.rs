//! Cairo packages from integer graphs.

mod lanes;
mod looped;
mod names;
mod package;
pub(crate) mod readers;
mod unrolled;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cost;
use crate::quant::{QuantGraph, QuantOp};

use readers::one_dense_reads_the_row;

pub use lanes::LanePlan;
pub use names::package_name;
pub use package::{CairoPackage, PackageMeta, RUNTIME_NAME};

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

/// A model that cannot be written down.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmitError {
    /// A template does not render.
    #[error("template `{template}`: {reason}")]
    Template {
        /// The template's name.
        template: String,
        /// What the engine says.
        reason: String,
    },
    /// A node that no constant can hold.
    #[error("node `{node}` is too large: {reason}")]
    TooLarge {
        /// The node's name.
        node: String,
        /// What is too large.
        reason: String,
    },
    /// A package name that Scarb or the compiler would refuse: see [`package_name`].
    #[error(
        "`{name}` is not a package name: lower-case letters, digits and underscores, a letter first, and \
         none of Cairo's own names"
    )]
    PackageName {
        /// The name.
        name: String,
    },
}

/// Writes the model down as a Cairo package: file contents by path.
///
/// # Errors
/// A bad package name, or a template that does not render.
pub fn emit(
    graph: &QuantGraph,
    meta: &PackageMeta,
    shapes: Option<Shapes>,
) -> Result<CairoPackage, EmitError> {
    let shapes = shapes.unwrap_or_else(|| cost::preferred_shape(graph).into());
    check_width(graph, shapes)?;
    package::assemble(graph, meta, shapes)
}

/// Features that one function reads, at most: the compiler then takes about 4 GB of memory.
const MAX_UNROLLED_FEATURES: usize = 1_000;
/// Features of any model: the compiler counts the size of a type in 16 bits.
const MAX_FEATURES: usize = 32_000;

/// Refuses rows that the compiler has no memory for, before it starts.
fn check_width(graph: &QuantGraph, shapes: Shapes) -> Result<(), EmitError> {
    let features = graph.input_len();
    let unrolled = [shapes.program, shapes.contract].contains(&Shape::Unrolled);
    let limit = match unrolled && !one_dense_reads_the_row(graph) {
        true => MAX_UNROLLED_FEATURES,
        false => MAX_FEATURES,
    };
    if features <= limit {
        return Ok(());
    }
    let shape = if unrolled { "straight-line code" } else { "the compiler" };
    Err(EmitError::TooLarge {
        node: graph.input.name.clone(),
        reason: format!("{features} features; {shape} takes {limit} at most"),
    })
}

/// The model's module.
fn module(graph: &QuantGraph, shape: Shape) -> Result<String, EmitError> {
    match shape {
        Shape::Unrolled => package::unrolled_module(graph),
        Shape::Looped => looped::module(graph),
    }
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
                Shape::Unrolled if !cost::packs(&plan, inputs, rows) => 1,
                Shape::Unrolled => plan.per_felt(),
                Shape::Looped => looped::runtime_lanes(plan, rows).per_felt(),
            };
            (node.name.clone(), lanes)
        })
        .collect()
}

/// Files by path relative to the package's folder.
pub type Files = BTreeMap<String, String>;
