//! Compiles quantised models to the columns of [`nilometer_tensor_air`], fills their traces and checks them.
//!
//! Input: a [`QuantGraph`], and rows that it accepts. Output: the preprocessed columns ([`Compiled`]), which make the
//! model's key, and the main and auxiliary columns of a proof. It needs no Cairo and no compiler: what is
//! hashed is made from the integers of the model alone.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod circuit;
mod columns;
mod compile;
mod fill;
mod prove;

use nilometer_transpiler::quant::QuantGraph;
use thiserror::Error;

pub use compile::compile;
pub use fill::{auxiliary, FillError, Witness};
pub use prove::{ModelKey, ProofError};

/// A model as preprocessed columns.
#[derive(Clone, Debug)]
pub struct Compiled {
    circuit: circuit::Circuit,
    graph: QuantGraph,
    /// The preprocessed columns.
    pub preprocessed: Vec<Vec<nilometer_tensor_air::Felt>>,
}

impl Compiled {
    /// Rows of the trace.
    pub fn n_rows(&self) -> usize {
        self.circuit.n_rows
    }

    /// Rows that are in use.
    pub fn used_rows(&self) -> usize {
        self.circuit.rows.len()
    }

    /// Rows of input that one proof is about.
    pub fn batch(&self) -> usize {
        self.circuit.batch
    }

    /// The model.
    pub fn graph(&self) -> &QuantGraph {
        &self.graph
    }
}

/// A model that has no proof of this kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompileError {
    /// An operation that has no gadget in this form.
    #[error("node `{node}`: {reason}")]
    Unsupported {
        /// The node's name.
        node: String,
        /// Why.
        reason: &'static str,
    },
    /// The trace is too long.
    #[error("the model needs more than {most} rows of trace")]
    TooLong {
        /// The most rows.
        most: usize,
    },
    /// No rows of input.
    #[error("a proof is about at least one row of input")]
    NoRows,
}
