//! ai.onnx.ml Imputer, OneHotEncoder and FeatureVectorizer.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Axis, Element, Row, Shape, Value};
use super::lookup::{categories, look_up, positions, Dictionary};
use crate::graph::{Arithmetic, DType, Op};

/// Imputer: elements that equal `replaced_value` (a missing value, as a rule) give way to the imputed
/// value of their feature, or the one of all.
///
/// Infinite elements cannot come up in an integer model: with an infinite `replaced_value` nothing changes.
pub(super) fn imputer(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let row = context.row(0)?;
    let node = context.node;
    let (imputed, replaced) = if row.element.is_float() {
        let replaced = node.any_float("replaced_value_float")?.unwrap_or(0.0);
        (node.floats("imputed_value_floats")?, replaced)
    } else {
        let ints = node.ints("imputed_value_int64s")?;
        let replaced = node.int_or("replaced_value_int64", 0)?;
        (ints.iter().map(|&int| int as f64).collect(), replaced as f64)
    };
    let len = row.shape.len();
    context.claim(len)?;
    let imputed = match imputed.as_slice() {
        [] => {
            return Err(node.attribute_error("imputed_value_floats", "is missing").into());
        }
        &[value] => vec![value; len],
        _ => {
            node.same_length("imputed_value_floats", len, imputed.len())?;
            imputed
        }
    };
    if replaced.is_infinite() {
        return Ok(vec![Value::Row(row)]);
    }
    if replaced.is_nan() {
        let value =
            context.emit("", Op::Impute(imputed), &[row.value], len, row.element.dtype())?;
        return Ok(vec![Value::Row(Row { value, ..row })]);
    }
    // x + (imputed − replaced) where x equals it.
    let entry = |(at, &value): (usize, &f64)| Dictionary {
        entries: vec![(replaced, vec![(at, value - replaced)])],
        default: Some(Vec::new()),
    };
    let dictionaries = imputed.iter().enumerate().map(entry).collect();
    let dtype = if row.element == Element::F32 { DType::F32 } else { DType::F64 };
    let change = look_up(context, "replaced", row.value, dictionaries, len, dtype)?;
    let op = Op::Elementwise(Arithmetic::Add);
    let value = context.emit("", op, &[row.value, change], len, row.element.dtype())?;
    Ok(vec![Value::Row(Row { value, ..row })])
}

/// OneHotEncoder: a new last axis with 1 at the element's category, else 0. A text column's categories
/// become the model's own; with `zeros` any other text is taken too and gives zeros.
pub(super) fn one_hot(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let zeros = context.node.flag("zeros", true)?;
    let texts = context.node.strings("cats_strings")?;
    let ints = context.node.ints("cats_int64s")?;
    let input = context.input(0)?;
    let (value, keys, shape) = match input {
        Value::Text(text) => {
            if texts.is_empty() {
                return Err(context.node.attribute_error("cats_strings", "is missing").into());
            }
            let mut keys = Vec::with_capacity(text.features.len());
            for &feature in &text.features {
                keys.push(categories(context, feature, &texts, zeros)?);
            }
            (positions(context, &text)?, keys, text.shape)
        }
        Value::Label(label) if matches!(label.values.as_ref(), Data::Strings(_)) => {
            let Data::Strings(labels) = label.values.as_ref() else {
                return unsupported("encodes labels of several types");
            };
            // The positions whose label is the category; a label stands for one position only.
            let place = |text: &String| {
                labels.iter().position(|label| **label == **text).map_or(-1.0, |at| at as f64)
            };
            (label.index, vec![texts.iter().map(place).collect()], label.shape)
        }
        value => {
            let row = context.row_of(value)?;
            if ints.is_empty() {
                return Err(context.node.attribute_error("cats_int64s", "is missing").into());
            }
            let keys: Vec<f64> = ints.iter().map(|&int| int as f64).collect();
            (row.value, vec![keys; row.shape.len()], row.shape)
        }
    };
    let count = keys.first().map_or(0, Vec::len);
    let n_targets = count.saturating_mul(keys.len());
    context.claim(n_targets)?;
    let encode = |(element, keys): (usize, Vec<f64>)| {
        let target = |at: usize| element * count + at;
        let entries = keys.into_iter().enumerate().map(|(at, key)| (key, vec![(target(at), 1.0)]));
        Dictionary { entries: entries.collect(), default: Some(Vec::new()) }
    };
    let dictionaries = keys.into_iter().enumerate().map(encode).collect();
    let value = look_up(context, "", value, dictionaries, n_targets, DType::F32)?;
    let mut axes = shape.0;
    axes.push(Axis::Len(count));
    Ok(vec![Value::Row(Row { value, shape: Shape(axes), element: Element::F32 })])
}

/// FeatureVectorizer: the operands side by side, as `f32`.
pub(super) fn feature_vectorizer(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let mut rows = Vec::with_capacity(context.inputs.len());
    for index in 0..context.inputs.len() {
        rows.push(context.f32_row(index)?);
    }
    let Some(first) = rows.first() else {
        return Err(context.node.arity_error("input", 0).into());
    };
    let batch = match first.shape.0.as_slice() {
        &[batch, _] if batch.size() == 1 => batch,
        [_] => Axis::Len(1),
        _ => return unsupported(format!("takes {}, wants rows of features", first.shape)),
    };
    let sizes = context.node.ints("inputdimensions")?;
    for (row, &size) in rows.iter().zip(sizes) {
        context.node.same_length("inputdimensions", row.shape.len(), size.max(0) as usize)?;
    }
    let len = rows.iter().map(|row| row.shape.len()).sum();
    let values: Vec<_> = rows.iter().map(|row| row.value).collect();
    let value = context.emit("", Op::Concat, &values, len, DType::F32)?;
    let shape = Shape(vec![batch, Axis::Len(len)]);
    Ok(vec![Value::Row(Row { value, shape, element: Element::F32 })])
}
