//! NumPy's array files: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use half::f16;

use super::number::exact;
use super::{Data, Parsed};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read; real ones have about 120 bytes.
const MAX_HEADER_LEN: usize = 1 << 16;
const MAX_AXES: usize = 8;

/// Reads an array of numbers or text.
pub fn parse(bytes: &[u8]) -> Parsed {
    let (header, body) = split(bytes)?;
    let header = Header::parse(header)?;
    let n_elements = header
        .shape
        .iter()
        .try_fold(1_usize, |product, &axis| product.checked_mul(axis))
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("the shape {:?} has no elements, or too many", header.shape))?;
    let wanted = n_elements.checked_mul(header.dtype.size);
    if wanted != Some(body.len()) {
        let wanted = wanted.map_or_else(|| "more".to_owned(), |wanted| wanted.to_string());
        return Err(format!("{} bytes of data, the header promises {wanted}", body.len()));
    }
    let mut data = header.dtype.read(body)?;
    if header.fortran_order && header.shape.len() > 1 {
        data = match data {
            Data::Numbers(numbers) => Data::Numbers(row_major(&numbers, &header.shape)),
            Data::Text(texts) => Data::Text(row_major(&texts, &header.shape)),
        };
    }
    // A scalar is a vector of one.
    let shape = if header.shape.is_empty() { vec![1] } else { header.shape };
    Ok((shape, data))
}

/// The header's text and the data.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("not a NumPy array file (.npy)")?;
    let cut = || "the file ends within its header".to_owned();
    let (&[major, _minor], rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    let (len, rest) = match major {
        1 => {
            let (len, rest) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
            (u16::from_le_bytes(*len) as usize, rest)
        }
        2 | 3 => {
            let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
            (u32::from_le_bytes(*len) as usize, rest)
        }
        _ => return Err(format!("version {major} of the .npy format, versions 1 to 3 are read")),
    };
    if len > MAX_HEADER_LEN {
        return Err(format!("a header of {len} bytes, {MAX_HEADER_LEN} are read at most"));
    }
    let (header, body) = rest.split_at_checked(len).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| "the header is not text")?;
    Ok((header, body))
}

#[derive(Debug)]
struct Header {
    dtype: DType,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (45, 4), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let value = |key: &str| -> Result<&str, String> {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            let after = quoted.iter().find_map(|key| Some(text.split_once(key.as_str())?.1));
            let after = after.and_then(|after| after.trim_start().strip_prefix(':'));
            after.map(str::trim_start).ok_or_else(|| format!("the header has no {key}"))
        };
        let descr = value("descr")?;
        let Some(quote) = descr.chars().next().filter(|c| matches!(c, '\'' | '"')) else {
            return Err("a structured array; an array of numbers is wanted".to_owned());
        };
        let descr = descr[1..].split(quote).next().unwrap_or_default();
        let fortran_order = match value("fortran_order")? {
            text if text.starts_with("True") => true,
            text if text.starts_with("False") => false,
            _ => return Err("the header's fortran_order is neither True nor False".to_owned()),
        };
        let shape = value("shape")?;
        let inner = shape.strip_prefix('(').and_then(|s| s.split_once(')')).map(|(inner, _)| inner);
        let axes = inner.ok_or("the header's shape is not a tuple")?;
        let axes = axes.split(',').map(str::trim).filter(|axis| !axis.is_empty());
        let shape: Vec<usize> = axes
            .map(|axis| {
                axis.parse().map_err(|_| format!("the header's axis {axis:?} is not a length"))
            })
            .collect::<Result<_, _>>()?;
        if shape.len() > MAX_AXES {
            return Err(format!("{} axes, {MAX_AXES} are read at most", shape.len()));
        }
        Ok(Self { dtype: DType::parse(descr)?, fortran_order, shape })
    }
}

#[derive(Debug)]
struct DType {
    kind: char,
    big_endian: bool,
    size: usize,
}

impl DType {
    fn parse(descr: &str) -> Result<Self, String> {
        let unknown =
            || format!("elements of type {descr:?}; numbers, booleans or Unicode text are wanted");
        let mut chars = descr.chars();
        let mut order = chars.next().ok_or_else(unknown)?;
        let kind = if matches!(order, '<' | '>' | '|' | '=') {
            chars.next().ok_or_else(unknown)?
        } else {
            std::mem::replace(&mut order, '<')
        };
        let size: usize = chars.as_str().parse().map_err(|_| unknown())?;
        let size = match (kind, size) {
            ('f', 2 | 4 | 8) | ('i' | 'u', 1 | 2 | 4 | 8) | ('b', 1) => size,
            ('U', 1..=4096) => 4 * size,
            _ => return Err(unknown()),
        };
        Ok(Self { kind, big_endian: order == '>', size })
    }

    fn read(&self, body: &[u8]) -> Result<Data, String> {
        let elements = body.chunks_exact(self.size);
        if self.kind == 'U' {
            return elements
                .map(|bytes| self.text(bytes))
                .collect::<Result<_, _>>()
                .map(Data::Text);
        }
        elements.map(|bytes| self.number(bytes)).collect::<Result<_, _>>().map(Data::Numbers)
    }

    fn number(&self, bytes: &[u8]) -> Result<f64, String> {
        let bits = self.unsigned(bytes);
        Ok(match (self.kind, self.size) {
            ('f', 2) => f16::from_bits(bits as u16).to_f64(),
            ('f', 4) => f64::from(f32::from_bits(bits as u32)),
            ('f', _) => f64::from_bits(bits),
            ('i', size) => {
                // The sign bit moves to the top and back down again.
                let unused = 64 - 8 * size as u32;
                exact((((bits << unused) as i64) >> unused).into())?
            }
            _ => exact(bits.into())?,
        })
    }

    fn unsigned(&self, bytes: &[u8]) -> u64 {
        let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        if self.big_endian {
            bytes.iter().fold(0, join)
        } else {
            bytes.iter().rev().fold(0, join)
        }
    }

    fn text(&self, bytes: &[u8]) -> Result<String, String> {
        let codes = bytes.chunks_exact(4).map(|bytes| self.unsigned(bytes) as u32);
        let text: Option<String> = codes.map(char::from_u32).collect();
        let text = text.ok_or("text that is not Unicode")?;
        Ok(text.trim_end_matches('\0').to_owned())
    }
}

/// Reorders elements whose first axis runs fastest.
fn row_major<T: Clone>(elements: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut reordered = Vec::with_capacity(elements.len());
    for _ in 0..elements.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, len)| at * len + i);
        reordered.push(elements[at].clone());
        for (i, len) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *len {
                break;
            }
            *i = 0;
        }
    }
    reordered
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn file(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let header =
            format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn numbers(descr: &str, shape: &str, data: &[u8]) -> Vec<f64> {
        match parse(&file(descr, "False", shape, data)).unwrap() {
            (_, Data::Numbers(numbers)) => numbers,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_element_type() {
        assert_eq!(numbers("<f4", "(2,)", &[0, 0, 128, 63, 0, 0, 0, 192]), [1.0, -2.0]);
        assert_eq!(numbers(">f4", "(1,)", &[63, 128, 0, 0]), [1.0]);
        assert_eq!(numbers("<f8", "(1,)", &1.5f64.to_le_bytes()), [1.5]);
        assert_eq!(numbers("<f2", "(3,)", &[0, 0x3c, 1, 0, 0, 0xfc])[..2], [1.0, 2f64.powi(-24)]);
        assert_eq!(numbers("|i1", "(2,)", &[255, 127]), [-1.0, 127.0]);
        assert_eq!(numbers("|u1", "(2,)", &[255, 127]), [255.0, 127.0]);
        assert_eq!(numbers("<i8", "(1,)", &(-5i64).to_le_bytes()), [-5.0]);
        assert_eq!(numbers(">i2", "(1,)", &(-300i16).to_be_bytes()), [-300.0]);
        assert_eq!(numbers("|b1", "(2, 1)", &[1, 0]), [1.0, 0.0]);
        let text = parse(&file("<U2", "False", "(1,)", &[b'a', 0, 0, 0, 0, 0, 0, 0])).unwrap();
        assert_eq!(text, (vec![1], Data::Text(vec!["a".to_owned()])));
    }

    #[test]
    fn fortran_order_is_undone() {
        let (shape, data) = parse(&file("|u1", "True", "(2, 3)", &[1, 4, 2, 5, 3, 6])).unwrap();
        assert_eq!(shape, [2, 3]);
        assert_eq!(data, Data::Numbers(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn broken_files_are_refused() {
        let error = |bytes: &[u8]| parse(bytes).unwrap_err();
        assert_eq!(error(b"PK"), "not a NumPy array file (.npy)");
        let good = file("<f4", "False", "(1, 2)", &[0; 8]);
        assert_eq!(error(&good[..20]), "the file ends within its header");
        assert_eq!(error(&good[..good.len() - 1]), "7 bytes of data, the header promises 8");
        let huge = file("<f8", "False", "(4611686018427387904, 8)", &[]);
        assert!(error(&huge).starts_with("the shape"), "{}", error(&huge));
        let object = file("|O", "False", "(1,)", &[0]);
        assert!(error(&object).starts_with("elements of type \"|O\""), "{}", error(&object));
        let big = file("<i8", "False", "(1,)", &i64::MAX.to_le_bytes());
        assert!(error(&big).ends_with("above 2^53 not all integers are"), "{}", error(&big));
        let mut long = MAGIC.to_vec();
        long.extend([2, 0, 255, 255, 255, 255]);
        assert_eq!(error(&long), "a header of 4294967295 bytes, 65536 are read at most");
    }
}
