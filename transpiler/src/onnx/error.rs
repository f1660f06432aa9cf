//! What can be wrong with a model file.

use serde::Serialize;
use thiserror::Error;

use super::ops::trees::TreeError;
use crate::graph::GraphError;

/// A model that cannot be imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The file, or something that it asks for, is larger than the importer takes.
    #[error("{what}: {actual} is more than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size, or the largest number that could be counted.
        actual: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// The bytes are no protocol-buffer message of an ONNX model.
    #[error("not an ONNX model: {reason}")]
    Decode {
        /// What the decoder met.
        reason: String,
    },
    /// The model has no graph.
    #[error("the model has no graph")]
    NoGraph,
    /// A node uses an operator set that the model does not import, or imports twice over.
    #[error("operator set {domain:?}: {reason}")]
    Opset {
        /// The operator set's domain (`ai.onnx` for the default one).
        domain: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two values have one name.
    #[error("the name {name:?} is given to two values")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A node or an output uses a value that nothing makes: an initialiser may be missing.
    #[error("{user} uses {name:?}, which is not an input, initialiser or node output")]
    MissingValue {
        /// The node, or the graph's outputs.
        user: String,
        /// The value's name.
        name: String,
    },
    /// Nodes wait for one another in a circle.
    #[error("node {node:?} depends on its own output")]
    Cycle {
        /// A node of the circle.
        node: String,
    },
    /// The graph has no input, or several of which none is used.
    #[error("the model has no input that its outputs depend on")]
    NoInput,
    /// The input has an unusable type or shape.
    #[error("input {name:?}: {reason}")]
    Input {
        /// The input's name.
        name: String,
        /// What was found and what is wanted.
        reason: String,
    },
    /// The graph has no output.
    #[error("the model has no output")]
    NoOutput,
    /// An output is of a kind that no vector or label shows.
    #[error("output {name:?}: {reason}")]
    Output {
        /// The output's name.
        name: String,
        /// What was found and what is wanted.
        reason: String,
    },
    /// A tensor (initialiser or attribute) is malformed.
    #[error("tensor {name:?}: {source}")]
    Tensor {
        /// The tensor's name, or that of its node and attribute.
        name: String,
        /// What is wrong with it.
        source: TensorError,
    },
    /// An attribute is missing, of another type, or has a value that the operator does not define.
    #[error("node {node:?} ({op}): attribute {attribute}: {reason}")]
    Attribute {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// The attribute.
        attribute: String,
        /// What was found and what is wanted.
        reason: String,
    },
    /// Attribute arrays that belong together have different lengths.
    #[error("node {node:?} ({op}): attribute {attribute} has {actual} entries, wants {expected}")]
    AttributeLength {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// The attribute.
        attribute: String,
        /// Entries wanted.
        expected: usize,
        /// Entries found.
        actual: usize,
    },
    /// An attribute has a NaN or infinite number.
    #[error("node {node:?} ({op}): attribute {attribute} has the entry {value} at {index}")]
    AttributeNonFinite {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// The attribute.
        attribute: String,
        /// Where in the array.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A node has too few or too many inputs or outputs.
    #[error("node {node:?} ({op}): {what} {index} is missing or not wanted")]
    Arity {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// `input` or `output`.
        what: &'static str,
        /// Which one.
        index: usize,
    },
    /// Shapes or types do not fit the operator.
    #[error("node {node:?} ({op}): {reason}")]
    Shape {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// What was found and what is wanted.
        reason: String,
    },
    /// The tables of a tree ensemble make no trees.
    #[error("node {node:?} ({op}): {source}")]
    Trees {
        /// The node's name.
        node: String,
        /// Its operator.
        op: String,
        /// What is wrong with them.
        source: TreeError,
    },
    /// Nodes that the importer has no translation for, all of them.
    #[error("{} unsupported node{}: {}", .nodes.len(), if .nodes.len() == 1 { "" } else { "s" }, list(.nodes))]
    Unsupported {
        /// The nodes, in execution order.
        nodes: Vec<UnsupportedNode>,
    },
    /// The import made a graph that breaks its invariants: a defect of the importer, or numbers that
    /// overflowed while constants were folded.
    #[error("the imported graph is invalid: {source}")]
    Graph {
        /// The breach.
        source: GraphError,
    },
}

fn list(nodes: &[UnsupportedNode]) -> String {
    let texts: Vec<String> = nodes.iter().map(UnsupportedNode::to_string).collect();
    texts.join("; ")
}

/// A node that the importer has no translation for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnsupportedNode {
    /// The node's name.
    pub name: String,
    /// Its operator.
    pub op: String,
    /// The operator's domain (`ai.onnx` for the default one).
    pub domain: String,
    /// The version of the domain's operator set that the model imports.
    pub opset: i64,
    /// Why.
    pub reason: String,
}

impl std::fmt::Display for UnsupportedNode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, op, domain, opset, reason } = self;
        write!(f, "{name} ({domain} {op}, opset {opset}): {reason}")
    }
}

/// What can be wrong with a tensor.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum TensorError {
    /// More dimensions than the importer takes.
    #[error("{rank} dimensions are more than the limit of {limit}")]
    Rank {
        /// How many there are.
        rank: usize,
        /// The most that are taken.
        limit: usize,
    },
    /// A dimension is negative.
    #[error("dimension {axis} is {dim}, wants 0 or more")]
    NegativeDim {
        /// Which dimension.
        axis: usize,
        /// Its size.
        dim: i64,
    },
    /// The product of the dimensions overflows.
    #[error("the dimensions {dims:?} are too large to count")]
    DimsOverflow {
        /// The dimensions.
        dims: Vec<i64>,
    },
    /// An axis of length 0 beside others.
    #[error("the dimensions {dims:?} leave no elements")]
    EmptyAxis {
        /// The dimensions.
        dims: Vec<i64>,
    },
    /// More data, or less, than the dimensions ask for.
    #[error("the dimensions want {expected} elements, the data has {actual}")]
    DataLength {
        /// Elements wanted.
        expected: usize,
        /// Elements found.
        actual: usize,
    },
    /// Raw data that is no whole number of elements.
    #[error("{bytes} bytes of raw data are no whole number of {size}-byte elements")]
    RawLength {
        /// Bytes found.
        bytes: usize,
        /// Bytes in an element.
        size: usize,
    },
    /// The data is in another file.
    #[error("the data is outside the model, at {location:?}; save the model as one file")]
    External {
        /// The other file, as the model names it.
        location: String,
    },
    /// The data is in another file, which does not give it.
    #[error("the data is outside the model, and {location:?} {reason}")]
    ExternalData {
        /// The other file, as the model names it.
        location: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// An element type that is not taken.
    #[error("the element type is {actual}, wants FLOAT, DOUBLE, INT32, INT64, BOOL or STRING")]
    DataType {
        /// The element type.
        actual: String,
    },
    /// An element is NaN or infinite.
    #[error("element {index} is {value}, wants a finite number")]
    NonFinite {
        /// Which element.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// A text element is not UTF-8.
    #[error("element {index} is not UTF-8 text")]
    NotText {
        /// Which element.
        index: usize,
    },
}
