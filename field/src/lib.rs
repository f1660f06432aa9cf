//! The Stark field: integers modulo `p = 2^251 + 17·2^192 + 1`, in which Cairo computes.
//!
//! Input and output are elements ([`Felt`]). The crate also has Starknet's Poseidon hash ([`poseidon`]),
//! felts as text ([`hex`]), the traits through which Winterfell uses a field, and the conversion from and to the
//! felt of Starknet's crates. It must know nothing of programs, proofs or models.
//!
//! An element is held as its Montgomery residue `x·2^256 mod p`, fully reduced, as four 64-bit limbs, lowest
//! first. Its bytes in proofs and in hashes are those limbs in little-endian order, so nothing is converted
//! before hashing. Each residue stands for one element, so this encoding is canonical too.
//!
//! `p ≡ 1 (mod 2^64)`, and two of p's four limbs are zero: one step of the Montgomery reduction costs one
//! 64-bit product.
//!
//! ```
//! use nilometer_field::{poseidon, Felt};
//!
//! let two = Felt::from(2_u64);
//! assert_eq!(two * two.inverse(), Felt::from(1_u64));
//! assert_eq!((-two + two).to_u64(), Some(0));
//!
//! // Poseidon of [1, 2], as on Starknet.
//! let hash = poseidon::hash_array(&[Felt::from(1_u64), two]);
//! assert_eq!(
//!     hash.to_string(),
//!     "0x371cb6995ea5e7effcd2e174de264b5b407027a75a231a70c2c8d196107f0e7"
//! );
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod hex;
pub mod poseidon;
mod starknet;
mod value;
mod winter;

pub use value::Value;

use std::fmt;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use zerocopy::{Immutable, IntoBytes};

/// The modulus's limbs, lowest first.
pub const MODULUS_LIMBS: [u64; 4] = [1, 0, 0, P3];
/// The modulus's top limb, the only large one.
const P3: u64 = 0x0800_0000_0000_0011;
/// `2^256 mod p`: one, as a residue.
const R: Felt = Felt([
    0xffff_ffff_ffff_ffe1,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0x07ff_ffff_ffff_fdf0,
]);
/// `2^512 mod p`: what turns an integer into a residue.
const R2: Felt = Felt([
    0xffff_fd73_7e00_0401,
    0x0000_0001_330f_ffff,
    0xffff_ffff_ff6f_8000,
    0x07ff_d4ab_5e00_8810,
]);

/// An element of the Stark field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Felt([u64; 4]);

impl Felt {
    /// Bytes of an element.
    pub const BYTES: usize = 32;

    /// The element of a Montgomery residue, if the residue is below the modulus.
    #[inline]
    pub fn from_residue(limbs: [u64; 4]) -> Option<Self> {
        less_than_modulus(&limbs).then_some(Self(limbs))
    }

    /// The Montgomery residue, fully reduced, lowest limb first.
    #[inline]
    pub const fn residue(&self) -> [u64; 4] {
        self.0
    }

    /// The element of an integer, if the integer is below the modulus; lowest limb first.
    pub fn from_limbs(limbs: [u64; 4]) -> Option<Self> {
        Self::from_residue(limbs).map(|residue| residue * R2)
    }

    /// The integer below the modulus, lowest limb first.
    pub fn to_limbs(self) -> [u64; 4] {
        (self * Self([1, 0, 0, 0])).0
    }

    /// The element of a big-endian integer, if the integer is below the modulus.
    pub fn from_be_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
            *limb = u64::from_be_bytes(std::array::from_fn(|i| chunk[i]));
        }
        Self::from_limbs(limbs)
    }

    /// The integer below the modulus, big-endian.
    pub fn to_be_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.chunks_exact_mut(8).zip(self.to_limbs().iter().rev()) {
            chunk.copy_from_slice(&limb.to_be_bytes());
        }
        bytes
    }

    /// The integer, if it is below 2^64.
    pub fn to_u64(self) -> Option<u64> {
        match self.to_limbs() {
            [low, 0, 0, 0] => Some(low),
            _ => None,
        }
    }

    /// `self^exponent`, exponent's limbs from the lowest.
    pub fn pow(self, exponent: [u64; 4]) -> Self {
        let mut result = R;
        for bit in (0..256).rev() {
            result *= result;
            if exponent[bit / 64] >> (bit % 64) & 1 == 1 {
                result *= self;
            }
        }
        result
    }

    /// `1 / self`; zero for zero.
    pub fn inverse(self) -> Self {
        // x^(p-2), p - 2 = (2^59 + 17)·2^192 - 1: an exponent of 192 ones below 2^59 + 16.
        self.pow([u64::MAX, u64::MAX, u64::MAX, P3 - 1])
    }
}

#[inline(always)]
fn less_than_modulus(x: &[u64; 4]) -> bool {
    x[3] < P3 || (x[3] == P3 && x[2] == 0 && x[1] == 0 && x[0] == 0)
}

/// `x` below `2p`, reduced.
#[inline(always)]
fn reduce_once(x: [u64; 4]) -> [u64; 4] {
    let (r0, b) = x[0].overflowing_sub(1);
    let (r1, b) = x[1].overflowing_sub(u64::from(b));
    let (r2, b) = x[2].overflowing_sub(u64::from(b));
    let (r3, b1) = x[3].overflowing_sub(P3);
    let (r3, b2) = r3.overflowing_sub(u64::from(b));
    // Written without a branch: the compiler makes conditional moves of it.
    let keep = u64::from(b1 | b2).wrapping_neg();
    [
        (x[0] & keep) | (r0 & !keep),
        (x[1] & keep) | (r1 & !keep),
        (x[2] & keep) | (r2 & !keep),
        (x[3] & keep) | (r3 & !keep),
    ]
}

/// `a + b·c + carry`, low and high half; cannot overflow.
#[inline(always)]
fn mac(a: u64, b: u64, c: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) + u128::from(b) * u128::from(c) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

#[inline(always)]
fn add_carry(a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = u128::from(a) + u128::from(b) + u128::from(carry);
    (wide as u64, (wide >> 64) as u64)
}

/// `a + b` modulo `2^256`.
#[inline(always)]
fn add_limbs(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let (r0, carry) = add_carry(a[0], b[0], 0);
    let (r1, carry) = add_carry(a[1], b[1], carry);
    let (r2, carry) = add_carry(a[2], b[2], carry);
    [r0, r1, r2, a[3].wrapping_add(b[3]).wrapping_add(carry)]
}

/// `a - b - borrow`, and whether it borrows.
#[inline(always)]
fn sub_borrow(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (low, b1) = a.overflowing_sub(b);
    let (low, b2) = low.overflowing_sub(u64::from(borrow));
    (low, b1 | b2)
}

/// `x + p` if `negative`, modulo `2^256`.
#[inline(always)]
fn add_modulus_if(negative: bool, x: [u64; 4]) -> [u64; 4] {
    let mask = u64::from(negative).wrapping_neg();
    let (r0, carry) = add_carry(x[0], mask & 1, 0);
    let (r1, carry) = add_carry(x[1], 0, carry);
    let (r2, carry) = add_carry(x[2], 0, carry);
    [r0, r1, r2, x[3].wrapping_add(mask & P3).wrapping_add(carry)]
}

/// `a·b / 2^256 mod p` (Montgomery 1985).
///
/// The product's low half is cleared by subtracting m·p for an m of four limbs. As p is 1 in its lowest
/// three limbs, m's lowest three are the product's own, and its highest is the product's less the low limb
/// of `m·P3`: what is subtracted is `m + m·P3·2^192`, which takes four multiplications.
#[inline(always)]
fn montgomery_mul(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let mut t = [0_u64; 8];
    for (i, &digit) in b.iter().enumerate() {
        let mut carry = 0;
        for (j, &limb) in a.iter().enumerate() {
            (t[i + j], carry) = mac(t[i + j], limb, digit, carry);
        }
        t[i + 4] = carry;
    }
    let (u0, carry) = mac(0, t[0], P3, 0);
    let (m3, borrow) = t[3].overflowing_sub(u0);
    let (u1, carry) = mac(0, t[1], P3, carry);
    let (u2, carry) = mac(0, t[2], P3, carry);
    let (u3, u4) = mac(0, m3, P3, carry);
    let (r0, borrow) = sub_borrow(t[4], u1, borrow);
    let (r1, borrow) = sub_borrow(t[5], u2, borrow);
    let (r2, borrow) = sub_borrow(t[6], u3, borrow);
    let (r3, borrow) = sub_borrow(t[7], u4, borrow);
    // Above -p, as m is below 2^256, and below p, as both factors are below p.
    add_modulus_if(borrow, [r0, r1, r2, r3])
}

impl Add for Felt {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // Both top limbs are below 2^60.
        Self(reduce_once(add_limbs(self.0, other.0)))
    }
}

impl Sub for Felt {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let (a, b) = (self.0, other.0);
        let (r0, borrow) = sub_borrow(a[0], b[0], false);
        let (r1, borrow) = sub_borrow(a[1], b[1], borrow);
        let (r2, borrow) = sub_borrow(a[2], b[2], borrow);
        let (r3, borrow) = sub_borrow(a[3], b[3], borrow);
        Self(add_modulus_if(borrow, [r0, r1, r2, r3]))
    }
}

impl Mul for Felt {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(montgomery_mul(&self.0, &other.0))
    }
}

impl Div for Felt {
    type Output = Self;
    #[allow(
        clippy::suspicious_arithmetic_impl,
        reason = "a product with the inverse is a quotient"
    )]
    fn div(self, other: Self) -> Self {
        self * other.inverse()
    }
}

impl Neg for Felt {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self([0; 4]) - self
    }
}

macro_rules! assign {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for Felt {
            #[inline(always)]
            fn $method(&mut self, other: Self) {
                *self = *self $op other;
            }
        }
    )*};
}
assign!(AddAssign add_assign +, SubAssign sub_assign -, MulAssign mul_assign *, DivAssign div_assign /);

impl From<u64> for Felt {
    #[inline]
    fn from(value: u64) -> Self {
        Self([value, 0, 0, 0]) * R2
    }
}

impl From<u128> for Felt {
    #[inline]
    fn from(value: u128) -> Self {
        Self([value as u64, (value >> 64) as u64, 0, 0]) * R2
    }
}

impl fmt::Debug for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hexadecimal, without leading zeros.
impl fmt::Display for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits: String = self.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let digits = digits.trim_start_matches('0');
        write!(f, "0x{}", if digits.is_empty() { "0" } else { digits })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use starknet_types_core::felt::Felt as Reference;
    use winter_math::{FieldElement, StarkField};
    use winter_utils::{Deserializable, Randomizable, Serializable};

    use super::*;

    /// Any felt, with many at the edges.
    fn felt() -> impl Strategy<Value = Felt> {
        let edges = prop_oneof![
            Just(Felt::ZERO),
            Just(Felt::ONE),
            Just(-Felt::ONE),
            Just(Felt::from_residue([1, 0, 0, 0]).unwrap()),
            Just(Felt::from_residue([0, 0, 0, P3]).unwrap()),
            Just(Felt::from(u64::MAX)),
        ];
        let any = any::<[u64; 4]>().prop_map(|mut limbs| {
            limbs[3] &= (1 << 59) - 1;
            Felt::from_residue(limbs).unwrap()
        });
        prop_oneof![1 => edges, 4 => any]
    }

    fn reference(felt: Felt) -> Reference {
        Reference::from_bytes_be(&felt.to_be_bytes())
    }

    fn same(felt: Felt, expected: Reference) -> bool {
        felt.to_be_bytes() == expected.to_bytes_be() && less_than_modulus(&felt.0)
    }

    proptest! {
        #[test]
        fn arithmetic_is_that_of_the_reference(a in felt(), b in felt()) {
            prop_assert!(same(a + b, reference(a) + reference(b)));
            prop_assert!(same(a - b, reference(a) - reference(b)));
            prop_assert!(same(a * b, reference(a) * reference(b)));
            prop_assert!(same(-a, -reference(a)));
        }

        #[test]
        fn inverses(a in felt()) {
            let expected = if a == Felt::ZERO { Felt::ZERO } else { Felt::ONE };
            prop_assert_eq!(a * a.inverse(), expected);
        }

        #[test]
        fn bytes_round_trip(a in felt()) {
            prop_assert_eq!(Felt::read_from_bytes(&a.to_bytes()), Ok(a));
            prop_assert_eq!(Felt::from_be_bytes(&a.to_be_bytes()), Some(a));
            let elements = [a];
            prop_assert_eq!(a.to_bytes(), Felt::elements_as_bytes(&elements));
        }
    }

    #[test]
    fn bytes_at_or_above_the_modulus_are_refused() {
        for limbs in [[1, 0, 0, P3], [2, 0, 0, P3], [0, 1, 0, P3], [u64::MAX; 4], [0, 0, 0, P3 + 1]]
        {
            let bytes: Vec<u8> = limbs.iter().flat_map(|limb: &u64| limb.to_le_bytes()).collect();
            assert!(Felt::read_from_bytes(&bytes).is_err(), "{limbs:?}");
            assert!(Felt::try_from(bytes.as_slice()).is_err(), "{limbs:?}");
            assert_eq!(Felt::from_residue(limbs), None);
            assert_eq!(Felt::from_limbs(limbs), None);
        }
        assert!(Felt::try_from([0_u8; 31].as_slice()).is_err());
        assert!(Felt::try_from([0_u8; 33].as_slice()).is_err());
    }

    #[test]
    fn random_bytes_lose_the_bits_above_the_modulus() {
        // 4 bits are masked, so that half of all draws succeed, and the rest are drawn again.
        assert!(Felt::from_random_bytes(&[0xff; 32]).is_none());
        let mut bytes = [0xff; 32];
        bytes[31] = 0xf7;
        assert!(Felt::from_random_bytes(&bytes).is_some());
    }

    #[test]
    fn roots_of_unity() {
        assert_eq!(Felt::GENERATOR, Felt::from(3_u64));
        for log in [1, 2, 20, 192] {
            let mut root = Felt::get_root_of_unity(log);
            for _ in 1..log {
                root = root.square();
            }
            assert_eq!(root, -Felt::ONE, "2^{log}");
        }
        // Odd part of p - 1: 5·7·98714381·166848103; 3 has no smaller order.
        for factor in [2_u64, 5, 7, 98_714_381, 166_848_103] {
            let order = Reference::MAX.to_biguint() / factor;
            let digits = order.to_u64_digits();
            let exponent = std::array::from_fn(|i| digits.get(i).copied().unwrap_or(0));
            assert_ne!(Felt::GENERATOR.pow(exponent), Felt::ONE, "{factor}");
        }
    }

    #[test]
    fn text_is_hexadecimal() {
        assert_eq!(Felt::ZERO.to_string(), "0x0");
        assert_eq!(Felt::from(0x1f_u64).to_string(), "0x1f");
        let minus_one = "0x800000000000011000000000000000000000000000000000000000000000000";
        assert_eq!((-Felt::ONE).to_string(), minus_one);
    }
}
