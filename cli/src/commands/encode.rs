//! `nilo encode`: rows as calldata, and results back to natural units.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use nilometer_starknet::codec::push_span;
use nilometer_starknet::types::Status;
use nilometer_starknet::Felt;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;

use crate::answer;
use crate::chain::lookup::find;
use crate::chain::prediction::{integer, Contract};
use crate::chain::{hex, parse_felt, ChainArgs, Session};
use crate::failure::UsageError;
use crate::input::{Columns, ReadArgs, Source};
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::answer::Answer;
use nilometer_package::Package;

/// Arguments of `nilo encode`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo encode package 5.1,3.5,1.4,0.2
  nilo encode package --input inputs.npy:0
  nilo encode package --results 0x0,0x100,0x0,0x0
  nilo encode --model 1 5.1,3.5,1.4,0.2
  nilo encode --claim 3

The calldata is that of a `Span<felt252>`: the length, then a felt for each feature.")]
#[group(id = "what", required = true, multiple = true, args = ["first", "input", "results", "claim"])]
pub struct EncodeArgs {
    /// The package; with `--model`, the row
    #[arg(value_name = "PACKAGE")]
    pub first: Option<String>,
    /// The row: numbers in natural units, separated by commas
    #[arg(allow_hyphen_values = true)]
    pub row: Option<String>,
    /// The row from a file (.npy, .json, .csv), such as X.npy:7
    #[arg(short, long, value_name = "FILE[:ROW]", conflicts_with = "row")]
    pub input: Option<Source>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Felts of a result, to be shown in natural units
    #[arg(long, value_name = "FELT,…", value_delimiter = ',', value_parser = parse_felt, conflicts_with_all = ["row", "input"])]
    pub results: Option<Vec<Felt>>,
    /// Encode for this model of the registry, instead of a package
    #[arg(long, value_name = "ID")]
    pub model: Option<u64>,
    /// Show a claim of the registry as calldata: its number, the claim, a row's number, the row, the claimed results
    #[arg(long, value_name = "ID", conflicts_with_all = ["first", "input", "results", "model"])]
    pub claim: Option<u64>,
    /// The row of the claim, counted from 0
    #[arg(long, value_name = "N", requires = "claim", default_value_t = 0)]
    pub index: usize,
    /// The model's version [default: the newest]
    #[arg(long, value_name = "N", requires = "model")]
    pub version: Option<u32>,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// A row as calldata.
#[derive(Serialize)]
struct Encoded {
    /// The model's integers.
    integers: Vec<String>,
    /// The row as a `Span<felt252>`: its length, then its felts.
    calldata: Vec<String>,
}

/// A result in natural units.
#[derive(Serialize)]
struct Decoded {
    #[serde(flatten)]
    answer: Answer,
}

/// A claim as calldata.
#[derive(Serialize)]
struct EncodedClaim {
    claim_id: u64,
    status: Status,
    /// The claim as entry points take it.
    claim: Vec<String>,
    /// Number, claim, row's number, row, claimed results.
    calldata: Vec<String>,
}

/// Encodes or decodes.
///
/// # Errors
/// The package or the model is not there, the row is refused, or the result is not one of the model's.
pub fn run(args: &EncodeArgs, output: &Output) -> Result<u8> {
    if let Some(claim_id) = args.claim {
        output.result(&encode_claim(args, claim_id)?)?;
        return Ok(0);
    }
    let (schema, row) = match (args.model, &args.first, &args.row) {
        (Some(id), row, None) => {
            let session = Session::open(&args.chain)?;
            let registry = session.registry()?;
            let (_, _, version) = find(&session, registry, id, args.version)?;
            (Contract::open(&session, &version)?.schema, row.clone())
        }
        (None, Some(package), row) => {
            let package = Package::open(&PathBuf::from(package))?;
            (Schema::of(&package.model()?), row.clone())
        }
        _ => return Err(UsageError("give a package, or `--model ID`, and a row".to_owned()).into()),
    };
    if let Some(results) = &args.results {
        let integers = results.iter().map(integer).collect::<Result<Vec<_>, _>>()?;
        output.result(&Decoded { answer: Answer::new(&schema, 0, &[], &integers)? })?;
        return Ok(0);
    }
    let input = schema.input()?;
    let values = match (&args.input, row) {
        (Some(source), None) => source.one_row(&Columns::of(&input), &args.read.reader(output))?.1,
        (None, Some(row)) => row.split(',').map(number).collect::<Result<_, _>>()?,
        _ => return Err(UsageError("give a row, `--input` or `--results`".to_owned()).into()),
    };
    let integers = input.encode(&values)?;
    let felts = integers.iter().map(|&integer| Felt::from(integer));
    let calldata = std::iter::once(Felt::from(integers.len())).chain(felts);
    output.result(&Encoded {
        integers: integers.iter().map(ToString::to_string).collect(),
        calldata: calldata.map(|felt| hex(&felt)).collect(),
    })?;
    Ok(0)
}

fn encode_claim(args: &EncodeArgs, claim_id: u64) -> Result<EncodedClaim> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let reading = registry.claim_record(&session.chain, claim_id);
    let record = session.wait_for("reading the claim", reading)?;
    let (Some(row), Some(results)) =
        (record.inputs.get(args.index), record.outputs.get(args.index))
    else {
        let (n_rows, index) = (record.inputs.len(), args.index);
        return Err(UsageError(format!(
            "the claim has {n_rows} rows, numbered from 0; there is no row {index}"
        ))
        .into());
    };
    let mut claim = Vec::new();
    record.claim.push(&mut claim);
    let mut calldata = vec![Felt::from(claim_id)];
    calldata.extend(&claim);
    calldata.push(args.index.into());
    push_span(&mut calldata, row);
    push_span(&mut calldata, results);
    let felts = |felts: &[Felt]| felts.iter().map(hex).collect();
    let (claim, calldata) = (felts(&claim), felts(&calldata));
    Ok(EncodedClaim { claim_id, status: record.status, claim, calldata })
}

/// A feature; `nan` is a missing one.
fn number(text: &str) -> Result<f64, UsageError> {
    let wrong = || UsageError(format!("{text:?} is not a number"));
    text.trim().parse().map_err(|_| wrong())
}

impl Message for Encoded {
    fn text(&self) -> String {
        fields([("integers", self.integers.join(" ")), ("calldata", self.calldata.join(" "))])
    }
}

impl Message for EncodedClaim {
    fn text(&self) -> String {
        fields([
            ("claim", self.claim_id.to_string()),
            ("status", self.status.text().to_owned()),
            ("calldata", self.calldata.join(" ")),
        ])
    }
}

impl Message for Decoded {
    fn text(&self) -> String {
        answer::text(&self.answer)
    }
}
