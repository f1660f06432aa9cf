//! The model registry over Starknet's JSON-RPC, typed.
//!
//! | part | what it does |
//! |---|---|
//! | [`Chain`] | a node: views, classes, receipts |
//! | [`Sender`] | an account on it: estimates, transactions, declarations |
//! | [`Registry`] | the registry's views, and its entry points as [`Call`]s |
//! | [`Event`] | what the registry tells indexers |
//! | [`Config`] | accounts and networks as sncast keeps them: `snfoundry.toml`, accounts files, keystores |
//! | [`Devnet`] | a local node for tests and demonstrations |
//!
//! Responses from nodes are untrusted: they are decoded with bounds, into typed errors. This crate
//! prints nothing, knows nothing of models' insides, and keeps keys in memory only.
//!
//! Answers are read with a cursor that knows what it reads:
//!
//! ```
//! use nilometer_starknet::codec::{short_string, to_short_string, Reader};
//! use nilometer_starknet::Felt;
//!
//! let name = to_short_string("rockybot").expect("31 characters at most");
//! let felts = [name, Felt::from(7)];
//! let mut answer = Reader::new("a name and a price", &felts);
//! assert_eq!(short_string(&answer.felt()?).as_deref(), Some("rockybot"));
//! assert_eq!(answer.number::<u64>()?, 7);
//! answer.end()?;
//! # Ok::<(), nilometer_starknet::ChainError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod blocks;
pub mod chain;
pub mod codec;
pub mod config;
pub mod devnet;
pub mod error;
pub mod events;
pub mod registry;
pub mod sender;
pub mod transport;
pub mod types;

pub use blocks::{BlockHead, EventAt};
pub use chain::{Chain, Fee, Receipt};
pub use config::{Config, Credentials, Network};
pub use devnet::Devnet;
pub use error::ChainError;
pub use events::Event;
pub use registry::Registry;
pub use sender::{Class, Sender};
pub use starknet_rust::core::types::{Call, Felt};
