//! What decides how a model is transpiled, on the command line.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use nilometer_package::pipeline::{Job, Onnx};
use nilometer_package::Error;
use nilometer_transpiler::decision::Task;
use nilometer_transpiler::emit::{package_name, Shape};
use nilometer_transpiler::plan::{Calibration, PlanOptions};
use nilometer_transpiler::quant::FeatureMode;

use crate::args::ToolchainArgs;
use crate::input::{Columns, ReadArgs};
use crate::model_file;
use crate::output::Output;

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

impl SettingsArgs {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// A file cannot be read, or the model cannot be imported.
    pub fn job(&self, model: &Path, output: &Output) -> Result<Job> {
        let onnx = Onnx::import(model_file::read(model)?, self.labels_only);
        let mut onnx = onnx.map_err(|error| match error {
            // What is wrong is in the file.
            Error::Import(_) => anyhow::Error::new(error).context(model.display().to_string()),
            _ => error.into(),
        })?;
        let mut feature_names = self.feature_names.clone();
        let calibration = match &self.calibration {
            None => None,
            Some(file) => {
                let input = onnx.input();
                let reader = self.read.reader(output);
                let (array, sha256) = reader.read_whole(file, &Columns::of_model(input))?;
                let rows = array.rows(input.len)?;
                let header = array.names().filter(|names| names.len() == input.len);
                if let (None, false, Some(names)) = (&feature_names, input.has_names(), header) {
                    feature_names = Some(names.to_vec());
                }
                Some((Calibration { rows }, sha256))
            }
        };
        if let Some(names) = &feature_names {
            onnx.name_features(names)?;
        }
        Ok(Job {
            onnx,
            name: self.name(model, output),
            calibration,
            options: PlanOptions {
                features: match self.features {
                    Features::Exact => FeatureMode::Exact,
                    Features::Fixed => FeatureMode::Fixed,
                },
                max_loss: self.max_loss,
                margin: self.margin.unwrap_or(PlanOptions::default().margin),
                input_range: self.input_range,
                bits: self.bits,
                decision: None,
            },
            threshold: self.threshold.clone(),
            task: self.task.map(|task| match task {
                TaskArg::Classify => Task::Classify,
                TaskArg::Regress => Task::Regress,
            }),
            shape: self.shape.map(|shape| match shape {
                ShapeArg::Unrolled => Shape::Unrolled,
                ShapeArg::Looped => Shape::Looped,
            }),
            toolchain: self.toolchain.options(),
        })
    }

    /// The package's name: the one that was asked for or the file's, made safe.
    fn name(&self, model: &Path, output: &Output) -> String {
        let Some(wanted) = &self.name else {
            let stem = model.file_stem().map(|stem| stem.to_string_lossy());
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
