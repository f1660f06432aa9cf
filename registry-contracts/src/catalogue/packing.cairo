//! What calls read and write, a storage slot each.

use starknet::storage_access::StorePacking;

/// What every call reads.
#[derive(Copy, Drop)]
pub struct Terms {
    pub price: u128,
    pub n_versions: u32,
    pub deprecated: bool,
}

/// What every call writes.
#[derive(Copy, Drop)]
pub struct Activity {
    pub undistributed: u128,
    pub n_calls: u64,
    /// Of these, calls by the model's owner; stops at the largest.
    pub n_own_calls: u32,
}

const SHIFT: felt252 = 0x100000000000000000000000000000000;

/// The price in the low half; above it the versions, doubled, and whether the model is deprecated.
impl TermsPacking of StorePacking<Terms, felt252> {
    fn pack(value: Terms) -> felt252 {
        let flag = if value.deprecated {
            1
        } else {
            0
        };
        value.price.into() + (value.n_versions.into() * 2 + flag) * SHIFT
    }

    fn unpack(value: felt252) -> Terms {
        let u256 { low, high } = value.into();
        Terms {
            price: low,
            n_versions: (high / 2).try_into().expect('packed terms'),
            deprecated: high % 2 == 1,
        }
    }
}

const CALLS_END: u128 = 0x10000000000000000;

/// The amount in the low half; above it the calls in 64 bits, and the owner's calls.
impl ActivityPacking of StorePacking<Activity, felt252> {
    fn pack(value: Activity) -> felt252 {
        let calls: u128 = value.n_calls.into() + value.n_own_calls.into() * CALLS_END;
        value.undistributed.into() + calls.into() * SHIFT
    }

    fn unpack(value: felt252) -> Activity {
        let u256 { low, high } = value.into();
        Activity {
            undistributed: low,
            n_calls: (high % CALLS_END).try_into().expect('packed activity'),
            n_own_calls: (high / CALLS_END).try_into().expect('packed activity'),
        }
    }
}
