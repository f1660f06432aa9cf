//! Claims.

use askama::Template;

use super::models::Choice;
use super::parts::{self, Html};
use super::shell::{pager, Shell};
use super::tried::{lines, Line};
use super::{icons, Rendered};
use crate::view::{ClaimStatus, ClaimView, Page, Status};

/// A table of claims.
#[derive(Template)]
#[template(path = "claim_table.html")]
struct ClaimTable<'a> {
    claims: &'a Page<ClaimView>,
    caption: &'a str,
    with_model: bool,
}

/// A table of claims, as a part of a page.
pub(super) fn table(
    claims: &Page<ClaimView>,
    caption: &str,
    with_model: bool,
) -> Result<Html, askama::Error> {
    Ok(Html::trusted(ClaimTable { claims, caption, with_model }.render()?))
}

#[derive(Template)]
#[template(path = "claims.html")]
struct Claims<'a> {
    shell: Shell<'a>,
    states: Vec<Choice>,
    is_empty: bool,
    table: Html,
    pager: Html,
}

/// The claims of the registry, of one state if so asked.
///
/// # Errors
/// The template fails.
pub fn claims(status: &Status, chosen: Option<ClaimStatus>, claims: &Page<ClaimView>) -> Rendered {
    let state = chosen.map_or("", ClaimStatus::word);
    let mut states =
        vec![Choice { value: String::new(), label: "any".to_owned(), chosen: chosen.is_none() }];
    states.extend(ClaimStatus::ALL.map(|status| Choice {
        value: status.word().to_owned(),
        label: status.word().to_owned(),
        chosen: chosen == Some(status),
    }));
    let pager = pager(claims.page, claims.n_pages(), |number| match state {
        "" => format!("/claims?page={number}"),
        state => format!("/claims?status={state}&page={number}"),
    })?;
    Claims {
        shell: Shell::new(status, "claims"),
        states,
        is_empty: claims.items.is_empty(),
        table: table(claims, "Claims, the newest first", true)?,
        pager,
    }
    .render()
}

#[derive(Template)]
#[template(path = "claim.html")]
struct Claim<'a> {
    shell: Shell<'a>,
    claim: &'a ClaimView,
    lines: Vec<Line>,
    row: String,
}

/// A claim and what happened to it.
///
/// # Errors
/// The template fails.
pub fn claim(status: &Status, claim: &ClaimView) -> Rendered {
    let row = match claim.input.is_empty() {
        true => claim.input_int.iter().take(512).map(String::as_str).collect::<Vec<_>>().join(", "),
        false => parts::row(&claim.input),
    };
    let (lines, _) = lines(&claim.outputs);
    Claim { shell: Shell::new(status, "claims"), claim, lines, row }.render()
}
