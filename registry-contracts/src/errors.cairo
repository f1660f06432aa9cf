//! What entry points panic with, one short string each.

/// The caller is not who may do this.
pub const NOT_OWNER: felt252 = 'not the owner';
/// The caller was offered nothing.
pub const NOT_OFFERED: felt252 = 'not the offered owner';
/// An address that must be somebody's is zero.
pub const ZERO_ADDRESS: felt252 = 'zero address';
/// A class hash that must be given is zero.
pub const ZERO_CLASS: felt252 = 'zero class hash';
/// The constructor got settings that would leave users unprotected.
pub const BAD_SETTINGS: felt252 = 'bad settings';
/// The registry takes no new models, calls or claims.
pub const PAUSED: felt252 = 'registry is paused';
/// The registry is not paused.
pub const NOT_PAUSED: felt252 = 'registry is not paused';
/// There is an announced action already.
pub const ALREADY_SCHEDULED: felt252 = 'action already scheduled';
/// Nothing was announced, or something else.
pub const NOT_SCHEDULED: felt252 = 'action not scheduled';
/// The announced action's time has not come.
pub const TOO_EARLY: felt252 = 'too early';
/// The announced action's time is over.
pub const LAPSED: felt252 = 'announcement has lapsed';
/// The contract was called while it was calling.
pub const REENTRANT: felt252 = 'reentrant call';

/// The fee token said no.
pub const TOKEN_REFUSED: felt252 = 'fee token refused';
/// The fee token moved another amount than it was asked to.
pub const TOKEN_AMOUNT: felt252 = 'fee token moved another amount';
/// The fee token did not answer as an ERC-20 does.
pub const NOT_A_TOKEN: felt252 = 'fee token is no ERC-20';
/// The caller has nothing to withdraw.
pub const NOTHING_TO_WITHDRAW: felt252 = 'nothing to withdraw';

/// There is no such model.
pub const NO_MODEL: felt252 = 'no such model';
/// There is no such version.
pub const NO_VERSION: felt252 = 'no such version';
/// The model or the version takes no new calls or claims.
pub const DEPRECATED: felt252 = 'model is deprecated';
/// A text is longer than the registry keeps, or empty where it must not be.
pub const BAD_TEXT: felt252 = 'text empty or too long';
/// The contract says to be another model.
pub const WRONG_MODEL: felt252 = 'contract is another model';
/// The contract is written for another registry.
pub const WRONG_INTERFACE: felt252 = 'unknown model interface';
/// The price or the bond is not what the caller agreed to.
pub const PRICE: felt252 = 'price above the maximum';
/// Shares must be positive, of different holders, and 10,000 together.
pub const BAD_SHARES: felt252 = 'bad shares';
/// A batch must have rows, and not more than fit.
pub const BAD_BATCH: felt252 = 'bad batch';
/// More felts than the registry handles.
pub const TOO_LONG: felt252 = 'row too long';
/// The model answered with something that is no list of felts.
pub const MALFORMED: felt252 = 'malformed model output';

/// There is no such claim.
pub const NO_CLAIM: felt252 = 'no such claim';
/// The bond is below the model's minimum.
pub const BOND: felt252 = 'bond too small';
/// The claim was settled before.
pub const SETTLED: felt252 = 'claim is settled';
/// The claim's window has closed.
pub const WINDOW_CLOSED: felt252 = 'challenge window has closed';
/// The claim's window is still open.
pub const WINDOW_OPEN: felt252 = 'challenge window is open';
/// The claim is contested already.
pub const CONTESTED: felt252 = 'claim is contested';
/// The row is not the one of the claim.
pub const WRONG_INPUT: felt252 = 'input is not the claimed one';
/// The model failed for another reason than refusing the row.
pub const INCONCLUSIVE: felt252 = 'execution is inconclusive';
/// A proof record needs a hash and a security level.
pub const BAD_PROOF: felt252 = 'bad proof record';
