//! The traits through which Winterfell uses a field.

use ethnum::U256;
use winter_math::{ExtensibleField, FieldElement, StarkField};
use winter_utils::{
    AsBytes, ByteReader, ByteWriter, Deserializable, DeserializationError, Randomizable,
    Serializable,
};
use zerocopy::IntoBytes;

use super::{Felt, MODULUS_LIMBS, R};

// An element's bytes in memory are its bytes in proofs.
#[cfg(not(target_endian = "little"))]
compile_error!("only little-endian machines are supported");

const TWO_ADICITY: u32 = 192;

impl FieldElement for Felt {
    type PositiveInteger = U256;
    type BaseField = Self;

    const EXTENSION_DEGREE: usize = 1;
    const ELEMENT_BYTES: usize = Self::BYTES;
    // Memory and encoding are the same bytes.
    const IS_CANONICAL: bool = true;
    const ZERO: Self = Self([0; 4]);
    const ONE: Self = R;

    fn inv(self) -> Self {
        self.inverse()
    }

    fn conjugate(&self) -> Self {
        *self
    }

    fn base_element(&self, i: usize) -> Self {
        assert_eq!(i, 0, "the Stark field is not an extension");
        *self
    }

    fn slice_as_base_elements(elements: &[Self]) -> &[Self] {
        elements
    }

    fn slice_from_base_elements(elements: &[Self]) -> &[Self] {
        elements
    }

    fn elements_as_bytes(elements: &[Self]) -> &[u8] {
        elements.as_bytes()
    }

    // The trait declares it `unsafe`; this implementation has no unsafe operation.
    #[allow(unsafe_code, reason = "the trait's signature")]
    unsafe fn bytes_as_elements(_: &[u8]) -> Result<&[Self], DeserializationError> {
        let message = "bytes are read one element at a time, so that each is checked";
        Err(DeserializationError::InvalidValue(message.to_owned()))
    }
}

impl StarkField for Felt {
    const MODULUS: U256 = U256::from_words(
        (MODULUS_LIMBS[3] as u128) << 64 | MODULUS_LIMBS[2] as u128,
        (MODULUS_LIMBS[1] as u128) << 64 | MODULUS_LIMBS[0] as u128,
    );
    const MODULUS_BITS: u32 = 252;
    /// 3.
    const GENERATOR: Self = Self([
        0xffff_ffff_ffff_ffa1,
        0xffff_ffff_ffff_ffff,
        0xffff_ffff_ffff_ffff,
        0x07ff_ffff_ffff_f9b0,
    ]);
    const TWO_ADICITY: u32 = TWO_ADICITY;
    /// `3^((p-1)/2^192)`.
    const TWO_ADIC_ROOT_OF_UNITY: Self = Self([
        0x4106_bccd_64a2_bdd8,
        0xaaad_a257_31fe_3be9,
        0x0a35_c5be_6050_5574,
        0x0722_2e32_c47a_fc26,
    ]);

    fn get_modulus_le_bytes() -> Vec<u8> {
        MODULUS_LIMBS.iter().flat_map(|limb| limb.to_le_bytes()).collect()
    }

    fn as_int(&self) -> U256 {
        let limbs = self.to_limbs().map(u128::from);
        U256::from_words(limbs[3] << 64 | limbs[2], limbs[1] << 64 | limbs[0])
    }

    fn get_root_of_unity(n: u32) -> Self {
        assert!((1..=TWO_ADICITY).contains(&n), "no root of unity of order 2^{n}");
        (n..TWO_ADICITY).fold(Self::TWO_ADIC_ROOT_OF_UNITY, |root, _| root.square())
    }
}

/// 252 bits are enough for soundness without an extension.
macro_rules! no_extension {
    ($degree:literal) => {
        impl ExtensibleField<$degree> for Felt {
            fn mul(a: [Self; $degree], _: [Self; $degree]) -> [Self; $degree] {
                unreachable!("no extension is supported: {a:?}")
            }
            fn mul_base(a: [Self; $degree], _: Self) -> [Self; $degree] {
                unreachable!("no extension is supported: {a:?}")
            }
            fn frobenius(x: [Self; $degree]) -> [Self; $degree] {
                unreachable!("no extension is supported: {x:?}")
            }
            fn is_supported() -> bool {
                false
            }
        }
    };
}
no_extension!(2);
no_extension!(3);

impl From<u32> for Felt {
    fn from(value: u32) -> Self {
        u64::from(value).into()
    }
}

impl From<u16> for Felt {
    fn from(value: u16) -> Self {
        u64::from(value).into()
    }
}

impl From<u8> for Felt {
    fn from(value: u8) -> Self {
        u64::from(value).into()
    }
}

/// The encoding: 32 bytes of a reduced residue, little-endian.
impl TryFrom<&[u8]> for Felt {
    type Error = DeserializationError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| {
            DeserializationError::InvalidValue(format!("{} bytes, a felt has 32", bytes.len()))
        })?;
        from_bytes(*bytes).ok_or_else(|| {
            DeserializationError::InvalidValue("a felt is not below the modulus".to_owned())
        })
    }
}

fn from_bytes(bytes: [u8; 32]) -> Option<Felt> {
    let limb = |i: usize| u64::from_le_bytes(std::array::from_fn(|j| bytes[8 * i + j]));
    Felt::from_residue(std::array::from_fn(limb))
}

impl AsBytes for Felt {
    fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(self)
    }
}

impl Randomizable for Felt {
    const VALUE_SIZE: usize = Self::BYTES;

    /// The low 252 bits of `bytes` as a residue, if it is below the modulus: uniform, and about every
    /// other draw succeeds.
    fn from_random_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes: [u8; 32] = bytes.try_into().ok()?;
        bytes[31] &= 0x0f;
        from_bytes(bytes)
    }
}

impl Serializable for Felt {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        target.write_bytes(IntoBytes::as_bytes(self));
    }
}

impl Deserializable for Felt {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        let bytes: [u8; 32] = source.read_array()?;
        Self::try_from(bytes.as_slice())
    }
}
