//! Web explorer of the model registry.
//!
//! Input: a Starknet node, the registry's address. Output: pages and a JSON API. The chain is the source
//! of truth; the index is a cache that can be rebuilt. Everything on chain is attacker-written.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod draw;
pub mod markdown;
mod outputs;
pub mod pages;
pub mod store;
pub mod view;
