//! Checking a proof against a package: what `nilo verify` and the explorer rely on.
//!
//! A proof ties an input and an output to a *program*, by the program's hash. Nothing in it says that the program is
//! the *model* of the same package: that is checked here, on the proved row, by evaluating the graph whose hash is
//! the model's. For every other row it is known only to those who have transpiled the ONNX file again
//! ([`crate::pipeline::rebuild`]).

use std::time::Instant;

use nilometer_air::cairo::{Claim, ClaimError, ProofFile, Security};
use nilometer_cairo::Program;
use nilometer_field::Felt;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::signed;
use nilometer_verifier::{verify_file, Verified, VerifyError};
use starknet_types_core::felt::Felt as VmFelt;
use thiserror::Error;

use crate::{Error, Package};

/// A proof that is not about what it should be about.
#[derive(Debug, Error)]
pub enum AboutError {
    /// Another program.
    #[error("the proof is about the program {actual}, the package's is {expected}")]
    Program {
        /// The package's.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// The program or its output cannot be claimed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Other lengths than the model's.
    #[error("the proof is about {actual} felts, the model has {expected} of input and output")]
    Length {
        /// The model's.
        expected: usize,
        /// The proof's.
        actual: usize,
    },
    /// A felt that is not an integer of the model.
    #[error("felt {index} of the proof's output is {actual}, which no run of the model gives")]
    Felt {
        /// Its position.
        index: usize,
        /// What it is.
        actual: Felt,
    },
    /// Another input.
    #[error("the proof is about another input: {feature} is {actual}, {expected} is wanted")]
    Input {
        /// The feature.
        feature: String,
        /// What the caller wants, in natural units.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// Another output.
    #[error("the proof is about another output: {output} is {actual}, {expected} is wanted")]
    Output {
        /// Which.
        output: String,
        /// What the caller wants.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// Another number of outputs than the model has.
    #[error("the proof is about another output: it has {actual} numbers, {expected} are wanted")]
    OutputCount {
        /// How many the caller wants.
        expected: usize,
        /// How many there are.
        actual: usize,
    },
    /// The program ran on a row that the model does not take.
    #[error("the program is not the model: it ran on a row that the model refuses ({feature} is {value}, which is outside the declared range)")]
    Refused {
        /// The feature.
        feature: String,
        /// Its value in natural units.
        value: f64,
    },
    /// The program gives other results than the model.
    #[error("the program is not the model: on this row the program gives {program} for {output}, the model gives {model}")]
    Disagree {
        /// The first output that differs.
        output: String,
        /// The program's integer.
        program: i128,
        /// The model's.
        model: i128,
    },
    /// A proof about something of another kind.
    #[error("the proof is about {actual}, not about {expected}")]
    Kind {
        /// What it is about.
        actual: &'static str,
        /// What it should be about.
        expected: &'static str,
    },
    /// A proof about another data set.
    #[error("the proof is about the data set {actual}, the one given has the hash {expected}")]
    Data {
        /// The hash of the caller's.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// Another model or program than the one that is expected.
    #[error("the package's {what} is {actual}, {expected} is expected")]
    Expected {
        /// `model hash`, `program hash`.
        what: &'static str,
        /// What the caller expects.
        expected: String,
        /// The package's.
        actual: String,
    },
    /// The ONNX file gives another model or program.
    #[error("this ONNX file compiles to the {what} {actual}, the package's is {expected}")]
    Rebuilt {
        /// `model hash`, `program hash`.
        what: &'static str,
        /// The package's.
        expected: String,
        /// What came of the ONNX file.
        actual: String,
    },
}

impl AboutError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Program { .. } => {
                Some("give the package of the model that was proved with `--model DIR`")
            }
            Self::Refused { .. } | Self::Disagree { .. } => Some(
                "the package's `program.json` and `model.json` are not one model: do not rely on it, and transpile the ONNX file yourself",
            ),
            Self::Rebuilt { .. } => Some(
                "the package was not made from this ONNX file by this version and core library: do not rely on it until you know why",
            ),
            _ => None,
        }
    }
}

/// A program that proofs are checked against: what a claim needs of it, without hints.
#[derive(Debug)]
pub struct ProofProgram(Claim);

impl ProofProgram {
    /// What a verifier needs of a program.
    ///
    /// # Errors
    /// Proofs do not cover a builtin of the program, or it is too long.
    pub fn of(program: &Program) -> Result<Self, ClaimError> {
        program.claim(Vec::<Felt>::new()).map(Self)
    }

    /// "This program ran and wrote this output."
    ///
    /// # Errors
    /// The output is too long.
    pub fn claim(&self, output: Vec<Felt>) -> Result<Claim, ClaimError> {
        let Self(program) = self;
        let (builtins, code) = (program.builtins().to_vec(), program.code().to_vec());
        Claim::with_program_hash(builtins, code, output, program.program_hash())
    }
}

/// A proof that holds for a package.
#[derive(Debug)]
pub struct Checked {
    /// The package's model.
    pub graph: QuantGraph,
    /// What the proof is about: the row, then the results.
    pub integers: Vec<i128>,
    /// The proof's parameters.
    pub verified: Verified,
    /// Reading and hashing the model and the program, in milliseconds.
    pub load_ms: f64,
    /// Checking the proof, in milliseconds.
    pub verify_ms: f64,
}

/// Checks that a file proves some run of a package's program.
///
/// # Errors
/// The package is damaged, or the file is not such a proof.
pub fn check(package: &Package, bytes: &[u8], security: Security) -> Result<Checked, Error> {
    let start = Instant::now();
    let (graph, program) = package.model_and_program()?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let file = ProofFile::from_bytes(bytes).map_err(VerifyError::from)?;
    let actual = file.program_hash.to_string();
    if actual != package.manifest.program_hash {
        let expected = package.manifest.program_hash.clone();
        return Err(AboutError::Program { expected, actual }.into());
    }
    // The claim is this package's program with the row and the results that are then shown.
    let integers = integers(&graph, &file.output)?;
    let claim = program.claim(file.output.iter().copied()).map_err(AboutError::from)?;
    let start = Instant::now();
    let verified = verify_file(&claim, file, security)?;
    let (input, output) = integers.split_at(graph.input_len());
    agree(&graph, input, output)?;
    let verify_ms = start.elapsed().as_secs_f64() * 1e3;
    Ok(Checked { graph, integers, verified, load_ms, verify_ms })
}

/// Evaluates the model on a program's input and compares every integer with the program's output: the two
/// have to be as long as the model's.
///
/// # Errors
/// The model refuses the row or gives other results: the program is not this model's.
pub fn agree(graph: &QuantGraph, input: &[i128], output: &[i128]) -> Result<(), AboutError> {
    let expected = graph.input_len() + graph.output_len();
    let actual = input.len() + output.len();
    if input.len() != graph.input_len() || output.len() != graph.output_len() {
        return Err(AboutError::Length { expected, actual });
    }
    let outside =
        graph.input.ranges.iter().zip(input).position(|(range, value)| !range.contains(*value));
    if let Some(feature) = outside {
        let value = graph.input.decode(feature, input[feature]);
        return Err(AboutError::Refused { feature: format!("feature {feature}"), value });
    }
    let model = graph.run(input);
    match model.iter().zip(output).position(|(model, program)| model != program) {
        None => Ok(()),
        Some(index) => Err(AboutError::Disagree {
            output: output_name(graph, index),
            program: output[index],
            model: model[index],
        }),
    }
}

/// The name of one of the integers that a model gives: `label`, `probabilities[2]`.
pub fn output_name(graph: &QuantGraph, index: usize) -> String {
    let mut first = 0;
    for output in &graph.outputs {
        let len = graph.nodes[output.value].ranges.len();
        if index < first + len {
            return match len {
                1 => output.name.clone(),
                _ => format!("{}[{}]", output.name, index - first),
            };
        }
        first += len;
    }
    format!("number {index}")
}

/// The model's integers behind felts.
fn integers(graph: &QuantGraph, felts: &[Felt]) -> Result<Vec<i128>, AboutError> {
    let expected = graph.input_len() + graph.output_len();
    if felts.len() != expected {
        return Err(AboutError::Length { expected, actual: felts.len() });
    }
    let integer = |(index, felt): (usize, &Felt)| {
        signed(&VmFelt::from(felt)).ok_or(AboutError::Felt { index, actual: *felt })
    };
    felts.iter().enumerate().map(integer).collect()
}
