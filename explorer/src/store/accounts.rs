//! Accounts: what the registry owes and has paid them.

use rusqlite::params;

use super::{amount, Reader, Result};
use crate::view::{AccountView, Amount, CreditView, Page, MAX_PER_PAGE};

impl Reader {
    /// An account's credits and withdrawals, the newest first. Any address is an account; most have nothing.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn account(&self, address: &str, page: u32, per_page: u32) -> Result<AccountView> {
        let (page, per_page) = (page.max(1), per_page.clamp(1, MAX_PER_PAGE));
        self.read(|connection| {
            let (mut credited, mut withdrawn) = (0u128, 0u128);
            let sql = "SELECT amount, withdrawn FROM credits WHERE account = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([address], |row| Ok((amount(row, 0)?, row.get::<_, bool>(1)?)))?;
            for row in rows {
                let (part, is_withdrawal) = row?;
                let sum = if is_withdrawal { &mut withdrawn } else { &mut credited };
                *sum = sum.saturating_add(part.0);
            }
            let count = |sql: &str| -> Result<u64> {
                let mut statement = connection.prepare_cached(sql)?;
                Ok(statement.query_row([address], |row| row.get(0))?)
            };
            let sql = "SELECT c.amount, c.withdrawn, c.block, c.tx, COALESCE(b.time, 0)
                       FROM credits c LEFT JOIN blocks b ON b.number = c.block
                       WHERE c.account = ?1 ORDER BY c.id DESC LIMIT ?2 OFFSET ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let offset = u64::from(page - 1) * u64::from(per_page);
            let rows = statement.query_map(params![address, per_page, offset], |row| {
                Ok(CreditView {
                    amount: amount(row, 0)?,
                    withdrawn: row.get(1)?,
                    block: row.get(2)?,
                    tx_hash: row.get(3)?,
                    at: row.get(4)?,
                })
            })?;
            let items = rows.collect::<rusqlite::Result<_>>()?;
            Ok(AccountView {
                address: address.to_owned(),
                models: count("SELECT COUNT(*) FROM models WHERE owner = ?1")?,
                calls: count("SELECT COUNT(*) FROM calls WHERE caller = ?1")?,
                claims: count("SELECT COUNT(*) FROM claims WHERE claimant = ?1")?,
                credited: Amount(credited),
                withdrawn: Amount(withdrawn),
                balance: Amount(credited.saturating_sub(withdrawn)),
                credits: Page {
                    items,
                    total: count("SELECT COUNT(*) FROM credits WHERE account = ?1")?,
                    page,
                    per_page,
                },
            })
        })
    }
}
