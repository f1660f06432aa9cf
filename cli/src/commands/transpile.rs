//! `nilo transpile`: a model becomes a Cairo package.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use console::style;
use nilometer_transpiler::decision::Task;
use nilometer_transpiler::emit::{package_name, Shape};
use nilometer_transpiler::onnx;
use nilometer_transpiler::plan::{Calibration, PlanOptions, RangeSource, Warning};
use nilometer_transpiler::quant::FeatureMode;
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::input::{Columns, ReadArgs};
use crate::model_file;
use crate::output::{Message, Output};
use crate::progress::Stages;
use crate::table::{fields, table};
use nilometer_package::folder::{ContractSize, Manifest};
use nilometer_package::gas;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::numbers::{bytes, or_dash, percent, short, thousands};
use nilometer_package::pipeline::{self, Job, StageDone};
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

/// Everything that decides what a model compiles to, besides its file.
#[derive(Clone, Debug, Args)]
pub struct SettingsArgs {
    /// Rows like those the model will meet (.npy, .json, .csv): they set precision and input range
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Accuracy budget: share of rows that may be refused or decided differently, and for numbers
    /// the largest error as a share of their range
    #[arg(long, value_name = "SHARE", default_value = "0.5%", value_parser = share)]
    pub max_loss: f64,
    /// How features of tree models are passed
    #[arg(long, value_enum, default_value_t)]
    pub features: Features,
    /// Range that every feature is declared to stay in, such as -4,4; rows outside are refused
    #[arg(long, value_name = "LO,HI", value_parser = range, allow_hyphen_values = true)]
    pub input_range: Option<(f64, f64)>,
    /// Widen the calibrated range on each side by so many times its span
    /// [default: 1]
    #[arg(long, value_name = "TIMES", value_parser = margin)]
    pub margin: Option<f64>,
    /// Bits of weights and activations everywhere, in place of a search
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=24))]
    pub bits: Option<u32>,
    /// The decision that counts, such as probability>0.3: an output, an element of one (`scores[1]`)
    /// or a class, and what it must exceed [default: the label, or the largest score]
    #[arg(long, value_name = "NAME>VALUE")]
    pub threshold: Option<String>,
    /// What the model is for [default: what its outputs say]
    #[arg(long, value_enum, conflicts_with = "threshold")]
    pub task: Option<TaskArg>,
    /// The features' names, in order [default: the ONNX file's, or the header of a .csv calibration file]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub feature_names: Option<Vec<String>>,
    /// How program and contract are written [default: the program in few steps, the contract so that it fits]
    #[arg(long, value_enum)]
    pub shape: Option<ShapeArg>,
    /// Compute the label only, without scores: fewer steps
    #[arg(long)]
    pub labels_only: bool,
    /// The Cairo package's name [default: the file's name]
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// How features of tree models are passed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Features {
    /// As order-preserving integers of the floats: every test in every tree is the float model's (labels
    /// can differ only where the float model's own sums of votes tie or nearly tie)
    #[default]
    Exact,
    /// As fixed-point numbers in natural units, as callers on chain have them
    Fixed,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TaskArg {
    /// It chooses among classes: the largest number decides
    Classify,
    /// It predicts numbers
    Regress,
}

/// How the model is written down.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ShapeArg {
    /// Straight-line code: fewest steps, most code
    Unrolled,
    /// Constant data and loops: least code
    Looped,
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
    /// Sums a felt in each dense layer.
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
    let job = job(args, output)?;
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

/// What the arguments ask for.
///
/// # Errors
/// A file cannot be read, or the model cannot be imported.
pub fn job(args: &TranspileArgs, output: &Output) -> Result<Job> {
    let onnx = model_file::read(&args.model)?;
    let mut feature_names = args.settings.feature_names.clone();
    let calibration = match &args.settings.calibration {
        None => None,
        Some(file) => {
            // What the rows' columns are is known once the model has been imported.
            let input =
                onnx::import(&onnx).with_context(|| args.model.display().to_string())?.input;
            let reader = args.settings.read.reader(output);
            let array = reader.read_rows(file, &Columns::of_model(&input))?;
            let rows = array.rows(input.len)?;
            let header = array.names().filter(|names| names.len() == input.len);
            if let (None, false, Some(names)) = (&feature_names, input.has_names(), header) {
                feature_names = Some(names.to_vec());
            }
            let sha256 = nilometer_package::sha256(&std::fs::read(file)?);
            Some((Calibration { rows }, sha256))
        }
    };
    Ok(Job {
        onnx,
        name: name(args, output),
        calibration,
        options: PlanOptions {
            features: match args.settings.features {
                Features::Exact => FeatureMode::Exact,
                Features::Fixed => FeatureMode::Fixed,
            },
            max_loss: args.settings.max_loss,
            margin: args.settings.margin.unwrap_or(PlanOptions::default().margin),
            input_range: args.settings.input_range,
            bits: args.settings.bits,
            decision: None,
        },
        threshold: args.settings.threshold.clone(),
        task: args.settings.task.map(|task| match task {
            TaskArg::Classify => Task::Classify,
            TaskArg::Regress => Task::Regress,
        }),
        feature_names,
        shape: args.settings.shape.map(|shape| match shape {
            ShapeArg::Unrolled => Shape::Unrolled,
            ShapeArg::Looped => Shape::Looped,
        }),
        labels_only: args.settings.labels_only,
        toolchain: args.settings.toolchain.options(),
    })
}

/// The package's name: the one that was asked for or the file's, made safe.
fn name(args: &TranspileArgs, output: &Output) -> String {
    let Some(wanted) = &args.settings.name else {
        let stem = args.model.file_stem().map(|stem| stem.to_string_lossy());
        return package_name(&stem.unwrap_or_default());
    };
    let name = package_name(wanted);
    if name != *wanted {
        output.warn(&format!(
            "`--name {wanted}` cannot be the name of a Cairo package: it is called {name}"
        ));
    }
    name
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

/// `0.5%` or `0.005`.
fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map(|number| number / unit).ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "wants a percentage such as 0.5%, or a fraction from 0 to 1".to_owned())
}

fn range(text: &str) -> Result<(f64, f64), String> {
    let parts = text.split_once(',').map(|(lo, hi)| (lo.trim().parse(), hi.trim().parse()));
    match parts {
        Some((Ok(lo), Ok(hi))) if f64::is_finite(lo) && f64::is_finite(hi) && lo < hi => {
            Ok((lo, hi))
        }
        _ => Err("wants two finite numbers, the smaller first, such as -4,4".to_owned()),
    }
}

fn margin(text: &str) -> Result<f64, String> {
    let margin = text.parse::<f64>().ok().filter(|margin| (0.0..=1e6).contains(margin));
    margin.ok_or_else(|| "wants a number from 0 to 1,000,000".to_owned())
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
                    contract(&self.contract),
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
                ("weight bits", format!("{} (lanes a felt: {})", bits.join(" "), lanes.join(" "))),
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

/// A contract beside the limits.
pub fn contract(size: &ContractSize) -> String {
    let (felts, max) = (thousands(size.bytecode_felts), thousands(size.max_bytecode_felts));
    let Some(class) = size.class_bytes else {
        return format!("not compiled: over {felts} felts of bytecode, {max} at most on Starknet");
    };
    format!(
        "{felts} of {max} felts of bytecode, class of {} of {}: {}",
        bytes(class),
        bytes(size.max_class_bytes),
        if size.within_limits {
            "fits".to_owned()
        } else if size.sierra_felts.is_some_and(|felts| felts > size.max_sierra_felts) {
            format!(
                "{} of {} felts of Sierra: it cannot be declared",
                thousands(size.sierra_felts.unwrap_or_default()),
                thousands(size.max_sierra_felts)
            )
        } else {
            "does not fit: it cannot be declared".to_owned()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages_or_fractions() {
        assert_eq!(share("0.5%"), Ok(0.005));
        assert_eq!(share("0.01"), Ok(0.01));
        assert_eq!(share("0"), Ok(0.0));
        for wrong in ["5", "-1%", "101%", "x", "NaN", ""] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_are_two_rising_numbers() {
        assert_eq!(range("-4,4"), Ok((-4.0, 4.0)));
        for wrong in ["4,-4", "1", "1,1", "NaN,1", "0,inf", "a,b"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
