//! What an operator's translation works with: its node, its operands, and the graph that grows.

use std::rc::Rc;

use super::limits::Budget;
use super::node::{unsupported, OnnxNode, OpError};
use super::tensor::{Data, Tensor};
use super::value::{Axis, Element, Label, Row, Shape, Text, Value};
use super::ImportError;
use crate::eval;
use crate::graph::{Arithmetic, DType, Feature, Labels, Node, Op, Unary, ValueId};

/// The graph under construction.
pub(crate) struct Builder {
    pub(crate) nodes: Vec<Node>,
    /// What is known of the model's features so far.
    pub(crate) features: Vec<Feature>,
    pub(crate) budget: Budget,
}

impl Builder {
    /// Adds a node; one whose operands are all constant is computed at once.
    pub(crate) fn emit(
        &mut self,
        name: String,
        op: Op,
        inputs: &[ValueId],
        len: usize,
        dtype: DType,
    ) -> Result<ValueId, ImportError> {
        self.budget.claim(len)?;
        let mut node = Node { name, op, inputs: inputs.to_vec(), len };
        let constants = inputs.iter().map(|&value| match &self.nodes[value].op {
            Op::Constant(values) => Some(values.as_slice()),
            _ => None,
        });
        if let (false, Some(operands)) = (inputs.is_empty(), constants.collect::<Option<Vec<_>>>())
        {
            let values = eval::apply(&node, &operands, dtype);
            node = Node { name: node.name, op: Op::Constant(values), inputs: Vec::new(), len };
        }
        self.nodes.push(node);
        Ok(self.nodes.len() - 1)
    }

    /// The value as the rest of the import should see it: folded results are constants again.
    pub(crate) fn settle(&self, value: Value) -> Value {
        let Value::Row(row) = &value else {
            return value;
        };
        let (Op::Constant(values), None) = (&self.nodes[row.value].op, row.shape.batch()) else {
            return value;
        };
        let data = match row.element {
            Element::F32 => Data::F32(values.clone()),
            Element::F64 => Data::F64(values.clone()),
            Element::Int | Element::Bool => {
                Data::Ints(values.iter().map(|&value| value as i64).collect())
            }
        };
        Value::Constant(Rc::new(Tensor { dims: row.shape.sizes(), data }))
    }
}

/// One node of the ONNX graph on its way into the [`Builder`].
pub(crate) struct Context<'b, 'a> {
    pub(crate) node: &'b OnnxNode<'a>,
    pub(crate) inputs: Vec<Option<Value>>,
    pub(crate) builder: &'b mut Builder,
}

impl Context<'_, '_> {
    /// The operand at `index`, which must be there.
    pub(crate) fn input(&self, index: usize) -> Result<Value, ImportError> {
        self.optional(index).ok_or_else(|| self.node.arity_error("input", index))
    }

    /// The operand at `index`, where the model gives one.
    pub(crate) fn optional(&self, index: usize) -> Option<Value> {
        self.inputs.get(index).cloned().flatten()
    }

    /// The operand at `index` as a constant.
    pub(crate) fn constant(&self, index: usize) -> Result<Rc<Tensor>, OpError> {
        match self.input(index)? {
            Value::Constant(tensor) => Ok(tensor),
            _ => unsupported(format!("input {index} is computed, wants a constant")),
        }
    }

    /// The operand at `index` as constant integers, where the model gives one.
    pub(crate) fn optional_ints(&self, index: usize) -> Result<Option<Vec<i64>>, OpError> {
        if self.optional(index).is_none() {
            return Ok(None);
        }
        let tensor = self.constant(index)?;
        match (&tensor.data, tensor.as_ints()) {
            (_, Some(ints)) => Ok(Some(ints.to_vec())),
            (Data::Dims(_), None) => {
                unsupported(format!("input {index} depends on the number of rows"))
            }
            _ => Err(self.node.shape_error(format!("input {index} wants integers")).into()),
        }
    }

    /// The operand at `index` as a vector; constants become nodes.
    pub(crate) fn row(&mut self, index: usize) -> Result<Row, OpError> {
        let value = self.input(index)?;
        self.row_of(value)
    }

    /// The operand at `index` as a vector of floats.
    pub(crate) fn float_row(&mut self, index: usize) -> Result<Row, OpError> {
        let row = self.row(index)?;
        if !row.element.is_float() {
            return unsupported("computes with integers; cast the input to float first");
        }
        Ok(row)
    }

    /// The operand at `index` as a vector of `f32`: other types are rounded to it first.
    pub(crate) fn f32_row(&mut self, index: usize) -> Result<Row, OpError> {
        let row = self.row(index)?;
        Ok(self.round_to_f32(row)?)
    }

    /// `row`, rounded to `f32`.
    pub(crate) fn round_to_f32(&mut self, row: Row) -> Result<Row, ImportError> {
        if row.element == Element::F32 {
            return Ok(row);
        }
        let rounded = Row { element: Element::F32, ..row };
        self.unary("to_f32", Unary::ToF32, &rounded)
    }

    pub(crate) fn row_of(&mut self, value: Value) -> Result<Row, OpError> {
        match value {
            Value::Row(row) => Ok(row),
            Value::Constant(tensor) => {
                let (values, element) = match &tensor.data {
                    Data::F32(values) => (values.clone(), Element::F32),
                    Data::F64(values) => (values.clone(), Element::F64),
                    Data::Ints(ints) => {
                        (ints.iter().map(|&int| int as f64).collect(), Element::Int)
                    }
                    Data::Dims(_) => return unsupported("computes with the number of rows"),
                    Data::Strings(_) => return unsupported("computes with text"),
                };
                let len = values.len();
                let op = Op::Constant(values);
                let value = self.emit("constant", op, &[], len, element.dtype())?;
                let shape = Shape(tensor.dims.iter().map(|&dim| Axis::Len(dim)).collect());
                Ok(Row { value, shape, element })
            }
            Value::Label(Label { index, values, shape }) if is_own_index(&values) => {
                Ok(Row { value: index, shape, element: Element::Int })
            }
            Value::Label(label) => super::ops::lookup::numbers(self, label),
            Value::Map { .. } => unsupported("computes with ZipMap's maps"),
            Value::Text(_) => unsupported(
                "computes with text; only OneHotEncoder and LabelEncoder look at text columns",
            ),
            Value::Labels(_) => unsupported("computes with texts of several class labels"),
            Value::Sequence(_) => unsupported("computes with a sequence"),
            Value::Unknown => unsupported("depends on an unsupported node"),
        }
    }

    /// The shape of any operand.
    pub(crate) fn shape_of(&self, value: &Value) -> Result<Shape, OpError> {
        match value {
            Value::Row(Row { shape, .. })
            | Value::Label(Label { shape, .. })
            | Value::Text(Text { shape, .. }) => Ok(shape.clone()),
            Value::Constant(tensor) => {
                Ok(Shape(tensor.dims.iter().map(|&dim| Axis::Len(dim)).collect()))
            }
            Value::Map { .. } => unsupported("computes with ZipMap's maps"),
            Value::Labels(_) => unsupported("computes with texts of several class labels"),
            Value::Sequence(_) => unsupported("computes with a sequence"),
            Value::Unknown => unsupported("depends on an unsupported node"),
        }
    }

    /// Adds a graph node; `part` tells apart several that one ONNX node becomes, empty for the main one.
    pub(crate) fn emit(
        &mut self,
        part: &str,
        op: Op,
        inputs: &[ValueId],
        len: usize,
        dtype: DType,
    ) -> Result<ValueId, ImportError> {
        let name = match part {
            "" => self.node.name.clone(),
            _ => format!("{}:{part}", self.node.name),
        };
        self.builder.emit(name, op, inputs, len, dtype)
    }

    /// Applies a function to each element of `row`; the result has `row`'s shape and element type.
    pub(crate) fn unary(&mut self, part: &str, op: Unary, row: &Row) -> Result<Row, ImportError> {
        self.same_shape(part, Op::Unary(op), row)
    }

    /// Adds a node of one operand whose result has the operand's shape and element type.
    pub(crate) fn same_shape(&mut self, part: &str, op: Op, row: &Row) -> Result<Row, ImportError> {
        let value = self.emit(part, op, &[row.value], row.shape.len(), row.element.dtype())?;
        Ok(Row { value, ..row.clone() })
    }

    /// `a ∘ b` of two vectors of one shape; the result has `a`'s element type.
    pub(crate) fn pair(
        &mut self,
        part: &str,
        op: Arithmetic,
        a: &Row,
        b: &Row,
    ) -> Result<Row, ImportError> {
        let inputs = [a.value, b.value];
        let op = Op::Elementwise(op);
        let value = self.emit(part, op, &inputs, a.shape.len(), a.element.dtype())?;
        Ok(Row { value, ..a.clone() })
    }

    /// `x ∘ constant` for each element, or `constant ∘ x`; the constant is rounded to the element type.
    pub(crate) fn with_scalar(
        &mut self,
        part: &str,
        op: Arithmetic,
        x: &Row,
        constant: f64,
        constant_first: bool,
    ) -> Result<Row, ImportError> {
        let len = x.shape.len();
        self.claim(len)?;
        let constant = vec![eval::round_to(x.element.dtype(), constant); len];
        self.same_shape(part, Op::WithConstant { op, constant, constant_first }, x)
    }

    /// The elements at `indices`, in a new shape.
    pub(crate) fn picked(
        &mut self,
        part: &str,
        row: &Row,
        indices: Vec<usize>,
        shape: Shape,
    ) -> Result<Row, ImportError> {
        if indices.iter().copied().eq(0..row.shape.len()) {
            return Ok(Row { shape, ..row.clone() });
        }
        let len = indices.len();
        self.claim(len)?;
        let op = Op::Gather(indices);
        let value = self.emit(part, op, &[row.value], len, row.element.dtype())?;
        Ok(Row { value, shape, element: row.element })
    }

    /// Vectors one after the other, in a shape of as many elements. There is at least one.
    pub(crate) fn joined(
        &mut self,
        part: &str,
        rows: &[Row],
        shape: Shape,
    ) -> Result<Row, ImportError> {
        let element = rows[0].element;
        if let [row] = rows {
            return Ok(Row { shape, ..row.clone() });
        }
        let values: Vec<ValueId> = rows.iter().map(|row| row.value).collect();
        let len = rows.iter().map(|row| row.shape.len()).sum();
        let value = self.emit(part, Op::Concat, &values, len, element.dtype())?;
        Ok(Row { value, shape, element })
    }

    /// A vector of constants.
    pub(crate) fn constant_row(
        &mut self,
        part: &str,
        values: Vec<f64>,
        shape: Shape,
        element: Element,
    ) -> Result<Row, ImportError> {
        let len = values.len();
        self.claim(len)?;
        let value = self.emit(part, Op::Constant(values), &[], len, element.dtype())?;
        Ok(Row { value, shape, element })
    }

    /// The numbers of a vector that is constant whatever the input is.
    pub(crate) fn known(&self, row: &Row) -> Option<&[f64]> {
        match &self.builder.nodes[row.value].op {
            Op::Constant(values) => Some(values),
            _ => None,
        }
    }

    /// Takes elements out of the import's budget, before they are allocated.
    pub(crate) fn claim(&mut self, elements: usize) -> Result<(), ImportError> {
        self.builder.budget.claim(elements)
    }

    /// An axis number as an index; negative ones count from the end.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize, ImportError> {
        let signed = rank as i64;
        if (-signed..signed).contains(&axis) {
            return Ok(axis.rem_euclid(signed) as usize);
        }
        Err(self.node.shape_error(format!("axis {axis} of a tensor with {rank} axes")))
    }

    /// Class labels out of a pair of attributes of which one is given.
    pub(crate) fn class_labels(&self, ints: &str, strings: &str) -> Result<Labels, ImportError> {
        let (numbers, texts) = (self.node.ints(ints)?, self.node.strings(strings)?);
        match (numbers.is_empty(), texts.is_empty()) {
            (false, true) => Ok(Labels::Ints(numbers.to_vec())),
            (true, false) => Ok(Labels::Strings(texts)),
            (true, true) => {
                Err(self.node.attribute_error(ints, format!("is missing, and so is {strings}")))
            }
            (false, false) => {
                Err(self.node.attribute_error(ints, format!("is given, and so is {strings}")))
            }
        }
    }
}

/// Whether each value is the index that chooses it: then the label is a number like any other.
fn is_own_index(values: &Data) -> bool {
    match values {
        Data::Ints(ints) => ints.iter().enumerate().all(|(at, &int)| int == at as i64),
        _ => false,
    }
}

impl From<Labels> for Data {
    fn from(labels: Labels) -> Self {
        match labels {
            Labels::Ints(labels) => Data::Ints(labels),
            Labels::Strings(labels) => Data::texts(labels),
        }
    }
}
