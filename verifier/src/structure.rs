//! The form of a proof's bytes.
//!
//! Winterfell's parser trusts lengths, and its verifier indexes by them. Here each field is compared with what
//! the parameters require before any of that runs: the context (field, trace, options, batching, partitions)
//! byte by byte, and every length. Numbers that depend on the query positions are only bounded here;
//! [`crate::queries`] compares them exactly, once the positions are known.
//!
//! | field | bytes |
//! |---|---|
//! | context | those of the expected one |
//! | distinct queries | 1: from 1 to the number of queries |
//! | commitments | 2 for the length; main, aux, quotient, each FRI layer, remainder: 32 each |
//! | main, aux, quotient queries | length, values: 32 per element; length, opening |
//! | frames out of the domain | 2 for the length, 1 = two rows, 32 per element; twice: trace, quotient |
//! | FRI layers | 1 for their number; each: 4, values; 4, opening |
//! | FRI remainder | 2 for the length, 32 per coefficient |
//! | partitions | 1: 0 |
//! | nonce | 8 |
//!
//! An opening is the depth (1 byte), the number of node lists, and each list with its length. "Length" without
//! a number of bytes is Winterfell's variable-length integer, which must be in its shortest form.

use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH, QUOTIENT_WIDTH};
use nilometer_air::cairo::proof_system::HashFn;
use nilometer_field::Felt;
use thiserror::Error;
use winter_air::proof::Context;
use winter_crypto::{Digest, ElementHasher};
use winter_utils::Serializable;

/// Bytes of a digest.
pub(crate) const DIGEST: usize = 32;

/// Bytes that cannot be a proof with the expected parameters.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StructureError {
    /// The bytes end in the middle of a field.
    #[error("the proof ends in the middle of its {field}")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// The proof's parameters are not the expected ones.
    #[error("the proof's field, trace or options are not those of its security level")]
    Context,
    /// A length or a number is not what it must be.
    #[error("the proof's {field} is {actual}, which its parameters do not allow")]
    Value {
        /// The field.
        field: &'static str,
        /// What it is.
        actual: u64,
    },
    /// A length takes more bytes than it needs.
    #[error("a length of the proof's {field} is not in its shortest form")]
    LongLength {
        /// The field.
        field: &'static str,
    },
    /// A number is not below the modulus.
    #[error("the proof's {field} holds a number that is not a field element")]
    Element {
        /// The field.
        field: &'static str,
    },
    /// Another number of rows or leaves than the queries ask for.
    #[error("the proof has {actual} rows in its {field}, its queries ask for {expected}")]
    Rows {
        /// The field.
        field: &'static str,
        /// The distinct positions.
        expected: usize,
        /// The rows.
        actual: usize,
    },
    /// A list of Merkle nodes is not as long as the queries' positions make it.
    #[error("list {list} of the Merkle nodes of the proof's {field} has {actual} digests, its queries need {expected}")]
    Nodes {
        /// The field.
        field: &'static str,
        /// The list's position.
        list: usize,
        /// The digests that resolve to the root.
        expected: usize,
        /// The digests that there are.
        actual: usize,
    },
    /// Bytes come after the proof's end.
    #[error("{count} bytes come after the proof's end")]
    Trailing {
        /// How many.
        count: usize,
    },
}

/// A proof's parts that later checks need.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// Rows of the main, auxiliary and quotient queries.
    pub(crate) n_queries: usize,
    /// Main, auxiliary, quotient, FRI layers, remainder.
    pub(crate) commitments: Vec<[u8; DIGEST]>,
    /// The values out of the domain in the order in which they are hashed: trace and quotient at `z`, then both at
    /// the next point.
    pub(crate) ood: Vec<Felt>,
    /// Main, auxiliary, quotient, then FRI layers.
    pub(crate) openings: Vec<Opening<'a>>,
    /// What the prover found by grinding.
    pub(crate) nonce: u64,
    remainder: Vec<Felt>,
}

/// A batch opening of a tree.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    /// What is opened.
    pub(crate) field: &'static str,
    /// The tree's leaves.
    pub(crate) domain: usize,
    /// Rows that are opened.
    pub(crate) rows: usize,
    /// Depth and lists of nodes.
    pub(crate) nodes: Reader<'a>,
}

impl Parsed<'_> {
    /// Whether the remainder hashes to the last commitment, which was made before the queries were drawn.
    ///
    /// Winterfell 0.13.1 does not compare them: a prover could choose the remainder after it has seen the
    /// queries, and interpolate it through whatever it answers.
    pub fn remainder_is_committed(&self) -> bool {
        let root = self.commitments.last();
        root.is_some_and(|root| HashFn::hash_elements(&self.remainder).as_bytes() == *root)
    }
}

/// Checks the form of a proof's bytes. Allocates no more than a few kilobytes.
///
/// # Errors
/// See [`StructureError`].
pub fn parse<'a>(bytes: &'a [u8], context: &Context) -> Result<Parsed<'a>, StructureError> {
    let mut reader = Reader { rest: bytes };
    let expected = context.to_bytes();
    if reader.take("context", expected.len())? != expected {
        return Err(StructureError::Context);
    }
    let options = context.options();
    let fri = options.to_fri_options();
    let domain = context.lde_domain_size();
    let n_layers = fri.num_fri_layers(domain);

    let n_queries = usize::from(reader.byte("number of queries")?);
    within("number of queries", n_queries, 1, options.num_queries())?;

    let n_commitments = 3 + n_layers + 1;
    reader.exact_u16("length of commitments", n_commitments * DIGEST)?;
    let commitments = (0..n_commitments).map(|_| reader.array("commitments"));
    let commitments = commitments.collect::<Result<_, _>>()?;

    let mut openings = Vec::with_capacity(3 + n_layers);
    for (field, width) in [
        ("main queries", MAIN_WIDTH),
        ("auxiliary queries", AUX_WIDTH),
        ("quotient queries", QUOTIENT_WIDTH),
    ] {
        let expected = n_queries * width * Felt::BYTES;
        let len = reader.length(field)?;
        within(field, len, expected, expected)?;
        reader.check_elements(field, n_queries * width)?;
        let len = reader.length(field)?;
        let nodes = Reader { rest: reader.take(field, len)? };
        openings.push(Opening { field, domain, rows: n_queries, nodes });
    }

    let mut frames = Vec::with_capacity(2);
    for width in [MAIN_WIDTH + AUX_WIDTH, QUOTIENT_WIDTH] {
        let field = "frame out of the domain";
        reader.exact_u16(field, 1 + 2 * width * Felt::BYTES)?;
        let rows = reader.byte(field)?.into();
        within(field, rows, 2, 2)?;
        let mut current = reader.elements(field, 2 * width)?;
        let next = current.split_off(width);
        frames.push([current, next]);
    }
    let ood = [0, 1].iter().flat_map(|row| frames.iter().flat_map(|frame| &frame[*row]));
    let ood = ood.copied().collect();

    let layers = reader.byte("number of FRI layers")?.into();
    within("number of FRI layers", layers, n_layers, n_layers)?;
    let mut layer_domain = domain;
    for _ in 0..n_layers {
        let field = "FRI layer";
        layer_domain /= fri.folding_factor();
        let row_bytes = fri.folding_factor() * Felt::BYTES;
        let len = reader.u32(field)?;
        let rows = len / row_bytes;
        within(field, rows, 1, n_queries.min(layer_domain))?;
        within(field, len, rows * row_bytes, rows * row_bytes)?;
        reader.check_elements(field, rows * fri.folding_factor())?;
        let len = reader.u32(field)?;
        let nodes = Reader { rest: reader.take(field, len)? };
        openings.push(Opening { field, domain: layer_domain, rows, nodes });
    }

    let remainder_len = layer_domain / fri.blowup_factor();
    reader.exact_u16("length of the FRI remainder", remainder_len * Felt::BYTES)?;
    let remainder = reader.elements("FRI remainder", remainder_len)?;
    let partitions = reader.byte("number of partitions")?.into();
    within("number of partitions", partitions, 0, 0)?;
    let nonce = u64::from_le_bytes(reader.array("nonce")?);
    match reader.rest.len() {
        0 => Ok(Parsed { n_queries, commitments, ood, openings, nonce, remainder }),
        count => Err(StructureError::Trailing { count }),
    }
}

/// Checks that a number is from `least` to `most`.
pub(crate) fn within(
    field: &'static str,
    actual: usize,
    least: usize,
    most: usize,
) -> Result<(), StructureError> {
    if (least..=most).contains(&actual) {
        Ok(())
    } else {
        Err(StructureError::Value { field, actual: actual as u64 })
    }
}

/// Reads a proof's bytes from the first one on.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn take(
        &mut self,
        field: &'static str,
        len: usize,
    ) -> Result<&'a [u8], StructureError> {
        if len > self.rest.len() {
            return Err(StructureError::Truncated { field });
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], StructureError> {
        let taken = self.take(field, N)?;
        Ok(std::array::from_fn(|i| taken[i]))
    }

    pub(crate) fn byte(&mut self, field: &'static str) -> Result<u8, StructureError> {
        self.array(field).map(|[byte]| byte)
    }

    fn u32(&mut self, field: &'static str) -> Result<usize, StructureError> {
        Ok(u32::from_le_bytes(self.array(field)?) as usize)
    }

    fn exact_u16(&mut self, field: &'static str, expected: usize) -> Result<(), StructureError> {
        let actual = u16::from_le_bytes(self.array(field)?).into();
        within(field, actual, expected, expected)
    }

    /// Winterfell's variable-length integer: the number of trailing zeros of the first byte is the number of
    /// bytes that follow.
    pub(crate) fn length(&mut self, field: &'static str) -> Result<usize, StructureError> {
        let first = *self.rest.first().ok_or(StructureError::Truncated { field })?;
        let len = first.trailing_zeros() as usize + 1;
        let bytes = self.take(field, len)?;
        let mut wide = [0; 8];
        if len > 8 {
            // Lengths of more than 56 bits: no proof has them.
            wide.copy_from_slice(&bytes[1..9]);
            let value = u64::from_le_bytes(wide);
            return Err(StructureError::Value { field, actual: value });
        }
        wide[..len].copy_from_slice(bytes);
        let value = u64::from_le_bytes(wide) >> len;
        // Each byte holds seven bits.
        if len > 1 && value >> (7 * (len - 1)) == 0 {
            return Err(StructureError::LongLength { field });
        }
        Ok(value as usize)
    }

    /// Field elements, each below the modulus.
    fn check_elements(&mut self, field: &'static str, count: usize) -> Result<(), StructureError> {
        let bytes = self.take(field, count * Felt::BYTES)?;
        if bytes.chunks(Felt::BYTES).all(|chunk| Felt::try_from(chunk).is_ok()) {
            Ok(())
        } else {
            Err(StructureError::Element { field })
        }
    }

    fn elements(&mut self, field: &'static str, count: usize) -> Result<Vec<Felt>, StructureError> {
        let bytes = self.take(field, count * Felt::BYTES)?;
        let elements = bytes.chunks(Felt::BYTES).map(Felt::try_from);
        elements.collect::<Result<_, _>>().map_err(|_| StructureError::Element { field })
    }
}

#[cfg(test)]
mod tests {
    use winter_utils::ByteWriter;

    use super::*;

    #[test]
    fn lengths_have_one_form() {
        let read = |bytes: &[u8]| Reader { rest: bytes }.length("test");
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 40] {
            let mut bytes = Vec::new();
            bytes.write_usize(value);
            assert_eq!(read(&bytes), Ok(value));
            // The same number with one byte more.
            let len = bytes.len() + 1;
            let longer = ((value << 1 | 1) << (len - 1)).to_le_bytes();
            let long = StructureError::LongLength { field: "test" };
            assert_eq!(read(&longer[..len]), Err(long), "{value}");
        }
        assert_eq!(read(&[]), Err(StructureError::Truncated { field: "test" }));
        let huge = [0, 1, 2, 3, 4, 5, 6, 7, 8];
        assert!(matches!(read(&huge), Err(StructureError::Value { .. })));
    }
}
