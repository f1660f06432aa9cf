//! Proofs of a model's answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use nilometer_package::answer::Answer;
use nilometer_package::folder::write_whole;
use nilometer_package::model_proof::claim::{Accuracy, DataSet, Rows};
use nilometer_package::model_proof::file::Level;
use nilometer_package::model_proof::key::{model_key, Digest};
use nilometer_package::model_proof::prove::{ModelPlan, ModelProver, Phase, StarknetProver};
use nilometer_package::numbers::{bytes, percent, thousands};
use nilometer_package::Package;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use super::{ProveArgs, Target};
use crate::answer;
use crate::failure::UsageError;
use crate::input::Columns;
use crate::output::{Message, Output};
use crate::progress::Progress;
use crate::proving::peak_rss_bytes;
use crate::table::fields;

/// The command's result.
#[derive(Serialize)]
struct ProveResult {
    of: &'static str,
    proof: String,
    key: Digest,
    model_hash: String,
    /// Rows of the trace.
    rows: usize,
    /// How many proofs the file has.
    proofs: usize,
    #[serde(flatten)]
    claim: Proved,
    #[serde(flatten)]
    contract: Option<Contract>,
    /// Making the proofs.
    prove_ms: f64,
    /// Reading the model and committing to it.
    load_ms: f64,
    /// From the start of the command.
    total_ms: f64,
    phases_ms: BTreeMap<&'static str, f64>,
    estimated_peak_bytes: u64,
    peak_rss_bytes: Option<u64>,
    proof_bytes: usize,
    security: String,
    security_bits: u32,
}

/// What a contract is given.
#[derive(Serialize)]
struct Contract {
    /// Felts of the proof.
    felts: usize,
    /// Felts of all arguments of the contract's `verify`.
    calldata_felts: usize,
    /// The hash of the key that the contract computes.
    contract_key: String,
}

/// What is proved.
#[derive(Serialize)]
#[serde(untagged)]
enum Proved {
    Row {
        outputs: Vec<f64>,
        outputs_int: Vec<String>,
        label: Option<Value>,
        #[serde(skip)]
        answer: Answer,
    },
    Data {
        inputs: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        correct: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<usize>,
        data_hash: Digest,
    },
}

/// Proves the model's answers.
///
/// # Errors
/// The package or a row is refused, the proof takes too much memory, or the file cannot be written.
pub fn run(args: &ProveArgs, output: &Output) -> Result<u8> {
    let start = Instant::now();
    let level = Level::from_bits(args.security.bits())
        .map_err(|error| UsageError(format!("`--security`: {error}; `--of program` has others")))?;
    let package = Package::open(&args.package)?;
    // The keys are of this model, which is checked below, and they have the manifest's hash.
    let known = package.keys()?;
    let graph = match known {
        Some(_) => package.unhashed_model()?,
        None => package.model()?,
    };
    let schema = Schema::of(&graph);
    let reader = args.read.reader(output);
    let columns = Columns::of(&graph.input);
    let (rows, first) = match (&args.input, &args.data) {
        (Some(input), _) => {
            let (row, values) = input.one_row(&columns, &reader)?;
            (Rows::Encoded(vec![graph.input.encode(&values)?]), row)
        }
        (None, Some(path)) => {
            let rows = reader.read_rows(path, &columns)?.rows(graph.input_len())?;
            let labels = match &args.labels {
                None => None,
                Some(file) => {
                    let labels = reader.read(file)?;
                    labels.expect_rows(rows.len(), path)?;
                    Some(labels.labels()?)
                }
            };
            (Rows::Data(DataSet { rows, labels }), 0)
        }
        (None, None) => return Err(UsageError("give `--input` or `--data`".to_owned()).into()),
    };
    let max_memory = args.max_memory.map(|size| size.0);
    let n_rows = rows.len();
    let phases = Phases::default();
    let begin = |phase: Phase| phases.begin(phase);
    let note = |plan: ModelPlan| {
        output.note(&format!(
            "{} rows of trace: a proof takes up to {} of memory",
            thousands(plan.trace_rows),
            bytes(plan.peak_bytes as usize)
        ));
        (plan, start.elapsed(), Instant::now())
    };
    let ((plan, load, proving), proof, contract) = match (args.target, rows) {
        (Target::Starknet, Rows::Encoded(mut rows)) => {
            let prover = StarknetProver::new(&graph, max_memory)?;
            let noted = note(prover.plan());
            let row = rows.pop().unwrap_or_default();
            let proved = prover.prove(row, level, &begin)?;
            let hex = |word: &[u8; 32]| format!("0x{}", hex::encode(word));
            if let Some(path) = &args.calldata {
                let felts: Vec<String> = proved.calldata.iter().map(hex).collect();
                write_whole(path, &serde_json::to_vec(&felts)?)?;
            }
            let contract = Contract {
                felts: proved.felts,
                calldata_felts: proved.calldata.len(),
                contract_key: hex(&proved.key_hash),
            };
            (noted, proved.file, Some(contract))
        }
        (_, rows) => {
            let prover = ModelProver::new(&graph, known.as_ref(), n_rows, max_memory)?;
            let noted = note(prover.plan());
            let progress = Progress::rows("proving", n_rows);
            let proof = prover.prove(rows, level, &begin, &|done| progress.advance_to(done))?;
            (noted, proof, None)
        }
    };
    let proving = proving.elapsed();
    let phases = phases.end();
    let claim = proved(&proof.claim.rows, &proof.claim.outputs, &schema, first)?;
    let key = model_key(&proof.key_hashes);
    let file = proof.to_bytes();
    write_whole(&args.output, &file)?;

    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    output.result(&ProveResult {
        of: "model",
        proof: args.output.display().to_string(),
        key,
        model_hash: package.manifest.model_hash.clone(),
        rows: plan.trace_rows,
        proofs: proof.proofs.len(),
        claim,
        contract,
        prove_ms: ms(proving),
        load_ms: ms(load),
        total_ms: ms(start.elapsed()),
        phases_ms: phases.into_iter().map(|(phase, time)| (phase, ms(time))).collect(),
        estimated_peak_bytes: plan.peak_bytes,
        peak_rss_bytes: peak_rss_bytes(),
        proof_bytes: file.len(),
        security: level.to_string(),
        security_bits: level.bits(),
    })?;
    Ok(0)
}

fn proved(
    rows: &Rows,
    outputs: &[Vec<i128>],
    schema: &Schema,
    first: usize,
) -> Result<Proved, nilometer_package::Error> {
    match rows {
        Rows::Encoded(rows) => {
            let answer = Answer::new(schema, first, &rows[0], &outputs[0])?;
            Ok(Proved::Row {
                outputs: answer.numbers(|output| &output.values),
                outputs_int: answer.numbers(|output| &output.integers),
                label: answer.label.clone(),
                answer,
            })
        }
        Rows::Data(data) => {
            let accuracy = data.accuracy(schema, outputs)?;
            Ok(Proved::Data {
                inputs: data.rows.len(),
                correct: accuracy.map(|accuracy| accuracy.correct),
                total: accuracy.map(|accuracy| accuracy.total),
                data_hash: data.hash(),
            })
        }
    }
}

/// How long each phase took, over all proofs.
#[derive(Default)]
struct Phases {
    times: RefCell<BTreeMap<&'static str, Duration>>,
    begun: RefCell<Option<(&'static str, Instant)>>,
}

impl Phases {
    fn begin(&self, phase: Phase) {
        let now = Instant::now();
        if let Some((name, begun)) = self.begun.replace(Some((name(phase), now))) {
            *self.times.borrow_mut().entry(name).or_default() += now - begun;
        }
    }

    fn end(self) -> BTreeMap<&'static str, Duration> {
        let mut times = self.times.into_inner();
        if let Some((name, begun)) = self.begun.into_inner() {
            *times.entry(name).or_default() += begun.elapsed();
        }
        times
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Main => "commit",
        Phase::Aux => "lookups",
        Phase::Quotient => "constraints",
        Phase::Fri => "fri",
        Phase::Queries => "queries",
    }
}

/// "97.2% of 1,797 rows of the data set 0x…", or the rows alone.
fn sentence(rows: usize, accuracy: Option<Accuracy>, data_hash: &Digest) -> String {
    match accuracy {
        Some(accuracy) => format!(
            "{} of {} rows ({}) of the data set {data_hash} get their label",
            thousands(accuracy.correct),
            thousands(accuracy.total),
            percent(accuracy.share())
        ),
        None => format!("the answers to {} rows of the data set {data_hash}", thousands(rows)),
    }
}

impl Message for ProveResult {
    fn text(&self) -> String {
        let mut text = match &self.claim {
            Proved::Row { answer, .. } => answer::text(answer),
            Proved::Data { inputs, correct, total, data_hash } => {
                let accuracy = correct.zip(*total);
                let accuracy = accuracy.map(|(correct, total)| Accuracy { correct, total });
                format!("{}\n\n", sentence(*inputs, accuracy, data_hash))
            }
        };
        let proofs = match self.proofs {
            1 => String::new(),
            proofs => format!(", {} proofs", thousands(proofs)),
        };
        let contract = self.contract.iter().flat_map(|contract| {
            let felts = format!(
                "{} felts, {} with all arguments",
                thousands(contract.felts),
                thousands(contract.calldata_felts)
            );
            [("on chain", felts), ("contract key", contract.contract_key.clone())]
        });
        let rows = [
            ("trace", format!("{} rows{proofs}", thousands(self.rows))),
            (
                "time",
                format!(
                    "{:.1} ms, and {:.1} ms to read the model and commit to it",
                    self.prove_ms, self.load_ms
                ),
            ),
            ("memory", self.peak_rss_bytes.map_or("?".to_owned(), |peak| bytes(peak as usize))),
            ("security", self.security.clone()),
            ("key", self.key.to_string()),
            ("proof", format!("{} ({})", self.proof, bytes(self.proof_bytes))),
        ];
        text += &fields(rows.into_iter().chain(contract));
        text
    }
}
