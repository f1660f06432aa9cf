//! Web explorer of the model registry.
//!
//! Input: a Starknet node, the registry's address. Output: pages and a JSON API. The chain is the source of truth; the
//! index is a cache that can be rebuilt. Everything on chain is untrusted: anyone can have written it.
//!
//! ```
//! // A publisher's text keeps its words and loses what could run.
//! let html = nilometer_explorer::markdown::render("*Iris* <script>alert(1)</script>");
//! assert!(html.contains("<em>Iris</em>") && !html.contains("<script"));
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod app;
mod check;
pub mod described;
pub mod draw;
pub mod fetch;
pub mod index;
pub mod markdown;
pub mod pages;
pub mod server;
pub mod store;
mod tie;
mod try_it;
pub mod view;

pub use app::{Answer, App, Options, Tasks};
pub use check::MAX_PROOF;
