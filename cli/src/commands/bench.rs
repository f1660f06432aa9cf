//! `nilo bench`: what proofs of models cost on this machine.
//!
//! Each proof is a process of its own, as a user's would be, so that start-up and loading are part of the time and the
//! peak of memory is its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, Context, Result};
use clap::{Args, ValueEnum};
use nilometer_air::cairo::Security;
use serde::{Deserialize, Serialize};

use crate::output::{Message, Output};
use crate::progress::Progress;
use crate::table::table;
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::scratch::Scratch;
use nilometer_package::Package;

/// Arguments of `nilo bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo bench zoo
  nilo bench zoo --only rockybot,tree_iris_dt4 --repeat 9 --json")]
pub struct BenchArgs {
    /// What to measure
    #[arg(value_enum)]
    pub suite: Suite,
    /// The folder of models: NAME.onnx, with rows in NAME_inputs.npy
    #[arg(long, value_name = "DIR", default_value = "examples/zoo")]
    pub models: PathBuf,
    /// Only these models
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Proofs of each model; the medians are shown
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub repeat: usize,
    /// Security: 96, 100 or 128 bits, all proven
    #[arg(long, value_name = "LEVEL", default_value = crate::args::DEFAULT_SECURITY)]
    pub security: Security,
    /// Keep the packages in this folder, and use those that are there
    #[arg(long, value_name = "DIR")]
    pub packages: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// Proofs of a folder of models
    Zoo,
}

/// The command's result.
#[derive(Serialize)]
struct Bench {
    security: String,
    repeat: usize,
    threads: usize,
    models: Vec<Measured>,
}

/// A model's two proofs.
#[derive(Serialize)]
struct Measured {
    model: String,
    /// Of the model.
    model_proof: Medians,
    /// Of its program's run.
    #[serde(flatten)]
    program: Medians,
}

/// Medians of a kind of proof.
#[derive(Serialize)]
struct Medians {
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
    rows: usize,
    /// The run, and filling the trace; of a model, reading it and committing to it.
    trace_ms: f64,
    prove_ms: f64,
    /// The whole process of `nilo prove`.
    wall_ms: f64,
    peak_rss_bytes: u64,
    proof_bytes: usize,
    verify_ms: f64,
    /// The whole process of `nilo verify`.
    verify_wall_ms: f64,
}

#[derive(Deserialize)]
struct Proved {
    steps: Option<usize>,
    rows: usize,
    #[serde(alias = "load_ms")]
    trace_ms: f64,
    prove_ms: f64,
    peak_rss_bytes: Option<u64>,
    proof_bytes: usize,
}

#[derive(Deserialize)]
struct Verified {
    verify_ms: f64,
}

/// Measures.
///
/// # Errors
/// A model cannot be transpiled or proved.
pub fn run(args: &BenchArgs, output: &Output) -> Result<u8> {
    let Suite::Zoo = args.suite;
    let names = names(&args.models, &args.only)?;
    let scratch = Scratch::new_in(&std::env::temp_dir(), "nilo-bench-")
        .context("cannot make a temporary folder")?;
    let packages = args.packages.clone().unwrap_or_else(|| scratch.path().join("packages"));
    let progress = Progress::spinner("measuring");
    let mut models = Vec::with_capacity(names.len());
    for name in names {
        progress.say(&format!("transpiling {name}"));
        let package = packages.join(&name);
        if !package.exists() {
            transpile(&args.models, &name, &package)?;
        }
        progress.say(&format!("proving {name}"));
        models.push(measure(args, &name, &package, scratch.path())?);
    }
    drop(progress);
    let (security, repeat) = (args.security.to_string(), args.repeat);
    let threads = rayon::current_num_threads();
    output.result(&Bench { security, repeat, threads, models })?;
    Ok(0)
}

/// The models of a folder, in order of their names.
fn names(folder: &Path, only: &[String]) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder of models {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    if let Some(missing) = only.iter().find(|name| !names.contains(name)) {
        bail!("there is no model {missing} in {}", folder.display());
    }
    names.retain(|name| only.is_empty() || only.contains(name));
    Ok(names)
}

fn transpile(models: &Path, name: &str, package: &Path) -> Result<()> {
    let mut command = nilo()?;
    command.arg("transpile").arg(models.join(format!("{name}.onnx"))).arg("-o").arg(package);
    let calibration = ["calibration", "inputs"]
        .map(|rows| models.join(format!("{name}_{rows}.npy")))
        .into_iter()
        .find(|file| file.exists());
    if let Some(file) = calibration {
        command.arg("--calibration").arg(file);
    }
    json::<serde::de::IgnoredAny>(&mut command).map(|_| ())
}

fn measure(args: &BenchArgs, name: &str, package: &Path, scratch: &Path) -> Result<Measured> {
    Ok(Measured {
        model: name.to_owned(),
        model_proof: medians(args, name, package, scratch, "model")?,
        program: medians(args, name, package, scratch, "program")?,
    })
}

fn medians(
    args: &BenchArgs,
    name: &str,
    package: &Path,
    scratch: &Path,
    of: &str,
) -> Result<Medians> {
    let proof = scratch.join("proof");
    let row = format!("{}:0", args.models.join(format!("{name}_inputs.npy")).display());
    // Proofs of models have no level of 96 bits: 100 is the nearest.
    let bits = if of == "model" { args.security.bits().max(100) } else { args.security.bits() };
    let security = bits.to_string();
    let key = match of {
        "model" => Some(Package::open(package)?.manifest.key.context("the model has no key")?),
        _ => None,
    };
    let (mut proofs, mut checks) = (Vec::new(), Vec::new());
    for _ in 0..args.repeat.max(1) {
        let mut prove = nilo()?;
        prove.arg("prove").arg(package).args(["--of", of, "--input", &row]);
        prove.args(["--security", &security]).arg("-o").arg(&proof);
        proofs.push(json::<Proved>(&mut prove)?);
        let mut verify = nilo()?;
        verify.arg("verify").arg(&proof).args(["--input", &row, "--security", &security]);
        match key {
            Some(key) => verify.arg("--key").arg(key.to_string()),
            None => verify.arg("--model").arg(package),
        };
        checks.push(json::<Verified>(&mut verify)?);
    }
    let of_proofs = |value: fn(&(Proved, f64)) -> f64| median(proofs.iter().map(value));
    let of_checks = |value: fn(&(Verified, f64)) -> f64| median(checks.iter().map(value));
    let (first, _) = &proofs[0];
    Ok(Medians {
        steps: first.steps,
        rows: first.rows,
        trace_ms: of_proofs(|(proved, _)| proved.trace_ms),
        prove_ms: of_proofs(|(proved, _)| proved.prove_ms),
        wall_ms: of_proofs(|(_, wall)| *wall),
        peak_rss_bytes: of_proofs(|(proved, _)| proved.peak_rss_bytes.unwrap_or(0) as f64) as u64,
        proof_bytes: first.proof_bytes,
        verify_ms: of_checks(|(verified, _)| verified.verify_ms),
        verify_wall_ms: of_checks(|(_, wall)| *wall),
    })
}

fn nilo() -> Result<Command> {
    let own = std::env::current_exe().context("cannot find the program that runs")?;
    let mut command = Command::new(own);
    command.arg("--json");
    Ok(command)
}

/// Runs a command; what it says and how long it took, in milliseconds.
fn json<T: for<'a> Deserialize<'a>>(command: &mut Command) -> Result<(T, f64)> {
    let start = std::time::Instant::now();
    let output = command.output().context("cannot run `nilo`")?;
    let wall = start.elapsed().as_secs_f64() * 1e3;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stdout).trim());
    }
    Ok((serde_json::from_slice(&output.stdout).context("what `nilo` says")?, wall))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}

impl Message for Bench {
    fn text(&self) -> String {
        let row = |model: &str, of: &str, medians: &Medians| {
            vec![
                model.to_owned(),
                of.to_owned(),
                medians.steps.map_or_else(|| "-".to_owned(), thousands),
                thousands(medians.rows),
                format!("{:.1}", medians.trace_ms),
                format!("{:.1}", medians.prove_ms),
                format!("{:.0}", medians.wall_ms),
                bytes(medians.peak_rss_bytes as usize),
                bytes(medians.proof_bytes),
                format!("{:.1}", medians.verify_ms),
                format!("{:.0}", medians.verify_wall_ms),
            ]
        };
        let header = [
            "model",
            "proof of",
            ">steps",
            ">rows",
            ">trace ms",
            ">prove ms",
            ">whole ms",
            ">memory",
            ">proof",
            ">verify ms",
            ">whole ms",
        ];
        let rows = self.models.iter().flat_map(|measured| {
            [
                row(&measured.model, "the model", &measured.model_proof),
                row("", "its program", &measured.program),
            ]
        });
        let mut text = table(&header, rows);
        text += &format!(
            "\nmedians of {}, {}, {} threads; whole: the process from start to end\n",
            self.repeat, self.security, self.threads
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
