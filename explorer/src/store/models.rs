//! Models and versions.

use rusqlite::types::Value;
use rusqlite::{params, params_from_iter, Connection, OptionalExtension, Row};

use super::{amount, Reader, Result};
use crate::view::{
    Activity, Facet, Facets, ListQuery, ModelDetail, ModelSummary, Page, Price, ShareView, Sort,
    Trust, VersionView,
};

/// Versions that a model's page shows.
const MAX_VERSIONS: u32 = 1_000;
const MAX_FACETS: u32 = 20;

const SUMMARY: &str = "m.id, m.name, m.kind, m.family, m.task, m.licence, m.owner, m.price, m.bond,
    m.deprecated, m.n_versions, m.n_calls, m.n_settled, m.n_claims, m.n_proofs, m.revenue,
    m.registered_at, m.active_at,
    (SELECT COUNT(DISTINCT c.version || ' ' || c.input_hash || ' ' || c.output_hash)
     FROM checks c JOIN versions v ON v.model_id = c.model_id
     AND v.version = c.version AND v.program_hash = c.program_hash
     WHERE c.model_id = m.id AND c.tied = 1),
    (SELECT agreement FROM summaries s WHERE s.metadata_hash = m.metadata_hash),
    (SELECT summary FROM summaries s WHERE s.metadata_hash = m.metadata_hash)";

const VERSION: &str =
    "v.model_id, v.version, v.contract, v.class_hash, v.model_hash, v.program_hash,
    v.schema_hash, v.metadata_uri, v.metadata_hash, v.published_at, v.block, v.tx,
    MAX(v.deprecated, COALESCE(m.deprecated, 0)), v.n_calls";

fn summary(row: &Row<'_>) -> rusqlite::Result<ModelSummary> {
    let (settled, claims): (u64, u64) = (row.get(12)?, row.get(13)?);
    Ok(ModelSummary {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        family: row.get(3)?,
        task: row.get(4)?,
        licence: row.get(5)?,
        owner: row.get(6)?,
        price: amount(row, 7)?,
        bond: amount(row, 8)?,
        deprecated: row.get(9)?,
        n_versions: row.get(10)?,
        activity: Activity {
            calls: row.get(11)?,
            settled_claims: settled,
            proofs_checked: row.get(18)?,
            claims: claims.saturating_sub(settled),
            proofs_recorded: row.get(14)?,
        },
        revenue: amount(row, 15)?,
        registered_at: row.get(16)?,
        active_at: row.get(17)?,
        agreement: row.get(19)?,
        about: row.get(20)?,
    })
}

fn version(row: &Row<'_>) -> rusqlite::Result<VersionView> {
    Ok(VersionView {
        model_id: row.get(0)?,
        version: row.get(1)?,
        contract: row.get(2)?,
        class_hash: row.get(3)?,
        model_hash: row.get(4)?,
        program_hash: row.get(5)?,
        schema_hash: row.get(6)?,
        metadata_uri: row.get(7)?,
        metadata_hash: row.get(8)?,
        published_at: row.get(9)?,
        block: row.get(10)?,
        tx_hash: row.get(11)?,
        deprecated: row.get(12)?,
        n_calls: row.get(13)?,
    })
}

/// The part of a statement that filters, and its values.
fn filter(query: &ListQuery) -> (String, Vec<Value>) {
    let mut clauses: Vec<String> = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    // SQLite's LIKE ends a pattern at NUL, which would then match everything; the API refuses such a query.
    if query.search_problem().is_some() {
        clauses.push("FALSE".to_owned());
    }
    for word in query.q.split_whitespace().filter(|word| !word.contains('\0')) {
        let escaped = word.to_lowercase().replace('\\', "\\\\");
        let escaped = escaped.replace('%', "\\%").replace('_', "\\_");
        values.push(Value::Text(format!("%{escaped}%")));
        clauses.push(format!("m.search LIKE ?{} ESCAPE '\\'", values.len()));
    }
    let mut equal = |column: &str, text: &str| {
        let text = text.trim();
        if !text.is_empty() {
            values.push(Value::Text(text.to_owned()));
            clauses.push(format!("{column} = ?{}", values.len()));
        }
    };
    let whole = query.kind.contains('_');
    equal(if whole { "m.kind" } else { "m.family" }, &query.kind);
    equal("m.task", &query.task);
    equal("m.licence", &query.licence);
    equal("m.owner", &normal_address(&query.owner));
    let zero = super::amount_text(0);
    match query.price() {
        Some(Price::Free) => clauses.push(format!("m.price = '{zero}'")),
        Some(Price::Paid) => clauses.push(format!("m.price > '{zero}'")),
        None => {}
    }
    match query.trust() {
        Some(Trust::Executed) => clauses.push("(m.n_calls > 0 OR m.n_settled > 0)".to_owned()),
        Some(Trust::Proved) => clauses.push(
            "EXISTS (SELECT 1 FROM checks c JOIN versions v ON v.model_id = c.model_id
              AND v.version = c.version AND v.program_hash = c.program_hash
              WHERE c.model_id = m.id AND c.tied = 1)"
                .to_owned(),
        ),
        Some(Trust::Claimed) => {
            clauses.push("(m.n_claims > m.n_settled OR m.n_proofs > 0)".to_owned());
        }
        None => {}
    }
    if !query.deprecated() {
        clauses.push("m.deprecated = 0".to_owned());
    }
    let text = match clauses.as_slice() {
        [] => String::new(),
        clauses => format!("WHERE {}", clauses.join(" AND ")),
    };
    (text, values)
}

/// Addresses are written with and without leading zeros.
fn normal_address(text: &str) -> String {
    match nilometer_starknet::Felt::from_hex(text.trim()) {
        Ok(felt) if text.trim().starts_with("0x") => super::hex(&felt),
        _ => text.trim().to_owned(),
    }
}

fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Newest => "m.id DESC",
        Sort::Oldest => "m.id",
        Sort::Name => "m.name COLLATE NOCASE, m.id",
        Sort::Calls => "m.n_calls DESC, m.id DESC",
        Sort::Revenue => "m.revenue DESC, m.id DESC",
        Sort::Price => "m.price, m.id DESC",
        Sort::Active => "m.active_at DESC, m.id DESC",
    }
}

impl Reader {
    /// A page of the list of models.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn models(&self, query: &ListQuery) -> Result<Page<ModelSummary>> {
        let (filter, values) = filter(query);
        let (page, per_page) = (query.page(), query.per_page());
        self.read(|connection| {
            let sql = format!("SELECT COUNT(*) FROM models m {filter}");
            let mut statement = connection.prepare_cached(&sql)?;
            let total = statement.query_row(params_from_iter(&values), |row| row.get(0))?;
            let sql = format!(
                "SELECT {SUMMARY} FROM models m {filter} ORDER BY {} LIMIT {per_page} OFFSET {}",
                order(query.sort()),
                u64::from(page - 1) * u64::from(per_page)
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&values), summary)?;
            let items = rows.collect::<rusqlite::Result<_>>()?;
            Ok(Page { items, total, page, per_page })
        })
    }

    /// The values that filters can take.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn facets(&self) -> Result<Facets> {
        self.read(|connection| {
            Ok(Facets {
                families: facet(connection, "family")?,
                tasks: facet(connection, "task")?,
                licences: facet(connection, "licence")?,
            })
        })
    }

    /// A model.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn model(&self, id: u64) -> Result<Option<ModelDetail>> {
        let Ok(id) = i64::try_from(id) else { return Ok(None) };
        self.read(|connection| {
            let sql = format!(
                "SELECT {SUMMARY}, m.offered_to, m.shares, m.tx FROM models m WHERE m.id = ?1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row([id], |row| {
                let (offered_to, shares): (Option<String>, String) = (row.get(21)?, row.get(22)?);
                Ok((summary(row)?, offered_to, shares, row.get(23)?))
            });
            let Some((summary, offered_to, shares, tx_hash)) = found.optional()? else {
                return Ok(None);
            };
            let shares: Vec<(String, u16)> = serde_json::from_str(&shares).unwrap_or_default();
            let shares = shares
                .into_iter()
                .map(|(holder, basis_points)| ShareView { holder, basis_points })
                .collect();
            let sql = format!(
                "SELECT {VERSION} FROM versions v LEFT JOIN models m ON m.id = v.model_id
                 WHERE v.model_id = ?1 ORDER BY v.version DESC LIMIT {MAX_VERSIONS}"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([id], version)?;
            let versions = rows.collect::<rusqlite::Result<_>>()?;
            Ok(Some(ModelDetail { summary, offered_to, shares, versions, tx_hash }))
        })
    }

    /// A version of a model.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn version(&self, model_id: u64, number: u32) -> Result<Option<VersionView>> {
        let Ok(model_id) = i64::try_from(model_id) else { return Ok(None) };
        self.read(|connection| {
            let sql = format!(
                "SELECT {VERSION} FROM versions v LEFT JOIN models m ON m.id = v.model_id
                 WHERE v.model_id = ?1 AND v.version = ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_row(params![model_id, number], version).optional()?)
        })
    }
}

fn facet(connection: &Connection, column: &str) -> Result<Vec<Facet>> {
    let sql = format!(
        "SELECT {column}, COUNT(*) FROM models WHERE deprecated = 0 AND {column} <> ''
         GROUP BY {column} ORDER BY COUNT(*) DESC, {column} LIMIT {MAX_FACETS}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows =
        statement.query_map([], |row| Ok(Facet { value: row.get(0)?, count: row.get(1)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
