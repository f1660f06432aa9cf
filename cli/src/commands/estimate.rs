//! `nilo estimate`: what a package costs, and whether it fits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_air::cairo::Security;
use nilometer_cairo::RunOptions;
use nilometer_transpiler::cost::{self, Steps};
use serde::Serialize;

use crate::input::{Columns, ReadArgs, RowSelection, Source};
use crate::output::{Message, Output};
use crate::rows::run_rows;
use crate::table::{fields, table};
use nilometer_package::folder::ContractSize;
use nilometer_package::gas;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::model_proof::prove::ModelPlan;
use nilometer_package::numbers::{bytes, counts, duration, percent, thousands};
use nilometer_package::proving::Plan;
use nilometer_package::report;
use nilometer_package::vm::{self, RowRun};
use nilometer_package::Package;

/// Arguments of `nilo estimate`.
#[derive(Debug, Args)]
pub struct EstimateArgs {
    /// The package
    pub package: PathBuf,
    /// Rows to measure on (.npy, .json, .csv) [default: the package's example]
    #[arg(long, value_name = "FILE[:ROW]")]
    pub data: Option<Source>,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Estimate {
    model_hash: String,
    program_hash: String,
    /// Rows that were run.
    rows: usize,
    /// Steps of the most expensive row.
    steps: usize,
    min_steps: usize,
    mean_steps: f64,
    trace_rows: u64,
    builtins: BTreeMap<&'static str, usize>,
    /// The cost model's steps by purpose.
    estimated_steps: Steps,
    program_felts: usize,
    /// L2 gas of the model alone.
    l2_gas: u64,
    gas_source: &'static str,
    /// L2 gas of a transaction that calls the model's contract, and of one that pays for it through the registry.
    call_gas_l2: u64,
    paid_call_gas_l2: u64,
    /// L2 gas of declaring the contract, once; none without a contract.
    declare_gas_l2: Option<u64>,
    contract: ContractSize,
    transaction: Transaction,
    /// What a proof of the most expensive row takes, at the default security.
    /// A proof of the program's run.
    proving: Proving,
    /// A proof of the model; none if it is too long for one.
    model_proof: Option<ModelProving>,
}

/// What a proof takes.
#[derive(Serialize)]
struct Proving {
    rows: usize,
    peak_bytes: u64,
    /// On two cores with AVX-512.
    estimated_ms: f64,
    security: String,
}

/// A proof of the model's answer to one row.
#[derive(Serialize)]
struct ModelProving {
    key: Digest,
    /// Rows of the trace.
    rows: usize,
    peak_bytes: u64,
    /// On two cores with AVX-512.
    estimated_ms: f64,
    security: String,
}

/// A call of the contract beside the limits of a transaction.
#[derive(Serialize)]
struct Transaction {
    l2_gas: u64,
    max_l2_gas: u64,
    calldata_felts: usize,
    max_calldata_felts: usize,
    fits: bool,
}

/// Estimates.
///
/// # Errors
/// The package is damaged, or a row is refused.
pub fn run(args: &EstimateArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let (graph, program) = package.model_and_program()?;
    let rows = match &args.data {
        Some(source) => {
            let reader = args.read.reader(output);
            source.rows(&Columns::of(&graph.input), &RowSelection::default(), &reader)?
        }
        None => vec![(0, package.example()?)],
    };
    let options = RunOptions { max_steps: Some(vm::MAX_STEPS), trace: false };
    let runs = run_rows(&program, &graph, &rows, &options)?;
    let steps = || runs.iter().map(|run| run.steps);
    let worst = runs.iter().max_by_key(|run| run.steps);
    let most = steps().max().unwrap_or(0) as u64;
    let plans = runs.iter().map(|run| Plan::of(run, Security::DEFAULT));
    let plan = plans.collect::<Result<Vec<_>, _>>()?.into_iter().max_by_key(|plan| plan.rows);
    let plan = plan.context("there is no row to run")?;
    let shapes = package.manifest.shapes();
    let gas = |run: &RowRun| gas::contract_l2_gas(&graph, shapes, most, &run.builtins);
    let l2_gas = worst.map_or(0, gas);
    let contract = package.manifest.contract.clone();
    // The span's length comes first.
    let calldata_felts = graph.input_len() + 1;
    let n_values = graph.input_len() + graph.output_len();
    let call_gas_l2 = gas::call_l2_gas(l2_gas, n_values);
    let paid_call_gas_l2 = gas::paid_l2_gas(l2_gas, n_values);
    output.result(&Estimate {
        model_hash: package.manifest.model_hash.clone(),
        program_hash: package.manifest.program_hash.clone(),
        rows: runs.len(),
        steps: most as usize,
        min_steps: steps().min().unwrap_or(0),
        mean_steps: steps().sum::<usize>() as f64 / runs.len().max(1) as f64,
        trace_rows: plan.rows as u64,
        builtins: worst.map(RowRun::builtin_counts).unwrap_or_default(),
        estimated_steps: cost::estimate(&graph, shapes.program),
        program_felts: program.code_len(),
        l2_gas,
        gas_source: gas::SOURCE,
        call_gas_l2,
        paid_call_gas_l2,
        declare_gas_l2: gas::declare_l2_gas(&contract),
        transaction: Transaction {
            l2_gas: paid_call_gas_l2,
            max_l2_gas: gas::MAX_TRANSACTION,
            calldata_felts,
            max_calldata_felts: gas::MAX_CALLDATA,
            fits: contract.within_limits
                && paid_call_gas_l2 <= gas::MAX_TRANSACTION
                && calldata_felts <= gas::MAX_CALLDATA,
        },
        contract,
        proving: Proving {
            rows: plan.rows,
            peak_bytes: plan.peak_bytes,
            estimated_ms: plan.estimated_ms(),
            security: Security::DEFAULT.to_string(),
        },
        model_proof: package.keys()?.map(|keys| {
            let plan = ModelPlan::single(&keys);
            ModelProving {
                key: keys.model_key(),
                rows: plan.trace_rows,
                peak_bytes: plan.peak_bytes,
                estimated_ms: plan.estimated_ms(),
                security: Security::DEFAULT.to_string(),
            }
        }),
    })?;
    Ok(0)
}

impl Message for Estimate {
    fn text(&self) -> String {
        let spread = match self.rows {
            1 => "on one row".to_owned(),
            rows => format!(
                "at most on {} rows ({} at least, {} on average)",
                thousands(rows),
                thousands(self.min_steps),
                thousands(self.mean_steps.round() as u64)
            ),
        };
        let transaction = &self.transaction;
        let fits = if transaction.fits { "fits" } else { "does not fit" };
        let mut text = fields([
            ("steps", format!("{} {spread}", thousands(self.steps))),
            ("builtins", counts(&self.builtins)),
            ("program", format!("{} felts of code", thousands(self.program_felts))),
            ("L2 gas", format!("{} estimated: {}", thousands(self.l2_gas), self.gas_source)),
            (
                "call",
                format!(
                    "{} L2 gas in a transaction, {} paid through a registry (estimated)",
                    thousands(self.call_gas_l2),
                    thousands(self.paid_call_gas_l2)
                ),
            ),
            ("contract", self.contract.to_string()),
            (
                "declare",
                match self.declare_gas_l2 {
                    Some(gas) => format!(
                        "{} L2 gas, once (estimated; a block takes {})",
                        thousands(gas),
                        thousands(gas::MAX_BLOCK)
                    ),
                    None => "-".to_owned(),
                },
            ),
            (
                "transaction",
                format!(
                    "{fits}: {} of {} L2 gas, {} of {} felts of calldata",
                    thousands(transaction.l2_gas),
                    thousands(transaction.max_l2_gas),
                    thousands(transaction.calldata_felts),
                    thousands(transaction.max_calldata_felts)
                ),
            ),
            (
                "proof of the model",
                match &self.model_proof {
                    Some(proof) => format!(
                        "{} rows, up to {} of memory, about {} on two cores with AVX-512 ({})",
                        thousands(proof.rows),
                        bytes(proof.peak_bytes as usize),
                        duration(Duration::from_secs_f64(proof.estimated_ms / 1e3)),
                        proof.security
                    ),
                    None => "the package has no key".to_owned(),
                },
            ),
            (
                "of its program",
                format!(
                    "{} rows, up to {} of memory, about {} on two cores with AVX-512 ({})",
                    thousands(self.proving.rows),
                    bytes(self.proving.peak_bytes as usize),
                    duration(Duration::from_secs_f64(self.proving.estimated_ms / 1e3)),
                    self.proving.security
                ),
            ),
        ]);
        let total = self.estimated_steps.total();
        let row = |(name, steps): (&str, u64)| {
            vec![name.to_owned(), thousands(steps), percent(steps as f64 / total.max(1) as f64)]
        };
        text += &format!("\nWhere steps go, by the cost model ({} in all):\n", thousands(total));
        let purposes = report::purposes(&self.estimated_steps);
        text += &table(&["purpose", ">steps", ">share"], purposes.into_iter().map(row));
        text
    }
}
