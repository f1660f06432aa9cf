//! Lists of models: queries and results.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, Trust};

/// The most that a page of a list holds.
pub const MAX_PER_PAGE: u32 = 100;
/// The last page of a list.
pub const MAX_PAGE: u32 = 1_000_000;

/// Which models, in which order, as a form sends it: empty or malformed values count as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ListQuery {
    /// Words that name, kind, owner or a hash must contain.
    pub q: String,
    /// The family: `mlp`, `linear`, `tree`, `mixed`, `function`; or a whole kind such as `mlp_classifier`.
    pub kind: String,
    /// `classifier` or `regressor`.
    pub task: String,
    /// SPDX identifier.
    pub licence: String,
    /// The owner's address.
    pub owner: String,
    /// `free` or `paid`.
    pub price: String,
    /// There is evidence of this level: `executed`, `proved` or `claimed`.
    pub trust: String,
    /// `yes` to show deprecated models as well.
    pub deprecated: String,
    /// `newest` (the default), `oldest`, `name`, `calls`, `revenue`, `price` or `active`.
    pub sort: String,
    /// The page, from 1.
    pub page: String,
    /// Items per page, at most 100; 24 by default.
    pub per_page: String,
}

/// Words of a search.
const MAX_WORDS: usize = 8;
/// Characters of a search.
const MAX_SEARCH: usize = 200;

/// How a list is sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// By name.
    Name,
    /// The most called first.
    Calls,
    /// What has earned most first.
    Revenue,
    /// The cheapest first.
    Price,
    /// What was last used first.
    Active,
}

impl Sort {
    const ALL: [Self; 7] = [
        Self::Newest,
        Self::Oldest,
        Self::Name,
        Self::Calls,
        Self::Revenue,
        Self::Price,
        Self::Active,
    ];

    /// The word in query strings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Name => "name",
            Self::Calls => "calls",
            Self::Revenue => "revenue",
            Self::Price => "price",
            Self::Active => "active",
        }
    }
}

/// Whether a call costs something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// It does not.
    Free,
    /// It does.
    Paid,
}

impl ListQuery {
    /// Why the search text cannot be searched for, if it cannot.
    pub fn search_problem(&self) -> Option<String> {
        if self.q.chars().count() > MAX_SEARCH {
            return Some(format!("a search has at most {MAX_SEARCH} characters"));
        }
        if self.q.chars().any(|c| c.is_control() && !c.is_whitespace() || c == '\u{fffd}') {
            return Some("a search has only printable characters".to_owned());
        }
        (self.q.split_whitespace().count() > MAX_WORDS)
            .then(|| format!("a search has at most {MAX_WORDS} words"))
    }

    /// The order; the newest first for unknown words.
    pub fn sort(&self) -> Sort {
        let mut all = Sort::ALL.into_iter();
        all.find(|sort| sort.word() == self.sort).unwrap_or_default()
    }

    /// The price filter.
    pub fn price(&self) -> Option<Price> {
        match self.price.as_str() {
            "free" => Some(Price::Free),
            "paid" => Some(Price::Paid),
            _ => None,
        }
    }

    /// The trust filter.
    pub fn trust(&self) -> Option<Trust> {
        Trust::parse(&self.trust)
    }

    /// Whether deprecated models are shown.
    pub fn deprecated(&self) -> bool {
        matches!(self.deprecated.as_str(), "yes" | "on" | "true" | "1")
    }

    /// The page, from 1.
    pub fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, MAX_PAGE)
    }

    /// Items per page.
    pub fn per_page(&self) -> u32 {
        self.per_page.parse().unwrap_or(24).clamp(1, MAX_PER_PAGE)
    }

    /// Whether there is any filter besides order and page.
    pub fn is_filtered(&self) -> bool {
        let texts = [&self.q, &self.kind, &self.task, &self.licence, &self.owner];
        texts.iter().any(|text| !text.trim().is_empty())
            || self.price().is_some()
            || self.trust().is_some()
    }

    /// The query string of another page of the same list.
    pub fn with_page(&self, page: u32) -> String {
        let page = if page <= 1 { String::new() } else { page.to_string() };
        Self { page, ..self.clone() }.to_query()
    }

    /// The query string, without what is empty; starts with `?` unless it is empty.
    pub fn to_query(&self) -> String {
        let fields = [
            ("q", &self.q),
            ("kind", &self.kind),
            ("task", &self.task),
            ("licence", &self.licence),
            ("owner", &self.owner),
            ("price", &self.price),
            ("trust", &self.trust),
            ("deprecated", &self.deprecated),
            ("sort", &self.sort),
            ("page", &self.page),
            ("per_page", &self.per_page),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        match query.finish() {
            text if text.is_empty() => text,
            text => format!("?{text}"),
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// Its number, from 1.
    pub page: u32,
    /// Items per page.
    pub per_page: u32,
}

impl<T> Page<T> {
    /// How many pages there are, at least one.
    pub fn n_pages(&self) -> u32 {
        let pages = self.total.div_ceil(u64::from(self.per_page.max(1))).max(1);
        u32::try_from(pages).unwrap_or(u32::MAX)
    }
}

/// A model, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModelSummary {
    /// Its number, from 1.
    pub id: u64,
    /// The package's name.
    pub name: String,
    /// What kind of model it is, such as `mlp_classifier`.
    pub kind: String,
    /// The first part of the kind: `mlp`, `linear`, `tree`, `mixed`, `function`, or anything else.
    pub family: String,
    /// The last part of the kind: `classifier` or `regressor`, or nothing.
    pub task: String,
    /// SPDX identifier of its licence; may be empty.
    pub licence: String,
    /// Who sets its terms and gets what it earns.
    pub owner: String,
    /// Price of a row.
    #[schema(value_type = String)]
    pub price: Amount,
    /// Smallest bond of a claim about it.
    #[schema(value_type = String)]
    pub bond: Amount,
    /// Whether all versions are deprecated.
    pub deprecated: bool,
    /// How many versions there are; the newest has this number.
    pub n_versions: u32,
    /// What is known about its outputs, by level of trust.
    pub activity: Activity,
    /// Everything that callers have paid.
    #[schema(value_type = String)]
    pub revenue: Amount,
    /// When it was registered.
    pub registered_at: u64,
    /// When something last happened to it.
    pub active_at: u64,
    /// Share of rows that decide as the float model, as the newest version's report says.
    pub agreement: Option<f64>,
    /// The first words of the newest version's card, in its publisher's words.
    pub about: Option<String>,
}

/// How much evidence there is, by level of trust; levels are never added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Activity {
    /// Executed: rows that were paid for and computed on chain.
    pub calls: u64,
    /// Executed: claims that were computed on chain because of a challenge.
    pub settled_claims: u64,
    /// Proved: valid proofs that this server checked, of versions whose contract agrees with them.
    pub proofs_checked: u64,
    /// Claimed: other claims in any state.
    pub claims: u64,
    /// Claimed: recorded proofs, whether or not they were checked.
    pub proofs_recorded: u64,
}

impl Activity {
    /// Evidence of a level.
    pub fn of(&self, trust: Trust) -> u64 {
        match trust {
            Trust::Executed => self.calls + self.settled_claims,
            Trust::Proved => self.proofs_checked,
            Trust::Claimed => self.claims + self.proofs_recorded,
        }
    }
}

/// A value that a filter can take, and how many models have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facet {
    /// The value.
    pub value: String,
    /// How many models have it.
    pub count: u64,
}

/// The values that filters can take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Facets {
    /// Families of models, most frequent first, at most 20.
    pub families: Vec<Facet>,
    /// Tasks.
    pub tasks: Vec<Facet>,
    /// Licences.
    pub licences: Vec<Facet>,
}
