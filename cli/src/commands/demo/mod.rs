//! `nilo demo`: the whole path on a bundled model.
//!
//! The package that it proves with is bundled, so that a first proof needs no Cairo compiler.
//!
//! RockyBot was the first trading bot with its model on chain: a network of 36-128-64-12 neurons over hourly
//! prices, with published weights.

#[cfg(feature = "explore")]
mod showcase;

#[cfg(feature = "explore")]
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{bail, Context, Result};
use clap::Args;
use console::style;
use nilometer_air::cairo::Security;
use nilometer_cairo::{Program, RunOptions};
use nilometer_transpiler::decision::{arg_max, Decision};
use nilometer_transpiler::eval;
use nilometer_transpiler::plan::{compare, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_verifier::verify;
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::input;
use crate::output::{Message, Output};
use crate::progress::{stage, Stages};
use crate::proving;
use crate::rows::run_rows;
use crate::table::table;
use nilometer_package::model_proof::check::check;
use nilometer_package::model_proof::claim::Rows;
use nilometer_package::model_proof::file::Level;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::model_proof::prove::ModelProver;
use nilometer_package::numbers::{percent, short, thousands};
use nilometer_package::pipeline::{self, Job, Onnx, StageDone};
use nilometer_package::proving::Plan;
use nilometer_package::Package;
use nilometer_package::{gas, numbers, vm};

const NAME: &str = "rockybot";
const MODEL: &[u8] = include_bytes!("../../../../examples/rockybot/rockybot.onnx");
const CALIBRATION: &[u8] = include_bytes!("../../../../examples/rockybot/calibration.npy");
const INPUTS: &[u8] = include_bytes!("../../../../examples/rockybot/inputs.npy");
/// The package that `nilo demo --keep` and `nilo pack --for-verifier` give; a test makes it again.
const PACKAGE: &[u8] = include_bytes!("../../../../examples/rockybot/rockybot.package.json");
/// Rows that are run.
const ROWS: usize = 8;

/// Arguments of `nilo demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[cfg(feature = "explore")]
    /// Publish the example models on a local Starknet node, call and dispute them, and show them in the explorer
    #[arg(long, conflicts_with = "keep")]
    pub explore: bool,
    #[cfg(feature = "explore")]
    /// Where the explorer listens
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8420",
        requires = "explore"
    )]
    pub listen: SocketAddr,
    #[cfg(feature = "explore")]
    /// Open a browser
    #[arg(long, requires = "explore")]
    pub open: bool,
    /// Compile the package here, with the Cairo compiler, and keep it in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Demo {
    model_hash: String,
    program_hash: String,
    /// Whether the program was compiled now; else it is the bundled one.
    compiled_here: bool,
    stages: Vec<StageDone>,
    agreement: Option<f64>,
    steps: u64,
    l2_gas: u64,
    matches_reference: bool,
    rows: Vec<DemoRow>,
    run_ms: u128,
    /// The key that the proof of the model was checked with.
    key: Digest,
    /// The proof of the model.
    model_proof: DemoProof,
    /// The proof of the program's run.
    proof: DemoProof,
    package: Option<String>,
}

/// The proof of the first row.
#[derive(Serialize)]
struct DemoProof {
    rows: usize,
    prove_ms: f64,
    proof_bytes: usize,
    security: String,
    verify_ms: f64,
    /// What the verifier says when a bit of the proof is flipped.
    tampered: String,
}

#[derive(Serialize)]
struct DemoRow {
    row: usize,
    /// The largest score of the float model, and its class.
    float_score: f64,
    float_class: usize,
    /// The same of the Cairo program.
    score: f64,
    class: usize,
    steps: usize,
}

/// Shows the whole path.
///
/// The bundled package is used unless another is to be kept: making one takes the Cairo compiler, which has to be built
/// first. Either way the model is made from the ONNX file here, and the program is held against it on every row.
///
/// # Errors
/// The toolchain cannot be made, or a folder cannot be written.
pub fn run(args: &DemoArgs, output: &Output) -> Result<u8> {
    #[cfg(feature = "explore")]
    if args.explore {
        return showcase::run(args, output);
    }
    output.line(&format!(
        "{}: a neural network that traded on chain, from ONNX to Cairo, bit for bit\n",
        style("RockyBot").bold()
    ))?;
    let onnx = Onnx::import(MODEL.to_vec(), false)?;
    let features = onnx.input().len;
    let calibration = input::parse_npy("calibration.npy", CALIBRATION)?.rows(features)?;
    let inputs = input::parse_npy("inputs.npy", INPUTS)?.rows(features)?;
    let tell = |done: &StageDone| stage(output, done.stage.name(), &done.made, done.time);
    let stages = Stages::new(tell);
    let (package, done) = match &args.keep {
        Some(folder) => {
            let job = Job {
                onnx,
                name: NAME.to_owned(),
                calibration: Some((
                    Calibration { rows: calibration.clone() },
                    nilometer_package::sha256(CALIBRATION),
                )),
                options: PlanOptions::default(),
                threshold: None,
                task: None,
                shape: None,
                toolchain: args.toolchain.options(),
            };
            let transpiled = pipeline::transpile(&job, folder, &stages)?;
            (Package::open(folder)?, transpiled.stages)
        }
        None => {
            let package = Package::of_bytes("the bundled package", PACKAGE)?;
            let done = pipeline::quantise_again(&onnx, &package, &stages)?;
            (package, done)
        }
    };
    drop(stages);

    let (graph, program) = package.model_and_program()?;
    let rows: Vec<_> = inputs.into_iter().enumerate().take(ROWS).collect();
    let start = Instant::now();
    let runs = run_rows(&program, &graph, &rows, &RunOptions::default())?;
    let time = start.elapsed();
    let float = pipeline::import(MODEL, false)?;
    let outputs = |row: &Vec<f64>| eval::evaluate(&float, row);
    let mut results = Vec::with_capacity(rows.len());
    for ((row, values), run) in rows.iter().zip(&runs) {
        let expected = outputs(values)?.swap_remove(0);
        let actual = &run.prediction.outputs[0];
        let (float_class, class) = (arg_max(&expected), arg_max(actual));
        let (float_score, score) = (expected[float_class], actual[class]);
        results.push(DemoRow {
            row: *row,
            float_score,
            float_class,
            score,
            class,
            steps: run.steps,
        });
    }
    let expected = calibration.iter().map(outputs).collect::<Result<Vec<_>, _>>()?;
    let accuracy = compare(&graph, Decision::of(&float), &calibration, &expected);
    let worst = runs.iter().max_by_key(|run| run.steps).context("there is no row to run")?;
    let steps = worst.steps as u64;
    let l2_gas = gas::contract_l2_gas(&graph, package.manifest.shapes(), steps, &worst.builtins);
    let (key, model_proof) = prove_model(&package, &graph, &rows[0].1, output)?;
    let proof = prove_first(&program, &graph, &rows[0].1, output)?;
    output.result(&Demo {
        model_hash: package.manifest.model_hash,
        program_hash: package.manifest.program_hash,
        compiled_here: args.keep.is_some(),
        stages: done,
        agreement: Some(accuracy.agreement),
        steps,
        l2_gas,
        matches_reference: true,
        rows: results,
        run_ms: time.as_millis(),
        key,
        model_proof,
        proof,
        package: args.keep.as_ref().map(|folder| folder.display().to_string()),
    })?;
    Ok(0)
}

/// Proves the model's answer to a row, checks the proof with the key alone, and checks that a tampered one is refused.
fn prove_model(
    package: &Package,
    graph: &QuantGraph,
    values: &[f64],
    output: &Output,
) -> Result<(Digest, DemoProof)> {
    let keys = package.keys()?.context("the package has no key")?;
    let key = keys.model_key();
    let rows = Rows::Encoded(vec![graph.input.encode(values)?]);
    let prover = ModelProver::new(graph, Some(&keys), 1, None)?;
    let start = Instant::now();
    let proof = prover.prove(rows, Level::default(), &|_| (), &|_| ())?;
    let proving = start.elapsed();
    let bytes = proof.to_bytes();
    let made = format!("the model, proof of {}", numbers::bytes(bytes.len()));
    stage(output, "prove", &made, proving);
    let bits = Security::DEFAULT.bits();
    let start = Instant::now();
    let checked = check(&bytes, key, bits)?;
    let verifying = start.elapsed();
    stage(output, "verify", "valid, with the key alone", verifying);
    let mut tampered = bytes.clone();
    // The last kilobyte is part of the proof, whatever stands before it.
    let place = tampered.len() - 1_000;
    tampered[place] ^= 1;
    let refusal = match check(&tampered, key, bits) {
        Err(error) => error.to_string(),
        Ok(_) => bail!("the verifier has accepted a proof with a flipped bit: this is a defect"),
    };
    let proof = DemoProof {
        rows: checked.trace_rows,
        prove_ms: proving.as_secs_f64() * 1e3,
        proof_bytes: bytes.len(),
        security: checked.file.level.to_string(),
        verify_ms: verifying.as_secs_f64() * 1e3,
        tampered: refusal,
    };
    Ok((key, proof))
}

/// Proves a row's run, checks the proof, and checks that a tampered one is refused.
fn prove_first(
    program: &Program,
    graph: &QuantGraph,
    values: &[f64],
    output: &Output,
) -> Result<DemoProof> {
    let options = RunOptions { trace: true, ..RunOptions::default() };
    let (row_run, run) = vm::run_whole(program, graph, values, &options)?;
    Plan::of(&row_run, Security::DEFAULT)?.check(None)?;
    let proved = proving::prove(program, &run, Security::DEFAULT)?;
    let bytes = proved.file.to_bytes();
    stage(
        output,
        "prove",
        &format!("the program's run, proof of {}", numbers::bytes(bytes.len())),
        proved.time,
    );
    let claim = program.claim(&run.output)?;
    let start = Instant::now();
    let verified = verify(&claim, &bytes, Security::DEFAULT)?;
    let time = start.elapsed();
    stage(output, "verify", &format!("valid, with the package: {}", verified.security), time);
    let mut tampered = bytes.clone();
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    let refusal = match verify(&claim, &tampered, Security::DEFAULT) {
        Err(error) => error.to_string(),
        Ok(_) => bail!("the verifier has accepted a proof with a flipped bit: this is a defect"),
    };
    Ok(DemoProof {
        rows: verified.rows,
        prove_ms: proved.time.as_secs_f64() * 1e3,
        proof_bytes: bytes.len(),
        security: verified.security.to_string(),
        verify_ms: time.as_secs_f64() * 1e3,
        tampered: refusal,
    })
}

impl Message for Demo {
    fn text(&self) -> String {
        let row = |row: &DemoRow| {
            vec![
                row.row.to_string(),
                row.float_class.to_string(),
                short(row.float_score),
                row.class.to_string(),
                short(row.score),
                thousands(row.steps),
                "yes".to_owned(),
            ]
        };
        let header = [
            ">row",
            ">float class",
            ">score",
            ">Cairo class",
            ">score",
            ">steps",
            "VM = reference",
        ];
        let mut text = format!("\n{}", table(&header, self.rows.iter().map(row)));
        if let Some(agreement) = self.agreement {
            text += &format!(
                "{} of the calibration rows decide as the float model does.\n",
                percent(agreement)
            );
        }
        text += &format!(
            "One prediction: {} Cairo steps, about {} L2 gas on Starknet ({}% of what a transaction may take).\n",
            thousands(self.steps),
            thousands(self.l2_gas),
            short(self.l2_gas as f64 * 100.0 / gas::MAX_TRANSACTION as f64),
        );
        for (of, with, proof) in [
            ("the model's answer to row 0", "the key alone", &self.model_proof),
            ("the program's run on row 0", "the package", &self.proof),
        ] {
            text += &format!(
                "\nA proof of {of}, {}: {}, made in {:.0} ms, checked with {with} in {:.1} ms.\nWith one bit flipped: {}.\n",
                proof.security,
                numbers::bytes(proof.proof_bytes),
                proof.prove_ms,
                proof.verify_ms,
                proof.tampered
            );
        }
        text += &format!(
            "\nkey           {}\nmodel hash    {}\nprogram hash  {}\n",
            self.key, self.model_hash, self.program_hash
        );
        text += &match &self.package {
            Some(folder) => format!("\nThe package is in {folder}; look at {folder}/report.md.\n"),
            None => "\nThe program was compiled before and is bundled. Compile it here with `nilo demo --keep rockybot`, or transpile a model\nof your own (both build the Cairo compiler first, once):\n    nilo transpile MODEL.onnx -o DIR --calibration ROWS.npy\n".to_owned(),
        };
        text
    }
}
