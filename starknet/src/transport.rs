//! JSON-RPC over HTTP with bounded answers: a node is believed nothing, also not that it stops talking.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::Serialize;
use starknet_rust::providers::jsonrpc::{JsonRpcMethod, JsonRpcResponse, JsonRpcTransport};
use starknet_rust::providers::ProviderRequestData;
use thiserror::Error;
use url::Url;

/// The most bytes of an answer: more than any class takes.
pub const MAX_ANSWER: usize = 64 << 20;

/// HTTP to one node.
#[derive(Clone, Debug)]
pub struct BoundedHttp {
    client: reqwest::Client,
    url: Url,
}

/// A request that has no answer.
#[derive(Debug, Error)]
pub enum BoundedHttpError {
    /// HTTP fails.
    #[error(transparent)]
    Http(reqwest::Error),
    /// The answer is not JSON-RPC.
    #[error("its answer is malformed: {0}")]
    Json(serde_json::Error),
    /// The answer does not end.
    #[error("its answer has more than {MAX_ANSWER} bytes")]
    TooLong,
    /// Several requests at once, which nothing here sends.
    #[error("several requests at once are not sent")]
    Batch,
}

#[derive(Serialize)]
struct Request<T> {
    id: u64,
    jsonrpc: &'static str,
    method: JsonRpcMethod,
    params: T,
}

impl BoundedHttp {
    /// A node at an address.
    pub fn new(url: Url, client: reqwest::Client) -> Self {
        Self { client, url }
    }

    async fn post(&self, body: String) -> Result<Vec<u8>, BoundedHttpError> {
        // Addresses of nodes hold keys.
        let failed = |error: reqwest::Error| BoundedHttpError::Http(error.without_url());
        let request = self.client.post(self.url.clone()).header("content-type", "application/json");
        let mut response = request.body(body).send().await.map_err(failed)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Err(BoundedHttpError::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

#[async_trait]
impl JsonRpcTransport for BoundedHttp {
    type Error = BoundedHttpError;

    async fn send_request<P, R>(
        &self,
        method: JsonRpcMethod,
        params: P,
    ) -> Result<JsonRpcResponse<R>, Self::Error>
    where
        P: Serialize + Send + Sync,
        R: DeserializeOwned + Send,
    {
        let request = Request { id: 1, jsonrpc: "2.0", method, params };
        let body = serde_json::to_string(&request).map_err(BoundedHttpError::Json)?;
        serde_json::from_slice(&self.post(body).await?).map_err(BoundedHttpError::Json)
    }

    async fn send_requests<R>(
        &self,
        _: R,
    ) -> Result<Vec<JsonRpcResponse<serde_json::Value>>, Self::Error>
    where
        R: AsRef<[ProviderRequestData]> + Send + Sync,
    {
        Err(BoundedHttpError::Batch)
    }
}
