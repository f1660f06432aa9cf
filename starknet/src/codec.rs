//! Cairo's serialisation of the types that the registry uses.

use starknet_rust::core::types::{Felt, U256};

use crate::error::ChainError;

/// Reads values one after the other.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    felts: &'a [Felt],
    what: &'static str,
}

/// What cannot be read.
pub type Result<T> = std::result::Result<T, ChainError>;

impl<'a> Reader<'a> {
    /// Reads `felts`; errors say `what` they are.
    pub fn new(what: &'static str, felts: &'a [Felt]) -> Self {
        Self { felts, what }
    }

    /// An error at this place.
    pub fn error(&self, reason: impl ToString) -> ChainError {
        ChainError::Decode { what: self.what, reason: reason.to_string() }
    }

    /// A felt.
    pub fn felt(&mut self) -> Result<Felt> {
        let (first, rest) =
            self.felts.split_first().ok_or_else(|| self.error("it ends too early"))?;
        self.felts = rest;
        Ok(*first)
    }

    /// An unsigned integer.
    pub fn number<T: TryFrom<u128>>(&mut self) -> Result<T> {
        let felt = self.felt()?;
        let wide = u128::try_from(felt).ok().and_then(|wide| T::try_from(wide).ok());
        wide.ok_or_else(|| self.error(format!("{felt:#x} is too large")))
    }

    /// A boolean.
    pub fn boolean(&mut self) -> Result<bool> {
        Ok(self.number::<u8>()? != 0)
    }

    /// An unsigned integer of 256 bits, low half first.
    pub fn u256(&mut self) -> Result<U256> {
        let low: u128 = self.number()?;
        let high: u128 = self.number()?;
        Ok(U256::from_words(low, high))
    }

    /// A list's length; every element has at least one felt, so a longer list is an error.
    pub fn length(&mut self) -> Result<usize> {
        let length: u32 = self.number()?;
        if length as usize > self.felts.len() {
            return Err(self.error(format!("a list of {length} in {} felts", self.felts.len())));
        }
        Ok(length as usize)
    }

    /// A list of felts.
    pub fn span(&mut self) -> Result<Vec<Felt>> {
        let length = self.length()?;
        let (span, rest) = self.felts.split_at(length);
        self.felts = rest;
        Ok(span.to_vec())
    }

    /// A list.
    pub fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        (0..self.length()?).map(|_| element(self)).collect()
    }

    /// A `ByteArray`. The text is untrusted: invalid UTF-8 is replaced.
    pub fn text(&mut self) -> Result<String> {
        let mut bytes = Vec::new();
        for _ in 0..self.length()? {
            bytes.extend_from_slice(&self.felt()?.to_bytes_be()[1..]);
        }
        let pending = self.felt()?.to_bytes_be();
        let length: usize = self.number()?;
        if length > 30 {
            return Err(self.error(format!("a text with {length} pending bytes")));
        }
        bytes.extend_from_slice(&pending[32 - length..]);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether everything was read.
    pub fn end(self) -> Result<()> {
        if self.felts.is_empty() {
            return Ok(());
        }
        Err(self.error(format!("{} felts too many", self.felts.len())))
    }
}

/// A `ByteArray`.
pub fn push_text(felts: &mut Vec<Felt>, text: &str) {
    let words = text.as_bytes().chunks_exact(31);
    let pending = words.remainder();
    felts.push(Felt::from(words.len()));
    felts.extend(words.map(Felt::from_bytes_be_slice));
    felts.extend([Felt::from_bytes_be_slice(pending), Felt::from(pending.len())]);
}

/// A list of felts.
pub fn push_span(felts: &mut Vec<Felt>, span: &[Felt]) {
    felts.push(Felt::from(span.len()));
    felts.extend_from_slice(span);
}

/// An unsigned integer of 256 bits.
pub fn push_u256(felts: &mut Vec<Felt>, number: U256) {
    felts.extend([Felt::from(number.low()), Felt::from(number.high())]);
}

/// The felt of a text of at most 31 printable ASCII bytes.
pub fn to_short_string(text: &str) -> Option<Felt> {
    let fits = text.len() <= 31 && text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    fits.then(|| Felt::from_bytes_be_slice(text.as_bytes()))
}

/// The text that a felt spells, if it is printable ASCII.
pub fn short_string(felt: &Felt) -> Option<String> {
    let bytes = felt.to_bytes_be();
    let text: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let printable = !text.is_empty() && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    printable.then(|| String::from_utf8(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_survive() {
        for length in 0..100 {
            let text: String = "Nilometer, Κάιρο ".chars().cycle().take(length).collect();
            let mut felts = Vec::new();
            push_text(&mut felts, &text);
            let mut reader = Reader::new("a text", &felts);
            assert_eq!(reader.text().unwrap(), text);
            reader.end().unwrap();
        }
    }

    #[test]
    fn hostile_answers_are_errors() {
        let read = |felts: &[Felt]| Reader::new("x", felts).span().unwrap_err().to_string();
        assert_eq!(read(&[]), "x is malformed: it ends too early");
        assert_eq!(read(&[Felt::from(3), Felt::ONE]), "x is malformed: a list of 3 in 1 felts");
        assert_eq!(read(&[Felt::MAX]), format!("x is malformed: {:#x} is too large", Felt::MAX));
        let pending = [Felt::ZERO, Felt::MAX, Felt::from(32)];
        assert!(Reader::new("x", &pending).text().is_err());
        assert!(Reader::new("x", &[Felt::ONE]).end().is_err());
    }

    #[test]
    fn short_strings_are_printable() {
        assert_eq!(short_string(&to_short_string("MIT").unwrap()).unwrap(), "MIT");
        assert_eq!(to_short_string(&"x".repeat(32)), None);
        assert_eq!(to_short_string("\u{7}"), None);
        assert_eq!(short_string(&Felt::ZERO), None);
        assert_eq!(short_string(&Felt::from(7)), None);
    }
}
