//! What pages ask of the service behind them.

use std::future::Future;
use std::sync::Arc;

use crate::described;
use crate::view::{
    AccountView, ApiError, CallView, ClaimStatus, ClaimView, ContractView, Facets, ListQuery,
    ModelDetail, ModelSummary, Page, Prediction, ProofView, SchemaView, Status, Usage,
    Verification, VersionView,
};

/// A description with its card as HTML, which was made once.
#[derive(Clone, Debug)]
pub struct Described {
    /// The description.
    pub read: Arc<described::Described>,
    /// Its card, sanitised by [`crate::markdown::render`].
    pub card: Option<Arc<str>>,
}

/// An answer of the service.
pub type Answer<T> = Result<T, ApiError>;

/// The service behind the pages: the index, the node, the verifier.
pub trait Service: Clone + Send + Sync + 'static {
    /// The state of the service.
    fn status(&self) -> impl Future<Output = Answer<Status>> + Send;
    /// A page of the list of models.
    fn models(&self, query: ListQuery) -> impl Future<Output = Answer<Page<ModelSummary>>> + Send;
    /// The values that filters can take.
    fn facets(&self) -> impl Future<Output = Answer<Facets>> + Send;
    /// A model; none if there is no such model.
    fn model(&self, id: u64) -> impl Future<Output = Answer<Option<ModelDetail>>> + Send;
    /// A version's description, as far as it is known now.
    fn description(&self, version: &VersionView) -> impl Future<Output = Answer<Described>> + Send;
    /// How rows of a version are encoded; none if neither contract nor description have them.
    fn schema(
        &self,
        version: &VersionView,
    ) -> impl Future<Output = Answer<Option<SchemaView>>> + Send;
    /// A version's contract.
    fn contract(&self, version: &VersionView) -> impl Future<Output = Answer<ContractView>> + Send;
    /// A page of claims, of one model, of one status.
    fn claims(
        &self,
        model_id: Option<u64>,
        status: Option<ClaimStatus>,
        page: u32,
    ) -> impl Future<Output = Answer<Page<ClaimView>>> + Send;
    /// A claim; none if there is no such claim.
    fn claim(&self, id: u64) -> impl Future<Output = Answer<Option<ClaimView>>> + Send;
    /// A page of a model's proof records.
    fn proofs(
        &self,
        model_id: u64,
        page: u32,
    ) -> impl Future<Output = Answer<Page<ProofView>>> + Send;
    /// A page of a model's calls.
    fn calls(
        &self,
        model_id: u64,
        page: u32,
    ) -> impl Future<Output = Answer<Page<CallView>>> + Send;
    /// A model's use over time.
    fn usage(&self, model_id: u64) -> impl Future<Output = Answer<Usage>> + Send;
    /// An account's credits and withdrawals; none if the text is not an address.
    fn account(
        &self,
        address: &str,
        page: u32,
    ) -> impl Future<Output = Answer<Option<AccountView>>> + Send;
    /// Asks a version's contract about a row; none for missing values.
    fn predict(
        &self,
        version: &VersionView,
        row: Vec<Option<f64>>,
    ) -> impl Future<Output = Answer<Prediction>> + Send;
    /// Checks a proof file against a version.
    fn verify(
        &self,
        version: &VersionView,
        proof: Vec<u8>,
    ) -> impl Future<Output = Answer<Verification>> + Send;
    /// The network as `nilo` calls it; empty if it has no name.
    fn network(&self) -> &str;
}
