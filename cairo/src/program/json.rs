//! Programs as files.
//!
//! A program file may come from anyone, so reading it checks everything that running relies on:
//! sizes, canonical felts, the header, the order of builtins, and that hints stand inside the
//! code. It cannot check that the code means what its maker says: compare [`Program::hash`] with
//! the hash you trust.

use serde::{Deserialize, Serialize};
use starknet_types_core::felt::Felt;

use super::entry::header_words;
use super::{Builtin, CachedHash, Program, ProgramError, HEADER_LEN, MAX_CODE_LEN};
use crate::hint::Hint;

/// The format that this version writes and reads.
const FORMAT: &str = "nilometer-program-v1";

/// The most bytes of JSON that are read.
const MAX_FILE_LEN: usize = 1 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    function: String,
    builtins: Vec<Builtin>,
    code_offset: usize,
    #[serde(with = "nilometer_field::hex::list")]
    bytecode: Vec<Felt>,
    hints: Vec<(usize, Vec<Hint>)>,
}

impl Program {
    /// The program as JSON; the same program gives the same bytes.
    pub fn to_json(&self) -> Vec<u8> {
        let mut rest = self.hints.iter();
        let hints = self.hint_counts.iter();
        let file = File {
            format: FORMAT.to_owned(),
            function: self.function.clone(),
            builtins: self.builtins.clone(),
            code_offset: self.code_offset,
            bytecode: self.bytecode.clone(),
            hints: hints
                .map(|(pc, count)| (*pc, rest.by_ref().take(*count).cloned().collect()))
                .collect(),
        };
        #[expect(clippy::expect_used, reason = "strings, integers and lists have no failing case")]
        let mut bytes = serde_json::to_vec(&file).expect("a program is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a program from JSON.
    ///
    /// # Errors
    ///
    /// [`ProgramError::File`] if it is not a file of this format or if what it says cannot be a
    /// program; [`ProgramError::TooLong`] if the code is longer than [`MAX_CODE_LEN`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, ProgramError> {
        if bytes.len() > MAX_FILE_LEN {
            return Err(bad(format!("{} bytes, {MAX_FILE_LEN} are allowed", bytes.len())));
        }
        let file: File = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
        check(&file)?;
        Ok(Self {
            function: file.function,
            builtins: file.builtins,
            code_offset: file.code_offset,
            bytecode: file.bytecode,
            hint_counts: file.hints.iter().map(|(pc, list)| (*pc, list.len())).collect(),
            hints: file.hints.into_iter().flat_map(|(_, list)| list).collect(),
            cached_hash: CachedHash::default(),
        })
    }
}

fn bad(reason: impl Into<String>) -> ProgramError {
    ProgramError::File { reason: reason.into() }
}

fn check(file: &File) -> Result<(), ProgramError> {
    let code_len = file.bytecode.len();
    if file.format != FORMAT {
        return Err(bad(format!("format `{:.80}`, `{FORMAT}` is wanted", file.format)));
    }
    if code_len > MAX_CODE_LEN {
        return Err(ProgramError::TooLong { actual: code_len, max: MAX_CODE_LEN });
    }
    if file.builtins.first() != Some(&Builtin::Output)
        || file.builtins.windows(2).any(|pair| pair[0] >= pair[1])
    {
        return Err(bad("builtins are not the output and others in canonical order"));
    }
    if file.bytecode.get(..HEADER_LEN) != Some(&header_words(file.builtins.len())[..]) {
        return Err(bad("the code does not start with the header of a proof-mode run"));
    }
    if !(HEADER_LEN..=code_len).contains(&file.code_offset) {
        return Err(bad(format!("code offset {} is outside of the code", file.code_offset)));
    }
    let mut next = 0;
    for (pc, list) in &file.hints {
        if *pc < next || *pc >= code_len || list.is_empty() {
            return Err(bad(format!(
                "hints at {pc} are out of order, empty or outside of the code"
            )));
        }
        if !list.iter().all(Hint::is_well_formed) {
            return Err(bad(format!("a hint at {pc} has lists of wrong lengths")));
        }
        next = pc + 1;
    }
    Ok(())
}
