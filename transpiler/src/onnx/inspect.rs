//! A summary of a model, for people: also of models that cannot be imported.

use std::collections::BTreeMap;

use crate::onnx::pb::tensor_proto::DataType;
use crate::onnx::pb::tensor_shape_proto::dimension;
use crate::onnx::pb::{type_proto, ModelProto, ValueInfoProto};
use serde::Serialize;

use super::error::{ImportError, UnsupportedNode};
use super::node::{domain_of, name_of, spell_domain};
use super::{decode, import_model, ops, proto};

/// What a model is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelSummary {
    /// The graph's name, or the empty string.
    pub graph: String,
    /// The program that wrote the file, and its version.
    pub producer: String,
    /// The version of the ONNX file format.
    pub ir_version: i64,
    /// The operator sets that the model imports.
    pub opsets: Vec<OpsetSummary>,
    /// The inputs, without those that only give an initialiser a type.
    pub inputs: Vec<InputSummary>,
    /// The outputs.
    pub outputs: Vec<OutputSummary>,
    /// The nodes, as listed in the file.
    pub nodes: Vec<NodeSummary>,
    /// How many nodes of each operator there are (`domain.op` beside the default domain).
    pub op_counts: BTreeMap<String, usize>,
    /// Numbers in the initialisers of floating-point type.
    pub parameters: usize,
    /// The nodes that cannot be imported, and why.
    pub unsupported: Vec<UnsupportedNode>,
    /// What else keeps the model from being imported.
    pub problem: Option<String>,
}

/// An operator set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpsetSummary {
    /// Its domain (`ai.onnx` for the default one).
    pub domain: String,
    /// Its version.
    pub version: i64,
}

/// An input of the model.
pub type InputSummary = ValueSummary;
/// An output of the model.
pub type OutputSummary = ValueSummary;

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueSummary {
    /// Its name.
    pub name: String,
    /// Its element type, in ONNX spelling; `MAP` for ZipMap's result.
    pub element_type: String,
    /// Its axes: numbers, names, or `?`; none where the model does not say.
    pub shape: Option<Vec<String>>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeSummary {
    /// Its name, or `Op_index`.
    pub name: String,
    /// Its operator.
    pub op: String,
    /// The operator's domain (`ai.onnx` for the default one).
    pub domain: String,
    /// Whether there is a translation for the operator, in some version and form.
    pub known: bool,
}

/// Reads a model's summary.
///
/// # Errors
/// Only where the bytes are no model with a graph; what else is wrong stands in the summary.
pub fn inspect(bytes: &[u8]) -> Result<ModelSummary, ImportError> {
    let model = decode(bytes)?;
    let graph = model.graph.as_ref().ok_or(ImportError::NoGraph)?;
    let nodes: Vec<NodeSummary> = graph
        .node
        .iter()
        .enumerate()
        .map(|(index, node)| NodeSummary {
            name: name_of(node, index),
            op: node.op_type.clone(),
            domain: domain_of(node).to_owned(),
            known: ops::is_known(domain_of(node), &node.op_type),
        })
        .collect();
    let mut op_counts = BTreeMap::new();
    for node in &nodes {
        let key = match node.domain.as_str() {
            "ai.onnx" => node.op.clone(),
            domain => format!("{domain}.{}", node.op),
        };
        *op_counts.entry(key).or_insert(0) += 1;
    }
    let (unsupported, problem) = match import_model(&model, bytes.len()) {
        Ok(_) => (Vec::new(), None),
        Err(ImportError::Unsupported { nodes }) => (nodes, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Ok(ModelSummary {
        graph: graph.name.clone(),
        producer: format!("{} {}", model.producer_name, model.producer_version).trim().to_owned(),
        ir_version: model.ir_version,
        opsets: opsets(&model),
        inputs: proto::real_inputs(graph).into_iter().map(summarize).collect(),
        outputs: graph.output.iter().map(summarize).collect(),
        nodes,
        op_counts,
        parameters: parameters(&model),
        unsupported,
        problem,
    })
}

fn opsets(model: &ModelProto) -> Vec<OpsetSummary> {
    let mut opsets: Vec<OpsetSummary> = Vec::new();
    for import in &model.opset_import {
        let domain = spell_domain(&import.domain).to_owned();
        let summary = OpsetSummary { domain, version: import.version };
        if !opsets.contains(&summary) {
            opsets.push(summary);
        }
    }
    opsets
}

fn parameters(model: &ModelProto) -> usize {
    let is_float = |data_type: i32| {
        matches!(
            DataType::try_from(data_type),
            Ok(DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16)
        )
    };
    let elements = |dims: &[i64]| {
        let sizes = dims.iter().map(|&dim| usize::try_from(dim).ok());
        sizes.into_iter().try_fold(1_usize, |product, dim| product.checked_mul(dim?)).unwrap_or(0)
    };
    let initializers = model.graph.iter().flat_map(|graph| &graph.initializer);
    let floats = initializers.filter(|tensor| is_float(tensor.data_type));
    floats.fold(0, |total, tensor| total.saturating_add(elements(&tensor.dims)))
}

fn summarize(info: &ValueInfoProto) -> ValueSummary {
    let value = info.r#type.as_ref().and_then(|proto| proto.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = value else {
        return ValueSummary {
            name: info.name.clone(),
            element_type: "MAP".to_owned(),
            shape: None,
        };
    };
    let element_type = DataType::try_from(tensor.elem_type)
        .map_or_else(|_| format!("number {}", tensor.elem_type), |t| t.as_str_name().to_owned());
    let axis = |value: &Option<dimension::Value>| match value {
        Some(dimension::Value::DimValue(len)) => len.to_string(),
        Some(dimension::Value::DimParam(name)) if !name.is_empty() => name.clone(),
        _ => "?".to_owned(),
    };
    let shape = tensor.shape.as_ref();
    let shape = shape.map(|shape| shape.dim.iter().map(|dim| axis(&dim.value)).collect());
    ValueSummary { name: info.name.clone(), element_type, shape }
}
