//! The registry's rules.

use nilometer_starknet::types::Rules;

use crate::failure::UsageError;

/// The shortest window that the contract takes, in seconds.
const MIN_WINDOW: u64 = 3_600;

/// What the contract requires of its rules.
///
/// # Errors
/// They would leave users unprotected.
pub fn check(rules: &Rules, delay: u64) -> Result<(), UsageError> {
    let wrong = |text: &str| Err(UsageError(text.to_owned()));
    if rules.window < MIN_WINDOW || delay / 3 < rules.window {
        return wrong(
            "the window must be an hour or more, and the delay at least three times the window",
        );
    }
    if rules.min_bond == 0 || rules.gas_price >> 60 != 0 {
        return wrong("the smallest bond must be positive, and the price of gas below 2^60");
    }
    if delay >> 40 != 0 {
        return wrong("the delay must be below 2^40 s");
    }
    Ok(())
}
