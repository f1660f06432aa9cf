//! The models of the zoo, and the whole path from ONNX to a run.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nilometer_air::cairo::{ProofFile, Security};
use nilometer_cairo::compile::Sources;
use nilometer_cairo::{Program, Run, RunOptions, Toolchain, ToolchainOptions};
use nilometer_transpiler::emit::{self, CairoPackage, PackageMeta, Shapes};
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::plan::{self, choose_shapes, Calibration, Plan, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::{onnx, passes};
use nilometer_verifier::{verify, VerifyError};
use starknet_types_core::felt::Felt;
use tempfile::TempDir;

pub use nilometer_test_support::zoo::{folder, rows, MODELS};

/// A model of the zoo with its data.
pub struct Model {
    /// Its name.
    pub name: String,
    /// The simplified float graph.
    pub graph: Graph,
    /// The rows to predict.
    pub inputs: Vec<Vec<f64>>,
    /// The recorded scores, one row each.
    pub expected: Vec<Vec<f64>>,
    /// The recorded label output, where the model has one.
    pub expected_label: Option<Vec<Vec<f64>>>,
    /// The rows to calibrate on.
    pub calibration: Calibration,
}

impl Model {
    /// Reads a model and imports it.
    pub fn load(name: &str) -> Self {
        let file = |suffix: &str| folder().join(format!("{name}{suffix}"));
        let graph = onnx::import(&fs::read(file(".onnx")).unwrap()).unwrap();
        let inputs = rows(&file("_inputs.npy"));
        let own = file("_calibration.npy");
        let calibration =
            Calibration { rows: if own.exists() { rows(&own) } else { inputs.clone() } };
        let label = file("_expected_label.npy");
        Self {
            name: name.to_owned(),
            graph: passes::simplify(graph),
            inputs,
            expected: rows(&file("_expected.npy")),
            expected_label: label.exists().then(|| rows(&label)),
            calibration,
        }
    }

    /// Quantises it with its calibration rows.
    pub fn plan(&self, options: &PlanOptions) -> Plan {
        plan::plan(&self.graph, Some(&self.calibration), options).unwrap()
    }
}

/// A compiled model.
pub struct Built {
    /// The sources.
    pub package: CairoPackage,
    /// The program.
    pub program: Program,
    /// The Starknet class, as JSON.
    pub class: Vec<u8>,
    /// How long the front end took, and the back end for the program.
    pub compile_time: (Duration, Duration),
    _folder: TempDir,
}

/// The toolchain, made on first use.
pub fn toolchain() -> Toolchain {
    Toolchain::locate(&ToolchainOptions::default(), &|_| {}).unwrap()
}

/// Emits a model and compiles it: the program, and the contract too if asked for.
pub fn build(graph: &QuantGraph, shapes: Option<Shapes>, contract: bool) -> Built {
    let meta =
        PackageMeta { name: "model".into(), model_hash: format!("{:#x}", graph.model_hash()) };
    let shapes = shapes.unwrap_or_else(|| choose_shapes(graph, None, true));
    let package = emit::emit(graph, &meta, shapes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in &package.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime-cairo/src");
    let sources = Sources {
        crates: [
            ("model".to_owned(), folder.path().join("src")),
            (emit::RUNTIME_NAME.to_owned(), runtime),
        ]
        .into(),
        main: vec!["model".to_owned()],
    };
    let contracts: &[&str] = if contract { &["model::contract::Model"] } else { &[] };
    let start = Instant::now();
    let mut compiled = match toolchain().compile(&sources, &["model::program::main"], contracts) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{error}"),
    };
    let front = start.elapsed();
    let start = Instant::now();
    let sierra = compiled.sierra.take().unwrap();
    let program = Program::from_sierra(&sierra, "model::program::main").unwrap();
    let compile_time = (front, start.elapsed());
    let class = compiled.contracts.pop().unwrap_or_default();
    Built { package, program, class, compile_time, _folder: folder }
}

/// Runs the program on a row of the model's integers; the results behind the echoed input.
pub fn run(program: &Program, input: &[i128]) -> (Vec<i128>, Run) {
    let felts: Vec<Felt> = input.iter().map(|&x| Felt::from(x)).collect();
    let run = program.run(&felts, &RunOptions::default()).unwrap();
    let (echo, results) = run.output.split_at(felts.len());
    assert_eq!(echo, felts, "the program writes its input first");
    let results = results.iter().map(signed).collect();
    (results, run)
}

/// What a run on a row that the program refuses says.
pub fn refusal(program: &Program, input: &[i128]) -> String {
    let felts: Vec<Felt> = input.iter().map(|&x| Felt::from(x)).collect();
    program.run(&felts, &RunOptions::default()).unwrap_err().to_string()
}

/// Proves a run, and verifies that the proof shows it and no other.
///
/// Returns the rows of the trace and the bytes of the proof.
pub fn prove(program: &Program, input: &[i128]) -> (usize, usize) {
    let felts: Vec<Felt> = input.iter().map(|&x| Felt::from(x)).collect();
    let options = RunOptions { trace: true, ..RunOptions::default() };
    let run = program.run(&felts, &options).unwrap();
    let file = nilometer_prover::prove(program, &run, Security::DEFAULT, &|_| {}).unwrap();
    let (rows, bytes) = (file.rows, file.to_bytes());
    let claim = program.claim(&run.output).unwrap();
    verify(&claim, &bytes, Security::DEFAULT).unwrap();
    // Another output, which the file is made to state as well: only the proof itself can tell.
    let mut output = run.output.clone();
    *output.last_mut().unwrap() += Felt::ONE;
    let other = program.claim(&output).unwrap();
    let stated = ProofFile { output: other.output().to_vec(), ..file };
    let refused = verify(&other, &stated.to_bytes(), Security::DEFAULT);
    assert!(matches!(refused, Err(VerifyError::Proof(_))), "{refused:?}");
    (rows, bytes.len())
}

/// The signed integer that a felt stands for.
pub fn signed(felt: &Felt) -> i128 {
    match i128::try_from(*felt) {
        Ok(value) => value,
        Err(_) => -i128::try_from(-*felt).unwrap(),
    }
}
