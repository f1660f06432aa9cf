//! The document that describes the API.

use utoipa::openapi::{Content, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::api;
use crate::view::ErrorKind;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nilometer explorer",
        description = "What the explorer's pages show, as JSON. The chain is the source of truth; texts in answers \
                       may be written by anyone. Trust levels are executed, proved and claimed, and are never merged.",
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
        api::account,
    ),
    components(schemas(crate::view::ApiError)),
    modifiers(&CommonErrors)
)]
struct Document;

/// Errors that any path can answer with.
struct CommonErrors;

impl Modify for CommonErrors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let kinds = [
            ErrorKind::BadRequest,
            ErrorKind::TooManyRequests,
            ErrorKind::Internal,
            ErrorKind::Node,
            ErrorKind::Busy,
            ErrorKind::Timeout,
        ];
        for item in document.paths.paths.values_mut() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                for kind in kinds {
                    let error = Content::new(Some(Ref::from_schema_name("ApiError")));
                    let response = ResponseBuilder::new()
                        .description(kind.title())
                        .content("application/json", error)
                        .build();
                    let status = kind.status().as_str().to_owned();
                    operation.responses.responses.entry(status).or_insert(response.into());
                }
            }
        }
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
