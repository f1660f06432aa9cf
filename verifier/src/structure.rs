//! The form of a proof's bytes.
//!
//! Winterfell's parser trusts lengths, and its verifier indexes by them. Here each field is held against what
//! the parameters say before any of that runs: the context (field, trace, options, batching, partitions)
//! byte for byte, every length exactly or within what the number of queries allows, and the tree
//! openings' shapes. Nothing is allocated.
//!
//! | field | bytes |
//! |---|---|
//! | context | those of the expected one |
//! | distinct queries | 1: from 1 to the number of queries |
//! | commitments | 2 for the length; main, aux, quotient, each FRI layer, remainder: 32 each |
//! | main, aux, quotient queries | length, values: 32 an element; length, opening |
//! | frames out of the domain | 2 for the length, 1 = two rows, 32 an element; twice: trace, quotient |
//! | FRI layers | 1 for their number; each: 4, values; 4, opening |
//! | FRI remainder | 2 for the length, 32 a coefficient |
//! | partitions | 1: 0 |
//! | nonce | 8 |
//!
//! An opening is the depth (1 byte), the number of node lists, and each list with its length.

use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_WIDTH, QUOTIENT_WIDTH};
use nilometer_air::cairo::proof_system::HashFn;
use nilometer_field::Felt;
use thiserror::Error;
use winter_air::proof::Context;
use winter_crypto::{Digest, ElementHasher};
use winter_utils::{Deserializable, Serializable};

const DIGEST: usize = 32;

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
    #[error("the proof's {field} is {actual}, which cannot be with its parameters")]
    Value {
        /// The field.
        field: &'static str,
        /// What it is.
        actual: u64,
    },
    /// An element is not below the modulus.
    #[error("the proof's {field} holds a number that is no field element")]
    Element {
        /// The field.
        field: &'static str,
    },
    /// Bytes come after the proof's end.
    #[error("{count} bytes come after the proof's end")]
    Trailing {
        /// How many.
        count: usize,
    },
}

/// What the checks need of a proof beyond its form.
#[derive(Debug)]
pub struct Parsed {
    remainder: Vec<Felt>,
    remainder_root: [u8; DIGEST],
}

impl Parsed {
    /// Whether the remainder hashes to the last commitment, which was made before the queries were drawn.
    ///
    /// Winterfell 0.13.1 does not compare them: a prover could choose the remainder after it has seen the
    /// queries, and interpolate it through whatever it answers.
    pub fn remainder_is_committed(&self) -> bool {
        HashFn::hash_elements(&self.remainder).as_bytes() == self.remainder_root
    }
}

/// Checks the form of a proof's bytes.
///
/// # Errors
/// See [`StructureError`].
pub fn parse(bytes: &[u8], context: &Context) -> Result<Parsed, StructureError> {
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
    reader.within("number of queries", n_queries, 1, options.num_queries())?;

    let n_commitments = 3 + n_layers + 1;
    reader.exact_u16("length of commitments", n_commitments * DIGEST)?;
    let commitments = reader.take("commitments", n_commitments * DIGEST)?;
    let remainder_root = std::array::from_fn(|i| commitments[(n_commitments - 1) * DIGEST + i]);

    for (field, width) in [
        ("main queries", MAIN_WIDTH),
        ("auxiliary queries", AUX_WIDTH),
        ("quotient queries", QUOTIENT_WIDTH),
    ] {
        let len = reader.length(field)?;
        reader.within(
            field,
            len,
            n_queries * width * Felt::BYTES,
            n_queries * width * Felt::BYTES,
        )?;
        reader.elements(field, n_queries * width)?;
        let len = reader.length(field)?;
        reader.opening(field, len, domain, n_queries)?;
    }

    for width in [MAIN_WIDTH + AUX_WIDTH, QUOTIENT_WIDTH] {
        let field = "frame out of the domain";
        reader.exact_u16(field, 1 + 2 * width * Felt::BYTES)?;
        let rows = reader.byte(field)?.into();
        reader.within(field, rows, 2, 2)?;
        reader.elements(field, 2 * width)?;
    }

    let layers = reader.byte("number of FRI layers")?.into();
    reader.within("number of FRI layers", layers, n_layers, n_layers)?;
    let mut layer_domain = domain;
    for _ in 0..n_layers {
        let field = "FRI layer";
        layer_domain /= fri.folding_factor();
        let position_bytes = fri.folding_factor() * Felt::BYTES;
        let len = u32::from_le_bytes(reader.array(field)?) as usize;
        let n_positions = len / position_bytes;
        reader.within(field, n_positions, 1, n_queries.min(layer_domain))?;
        reader.within(field, len, n_positions * position_bytes, n_positions * position_bytes)?;
        reader.elements(field, n_positions * fri.folding_factor())?;
        let len = u32::from_le_bytes(reader.array(field)?) as usize;
        reader.opening(field, len, layer_domain, n_positions)?;
    }

    let remainder_len = layer_domain / fri.blowup_factor();
    reader.exact_u16("length of the FRI remainder", remainder_len * Felt::BYTES)?;
    let remainder = reader.elements("FRI remainder", remainder_len)?;
    let partitions = reader.byte("number of partitions")?.into();
    reader.within("number of partitions", partitions, 0, 0)?;
    reader.take("nonce", 8)?;
    match reader.rest.len() {
        0 => {
            let read = |bytes: &[u8]| Felt::read_from_bytes(bytes);
            let remainder = remainder.chunks(Felt::BYTES).map(read).collect::<Result<_, _>>();
            let remainder =
                remainder.map_err(|_| StructureError::Element { field: "FRI remainder" })?;
            Ok(Parsed { remainder, remainder_root })
        }
        count => Err(StructureError::Trailing { count }),
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, field: &'static str, len: usize) -> Result<&'a [u8], StructureError> {
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

    fn byte(&mut self, field: &'static str) -> Result<u8, StructureError> {
        self.array(field).map(|[byte]| byte)
    }

    fn within(
        &self,
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

    fn exact_u16(&mut self, field: &'static str, expected: usize) -> Result<(), StructureError> {
        let actual = u16::from_le_bytes(self.array(field)?).into();
        self.within(field, actual, expected, expected)
    }

    /// Winterfell's variable-length integer: the first byte's trailing zeros say how many bytes follow.
    fn length(&mut self, field: &'static str) -> Result<usize, StructureError> {
        let first = *self.rest.first().ok_or(StructureError::Truncated { field })?;
        let len = first.trailing_zeros() as usize + 1;
        let bytes = self.take(field, len)?;
        let mut wide = [0; 8];
        if len > 8 {
            wide.copy_from_slice(&bytes[1..9]);
            let value = u64::from_le_bytes(wide);
            return Err(StructureError::Value { field, actual: value });
        }
        wide[..len].copy_from_slice(bytes);
        Ok((u64::from_le_bytes(wide) >> len) as usize)
    }

    /// Field elements, each below the modulus.
    fn elements(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], StructureError> {
        let bytes = self.take(field, count * Felt::BYTES)?;
        if bytes.chunks(Felt::BYTES).all(|chunk| Felt::try_from(chunk).is_ok()) {
            Ok(bytes)
        } else {
            Err(StructureError::Element { field })
        }
    }

    /// A batch opening of `len` bytes in a tree of `domain` leaves at no more than `positions` of them.
    fn opening(
        &mut self,
        field: &'static str,
        len: usize,
        domain: usize,
        positions: usize,
    ) -> Result<(), StructureError> {
        let mut opening = Reader { rest: self.take(field, len)? };
        let depth = opening.byte(field)?.into();
        let expected = domain.ilog2() as usize;
        opening.within(field, depth, expected, expected)?;
        let lists = opening.length(field)?;
        opening.within(field, lists, 1, positions)?;
        for _ in 0..lists {
            let nodes = opening.length(field)?;
            opening.within(field, nodes, 0, depth)?;
            opening.take(field, nodes * DIGEST)?;
        }
        opening.within(field, opening.rest.len(), 0, 0)
    }
}
