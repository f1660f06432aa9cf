//! Starknet's Poseidon hash: the Hades permutation of three elements, 8 full and 83 partial rounds, x^3
//! (StarkWare, "Poseidon: instance for Starknet"; round constant `i` is SHA-256 of `Hades{i}`).
//!
//! Program and model hashes take tens of thousands of permutations. With `starknet-types-core` that was over a third
//! of the time of a proof; here a permutation takes half as long (`cargo bench -p nilometer-field`). Two
//! reasons: a partial round adds one constant instead of three, and sums are only reduced below `2p`.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use starknet_types_core::felt::Felt as StarknetFelt;
use winter_math::FieldElement;

use super::{add_limbs, montgomery_mul, reduce_once, sub_borrow, Felt, P3};

/// Rounds in which each element is cubed: half of them first, half last.
pub const FULL_ROUNDS: usize = 8;
/// Rounds in which the third element is cubed.
pub const PARTIAL_ROUNDS: usize = 83;

/// Poseidon of a list: the sponge of rate 2, padded with 1 and then 0 to an even length.
pub fn hash_array(felts: &[Felt]) -> Felt {
    let mut state = [Wide::ZERO; 3];
    let mut absorb = |a: Felt, b: Felt| {
        state[0] = state[0].add(Wide(a.0)).below_2p();
        state[1] = state[1].add(Wide(b.0)).below_2p();
        permute_wide(&mut state);
    };
    let (pairs, rest) = felts.as_chunks::<2>();
    for [a, b] in pairs {
        absorb(*a, *b);
    }
    match rest {
        [last] => absorb(*last, Felt::ONE),
        _ => absorb(Felt::ONE, Felt::ZERO),
    }
    Felt(reduce_once(state[0].0))
}

/// [`hash_array`] for the felts of Starknet's crates.
pub fn hash_starknet(felts: &[StarknetFelt]) -> StarknetFelt {
    let felts: Vec<Felt> = felts.iter().map(Felt::from).collect();
    hash_array(&felts).into()
}

/// The Hades permutation (Starknet's `hades_permutation`).
pub fn permute(state: [Felt; 3]) -> [Felt; 3] {
    let mut wide = state.map(|felt| Wide(felt.0));
    permute_wide(&mut wide);
    wide.map(|element| Felt(reduce_once(element.0)))
}

/// Constants for an implementation of [`permute`]: what is added before each full round, and to the third
/// element before each partial one; the other two elements' constants of partial rounds are in those of the
/// full round after them.
pub fn round_constants() -> (&'static [[Felt; 3]; FULL_ROUNDS], &'static [Felt; PARTIAL_ROUNDS]) {
    let Constants { full, partial } = &*CONSTANTS;
    (full, partial)
}

/// A residue that is not reduced: below 32p, which is `2^256` and a little.
#[derive(Clone, Copy)]
struct Wide([u64; 4]);

impl Wide {
    const ZERO: Self = Self([0; 4]);

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(add_limbs(self.0, other.0))
    }

    /// `self + multiple·p - other`, for an `other` that is at most `multiple·p`.
    #[inline(always)]
    fn sub(self, other: Self, multiple: u64) -> Self {
        let a = self.add(Self([multiple, 0, 0, multiple * P3])).0;
        let (r0, borrow) = sub_borrow(a[0], other.0[0], false);
        let (r1, borrow) = sub_borrow(a[1], other.0[1], borrow);
        let (r2, borrow) = sub_borrow(a[2], other.0[2], borrow);
        let (r3, _) = sub_borrow(a[3], other.0[3], borrow);
        Self([r0, r1, r2, r3])
    }

    #[inline(always)]
    fn double(self) -> Self {
        self.add(self)
    }

    /// The same element below 2p.
    ///
    /// For `v = q·2^251 + r` this is `v + p - q·p = r + p - q·(17·2^192 + 1)`: not negative, as q is below
    /// 32 and p far above `32·(17·2^192 + 1)`, and below 2p, as r is below p.
    #[inline(always)]
    fn below_2p(self) -> Self {
        let quotient = self.0[3] >> 59;
        let a = self.add(Self([1, 0, 0, P3])).0;
        let (r0, borrow) = sub_borrow(a[0], quotient, false);
        let (r1, borrow) = sub_borrow(a[1], 0, borrow);
        let (r2, borrow) = sub_borrow(a[2], 0, borrow);
        let r3 = a[3].wrapping_sub(quotient * P3).wrapping_sub(u64::from(borrow));
        Self([r0, r1, r2, r3])
    }

    /// For a value below 5p; the result is below p.
    ///
    /// Montgomery's product is below p or below the product over `2^256`, which here is at most
    /// `25p²/2^256 < p`.
    #[inline(always)]
    fn cube(self) -> Self {
        let square = montgomery_mul(&self.0, &self.0);
        Self(montgomery_mul(&square, &self.0))
    }
}

/// Round constants: of the full rounds, and of the third element in partial ones.
struct Constants {
    full: [[Felt; 3]; FULL_ROUNDS],
    partial: [Felt; PARTIAL_ROUNDS],
}

static CONSTANTS: LazyLock<Constants> = LazyLock::new(|| {
    let mut rounds = (0..FULL_ROUNDS + PARTIAL_ROUNDS)
        .map(|round| std::array::from_fn(|i| round_constant(3 * round + i)));
    let mut next = || -> [Felt; 3] { rounds.next().unwrap_or_default() };
    let mut full = [[Felt::ZERO; 3]; FULL_ROUNDS];
    for constants in &mut full[..FULL_ROUNDS / 2] {
        *constants = next();
    }
    // What is added to the first two elements of a partial round is not cubed, so it can be added, mixed,
    // in the next round instead.
    let mut carried = [Felt::ZERO; 3];
    let partial = std::array::from_fn(|_| {
        let own = next();
        let [x, y, z] = std::array::from_fn(|i| own[i] + carried[i]);
        let sum = x + y;
        carried = [sum + x.double(), sum - y.double(), sum];
        z
    });
    for constants in &mut full[FULL_ROUNDS / 2..] {
        let own = next();
        *constants = std::array::from_fn(|i| own[i] + carried[i]);
        carried = [Felt::ZERO; 3];
    }
    Constants { full, partial }
});

fn round_constant(index: usize) -> Felt {
    let digest: [u8; 32] = Sha256::digest(format!("Hades{index}")).into();
    // 256 bits, modulo p.
    let half =
        |bytes: &[u8]| bytes.iter().fold(0_u128, |number, &byte| number << 8 | u128::from(byte));
    let two_128 = Felt::from(u128::MAX) + Felt::ONE;
    Felt::from(half(&digest[..16])) * two_128 + Felt::from(half(&digest[16..]))
}

/// The Hades permutation; elements come and go below 2p.
fn permute_wide(state: &mut [Wide; 3]) {
    let Constants { full, partial } = &*CONSTANTS;
    let (first, last) = full.split_at(FULL_ROUNDS / 2);
    for constants in first {
        full_round(state, constants);
    }
    for constant in partial {
        let [x, y, z] = *state;
        *state = mix([x, y, z.add(Wide(constant.0)).cube()]);
    }
    for constants in last {
        full_round(state, constants);
    }
}

#[inline(always)]
fn full_round(state: &mut [Wide; 3], constants: &[Felt; 3]) {
    let [x, y, z] = *state;
    let [a, b, c] = constants.map(|constant| Wide(constant.0));
    *state = mix([x.add(a).cube(), y.add(b).cube(), z.add(c).cube()]);
}

/// Multiplies by `[[3, 1, 1], [1, -1, 1], [1, 1, -2]]`; takes elements below 2p.
#[inline(always)]
fn mix([x, y, z]: [Wide; 3]) -> [Wide; 3] {
    let sum = x.add(y).add(z);
    // Below 6p + 4p, 6p + 4p and 6p + 6p.
    [
        sum.add(x.double()).below_2p(),
        sum.sub(y.double(), 4).below_2p(),
        sum.sub(z.double().add(z), 6).below_2p(),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use starknet_types_core::felt::Felt as Reference;
    use starknet_types_core::hash::{Poseidon, StarkHash};

    use super::*;

    fn check(bytes: &[[u8; 32]]) {
        let reference: Vec<Reference> = bytes.iter().map(Reference::from_bytes_be).collect();
        let felts: Vec<Felt> = reference
            .iter()
            .map(|felt| Felt::from_be_bytes(&felt.to_bytes_be()).unwrap())
            .collect();
        let expected = Poseidon::hash_array(&reference).to_bytes_be();
        assert_eq!(hash_array(&felts).to_be_bytes(), expected);
        assert_eq!(hash_starknet(&reference).to_bytes_be(), expected);
    }

    #[test]
    fn it_is_that_of_the_library() {
        check(&[]);
        check(&[[0; 32]]);
        check(&[[0; 32], [0; 32]]);
        // The largest elements: 2^256 - 1 modulo p, and p - 1.
        check(&[[0xff; 32]; 7]);
        check(&[Reference::MAX.to_bytes_be(); 8]);
    }

    proptest! {
        #[test]
        fn it_is_that_of_the_library_on_any_list(bytes in prop::collection::vec(any::<[u8; 32]>(), 0..9)) {
            check(&bytes);
        }
    }

    #[test]
    fn sums_are_brought_below_2p() {
        for top in 0..32_u64 {
            for limbs in [
                [0, 0, 0, top << 59],
                [u64::MAX, u64::MAX, u64::MAX, (top << 59) | ((1 << 59) - 1)],
            ] {
                let narrow = Wide(limbs).below_2p().0;
                assert!(reduce_once(reduce_once(narrow)) == reduce_once(narrow), "{limbs:x?}");
                let value = |limbs: [u64; 4]| {
                    Felt::from(limbs[0])
                        + Felt::from(limbs[1]) * Felt::from(1_u128 << 64)
                        + (Felt::from(limbs[2]) + Felt::from(limbs[3]) * Felt::from(1_u128 << 64))
                            * (Felt::from(u128::MAX) + Felt::ONE)
                };
                assert_eq!(value(narrow), value(limbs));
            }
        }
    }
}
