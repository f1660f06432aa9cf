//! What the registry tells indexers.
//!
//! The first key is the selector of the event's name, then come the fields that the contract marks as keys, then
//! the data, in the order of the fields here.

use starknet_rust::core::types::{Felt, U256};
use starknet_rust::core::utils::get_selector_from_name;

use crate::codec::{Reader, Result};
use crate::types::{Action, Change, Read, Rules, Share};

/// Declares the events: names, keys, data, and how each field is read.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident
        [$($key:ident: $key_type:ty = $key_how:ident),* $(,)?]
        [$($field:ident: $type:ty = $how:ident),* $(,)?]
    )*) => {
        /// An event of the registry; fields are those of the contract.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the contract's events document their fields")]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $name { $($key: $key_type,)* $($field: $type),* },)*
        }

        impl Event {
            /// The event's name in the contract.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name),)* }
            }

            /// Every event's name.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Reads an event; none if it is not one of the registry's.
            ///
            /// # Errors
            /// It has a known name and malformed fields.
            pub fn read(keys: &[Felt], data: &[Felt]) -> Result<Option<Self>> {
                let Some((name, keys)) = keys.split_first() else { return Ok(None) };
                $(if *name == selector(stringify!($name)) {
                    #[allow(unused_mut, reason = "some events have no keys or no data")]
                    let mut keys = Reader::new(concat!("the keys of ", stringify!($name)), keys);
                    #[allow(unused_mut, reason = "some events have no keys or no data")]
                    let mut data = Reader::new(concat!("the data of ", stringify!($name)), data);
                    $(let $key = keys.$key_how()?;)*
                    $(let $field = read_field!(data, $how);)*
                    keys.end()?;
                    data.end()?;
                    return Ok(Some(Self::$name { $($key,)* $($field),* }));
                })*
                Ok(None)
            }
        }
    };
}

macro_rules! read_field {
    ($reader:ident, action) => {
        Action::read(&mut $reader)?
    };
    ($reader:ident, change) => {
        Change::read(&mut $reader)?
    };
    ($reader:ident, rules) => {
        Rules::read(&mut $reader)?
    };
    ($reader:ident, shares) => {
        $reader.list(Share::read)?
    };
    ($reader:ident, $how:ident) => {
        $reader.$how()?
    };
}

fn selector(name: &str) -> Felt {
    get_selector_from_name(name).unwrap_or_default()
}

events! {
    /// There is a new model.
    ModelRegistered
        [model_id: u64 = number, owner: Felt = felt]
        [name: String = text, kind: Felt = felt, licence: Felt = felt, price: u128 = number,
         bond: u128 = number]
    /// There is a new version.
    VersionPublished
        [model_id: u64 = number, version: u32 = number]
        [contract: Felt = felt, class_hash: Felt = felt, model_hash: Felt = felt,
         program_hash: Felt = felt, schema_hash: Felt = felt, metadata_uri: String = text,
         metadata_hash: U256 = u256, challenge_gas: u64 = number]
    /// The owner will change the model, from then on and for as long again.
    ChangeAnnounced [model_id: u64 = number] [ready_at: u64 = number, change: Change = change]
    /// Price or smallest bond changed.
    TermsChanged [model_id: u64 = number] [price: u128 = number, bond: u128 = number]
    /// The licence changed.
    LicenceChanged [model_id: u64 = number] [licence: Felt = felt]
    /// A version's description has moved or changed.
    MetadataChanged
        [model_id: u64 = number, version: u32 = number]
        [metadata_uri: String = text, metadata_hash: U256 = u256]
    /// Revenue is shared differently.
    SharesChanged [model_id: u64 = number] [shares: Vec<Share> = shares]
    /// A version takes no new calls or claims.
    VersionDeprecated [model_id: u64 = number, version: u32 = number] []
    /// A model takes no new versions, calls or claims.
    ModelDeprecated [model_id: u64 = number] []
    /// A model was offered; zero withdraws the offer.
    ModelOffered [model_id: u64 = number, to: Felt = felt] []
    /// A model has another owner.
    ModelTransferred [model_id: u64 = number, from: Felt = felt, to: Felt = felt] []
    /// A row was paid for and executed.
    Called
        [model_id: u64 = number, caller: Felt = felt]
        [version: u32 = number, call_id: u64 = number, price: u128 = number,
         input_hash: Felt = felt, output: Vec<Felt> = span]
    /// An account can withdraw this much more.
    Credited [account: Felt = felt] [amount: u128 = number]
    /// An account has withdrawn everything.
    Withdrawn [account: Felt = felt] [amount: u128 = number]
    /// Burnt units were sent out of reach.
    Swept [] [amount: u128 = number]
    /// There is a new claim; hash and results are those of row 0.
    Claimed
        [claim_id: u64 = number, model_id: u64 = number, claimant: Felt = felt]
        [version: u32 = number, bond: u128 = number, stake: u128 = number, deadline: u64 = number,
         n_rows: u32 = number, input_hash: Felt = felt, output: Vec<Felt> = span]
    /// The claimed results of a row after the first.
    ClaimRow [claim_id: u64 = number] [row: u32 = number, output: Vec<Felt> = span]
    /// A part of a claimed row.
    ClaimInput
        [claim_id: u64 = number]
        [row: u32 = number, offset: u32 = number, part: Vec<Felt> = span]
    /// Somebody has staked against a row of a claim.
    Contested
        [claim_id: u64 = number, contester: Felt = felt]
        [row: u32 = number, deadline: u64 = number]
    /// The contested one of several rows holds; the claim is open again.
    RowUpheld
        [claim_id: u64 = number, challenger: Felt = felt]
        [row: u32 = number, deadline: u64 = number, reward: u128 = number, burnt: u128 = number]
    /// Execution gave another answer.
    Refuted
        [claim_id: u64 = number, challenger: Felt = felt]
        [row: u32 = number, reward: u128 = number, burnt: u128 = number, refused: bool = boolean,
         output_hash: Felt = felt]
    /// Execution gave the claimed answer.
    Upheld
        [claim_id: u64 = number, challenger: Felt = felt]
        [reward: u128 = number, burnt: u128 = number]
    /// Nobody objected in time.
    Finalized [claim_id: u64 = number] []
    /// A contested claim was never executed.
    Voided [claim_id: u64 = number] [burnt: u128 = number]
    /// Somebody says to have a proof: claimed, not verified.
    ProofRecorded
        [proof_id: u64 = number, model_id: u64 = number, recorder: Felt = felt]
        [version: u32 = number, proof_hash: U256 = u256, input_hash: Felt = felt,
         output_hash: Felt = felt, security_bits: u16 = number, format_version: u16 = number]
    /// An upgrade or a change of the rules was announced.
    ActionScheduled [] [action: Action = action, ready_at: u64 = number]
    /// The announced action will not happen.
    ActionCancelled [] [action: Action = action]
    /// New claims have other rules.
    RulesChanged [] [rules: Rules = rules]
    /// New models, versions, calls and claims are refused until then.
    Paused [] [until: u64 = number]
    /// The pause has ended before its time.
    Unpaused [] []
    /// The registry has another class.
    Upgraded [] [class_hash: Felt = felt]
    /// The registry was offered; zero withdraws the offer.
    RegistryOffered [to: Felt = felt] []
    /// The registry has another owner.
    RegistryTransferred [from: Felt = felt, to: Felt = felt] []
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_by_their_names() {
        let number = |n: u64| Felt::from(n);
        let keys = [selector("Withdrawn"), number(7)];
        let event = Event::read(&keys, &[number(9)]).unwrap().unwrap();
        assert_eq!(event, Event::Withdrawn { account: number(7), amount: 9 });
        assert_eq!(event.name(), "Withdrawn");
        assert_eq!(Event::read(&[selector("Transfer")], &[]).unwrap(), None);
        assert_eq!(Event::read(&[], &[]).unwrap(), None);
        assert!(Event::read(&keys, &[]).is_err());
        assert!(Event::read(&keys, &[number(9), number(9)]).is_err());
    }
}
