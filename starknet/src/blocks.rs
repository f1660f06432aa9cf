//! Blocks and their events, for those who follow a chain.

use starknet_rust::core::types::{
    AddressFilter, BlockId, EventFilter, ExecutionResources, Felt,
    MaybePreConfirmedBlockWithTxHashes, StarknetError, TransactionReceipt,
};
use starknet_rust::providers::{Provider, ProviderError};

use crate::chain::{Chain, Fee};
use crate::error::ChainError;

/// A block's place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHead {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Felt,
    /// The hash of the block before.
    pub parent_hash: Felt,
    /// When it was made: seconds since the epoch.
    pub timestamp: u64,
}

/// An event and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAt {
    /// Its block.
    pub block: u64,
    /// That block's hash.
    pub block_hash: Felt,
    /// Its transaction.
    pub tx_hash: Felt,
    /// Its keys.
    pub keys: Vec<Felt>,
    /// Its data.
    pub data: Vec<Felt>,
}

impl Chain {
    /// The network's id, asked again: another node may stand at the same address.
    ///
    /// # Errors
    /// The node fails.
    pub async fn ask_chain_id(&self) -> Result<Felt, ChainError> {
        self.client.chain_id().await.map_err(|error| self.error(&error))
    }

    /// The number of the newest block.
    ///
    /// # Errors
    /// The node fails.
    pub async fn tip(&self) -> Result<u64, ChainError> {
        self.client.block_number().await.map_err(|error| self.error(&error))
    }

    /// A block; none if the node has no such block.
    ///
    /// # Errors
    /// The node fails.
    pub async fn block(&self, number: u64) -> Result<Option<BlockHead>, ChainError> {
        match self.client.get_block_with_tx_hashes(BlockId::Number(number)).await {
            Ok(MaybePreConfirmedBlockWithTxHashes::Block(block)) => Ok(Some(BlockHead {
                number: block.block_number,
                hash: block.block_hash,
                parent_hash: block.parent_hash,
                timestamp: block.timestamp,
            })),
            Ok(MaybePreConfirmedBlockWithTxHashes::PreConfirmedBlock(_))
            | Err(ProviderError::StarknetError(StarknetError::BlockNotFound)) => Ok(None),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// A page of a contract's events in a range of blocks, oldest first, and what the next page is asked with.
    ///
    /// # Errors
    /// The node fails, or tells of other blocks.
    pub async fn events_between(
        &self,
        address: Felt,
        (from, to): (u64, u64),
        token: Option<String>,
        count: u64,
    ) -> Result<(Vec<EventAt>, Option<String>), ChainError> {
        let filter = EventFilter {
            from_block: Some(BlockId::Number(from)),
            to_block: Some(BlockId::Number(to)),
            address: Some(AddressFilter::Single(address)),
            keys: None,
        };
        let page = self.client.get_events(filter, token, count).await;
        let page = page.map_err(|error| self.error(&error))?;
        let events = page.events.into_iter().map(|event| {
            let block = event.block_number.filter(|number| (from..=to).contains(number));
            match (block, event.block_hash) {
                (Some(block), Some(block_hash)) if event.from_address == address => Ok(EventAt {
                    block,
                    block_hash,
                    tx_hash: event.transaction_hash,
                    keys: event.keys,
                    data: event.data,
                }),
                _ => Err(ChainError::Decode {
                    what: "the node's list of events",
                    reason: "an event is not of the blocks or the contract asked for".to_owned(),
                }),
            }
        });
        Ok((events.collect::<Result<_, _>>()?, page.continuation_token))
    }

    /// What a transaction took; none if the node does not know it.
    ///
    /// # Errors
    /// The node fails.
    pub async fn fee_of(&self, tx_hash: Felt) -> Result<Option<Fee>, ChainError> {
        let receipt = match self.client.get_transaction_receipt(tx_hash).await {
            Ok(receipt) => receipt.receipt,
            Err(ProviderError::StarknetError(StarknetError::TransactionHashNotFound)) => {
                return Ok(None);
            }
            Err(error) => return Err(self.error(&error)),
        };
        let TransactionReceipt::Invoke(receipt) = receipt else { return Ok(None) };
        let ExecutionResources { l1_gas, l1_data_gas, l2_gas } = receipt.execution_resources;
        let fri = u128::try_from(receipt.actual_fee.amount).unwrap_or(u128::MAX);
        Ok(Some(Fee { gas_l2: l2_gas, gas_l1_data: l1_data_gas, gas_l1: l1_gas, fri }))
    }
}
