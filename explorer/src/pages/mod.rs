//! Pages: from views to HTML.
//!
//! Pages are functions of what [`crate::view`] holds; what they need comes from a [`Service`]. Templates escape everything that is no
//! [`parts::Html`], and text from the chain goes through [`parts`], which also takes care of directions and
//! lengths. No page has inline scripts or styles: the content security policy forbids them.

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

pub use evidence::{claim, claims};
pub use form::TryForm;
pub use model::{card, contract, disputes, usage, use_it, version, versions, ModelPage};
pub use models::models;
pub use routes::router;
pub use service::{Answer, Described, Service};
pub use shell::{about, problem, Shell};
pub use snippets::Place;
pub use tried::{proofs, try_it};

/// A page, or a template that fails, which is a defect.
pub type Rendered = Result<String, askama::Error>;
