//! Pages: from views to HTML.
//!
//! Pages are functions of the types in [`crate::view`], which come from a [`Service`]. Templates escape everything that
//! is not [`parts::Html`], and text from the chain goes through [`parts`], which also removes characters that disguise
//! text and bounds lengths. No page has inline scripts or styles: the content security policy forbids them.

mod account;
pub mod assets;
mod evidence;
mod form;
mod format;
mod icons;
mod model;
mod models;
pub mod parts;
mod report;
mod routes;
mod service;
mod shell;
mod snippets;
mod tried;

pub use account::account;
pub use evidence::{claim, claims};
pub use form::TryForm;
pub use model::{card, contract, disputes, usage, use_it, version, versions, ModelPage};
pub use models::models;
pub use routes::router;
pub use service::{Answer, Described, Service};
pub use shell::{about, problem, Shell};
pub use snippets::Place;
pub use tried::{proofs, try_it};

/// A page; an error is a defect of a template.
pub type Rendered = Result<String, askama::Error>;
