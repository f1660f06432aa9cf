//! The document that describes the API.

use utoipa::OpenApi;

use super::api;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nilometer explorer",
        description = "What the explorer's pages show, as JSON. The chain is the source of truth; texts in answers \
                       may be anybody's. Trust levels are executed, proved and claimed, and are never merged.",
        license(name = "MIT")
    ),
    paths(
        api::status,
        api::models,
        api::facets,
        api::model,
        api::versions,
        api::get_version,
        api::description,
        api::schema,
        api::contract,
        api::predict,
        api::verify,
        api::claims,
        api::claim,
        api::model_claims,
        api::proofs,
        api::model_proofs,
        api::calls,
        api::usage,
    )
)]
struct Document;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
