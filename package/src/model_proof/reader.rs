//! Reading bytes from anyone: nothing is taken that is not there.

/// The bytes end too early, or a number is written in another way than the shortest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// What is left of some bytes.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Short> {
        let (these, rest) = self.rest.split_at_checked(n).ok_or(Short)?;
        self.rest = rest;
        Ok(these)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        self.take(N)?.try_into().map_err(|_| Short)
    }

    pub fn byte(&mut self) -> Result<u8, Short> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Short> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, Short> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// An integer as [`write_integer`] writes it; only its shortest form.
    pub fn integer(&mut self) -> Result<i128, Short> {
        let mut folded: u128 = 0;
        for place in (0..128).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if bits << place >> place != bits {
                return Err(Short);
            }
            folded |= bits << place;
            if byte & 0x80 == 0 {
                let is_shortest = byte != 0 || place == 0;
                let value = (folded >> 1) as i128 ^ -((folded & 1) as i128);
                return if is_shortest { Ok(value) } else { Err(Short) };
            }
        }
        Err(Short)
    }
}

/// Seven bits a byte, the lowest first; the sign is the lowest bit.
pub fn write_integer(bytes: &mut Vec<u8>, value: i128) {
    let mut folded = (value << 1 ^ value >> 127) as u128;
    while folded > 0x7f {
        bytes.push(folded as u8 | 0x80);
        folded >>= 7;
    }
    bytes.push(folded as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for value in [0, 1, -1, 63, 64, -64, -65, i128::MAX, i128::MIN, 1 << 100] {
            let mut bytes = Vec::new();
            write_integer(&mut bytes, value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.integer(), Ok(value));
            assert!(reader.is_at_end());
            // The same with a zero more.
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
            assert!(Reader::new(&bytes).integer().is_err(), "{value}");
        }
        assert!(Reader::new(&[0x80; 30]).integer().is_err());
        assert!(Reader::new(&[0xff; 19]).integer().is_err());
    }
}
