//! The list of models.

use askama::Template;

use super::parts::{self, Html};
use super::shell::{pager, Shell};
use super::{icons, Rendered};
use crate::view::{Facet, Facets, ListQuery, ModelSummary, Page, Status, Trust};

/// A choice of a filter.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

struct Select {
    name: &'static str,
    label: &'static str,
    options: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "models.html")]
struct Models<'a> {
    shell: Shell<'a>,
    query: &'a ListQuery,
    page: &'a Page<ModelSummary>,
    selects: Vec<Select>,
    pager: Html,
}

/// The list of models with its filters.
///
/// # Errors
/// The template fails.
pub fn models(
    status: &Status,
    query: &ListQuery,
    page: &Page<ModelSummary>,
    facets: &Facets,
) -> Rendered {
    let pager = pager(page.page, page.n_pages(), |number| format!("/{}", query.with_page(number)))?;
    let shell = Shell::new(status, "models");
    Models { shell, query, page, selects: selects(query, facets), pager }.render()
}

fn selects(query: &ListQuery, facets: &Facets) -> Vec<Select> {
    let select = |name, label, chosen: &str, options: Vec<(String, String)>| Select {
        name,
        label,
        options: options
            .into_iter()
            .map(|(value, label)| Choice { chosen: value == chosen, value, label })
            .collect(),
    };
    let words = |list: &[(&str, &str)]| {
        list.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect()
    };
    let of_facets = |facets: &[Facet], chosen: &str| {
        let mut options = vec![(String::new(), "any".to_owned())];
        let option = |facet: &Facet| {
            let label = format!("{} ({})", parts::plain(&facet.value), parts::count(facet.count));
            (facet.value.clone(), label)
        };
        options.extend(facets.iter().filter(|facet| !facet.value.is_empty()).map(option));
        // The chosen value stays selectable, though no model has it.
        if !chosen.is_empty() && !options.iter().any(|(value, _)| value == chosen) {
            options.push((chosen.to_owned(), parts::plain(chosen)));
        }
        options
    };
    let mut trusts = vec![(String::new(), "any".to_owned())];
    trusts.extend(Trust::ALL.map(|trust| (trust.slug().to_owned(), trust.word().to_owned())));
    vec![
        select("kind", "Kind", &query.kind, of_facets(&facets.families, &query.kind)),
        select("task", "Task", &query.task, of_facets(&facets.tasks, &query.task)),
        select("licence", "Licence", &query.licence, of_facets(&facets.licences, &query.licence)),
        select(
            "price",
            "Price",
            &query.price,
            words(&[("", "any"), ("free", "free"), ("paid", "paid")]),
        ),
        select("trust", "Evidence", &query.trust, trusts),
        select(
            "sort",
            "Sort by",
            &query.sort,
            words(&[
                ("", "newest"),
                ("active", "last used"),
                ("calls", "most called"),
                ("revenue", "most earned"),
                ("price", "cheapest"),
                ("name", "name"),
                ("oldest", "oldest"),
            ]),
        ),
    ]
}
