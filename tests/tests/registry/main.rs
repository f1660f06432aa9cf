//! The registry's contracts on a real node: every entry point, every rule, every event.
//!
//! One node serves all scenarios of a file; each scenario has a registry and a token of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod attacks;
mod calls;
mod disputes;
mod governance;
mod ledger;
mod publishing;
