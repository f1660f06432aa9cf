//! A model's page: one tab at a time.

use askama::Template;
use nilometer_transpiler::quant::QuantGraph;

use super::models::Choice;
use super::parts::{self, Html};
use super::report::{self, Fact};
use super::shell::{pager, Shell};
use super::snippets::{self, Place, Snippet};
use super::{evidence, icons, Described, Rendered};
use crate::described;
use crate::draw::network::{self, Layer};
use crate::draw::series::{self, Column};
use crate::draw::tree::Forest;
use crate::view::{
    Amount, CallView, ClaimView, ContractView, DescriptionState, DescriptionView, ModelDetail,
    Page, SchemaView, ShareView, Status, Usage, UsagePoint, VersionView,
};

/// What all tabs of a model share.
#[derive(Clone, Copy, Debug)]
pub struct ModelPage<'a> {
    /// The state of the service.
    pub status: &'a Status,
    /// The model.
    pub model: &'a ModelDetail,
}

/// A model and the tab that is shown.
pub(super) struct Head<'a> {
    pub(super) model: &'a ModelDetail,
    tab: &'static str,
}

pub(super) struct Tab {
    pub(super) href: String,
    pub(super) label: &'static str,
    pub(super) count: Option<u64>,
    pub(super) current: bool,
}

impl<'a> ModelPage<'a> {
    pub(super) fn head(&self, tab: &'static str) -> Head<'a> {
        Head { model: self.model, tab }
    }

    pub(super) fn shell(&self) -> Shell<'a> {
        Shell::new(self.status, "models")
    }
}

impl Head<'_> {
    pub(super) fn tabs(&self) -> Vec<Tab> {
        let summary = &self.model.summary;
        let activity = &summary.activity;
        let claims = activity.claims + activity.settled_claims;
        let tabs = [
            ("", "Card", None),
            ("versions", "Versions", Some(u64::from(summary.n_versions))),
            ("try", "Try it", None),
            ("proofs", "Proofs", Some(activity.proofs_recorded)),
            ("disputes", "Disputes", Some(claims)),
            ("usage", "Usage", Some(activity.calls)),
            ("contract", "Contract", None),
            ("use", "Use it", None),
        ];
        let tab = |(path, label, count): (&str, _, Option<u64>)| {
            let slash = if path.is_empty() { "" } else { "/" };
            Tab {
                href: format!("/models/{}{slash}{path}", summary.id),
                label,
                count: count.filter(|count| *count > 0),
                current: path == self.tab,
            }
        };
        tabs.into_iter().map(tab).collect()
    }

    /// The smallest bond of a claim: the model's or the registry's, whichever is larger.
    pub(super) fn bond(&self, status: &Status) -> Amount {
        let least = status.settings.as_ref().map_or(Amount(0), |settings| settings.min_bond);
        self.model.summary.bond.max(least)
    }

    pub(super) fn share(&self, share: &ShareView) -> String {
        parts::percent(f64::from(share.basis_points) / 10_000.0)
    }
}

/// A drawing of the model.
struct Drawing {
    svg: Html,
    caption: String,
    trees: usize,
    choices: Vec<Choice>,
    layers: Vec<Layer>,
}

/// The most trees that can be chosen from.
const MAX_CHOICES: usize = 1_000;

fn drawing(graph: &QuantGraph, tree: usize) -> Drawing {
    let layers: Vec<_> = network::layers(graph).into_iter().take(200).collect();
    let Some(forest) = Forest::of(graph) else {
        let parameters = parts::count(network::parameter_count(graph));
        return Drawing {
            svg: Html::trusted(network::draw(graph, "model")),
            caption: format!(
                "{parameters} parameters. Widths grow with the logarithm of the number of values."
            ),
            trees: 0,
            choices: Vec::new(),
            layers,
        };
    };
    let index = tree.clamp(1, forest.len()) - 1;
    let choice =
        |k: usize| Choice { value: k.to_string(), label: k.to_string(), chosen: k == index + 1 };
    let nodes = parts::count(forest.size(index));
    Drawing {
        svg: Html::trusted(forest.draw(index, &[], "model")),
        caption: format!(
            "{nodes} nodes. A test that holds leads left; thresholds are in natural units. Large parts are folded."
        ),
        trees: forest.len(),
        choices: (1..=forest.len().min(MAX_CHOICES)).map(choice).collect(),
        layers,
    }
}

/// Why there is no card.
struct Missing {
    title: &'static str,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "card.html")]
struct Card<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    description: &'a DescriptionView,
    drawing: Option<Drawing>,
    card: Option<Html>,
    missing: Missing,
    facts: Vec<Fact>,
    decision: Option<String>,
    quality: Option<String>,
    version: Option<&'a VersionView>,
}

/// The card tab. `tree` is the number of the tree to draw, from 1.
///
/// # Errors
/// The template fails.
pub fn card(page: ModelPage<'_>, described: &Described, tree: usize) -> Rendered {
    let description = &described.read.view;
    Card {
        shell: page.shell(),
        page: page.head(""),
        description,
        drawing: described.read.graph.as_deref().map(|graph| drawing(graph, tree)),
        card: described.card.as_deref().map(Html::trusted),
        missing: missing(description.state),
        facts: report::facts(description.report.as_ref()),
        decision: report::decision(description.report.as_ref()),
        quality: report::quality(description.report.as_ref()),
        version: page.model.newest(),
    }
    .render()
}

fn missing(state: DescriptionState) -> Missing {
    match state {
        DescriptionState::Pending => Missing {
            title: "The description is being fetched.",
            text: "Load this page again in a moment.",
        },
        DescriptionState::Refused => Missing {
            title: "The description was refused.",
            text: "What was found is not what the publisher registered, or is not a description. Only a file with the \
                   registered SHA-256 is shown.",
        },
        _ => Missing {
            title: "There is no description.",
            text: "The registry has only its hash. Everything that comes from the chain still works: the contract's \
                   schema, trying it, calls and claims. With the package at hand, start the explorer with --packages.",
        },
    }
}

#[derive(Template)]
#[template(path = "versions.html")]
struct Versions<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
}

/// The tab of versions.
///
/// # Errors
/// The template fails.
pub fn versions(page: ModelPage<'_>) -> Rendered {
    Versions { shell: page.shell(), page: page.head("versions") }.render()
}

#[derive(Template)]
#[template(path = "version.html")]
struct Version<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    version: &'a VersionView,
    description: &'a DescriptionView,
    facts: Vec<Fact>,
    layers: Vec<Layer>,
}

/// One version.
///
/// # Errors
/// The template fails.
pub fn version(
    page: ModelPage<'_>,
    version: &VersionView,
    described: &described::Described,
) -> Rendered {
    let (description, graph) = (&described.view, described.graph.as_deref());
    let layers = graph.map(network::layers).unwrap_or_default().into_iter().take(100).collect();
    let facts = report::facts(description.report.as_ref());
    let (shell, page) = (page.shell(), page.head("versions"));
    Version { shell, page, version, description, facts, layers }.render()
}

#[derive(Template)]
#[template(path = "disputes.html")]
struct Disputes<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    is_empty: bool,
    table: Html,
    pager: Html,
}

/// The tab of claims and disputes.
///
/// # Errors
/// The template fails.
pub fn disputes(page: ModelPage<'_>, claims: &Page<ClaimView>) -> Rendered {
    let id = page.model.summary.id;
    Disputes {
        shell: page.shell(),
        page: page.head("disputes"),
        is_empty: claims.items.is_empty(),
        table: evidence::table(claims, "Claims about this model, the newest first", false)?,
        pager: pager(claims.page, claims.n_pages(), |n| format!("/models/{id}/disputes?page={n}"))?,
    }
    .render()
}

struct Chart {
    title: &'static str,
    svg: Html,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct UsageTab<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    usage: &'a Usage,
    charts: Vec<Chart>,
    columns: Vec<UsageColumn>,
    calls: &'a Page<CallView>,
    pager: Html,
}

struct UsageColumn {
    when: String,
    calls: u64,
    revenue: Amount,
    gas_l2: u64,
}

/// The most columns of a chart that a reader can distinguish.
const MAX_COLUMNS: usize = 36;

/// Points of use, neighbours together where there are too many.
fn columns(usage: &Usage) -> Vec<UsageColumn> {
    let together = usage.points.len().div_ceil(MAX_COLUMNS).max(1);
    let bucket = usage.bucket_seconds.saturating_mul(together as u64);
    let column = |points: &[UsagePoint]| UsageColumn {
        when: parts::column_time(points.first().map_or(0, |point| point.start), bucket),
        calls: points.iter().fold(0, |sum, point| point.calls.saturating_add(sum)),
        revenue: Amount(points.iter().fold(0, |sum, point| point.revenue.0.saturating_add(sum))),
        gas_l2: points.iter().fold(0, |sum, point| point.gas_l2.saturating_add(sum)),
    };
    usage.points.chunks(together).map(column).collect()
}

/// The tab of use over time.
///
/// # Errors
/// The template fails.
pub fn usage(page: ModelPage<'_>, usage: &Usage, calls: &Page<CallView>) -> Rendered {
    let id = page.model.summary.id;
    let columns = columns(usage);
    let chart =
        |id, title, value: &dyn Fn(&UsageColumn) -> (f64, String), axis: fn(f64) -> String| {
            let columns: Vec<_> = columns
                .iter()
                .map(|column| {
                    let (value, text) = value(column);
                    Column { when: column.when.clone(), value, text }
                })
                .collect();
            Chart { title, svg: Html::trusted(series::draw(id, title, &columns, axis)) }
        };
    let charts = vec![
        chart("calls", "Calls", &|c| (c.calls as f64, parts::plural(c.calls, "call")), parts::axis),
        chart(
            "revenue",
            "Revenue in STRK",
            &|c| (c.revenue.tokens(), c.revenue.to_string()),
            parts::axis,
        ),
        chart("gas", "L2 gas", &|c| (c.gas_l2 as f64, parts::count(c.gas_l2)), parts::axis),
    ];
    UsageTab {
        shell: page.shell(),
        page: page.head("usage"),
        usage,
        charts,
        columns,
        calls,
        pager: pager(calls.page, calls.n_pages(), |n| format!("/models/{id}/usage?page={n}"))?,
    }
    .render()
}

#[derive(Template)]
#[template(path = "contract.html")]
struct Contract<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    version: u32,
    contract: &'a ContractView,
    schema: Option<&'a SchemaView>,
}

/// The tab of the contract.
///
/// # Errors
/// The template fails.
pub fn contract(
    page: ModelPage<'_>,
    version: u32,
    contract: &ContractView,
    schema: Option<&SchemaView>,
) -> Rendered {
    let (shell, page) = (page.shell(), page.head("contract"));
    Contract { shell, page, version, contract, schema }.render()
}

#[derive(Template)]
#[template(path = "use.html")]
struct UseIt<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    snippets: Vec<Snippet>,
}

/// The tab of what to copy and paste.
///
/// # Errors
/// The template fails.
pub fn use_it(page: ModelPage<'_>, place: &Place<'_>) -> Rendered {
    let snippets = snippets::all(page, place);
    UseIt { shell: page.shell(), page: page.head("use"), snippets }.render()
}
