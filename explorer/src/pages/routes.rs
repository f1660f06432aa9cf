//! The pages' addresses, and the forms that they send.

use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, Form, Multipart, Path, Query, State};
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::parts::count;
use super::service::Service;
use super::{assets, model, ModelPage, Place, Rendered, TryForm};
use crate::view::{
    ApiError, ClaimStatus, ErrorKind, ListQuery, ModelDetail, Status, VersionView, MAX_PAGE,
};

/// The largest proof file that is checked.
const MAX_PROOF: usize = 4 << 20;
/// How much of a form with a proof is read at most, though no more than [`MAX_PROOF`] is kept.
const MAX_PROOF_FORM: usize = 16 << 20;
/// The largest form, except for proofs.
const MAX_FORM: usize = 64 << 10;

/// The pages of a service.
pub fn router<S: Service>(service: S) -> Router {
    let small = DefaultBodyLimit::max(MAX_FORM);
    Router::new()
        .route("/", get(list::<S>))
        .route("/about", get(about::<S>))
        .route("/accounts/{address}", get(account::<S>))
        .route("/claims", get(claims::<S>))
        .route("/claims/{id}", get(claim::<S>))
        .route("/models/{id}", get(card::<S>))
        .route("/models/{id}/versions", get(versions::<S>))
        .route("/models/{id}/versions/{n}", get(version::<S>))
        .route("/models/{id}/try", get(try_form::<S>).post(try_row::<S>).layer(small))
        .route(
            "/models/{id}/proofs",
            get(proof_form::<S>)
                .post(proof_upload::<S>)
                .layer(DefaultBodyLimit::max(MAX_PROOF_FORM)),
        )
        .route("/models/{id}/disputes", get(disputes::<S>))
        .route("/models/{id}/usage", get(usage::<S>))
        .route("/models/{id}/contract", get(contract::<S>))
        .route("/models/{id}/use", get(use_it::<S>))
        .route("/assets/{*path}", get(asset))
        .fallback(no_page::<S>)
        .with_state(service)
}

/// A page or an error.
type Reply = Result<Response, Failure>;

/// An error as a page. It is shown with the status if that is known.
struct Failure {
    status: Option<Box<Status>>,
    error: ApiError,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { status: None, error }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a template fails");
        ApiError::new(ErrorKind::Internal, "the page cannot be made").into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (code, title) = (self.error.error.status(), self.error.error.title());
        let page =
            self.status.and_then(|status| super::problem(&status, title, &self.error.message).ok());
        match page {
            Some(page) => (code, Html(page)).into_response(),
            None => (code, format!("{title}: {}\n", self.error.message)).into_response(),
        }
    }
}

fn not_found(status: &Status, message: &str) -> Failure {
    let error = ApiError::new(ErrorKind::NotFound, message);
    Failure { status: Some(Box::new(status.clone())), error }
}

fn page(rendered: Rendered) -> Reply {
    Ok(Html(rendered?).into_response())
}

/// Pages that are drawn at the same time: drawings of large models take milliseconds of a core.
static DRAWING: Semaphore = Semaphore::const_new(2);

/// A page with a drawing, made on a thread that may block.
async fn drawn(make: impl FnOnce() -> Rendered + Send + 'static) -> Reply {
    let _turn = DRAWING.acquire().await;
    match tokio::task::spawn_blocking(make).await {
        Ok(rendered) => page(rendered),
        Err(_) => Err(ApiError::new(ErrorKind::Internal, "the page cannot be made").into()),
    }
}

async fn asset(Path(path): Path<String>) -> Response {
    match assets::find(&path) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, asset.bytes).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn no_page<S: Service>(State(service): State<S>) -> Reply {
    Err(not_found(&service.status().await?, "There is no such page."))
}

async fn list<S: Service>(State(service): State<S>, Query(query): Query<ListQuery>) -> Reply {
    let status = service.status().await?;
    let (models, facets) = (service.models(query.clone()).await?, service.facets().await?);
    page(super::models(&status, &query, &models, &facets))
}

async fn about<S: Service>(State(service): State<S>) -> Reply {
    page(super::about(&service.status().await?))
}

/// Query strings of pages. Texts, so that malformed values count as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    page: String,
    status: String,
    tree: String,
    version: String,
}

impl Asked {
    fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, MAX_PAGE)
    }

    fn tree(&self) -> usize {
        self.tree.parse().unwrap_or(1).max(1)
    }
}

async fn claims<S: Service>(State(service): State<S>, Query(asked): Query<Asked>) -> Reply {
    let chosen = ClaimStatus::parse(&asked.status);
    let claims = service.claims(None, chosen, asked.page()).await?;
    page(super::claims(&service.status().await?, chosen, &claims))
}

async fn claim<S: Service>(State(service): State<S>, Path(id): Path<String>) -> Reply {
    let status = service.status().await?;
    let claim = match id.parse() {
        Ok(id) => service.claim(id).await?,
        Err(_) => None,
    };
    let claim = claim.ok_or_else(|| not_found(&status, "There is no such claim."))?;
    page(super::claim(&status, &claim))
}

async fn account<S: Service>(
    State(service): State<S>,
    Path(address): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    let status = service.status().await?;
    let account = service.account(&address, asked.page()).await?;
    let account = account.ok_or_else(|| not_found(&status, "That is not an address."))?;
    page(super::account(&status, &account))
}

/// A model with the status, for all its tabs.
struct Found {
    status: Status,
    model: ModelDetail,
}

impl Found {
    async fn find<S: Service>(service: &S, id: &str) -> Result<Self, Failure> {
        let status = service.status().await?;
        let model = match id.parse() {
            Ok(id) => service.model(id).await?,
            Err(_) => None,
        };
        match model {
            Some(model) => Ok(Self { status, model }),
            None => Err(not_found(&status, "There is no such model.")),
        }
    }

    fn page(&self) -> ModelPage<'_> {
        ModelPage { status: &self.status, model: &self.model }
    }

    fn id(&self) -> u64 {
        self.model.summary.id
    }

    /// The version that is asked for, or the newest.
    fn version(&self, asked: &str) -> Result<&VersionView, Failure> {
        let version = match asked {
            "" => self.model.newest(),
            asked => asked.parse().ok().and_then(|number| self.model.version(number)),
        };
        version.ok_or_else(|| not_found(&self.status, "There is no such version."))
    }
}

async fn card<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let described = service.description(found.version(&asked.version)?).await?;
    drawn(move || model::card(found.page(), &described, asked.tree())).await
}

async fn versions<S: Service>(State(service): State<S>, Path(id): Path<String>) -> Reply {
    page(super::versions(Found::find(&service, &id).await?.page()))
}

async fn version<S: Service>(
    State(service): State<S>,
    Path((id, number)): Path<(String, String)>,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let version = found.version(&number)?.clone();
    let described = service.description(&version).await?;
    drawn(move || super::version(found.page(), &version, &described.read)).await
}

async fn disputes<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let claims = service.claims(Some(found.id()), None, asked.page()).await?;
    page(super::disputes(found.page(), &claims))
}

async fn usage<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let usage = service.usage(found.id()).await?;
    let calls = service.calls(found.id(), asked.page()).await?;
    page(super::usage(found.page(), &usage, &calls))
}

async fn contract<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let version = found.version(&asked.version)?;
    let contract = service.contract(version).await?;
    let schema = service.schema(version).await?;
    page(super::contract(found.page(), version.version, &contract, schema.as_ref()))
}

async fn use_it<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Reply {
    let found = Found::find(&service, &id).await?;
    let origin = origin(&headers);
    let example = match found.model.newest() {
        Some(version) => service.description(version).await?.read.view.example.clone(),
        None => Vec::new(),
    };
    let place = Place { network: service.network(), origin: &origin, example: &example };
    page(super::use_it(found.page(), &place))
}

/// The explorer's own address, as the visitor's browser states it; only a host with a port is used.
fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']');
    match !host.is_empty() && host.len() < 256 && host.chars().all(plain) {
        true => format!("http://{host}"),
        false => "http://127.0.0.1:8420".to_owned(),
    }
}

async fn try_page<S: Service>(
    service: &S,
    id: &str,
    asked: &Asked,
    sent: Option<TryForm>,
) -> Reply {
    let found = Found::find(service, id).await?;
    let version = found.version(&asked.version)?.clone();
    let schema = service.schema(&version).await?;
    let described = service.description(&version).await?.read;
    let (form, outcome) = match sent {
        None => (TryForm::default(), None),
        Some(form) => {
            let fields = schema.as_ref().map_or(0, |schema| schema.inputs.len());
            let outcome = match form.parse(fields) {
                Ok(row) => service.predict(&version, row).await.map_err(|error| error.message),
                Err(reason) => Err(reason),
            };
            (form, Some(outcome))
        }
    };
    drawn(move || {
        let schema = schema.as_ref();
        super::try_it(found.page(), &version, schema, &described, &form, outcome.as_ref())
    })
    .await
}

async fn try_form<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    try_page(&service, &id, &asked, None).await
}

async fn try_row<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    try_page(&service, &id, &asked, Some(TryForm::of(pairs))).await
}

async fn proof_page<S: Service>(
    service: &S,
    id: &str,
    asked: &Asked,
    sent: Option<Result<Vec<u8>, String>>,
) -> Reply {
    let found = Found::find(service, id).await?;
    let version = found.version(&asked.version)?;
    let outcome = match sent {
        None => None,
        Some(Ok(proof)) => {
            Some(service.verify(version, proof).await.map_err(|error| error.message))
        }
        Some(Err(reason)) => Some(Err(reason)),
    };
    let records = service.proofs(found.id(), asked.page()).await?;
    page(super::proofs(found.page(), Some(version), &records, outcome.as_ref()))
}

async fn proof_form<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Reply {
    proof_page(&service, &id, &asked, None).await
}

async fn proof_upload<S: Service>(
    State(service): State<S>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    mut parts: Multipart,
) -> Reply {
    let mut proof = Err("The form has no file.".to_owned());
    while let Some(part) = parts.next_field().await.transpose() {
        match part {
            Ok(part) if part.name() == Some("proof") => {
                proof = read_proof(part).await;
                break;
            }
            Ok(_) => {}
            Err(error) => {
                proof = Err(error.body_text());
                break;
            }
        }
    }
    let proof = match proof {
        Ok(bytes) if bytes.is_empty() => Err("The file is empty.".to_owned()),
        proof => proof,
    };
    proof_page(&service, &id, &asked, Some(proof)).await
}

/// The file of a form. One that is too large is read to its end all the same: a browser whose sending is cut off
/// shows an error of its own.
async fn read_proof(mut part: Field<'_>) -> Result<Vec<u8>, String> {
    let (mut proof, mut size) = (Vec::new(), 0);
    while let Some(chunk) = part.chunk().await.map_err(|error| error.body_text())? {
        size += chunk.len();
        if size <= MAX_PROOF {
            proof.extend_from_slice(&chunk);
        }
    }
    match size <= MAX_PROOF {
        true => Ok(proof),
        false => Err(format!(
            "The file has {} bytes, a proof at most {}.",
            count(size),
            count(MAX_PROOF)
        )),
    }
}
