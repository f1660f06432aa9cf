//! The quantised model as an algebraic intermediate representation: one set of constraints for all models.
//!
//! Input: the public rows and results of a proof ([`Instance`]). Output: [`ModelAir`], whose constraints
//! hold on a trace exactly when the model whose key fixes the preprocessed columns gives these results on
//! these rows; the key ([`Key`]). This crate knows no model format, fills no trace and proves nothing, so a
//! verifier may depend on it.
//!
//! # Why the constraints mean the model
//!
//! Every value that one row makes and another reads goes over the bus: a LogUp sum of `(number, value)` pairs.
//! Numbers and who writes them are preprocessed, so a number has one writer, and a read gets the written value.
//! The argument is by induction along the model: **if a gadget's operands are the integers that the model
//! computes, then its constraints leave exactly one integer for its result, the model's.** The integers
//! of the model lie in ranges that were proved when it was quantised, and the compiler chooses windows around
//! them that cannot wrap around the modulus; each gadget's uniqueness is stated where it is compiled.
//!
//! # Dense layers
//!
//! Freivalds' check over packed weights. `P[g][j] = Σ_k w[k,j]·2^(M·k)` holds the weights of the neurons of group `g` for
//! input `j`; a lane's window has at most `2^M` values and `M·K ≤ 251`, so a packed sum has one reading.
//! After the main columns are committed to, ρ and τ are drawn, and the trace's running totals show
//! `Σ_j (Σ_b τ^b·x[b][j]) · (Σ_g ρ^g·P[g][j]) = Σ_b τ^b Σ_g ρ^g Σ_k 2^(M·k)·y[b][g,k]` for the rows `b` of a
//! batch. With wrong `y` both sides are different polynomials in ρ and τ.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod air;
pub mod calldata;
pub mod constraints;
pub mod key;
pub mod layout;
mod verify;

pub use air::{Instance, InstanceError, ModelAir, AIR_NAME, AIR_VERSION};
pub use key::Key;
pub use nilometer_stark::Felt;
pub use verify::{verify, ModelVerifyError};
