//! `/api/v1`: what pages show, as JSON.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::query::{ClaimQuery, ModelQuery, Paging, Query};
use crate::app::{bad_request, not_found, too_large, App};
use crate::check::MAX_PROOF;
use crate::described::Described;
use crate::view::{
    AccountView, ApiError, CallView, ClaimView, ContractView, DescriptionView, ErrorKind, Facets,
    ModelDetail, ModelSummary, Page, Prediction, ProofView, SchemaView, Status, Usage,
    Verification, VersionView,
};

/// The largest body, except for proofs.
const MAX_BODY: usize = 64 << 10;

type Reply<T> = Result<Json<T>, Failure>;

/// An error as JSON.
pub struct Failure(ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0.error.status(), Json(self.0)).into_response()
    }
}

/// A row to try.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Row {
    /// One number per feature, in natural units; null for missing values.
    pub input: Vec<Option<f64>>,
}

/// All routes of the API.
pub fn router(app: App) -> Router {
    let version = "/models/{id}/versions/{version}";
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/status", get(status))
        .route("/models", get(models))
        .route("/facets", get(facets))
        .route("/models/{id}", get(model))
        .route("/models/{id}/versions", get(versions))
        .route("/models/{id}/claims", get(model_claims))
        .route("/models/{id}/proofs", get(model_proofs))
        .route("/models/{id}/calls", get(calls))
        .route("/models/{id}/usage", get(usage))
        .route(version, get(get_version))
        .route(&format!("{version}/description"), get(description))
        .route(&format!("{version}/schema"), get(schema))
        .route(&format!("{version}/contract"), get(contract))
        .route(&format!("{version}/predict"), post(predict).layer(DefaultBodyLimit::max(MAX_BODY)))
        .route(&format!("{version}/verify"), post(verify).layer(DefaultBodyLimit::max(MAX_PROOF)))
        .route("/accounts/{address}", get(account))
        .route("/claims", get(claims))
        .route("/claims/{id}", get(claim))
        .route("/proofs", get(proofs))
        .method_not_allowed_fallback(|| async {
            let message = "this path does not have this method";
            Failure(ApiError::new(ErrorKind::MethodNotAllowed, message))
        })
        .fallback(|| async { Failure(not_found("there is no such path in the API")) })
        .with_state(app)
}

/// What is shown of a description, which may be large: it is not copied.
#[derive(Debug)]
pub struct Shown(Arc<Described>);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.view.serialize(serializer)
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|_| Failure(not_found("there is nothing with such a number")))
}

fn some<T>(found: Option<T>) -> Reply<T> {
    found.map(Json).ok_or_else(|| Failure(not_found("there is no such thing")))
}

async fn version_of(app: &App, path: &(String, String)) -> Result<VersionView, Failure> {
    Ok(app.version(number(&path.0)?, number(&path.1)?).await?)
}

/// A model that must be there, so that an empty list says something.
async fn model_id(app: &App, id: &str) -> Result<u64, Failure> {
    let id = number(id)?;
    match app.model(id).await? {
        Some(_) => Ok(id),
        None => Err(Failure(not_found("there is no such model"))),
    }
}

async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(super::document())
}

/// The state of the service.
#[utoipa::path(get, path = "/api/v1/status", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<App>) -> Reply<Status> {
    Ok(Json(app.status().await?))
}

/// A page of the list of models.
#[utoipa::path(get, path = "/api/v1/models", params(ModelQuery), responses((status = 200, body = Page<ModelSummary>)))]
pub async fn models(
    State(app): State<App>,
    Query(query): Query<ModelQuery>,
) -> Reply<Page<ModelSummary>> {
    Ok(Json(app.models(query.into()).await?))
}

/// The values that filters can take.
#[utoipa::path(get, path = "/api/v1/facets", responses((status = 200, body = Facets)))]
pub async fn facets(State(app): State<App>) -> Reply<Facets> {
    Ok(Json(app.facets().await?))
}

/// A model with its versions.
#[utoipa::path(get, path = "/api/v1/models/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = ModelDetail), (status = 404, body = ApiError)))]
pub async fn model(State(app): State<App>, Path(id): Path<String>) -> Reply<ModelDetail> {
    some(app.model(number(&id)?).await?)
}

/// A model's versions, the newest first.
#[utoipa::path(get, path = "/api/v1/models/{id}/versions", params(("id" = u64, Path)),
    responses((status = 200, body = Vec<VersionView>), (status = 404, body = ApiError)))]
pub async fn versions(State(app): State<App>, Path(id): Path<String>) -> Reply<Vec<VersionView>> {
    some(app.model(number(&id)?).await?.map(|model| model.versions))
}

/// A version of a model.
#[utoipa::path(get, path = "/api/v1/models/{id}/versions/{version}", params(("id" = u64, Path), ("version" = u32, Path)),
    responses((status = 200, body = VersionView), (status = 404, body = ApiError)))]
pub async fn get_version(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
) -> Reply<VersionView> {
    Ok(Json(version_of(&app, &path).await?))
}

/// A version's description, as far as it is known now, and what was checked of it.
#[utoipa::path(get, path = "/api/v1/models/{id}/versions/{version}/description",
    params(("id" = u64, Path), ("version" = u32, Path)),
    responses((status = 200, body = DescriptionView), (status = 404, body = ApiError)))]
pub async fn description(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
) -> Reply<Shown> {
    let version = version_of(&app, &path).await?;
    Ok(Json(Shown(app.description(&version).await?)))
}

/// How rows of a version are encoded, and what its results mean.
#[utoipa::path(get, path = "/api/v1/models/{id}/versions/{version}/schema",
    params(("id" = u64, Path), ("version" = u32, Path)),
    responses((status = 200, body = SchemaView), (status = 404, body = ApiError)))]
pub async fn schema(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
) -> Reply<SchemaView> {
    let version = version_of(&app, &path).await?;
    Ok(Json(app.schema(&version).await?))
}

/// A version's contract, as the node has it.
#[utoipa::path(get, path = "/api/v1/models/{id}/versions/{version}/contract",
    params(("id" = u64, Path), ("version" = u32, Path)),
    responses((status = 200, body = ContractView), (status = 404, body = ApiError)))]
pub async fn contract(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
) -> Reply<ContractView> {
    let version = version_of(&app, &path).await?;
    Ok(Json(app.contract(&version).await?))
}

/// Asks a version's contract about a row, without a transaction.
#[utoipa::path(post, path = "/api/v1/models/{id}/versions/{version}/predict",
    params(("id" = u64, Path), ("version" = u32, Path)), request_body = Row,
    responses((status = 200, body = Prediction), (status = 404, body = ApiError),
        (status = 413, body = ApiError), (status = 415, body = ApiError)))]
pub async fn predict(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
    row: Result<Json<Row>, JsonRejection>,
) -> Reply<Prediction> {
    let Json(row) = row.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(format!("a row has at most {MAX_BODY} bytes")),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(ErrorKind::UnsupportedType, "a row is JSON: set content-type")
        }
        _ => bad_request(error.body_text()),
    })?;
    let version = version_of(&app, &path).await?;
    Ok(Json(app.predict(&version, row.input).await?))
}

/// Checks a proof file, sent as the body, against a version's program. A bad proof is an answer, not an error.
#[utoipa::path(post, path = "/api/v1/models/{id}/versions/{version}/verify",
    params(("id" = u64, Path), ("version" = u32, Path)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Verification), (status = 404, body = ApiError),
        (status = 413, body = ApiError)))]
pub async fn verify(
    State(app): State<App>,
    Path(path): Path<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Reply<Verification> {
    let body = body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            too_large(format!("a proof has at most {MAX_PROOF} bytes here"))
        }
        _ => bad_request(error.body_text()),
    })?;
    let version = version_of(&app, &path).await?;
    Ok(Json(app.verify(&version, body.into()).await?))
}

/// A page of claims, the newest first.
#[utoipa::path(get, path = "/api/v1/claims", params(ClaimQuery, Paging), responses((status = 200, body = Page<ClaimView>)))]
pub async fn claims(
    State(app): State<App>,
    Query(query): Query<ClaimQuery>,
    Query(paging): Query<Paging>,
) -> Reply<Page<ClaimView>> {
    Ok(Json(app.claims(query.model, query.status, paging.page, paging.per_page).await?))
}

/// A claim with what happened to it.
#[utoipa::path(get, path = "/api/v1/claims/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = ClaimView), (status = 404, body = ApiError)))]
pub async fn claim(State(app): State<App>, Path(id): Path<String>) -> Reply<ClaimView> {
    some(app.claim(number(&id)?).await?)
}

/// A page of a model's claims, the newest first.
#[utoipa::path(get, path = "/api/v1/models/{id}/claims", params(("id" = u64, Path), Paging),
    responses((status = 200, body = Page<ClaimView>), (status = 404, body = ApiError)))]
pub async fn model_claims(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Reply<Page<ClaimView>> {
    let id = model_id(&app, &id).await?;
    Ok(Json(app.claims(Some(id), None, paging.page, paging.per_page).await?))
}

/// A page of proof records, the newest first.
#[utoipa::path(get, path = "/api/v1/proofs", params(Paging), responses((status = 200, body = Page<ProofView>)))]
pub async fn proofs(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Reply<Page<ProofView>> {
    Ok(Json(app.proofs(None, paging.page, paging.per_page).await?))
}

/// A page of a model's proof records, the newest first.
#[utoipa::path(get, path = "/api/v1/models/{id}/proofs", params(("id" = u64, Path), Paging),
    responses((status = 200, body = Page<ProofView>), (status = 404, body = ApiError)))]
pub async fn model_proofs(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Reply<Page<ProofView>> {
    let id = model_id(&app, &id).await?;
    Ok(Json(app.proofs(Some(id), paging.page, paging.per_page).await?))
}

/// A page of a model's paid calls, the newest first.
#[utoipa::path(get, path = "/api/v1/models/{id}/calls", params(("id" = u64, Path), Paging),
    responses((status = 200, body = Page<CallView>), (status = 404, body = ApiError)))]
pub async fn calls(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Reply<Page<CallView>> {
    let id = model_id(&app, &id).await?;
    Ok(Json(app.calls(id, paging.page, paging.per_page).await?))
}

/// A model's calls, revenue and gas over time.
#[utoipa::path(get, path = "/api/v1/models/{id}/usage", params(("id" = u64, Path)),
    responses((status = 200, body = Usage), (status = 404, body = ApiError)))]
pub async fn usage(State(app): State<App>, Path(id): Path<String>) -> Reply<Usage> {
    let id = model_id(&app, &id).await?;
    Ok(Json(app.usage(id).await?))
}

/// What the registry has credited to an account, and what that has withdrawn. Any address is an account.
#[utoipa::path(get, path = "/api/v1/accounts/{address}", params(("address" = String, Path), Paging),
    responses((status = 200, body = AccountView)))]
pub async fn account(
    State(app): State<App>,
    Path(address): Path<String>,
    Query(paging): Query<Paging>,
) -> Reply<AccountView> {
    Ok(Json(app.account(&address, paging.page, paging.per_page).await?))
}
