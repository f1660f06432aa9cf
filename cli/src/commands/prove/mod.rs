//! `nilo prove`: a proof of a model's answers, or of the run of its program.

mod model;
mod program;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use nilometer_air::cairo::Security;
use nilometer_package::vm;

use crate::failure::UsageError;
use crate::input::{ReadArgs, Source};
use crate::output::Output;
use crate::proving::ByteSize;

/// Arguments of `nilo prove`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo prove package --input rows.npy:0 -o row0.proof
  nilo prove package --data X.npy --labels y.npy -o accuracy.proof
  nilo prove package --input row.json -o row.proof --security 128 --max-memory 2GB
  nilo prove package --of program --input rows.npy:0 -o run.proof
  nilo prove package --target starknet --input rows.npy:0 -o row0.proof --calldata verify.json

A proof of the model is checked with the model's key alone (`nilo key`). A proof of the program is about the run of
the package's Cairo program, and is checked with the package. Both are validity proofs: they show that this is the
answer, and hide nothing.")]
pub struct ProveArgs {
    /// The package
    pub package: PathBuf,
    /// What is proved: the quantised model, or the run of its Cairo program
    #[arg(long, value_enum, default_value_t)]
    pub of: Subject,
    /// The row (.npy, .json, .csv), in natural units; X.npy:7 is one row, counted from 0
    #[arg(short, long, value_name = "FILE[:ROW]", required_unless_present = "data")]
    pub input: Option<Source>,
    /// Prove the answers to all rows of this file
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub data: Option<PathBuf>,
    /// The true label of each row of `--data`: how many the model gets right becomes part of what is proved
    #[arg(long, value_name = "FILE", requires = "data")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Where the proof goes
    #[arg(short, long, value_name = "PROOF")]
    pub output: PathBuf,
    /// Who checks the proof: a machine, or a contract on Starknet (one row)
    #[arg(long, value_enum, default_value_t)]
    pub target: Target,
    /// Write the arguments of the contract's `verify` to this file, with `--target starknet`
    #[arg(long, value_name = "FILE")]
    pub calldata: Option<PathBuf>,
    /// Security: 100 or 128 bits, all proven; 96 for `--of program`
    #[arg(long, value_name = "LEVEL", default_value = crate::args::DEFAULT_SECURITY)]
    pub security: Security,
    /// Refuse to take more memory than this [default: what is available]
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<ByteSize>,
    /// Stop the run after so many steps, with `--of program`
    #[arg(long, value_name = "N", default_value_t = vm::MAX_STEPS)]
    pub max_steps: usize,
}

/// What a proof is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// The quantised model
    #[default]
    Model,
    /// The run of its Cairo program
    Program,
}

/// Who checks a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Target {
    /// A machine
    #[default]
    Native,
    /// A contract
    Starknet,
}

/// Proves.
///
/// # Errors
/// The package or a row is refused, the run fails, the proof takes too much memory, or the file
/// cannot be written.
pub fn run(args: &ProveArgs, output: &Output) -> Result<u8> {
    let for_contract = args.target == Target::Starknet;
    if for_contract && (args.of == Subject::Program || args.input.is_none()) {
        let reason = "`--target starknet` proves the model's answer to one row: `--input X.npy:0`";
        return Err(UsageError(reason.to_owned()).into());
    }
    if args.calldata.is_some() && !for_contract {
        return Err(UsageError("`--calldata` is for `--target starknet`".to_owned()).into());
    }
    match (args.of, &args.input) {
        (Subject::Model, _) => model::run(args, output),
        (Subject::Program, Some(input)) => program::run(args, input, output),
        (Subject::Program, None) => Err(UsageError(
            "`--data` is proved of the model; `--of program` proves one row: `--input X.npy:0`"
                .to_owned(),
        )
        .into()),
    }
}
