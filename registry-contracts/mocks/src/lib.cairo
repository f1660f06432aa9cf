//! Tokens and models that misbehave, for the registry's tests. Never deploy these anywhere else.

/// Models that lie, fail, burn gas and call back.
pub mod models;
/// An ERC-20 whose manners can be set.
pub mod token;
