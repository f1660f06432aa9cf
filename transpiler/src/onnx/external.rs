//! Weights that stand in a file beside the model, as PyTorch's exporter writes them: put into the model.
//!
//! This crate opens no files: the caller reads each piece, and decides which files may be read.

use crate::onnx::pb::tensor_proto::{DataLocation, DataType};
use crate::onnx::pb::TensorProto;
use prost::Message;

use super::error::TensorError;
use super::limits::{check, MAX_FILE_BYTES};
use super::{decode, ImportError};

/// A piece of another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalPiece {
    /// The file, as the model names it: relative to the model's folder. Nobody vouches for it.
    pub location: String,
    /// Where the piece starts.
    pub offset: u64,
    /// How many bytes it has.
    pub length: usize,
}

/// The model with all external data in it; none where it has none. `read` gives a piece's bytes, or says why
/// not.
///
/// # Errors
/// The model is malformed, a piece cannot be read or has another length than its tensor, or the pieces are
/// larger in all than a model file may be.
pub fn embed(
    bytes: &[u8],
    read: &mut dyn FnMut(&ExternalPiece) -> Result<Vec<u8>, String>,
) -> Result<Option<Vec<u8>>, ImportError> {
    let mut model = decode(bytes)?;
    let Some(graph) = &mut model.graph else { return Ok(None) };
    let attributes = graph.node.iter_mut().flat_map(|node| &mut node.attribute);
    let tensors = attributes.filter_map(|attribute| attribute.t.as_mut());
    let mut total = bytes.len();
    let mut any = false;
    for tensor in graph.initializer.iter_mut().chain(tensors).filter(|tensor| is_external(tensor)) {
        let name = tensor.name.clone();
        let fail = |source| ImportError::Tensor { name: name.clone(), source };
        let piece = piece(tensor).map_err(fail)?;
        total = total.saturating_add(piece.length);
        check("bytes in the model with its external data", total, MAX_FILE_BYTES)?;
        let wrong =
            |reason| fail(TensorError::ExternalData { location: piece.location.clone(), reason });
        let data = read(&piece).map_err(wrong)?;
        if data.len() != piece.length {
            return Err(wrong(format!("gives {} bytes of {}", data.len(), piece.length)));
        }
        tensor.raw_data = data;
        tensor.external_data.clear();
        tensor.data_location = None;
        any = true;
    }
    Ok(any.then(|| model.encode_to_vec()))
}

/// Whether a tensor's data is in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(DataLocation::External as i32) || !tensor.external_data.is_empty()
}

fn piece(tensor: &TensorProto) -> Result<ExternalPiece, TensorError> {
    let entry = |key: &str| {
        let mut entries = tensor.external_data.iter().filter(|entry| entry.key == key);
        entries.next().map(|entry| entry.value.as_str())
    };
    let location = entry("location").unwrap_or_default().to_owned();
    let wrong = |reason: String| TensorError::ExternalData { location: location.clone(), reason };
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(text) => match text.parse::<u64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(wrong(format!("the {key} {text:?} is not a number"))),
        },
    };
    let wanted = byte_length(tensor).map_err(wrong)?;
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    match length {
        Some(length) if length != wanted as u64 => {
            Err(wrong(format!("the length is {length} bytes, the tensor has {wanted}")))
        }
        _ => Ok(ExternalPiece { location, offset, length: wanted }),
    }
}

/// How many bytes a tensor's elements take.
fn byte_length(tensor: &TensorProto) -> Result<usize, String> {
    let size = match DataType::try_from(tensor.data_type) {
        Ok(DataType::Uint8 | DataType::Int8 | DataType::Bool) => 1,
        Ok(DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16) => 2,
        Ok(DataType::Float | DataType::Int32 | DataType::Uint32) => 4,
        Ok(DataType::Double | DataType::Int64 | DataType::Uint64) => 8,
        _ => return Err(format!("element type {} cannot be external", tensor.data_type)),
    };
    let sizes = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok());
    sizes
        .into_iter()
        .try_fold(size, |bytes: usize, size| bytes.checked_mul(size?))
        .ok_or_else(|| format!("the dimensions {:?} are too large to count", tensor.dims))
}
