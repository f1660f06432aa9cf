//! Tokens and models that misbehave, for the registry's tests. Never deploy these anywhere else.

use nilometer_registry::types::Claim;

/// Models that lie, fail, burn gas and call back.
pub mod models;
/// An ERC-20 whose manners can be set.
pub mod token;

/// A claim that is nobody's, for calls that must fail before it is looked at.
fn some_claim() -> Claim {
    let nobody = 0.try_into().unwrap();
    Claim {
        model_id: 1,
        version: 1,
        claimant: nobody,
        bond: 0,
        stake: 0,
        deadline: 0,
        contester: nobody,
        contested_row: 0,
        rows: array![].span(),
    }
}
