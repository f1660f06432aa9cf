//! A STARK protocol with preprocessed columns over the Stark field.
//!
//! Input: an [`Air`] (the constraints of a statement), the columns of a trace that satisfies them, and a
//! commitment to the AIR's preprocessed columns. Output: a proof as bytes, or the verdict on one. This crate
//! knows no model and no virtual machine, and does no input or output.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod air;

pub use air::{Air, AirError, Columns, ConstraintInfo, Frame, Kind, Shape};
pub use nilometer_air::cairo::constraints::Value;
pub use nilometer_air::Felt;
