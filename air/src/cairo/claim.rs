//! What a proof is about.

use nilometer_field::{poseidon, Felt};
use thiserror::Error;
use winter_math::FieldElement;

use super::address;
use super::builtin::Builtin;

/// The AIR's name; part of what a proof commits to.
pub const AIR_NAME: &str = "nilometer-cairo";
/// The AIR's version: any change of layout, constraints, transcript or encoding makes a new one.
pub const AIR_VERSION: u32 = 1;

/// The longest program, in words.
pub const MAX_CODE_LEN: usize = 1 << 22;
/// The longest output, in felts.
pub const MAX_OUTPUT_LEN: usize = 1 << 20;

/// The first felt of what [`program_hash`] hashes.
const PROGRAM_HASH_TAG: &[u8] = b"nilometer-program-v1";

/// "This program ran to its end and wrote this output."
///
/// A program's arguments are not part of it: a program whose input matters writes it to its output
/// first, as every Nilometer program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    builtins: Vec<Builtin>,
    code: Vec<Felt>,
    output: Vec<Felt>,
    program_hash: Felt,
}

/// A claim that no proof of this AIR can be about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
    /// The program uses a builtin that proofs do not cover.
    #[error("the program uses the builtin `{name}`, which proofs do not cover")]
    Builtin {
        /// The builtin's name.
        name: &'static str,
    },
    /// Builtins out of order, twice, or without the output.
    #[error("the builtins are not the output, then others in canonical order")]
    Builtins,
    /// The program is too long.
    #[error("the program has {actual} words, at most {MAX_CODE_LEN} can be proved")]
    CodeLength {
        /// Its words.
        actual: usize,
    },
    /// The output is too long.
    #[error("the output has {actual} felts, at most {MAX_OUTPUT_LEN} can be proved")]
    OutputLength {
        /// Its felts.
        actual: usize,
    },
    /// The program does not start as a proof needs it.
    #[error("the program's first words are not `ap += {n_builtins}; call rel 4; jmp rel 0`")]
    Header {
        /// Its builtins.
        n_builtins: usize,
    },
}

impl Claim {
    /// A claim about the program of `code` with its `builtins`. Hashes the program.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub fn new(
        builtins: Vec<Builtin>,
        code: Vec<Felt>,
        output: Vec<Felt>,
    ) -> Result<Self, ClaimError> {
        // Checked first: a program that is too long is not hashed.
        let mut claim = Self::with_program_hash(builtins, code, output, Felt::ZERO)?;
        claim.program_hash = program_hash(&claim.builtins, &claim.code);
        Ok(claim)
    }

    /// [`Self::new`] for a caller that has the program's hash already.
    ///
    /// `program_hash` must be that of [`program_hash`]: it is what files about this claim must name.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub fn with_program_hash(
        builtins: Vec<Builtin>,
        code: Vec<Felt>,
        output: Vec<Felt>,
        program_hash: Felt,
    ) -> Result<Self, ClaimError> {
        if let Some(other) = builtins.iter().find(|builtin| builtin.transcript_tag().is_none()) {
            return Err(ClaimError::Builtin { name: other.name() });
        }
        let ordered = builtins.windows(2).all(|pair| pair[0] < pair[1]);
        if builtins.first() != Some(&Builtin::Output) || !ordered {
            return Err(ClaimError::Builtins);
        }
        if code.len() > MAX_CODE_LEN {
            return Err(ClaimError::CodeLength { actual: code.len() });
        }
        if output.len() > MAX_OUTPUT_LEN {
            return Err(ClaimError::OutputLength { actual: output.len() });
        }
        let n_builtins = builtins.len();
        if code.get(..6) != Some(&header(n_builtins)) {
            return Err(ClaimError::Header { n_builtins });
        }
        Ok(Self { builtins, code, output, program_hash })
    }

    /// The builtins, in canonical order; the first is the output.
    pub fn builtins(&self) -> &[Builtin] {
        &self.builtins
    }

    /// The program's words.
    pub fn code(&self) -> &[Felt] {
        &self.code
    }

    /// What the program wrote: the model's input, then its output.
    pub fn output(&self) -> &[Felt] {
        &self.output
    }

    /// The program's name: see [`program_hash`].
    pub fn program_hash(&self) -> Felt {
        self.program_hash
    }

    /// The claim as felts, for the transcript: every part is preceded by its length, so different claims
    /// give different felts.
    pub(super) fn to_elements(&self) -> Vec<Felt> {
        let mut elements = Vec::with_capacity(self.code.len() + self.output.len() + 16);
        let name = AIR_NAME.bytes().fold(0_u128, |name, byte| name << 8 | u128::from(byte));
        elements.extend([Felt::from(name), Felt::from(AIR_VERSION)]);
        elements.push(Felt::from(self.builtins.len() as u64));
        let tags = self.builtins.iter().filter_map(|builtin| builtin.transcript_tag());
        elements.extend(tags.map(Felt::from));
        for list in [&self.code, &self.output] {
            elements.push(Felt::from(list.len() as u64));
            elements.extend_from_slice(list);
        }
        elements
    }
}

/// A program's identity: Poseidon over a version tag, the builtins (their number, then their names as short
/// strings), the entry point, the length of the code, and the code.
///
/// Each list is preceded by its length, so different programs hash different felts. Hints are not part of
/// it: they choose witnesses, not what is proved.
pub fn program_hash(builtins: &[Builtin], code: &[Felt]) -> Felt {
    let mut felts = Vec::with_capacity(builtins.len() + code.len() + 4);
    felts.push(short_string(PROGRAM_HASH_TAG));
    felts.push(Felt::from(builtins.len() as u64));
    felts.extend(builtins.iter().map(|builtin| short_string(builtin.name().as_bytes())));
    felts.push(Felt::from(address::ENTRY_OFFSET));
    felts.push(Felt::from(code.len() as u64));
    felts.extend_from_slice(code);
    poseidon::hash_array(&felts)
}

/// ASCII text as a number, first byte most significant.
fn short_string(text: &[u8]) -> Felt {
    let base = Felt::from(256_u64);
    text.iter().fold(Felt::ZERO, |felt, &byte| felt * base + Felt::from(byte))
}

/// The words that every provable program starts with.
pub fn header(n_builtins: usize) -> [Felt; 6] {
    let word = |word: u64| Felt::from(word);
    [
        word(0x0407_8001_7fff_7fff),
        word(n_builtins as u64),
        word(0x1104_8001_8001_8000),
        word(4),
        word(0x0107_8001_7fff_7fff),
        Felt::ZERO,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_claimed() {
        use Builtin::{Output, RangeCheck};
        let code = header(1).to_vec();
        let new = |builtins: &[Builtin], code: &[Felt]| {
            Claim::new(builtins.to_vec(), code.to_vec(), Vec::new()).map(|_| ())
        };
        assert_eq!(new(&[Output], &code), Ok(()));
        assert_eq!(new(&[Output, RangeCheck], &header(2)), Ok(()));
        for builtin in [Builtin::Pedersen, Builtin::Bitwise, Builtin::Poseidon] {
            let name = builtin.name();
            assert_eq!(new(&[Output, builtin], &code), Err(ClaimError::Builtin { name }));
        }
        for builtins in [&[][..], &[RangeCheck], &[RangeCheck, Output], &[Output, Output]] {
            assert_eq!(new(builtins, &code), Err(ClaimError::Builtins));
        }
        assert_eq!(new(&[Output, RangeCheck], &code), Err(ClaimError::Header { n_builtins: 2 }));
        assert_eq!(new(&[Output], &code[..5]), Err(ClaimError::Header { n_builtins: 1 }));
        for i in 0..6 {
            let mut other = code.clone();
            other[i] += Felt::ONE;
            assert_eq!(new(&[Output], &other), Err(ClaimError::Header { n_builtins: 1 }));
        }
        let long = vec![Felt::ZERO; MAX_CODE_LEN + 1];
        assert_eq!(new(&[Output], &long), Err(ClaimError::CodeLength { actual: long.len() }));
    }

    #[test]
    fn elements_tell_claims_apart() {
        let claim = |code: &[Felt], output: &[u64]| {
            let code = [&header(1)[..], code].concat();
            let output = output.iter().map(|&felt| felt.into()).collect();
            Claim::new(vec![Builtin::Output], code, output).unwrap().to_elements()
        };
        let one = Felt::ONE;
        let all = [
            claim(&[], &[]),
            claim(&[one], &[]),
            claim(&[], &[1]),
            claim(&[one], &[1]),
            claim(&[one, one], &[]),
            claim(&[], &[1, 1]),
            claim(&[], &[0]),
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                assert_ne!(a, b);
            }
        }
    }
}
