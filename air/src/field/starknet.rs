//! The felts of Starknet's crates, which are Montgomery residues with the same radix.

use starknet_types_core::felt::Felt as StarknetFelt;

use super::Felt;

impl From<&StarknetFelt> for Felt {
    fn from(felt: &StarknetFelt) -> Self {
        Self::from_residue(felt.to_raw_reversed())
            .unwrap_or_else(|| unreachable!("Starknet's felts are reduced: {felt:#x}"))
    }
}

impl From<&Felt> for StarknetFelt {
    fn from(felt: &Felt) -> Self {
        Self::from_bytes_be(&felt.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn felts_round_trip() {
        let edges = [StarknetFelt::ZERO, StarknetFelt::ONE, StarknetFelt::MAX];
        for felt in edges.into_iter().chain((0..64).map(|i| StarknetFelt::TWO.pow(4_u32 * i))) {
            let own = Felt::from(&felt);
            assert_eq!(own.to_be_bytes(), felt.to_bytes_be());
            assert_eq!(StarknetFelt::from(&own), felt);
        }
    }
}
