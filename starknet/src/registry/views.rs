//! Views.

use starknet_rust::core::types::Felt;

use super::Registry;
use crate::chain::Chain;
use crate::codec::Reader;
use crate::error::ChainError;
use crate::types::{Change, ClaimState, Model, Read, Scheduled, Settings, Share, Totals, Version};

impl Registry {
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

    /// The registry's settings.
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

    /// The hash of everything that a buyer of the model agrees to.
    ///
    /// # Errors
    /// As every view; there is no such model.
    pub async fn terms_hash(&self, chain: &Chain, model_id: u64) -> Result<Felt, ChainError> {
        let answer = self.answer(chain, "terms_hash", vec![model_id.into()]).await?;
        Reader::new("the hash of the terms", &answer).felt()
    }

    /// From when on an announced change can be made: seconds since the epoch; 0 if it was not announced.
    ///
    /// # Errors
    /// As every view; there is no such model.
    pub async fn announced_at(
        &self,
        chain: &Chain,
        model_id: u64,
        change: &Change,
    ) -> Result<u64, ChainError> {
        let mut felts = vec![model_id.into()];
        change.push(&mut felts);
        let answer = self.answer(chain, "announced_at", felts).await?;
        Reader::new("the announcement", &answer).number()
    }

    /// The model that a class was first registered for; 0 if for none.
    ///
    /// # Errors
    /// As every view.
    pub async fn first_model_of(&self, chain: &Chain, class_hash: Felt) -> Result<u64, ChainError> {
        let answer = self.answer(chain, "first_model_of", vec![class_hash]).await?;
        Reader::new("the class's first model", &answer).number()
    }

    /// The least bond of a claim about a version.
    ///
    /// # Errors
    /// As every view; there is no such version.
    pub async fn least_bond(
        &self,
        chain: &Chain,
        model_id: u64,
        version: u32,
    ) -> Result<u128, ChainError> {
        let felts = vec![model_id.into(), version.into()];
        let answer = self.answer(chain, "least_bond", felts).await?;
        Reader::new("the least bond", &answer).number()
    }

    /// At most 50 claims from a number on: status and hash.
    ///
    /// # Errors
    /// As every view.
    pub async fn claims(
        &self,
        chain: &Chain,
        first: u64,
        count: u32,
    ) -> Result<Vec<ClaimState>, ChainError> {
        self.page(chain, "claims", vec![first.into(), count.into()]).await
    }

    /// Status and hash of a claim.
    ///
    /// # Errors
    /// As every view; there is no such claim.
    pub async fn claim_state(
        &self,
        chain: &Chain,
        claim_id: u64,
    ) -> Result<ClaimState, ChainError> {
        self.view(chain, "claim_state", vec![claim_id.into()]).await
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
