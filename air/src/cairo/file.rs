//! Proof files. See `docs/proof-format.md`.
//!
//! Reading checks the form only: nothing in a file can be trusted before the verifier has accepted it.

use nilometer_field::Felt;
use thiserror::Error;

use super::claim::{AIR_NAME, AIR_VERSION, MAX_OUTPUT_LEN};
use super::security::Security;
use super::{MAX_ROWS, MIN_ROWS};

/// The kind of security: proven. The only one that is written and read.
const PROVEN: u8 = 1;
/// The kind of security that earlier versions wrote for levels that rest on a conjecture.
const CONJECTURED: u8 = 2;

/// The first bytes of a file.
pub const MAGIC: [u8; 8] = *b"\x89NILOPF\n";
/// The version that is written and read.
pub const FORMAT_VERSION: u16 = 1;
/// The most bytes of a file.
pub const MAX_FILE_LEN: usize = 256 << 20;

/// A proof file's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// The level of security that its parameters are those of.
    pub security: Security,
    /// Rows of the trace.
    pub rows: usize,
    /// The hash of the program that it says it is about ([`super::program_hash`]).
    pub program_hash: Felt,
    /// The output that it says it is about.
    pub output: Vec<Felt>,
    /// What the prover adds to the claim: [`super::Advice`] as bytes.
    pub advice: Vec<u8>,
    /// Winterfell's proof as bytes.
    pub proof: Vec<u8>,
}

/// Bytes that are not a proof file of this version.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The first bytes are others.
    #[error("this is not a Nilometer proof file")]
    Magic,
    /// Another version of the format.
    #[error(
        "the proof file has format version {found}, this program reads version {FORMAT_VERSION}"
    )]
    Version {
        /// The file's.
        found: u16,
    },
    /// A proof of another AIR.
    #[error("the proof is of `{found}` version {version}, this program checks `{AIR_NAME}` version {AIR_VERSION}")]
    Air {
        /// The file's.
        found: String,
        /// Its version.
        version: u32,
    },
    /// The file ends early or goes on.
    #[error("the proof file is {actual} bytes long, its header says {expected}")]
    Length {
        /// Its bytes.
        actual: usize,
        /// What its header says, as far as it was read.
        expected: u64,
    },
    /// The file is longer than any proof.
    #[error("the proof file has {actual} bytes, at most {MAX_FILE_LEN} are read")]
    TooLong {
        /// Its bytes.
        actual: usize,
    },
    /// A proof at a level whose security is only conjectured.
    #[error(
        "the proof has {bits} conjectured bits of security; conjectured levels are no longer \
         accepted, as their conjecture was refuted in 2025: prove the run again"
    )]
    Conjectured {
        /// The level's bits.
        bits: u8,
    },
    /// A felt of the output is not below the modulus, so it would be read as another number.
    #[error("felt {index} of the proof file's output is not below the field's modulus")]
    Output {
        /// Its position.
        index: u32,
    },
    /// A field of the header is out of range.
    #[error("the proof file's {field} is {value}, which cannot be")]
    Field {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
}

impl ProofFile {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.push(AIR_NAME.len() as u8);
        bytes.extend(AIR_NAME.bytes());
        bytes.extend(AIR_VERSION.to_le_bytes());
        bytes.push(PROVEN);
        bytes.push(self.security.bits() as u8);
        bytes.push(self.rows.ilog2() as u8);
        bytes.extend(self.program_hash.to_be_bytes());
        for len in [self.output.len(), self.advice.len(), self.proof.len()] {
            bytes.extend((len as u32).to_le_bytes());
        }
        bytes.extend(self.output.iter().flat_map(|felt| felt.to_be_bytes()));
        bytes.extend(&self.advice);
        bytes.extend(&self.proof);
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.len() > MAX_FILE_LEN {
            return Err(FileError::TooLong { actual: bytes.len() });
        }
        let mut reader = Reader { bytes, position: 0 };
        if reader.take(8).ok() != Some(&MAGIC) {
            return Err(FileError::Magic);
        }
        let found = u16::from_le_bytes(reader.array()?);
        if found != FORMAT_VERSION {
            return Err(FileError::Version { found });
        }
        let name_len = reader.byte()?.into();
        let name = reader.take(name_len)?;
        let version = u32::from_le_bytes(reader.array()?);
        if name != AIR_NAME.as_bytes() || version != AIR_VERSION {
            let found = name.escape_ascii().to_string();
            return Err(FileError::Air { found, version });
        }
        let field =
            |field, value: &dyn ToString| FileError::Field { field, value: value.to_string() };
        let (kind, bits) = (reader.byte()?, reader.byte()?);
        match kind {
            PROVEN => {}
            CONJECTURED => return Err(FileError::Conjectured { bits }),
            other => return Err(field("kind of security", &other)),
        }
        let security = Security::new(bits.into()).map_err(|_| field("security", &bits))?;
        let log_rows = reader.byte()?;
        if !(MIN_ROWS.ilog2()..=MAX_ROWS.ilog2()).contains(&log_rows.into()) {
            return Err(field("logarithm of rows", &log_rows));
        }
        let program_hash = Felt::from_be_bytes(&reader.array()?)
            .ok_or_else(|| field("program hash", &"not below the modulus"))?;
        let [output_len, advice_len, proof_len] =
            [reader.array()?, reader.array()?, reader.array()?].map(u32::from_le_bytes);
        if output_len as usize > MAX_OUTPUT_LEN {
            return Err(field("length of output", &output_len));
        }
        let expected = reader.position as u64
            + 32 * u64::from(output_len)
            + u64::from(advice_len)
            + u64::from(proof_len);
        if bytes.len() as u64 != expected {
            return Err(FileError::Length { actual: bytes.len(), expected });
        }
        let mut output = Vec::with_capacity(output_len as usize);
        for index in 0..output_len {
            let felt = Felt::from_be_bytes(&reader.array()?);
            let not_reduced = || FileError::Output { index };
            output.push(felt.ok_or_else(not_reduced)?);
        }
        Ok(Self {
            security,
            rows: 1 << log_rows,
            program_hash,
            output,
            advice: reader.take(advice_len as usize)?.to_vec(),
            proof: reader.take(proof_len as usize)?.to_vec(),
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], FileError> {
        let end = self.position.saturating_add(len);
        let taken = self.bytes.get(self.position..end);
        self.position = end;
        taken.ok_or(FileError::Length { actual: self.bytes.len(), expected: end as u64 })
    }

    fn byte(&mut self) -> Result<u8, FileError> {
        self.array().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let taken = self.take(N)?;
        Ok(std::array::from_fn(|i| taken[i]))
    }
}
