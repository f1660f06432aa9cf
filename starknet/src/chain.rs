//! A node: views, classes, receipts.

use std::time::{Duration, Instant};

use serde::Serialize;
use starknet_rust::core::types::contract::{SierraClass, SierraClassDebugInfo};
use starknet_rust::core::types::{
    AddressFilter, BlockId, BlockTag, Call, ContractClass, EventFilter, ExecutionResources,
    ExecutionResult, Felt, FlattenedSierraClass, FunctionCall, MaybePreConfirmedBlockWithTxHashes,
    StarknetError, TransactionReceipt,
};
use starknet_rust::providers::jsonrpc::JsonRpcClient;
use starknet_rust::providers::{Provider, ProviderError};
use url::Url;

use crate::codec::short_string;
use crate::error::ChainError;
use crate::transport::BoundedHttp;

/// Requests that take longer fail.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a transaction may take to get into a block.
const INCLUSION_TIMEOUT: Duration = Duration::from_secs(600);

/// Events that are asked for at once, and in all.
const EVENTS_A_PAGE: u64 = 1_000;
const MAX_EVENTS: usize = 100_000;

/// The node's view that everything is read from: what is in blocks, and what is about to be.
pub(crate) const LATEST: BlockId = BlockId::Tag(BlockTag::PreConfirmed);

pub(crate) type Client = JsonRpcClient<BoundedHttp>;

/// A node.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(crate) client: Client,
    url: Url,
    chain_id: Felt,
}

/// What a transaction used or may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fee {
    /// L2 gas: computation, calldata, events.
    pub gas_l2: u64,
    /// L1 data gas: storage that changes.
    pub gas_l1_data: u64,
    /// L1 gas: messages.
    pub gas_l1: u64,
    /// The fee in 10^-18 STRK.
    pub fri: u128,
}

/// A transaction that succeeded.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The transaction.
    pub tx_hash: Felt,
    /// What it used.
    pub fee: Fee,
    /// Its events: who emitted, keys, data.
    pub events: Vec<(Felt, Vec<Felt>, Vec<Felt>)>,
}

impl Chain {
    /// Connects to a node and asks which network it is on.
    ///
    /// # Errors
    /// The text is not an address, or no node answers there.
    pub async fn connect(url: &str) -> Result<Self, ChainError> {
        let mut chain = Self::assume(url, Felt::ZERO)?;
        chain.chain_id = chain.ask_chain_id().await?;
        Ok(chain)
    }

    /// A node that need not answer now, on a network that is known.
    ///
    /// # Errors
    /// The text is not an address.
    pub fn assume(url: &str, chain_id: Felt) -> Result<Self, ChainError> {
        let malformed = |reason: String| ChainError::Url { url: url.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|error| malformed(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(malformed(format!("its scheme is {:?}", parsed.scheme())));
        }
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| malformed(error.to_string()))?;
        let client = JsonRpcClient::new(BoundedHttp::new(parsed.clone(), http));
        Ok(Self { client, url: parsed, chain_id })
    }

    /// Where the node is, without what may be a key in its path.
    pub fn url(&self) -> String {
        shown(&self.url)
    }

    /// The network's id: a short string such as `SN_MAIN`.
    pub fn chain_id(&self) -> Felt {
        self.chain_id
    }

    /// The network's id as text.
    pub fn chain_name(&self) -> String {
        short_string(&self.chain_id).unwrap_or_else(|| format!("{:#x}", self.chain_id))
    }

    /// Calls a view.
    ///
    /// # Errors
    /// There is no such contract, it refuses, or the node fails.
    pub async fn call(&self, call: &Call) -> Result<Vec<Felt>, ChainError> {
        let request = FunctionCall {
            contract_address: call.to,
            entry_point_selector: call.selector,
            calldata: call.calldata.clone(),
        };
        self.client.call(request, LATEST).await.map_err(|error| match error {
            ProviderError::StarknetError(StarknetError::ContractNotFound) => {
                ChainError::NoContract { address: call.to }
            }
            error => self.error(&error),
        })
    }

    /// The class of a contract.
    ///
    /// # Errors
    /// There is no such contract, or the node fails.
    pub async fn class_hash_at(&self, address: Felt) -> Result<Felt, ChainError> {
        self.client.get_class_hash_at(LATEST, address).await.map_err(|error| match error {
            ProviderError::StarknetError(StarknetError::ContractNotFound) => {
                ChainError::NoContract { address }
            }
            error => self.error(&error),
        })
    }

    /// A declared class.
    ///
    /// # Errors
    /// It is not declared, is of the old kind, is not what its hash says, or the node fails.
    pub async fn class(&self, class_hash: Felt) -> Result<FlattenedSierraClass, ChainError> {
        let class =
            self.client.get_class(LATEST, class_hash).await.map_err(|error| match error {
                ProviderError::StarknetError(StarknetError::ClassHashNotFound) => {
                    ChainError::NoClass { class_hash }
                }
                error => self.error(&error),
            })?;
        let ContractClass::Sierra(class) = class else {
            return Err(ChainError::Class { reason: "it is a Cairo 0 class".to_owned() });
        };
        let actual = class.class_hash();
        if actual == class_hash {
            return Ok(class);
        }
        // Some nodes keep the ABI's content and not its spelling, which the hash covers.
        if let Some(class) = respelled(&class).filter(|class| class.class_hash() == class_hash) {
            return Ok(class);
        }
        let reason = format!("the node's class has the hash {actual:#x}, not {class_hash:#x}");
        Err(ChainError::Class { reason })
    }

    /// Whether a class is declared.
    ///
    /// # Errors
    /// The node fails.
    pub async fn is_declared(&self, class_hash: Felt) -> Result<bool, ChainError> {
        match self.client.get_class(LATEST, class_hash).await {
            Ok(_) => Ok(true),
            Err(ProviderError::StarknetError(StarknetError::ClassHashNotFound)) => Ok(false),
            Err(error) => Err(self.error(&error)),
        }
    }

    /// A contract's events with these keys in blocks `from` to `to`, oldest first: keys and data. Without `to`, up to what is
    /// about to be in a block.
    ///
    /// # Errors
    /// There are too many, or the node fails.
    pub async fn events(
        &self,
        address: Felt,
        keys: Vec<Vec<Felt>>,
        from: u64,
        to: Option<u64>,
    ) -> Result<Vec<(Vec<Felt>, Vec<Felt>)>, ChainError> {
        let filter = EventFilter {
            from_block: Some(BlockId::Number(from)),
            to_block: Some(to.map_or(LATEST, BlockId::Number)),
            address: Some(AddressFilter::Single(address)),
            keys: Some(keys),
        };
        let mut events = Vec::new();
        let mut token = None;
        loop {
            let page = self.client.get_events(filter.clone(), token, EVENTS_A_PAGE).await;
            let page = page.map_err(|error| self.error(&error))?;
            events.extend(page.events.into_iter().map(|event| (event.keys, event.data)));
            token = page.continuation_token;
            if token.is_none() {
                return Ok(events);
            }
            if events.len() > MAX_EVENTS {
                let reason = format!("it has more than {MAX_EVENTS} events");
                return Err(ChainError::Decode { what: "the contract's history", reason });
            }
        }
    }

    /// The time of the newest block: seconds since the epoch.
    ///
    /// # Errors
    /// The node fails.
    pub async fn timestamp(&self) -> Result<u64, ChainError> {
        let block = self.client.get_block_with_tx_hashes(LATEST).await;
        match block.map_err(|error| self.error(&error))? {
            MaybePreConfirmedBlockWithTxHashes::Block(block) => Ok(block.timestamp),
            MaybePreConfirmedBlockWithTxHashes::PreConfirmedBlock(block) => Ok(block.timestamp),
        }
    }

    /// Waits until a transaction is in a block.
    ///
    /// # Errors
    /// It reverted, does not get into a block in time, or the node fails.
    pub async fn wait(&self, tx_hash: Felt) -> Result<Receipt, ChainError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            match self.client.get_transaction_receipt(tx_hash).await {
                Ok(receipt) => return read_receipt(tx_hash, receipt.receipt),
                Err(ProviderError::StarknetError(StarknetError::TransactionHashNotFound)) => {}
                Err(error) => return Err(self.error(&error)),
            }
            if start.elapsed() > INCLUSION_TIMEOUT {
                return Err(ChainError::Timeout { tx_hash, seconds: INCLUSION_TIMEOUT.as_secs() });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    pub(crate) fn error(&self, error: &ProviderError) -> ChainError {
        ChainError::provider(&self.url(), error)
    }
}

/// The class with its ABI spelled as declarations usually do.
fn respelled(class: &FlattenedSierraClass) -> Option<FlattenedSierraClass> {
    let class = SierraClass {
        sierra_program: class.sierra_program.clone(),
        sierra_program_debug_info: SierraClassDebugInfo {
            type_names: Vec::new(),
            libfunc_names: Vec::new(),
            user_func_names: Vec::new(),
        },
        contract_class_version: class.contract_class_version.clone(),
        entry_points_by_type: class.entry_points_by_type.clone(),
        abi: serde_json::from_str(&class.abi).ok()?,
    };
    class.flatten().ok()
}

/// A node's address without user, password, query, and all of the path but its first part: providers put keys
/// there.
fn shown(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn read_receipt(tx_hash: Felt, receipt: TransactionReceipt) -> Result<Receipt, ChainError> {
    let (result, resources, fee, events) = match receipt {
        TransactionReceipt::Invoke(r) => {
            (r.execution_result, r.execution_resources, r.actual_fee, r.events)
        }
        TransactionReceipt::Declare(r) => {
            (r.execution_result, r.execution_resources, r.actual_fee, r.events)
        }
        _ => {
            let reason = "it is neither an invocation nor a declaration".to_owned();
            return Err(ChainError::Decode { what: "the receipt", reason });
        }
    };
    if let ExecutionResult::Reverted { reason } = result {
        return Err(ChainError::reverted(&reason, tx_hash));
    }
    let ExecutionResources { l1_gas, l1_data_gas, l2_gas } = resources;
    let fri = u128::try_from(fee.amount).unwrap_or(u128::MAX);
    Ok(Receipt {
        tx_hash,
        fee: Fee { gas_l2: l2_gas, gas_l1_data: l1_data_gas, gas_l1: l1_gas, fri },
        events: events.into_iter().map(|e| (e.from_address, e.keys, e.data)).collect(),
    })
}
