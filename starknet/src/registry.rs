//! The registry: views that are read, entry points as calls that an account sends.

use starknet_rust::core::types::{Call, Felt, U256};
use starknet_rust::core::utils::get_selector_from_name;
use starknet_types_core::hash::{Poseidon, StarkHash};

use crate::chain::{Chain, Receipt};
use crate::codec::{push_span, push_text, push_u256, Reader};
use crate::error::ChainError;
use crate::events::Event;
use crate::types::{
    Claim, Model, NewModel, NewVersion, ProofRecord, Read, Scheduled, Settings, Share, Totals,
    Version,
};

/// The fee token on Starknet's networks and on devnet: STRK.
pub const STRK: Felt =
    Felt::from_hex_unchecked("0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d");

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
    ) -> Vec<Felt> {
        vec![owner, fee_token, window.into(), delay.into(), min_bond.into()]
    }

    fn entry(&self, entry_point: &str, calldata: Vec<Felt>) -> Call {
        call(self.address, entry_point, calldata)
    }

    /// Registers a model with its first version.
    pub fn register(&self, model: &NewModel, first: &NewVersion) -> Call {
        let mut felts = Vec::new();
        model.push(&mut felts);
        first.push(&mut felts);
        self.entry("register", felts)
    }

    /// Publishes a version.
    pub fn publish(&self, model_id: u64, version: &NewVersion) -> Call {
        let mut felts = vec![model_id.into()];
        version.push(&mut felts);
        self.entry("publish", felts)
    }

    /// Sets price and smallest bond.
    pub fn set_terms(&self, model_id: u64, price: u128, bond: u128) -> Call {
        self.entry("set_terms", vec![model_id.into(), price.into(), bond.into()])
    }

    /// Sets the licence.
    pub fn set_licence(&self, model_id: u64, licence: Felt) -> Call {
        self.entry("set_licence", vec![model_id.into(), licence])
    }

    /// Sets where a version's description is.
    pub fn set_metadata(&self, model_id: u64, version: u32, uri: &str, hash: U256) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_text(&mut felts, uri);
        push_u256(&mut felts, hash);
        self.entry("set_metadata", felts)
    }

    /// Shares revenue.
    pub fn set_shares(&self, model_id: u64, shares: &[Share]) -> Call {
        let mut felts = vec![model_id.into(), shares.len().into()];
        felts.extend(shares.iter().flat_map(|share| [share.holder, share.basis_points.into()]));
        self.entry("set_shares", felts)
    }

    /// Ends a version.
    pub fn deprecate_version(&self, model_id: u64, version: u32) -> Call {
        self.entry("deprecate_version", vec![model_id.into(), version.into()])
    }

    /// Ends a model.
    pub fn deprecate(&self, model_id: u64) -> Call {
        self.entry("deprecate", vec![model_id.into()])
    }

    /// Offers a model.
    pub fn offer_model(&self, model_id: u64, to: Felt) -> Call {
        self.entry("offer_model", vec![model_id.into(), to])
    }

    /// Takes a model that was offered.
    pub fn accept_model(&self, model_id: u64) -> Call {
        self.entry("accept_model", vec![model_id.into()])
    }

    /// Pays for a row and executes the model on it.
    pub fn call(&self, model_id: u64, version: u32, input: &[Felt], max_price: u128) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_span(&mut felts, input);
        felts.push(max_price.into());
        self.entry("call", felts)
    }

    /// Pays for rows and executes the model on each.
    pub fn call_batch(
        &self,
        model_id: u64,
        version: u32,
        inputs: &[Vec<Felt>],
        max_price: u128,
    ) -> Call {
        let mut felts = vec![model_id.into(), version.into(), inputs.len().into()];
        for input in inputs {
            push_span(&mut felts, input);
        }
        felts.push(max_price.into());
        self.entry("call_batch", felts)
    }

    /// Claims an output.
    pub fn claim(
        &self,
        model_id: u64,
        version: u32,
        input: &[Felt],
        output: &[Felt],
        bond: u128,
    ) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_span(&mut felts, input);
        push_span(&mut felts, output);
        felts.push(bond.into());
        self.entry("claim", felts)
    }

    /// Has a claim executed and settled.
    pub fn challenge(&self, claim_id: u64, input: &[Felt]) -> Call {
        let mut felts = vec![claim_id.into()];
        push_span(&mut felts, input);
        self.entry("challenge", felts)
    }

    /// Stakes against a claim.
    pub fn contest(&self, claim_id: u64) -> Call {
        self.entry("contest", vec![claim_id.into()])
    }

    /// Settles a claim whose window has closed.
    pub fn finalize(&self, claim_id: u64) -> Call {
        self.entry("finalize", vec![claim_id.into()])
    }

    /// Records a proof, as claimed.
    pub fn record_proof(&self, proof: &ProofRecord) -> Call {
        let mut felts = vec![proof.model_id.into(), proof.version.into()];
        push_u256(&mut felts, proof.proof_hash);
        felts.extend([proof.input_hash, proof.output_hash]);
        felts.push(proof.security_bits.into());
        felts.push(proof.format_version.into());
        self.entry("record_proof", felts)
    }

    /// Credits a model's holders.
    pub fn distribute(&self, model_id: u64) -> Call {
        self.entry("distribute", vec![model_id.into()])
    }

    /// Pays the sender everything that is theirs.
    pub fn withdraw(&self) -> Call {
        self.entry("withdraw", vec![])
    }

    /// Announces a pause.
    pub fn schedule_pause(&self) -> Call {
        self.entry("schedule_pause", vec![])
    }

    /// Announces an upgrade.
    pub fn schedule_upgrade(&self, class_hash: Felt) -> Call {
        self.entry("schedule_upgrade", vec![class_hash])
    }

    /// Takes back what was announced.
    pub fn cancel_scheduled(&self) -> Call {
        self.entry("cancel_scheduled", vec![])
    }

    /// Pauses.
    pub fn pause(&self) -> Call {
        self.entry("pause", vec![])
    }

    /// Ends a pause.
    pub fn unpause(&self) -> Call {
        self.entry("unpause", vec![])
    }

    /// Replaces the registry's class.
    pub fn upgrade(&self, class_hash: Felt) -> Call {
        self.entry("upgrade", vec![class_hash])
    }

    /// Offers the registry.
    pub fn offer_registry(&self, to: Felt) -> Call {
        self.entry("offer_registry", vec![to])
    }

    /// Takes the registry.
    pub fn accept_registry(&self) -> Call {
        self.entry("accept_registry", vec![])
    }

    async fn view<T: Read>(
        &self,
        chain: &Chain,
        entry_point: &str,
        calldata: Vec<Felt>,
    ) -> Result<T, ChainError> {
        let answer = self.answer(chain, entry_point, calldata).await?;
        let mut reader = Reader::new("the registry's answer", &answer);
        let value = T::read(&mut reader)?;
        reader.end()?;
        Ok(value)
    }

    async fn page<T: Read>(
        &self,
        chain: &Chain,
        entry_point: &str,
        calldata: Vec<Felt>,
    ) -> Result<Vec<T>, ChainError> {
        let answer = self.answer(chain, entry_point, calldata).await?;
        let mut reader = Reader::new("the registry's answer", &answer);
        let list = reader.list(T::read)?;
        reader.end()?;
        Ok(list)
    }

    async fn answer(
        &self,
        chain: &Chain,
        entry_point: &str,
        calldata: Vec<Felt>,
    ) -> Result<Vec<Felt>, ChainError> {
        chain.call(&self.entry(entry_point, calldata)).await.map_err(|error| {
            let unknown = match &error {
                ChainError::Reverted { reason, .. } => reason.contains("ENTRYPOINT_NOT_FOUND"),
                ChainError::Node { reason } => reason.contains("entry point"),
                _ => false,
            };
            if unknown {
                let (address, entry_point) = (self.address, entry_point.to_owned());
                ChainError::NoRegistry { address, entry_point }
            } else {
                error
            }
        })
    }

    /// What the registry was deployed with.
    ///
    /// # Errors
    /// As every view: there is no registry, it refuses, or the node fails.
    pub async fn settings(&self, chain: &Chain) -> Result<Settings, ChainError> {
        self.view(chain, "settings", vec![]).await
    }

    /// What the owner has announced.
    ///
    /// # Errors
    /// As every view.
    pub async fn scheduled(&self, chain: &Chain) -> Result<Scheduled, ChainError> {
        self.view(chain, "scheduled", vec![]).await
    }

    /// Counts and sums.
    ///
    /// # Errors
    /// As every view.
    pub async fn totals(&self, chain: &Chain) -> Result<Totals, ChainError> {
        self.view(chain, "totals", vec![]).await
    }

    /// At most 50 models from a number on.
    ///
    /// # Errors
    /// As every view.
    pub async fn models(
        &self,
        chain: &Chain,
        first: u64,
        count: u32,
    ) -> Result<Vec<Model>, ChainError> {
        self.page(chain, "models", vec![first.into(), count.into()]).await
    }

    /// A model.
    ///
    /// # Errors
    /// As every view; there is no such model.
    pub async fn model(&self, chain: &Chain, model_id: u64) -> Result<Model, ChainError> {
        self.view(chain, "model", vec![model_id.into()]).await
    }

    /// At most 50 versions of a model from a number on.
    ///
    /// # Errors
    /// As every view; there is no such model.
    pub async fn versions(
        &self,
        chain: &Chain,
        model_id: u64,
        first: u32,
        count: u32,
    ) -> Result<Vec<Version>, ChainError> {
        self.page(chain, "versions", vec![model_id.into(), first.into(), count.into()]).await
    }

    /// A version of a model.
    ///
    /// # Errors
    /// As every view; there is no such version.
    pub async fn version(
        &self,
        chain: &Chain,
        model_id: u64,
        version: u32,
    ) -> Result<Version, ChainError> {
        self.view(chain, "model_version", vec![model_id.into(), version.into()]).await
    }

    /// How a model's revenue is shared.
    ///
    /// # Errors
    /// As every view; there is no such model.
    pub async fn shares(&self, chain: &Chain, model_id: u64) -> Result<Vec<Share>, ChainError> {
        self.page(chain, "shares", vec![model_id.into()]).await
    }

    /// At most 50 claims from a number on.
    ///
    /// # Errors
    /// As every view.
    pub async fn claims(
        &self,
        chain: &Chain,
        first: u64,
        count: u32,
    ) -> Result<Vec<Claim>, ChainError> {
        self.page(chain, "claims", vec![first.into(), count.into()]).await
    }

    /// A claim.
    ///
    /// # Errors
    /// As every view; there is no such claim.
    pub async fn get_claim(&self, chain: &Chain, claim_id: u64) -> Result<Claim, ChainError> {
        self.view(chain, "get_claim", vec![claim_id.into()]).await
    }

    /// At most 50 proof records from a number on: claimed, not verified.
    ///
    /// # Errors
    /// As every view.
    pub async fn proofs(
        &self,
        chain: &Chain,
        first: u64,
        count: u32,
    ) -> Result<Vec<ProofRecord>, ChainError> {
        self.page(chain, "proofs", vec![first.into(), count.into()]).await
    }

    /// What an account can withdraw.
    ///
    /// # Errors
    /// As every view.
    pub async fn balance_of(&self, chain: &Chain, account: Felt) -> Result<u128, ChainError> {
        let answer = self.answer(chain, "balance_of", vec![account]).await?;
        Reader::new("the balance", &answer).number()
    }

    /// To whom the registry was offered; zero if to nobody.
    ///
    /// # Errors
    /// As every view.
    pub async fn offered_registry(&self, chain: &Chain) -> Result<Felt, ChainError> {
        let answer = self.answer(chain, "offered_registry", vec![]).await?;
        Reader::new("the offer", &answer).felt()
    }
}

/// What a claim is about, as its events tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimText {
    /// The row.
    pub input: Vec<Felt>,
    /// The claimed results.
    pub output: Vec<Felt>,
}

impl Registry {
    /// A claim's row and results, from its events; held against the claim's hashes.
    ///
    /// # Errors
    /// The node has not all of them, or others.
    pub async fn claim_text(
        &self,
        chain: &Chain,
        claim_id: u64,
        claim: &Claim,
    ) -> Result<ClaimText, ChainError> {
        let names =
            ["Claimed", "ClaimInput"].map(|name| get_selector_from_name(name).unwrap_or_default());
        let keys = vec![names.to_vec(), vec![claim_id.into()]];
        let mut text = ClaimText { input: Vec::new(), output: Vec::new() };
        for (keys, data) in chain.events(self.address, keys).await? {
            match Event::read(&keys, &data)? {
                Some(Event::Claimed { output, .. }) => text.output = output,
                Some(Event::ClaimInput { offset, part, .. })
                    if offset as usize == text.input.len() =>
                {
                    text.input.extend(part);
                }
                _ => {}
            }
        }
        let matches = Poseidon::hash_array(&text.input) == claim.input_hash
            && Poseidon::hash_array(&text.output) == claim.output_hash;
        if matches {
            return Ok(text);
        }
        let reason = "the node's events are not those of the claim".to_owned();
        Err(ChainError::Decode { what: "the claim", reason })
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
