//! `nilo registry list`: the models.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::codec::short_string;
use nilometer_starknet::types::{Model, Totals};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::{hex, ChainArgs, Session};
use crate::output::{Message, Output};
use crate::table::table;
use nilometer_package::numbers::thousands;

/// Arguments of `nilo registry list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The first model's number
    #[arg(long, value_name = "ID", default_value_t = 1)]
    pub first: u64,
    /// How many models
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub count: u64,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Models {
    registry: String,
    totals: Totals,
    models: Vec<Model>,
    /// The next model's number, if there are more.
    next: Option<u64>,
}

/// Lists.
///
/// # Errors
/// There is no registry, or the node fails.
pub fn run(args: &ListArgs, output: &Output) -> Result<u8> {
    const PAGE: u64 = 50;
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let totals = session.wait(registry.totals(&session.chain))?;
    let mut models = Vec::new();
    let mut next = args.first.max(1);
    while (models.len() as u64) < args.count && next <= totals.n_models {
        let count = PAGE.min(args.count - models.len() as u64) as u32;
        let page = session.wait(registry.models(&session.chain, next, count))?;
        if page.is_empty() {
            break;
        }
        next = next.saturating_add(page.len() as u64);
        models.extend(page);
    }
    let next = (next <= totals.n_models).then_some(next);
    output.result(&Models { registry: hex(&registry.address), totals, models, next })?;
    Ok(0)
}

impl Message for Models {
    fn text(&self) -> String {
        let cells = self.models.iter().map(|model| {
            let felt = |felt| short_string(felt).unwrap_or_else(|| "-".to_owned());
            let name = match model.deprecated {
                true => format!("{} (deprecated)", model.name),
                false => model.name.clone(),
            };
            vec![
                model.id.to_string(),
                name,
                felt(&model.kind),
                felt(&model.licence),
                Amount(model.price).to_string(),
                model.n_versions.to_string(),
                thousands(model.n_calls),
                hex(&model.owner),
            ]
        });
        let header = [">id", "name", "kind", "licence", ">price", ">versions", ">calls", "owner"];
        let mut text = table(&header, cells);
        text += &format!(
            "{} models, {} calls, {} claims in {}\n",
            thousands(self.totals.n_models),
            thousands(self.totals.n_calls),
            thousands(self.totals.n_claims),
            self.registry
        );
        if let Some(next) = self.next {
            text += &format!("more with `--first {next}`\n");
        }
        text
    }
}
