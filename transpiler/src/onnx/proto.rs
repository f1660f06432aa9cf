//! The decoded model: names, operator sets, the inputs, and the order of the live nodes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::onnx::pb::tensor_proto::DataType;
use crate::onnx::pb::tensor_shape_proto::dimension;
use crate::onnx::pb::{type_proto, GraphProto, ModelProto, TensorProto, ValueInfoProto};

use super::error::{ImportError, TensorError};
use super::limits::{check, MAX_FEATURES};
use super::node::{domain_of, name_of, spell_domain, OnnxNode};
use super::ops;
use super::value::{Axis, Element, Shape};
use crate::graph::{self, DType};

/// A model whose names and order are checked.
pub(super) struct Model<'a> {
    pub(super) graph: &'a GraphProto,
    pub(super) inputs: Vec<ModelInput<'a>>,
    /// The nodes that outputs depend on, makers before users, else as listed.
    pub(super) order: Vec<usize>,
    /// The names that those nodes or the graph's outputs read.
    pub(super) used: HashSet<&'a str>,
    /// The features' names, where the file's metadata has them.
    pub(super) feature_names: Option<Vec<String>>,
    opsets: HashMap<&'a str, i64>,
    initializers: HashMap<&'a str, &'a TensorProto>,
    sparse: HashSet<&'a str>,
}

/// One of the model's inputs.
pub(super) struct ModelInput<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Shape,
    pub(super) kind: InputKind,
}

/// What an input holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputKind {
    Numbers(Element),
    Text,
}

/// All inputs as one row; what is known of each feature is left empty where that is nothing.
pub(super) fn describe(inputs: &[ModelInput<'_>]) -> graph::Input {
    let len = inputs.iter().map(|input| input.shape.len()).sum();
    let names: Vec<&str> = inputs.iter().map(|input| input.name).collect();
    let has = |element| inputs.iter().any(|input| input.kind == InputKind::Numbers(element));
    let whole = |input: &ModelInput<'_>| {
        matches!(input.kind, InputKind::Numbers(Element::Int | Element::Bool))
    };
    let dtype = if has(Element::F64) {
        DType::F64
    } else if inputs.iter().all(whole) {
        DType::I64
    } else {
        DType::F32
    };
    let features = inputs.iter().flat_map(|input| {
        let (count, several) = (input.shape.len(), inputs.len() > 1);
        let feature = move |at: usize| graph::Feature {
            name: match (several, count) {
                (false, _) => String::new(),
                (true, 1) => input.name.to_owned(),
                (true, _) => format!("{}[{at}]", input.name),
            },
            whole: !matches!(input.kind, InputKind::Numbers(Element::F32 | Element::F64)),
            limits: (input.kind == InputKind::Numbers(Element::Bool)).then_some((0.0, 1.0)),
            categories: (input.kind == InputKind::Text).then(Vec::new),
            ..graph::Feature::default()
        };
        (0..count).map(feature)
    });
    let mut features: Vec<graph::Feature> = features.collect();
    if features.iter().all(|feature| *feature == graph::Feature::default()) {
        features.clear();
    }
    graph::Input { name: names.join(","), len, dtype, features }
}

impl<'a> Model<'a> {
    pub(super) fn new(proto: &'a ModelProto) -> Result<Self, ImportError> {
        let graph = proto.graph.as_ref().ok_or(ImportError::NoGraph)?;
        let opsets = opsets(proto)?;
        let initializers: HashMap<&str, &TensorProto> =
            graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let sparse_name = |sparse: &'a crate::onnx::pb::SparseTensorProto| {
            sparse.values.as_ref().map(|values| values.name.as_str())
        };
        let sparse: HashSet<&str> =
            graph.sparse_initializer.iter().filter_map(sparse_name).collect();
        let names = Names::new(graph, &initializers, &sparse)?;
        let (order, used) = names.order(graph)?;
        let inputs = find_inputs(&names.inputs, &used)?.into_iter().map(read_input);
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let sizes = inputs.iter().map(|input| input.shape.len());
        let total = sizes.fold(0_usize, |total, len| total.saturating_add(len));
        check("features in a row", total, MAX_FEATURES)?;
        let feature_names = feature_names(proto);
        Ok(Self { graph, inputs, order, used, feature_names, opsets, initializers, sparse })
    }

    pub(super) fn node(&self, index: usize) -> Result<OnnxNode<'a>, ImportError> {
        let proto = &self.graph.node[index];
        let domain = domain_of(proto);
        match self.opsets.get(domain) {
            Some(&opset) => Ok(OnnxNode::new(proto, index, opset)),
            // A node of a domain that nothing here knows is reported with the unsupported ones.
            None if !matches!(domain, "ai.onnx" | "ai.onnx.ml") => {
                Ok(OnnxNode::new(proto, index, 0))
            }
            None => {
                let reason =
                    format!("node {:?} needs it, no version is imported", name_of(proto, index));
                Err(ImportError::Opset { domain: domain.to_owned(), reason })
            }
        }
    }

    /// Whether there is a translation for the node's operator.
    pub(super) fn is_known(&self, index: usize) -> bool {
        let node = &self.graph.node[index];
        ops::is_known(domain_of(node), &node.op_type)
    }

    pub(super) fn initializer(&self, name: &str) -> Result<Option<&'a TensorProto>, ImportError> {
        if self.sparse.contains(name) {
            let source = TensorError::DataType { actual: "a sparse tensor".to_owned() };
            return Err(ImportError::Tensor { name: name.to_owned(), source });
        }
        Ok(self.initializers.get(name).copied())
    }
}

/// The features' names under the keys that people use: a JSON list, or names with commas between.
fn feature_names(proto: &ModelProto) -> Option<Vec<String>> {
    const KEYS: [&str; 4] = ["feature_names", "feature_names_in_", "features", "input_features"];
    let entry = |key: &&str| proto.metadata_props.iter().find(|entry| entry.key == **key);
    let text = KEYS.iter().find_map(entry)?.value.trim();
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(names) => Some(names),
        Err(_) if text.starts_with(['[', '{']) => None,
        Err(_) => Some(text.split(',').map(|name| name.trim().to_owned()).collect()),
    }
}

/// The version of each operator set; the same one may be imported twice, as some exporters do.
pub(super) fn opsets(proto: &ModelProto) -> Result<HashMap<&str, i64>, ImportError> {
    let mut opsets = HashMap::new();
    for import in &proto.opset_import {
        let domain = spell_domain(&import.domain);
        let version = import.version;
        match opsets.insert(domain, version) {
            Some(other) if other != version => {
                let reason = format!("is imported in versions {other} and {version}");
                return Err(ImportError::Opset { domain: domain.to_owned(), reason });
            }
            _ => {}
        }
    }
    Ok(opsets)
}

/// The graph inputs that are no initialisers' defaults.
pub(super) fn real_inputs(graph: &GraphProto) -> Vec<&ValueInfoProto> {
    let initialized: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    graph.input.iter().filter(|input| !initialized.contains(input.name.as_str())).collect()
}

/// Who makes each name.
struct Names<'a> {
    makers: HashMap<&'a str, usize>,
    inputs: Vec<&'a ValueInfoProto>,
    constants: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    fn new(
        graph: &'a GraphProto,
        initializers: &HashMap<&'a str, &'a TensorProto>,
        sparse: &HashSet<&'a str>,
    ) -> Result<Self, ImportError> {
        let twice = |name: &str| Err(ImportError::DuplicateName { name: name.to_owned() });
        let mut taken: HashSet<&str> = HashSet::new();
        let constants = graph.initializer.iter().map(|tensor| tensor.name.as_str());
        for name in constants.chain(sparse.iter().copied()) {
            if !taken.insert(name) {
                return twice(name);
            }
        }
        let inputs = real_inputs(graph);
        for input in &inputs {
            if !taken.insert(&input.name) {
                return twice(&input.name);
            }
        }
        let mut makers = HashMap::new();
        for (index, node) in graph.node.iter().enumerate() {
            for name in node.output.iter().filter(|name| !name.is_empty()) {
                if !taken.insert(name) {
                    return twice(name);
                }
                makers.insert(name.as_str(), index);
            }
        }
        let constants = initializers.keys().copied().chain(sparse.iter().copied()).collect();
        Ok(Self { makers, inputs, constants })
    }

    /// The live nodes in an order that can be computed, and the names that they or the outputs use.
    fn order(&self, graph: &'a GraphProto) -> Result<(Vec<usize>, HashSet<&'a str>), ImportError> {
        if graph.output.is_empty() {
            return Err(ImportError::NoOutput);
        }
        let inputs: HashSet<&str> = self.inputs.iter().map(|input| input.name.as_str()).collect();
        let mut live = vec![false; graph.node.len()];
        let mut used: HashSet<&str> = HashSet::new();
        let mut wanted: Vec<(&str, Option<usize>)> =
            graph.output.iter().map(|output| (output.name.as_str(), None)).collect();
        while let Some((name, user)) = wanted.pop() {
            used.insert(name);
            match self.makers.get(name) {
                Some(&maker) if live[maker] => {}
                Some(&maker) => {
                    live[maker] = true;
                    let operands = graph.node[maker].input.iter().filter(|name| !name.is_empty());
                    wanted.extend(operands.map(|name| (name.as_str(), Some(maker))));
                }
                None if inputs.contains(name) || self.constants.contains(name) => {}
                None => {
                    let node = |index| format!("node {:?}", name_of(&graph.node[index], index));
                    let user = user.map_or("the graph's outputs".to_owned(), node);
                    return Err(ImportError::MissingValue { user, name: name.to_owned() });
                }
            }
        }
        Ok((self.sort(graph, &live)?, used))
    }

    fn sort(&self, graph: &GraphProto, live: &[bool]) -> Result<Vec<usize>, ImportError> {
        let mut waits_for = vec![0_usize; graph.node.len()];
        let mut users: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
        let n_live = live.iter().filter(|&&live| live).count();
        for index in (0..graph.node.len()).filter(|&index| live[index]) {
            let operands = &graph.node[index].input;
            for &maker in operands.iter().filter_map(|name| self.makers.get(name.as_str())) {
                waits_for[index] += 1;
                users[maker].push(index);
            }
        }
        let ready = (0..graph.node.len()).filter(|&index| live[index] && waits_for[index] == 0);
        let mut ready: BinaryHeap<Reverse<usize>> = ready.map(Reverse).collect();
        let mut order = Vec::with_capacity(n_live);
        while let Some(Reverse(index)) = ready.pop() {
            order.push(index);
            for &user in &users[index] {
                waits_for[user] -= 1;
                if waits_for[user] == 0 {
                    ready.push(Reverse(user));
                }
            }
        }
        match (0..graph.node.len()).find(|&index| live[index] && waits_for[index] > 0) {
            Some(index) => Err(ImportError::Cycle { node: name_of(&graph.node[index], index) }),
            None => Ok(order),
        }
    }
}

/// The inputs that are used, in the order of the file; or, where none is, the only one there is.
fn find_inputs<'a>(
    inputs: &[&'a ValueInfoProto],
    used: &HashSet<&str>,
) -> Result<Vec<&'a ValueInfoProto>, ImportError> {
    let is_used = |input: &&ValueInfoProto| used.contains(input.name.as_str());
    let used: Vec<&ValueInfoProto> = inputs.iter().copied().filter(is_used).collect();
    match (used.as_slice(), inputs) {
        ([], [input]) => Ok(vec![input]),
        ([], _) => Err(ImportError::NoInput),
        _ => Ok(used),
    }
}

fn read_input(info: &ValueInfoProto) -> Result<ModelInput<'_>, ImportError> {
    let fail = |reason: String| ImportError::Input { name: info.name.clone(), reason };
    let value = info.r#type.as_ref().and_then(|proto| proto.value.as_ref());
    let Some(type_proto::Value::TensorType(tensor)) = value else {
        return Err(fail("is not a tensor".to_owned()));
    };
    let kind = match DataType::try_from(tensor.elem_type) {
        // Half precision is computed with as single precision.
        Ok(DataType::Float | DataType::Float16 | DataType::Bfloat16) => {
            InputKind::Numbers(Element::F32)
        }
        Ok(DataType::Double) => InputKind::Numbers(Element::F64),
        Ok(
            DataType::Int64
            | DataType::Int32
            | DataType::Int16
            | DataType::Int8
            | DataType::Uint32
            | DataType::Uint16
            | DataType::Uint8,
        ) => InputKind::Numbers(Element::Int),
        Ok(DataType::Bool) => InputKind::Numbers(Element::Bool),
        Ok(DataType::String) => InputKind::Text,
        Ok(other) => {
            let actual = other.as_str_name();
            return Err(fail(format!(
                "has elements of type {actual}, wants FLOAT, DOUBLE, an integer type, BOOL or STRING"
            )));
        }
        Err(_) => {
            return Err(fail(format!("has elements of the unknown type {}", tensor.elem_type)))
        }
    };
    let Some(shape) = &tensor.shape else {
        return Err(fail("has no shape, wants [batch, features]".to_owned()));
    };
    let n_axes = shape.dim.len();
    if !(1..=4).contains(&n_axes) {
        return Err(fail(format!("has {n_axes} axes, wants 1 to 4")));
    }
    let mut axes = Vec::with_capacity(n_axes);
    for (at, dim) in shape.dim.iter().enumerate() {
        // Only the first axis of several is the batch; it may be open.
        let may_be_batch = at == 0 && n_axes > 1;
        axes.push(match &dim.value {
            Some(dimension::Value::DimValue(1)) => Axis::Len(1),
            Some(dimension::Value::DimValue(rows)) if may_be_batch && *rows <= 0 => {
                Axis::Batch(None)
            }
            Some(dimension::Value::DimValue(rows)) if may_be_batch => {
                Axis::Batch(Some(usize::try_from(*rows).unwrap_or(usize::MAX)))
            }
            None | Some(dimension::Value::DimParam(_)) if may_be_batch => Axis::Batch(None),
            Some(dimension::Value::DimValue(len)) if *len > 0 => {
                Axis::Len(usize::try_from(*len).unwrap_or(usize::MAX))
            }
            Some(dimension::Value::DimValue(len)) => {
                return Err(fail(format!("axis {at} has length {len}, wants 1 or more")));
            }
            None | Some(dimension::Value::DimParam(_)) => {
                return Err(fail(format!(
                    "axis {at} is open; only the first of several axes may be"
                )));
            }
        });
    }
    let features = axes.iter().try_fold(1_usize, |len, axis| len.checked_mul(axis.size()));
    match features {
        Some(features) if features <= MAX_FEATURES => {
            Ok(ModelInput { name: &info.name, shape: Shape(axes), kind })
        }
        _ => Err(ImportError::TooLarge {
            what: "features in a row",
            actual: features.unwrap_or(usize::MAX),
            limit: MAX_FEATURES,
        }),
    }
}
