//! Query strings of the API. What is malformed or out of range is refused, by every list in the same way.

use axum::extract::rejection::QueryRejection;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::api::Failure;
use crate::app::bad_request;
use crate::view::{ClaimStatus, ListQuery, Sort, Trust, MAX_PAGE, MAX_PER_PAGE};

/// A query string.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Checked, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let told = |error: QueryRejection| Failure::from(bad_request(error.body_text()));
        let query = query.map_err(told)?.0;
        match query.problem() {
            None => Ok(Self(query)),
            Some(reason) => Err(bad_request(reason).into()),
        }
    }
}

/// What types alone do not say.
pub trait Checked {
    /// What is wrong with the values, if anything.
    fn problem(&self) -> Option<String>;
}

fn paging_problem(page: u32, per_page: u32) -> Option<String> {
    if !(1..=MAX_PAGE).contains(&page) {
        return Some(format!("page is {page}, which is not from 1 to {MAX_PAGE}"));
    }
    (!(1..=MAX_PER_PAGE).contains(&per_page))
        .then(|| format!("per_page is {per_page}, which is not from 1 to {MAX_PER_PAGE}"))
}

/// Which page of a list.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct Paging {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub page: u32,
    /// Items per page, at most 100.
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub per_page: u32,
}

impl Default for Paging {
    fn default() -> Self {
        Self { page: 1, per_page: 24 }
    }
}

impl Checked for Paging {
    fn problem(&self) -> Option<String> {
        paging_problem(self.page, self.per_page)
    }
}

/// Which claims.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ClaimQuery {
    /// Only of this model.
    pub model: Option<u64>,
    /// Only with this status.
    pub status: Option<ClaimStatus>,
}

impl Checked for ClaimQuery {
    fn problem(&self) -> Option<String> {
        None
    }
}

/// `free` or `paid`.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceFilter {
    /// Calls cost nothing but gas.
    Free,
    /// Calls have a price.
    Paid,
}

/// `yes` or `no`.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// Which models, in which order.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ModelQuery {
    /// At most eight words that name, kind, owner or a hash must contain.
    #[param(max_length = 200)]
    pub q: String,
    /// The family: `mlp`, `linear`, `tree`, `mixed`, `function`; or a whole kind such as `mlp_classifier`.
    pub kind: String,
    /// `classifier` or `regressor`.
    pub task: String,
    /// SPDX identifier.
    pub licence: String,
    /// The owner's address.
    pub owner: String,
    /// Whether a call costs something.
    #[param(inline)]
    pub price: Option<PriceFilter>,
    /// There is evidence of this level.
    #[param(inline)]
    pub trust: Option<Trust>,
    /// Whether to show deprecated models as well.
    #[param(inline)]
    pub deprecated: Option<YesNo>,
    /// The order; `newest` by default.
    #[param(inline)]
    pub sort: Option<Sort>,
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub page: u32,
    /// Items per page, at most 100.
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub per_page: u32,
}

impl Default for ModelQuery {
    fn default() -> Self {
        let text = String::new;
        let Paging { page, per_page } = Paging::default();
        Self {
            q: text(),
            kind: text(),
            task: text(),
            licence: text(),
            owner: text(),
            price: None,
            trust: None,
            deprecated: None,
            sort: None,
            page,
            per_page,
        }
    }
}

impl Checked for ModelQuery {
    fn problem(&self) -> Option<String> {
        let query = ListQuery { q: self.q.clone(), ..ListQuery::default() };
        paging_problem(self.page, self.per_page).or_else(|| query.search_problem())
    }
}

impl From<ModelQuery> for ListQuery {
    fn from(query: ModelQuery) -> Self {
        let price = query.price.map_or("", |price| match price {
            PriceFilter::Free => "free",
            PriceFilter::Paid => "paid",
        });
        Self {
            q: query.q,
            kind: query.kind,
            task: query.task,
            licence: query.licence,
            owner: query.owner,
            price: price.to_owned(),
            trust: query.trust.map_or("", Trust::slug).to_owned(),
            deprecated: if matches!(query.deprecated, Some(YesNo::Yes)) { "yes" } else { "" }
                .to_owned(),
            sort: query.sort.map_or("", Sort::word).to_owned(),
            page: query.page.to_string(),
            per_page: query.per_page.to_string(),
        }
    }
}
