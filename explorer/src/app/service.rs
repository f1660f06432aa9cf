//! What pages ask for.

use super::{Answer, App};
use crate::pages::{Described, Service};
use crate::view::{
    AccountView, CallView, ClaimStatus, ClaimView, ContractView, ErrorKind, Facets, ListQuery,
    ModelDetail, ModelSummary, Page, Prediction, ProofView, SchemaView, Status, Usage,
    Verification, VersionView,
};

/// Lines of a table on a page.
const PER_PAGE: u32 = 20;

impl Service for App {
    async fn status(&self) -> Answer<Status> {
        Self::status(self).await
    }

    async fn models(&self, query: ListQuery) -> Answer<Page<ModelSummary>> {
        Self::models(self, query).await
    }

    async fn facets(&self) -> Answer<Facets> {
        Self::facets(self).await
    }

    async fn model(&self, id: u64) -> Answer<Option<ModelDetail>> {
        Self::model(self, id).await
    }

    async fn description(&self, version: &VersionView) -> Answer<Described> {
        let readable = self.readable(version).await?;
        Ok(Described { read: readable.described, card: readable.card })
    }

    /// Without an answer of the node the page has no form.
    async fn schema(&self, version: &VersionView) -> Answer<Option<SchemaView>> {
        Ok(Self::schema(self, version).await.ok())
    }

    async fn contract(&self, version: &VersionView) -> Answer<ContractView> {
        Self::contract(self, version).await
    }

    async fn claims(
        &self,
        model_id: Option<u64>,
        status: Option<ClaimStatus>,
        page: u32,
    ) -> Answer<Page<ClaimView>> {
        Self::claims(self, model_id, status, page, PER_PAGE).await
    }

    async fn claim(&self, id: u64) -> Answer<Option<ClaimView>> {
        Self::claim(self, id).await
    }

    async fn proofs(&self, model_id: u64, page: u32) -> Answer<Page<ProofView>> {
        Self::proofs(self, Some(model_id), page, PER_PAGE).await
    }

    async fn calls(&self, model_id: u64, page: u32) -> Answer<Page<CallView>> {
        Self::calls(self, model_id, page, PER_PAGE).await
    }

    async fn usage(&self, model_id: u64) -> Answer<Usage> {
        Self::usage(self, model_id).await
    }

    async fn account(&self, address: &str, page: u32) -> Answer<Option<AccountView>> {
        match Self::account(self, address, page, PER_PAGE).await {
            Ok(account) => Ok(Some(account)),
            Err(error) if error.error == ErrorKind::BadRequest => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn predict(&self, version: &VersionView, row: Vec<Option<f64>>) -> Answer<Prediction> {
        Self::predict(self, version, row).await
    }

    async fn verify(&self, version: &VersionView, proof: Vec<u8>) -> Answer<Verification> {
        Self::verify(self, version, proof).await
    }

    fn network(&self) -> &str {
        Self::network(self)
    }
}
