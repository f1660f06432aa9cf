//! Proofs of models for the verifier contract, and the contract: as a program and as a class.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nilometer_cairo::{CodeMap, Program, RunError, RunOptions, Sources};
use nilometer_stark::hash::Hash;
use nilometer_stark::{Level, Poseidon, Target};
use nilometer_tensor::{compile, ModelKey};
use nilometer_tensor_air::{calldata, verify, Felt, Instance, Key, ModelVerifyError};
use nilometer_transpiler::quant::QuantGraph;
use starknet_types_core::felt::Felt as StarknetFelt;

use crate::cairo_harness::toolchain;
use crate::chain::class;

/// The verifier, compiled.
pub struct Verifier {
    /// Reads the contract's arguments and writes the fact.
    pub program: Program,
    /// Which function a place of the program is in.
    pub map: CodeMap,
    /// The contract's class, as JSON.
    pub class_json: Vec<u8>,
}

/// The verifier's sources.
pub fn verifier_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier-contract/src")
}

/// Compiles the verifier once. Warnings are errors.
pub fn verifier() -> &'static Verifier {
    static COMPILED: OnceLock<Verifier> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let (main, other) = ("nilometer_verifier", "nilometer_verifier_mocks");
        let sources = Sources {
            crates: [
                (main.to_owned(), verifier_sources()),
                (other.to_owned(), verifier_sources().join("../mocks/src")),
            ]
            .into(),
            main: vec![main.to_owned(), other.to_owned()],
        };
        let function = "nilometer_verifier_mocks::main";
        let contract = "nilometer_verifier::verifier::ModelVerifier";
        let compiled = toolchain().compile(&sources, &[function], &[contract]);
        let mut compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(compiled.warnings, "", "the verifier compiles without warnings");
        let (program, map) =
            Program::from_sierra_with_map(&compiled.sierra.unwrap(), function).unwrap();
        Verifier { program, map, class_json: compiled.contracts.remove(0) }
    })
}

impl Verifier {
    /// The class, ready to be declared.
    pub fn class(&self) -> nilometer_starknet::Class {
        class(&self.class_json)
    }

    /// Steps of the program on arguments that it accepts.
    pub fn run_steps(&self, arguments: &[StarknetFelt]) -> usize {
        self.program.run(arguments, &RunOptions::default()).unwrap().steps
    }

    /// The functions that a run on arguments that it accepts goes through.
    pub fn functions(&self, arguments: &[StarknetFelt]) -> BTreeSet<String> {
        let options = RunOptions { trace: true, ..RunOptions::default() };
        let run = self.program.run(arguments, &options).unwrap();
        let base = run.segments.program.base;
        let rows = run.trace.iter().flatten();
        rows.map(|row| self.map.function(row.pc - base).to_owned()).collect()
    }

    /// Runs the program: what is proved, or the panic's message.
    pub fn run(&self, arguments: &[StarknetFelt]) -> Result<Vec<StarknetFelt>, String> {
        match self.program.run(arguments, &RunOptions::default()) {
            Ok(run) => Ok(run.output),
            Err(RunError::Panic { message, .. }) => Err(message),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A proof with all that its verification needs.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The model.
    pub key: Key,
    /// What is proved.
    pub instance: Instance,
    /// How well.
    pub level: Level,
    /// The proof.
    pub proof: Vec<u8>,
}

/// A model whose proofs contracts check.
pub fn model_key(graph: &QuantGraph, batch: usize) -> ModelKey<Poseidon> {
    ModelKey::new(compile(graph, batch).unwrap(), Target::Starknet).unwrap()
}

impl Proved {
    /// Proves a model's results on encoded rows.
    pub fn new(key: &ModelKey<Poseidon>, rows: &[Vec<i128>], level: Level) -> Self {
        let (instance, proof) = key.prove(rows, level, &|_| {}).unwrap();
        Self { key: key.key().clone(), instance, level, proof }
    }

    /// What the Rust verifier says.
    pub fn verify(&self) -> Result<(), ModelVerifyError> {
        verify::<Poseidon>(&self.key, self.instance.clone(), self.level, &self.proof)
    }

    /// The contract's arguments.
    pub fn arguments(&self) -> Vec<StarknetFelt> {
        let felts = calldata::arguments(&self.key, &self.instance, self.level, &self.proof);
        felts.expect("words that are felts").iter().map(StarknetFelt::from).collect()
    }

    /// What the contract returns.
    pub fn fact(&self) -> Vec<StarknetFelt> {
        let fact = calldata::fact(&self.key, &self.instance, self.level);
        fact.expect("a key for contracts").iter().map(StarknetFelt::from).collect()
    }

    /// The proof's words.
    pub fn felts(&self) -> Vec<Felt> {
        nilometer_stark::proof_felts(&self.proof).expect("words that are felts")
    }

    /// Another proof.
    pub fn set_felts(&mut self, felts: &[Felt]) {
        self.proof = felts.iter().flat_map(Poseidon::to_bytes).collect();
    }
}
