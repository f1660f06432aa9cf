//! From the bytes of an ONNX file to a package on disk, stage by stage.

mod build;
mod rebuild;
mod stage;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use nilometer_cairo::{Program, Toolchain, ToolchainOptions};
use nilometer_transpiler::decision::{Decision, Task};
use nilometer_transpiler::emit::{emit, CairoPackage, Files, PackageMeta, Shape, Shapes};
use nilometer_transpiler::graph::{Graph, Input, OutputKind};
use nilometer_transpiler::plan::{choose_shapes, fits_class, plan, Calibration, Plan, PlanOptions};
use nilometer_transpiler::quant::{FeatureMode, QuantGraph};
use nilometer_transpiler::schema::Schema;
use nilometer_transpiler::{cost, onnx, passes};
use serde_json::json;

use crate::description::{compose, Parts};
use crate::folder::{self, CalibrationFile, Manifest, OnnxFile, Settings, Staging};
use crate::model_proof::commit;
use crate::model_proof::key::{self, KeySet};
use crate::numbers::{bytes, thousands};
use crate::recipe::{self, Recipe};
use crate::report::{self, CardContext, CostReport, Report, Sources};
use crate::{gas, runtime, sha256, vm, Context as _, Error};

pub use rebuild::{quantise_again, rebuild, requantise, Rebuilt};
use stage::Stages;
pub use stage::{Observer, Stage, StageDone};

/// What to transpile, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// The model, imported.
    pub onnx: Onnx,
    /// The package's name.
    pub name: String,
    /// Calibration rows and the SHA-256 of their file.
    pub calibration: Option<(Calibration, String)>,
    /// What to quantise for.
    pub options: PlanOptions,
    /// A decision such as `probability>0.3`, in place of what the graph's outputs say.
    pub threshold: Option<String>,
    /// What the model is for, in place of what its outputs say.
    pub task: Option<Task>,
    /// The shape of program and contract, in place of the choice made here.
    pub shape: Option<Shape>,
    /// Where the compiler comes from.
    pub toolchain: ToolchainOptions,
}

/// An ONNX file and the float model in it.
#[derive(Clone, Debug)]
pub struct Onnx {
    bytes: Vec<u8>,
    graph: Graph,
    labels_only: bool,
    time: Duration,
}

impl Onnx {
    /// Imports the bytes of a file; only its label where only that is wanted.
    ///
    /// # Errors
    /// See [`import`].
    pub fn import(bytes: Vec<u8>, labels_only: bool) -> Result<Self, Error> {
        let start = Instant::now();
        let graph = import(&bytes, labels_only)?;
        Ok(Self { bytes, graph, labels_only, time: start.elapsed() })
    }

    /// The row that the model takes.
    pub fn input(&self) -> &Input {
        &self.graph.input
    }

    /// Gives the features other names than the file's.
    ///
    /// # Errors
    /// There are more or fewer names than features.
    pub fn name_features(&mut self, names: &[String]) -> Result<(), Error> {
        if self.graph.input.name_features(names) {
            return Ok(());
        }
        Err(Error::FeatureNames { expected: self.graph.input.len, actual: names.len() })
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Transpiled {
    /// The package's identity.
    pub manifest: Manifest,
    /// Its report.
    pub report: Report,
    /// The stages and how long they took.
    pub stages: Vec<StageDone>,
}

/// The float model as its file has it, to compare with; only the label where only that is wanted.
///
/// # Errors
/// The model is malformed or unsupported, or has no label.
pub fn import(bytes: &[u8], labels_only: bool) -> Result<Graph, Error> {
    let mut graph = onnx::import(bytes)?;
    if labels_only {
        graph.outputs.retain(|output| matches!(output.kind, OutputKind::Label(_)));
        graph.outputs.truncate(1);
        if graph.outputs.is_empty() {
            return Err(Error::NoLabel);
        }
    }
    Ok(graph)
}

/// Writes the model down in Cairo.
fn write_sources(
    graph: &QuantGraph,
    meta: &PackageMeta,
    shapes: Shapes,
    staging: &Staging,
) -> Result<CairoPackage, Error> {
    let cairo = emit(graph, meta, shapes)?;
    write_files(&cairo.files, staging)?;
    Ok(cairo)
}

fn write_files(files: &Files, staging: &Staging) -> Result<(), Error> {
    for (path, text) in files {
        staging.write(path, text.as_bytes())?;
    }
    Ok(())
}

/// Transpiles, compiles, measures and writes a package.
///
/// # Errors
/// Any stage's error; nothing is left at the destination then but what was there before.
pub fn transpile(
    job: &Job,
    destination: &Path,
    observer: &dyn Observer,
) -> Result<Transpiled, Error> {
    let mut stages = Stages::new(observer);
    let staging = Staging::new(destination)?;

    stages.start(Stage::Import);
    let Onnx { bytes: onnx, graph: reference, labels_only, time } = &job.onnx;
    let graph = simplified(reference, *labels_only)?;
    stages.done_before(*time, imported(&graph));

    stages.start(Stage::Quantise);
    let calibration = job.calibration.as_ref().map(|(calibration, _)| calibration);
    let decision = job.threshold.as_deref();
    let decision = match (decision, job.task) {
        (Some(text), _) => Some(Decision::at_threshold(&graph, text)?),
        (None, Some(task)) => Some(Decision::for_task(&graph, task)?),
        (None, None) => None,
    };
    let options = PlanOptions { decision, ..job.options.clone() };
    let plan = plan(&graph, calibration, &options)?;
    let model_hash = format!("{:#x}", plan.graph.model_hash());
    // A recipe that does not give the same model would only be noticed by those who rely on it.
    let again = format!("{:#x}", plan.recipe.lower(&graph)?.model_hash());
    if again != model_hash {
        return Err(Error::NotReproduced { expected: model_hash, actual: again });
    }
    stages.done(quantised(&plan));

    stages.start(Stage::Emit);
    let meta = PackageMeta { name: job.name.clone(), model_hash: model_hash.clone() };
    let shapes = choose_shapes(&plan.graph, job.shape, true);
    let mut cairo = write_sources(&plan.graph, &meta, shapes, &staging)?;
    for (path, text) in runtime::FILES {
        staging.write(&format!("{}/{path}", runtime::FOLDER), text.as_bytes())?;
    }
    let source: usize = cairo.files.values().map(String::len).sum();
    stages.done(format!("{} of Cairo, {}", bytes(source), shape_name(cairo.shapes.program)));

    stages.start(Stage::Toolchain);
    let toolchain = Toolchain::locate(&job.toolchain, &|step| observer.toolchain(step))?;
    stages.done(if toolchain.is_pinned() { "pinned" } else { "not the pinned one" }.to_owned());

    stages.start(Stage::Compile);
    let with_contract = fits_class(&plan.graph, shapes.contract);
    let (built, keys) = rayon::join(
        || build::compile(&toolchain, &staging, &cairo.name, with_contract),
        || model_keys(&plan.graph),
    );
    let (mut built, keys) = (built?, keys?);
    let shapes = choose_shapes(&plan.graph, job.shape, built.contract.within_limits);
    if shapes != cairo.shapes {
        write_files(&cairo.rewrite_contract(&plan.graph, &meta, shapes.contract)?, &staging)?;
        built.contract = build::contract(&toolchain, &staging, &cairo.name)?;
    }
    stages.done(match built.contract.class_bytes {
        Some(_) => format!(
            "program {} felts, contract {} felts",
            thousands(built.program.code_len()),
            thousands(built.contract.bytecode_felts)
        ),
        None => format!(
            "program {} felts; no contract, Starknet takes {}",
            thousands(built.program.code_len()),
            thousands(built.contract.max_bytecode_felts)
        ),
    });

    stages.start(Stage::Measure);
    let rows = calibration.map(|calibration| calibration.rows.as_slice());
    let example = example_row(&plan.graph, rows);
    let cost = measure(&built.program, &plan.graph, shapes, &example, rows)?;
    stages.done(format!("{} steps, equal to the reference", thousands(cost.steps)));

    stages.start(Stage::Write);
    let program_hash = format!("{:#x}", built.program.hash());
    let report = Report::new(Sources {
        name: &cairo.name,
        float: reference,
        plan: &plan,
        calibration: rows,
        model_hash: model_hash.clone(),
        program_hash: program_hash.clone(),
        cost,
        contract: built.contract.clone(),
        shape: shapes.program,
    })?;
    let manifest = Manifest {
        format: folder::FORMAT.to_owned(),
        nilometer: env!("CARGO_PKG_VERSION").to_owned(),
        name: cairo.name.clone(),
        kind: report.kind.clone(),
        model_hash,
        program_hash,
        key: keys.as_ref().map(KeySet::model_key),
        shape: shapes.program,
        contract_shape: shapes.contract,
        n_inputs: plan.graph.input_len(),
        n_outputs: plan.graph.output_len(),
        layers: report.layers.clone(),
        contract: built.contract,
        onnx: OnnxFile { sha256: sha256(onnx), bytes: onnx.len() },
        settings: settings(job, &toolchain),
    };
    let recipe = Recipe {
        format: recipe::FORMAT.to_owned(),
        name: manifest.name.clone(),
        onnx_sha256: manifest.onnx.sha256.clone(),
        shape: manifest.shape,
        contract_shape: manifest.contract_shape,
        labels_only: *labels_only,
        quantisation: plan.recipe.clone(),
    };
    if let Some(keys) = &keys {
        staging.write(key::FILE, &keys.to_bytes())?;
    }
    describe(&Documents {
        staging: &staging,
        job,
        graph: &plan.graph,
        program: &built.program_json,
        manifest: &manifest,
        report: &report,
        recipe: &recipe,
        example: &example,
    })?;
    staging.finish()?;
    stages.done(destination.display().to_string());
    Ok(Transpiled { manifest, report, stages: stages.take() })
}

/// The model's keys; none if it is too long for a proof.
fn model_keys(graph: &QuantGraph) -> Result<Option<KeySet>, Error> {
    match commit::keys(graph) {
        Ok(keys) => Ok(Some(keys)),
        Err(Error::NoModelProof(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn imported(graph: &Graph) -> String {
    format!("{} nodes, {} parameters", graph.nodes.len(), thousands(graph.parameter_count()))
}

fn simplified(reference: &Graph, labels_only: bool) -> Result<Graph, Error> {
    if !labels_only {
        return Ok(passes::simplify(reference.clone()));
    }
    passes::label_only(reference).ok_or(Error::NoLabel)
}

/// What the documents of a package are made from.
struct Documents<'a> {
    staging: &'a Staging,
    job: &'a Job,
    graph: &'a QuantGraph,
    program: &'a [u8],
    manifest: &'a Manifest,
    report: &'a Report,
    recipe: &'a Recipe,
    example: &'a [f64],
}

/// Writes everything but sources and compiled files.
fn describe(documents: &Documents<'_>) -> Result<(), Error> {
    let Documents { staging, job, graph, program, manifest, report, recipe, example } = documents;
    let model = compact(graph)?;
    staging.write(folder::ONNX, &job.onnx.bytes)?;
    staging.write(folder::MODEL, &model)?;
    let recipe_json = compact(recipe)?;
    staging.write(recipe::FILE, &recipe_json)?;
    let schema = pretty(&Schema::of(graph))?;
    staging.write("schema.json", &schema)?;
    let example = pretty(&json!({ "input": example }))?;
    staging.write(folder::EXAMPLE, &example)?;
    let report_json = report.json()?;
    staging.write("report.json", &report_json)?;
    staging.write("report.md", report::markdown(report)?.as_bytes())?;
    let card = report::model_card(&CardContext { manifest, report, graph })?;
    staging.write(folder::CARD, card.as_bytes())?;
    let features = feature_texts(graph)?;
    let description = compose(&Parts {
        card: &card,
        report: &report_json,
        schema: &schema,
        graph: &model,
        program,
        recipe: &recipe_json,
        example: Some(&example),
        features: features.as_deref(),
        key: manifest.key,
    })?;
    staging.write(folder::DESCRIPTION, &description)?;
    staging.write(folder::MANIFEST, &pretty(manifest)?)?;
    Ok(())
}

/// The features' names as a description has them; none where there are none.
fn feature_texts(graph: &QuantGraph) -> Result<Option<Vec<u8>>, Error> {
    let features = &graph.input.features;
    if features.iter().all(|feature| feature.name.is_empty()) {
        return Ok(None);
    }
    let texts: Vec<_> =
        features.iter().map(|feature| json!({ "name": feature.name, "unit": "" })).collect();
    Ok(Some(compact(&texts)?))
}

fn compact(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn pretty(value: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn settings(job: &Job, toolchain: &Toolchain) -> Settings {
    let options = &job.options;
    Settings {
        features: match options.features {
            FeatureMode::Exact => "exact",
            FeatureMode::Fixed => "fixed",
        }
        .to_owned(),
        max_loss: options.max_loss,
        margin: options.margin,
        input_range: options.input_range,
        bits: options.bits,
        threshold: job.threshold.clone(),
        task: job.task,
        shape: job.shape,
        labels_only: job.onnx.labels_only,
        calibration: job.calibration.as_ref().map(|(calibration, sha256)| CalibrationFile {
            sha256: sha256.clone(),
            rows: calibration.rows.len(),
        }),
        pinned_core_library: toolchain.is_pinned(),
    }
}

fn quantised(plan: &Plan) -> String {
    let last = plan.trials.last();
    let weights = last.into_iter().flat_map(|trial| &trial.weight_bits);
    let weights: Vec<String> = weights.map(ToString::to_string).collect();
    let bits = match weights.as_slice() {
        [] => "exact decisions".to_owned(),
        weights => format!("weights of {} bits", weights.join("/")),
    };
    format!("{bits}, {} trials", plan.trials.len())
}

/// `unrolled` or `looped`.
pub fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Unrolled => "unrolled",
        Shape::Looped => "looped",
    }
}

/// A row that the model accepts: a calibration row, or the middle of the declared ranges.
fn example_row(graph: &QuantGraph, rows: Option<&[Vec<f64>]>) -> Vec<f64> {
    let finite =
        |row: &&Vec<f64>| row.iter().all(|x| x.is_finite()) && graph.input.encode(row).is_ok();
    if let Some(row) = rows.and_then(|rows| rows.iter().find(finite)) {
        return row.clone();
    }
    let middle = |(feature, range): (usize, &nilometer_transpiler::quant::Range)| {
        if range.contains(0) {
            graph.input.decode(feature, 0)
        } else {
            graph.input.decode(feature, range.lo + (range.hi - range.lo) / 2)
        }
    };
    graph.input.ranges.iter().enumerate().map(middle).collect()
}

/// Runs the example, and some calibration rows: the most expensive run counts.
fn measure(
    program: &Program,
    graph: &QuantGraph,
    shapes: Shapes,
    example: &[f64],
    rows: Option<&[Vec<f64>]>,
) -> Result<CostReport, Error> {
    const MAX_ROWS: usize = 16;
    const MAX_STEPS: usize = 2_000_000;
    let options = Default::default();
    let mut worst = vm::run(program, graph, example, &options).context("the example row")?;
    let mut measured_rows = 1;
    let mut spent = worst.steps;
    for row in rows.unwrap_or_default().iter().skip(1).take(MAX_ROWS - 1) {
        // Rows outside the declared range are counted elsewhere.
        if spent >= MAX_STEPS || graph.input.encode(row).is_err() {
            continue;
        }
        let run = vm::run(program, graph, row, &options)?;
        spent += run.steps;
        measured_rows += 1;
        if run.steps > worst.steps {
            worst = run;
        }
    }
    let steps = worst.steps as u64;
    let builtins: BTreeMap<&'static str, usize> = worst.builtin_counts();
    Ok(CostReport {
        steps,
        measured_rows,
        // What is too long for a proof is padded like the rest.
        trace_rows: worst.proof_rows().map_or_else(|| gas::trace_rows(steps), |rows| rows as u64),
        builtins,
        l2_gas: gas::contract_l2_gas(graph, shapes, steps, &worst.builtins),
        estimated_steps: cost::estimate(graph, shapes.program),
        program_felts: program.code_len(),
    })
}
