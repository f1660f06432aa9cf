//! A node of the ONNX graph: its attributes, with types checked, and the errors that name it.

use crate::onnx::pb::attribute_proto::AttributeType;
use crate::onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::error::{ImportError, UnsupportedNode};
use super::tensor::{texts, Tensor};

/// Why an operator was not translated.
#[derive(Debug)]
pub(crate) enum OpError {
    /// It is well-formed, but nothing here does the same; the import goes on to find more of these.
    Unsupported(String),
    /// The model is malformed; the import ends.
    Malformed(Box<ImportError>),
}

impl From<ImportError> for OpError {
    fn from(error: ImportError) -> Self {
        OpError::Malformed(Box::new(error))
    }
}

pub(crate) fn unsupported<T>(reason: impl Into<String>) -> Result<T, OpError> {
    Err(OpError::Unsupported(reason.into()))
}

/// A node and the version of its operator set.
pub(crate) struct OnnxNode<'a> {
    pub(crate) proto: &'a NodeProto,
    /// The node's name, or `Op_index`.
    pub(crate) name: String,
    pub(crate) opset: i64,
}

impl<'a> OnnxNode<'a> {
    pub(crate) fn new(proto: &'a NodeProto, index: usize, opset: i64) -> Self {
        Self { proto, name: name_of(proto, index), opset }
    }

    pub(crate) fn op(&self) -> &'a str {
        &self.proto.op_type
    }

    /// Refuses attributes that are given twice or belong to a function body.
    pub(crate) fn check_attributes(&self) -> Result<(), ImportError> {
        let mut names: Vec<&str> = self.proto.attribute.iter().map(|a| a.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(self.attribute_error(pair[0], "is given twice"));
        }
        match self.proto.attribute.iter().find(|a| !a.ref_attr_name.is_empty()) {
            Some(attribute) => {
                Err(self.attribute_error(&attribute.name, "refers to a function's attribute"))
            }
            None => Ok(()),
        }
    }

    pub(crate) fn int(&self, name: &str) -> Result<Option<i64>, ImportError> {
        Ok(self.attribute(name, AttributeType::Int)?.map(|attribute| attribute.i))
    }

    pub(crate) fn int_or(&self, name: &str, default: i64) -> Result<i64, ImportError> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// An integer attribute that is used as 0 or not 0.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, ImportError> {
        Ok(self.int(name)?.map_or(default, |value| value != 0))
    }

    pub(crate) fn float_or(&self, name: &str, default: f32) -> Result<f64, ImportError> {
        let value = self.attribute(name, AttributeType::Float)?.map_or(default, |a| a.f);
        self.finite(name, &[value.into()])?;
        Ok(value.into())
    }

    /// A float that may be infinite or NaN: the caller checks.
    pub(crate) fn any_float(&self, name: &str) -> Result<Option<f64>, ImportError> {
        Ok(self.attribute(name, AttributeType::Float)?.map(|attribute| attribute.f.into()))
    }

    pub(crate) fn string(&self, name: &str) -> Result<Option<&'a str>, ImportError> {
        let Some(attribute) = self.attribute(name, AttributeType::String)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&attribute.s);
        text.map(Some).map_err(|_| self.attribute_error(name, "is not UTF-8 text"))
    }

    /// The integers, or none where the attribute is absent.
    pub(crate) fn ints(&self, name: &str) -> Result<&'a [i64], ImportError> {
        Ok(self.attribute(name, AttributeType::Ints)?.map_or(&[], |a| a.ints.as_slice()))
    }

    /// The numbers, all finite, or none where the attribute is absent.
    pub(crate) fn floats(&self, name: &str) -> Result<Vec<f64>, ImportError> {
        let floats = self.any_floats(name)?;
        self.finite(name, &floats)?;
        Ok(floats)
    }

    /// Numbers that may be infinite or NaN: the caller checks.
    pub(crate) fn any_floats(&self, name: &str) -> Result<Vec<f64>, ImportError> {
        let floats = self.attribute(name, AttributeType::Floats)?.map_or(&[][..], |a| &a.floats);
        Ok(floats.iter().map(|&value| value.into()).collect())
    }

    /// The byte strings, or none where the attribute is absent.
    pub(crate) fn byte_strings(&self, name: &str) -> Result<&'a [Vec<u8>], ImportError> {
        Ok(self.attribute(name, AttributeType::Strings)?.map_or(&[], |a| a.strings.as_slice()))
    }

    pub(crate) fn strings(&self, name: &str) -> Result<Vec<String>, ImportError> {
        texts(self.byte_strings(name)?)
            .map_err(|source| ImportError::Tensor { name: self.qualified(name), source })
    }

    pub(crate) fn tensor_proto(&self, name: &str) -> Result<Option<&'a TensorProto>, ImportError> {
        Ok(self.attribute(name, AttributeType::Tensor)?.and_then(|attribute| attribute.t.as_ref()))
    }

    pub(crate) fn tensor(&self, name: &str) -> Result<Option<Tensor>, ImportError> {
        let proto = self.tensor_proto(name)?;
        proto.map(|proto| Tensor::read(proto, &self.qualified(name))).transpose()
    }

    /// A graph that stands in an attribute.
    pub(crate) fn graph(&self, name: &str) -> Result<Option<&'a GraphProto>, ImportError> {
        Ok(self.attribute(name, AttributeType::Graph)?.and_then(|attribute| attribute.g.as_ref()))
    }

    /// What errors call a tensor that stands in an attribute.
    pub(crate) fn qualified(&self, attribute: &str) -> String {
        format!("{}.{attribute}", self.name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.proto.attribute.iter().any(|attribute| attribute.name == name)
    }

    fn attribute(
        &self,
        name: &str,
        wanted: AttributeType,
    ) -> Result<Option<&'a AttributeProto>, ImportError> {
        let Some(attribute) = self.proto.attribute.iter().find(|a| a.name == name) else {
            return Ok(None);
        };
        // Files of IR versions before 2 leave the type out.
        if attribute.r#type == AttributeType::Undefined as i32 || attribute.r#type == wanted as i32
        {
            return Ok(Some(attribute));
        }
        let actual = AttributeType::try_from(attribute.r#type).map_or_else(
            |_| format!("number {}", attribute.r#type),
            |t| t.as_str_name().to_owned(),
        );
        let reason = format!("has the type {actual}, wants {}", wanted.as_str_name());
        Err(self.attribute_error(name, reason))
    }

    pub(crate) fn finite(&self, attribute: &str, numbers: &[f64]) -> Result<(), ImportError> {
        let Some(index) = numbers.iter().position(|number| !number.is_finite()) else {
            return Ok(());
        };
        Err(ImportError::AttributeNonFinite {
            node: self.name.clone(),
            op: self.op().to_owned(),
            attribute: attribute.to_owned(),
            index,
            value: numbers[index],
        })
    }

    pub(crate) fn same_length(
        &self,
        attribute: &str,
        expected: usize,
        actual: usize,
    ) -> Result<(), ImportError> {
        if expected == actual {
            return Ok(());
        }
        Err(ImportError::AttributeLength {
            node: self.name.clone(),
            op: self.op().to_owned(),
            attribute: attribute.to_owned(),
            expected,
            actual,
        })
    }

    pub(crate) fn attribute_error(&self, name: &str, reason: impl Into<String>) -> ImportError {
        ImportError::Attribute {
            node: self.name.clone(),
            op: self.op().to_owned(),
            attribute: name.to_owned(),
            reason: reason.into(),
        }
    }

    pub(crate) fn shape_error(&self, reason: impl Into<String>) -> ImportError {
        let (node, op) = (self.name.clone(), self.op().to_owned());
        ImportError::Shape { node, op, reason: reason.into() }
    }

    pub(crate) fn arity_error(&self, what: &'static str, index: usize) -> ImportError {
        ImportError::Arity { node: self.name.clone(), op: self.op().to_owned(), what, index }
    }

    pub(crate) fn unsupported(&self, reason: String) -> UnsupportedNode {
        UnsupportedNode {
            name: self.name.clone(),
            op: self.op().to_owned(),
            domain: domain_of(self.proto).to_owned(),
            opset: self.opset,
            reason,
        }
    }
}

/// The node's name, or `Op_index` where it has none.
pub(crate) fn name_of(node: &NodeProto, index: usize) -> String {
    if node.name.is_empty() {
        format!("{}_{index}", node.op_type)
    } else {
        node.name.clone()
    }
}

/// The node's domain; the default one has two spellings.
pub(crate) fn domain_of(node: &NodeProto) -> &str {
    spell_domain(&node.domain)
}

pub(crate) fn spell_domain(domain: &str) -> &str {
    if domain.is_empty() {
        "ai.onnx"
    } else {
        domain
    }
}
