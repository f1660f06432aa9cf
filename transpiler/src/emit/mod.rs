//! Cairo packages from integer graphs.

mod looped;
mod names;
mod package;
mod unrolled;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::layout::one_dense_reads_the_row;
use crate::quant::QuantGraph;

pub use crate::layout::{Shape, Shapes};
pub use names::package_name;
pub use package::{CairoPackage, PackageMeta, RUNTIME_NAME};

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
    shapes: Shapes,
) -> Result<CairoPackage, EmitError> {
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

/// Files by path relative to the package's folder.
pub type Files = BTreeMap<String, String>;
