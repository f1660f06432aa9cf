//! Reading the registry's answers.

use super::{
    Action, Change, ClaimState, Model, Rules, Scheduled, Settings, Share, Status, Totals, Version,
};
use crate::codec::{Reader, Result};

/// What can be read from a contract's answer.
pub trait Read: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// The answer is malformed.
    fn read(reader: &mut Reader<'_>) -> Result<Self>;
}

/// Reads structures field by field.
macro_rules! read {
    ($($type:ident { $($field:ident: $how:ident),* $(,)? })*) => {$(
        impl Read for $type {
            fn read(reader: &mut Reader<'_>) -> Result<Self> {
                Ok(Self { $($field: reader.$how()?),* })
            }
        }
    )*};
}

read! {
    Settings {
        owner: felt, fee_token: felt, window: number, delay: number, min_bond: number,
        gas_price: number, paused: boolean, paused_until: number, can_pause_from: number,
    }
    Rules { window: number, min_bond: number, gas_price: number }
    Model {
        id: number, owner: felt, offered_to: felt, name: text, kind: felt, licence: felt,
        price: number, bond: number, deprecated: boolean, n_versions: number, n_calls: number,
        n_own_calls: number, revenue: number, undistributed: number, registered_at: number,
    }
    Version {
        contract: felt, class_hash: felt, model_hash: felt, program_hash: felt, schema_hash: felt,
        metadata_uri: text, metadata_hash: u256, published_at: number, deprecated: boolean,
        challenge_gas: number,
    }
    Share { holder: felt, basis_points: number }
    Totals {
        n_models: number, n_calls: number, n_claims: number, n_proofs: number, held: number, burnt: number,
        swept: number,
    }
}

impl Read for Action {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.number::<u8>()? {
            0 => Ok(Self::None),
            1 => Ok(Self::Upgrade { class_hash: reader.felt()? }),
            2 => Ok(Self::SetRules { rules: Rules::read(reader)? }),
            other => Err(reader.error(format!("an action of kind {other}"))),
        }
    }
}

impl Read for Change {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.number::<u8>()? {
            0 => Ok(Self::Price { price: reader.number()? }),
            1 => Ok(Self::Shares { shares: reader.list(Share::read)? }),
            2 => Ok(Self::DeprecateVersion { version: reader.number()? }),
            3 => Ok(Self::Deprecate),
            other => Err(reader.error(format!("a change of kind {other}"))),
        }
    }
}

impl Read for Scheduled {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let action = Action::read(reader)?;
        Ok(Self { action, ready_at: reader.number()?, lapses_at: reader.number()? })
    }
}

impl Read for Status {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.number::<u8>()? {
            1 => Ok(Self::Open),
            2 => Ok(Self::Contested),
            3 => Ok(Self::Refuted),
            4 => Ok(Self::Upheld),
            5 => Ok(Self::Final),
            6 => Ok(Self::Void),
            other => Err(reader.error(format!("a claim's status {other}"))),
        }
    }
}

impl Read for ClaimState {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { status: Status::read(reader)?, commitment: reader.felt()? })
    }
}

#[cfg(test)]
mod tests {
    use starknet_rust::core::types::Felt;

    use super::*;

    #[test]
    fn unknown_states_are_errors() {
        let felts = [Felt::from(7)];
        assert!(Status::read(&mut Reader::new("x", &felts)).is_err());
        assert!(Action::read(&mut Reader::new("x", &felts)).is_err());
        assert!(Change::read(&mut Reader::new("x", &felts)).is_err());
    }
}
