//! An account.

use askama::Template;

use super::parts::{self, Html};
use super::shell::{pager, Shell};
use super::{icons, Rendered};
use crate::view::{AccountView, Status};

#[derive(Template)]
#[template(path = "account.html")]
struct Account<'a> {
    shell: Shell<'a>,
    account: &'a AccountView,
    pager: Html,
}

/// An account with its credits and withdrawals.
///
/// # Errors
/// The template fails.
pub fn account(status: &Status, account: &AccountView) -> Rendered {
    let credits = &account.credits;
    let address = &account.address;
    let pager =
        pager(credits.page, credits.n_pages(), |n| format!("/accounts/{address}?page={n}"))?;
    Account { shell: Shell::new(status, ""), account, pager }.render()
}
