//! What a proof is about.

use thiserror::Error;
use winter_math::FieldElement;

use nilometer_field::Felt;

/// The AIR's name; part of what a proof commits to.
pub const AIR_NAME: &str = "nilometer-cairo";
/// The AIR's version: any change of layout, constraints, transcript or encoding makes a new one.
pub const AIR_VERSION: u32 = 1;

/// The longest program, in words.
pub const MAX_CODE_LEN: usize = 1 << 22;
/// The longest output, in felts.
pub const MAX_OUTPUT_LEN: usize = 1 << 20;

/// A builtin that this AIR has; the order is the canonical one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Builtin {
    /// The public output.
    Output,
    /// Integers below 2^128.
    RangeCheck,
}

/// "This program ran to its end and wrote this output."
///
/// A program's arguments are not part of it: a program whose input matters writes it to its output
/// first, as every Nilometer program does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    builtins: Vec<Builtin>,
    code: Vec<Felt>,
    output: Vec<Felt>,
}

/// A claim that no proof of this AIR can be about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
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
    /// A claim about the program of `code` with its `builtins`.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub fn new(
        builtins: Vec<Builtin>,
        code: Vec<Felt>,
        output: Vec<Felt>,
    ) -> Result<Self, ClaimError> {
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
        Ok(Self { builtins, code, output })
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

    /// The claim as felts, for the transcript: every part is preceded by its length, so different claims
    /// give different felts.
    pub(super) fn to_elements(&self) -> Vec<Felt> {
        let mut elements = Vec::with_capacity(self.code.len() + self.output.len() + 16);
        let name = AIR_NAME.bytes().fold(0_u128, |name, byte| name << 8 | u128::from(byte));
        elements.extend([Felt::from(name), Felt::from(AIR_VERSION)]);
        elements.push(Felt::from(self.builtins.len() as u64));
        elements.extend(self.builtins.iter().map(|builtin| Felt::from(*builtin as u64 + 1)));
        for list in [&self.code, &self.output] {
            elements.push(Felt::from(list.len() as u64));
            elements.extend_from_slice(list);
        }
        elements
    }
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
