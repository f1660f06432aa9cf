//! What entry points panic with, one short string each.

/// The caller may not do this.
pub const NOT_OWNER: felt252 = 'not the owner';
/// Nothing was offered to the caller.
pub const NOT_OFFERED: felt252 = 'not the offered owner';
/// An address that must be somebody's is zero.
pub const ZERO_ADDRESS: felt252 = 'zero address';
/// A class hash that must be given is zero.
pub const ZERO_CLASS: felt252 = 'zero class hash';
/// Settings that would leave users unprotected.
pub const BAD_SETTINGS: felt252 = 'bad settings';
/// The registry takes no new models, versions, calls or claims.
pub const PAUSED: felt252 = 'registry is paused';
/// The registry is not paused.
pub const NOT_PAUSED: felt252 = 'registry is not paused';
/// The last pause was too short a time ago.
pub const PAUSED_LATELY: felt252 = 'too soon after the last pause';
/// Something is announced already.
pub const ALREADY_SCHEDULED: felt252 = 'action already scheduled';
/// Nothing was announced, or something else.
pub const NOT_SCHEDULED: felt252 = 'action not scheduled';
/// The change to a model was not announced.
pub const NOT_ANNOUNCED: felt252 = 'change not announced';
/// The announcement's delay is not over.
pub const TOO_EARLY: felt252 = 'too early';
/// The announcement was not used in time.
pub const LAPSED: felt252 = 'announcement has lapsed';
/// The contract was called while it was calling.
pub const REENTRANT: felt252 = 'reentrant call';

/// The fee token refused a transfer.
pub const TOKEN_REFUSED: felt252 = 'fee token refused';
/// The fee token moved another amount than it was asked to.
pub const TOKEN_AMOUNT: felt252 = 'fee token moved another amount';
/// The account has nothing to withdraw.
pub const NOTHING_TO_WITHDRAW: felt252 = 'nothing to withdraw';
/// Nothing is burnt that was not swept.
pub const NOTHING_TO_SWEEP: felt252 = 'nothing to sweep';

/// There is no such model.
pub const NO_MODEL: felt252 = 'no such model';
/// There is no such version.
pub const NO_VERSION: felt252 = 'no such version';
/// The model or the version takes no new calls or claims.
pub const DEPRECATED: felt252 = 'model is deprecated';
/// A text is longer than the registry keeps, or empty where it must not be.
pub const BAD_TEXT: felt252 = 'text empty or too long';
/// The contract says that it is another model.
pub const WRONG_MODEL: felt252 = 'contract is another model';
/// The contract is written for another registry.
pub const WRONG_INTERFACE: felt252 = 'unknown model interface';
/// The price is above what the caller agreed to.
pub const PRICE: felt252 = 'price above the maximum';
/// Shares must be positive, of different holders, and 10,000 together.
pub const BAD_SHARES: felt252 = 'bad shares';
/// The model is not as the buyer agreed to take it.
pub const TERMS: felt252 = 'terms have changed';
/// A batch must have rows, as many as results, and not more than fit.
pub const BAD_BATCH: felt252 = 'bad batch';
/// More felts than the registry handles.
pub const TOO_LONG: felt252 = 'row too long';
/// The model's answer is not a list of felts.
pub const MALFORMED: felt252 = 'malformed model output';

/// There is no such claim.
pub const NO_CLAIM: felt252 = 'no such claim';
/// The claim that was passed is not the one with this number, or not as it is now.
pub const WRONG_CLAIM: felt252 = 'not the claim as it is now';
/// The claim has no such row.
pub const NO_ROW: felt252 = 'no such row';
/// The bond is below the least bond.
pub const BOND: felt252 = 'bond too small';
/// The claim was settled before.
pub const SETTLED: felt252 = 'claim is settled';
/// The claim's window is still open.
pub const WINDOW_OPEN: felt252 = 'challenge window is open';
/// The claim is contested already.
pub const CONTESTED: felt252 = 'claim is contested';
/// The row is not the one of the claim.
pub const WRONG_INPUT: felt252 = 'input is not the claimed one';
/// The row holds, and other rows of the claim may not: nothing is settled.
pub const ROW_HOLDS: felt252 = 'the row holds';
/// The model failed for another reason than refusing the row.
pub const INCONCLUSIVE: felt252 = 'execution is inconclusive';
/// A proof record needs a hash and a security level.
pub const BAD_PROOF: felt252 = 'bad proof record';
