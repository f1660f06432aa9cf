//! An account of the registry.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Amount, Page};

/// What the registry's events say of an account.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AccountView {
    /// Its address.
    pub address: String,
    /// Models that it owns now.
    pub models: u64,
    /// Rows that it has paid for.
    pub calls: u64,
    /// Claims that it has made.
    pub claims: u64,
    /// Everything that the registry has credited to it: shares of revenue, bonds and rewards.
    #[schema(value_type = String)]
    pub credited: Amount,
    /// What it has withdrawn of that.
    #[schema(value_type = String)]
    pub withdrawn: Amount,
    /// What it can still withdraw.
    #[schema(value_type = String)]
    pub balance: Amount,
    /// Credits and withdrawals, the newest first.
    pub credits: Page<CreditView>,
}

/// A credit to an account, or a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CreditView {
    /// How much.
    #[schema(value_type = String)]
    pub amount: Amount,
    /// Whether the account has withdrawn it; else it was credited.
    pub withdrawn: bool,
    /// When.
    pub at: u64,
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub tx_hash: String,
}
