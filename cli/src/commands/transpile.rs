//! `nilo transpile`: a model becomes a Cairo package.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use console::style;
use nilometer_transpiler::emit::Shape;
use nilometer_transpiler::plan::{RangeSource, Warning};
use serde::Serialize;

use crate::output::{Message, Output};
use crate::progress::Stages;
use crate::settings::SettingsArgs;
use crate::table::{fields, table};
use nilometer_package::folder::{ContractSize, Manifest};
use nilometer_package::gas;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::numbers::{or_dash, percent, short, thousands};
use nilometer_package::pipeline::{self, StageDone};
use nilometer_package::report::trials::{self, TrialRow};
use nilometer_package::report::Report;
use nilometer_package::Error;

/// Arguments of `nilo transpile`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo transpile network.onnx -o package --calibration rows.npy
  nilo transpile network.onnx -o package --calibration rows.npy --max-loss 0.1% --input-range 0,1
  nilo transpile forest.onnx -o package --labels-only")]
pub struct TranspileArgs {
    /// The ONNX file
    pub model: PathBuf,
    /// The folder to write; an older package there is replaced
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Transpiled {
    package: String,
    name: String,
    kind: String,
    model_hash: String,
    program_hash: String,
    /// The key that proofs of the model are checked with.
    key: Option<Digest>,
    /// Bits of the input, and of each dense layer's weights and inputs.
    bits: Bits,
    /// Sums per felt in each dense layer.
    lanes: Vec<usize>,
    shape: Shape,
    contract_shape: Shape,
    range_source: RangeSource,
    rows: usize,
    /// Rows that the integer model refuses; agreement is counted on the others.
    refused: usize,
    agreement: Option<f64>,
    /// Why the calibration rows may not show how accurate the model is.
    warnings: Vec<Warning>,
    max_abs_error: f64,
    max_abs_error_bound: Option<f64>,
    steps: u64,
    trace_rows: u64,
    l2_gas: u64,
    contract: ContractSize,
    trials: Vec<TrialRow>,
    stages: Vec<StageDone>,
    #[serde(skip)]
    calibrated: bool,
}

#[derive(Serialize)]
struct Bits {
    weights: Vec<u32>,
    activations: Vec<u32>,
    accumulators: Vec<u32>,
}

/// Transpiles.
///
/// # Errors
/// The model is malformed, unsupported or not accurate enough, or something cannot be read or written.
pub fn run(args: &TranspileArgs, output: &Output) -> Result<u8> {
    let job = args.settings.job(&args.model, output)?;
    let transpiled = pipeline::transpile(&job, &args.output, &Stages::new(|_| ()));
    let transpiled = transpiled.map_err(|error| match &error {
        Error::Import(_) | Error::Plan(_) => {
            anyhow::Error::new(error).context(args.model.display().to_string())
        }
        _ => error.into(),
    })?;
    let pipeline::Transpiled { manifest, report, stages } = transpiled;
    if report.input.range_source == RangeSource::Default {
        output.warn(
            "no `--calibration` rows: precision was chosen on synthetic rows, for standardised features from -10 to 10",
        );
    }
    for warning in &report.warnings {
        output.warn(&warning.to_string());
    }
    for warning in idle_options(&args.settings, &report) {
        output.warn(&warning);
    }
    output.result(&Transpiled::new(&args.output, manifest, report, stages))?;
    Ok(0)
}

/// The options that were given and made no difference.
fn idle_options(settings: &SettingsArgs, report: &Report) -> Vec<String> {
    let exact = report.input.range_source == RangeSource::Everything;
    let every =
        "every value of the input's type is accepted and compared exactly (`--features exact`)";
    let mut idle = Vec::new();
    let mut say =
        |option: &str, why: &str| idle.push(format!("`{option}` does nothing here: {why}"));
    if settings.input_range.is_some() && exact {
        say("--input-range", every);
    }
    if settings.margin.is_some() {
        if exact {
            say("--margin", every);
        } else if settings.input_range.is_some() {
            say("--margin", "`--input-range` declares the range");
        } else if settings.calibration.is_none() {
            say("--margin", "there are no `--calibration` rows whose range it could widen");
        }
    }
    if settings.bits.is_some() && exact {
        say(
            "--bits",
            "the model has no weights or activations to round, only comparisons and sums",
        );
    }
    idle
}

impl Transpiled {
    fn new(folder: &Path, manifest: Manifest, report: Report, stages: Vec<StageDone>) -> Self {
        let layers = &report.layers;
        Self {
            package: folder.display().to_string(),
            name: manifest.name,
            kind: manifest.kind,
            model_hash: manifest.model_hash,
            program_hash: manifest.program_hash,
            key: manifest.key,
            bits: Bits {
                weights: layers.iter().map(|layer| layer.weight_bits).collect(),
                activations: layers.iter().map(|layer| layer.activation_bits).collect(),
                accumulators: layers.iter().map(|layer| layer.accumulator_bits).collect(),
            },
            lanes: layers.iter().map(|layer| layer.lanes).collect(),
            shape: manifest.shape,
            contract_shape: manifest.contract_shape,
            range_source: report.input.range_source,
            rows: report.accuracy.rows,
            refused: report.accuracy.refused,
            agreement: report.accuracy.agreement,
            warnings: report.warnings,
            max_abs_error: report.accuracy.max_abs_error,
            max_abs_error_bound: report.max_abs_error_bound,
            steps: report.cost.steps,
            trace_rows: report.cost.trace_rows,
            l2_gas: report.cost.l2_gas,
            contract: manifest.contract,
            calibrated: report.accuracy.source == "calibration",
            trials: report.trials,
            stages,
        }
    }
}

impl Message for Transpiled {
    fn text(&self) -> String {
        let time: std::time::Duration = self.stages.iter().map(|stage| stage.time).sum();
        let rows = if self.calibrated { "calibration rows" } else { "synthetic rows" };
        let agreement = match self.agreement {
            Some(agreement) => {
                format!(
                    "{} of {} {rows} decide as the float model",
                    percent(agreement),
                    thousands(self.rows - self.refused)
                )
            }
            None => format!(
                "largest error {} on {} {rows}",
                short(self.max_abs_error),
                thousands(self.rows - self.refused)
            ),
        };
        let refused = (self.refused > 0).then(|| {
            let (refused, all) = (thousands(self.refused), thousands(self.rows));
            ("refused", format!("{refused} of {all} {rows}: outside the declared range"))
        });
        let mut list = vec![
            ("model", format!("{} ({})", self.name, self.kind.replace('_', " "))),
            ("model hash", self.model_hash.clone()),
            ("program hash", self.program_hash.clone()),
            (
                "key",
                self.key.map_or_else(
                    || "none: the model is too long for a proof of its own".to_owned(),
                    |key| key.to_string(),
                ),
            ),
            ("agreement", agreement),
            (
                "error bound",
                match self.max_abs_error_bound {
                    Some(0.0) => "0: exact on every accepted row".to_owned(),
                    Some(bound) => format!("{} on every accepted row, proved", short(bound)),
                    None => or_dash(None),
                },
            ),
            (
                "steps",
                format!("{} ({} code)", thousands(self.steps), pipeline::shape_name(self.shape)),
            ),
            (
                "L2 gas",
                format!(
                    "{} estimated, of {} a transaction may take",
                    thousands(self.l2_gas),
                    thousands(gas::MAX_TRANSACTION)
                ),
            ),
            (
                "contract",
                format!(
                    "{}{}",
                    self.contract,
                    if self.contract_shape == self.shape { "" } else { " (looped code)" }
                ),
            ),
        ];
        if let Some(refused) = refused {
            list.insert(3, refused);
        }
        if !self.bits.weights.is_empty() {
            let bits: Vec<_> = self.bits.weights.iter().map(ToString::to_string).collect();
            let lanes: Vec<_> = self.lanes.iter().map(ToString::to_string).collect();
            let before_steps = list.iter().position(|(name, _)| *name == "steps").unwrap_or(0);
            list.insert(
                before_steps,
                (
                    "weight bits",
                    format!("{} (lanes per felt: {})", bits.join(" "), lanes.join(" ")),
                ),
            );
        }
        let mut text = fields(list);
        if self.trials.len() > 1 {
            text += "\nBits that were tried, and what came of them; the last were chosen:\n";
            text += &table(&trials::HEADER, self.trials.iter().map(trials::cells));
        }
        text += &format!(
            "\n{} {} in {}; the report is {}\n",
            style("made").green().bold(),
            self.package,
            nilometer_package::numbers::duration(time),
            Path::new(&self.package).join("report.md").display(),
        );
        text
    }
}
