//! Why a request was not answered: one table for the API and the pages.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// The kind of an error, as a word for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// What was asked for does not exist.
    NotFound,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// The request is malformed, or the model refuses it.
    BadRequest,
    /// The request is too large.
    TooLarge,
    /// The body has a type that is not read.
    UnsupportedType,
    /// This address has sent too many requests.
    TooManyRequests,
    /// The server has no room for this request now.
    Busy,
    /// The node fails.
    Node,
    /// It took too long.
    Timeout,
    /// The server fails.
    Internal,
}

/// Kind, status, and the title of the page that says so.
const TABLE: [(ErrorKind, StatusCode, &str); 10] = [
    (ErrorKind::NotFound, StatusCode::NOT_FOUND, "Not found"),
    (ErrorKind::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED, "Not possible here"),
    (ErrorKind::BadRequest, StatusCode::BAD_REQUEST, "That cannot be answered"),
    (ErrorKind::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
    (ErrorKind::UnsupportedType, StatusCode::UNSUPPORTED_MEDIA_TYPE, "That cannot be read"),
    (ErrorKind::TooManyRequests, StatusCode::TOO_MANY_REQUESTS, "Busy"),
    (ErrorKind::Busy, StatusCode::SERVICE_UNAVAILABLE, "Busy"),
    (ErrorKind::Node, StatusCode::BAD_GATEWAY, "The node does not answer"),
    (ErrorKind::Timeout, StatusCode::GATEWAY_TIMEOUT, "The node does not answer"),
    (ErrorKind::Internal, StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong here"),
];

impl ErrorKind {
    fn entry(self) -> (StatusCode, &'static str) {
        let entry = TABLE.iter().find(|(kind, ..)| *kind == self);
        entry.map_or((StatusCode::INTERNAL_SERVER_ERROR, ""), |(_, status, title)| (*status, title))
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        self.entry().0
    }

    /// The title of a page.
    pub fn title(self) -> &'static str {
        self.entry().1
    }

    /// The kind that an HTTP status stands for, for answers that other layers have made.
    pub fn of(status: StatusCode) -> Self {
        let entry = TABLE.iter().find(|(_, listed, _)| *listed == status);
        match entry {
            Some((kind, ..)) => *kind,
            None if status.is_client_error() => Self::BadRequest,
            None => Self::Internal,
        }
    }
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiError {
    /// A word for programs.
    pub error: ErrorKind,
    /// A sentence for people.
    pub message: String,
}

impl ApiError {
    /// An error with its sentence.
    pub fn new(error: ErrorKind, message: impl ToString) -> Self {
        Self { error, message: message.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_status() {
        for (kind, status, title) in TABLE {
            assert_eq!((kind.status(), kind.title()), (status, title));
            assert_eq!(ErrorKind::of(status), kind);
        }
        assert_eq!(ErrorKind::of(StatusCode::IM_A_TEAPOT), ErrorKind::BadRequest);
        assert_eq!(ErrorKind::of(StatusCode::INSUFFICIENT_STORAGE), ErrorKind::Internal);
    }
}
