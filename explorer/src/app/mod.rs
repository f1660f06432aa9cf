//! The service behind pages and API: index, node, descriptions, verifier.

mod contract;
mod describe;
mod failure;
mod options;
mod service;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nilometer_starknet::{Chain, ChainError, Felt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use options::Options;

use crate::check::VerifyPool;
use crate::index::{Follower, Live};
use crate::store::{hex, Identity, Progress, Reader, Store, StoreError};
use crate::view::{
    AccountView, Amount, ApiError, CallView, ClaimStatus, ClaimView, Facets, ListQuery,
    ModelDetail, ModelSummary, Page, ProofView, Status, Usage, VersionView,
};

/// How long the node may take for what a visitor waits for.
const NODE_TIMEOUT: Duration = Duration::from_secs(20);

/// An answer of the service.
pub type Answer<T> = Result<T, ApiError>;

/// The service. Copies are the same one.
#[derive(Clone, Debug)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chain: Chain,
    identity: Identity,
    store: Arc<Store>,
    live: Arc<Live>,
    options: Options,
    progress: Mutex<Option<Progress>>,
    described: describe::Descriptions,
    pool: VerifyPool,
    boot: u64,
}

/// Tasks that end with this value.
#[derive(Debug)]
pub struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl App {
    /// A service over an index and a node, which need not answer now.
    pub fn new(chain: Chain, registry: Felt, store: Store, options: Options) -> Self {
        let identity = Identity { chain: chain.chain_name(), registry };
        let pool = VerifyPool::new(options.verify_workers);
        Self(Arc::new(Inner {
            chain,
            identity,
            store: Arc::new(store),
            live: Arc::default(),
            options,
            progress: Mutex::default(),
            described: describe::Descriptions::default(),
            pool,
            boot: crate::index::now(),
        }))
    }

    /// Starts following the chain and looking for descriptions.
    pub fn start(&self) -> Tasks {
        let follower = self.follower();
        let poll = self.0.options.poll;
        let follow = tokio::spawn(async move { follower.run(poll).await });
        let app = self.clone();
        let describe = tokio::spawn(async move { app.watch_packages().await });
        Tasks(vec![follow, describe])
    }

    /// What follows the chain, for callers that take steps themselves.
    pub fn follower(&self) -> Follower {
        let Inner { chain, identity, store, live, options, .. } = &*self.0;
        Follower::new(
            chain.clone(),
            identity.registry,
            store.clone(),
            live.clone(),
            options.first_block,
        )
    }

    /// The index.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The network as `nilo` calls it; empty if it has no name.
    pub fn network(&self) -> &str {
        &self.0.options.network
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.0.chain
    }

    /// The node's newest block, as it last said.
    pub(crate) fn tip(&self) -> Option<u64> {
        self.0.live.get().tip
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn pool(&self) -> &VerifyPool {
        &self.0.pool
    }

    /// Differs between runs of the server, whose templates may differ.
    pub(crate) fn boot(&self) -> u64 {
        self.0.boot
    }

    /// A text that changes whenever something that pages show may have changed.
    pub fn tag(&self) -> String {
        let live = self.0.live.get();
        let trouble = live.trouble.as_ref().map_or(0, |trouble| trouble.since);
        let settings = match &live.settings {
            None => "n".to_owned(),
            Some(settings) => format!("{}{}", u8::from(settings.paused), settings.min_bond.0),
        };
        format!("{}-{}-{trouble}-{settings}", self.0.store.revision(), live.tip.unwrap_or(0))
    }

    /// Reads the index on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        self.write(move |store| work(store)).await
    }

    /// Writes the index on a thread that may block.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        let store = self.0.store.clone();
        match tokio::task::spawn_blocking(move || work(&store)).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(failure::internal("the index could not be read")),
        }
    }

    /// Waits for the node, at most [`NODE_TIMEOUT`].
    pub(crate) async fn node<T>(
        &self,
        asked: impl std::future::Future<Output = Result<T, ChainError>>,
    ) -> Answer<T> {
        match timeout(NODE_TIMEOUT, asked).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(failure::timeout("the node did not answer in time")),
        }
    }

    /// The state of the service.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn status(&self) -> Answer<Status> {
        let revision = self.0.store.revision();
        let lock = || self.0.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().clone().filter(|progress| progress.revision == revision);
        let progress = match known {
            Some(progress) => progress,
            None => {
                let progress = self.read(Reader::progress).await?;
                *lock() = Some(progress.clone());
                progress
            }
        };
        let live = self.0.live.get();
        let indexed = progress.block.as_ref().map(|block| block.number);
        let behind = match (live.tip, indexed) {
            (Some(tip), Some(block)) => tip.saturating_sub(block),
            (Some(tip), None) => tip + 1,
            _ => 0,
        };
        Ok(Status {
            chain: self.0.identity.chain.clone(),
            is_devnet: self.0.options.network == "devnet",
            registry: hex(&self.0.identity.registry),
            node: self.0.chain.url(),
            indexed_block: indexed,
            indexed_time: progress.block.map(|block| block.time),
            tip_block: live.tip,
            blocks_behind: behind,
            synced_at: live.synced_at,
            trouble: live.trouble,
            revision: progress.revision,
            rollbacks: progress.rollbacks,
            unreadable_events: progress.unreadable,
            totals: progress.totals,
            settings: live.settings,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// A page of the list of models.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn models(&self, query: ListQuery) -> Answer<Page<ModelSummary>> {
        let mut page = self.read(move |store| store.models(&query)).await?;
        let least = self.least_bond();
        for model in &mut page.items {
            model.bond = model.bond.max(least);
        }
        Ok(page)
    }

    /// The registry's smallest bond, which applies where a model's is smaller.
    fn least_bond(&self) -> Amount {
        self.0.live.get().settings.map_or(Amount(0), |settings| settings.min_bond)
    }

    /// The values that filters can take.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn facets(&self) -> Answer<Facets> {
        self.read(Reader::facets).await
    }

    /// A model; none if there is no such model.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn model(&self, id: u64) -> Answer<Option<ModelDetail>> {
        let mut model = self.read(move |store| store.model(id)).await?;
        if let Some(model) = &mut model {
            model.summary.bond = model.summary.bond.max(self.least_bond());
        }
        Ok(model)
    }

    /// A version that must be there.
    ///
    /// # Errors
    /// It is not, or the index cannot be read.
    pub async fn version(&self, model_id: u64, version: u32) -> Answer<VersionView> {
        let found = self.read(move |store| store.version(model_id, version)).await?;
        found.ok_or_else(|| failure::not_found("there is no such version"))
    }

    /// A page of claims: of one model, of one status.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn claims(
        &self,
        model_id: Option<u64>,
        status: Option<ClaimStatus>,
        page: u32,
        per_page: u32,
    ) -> Answer<Page<ClaimView>> {
        self.read(move |store| store.claims(model_id, status, page, per_page)).await
    }

    /// A claim; none if there is no such claim.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn claim(&self, id: u64) -> Answer<Option<ClaimView>> {
        self.read(move |store| store.claim(id)).await
    }

    /// A page of proof records, of one model.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn proofs(
        &self,
        model_id: Option<u64>,
        page: u32,
        per_page: u32,
    ) -> Answer<Page<ProofView>> {
        self.read(move |store| store.proofs(model_id, page, per_page)).await
    }

    /// A page of a model's paid calls.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn calls(&self, model_id: u64, page: u32, per_page: u32) -> Answer<Page<CallView>> {
        self.read(move |store| store.calls(model_id, page, per_page)).await
    }

    /// An account's credits and withdrawals.
    ///
    /// # Errors
    /// The text is not an address, or the index cannot be read.
    pub async fn account(&self, address: &str, page: u32, per_page: u32) -> Answer<AccountView> {
        let digits = address.strip_prefix("0x").unwrap_or_default();
        let is_hex =
            (1..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let felt = Felt::from_hex(address).ok().filter(|_| is_hex);
        let felt =
            felt.ok_or_else(|| bad_request("an account is 0x and up to 64 hexadecimal digits"))?;
        self.read(move |index| index.account(&hex(&felt), page, per_page)).await
    }

    /// A model's use over time.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn usage(&self, model_id: u64) -> Answer<Usage> {
        self.read(move |store| store.usage(model_id)).await
    }
}

pub(crate) use contract::felt;
pub(crate) use failure::{bad_request, busy, internal, not_found, timeout as timed_out, too_large};
