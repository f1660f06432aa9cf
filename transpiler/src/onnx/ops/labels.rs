//! ai.onnx.ml LabelEncoder and ZipMap.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::rc::Rc;

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Element, Label, Row, Shape, Text, Value};
use super::lookup::{categories, look_up, positions, Dictionary};
use crate::graph::{DType, ValueId};

/// LabelEncoder: a dictionary from keys to values, applied to class labels and constants.
pub(super) fn label_encoder(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let encoded = match context.input(0)? {
        Value::Label(label) => {
            context.claim(label.values.len())?;
            let values = Rc::new(encode(context, &label.values)?);
            Value::Label(Label { values, ..label })
        }
        Value::Constant(tensor) => {
            context.claim(tensor.len())?;
            let data = encode(context, &tensor.data)?;
            Value::Constant(Rc::new(Tensor { dims: tensor.dims.clone(), data }))
        }
        Value::Text(text) => encode_text(context, &text)?,
        value => {
            let row = context.row_of(value)?;
            encode_numbers(context, &row)?
        }
    };
    Ok(vec![encoded])
}

/// The keys, the values and the value of everything else.
fn entries(context: &Context<'_, '_>, texts: bool) -> Result<(Data, Data, Data), OpError> {
    let (keys, values, default) = match context.node.opset {
        // Any texts: only their type matters.
        1 if texts => classic(context, &Data::Strings(Vec::new()))?,
        1 => classic(context, &Data::Ints(Vec::new()))?,
        _ => dictionary(context)?,
    };
    context.node.same_length("values", keys.len(), values.len())?;
    Ok((keys, values, default))
}

/// A text column: its categories are the keys.
fn encode_text(context: &mut Context<'_, '_>, text: &Text) -> Result<Value, OpError> {
    let (keys, values, default) = entries(context, true)?;
    let Data::Strings(keys) = keys else {
        return Err(context.node.shape_error("the keys are not texts").into());
    };
    let keys: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
    let mut places = Vec::with_capacity(text.features.len());
    for &feature in &text.features {
        places.push(categories(context, feature, &keys, true)?);
    }
    let positions = positions(context, text)?;
    encoded(context, positions, places, &text.shape, (values, default))
}

/// Computed numbers. A key that is NaN is left out: missing values do not come here.
fn encode_numbers(context: &mut Context<'_, '_>, row: &Row) -> Result<Value, OpError> {
    let (keys, values, default) = entries(context, false)?;
    let keys: Vec<f64> = match keys {
        Data::Ints(ints) => ints.iter().map(|&int| int as f64).collect(),
        Data::F32(keys) | Data::F64(keys) => keys,
        _ => return Err(context.node.shape_error("the keys are not numbers").into()),
    };
    encoded(context, row.value, vec![keys; row.shape.len()], &row.shape, (values, default))
}

/// Looks each element up among its keys.
fn encoded(
    context: &mut Context<'_, '_>,
    value: ValueId,
    keys: Vec<Vec<f64>>,
    shape: &Shape,
    (values, default): (Data, Data),
) -> Result<Value, OpError> {
    let len = keys.len();
    let all = values.concat(default).ok_or_else(|| {
        context.node.shape_error("the values and the default are of different types")
    })?;
    let texts = matches!(all, Data::Strings(_));
    if texts && len != 1 {
        return unsupported("encodes several elements as texts");
    }
    let (numbers, element): (Vec<f64>, Element) = match &all {
        // A label: the position, and what stands there.
        Data::Strings(texts) => ((0..texts.len()).map(|at| at as f64).collect(), Element::Int),
        Data::Ints(ints) => (ints.iter().map(|&int| int as f64).collect(), Element::Int),
        Data::F32(values) => (values.clone(), Element::F32),
        Data::F64(values) => (values.clone(), Element::F64),
        Data::Dims(_) => return unsupported("encodes the number of rows"),
    };
    let last = numbers.last().copied().unwrap_or_default();
    let dictionary = |(target, keys): (usize, Vec<f64>)| {
        let mut seen = HashSet::new();
        let entries = keys.into_iter().zip(&numbers).filter(|(key, _)| {
            // The first of equal keys counts.
            !key.is_nan() && seen.insert((key + 0.0).to_bits())
        });
        let entries = entries.map(|(key, &value)| (key, vec![(target, value)])).collect();
        Dictionary { entries, default: Some(vec![(target, last)]) }
    };
    let dictionaries = keys.into_iter().enumerate().map(dictionary).collect();
    let dtype = if element == Element::F32 { DType::F32 } else { DType::F64 };
    let value = look_up(context, "", value, dictionaries, len, dtype)?;
    let shape = shape.clone();
    Ok(match texts {
        true => Value::Label(Label { index: value, values: Rc::new(all), shape }),
        false => Value::Row(Row { value, shape, element }),
    })
}

/// Applies the dictionary to each element.
fn encode(context: &Context<'_, '_>, data: &Data) -> Result<Data, OpError> {
    let (keys, values, default) = match context.node.opset {
        1 => classic(context, data)?,
        _ => dictionary(context)?,
    };
    context.node.same_length("values", keys.len(), values.len())?;
    // The default stands behind the values, where no key leads.
    let miss = values.len();
    let (Some(table), Some(indices)) = (values.concat(default), find(data, &keys, miss)) else {
        return Err(context.node.shape_error("keys, values and labels differ in type").into());
    };
    Ok(table.select(&indices))
}

/// For each element of `data`, the index of the first key that equals it, or `miss`.
fn find(data: &Data, keys: &Data, miss: usize) -> Option<Vec<usize>> {
    fn search<T: Hash + Eq>(
        data: impl Iterator<Item = T>,
        keys: impl Iterator<Item = T>,
        miss: usize,
    ) -> Vec<usize> {
        let mut places = HashMap::new();
        for (place, key) in keys.enumerate() {
            places.entry(key).or_insert(place);
        }
        data.map(|x| places.get(&x).copied().unwrap_or(miss)).collect()
    }
    // Floats are finite here; adding 0 makes one zero of two.
    let bits = |x: &f64| (x + 0.0).to_bits();
    match (data, keys) {
        (Data::Ints(data), Data::Ints(keys)) => Some(search(data.iter(), keys.iter(), miss)),
        (Data::Strings(data), Data::Strings(keys)) => Some(search(data.iter(), keys.iter(), miss)),
        (Data::F32(data), Data::F32(keys)) | (Data::F64(data), Data::F64(keys)) => {
            Some(search(data.iter().map(bits), keys.iter().map(bits), miss))
        }
        _ => None,
    }
}

/// Opset 1: one list of texts, each paired with its position, read in the direction that fits.
fn classic(context: &Context<'_, '_>, data: &Data) -> Result<(Data, Data, Data), OpError> {
    let classes = Data::texts(context.node.strings("classes_strings")?);
    let positions = Data::Ints((0..classes.len() as i64).collect());
    if let Data::Strings(_) = data {
        let default = context.node.int_or("default_int64", -1)?;
        return Ok((classes, positions, Data::Ints(vec![default])));
    }
    let default = context.node.string("default_string")?.unwrap_or("_Unused").to_owned();
    Ok((positions, classes, Data::texts(vec![default])))
}

/// Opset 2: `keys_*` and `values_*` lists; opset 4 adds tensors.
fn dictionary(context: &Context<'_, '_>) -> Result<(Data, Data, Data), OpError> {
    let node = context.node;
    let list = |side: &str| -> Result<Data, OpError> {
        let name = |kind: &str| format!("{side}_{kind}");
        Ok(if node.has(&name("strings")) {
            Data::texts(node.strings(&name("strings"))?)
        } else if node.has(&name("int64s")) {
            Data::Ints(node.ints(&name("int64s"))?.to_vec())
        } else if node.has(&name("floats")) {
            // A key may be NaN: no number that comes here is.
            Data::F32(match side {
                "keys" => node.any_floats(&name("floats"))?,
                _ => node.floats(&name("floats"))?,
            })
        } else if let Some(tensor) = node.tensor(&name("tensor"))? {
            tensor.data
        } else {
            return Err(node.attribute_error(&name("int64s"), "and its kin are missing").into());
        })
    };
    let (keys, values) = (list("keys")?, list("values")?);
    let default = match (node.tensor("default_tensor")?, &values) {
        (Some(tensor), _) if tensor.len() == 1 => tensor.data,
        (Some(_), _) => {
            return Err(node.attribute_error("default_tensor", "wants 1 element").into())
        }
        (None, Data::Strings(_)) => {
            let text = node.string("default_string")?.unwrap_or("_Unused");
            Data::texts(vec![text.to_owned()])
        }
        (None, Data::F32(_)) => Data::F32(vec![node.float_or("default_float", -0.0)?]),
        (None, Data::F64(_)) => Data::F64(vec![node.float_or("default_float", -0.0)?]),
        (None, _) => Data::Ints(vec![node.int_or("default_int64", -1)?]),
    };
    Ok((keys, values, default))
}

/// ZipMap: the classes that a vector's elements are about.
pub(super) fn zip_map(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let classes = context.class_labels("classlabels_int64s", "classlabels_strings")?;
    let classes = Rc::new(classes);
    let Row { value, shape, .. } = context.row(0)?;
    if shape.len() != classes.len() || shape.rank() == 0 || shape.rank() > 2 {
        let reason = format!("{shape} and {} classes do not agree", classes.len());
        return Err(context.node.shape_error(reason).into());
    }
    Ok(vec![Value::Map { value, classes }])
}
