//! Reads the registry's events into the index.
//!
//! A step moves the index forward by a range of blocks, or removes blocks that are no longer on the chain. All answers of
//! one step must be about one chain: the last block is read before and after the events, and then the block where the
//! index stood.

mod live;
mod run;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, StreamExt, TryStreamExt};
use nilometer_starknet::{BlockHead, Chain, ChainError, EventAt, Felt, Registry};
use starknet_types_core::hash::{Poseidon, StarkHash};
use thiserror::Error;

pub use live::{now, Live};

use crate::store::{hex, Block, Incoming, RawEvent, Receipt, Store, StoreError};
use crate::view::{Amount, SettingsView, TroubleKind};

/// Blocks of a step, at most; fewer where there are many events.
const MAX_SPAN: u64 = 10_000;
/// Events of a step: what it holds in memory.
const MAX_EVENTS: usize = 20_000;
/// Events that are asked for at once.
const EVENTS_A_PAGE: u64 = 1_000;
/// Blocks that are asked for side by side.
const PARALLEL: usize = 8;
/// Receipts that are asked for after a step.
const RECEIPTS: u32 = 32;

/// Why a step failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The node fails.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The index fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node is one of another network.
    #[error("the node is now one of the network {actual}, not of {expected}")]
    Network {
        /// The index's.
        expected: String,
        /// The node's.
        actual: String,
    },
    /// There is no registry at the address.
    #[error("there is no contract at the registry's address {address:#x}")]
    NoRegistry {
        /// The address.
        address: Felt,
    },
    /// The chain is another one than before, and the registry is not on it.
    #[error("the node's chain is not the one of before, and has no contract at the registry's address {address:#x}")]
    Restarted {
        /// The address.
        address: Felt,
    },
    /// The chain changed while it was read.
    #[error("the chain changed at block {block} while it was read")]
    Changing {
        /// Where.
        block: u64,
    },
    /// A block has too many events.
    #[error("block {block} has more than {MAX_EVENTS} events of the registry")]
    TooManyEvents {
        /// The block.
        block: u64,
    },
    /// A task was stopped.
    #[error("the task was stopped")]
    Stopped,
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The index is in step with the node, or ahead of a node that lags.
    Idle,
    /// The index came forward.
    Forward,
    /// Blocks were removed.
    Back,
}

impl IndexError {
    /// What to tell visitors about it.
    pub fn kind(&self) -> TroubleKind {
        match self {
            Self::Network { .. } => TroubleKind::OtherNetwork,
            Self::Restarted { .. } => TroubleKind::Restarted,
            Self::NoRegistry { .. } => TroubleKind::NoRegistry,
            Self::Store(_) | Self::Stopped => TroubleKind::Index,
            Self::Chain(_) | Self::Changing { .. } | Self::TooManyEvents { .. } => {
                TroubleKind::Node
            }
        }
    }
}

/// Follows one registry.
#[derive(Debug)]
pub struct Follower {
    chain: Chain,
    registry: Felt,
    store: Arc<Store>,
    live: Arc<Live>,
    first_block: u64,
    span: Mutex<u64>,
    no_receipt: Mutex<HashSet<Felt>>,
    no_schema: Mutex<HashSet<Felt>>,
}

impl Follower {
    /// Follows a registry from a block on: the one that it was deployed in, or any before.
    pub fn new(
        chain: Chain,
        registry: Felt,
        store: Arc<Store>,
        live: Arc<Live>,
        first_block: u64,
    ) -> Self {
        let (span, no_receipt) = (Mutex::new(MAX_SPAN), Mutex::default());
        let no_schema = Mutex::default();
        Self { chain, registry, store, live, first_block, span, no_receipt, no_schema }
    }

    /// Moves the index one range of blocks forward, or back to the last block that is still on the chain.
    ///
    /// # Errors
    /// The node or the index fails; the index is as it was then.
    pub async fn step(&self) -> Result<Step, IndexError> {
        let tip = self.chain.tip().await?;
        self.live.set_tip(tip);
        let cursor = self.on_store(|store| store.cursor()).await?;
        if let Some(cursor) = &cursor {
            if !self.is_here(cursor, tip).await? {
                // Without the registry there is nothing to show instead: what is known stays.
                return match self.registry_exists().await {
                    Ok(()) => self.roll_back(tip).await,
                    Err(IndexError::NoRegistry { address }) => {
                        Err(IndexError::Restarted { address })
                    }
                    Err(error) => Err(error),
                };
            }
            if tip <= cursor.number {
                return Ok(Step::Idle);
            }
        }
        let from = cursor.as_ref().map_or(self.first_block, |block| block.number + 1);
        if from > tip {
            return Ok(Step::Idle);
        }
        if cursor.is_none() {
            self.registry_exists().await?;
        }
        let (to, incoming) = self.range(from, tip).await?;
        if let Some(cursor) = &cursor {
            if !self.is_same(cursor).await? {
                return Err(IndexError::Changing { block: cursor.number });
            }
        }
        let at = cursor.map(|block| block.number);
        tracing::debug!(from, to, events = incoming.events.len(), "blocks");
        self.on_store(move |store| store.advance(at, &incoming)).await?;
        Ok(Step::Forward)
    }

    /// Whether the newest block that both know is the same.
    async fn is_here(&self, cursor: &Block, tip: u64) -> Result<bool, IndexError> {
        let known = if tip >= cursor.number {
            Some(cursor.clone())
        } else {
            // A node that lags has the same blocks, only fewer.
            self.on_store(move |store| store.blocks_down_from(tip, 1)).await?.pop()
        };
        let Some(known) = known else { return Ok(false) };
        self.is_same(&known).await
    }

    /// Whether the node has the same block. An address may be that of several nodes, some of which lag: then the block
    /// may be missing although the tip is beyond it.
    async fn is_same(&self, block: &Block) -> Result<bool, IndexError> {
        Ok(hex(&self.head(block.number).await?.hash) == block.hash)
    }

    /// Removes blocks that are no longer on the chain.
    async fn roll_back(&self, tip: u64) -> Result<Step, IndexError> {
        // Newest first; blocks are the same from some place on, which is searched by halves.
        let blocks = self.on_store(move |store| store.blocks_down_from(tip, u32::MAX)).await?;
        let (mut low, mut high) = (0, blocks.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.is_same(&blocks[middle]).await? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let ancestor = blocks.get(low).map(|block| block.number);
        tracing::warn!(?ancestor, "the chain was reorganised or restarted");
        self.on_store(move |store| store.roll_back(ancestor)).await?;
        Ok(Step::Back)
    }

    async fn registry_exists(&self) -> Result<(), IndexError> {
        match self.chain.class_hash_at(self.registry).await {
            Ok(_) => Ok(()),
            Err(ChainError::NoContract { address }) => Err(IndexError::NoRegistry { address }),
            Err(error) => Err(error.into()),
        }
    }

    /// The blocks and events of as many blocks as fit.
    async fn range(&self, from: u64, tip: u64) -> Result<(u64, Incoming), IndexError> {
        loop {
            let span = *self.span.lock().unwrap_or_else(PoisonError::into_inner);
            let to = tip.min(from.saturating_add(span - 1));
            let last = self.head(to).await?;
            let fetched = self.events(from, to).await;
            let set = |span| *self.span.lock().unwrap_or_else(PoisonError::into_inner) = span;
            match fetched {
                Ok(Some(events)) => {
                    set((span * 2).min(MAX_SPAN));
                    return Ok((to, self.incoming(last, events).await?));
                }
                // Some nodes refuse long ranges, all in words of their own; this one has just answered.
                Ok(None) | Err(ChainError::Node { .. } | ChainError::Unreachable { .. })
                    if from < to =>
                {
                    set(((to - from) / 2).max(1));
                }
                Ok(None) => return Err(IndexError::TooManyEvents { block: from }),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The events of a range; none if there are too many.
    async fn events(&self, from: u64, to: u64) -> Result<Option<Vec<EventAt>>, ChainError> {
        let mut events = Vec::new();
        let mut token = None;
        // A node that sends empty pages forever ends here as well.
        for _ in 0..=2 * MAX_EVENTS as u64 / EVENTS_A_PAGE {
            let asked =
                self.chain.events_between(self.registry, (from, to), token, EVENTS_A_PAGE).await;
            let (page, next) = asked?;
            events.extend(page);
            if events.len() > MAX_EVENTS {
                return Ok(None);
            }
            token = next;
            if token.is_none() {
                return Ok(Some(events));
            }
        }
        Ok(None)
    }

    /// The blocks of events, which must all be of the chain that ends with `last`.
    async fn incoming(
        &self,
        last: BlockHead,
        events: Vec<EventAt>,
    ) -> Result<Incoming, IndexError> {
        let mut hashes: BTreeMap<u64, Felt> = BTreeMap::new();
        let mut previous = 0;
        for event in &events {
            let hash = *hashes.entry(event.block).or_insert(event.block_hash);
            if event.block < previous || hash != event.block_hash {
                return Err(IndexError::Changing { block: event.block });
            }
            previous = event.block;
        }
        hashes.insert(last.number, last.hash);
        let heads = stream::iter(hashes.into_iter().map(|(number, hash)| async move {
            let head = self.head(number).await?;
            if head.hash == hash {
                Ok(Block { number, hash: hex(&hash), time: head.timestamp })
            } else {
                Err(IndexError::Changing { block: number })
            }
        }));
        let blocks = heads.buffered(PARALLEL).try_collect().await?;
        if self.head(last.number).await?.hash != last.hash {
            return Err(IndexError::Changing { block: last.number });
        }
        let events = events.into_iter().map(|event| RawEvent {
            block: event.block,
            tx_hash: event.tx_hash,
            keys: event.keys,
            data: event.data,
        });
        Ok(Incoming { blocks, events: events.collect() })
    }

    async fn head(&self, number: u64) -> Result<BlockHead, IndexError> {
        let head = self.chain.block(number).await?;
        head.filter(|head| head.number == number).ok_or(IndexError::Changing { block: number })
    }

    /// Fetches the receipts of calls; missing ones are skipped.
    async fn receipts(&self) -> Result<(), IndexError> {
        let missing = self.on_store(|store| store.missing_receipts(RECEIPTS)).await?;
        let mut found = Vec::new();
        for tx in missing {
            let skip = |set: &Mutex<HashSet<Felt>>| {
                set.lock().unwrap_or_else(PoisonError::into_inner).contains(&tx)
            };
            if skip(&self.no_receipt) {
                continue;
            }
            match self.chain.fee_of(tx).await? {
                Some(fee) => found.push((tx, Receipt { gas_l2: fee.gas_l2, fee: fee.fri })),
                None => {
                    let mut set = self.no_receipt.lock().unwrap_or_else(PoisonError::into_inner);
                    set.insert(tx);
                }
            }
        }
        if !found.is_empty() {
            self.on_store(move |store| store.keep_receipts(&found)).await?;
        }
        Ok(())
    }

    /// Asks contracts for schemas, which say what results mean. The answer of a contract whose
    /// schema is not the registered one is not used, and it is not asked again.
    async fn schemas(&self) -> Result<(), IndexError> {
        for (hash, contract) in self.on_store(|store| store.missing_schemas(RECEIPTS)).await? {
            let asked = |set: &Mutex<HashSet<Felt>>| {
                !set.lock().unwrap_or_else(PoisonError::into_inner).insert(contract)
            };
            if asked(&self.no_schema) {
                continue;
            }
            let felts = match nilometer_starknet::registry::schema(&self.chain, contract).await {
                Ok(felts) => felts,
                Err(error @ ChainError::Unreachable { .. }) => {
                    self.no_schema.lock().unwrap_or_else(PoisonError::into_inner).remove(&contract);
                    return Err(error.into());
                }
                Err(_) => continue,
            };
            if hex(&Poseidon::hash_array(&felts)) == hash {
                self.on_store(move |store| store.keep_schema(&hash, &felts)).await?;
            }
        }
        Ok(())
    }

    /// Reads the registry's settings.
    async fn settings(&self) -> Result<(), IndexError> {
        let registry = Registry::at(self.registry);
        let settings = registry.settings(&self.chain).await?;
        let scheduled = registry.scheduled(&self.chain).await?;
        let announced = match scheduled.action {
            nilometer_starknet::types::Action::None => None,
            // What has lapsed cannot happen any more.
            _ if now() >= scheduled.lapses_at => None,
            nilometer_starknet::types::Action::Upgrade { .. } => Some("upgrade".to_owned()),
            nilometer_starknet::types::Action::SetRules { .. } => {
                Some("change of rules".to_owned())
            }
        };
        self.live.set_settings(SettingsView {
            owner: hex(&settings.owner),
            fee_token: hex(&settings.fee_token),
            window: settings.window,
            delay: settings.delay,
            min_bond: Amount(settings.min_bond),
            paused: settings.paused,
            announced_for: announced.is_some().then_some(scheduled.ready_at),
            announced,
        });
        Ok(())
    }

    /// SQLite blocks its thread.
    async fn on_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, IndexError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(done.map_err(|_| IndexError::Stopped)??)
    }
}
