//! Cast between element types; Identity and Dropout, which do nothing at inference.

use std::rc::Rc;

use crate::onnx::pb::tensor_proto::DataType;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Element, Label, Row, Value};
use super::super::ImportError;
use crate::graph::Unary;

/// Identity; and Dropout, whose mask and training mode (an input from opset 12 on) are not supported.
pub(super) fn pass_through(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    if context.node.op() == "Dropout" {
        let trains = match context.optional_ints(2)? {
            Some(ints) => ints.first().is_some_and(|&flag| flag != 0),
            None => false,
        };
        if trains {
            return unsupported("drops elements out (training mode)");
        }
    }
    Ok(vec![context.input(0)?])
}

/// Cast to FLOAT, DOUBLE, INT32, INT64, BOOL, and of constants and labels also to STRING.
pub(super) fn cast(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let to = context.node.int("to")?;
    let to = to.ok_or_else(|| context.node.attribute_error("to", "is missing"))?;
    let to = i32::try_from(to).ok().and_then(|to| DataType::try_from(to).ok());
    let to = to.ok_or_else(|| context.node.attribute_error("to", "is not an element type"))?;
    // Half precision is computed with as single precision.
    let to = match to {
        DataType::Float16 | DataType::Bfloat16 => DataType::Float,
        to => to,
    };
    let value = match context.input(0)? {
        Value::Constant(tensor) => {
            context.claim(tensor.len())?;
            let data = convert(context, &tensor.data, to)?;
            Value::Constant(Rc::new(Tensor { dims: tensor.dims.clone(), data }))
        }
        Value::Label(label) => {
            context.claim(label.values.len())?;
            let values = Rc::new(convert(context, &label.values, to)?);
            Value::Label(Label { values, ..label })
        }
        value @ Value::Text(_) if to == DataType::String => value,
        value => {
            let row = context.row_of(value)?;
            Value::Row(cast_row(context, row, to)?)
        }
    };
    Ok(vec![value])
}

fn cast_row(context: &mut Context<'_, '_>, row: Row, to: DataType) -> Result<Row, OpError> {
    let (element, op) = match (row.element, to) {
        (Element::F32, DataType::Float)
        | (Element::F64, DataType::Double)
        | (Element::Bool, DataType::Bool) => return Ok(row),
        (Element::Int | Element::Bool, DataType::Int64 | DataType::Int32) => {
            return Ok(Row { element: Element::Int, ..row });
        }
        (_, DataType::Float) => (Element::F32, Unary::ToF32),
        (_, DataType::Double) => (Element::F64, Unary::ToF64),
        (_, DataType::Int64 | DataType::Int32) => (Element::Int, Unary::Truncate),
        (_, DataType::Bool) => (Element::Bool, Unary::ToBool),
        (_, other) => return unsupported(format!("casts to {}", other.as_str_name())),
    };
    Ok(context.unary("", op, &Row { element, ..row })?)
}

fn convert(context: &Context<'_, '_>, data: &Data, to: DataType) -> Result<Data, OpError> {
    let to_f32 = |values: &[f64]| values.iter().map(|&x| f64::from(x as f32)).collect();
    let to_floats = |ints: &[i64]| ints.iter().map(|&int| int as f64).collect::<Vec<f64>>();
    let narrow = |int: i64| if to == DataType::Int32 { i64::from(int as i32) } else { int };
    Ok(match (data, to) {
        (Data::F32(values) | Data::F64(values), DataType::Float) => Data::F32(to_f32(values)),
        (Data::F32(values) | Data::F64(values), DataType::Double) => Data::F64(values.clone()),
        (Data::F32(values) | Data::F64(values), DataType::Int32 | DataType::Int64) => {
            Data::Ints(values.iter().map(|&x| narrow(x as i64)).collect())
        }
        (Data::F32(values) | Data::F64(values), DataType::Bool) => {
            Data::Ints(values.iter().map(|&x| (x != 0.0).into()).collect())
        }
        (Data::Ints(ints), DataType::Float) => Data::F32(to_f32(&to_floats(ints))),
        (Data::Ints(ints), DataType::Double) => Data::F64(to_floats(ints)),
        (Data::Ints(ints), DataType::Int32 | DataType::Int64) => {
            Data::Ints(ints.iter().map(|&int| narrow(int)).collect())
        }
        (Data::Ints(ints), DataType::Bool) => {
            Data::Ints(ints.iter().map(|&int| (int != 0).into()).collect())
        }
        (Data::Ints(ints), DataType::String) => {
            Data::texts(ints.iter().map(i64::to_string).collect())
        }
        (Data::Strings(texts), DataType::String) => Data::Strings(texts.clone()),
        (Data::Strings(texts), DataType::Int32 | DataType::Int64) => {
            Data::Ints(texts.iter().map(|text| parse(context, text)).collect::<Result<_, _>>()?)
        }
        (Data::Dims(dims), DataType::Int32 | DataType::Int64) => Data::Dims(dims.clone()),
        (_, other) => return unsupported(format!("casts to {}", other.as_str_name())),
    })
}

fn parse(context: &Context<'_, '_>, text: &str) -> Result<i64, ImportError> {
    let parsed = text.parse();
    parsed.map_err(|_| context.node.shape_error(format!("the label {text:?} is not an integer")))
}
