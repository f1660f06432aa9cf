//! Conversion from and to the felt of Starknet's crates.
//!
//! Both types hold a Montgomery residue with the same radix, so a conversion only reverses the order of
//! the limbs.

use starknet_types_core::felt::Felt as StarknetFelt;

use super::Felt;

impl From<StarknetFelt> for Felt {
    fn from(felt: StarknetFelt) -> Self {
        Self::from_residue(felt.to_raw_reversed())
            .unwrap_or_else(|| unreachable!("Starknet's felts are reduced: {felt:#x}"))
    }
}

impl From<&StarknetFelt> for Felt {
    fn from(felt: &StarknetFelt) -> Self {
        (*felt).into()
    }
}

impl From<Felt> for StarknetFelt {
    fn from(felt: Felt) -> Self {
        let [low, second, third, high] = felt.residue();
        Self::from_raw([high, third, second, low])
    }
}

impl From<&Felt> for StarknetFelt {
    fn from(felt: &Felt) -> Self {
        (*felt).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn felts_round_trip() {
        let edges = [StarknetFelt::ZERO, StarknetFelt::ONE, StarknetFelt::MAX];
        for felt in edges.into_iter().chain((0..64).map(|i| StarknetFelt::TWO.pow(4_u32 * i))) {
            let own = Felt::from(felt);
            assert_eq!(own.to_be_bytes(), felt.to_bytes_be());
            assert_eq!(StarknetFelt::from(own), felt);
            assert_eq!(StarknetFelt::from(&own).to_bytes_be(), own.to_be_bytes());
        }
    }
}
