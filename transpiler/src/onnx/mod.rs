//! ONNX models to [`Graph`]s.
//!
//! Input: the bytes of a model file, which is untrusted. Output: a valid float graph of one row,
//! or an error that names what is wrong; unsupported nodes are all reported at once. Nothing here
//! panics on any bytes, reads other files, or allocates more than the file's size asks for
//! (see [`limits`]).
//!
//! The batch axis is symbolic: a graph computes one row, and operators that mix rows are refused.
//! What does not depend on the input is computed during the import; nodes that no output needs are
//! left out. Operators follow the ONNX operator specification and, where that leaves things open,
//! onnxruntime.

mod context;
mod error;
mod external;
mod inspect;
pub mod limits;
mod node;
mod ops;
pub mod pb;
mod proto;
mod tensor;
mod value;
mod wire;

use std::collections::HashMap;
use std::rc::Rc;

use prost::Message;

pub use error::{ImportError, TensorError, UnsupportedNode};
pub use external::{embed, ExternalPiece};
pub use inspect::{
    inspect, InputSummary, ModelSummary, NodeSummary, OpsetSummary, OutputSummary, ValueSummary,
};
pub use ops::trees::TreeError;

use crate::graph::{DType, Graph, Input, Labels, Node, Op, Output, OutputKind, Unary};
use crate::passes;
use context::{Builder, Context};
use limits::{check, Budget, MAX_FILE_BYTES, MAX_NODES, MAX_OPERANDS};
use node::OpError;
use pb::ModelProto;
use proto::{InputKind, Model};
use tensor::{Data, Tensor};
use value::{Element, Label, Row, Text, Value};

/// Imports a model.
///
/// # Errors
/// [`ImportError::Unsupported`] with every node that has no translation; any other variant for the
/// first thing that is wrong with the file.
pub fn import(bytes: &[u8]) -> Result<Graph, ImportError> {
    import_model(&decode(bytes)?, bytes.len())
}

fn decode(bytes: &[u8]) -> Result<ModelProto, ImportError> {
    check("bytes in the file", bytes.len(), MAX_FILE_BYTES)?;
    wire::check_message_count(bytes)?;
    let decoded = ModelProto::decode(bytes);
    decoded.map_err(|error| ImportError::Decode { reason: error.to_string() })
}

fn import_model(proto: &ModelProto, file_bytes: usize) -> Result<Graph, ImportError> {
    let model = Model::new(proto)?;
    let mut importer = Importer::new(&model, file_bytes)?;
    let mut unsupported = Vec::new();
    for &index in &model.order {
        let node = model.node(index)?;
        match importer.translate(&node) {
            Ok(()) => {}
            // A type of numbers that is not taken is one finding among others.
            Err(OpError::Malformed(error)) if is_about_type(&error) => {
                unsupported.push(node.unsupported(error.to_string()));
                importer.forget_outputs(&node);
            }
            Err(OpError::Malformed(error)) => return Err(*error),
            Err(OpError::Unsupported(reason)) => {
                // What only depends on an unsupported node is no finding of its own.
                if !importer.depends_on_unknown(&node) || !model.is_known(index) {
                    unsupported.push(node.unsupported(reason));
                }
                importer.forget_outputs(&node);
            }
        }
    }
    if !unsupported.is_empty() {
        return Err(ImportError::Unsupported { nodes: unsupported });
    }
    importer.finish()
}

fn is_about_type(error: &ImportError) -> bool {
    matches!(error, ImportError::Tensor { source: TensorError::DataType { .. }, .. })
}

struct Importer<'m> {
    model: &'m Model<'m>,
    builder: Builder,
    values: HashMap<&'m str, Value>,
    input: Input,
}

impl<'m> Importer<'m> {
    fn new(model: &'m Model<'m>, file_bytes: usize) -> Result<Self, ImportError> {
        check("nodes in the graph", model.graph.node.len(), MAX_NODES)?;
        let input = proto::describe(&model.inputs);
        let (name, len) = (input.name.clone(), input.len);
        let node = Node { name, op: Op::Input, inputs: Vec::new(), len };
        let budget = Budget::new(file_bytes);
        let builder = Builder { nodes: vec![node], features: input.features.clone(), budget };
        let mut importer = Self { model, builder, values: HashMap::new(), input };
        let mut start = 0;
        for input in &model.inputs {
            let value = importer.column(input, start)?;
            importer.values.insert(input.name, value);
            start += input.shape.len();
        }
        Ok(importer)
    }

    /// One of the model's inputs, whose features begin at `start`.
    fn column(
        &mut self,
        input: &proto::ModelInput<'m>,
        start: usize,
    ) -> Result<Value, ImportError> {
        let (shape, len) = (input.shape.clone(), input.shape.len());
        let features: Vec<usize> = (start..start + len).collect();
        let InputKind::Numbers(element) = input.kind else {
            return Ok(Value::Text(Text { features, shape }));
        };
        if len == self.input.len {
            return Ok(Value::Row(Row { value: 0, shape, element }));
        }
        let (name, dtype) = (input.name.to_owned(), self.input.dtype);
        let op = Op::Gather(features);
        let mut value = self.builder.emit(name.clone(), op, &[0], len, dtype)?;
        if element == Element::F32 && dtype == DType::F64 {
            let op = Op::Unary(Unary::ToF32);
            value = self.builder.emit(name, op, &[value], len, DType::F32)?;
        }
        Ok(Value::Row(Row { value, shape, element }))
    }

    fn translate(&mut self, node: &node::OnnxNode<'m>) -> Result<(), OpError> {
        check("inputs of a node", node.proto.input.len(), MAX_OPERANDS)?;
        check("outputs of a node", node.proto.output.len(), MAX_OPERANDS)?;
        let mut inputs = Vec::with_capacity(node.proto.input.len());
        for (index, name) in node.proto.input.iter().enumerate() {
            // A bound that is infinite is none; any other constant must be finite.
            let is_bound = node.op() == "Clip" && index > 0;
            inputs.push(match name.as_str() {
                "" => None,
                name => Some(self.value(name, &node.name, is_bound)?),
            });
        }
        let mut context = Context { node, inputs, builder: &mut self.builder };
        let mut outputs = ops::translate(&mut context)?.into_iter();
        for (index, name) in node.proto.output.iter().enumerate() {
            match outputs.next() {
                _ if name.is_empty() => {}
                Some(value) => {
                    self.values.insert(name, self.builder.settle(value));
                }
                // The translation does not make this optional output.
                None if self.model.used.contains(name.as_str()) => {
                    return node::unsupported(format!("its optional output {index} is used"));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The value of a name; initialisers are read when they are first used.
    fn value(
        &mut self,
        name: &'m str,
        user: &str,
        may_be_infinite: bool,
    ) -> Result<Value, ImportError> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let Some(proto) = self.model.initializer(name)? else {
            // The order of nodes has every maker before its users, so nothing makes it.
            let (user, name) = (format!("node {user:?}"), name.to_owned());
            return Err(ImportError::MissingValue { user, name });
        };
        let read = if may_be_infinite { Tensor::read_any } else { Tensor::read };
        let value = Value::Constant(Rc::new(read(proto, name)?));
        self.values.insert(name, value.clone());
        Ok(value)
    }

    fn depends_on_unknown(&self, node: &node::OnnxNode<'_>) -> bool {
        let is_unknown =
            |name: &String| matches!(self.values.get(name.as_str()), Some(Value::Unknown));
        node.proto.input.iter().any(is_unknown)
    }

    fn forget_outputs(&mut self, node: &node::OnnxNode<'m>) {
        for name in &node.proto.output {
            self.values.insert(name, Value::Unknown);
        }
    }

    fn finish(mut self) -> Result<Graph, ImportError> {
        let mut outputs = Vec::with_capacity(self.model.graph.output.len());
        for info in &self.model.graph.output {
            let value = self.value(&info.name, "the graph's outputs", false)?;
            outputs.extend(self.outputs(&info.name, value)?);
        }
        let mut input = Input { features: self.builder.features, ..self.input };
        if let (false, Some(names)) = (input.has_names(), &self.model.feature_names) {
            input.name_features(names);
        }
        let name = self.model.graph.name.clone();
        let graph =
            passes::remove_dead_nodes(Graph { name, input, nodes: self.builder.nodes, outputs });
        graph.validate().map_err(|source| ImportError::Graph { source })?;
        Ok(graph)
    }

    /// What an output of the file shows: several outputs where it is a sequence, or texts side by side.
    fn outputs(&mut self, name: &str, value: Value) -> Result<Vec<Output>, ImportError> {
        let parts: Vec<Value> = match value {
            Value::Sequence(parts) => parts,
            Value::Labels(labels) => labels.into_iter().map(Value::Label).collect(),
            value => return Ok(vec![self.output(name, value)?]),
        };
        let mut outputs = Vec::with_capacity(parts.len());
        for (at, part) in parts.into_iter().enumerate() {
            outputs.extend(self.outputs(&format!("{name}_{at}"), part)?);
        }
        Ok(outputs)
    }

    fn output(&mut self, name: &str, value: Value) -> Result<Output, ImportError> {
        let numbers = OutputKind::Numbers { classes: None };
        let fail = |reason: &str| {
            Err(ImportError::Output { name: name.to_owned(), reason: reason.to_owned() })
        };
        let (value, kind) = match value {
            Value::Row(row) => (row.value, numbers),
            Value::Map { value, classes } => {
                self.builder.budget.claim(label_size(&classes))?;
                (value, OutputKind::Numbers { classes: Some(classes.as_ref().clone()) })
            }
            Value::Constant(tensor) => {
                let values = match &tensor.data {
                    Data::F32(values) | Data::F64(values) => values.clone(),
                    Data::Ints(ints) => ints.iter().map(|&int| int as f64).collect(),
                    Data::Dims(_) => return fail("shows the number of rows"),
                    Data::Strings(_) => return fail("is constant text"),
                };
                let (len, op) = (values.len(), Op::Constant(values));
                let dtype = self.input.dtype;
                (self.builder.emit(name.to_owned(), op, &[], len, dtype)?, numbers)
            }
            Value::Label(Label { index, values, .. }) => {
                self.builder.budget.claim(values.len())?;
                if let Data::Strings(texts) = values.as_ref() {
                    self.builder.budget.claim(texts.iter().map(|text| text.len()).sum())?;
                }
                match as_labels(&values) {
                    Some(labels) => (index, OutputKind::Label(labels)),
                    None => return fail("is a label that is neither an integer nor text"),
                }
            }
            Value::Text(_) => return fail("is a text column of the input"),
            Value::Labels(_) | Value::Sequence(_) => return fail("is a sequence within another"),
            Value::Unknown => return fail("depends on an unsupported node"),
        };
        Ok(Output { name: name.to_owned(), value, kind })
    }
}

/// Numbers and characters in a list of labels.
fn label_size(labels: &Labels) -> usize {
    match labels {
        Labels::Ints(labels) => labels.len(),
        Labels::Strings(labels) => labels.iter().map(|label| 1 + label.len()).sum(),
    }
}

/// Labels of a type that outputs have; floats only where they are integers.
fn as_labels(values: &Data) -> Option<Labels> {
    match values {
        Data::Ints(ints) => Some(Labels::Ints(ints.clone())),
        Data::Strings(texts) => {
            Some(Labels::Strings(texts.iter().map(|text| text.to_string()).collect()))
        }
        Data::F32(floats) | Data::F64(floats) => {
            let int =
                |float: f64| (float.fract() == 0.0 && float.abs() < 1e15).then_some(float as i64);
            floats.iter().map(|&float| int(float)).collect::<Option<Vec<i64>>>().map(Labels::Ints)
        }
        Data::Dims(_) => None,
    }
}
