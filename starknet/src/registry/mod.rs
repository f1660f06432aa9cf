//! The registry: views that are read, entry points as calls that an account sends.

mod claims;
mod entry_points;
mod views;

pub use claims::ClaimRecord;

use starknet_rust::core::types::{Call, Felt, U256};
use starknet_rust::core::utils::get_selector_from_name;

use crate::chain::{Chain, Receipt};
use crate::codec::{push_span, Reader};
use crate::error::ChainError;

/// The fee token on Starknet's networks and on devnet: STRK.
pub const STRK: Felt =
    Felt::from_hex_unchecked("0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d");

/// The number of the interface that contracts use models through, computed as SNIP-5 says; the registry's
/// `supports_interface` knows it.
pub const CONSUMER_ID: Felt =
    Felt::from_hex_unchecked("0x20ee71e17ef90ae4369477667e7541b1e6da1c913b62fe929b8e915c7c1777e");

/// A call of an entry point.
pub fn call(to: Felt, entry_point: &str, calldata: Vec<Felt>) -> Call {
    // Selectors of ASCII names always exist.
    let selector = get_selector_from_name(entry_point).unwrap_or_default();
    Call { to, selector, calldata }
}

/// The universal deployer on Starknet's networks and on devnet.
const DEPLOYER: Felt =
    Felt::from_hex_unchecked("0x2ceed65a4bd731034c01113685c831b01c15d7d432f71afb1cf1634b53a2125");

/// Deploys a contract of a declared class; the sender is part of its address, so that nobody else can take it.
pub fn deploy(class_hash: Felt, salt: Felt, constructor: &[Felt]) -> Call {
    let mut felts = vec![class_hash, salt, Felt::ONE];
    push_span(&mut felts, constructor);
    call(DEPLOYER, "deploy_contract", felts)
}

/// The address that [`deploy`] has deployed to.
pub fn deployed(receipt: &Receipt) -> Option<Felt> {
    let name = get_selector_from_name("ContractDeployed").unwrap_or_default();
    let is_deployment = |keys: &[Felt]| keys.first() == Some(&name);
    let mut events = receipt.events.iter();
    let (_, _, data) = events.find(|(from, keys, _)| *from == DEPLOYER && is_deployment(keys))?;
    data.first().copied()
}

/// A registry at an address.
#[derive(Clone, Copy, Debug)]
pub struct Registry {
    /// Its address.
    pub address: Felt,
}

impl Registry {
    /// A registry.
    pub fn at(address: Felt) -> Self {
        Self { address }
    }

    /// The calldata that deploys a registry.
    pub fn constructor(
        owner: Felt,
        fee_token: Felt,
        window: u64,
        delay: u64,
        min_bond: u128,
        gas_price: u128,
    ) -> Vec<Felt> {
        let amounts = [Felt::from(min_bond), Felt::from(gas_price)];
        [vec![owner, fee_token, window.into(), delay.into()], amounts.to_vec()].concat()
    }

    fn entry(&self, entry_point: &str, calldata: Vec<Felt>) -> Call {
        call(self.address, entry_point, calldata)
    }
}

/// Lets a registry take an amount of the fee token.
pub fn approve(fee_token: Felt, spender: Felt, amount: u128) -> Call {
    call(fee_token, "approve", vec![spender, amount.into(), Felt::ZERO])
}

/// An account's balance of an ERC-20.
///
/// # Errors
/// There is no such token, or the node fails.
pub async fn token_balance(chain: &Chain, token: Felt, account: Felt) -> Result<U256, ChainError> {
    let answer = chain.call(&call(token, "balance_of", vec![account])).await?;
    Reader::new("the token's balance", &answer).u256()
}

/// A model contract's answer to a row, without a transaction.
///
/// # Errors
/// The contract refuses the row, answers malformed, or the node fails.
pub async fn predict(
    chain: &Chain,
    contract: Felt,
    input: &[Felt],
) -> Result<Vec<Felt>, ChainError> {
    let answer = chain.call(&predict_call(contract, input)).await?;
    let mut reader = Reader::new("the model's answer", &answer);
    let output = reader.span()?;
    reader.end()?;
    Ok(output)
}

/// A call of a model contract's `predict`.
pub fn predict_call(contract: Felt, input: &[Felt]) -> Call {
    let mut felts = Vec::with_capacity(input.len() + 1);
    push_span(&mut felts, input);
    call(contract, "predict", felts)
}

/// A model contract's schema.
///
/// # Errors
/// There is no such contract, it answers malformed, or the node fails.
pub async fn schema(chain: &Chain, contract: Felt) -> Result<Vec<Felt>, ChainError> {
    let answer = chain.call(&call(contract, "schema", vec![])).await?;
    Reader::new("the model's schema", &answer).span()
}

#[cfg(test)]
mod tests {
    use starknet_rust::core::utils::starknet_keccak;

    use super::*;

    #[test]
    fn the_number_of_the_interface_follows_from_its_signatures() {
        let felts = "(@Array<felt252>)";
        let lists = "(@Array<(@Array<felt252>)>)";
        let rows = "(@Array<(felt252,felt252)>)";
        let claim = format!("(u64,u32,ContractAddress,u128,u128,u64,ContractAddress,u32,{rows})");
        let signatures = [
            format!("call(u64,u32,{felts},u128)->{felts}"),
            format!("call_batch(u64,u32,{lists},u128)->{lists}"),
            format!("check_claim(u64,{claim})->E((),(),(),(),(),(),())"),
        ];
        let mut number = [0; 32];
        for signature in signatures {
            let hash = starknet_keccak(signature.as_bytes()).to_bytes_be();
            number.iter_mut().zip(hash).for_each(|(byte, other)| *byte ^= other);
        }
        assert_eq!(Felt::from_bytes_be(&number), CONSUMER_ID);
    }
}
