//! Constant tensors: initialisers and tensor attributes.

use std::rc::Rc;

use crate::onnx::pb::tensor_proto::DataType;
use crate::onnx::pb::TensorProto;

use super::error::TensorError;
use super::external::is_external;
use super::limits::MAX_RANK;
use super::ImportError;
use crate::float::pow2;

/// A constant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) dims: Vec<usize>,
    pub(crate) data: Data,
}

/// The elements of a constant tensor. Every float is finite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    F32(Vec<f64>),
    F64(Vec<f64>),
    /// Integers of any width, and booleans as 0 and 1.
    Ints(Vec<i64>),
    /// A shape in which the number of rows stands for itself; at least one is [`Dim::Batch`].
    Dims(Vec<Dim>),
    /// Shared, as a table may name one long text many times.
    Strings(Vec<Rc<str>>),
}

/// One entry of a shape tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dim {
    /// The number of rows, which the model leaves open.
    Batch,
    /// A known number; -1 and 0 mean what the reader of the shape says.
    Known(i64),
}

impl Data {
    pub(crate) fn len(&self) -> usize {
        match self {
            Data::F32(values) | Data::F64(values) => values.len(),
            Data::Ints(values) => values.len(),
            Data::Dims(values) => values.len(),
            Data::Strings(values) => values.len(),
        }
    }

    /// Texts.
    pub(crate) fn texts(texts: Vec<String>) -> Data {
        Data::Strings(texts.into_iter().map(Rc::from).collect())
    }

    /// Shape entries, as plain integers where none is the number of rows.
    pub(crate) fn dims(dims: Vec<Dim>) -> Data {
        let known = |dim: &Dim| match dim {
            Dim::Known(size) => Some(*size),
            Dim::Batch => None,
        };
        dims.iter().map(known).collect::<Option<Vec<i64>>>().map_or(Data::Dims(dims), Data::Ints)
    }

    /// The elements of both, if they are of one type.
    pub(crate) fn concat(self, other: Data) -> Option<Data> {
        let as_dims = |ints: Vec<i64>| ints.into_iter().map(Dim::Known).collect::<Vec<_>>();
        Some(match (self, other) {
            (Data::F32(a), Data::F32(b)) => Data::F32([a, b].concat()),
            (Data::F64(a), Data::F64(b)) => Data::F64([a, b].concat()),
            (Data::Ints(a), Data::Ints(b)) => Data::Ints([a, b].concat()),
            (Data::Strings(a), Data::Strings(b)) => Data::Strings([a, b].concat()),
            (Data::Dims(a), Data::Dims(b)) => Data::Dims([a, b].concat()),
            (Data::Ints(a), Data::Dims(b)) => Data::Dims([as_dims(a), b].concat()),
            (Data::Dims(a), Data::Ints(b)) => Data::Dims([a, as_dims(b)].concat()),
            _ => return None,
        })
    }

    /// The elements at `indices`, which must be in range.
    pub(crate) fn select(&self, indices: &[usize]) -> Data {
        match self {
            Data::F32(values) => Data::F32(indices.iter().map(|&i| values[i]).collect()),
            Data::F64(values) => Data::F64(indices.iter().map(|&i| values[i]).collect()),
            Data::Ints(values) => Data::Ints(indices.iter().map(|&i| values[i]).collect()),
            Data::Dims(values) => Data::dims(indices.iter().map(|&i| values[i]).collect()),
            Data::Strings(values) => {
                Data::Strings(indices.iter().map(|&i| values[i].clone()).collect())
            }
        }
    }
}

impl Tensor {
    pub(crate) fn len(&self) -> usize {
        self.data.len()
    }

    /// The elements as floats, if they are floats.
    pub(crate) fn floats(&self) -> Option<&[f64]> {
        match &self.data {
            Data::F32(values) | Data::F64(values) => Some(values),
            _ => None,
        }
    }

    /// The elements as integers, if they are integers.
    pub(crate) fn as_ints(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Ints(values) => Some(values),
            _ => None,
        }
    }

    /// Reads a protocol-buffer tensor; `name` is what errors call it.
    pub(crate) fn read(proto: &TensorProto, name: &str) -> Result<Self, ImportError> {
        Self::read_with(proto, true)
            .map_err(|source| ImportError::Tensor { name: name.to_owned(), source })
    }

    /// As [`Tensor::read`], but lets NaN and infinities pass (separators, open bounds).
    pub(crate) fn read_any(proto: &TensorProto, name: &str) -> Result<Self, ImportError> {
        Self::read_with(proto, false)
            .map_err(|source| ImportError::Tensor { name: name.to_owned(), source })
    }

    fn read_with(proto: &TensorProto, finite: bool) -> Result<Self, TensorError> {
        if is_external(proto) {
            let location = proto.external_data.iter().find(|entry| entry.key == "location");
            let location = location.map(|entry| entry.value.clone()).unwrap_or_default();
            return Err(TensorError::External { location });
        }
        let (dims, expected) = count(&proto.dims)?;
        let data = read_data(proto, expected)?;
        let actual = data.len();
        if actual != expected {
            return Err(TensorError::DataLength { expected, actual });
        }
        if let (true, Data::F32(values) | Data::F64(values)) = (finite, &data) {
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(TensorError::NonFinite { index, value: values[index] });
            }
        }
        Ok(Self { dims, data })
    }
}

/// The dimensions as sizes, and their product.
fn count(dims: &[i64]) -> Result<(Vec<usize>, usize), TensorError> {
    if dims.len() > MAX_RANK {
        return Err(TensorError::Rank { rank: dims.len(), limit: MAX_RANK });
    }
    let mut sizes = Vec::with_capacity(dims.len());
    for (axis, &dim) in dims.iter().enumerate() {
        match usize::try_from(dim) {
            Ok(size) => sizes.push(size),
            Err(_) if dim < 0 => return Err(TensorError::NegativeDim { axis, dim }),
            Err(_) => return Err(TensorError::DimsOverflow { dims: dims.to_vec() }),
        }
    }
    match sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size)) {
        // An empty list is of use, but nothing else of a tensor without elements.
        Some(0) if sizes.len() > 1 => Err(TensorError::EmptyAxis { dims: dims.to_vec() }),
        Some(product) => Ok((sizes, product)),
        None => Err(TensorError::DimsOverflow { dims: dims.to_vec() }),
    }
}

fn read_data(proto: &TensorProto, expected: usize) -> Result<Data, TensorError> {
    let raw = &proto.raw_data;
    let is_raw = !raw.is_empty();
    let unsupported = |actual: String| TensorError::DataType { actual };
    let data_type = DataType::try_from(proto.data_type)
        .map_err(|_| unsupported(format!("number {}", proto.data_type)))?;
    // Bits that are not of the type's width are truncated away, as in a C cast.
    let narrow = |values: &[i32]| Data::Ints(values.iter().map(|&value| value.into()).collect());
    Ok(match data_type {
        DataType::Float if is_raw => Data::F32(words(raw, |b| f32::from_le_bytes(b).into())?),
        DataType::Float => Data::F32(proto.float_data.iter().map(|&value| value.into()).collect()),
        // Half precision is computed with as single precision.
        DataType::Float16 if is_raw => Data::F32(words(raw, |b| half(u16::from_le_bytes(b)))?),
        DataType::Bfloat16 if is_raw => Data::F32(words(raw, |b| brain(u16::from_le_bytes(b)))?),
        DataType::Float16 => Data::F32(bits(&proto.int32_data, half)),
        DataType::Bfloat16 => Data::F32(bits(&proto.int32_data, brain)),
        DataType::Double if is_raw => Data::F64(words(raw, f64::from_le_bytes)?),
        DataType::Double => Data::F64(proto.double_data.clone()),
        DataType::Int64 if is_raw => Data::Ints(words(raw, i64::from_le_bytes)?),
        DataType::Int64 => Data::Ints(proto.int64_data.clone()),
        DataType::Int32 if is_raw => Data::Ints(words(raw, |b| i32::from_le_bytes(b).into())?),
        DataType::Uint8 | DataType::Bool if is_raw => {
            Data::Ints(words(raw, |[byte]: [u8; 1]| byte.into())?)
        }
        DataType::Int32 | DataType::Uint8 | DataType::Bool => narrow(&proto.int32_data),
        DataType::String => Data::texts(texts(&proto.string_data)?),
        // An undefined type is only harmless without elements.
        DataType::Undefined if expected == 0 && !is_raw => Data::F32(Vec::new()),
        other => return Err(unsupported(other.as_str_name().to_owned())),
    })
}

/// Numbers of 16 bits out of the list of 32-bit ones that holds them.
fn bits(words: &[i32], read: impl Fn(u16) -> f64) -> Vec<f64> {
    words.iter().map(|&word| read(word as u16)).collect()
}

/// A number of half precision: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        0 => fraction * pow2(-24),
        _ => (1024.0 + fraction) * pow2(exponent - 25),
    }
}

/// The upper half of a number of single precision.
fn brain(bits: u16) -> f64 {
    f32::from_bits(u32::from(bits) << 16).into()
}

fn words<const N: usize, T>(
    raw: &[u8],
    read: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, TensorError> {
    let (words, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(TensorError::RawLength { bytes: raw.len(), size: N });
    }
    Ok(words.iter().map(|word| read(*word)).collect())
}

/// Byte strings as text.
pub(crate) fn texts(bytes: &[Vec<u8>]) -> Result<Vec<String>, TensorError> {
    let read = |(index, bytes): (usize, &Vec<u8>)| {
        String::from_utf8(bytes.clone()).map_err(|_| TensorError::NotText { index })
    };
    bytes.iter().enumerate().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x7bff, 65_504.0),
            (0x0400, pow2(-14)),
            (0x0001, pow2(-24)),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!((brain(0x3f80), brain(0xc040)), (1.0, -3.0));
    }
}
