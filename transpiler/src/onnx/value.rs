//! What a name of the ONNX graph stands for while the import goes through the nodes.

use std::rc::Rc;

use super::tensor::{Data, Tensor};
use crate::graph::{DType, Labels, ValueId};

/// The value of an ONNX name.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Known whatever the input is.
    Constant(Rc<Tensor>),
    /// Computed from the input, by a node of the graph.
    Row(Row),
    /// One of a fixed list of values, by a computed index: a predicted class.
    Label(Label),
    /// ZipMap's list of maps: a vector and the class of each element.
    Map { value: ValueId, classes: Rc<Labels> },
    /// Columns of text of the input.
    Text(Text),
    /// Several predicted classes side by side, of which some are texts.
    Labels(Vec<Label>),
    /// Several values that the model returns together.
    Sequence(Vec<Value>),
    /// The output of a node that is not supported: what depends on it is skipped.
    Unknown,
}

/// A computed vector and the shape that the ONNX model gives it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) value: ValueId,
    pub(crate) shape: Shape,
    pub(crate) element: Element,
}

/// One of `values`, chosen by the index that a node computes.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) index: ValueId,
    /// Shared by every name of the label.
    pub(crate) values: Rc<Data>,
    /// One element a row.
    pub(crate) shape: Shape,
}

/// Features that are texts: which ones, in row-major order of the shape.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) features: Vec<usize>,
    pub(crate) shape: Shape,
}

/// The element types that computed values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F64,
    Int,
    Bool,
}

impl Element {
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Element::F32 | Element::F64)
    }

    pub(crate) fn dtype(self) -> DType {
        match self {
            Element::F32 => DType::F32,
            Element::F64 => DType::F64,
            Element::Int | Element::Bool => DType::I64,
        }
    }
}

/// One axis of a computed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    /// The rows of the batch: their number, where the model fixes it to more than one.
    Batch(Option<usize>),
    /// The rows, each of which has several elements here, one row's after the other's.
    Rows(usize),
    /// An axis within the row. A batch that is fixed to one row is such an axis, of length 1.
    Len(usize),
}

/// The shape of a computed value: at most one axis is the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape(pub(crate) Vec<Axis>);

impl Shape {
    /// Sizes within one row: the batch counts 1.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.0.iter().map(|axis| axis.size()).collect()
    }

    /// Elements of one row. It is the length of a vector that exists, so it does not overflow.
    pub(crate) fn len(&self) -> usize {
        self.sizes().iter().product()
    }

    pub(crate) fn batch(&self) -> Option<usize> {
        self.0.iter().position(|axis| axis.is_batch())
    }

    pub(crate) fn rank(&self) -> usize {
        self.0.len()
    }
}

impl Axis {
    pub(crate) fn size(self) -> usize {
        match self {
            Axis::Batch(_) => 1,
            Axis::Rows(len) | Axis::Len(len) => len,
        }
    }

    pub(crate) fn is_batch(self) -> bool {
        matches!(self, Axis::Batch(_) | Axis::Rows(_))
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let axis = |axis: &Axis| match axis {
            Axis::Batch(None) => "batch".to_owned(),
            Axis::Batch(Some(rows)) => format!("batch of {rows}"),
            Axis::Rows(len) => format!("batch times {len}"),
            Axis::Len(len) => len.to_string(),
        };
        write!(f, "[{}]", self.0.iter().map(axis).collect::<Vec<_>>().join(", "))
    }
}
