//! `nilo registry record`: tells the registry of a proof, which it does not verify.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_air::cairo::file::FORMAT_VERSION;
use nilometer_air::cairo::Security;
use nilometer_starknet::types::{digest_number, ProofRecord};
use nilometer_starknet::{Event, Felt};
use serde::Serialize;
use sha2::{Digest, Sha256};
use starknet_types_core::hash::{Poseidon, StarkHash};

use crate::args::DEFAULT_SECURITY;
use crate::chain::lookup::{events, find};
use crate::chain::{hex, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::check::{check, Checked};
use nilometer_package::model_proof::{self, commit, file};
use nilometer_package::Package;

/// Arguments of `nilo registry record`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry record 1 row0.proof --package package

The registry emits an event with the proof's hash and verifies nothing: the record is a claim. Anyone who has the proof file
and the package can verify it.")]
pub struct RecordArgs {
    /// The model's number
    pub id: u64,
    /// The proof; it is verified here before it is recorded
    pub proof: PathBuf,
    /// The package that the proof is about
    #[arg(long, value_name = "DIR")]
    pub package: PathBuf,
    /// The least security that the proof must have
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT_SECURITY)]
    pub security: Security,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Recorded {
    proof_id: Option<u64>,
    model_id: u64,
    version: u32,
    /// `claimed`: the registry has verified nothing.
    evidence: &'static str,
    proof_hash: String,
    input_hash: String,
    output_hash: String,
    security_bits: u16,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Records.
///
/// # Errors
/// The proof is invalid or of another program than the registered one, the account cannot pay, or the node fails.
pub fn run(args: &RecordArgs, output: &Output) -> Result<u8> {
    let bytes = std::fs::read(&args.proof)
        .with_context(|| format!("cannot read {}", args.proof.display()))?;
    let package = Package::open(&args.package)?;
    let statement = Statement::of(&package, &bytes, args.security)?;
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (_, version, record) = find(&session, registry, args.id, args.version)?;
    let program = &package.manifest.program_hash;
    if hex(&record.program_hash) != *program {
        let registered = hex(&record.program_hash);
        return Err(UsageError(format!(
            "the package's program is {program}, version {version} of the model has {registered}"
        ))
        .into());
    }
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let proof = ProofRecord {
        proof_hash: digest_number(digest),
        input_hash: statement.input_hash,
        output_hash: statement.output_hash,
        security_bits: u16::try_from(statement.bits).unwrap_or(u16::MAX),
        format_version: statement.format_version,
    };
    let sender = session.sender()?;
    let calls = vec![registry.record_proof(args.id, version, &proof)];
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "recording the proof")?;
    let mut proof_id = None;
    if let Some(receipt) = receipt {
        proof_id = events(registry, &receipt)?.iter().find_map(|event| match event {
            Event::ProofRecorded { proof_id, .. } => Some(*proof_id),
            _ => None,
        });
    }
    output.result(&Recorded {
        proof_id,
        model_id: args.id,
        version,
        evidence: "claimed",
        proof_hash: hex::encode(digest),
        input_hash: hex(&proof.input_hash),
        output_hash: hex(&proof.output_hash),
        security_bits: proof.security_bits,
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

/// What a proof that was checked here is about.
struct Statement {
    input_hash: Felt,
    output_hash: Felt,
    bits: u32,
    format_version: u16,
}

impl Statement {
    /// Checks a proof of the package's model, or of its program.
    fn of(package: &Package, bytes: &[u8], security: Security) -> Result<Self> {
        let hash = |integers: &[i128]| {
            let felts: Vec<Felt> = integers.iter().map(|&integer| Felt::from(integer)).collect();
            Poseidon::hash_array(&felts)
        };
        if file::version(bytes) != Some(file::FORMAT_VERSION) {
            let Checked { graph, integers, verified, .. } = check(package, bytes, security)?;
            let (input, output) = integers.split_at(graph.input_len());
            return Ok(Self {
                input_hash: hash(input),
                output_hash: hash(output),
                bits: verified.bits,
                format_version: FORMAT_VERSION,
            });
        }
        let graph = package.model()?;
        let key = commit::keys(&graph)?.model_key();
        let checked = model_proof::check::check(bytes, key, security.bits())?;
        let ([input], [output]) =
            (checked.inputs.as_slice(), checked.file.claim.outputs.as_slice())
        else {
            return Err(UsageError(
                "the registry records proofs of one row; this one is about a data set".to_owned(),
            )
            .into());
        };
        Ok(Self {
            input_hash: hash(input),
            output_hash: hash(output),
            bits: checked.bits,
            format_version: file::FORMAT_VERSION,
        })
    }
}

impl Message for Recorded {
    fn text(&self) -> String {
        let mut list = Vec::new();
        if let Some(id) = self.proof_id {
            list.push(("proof", id.to_string()));
        }
        list.extend([
            ("model", format!("{}, version {}", self.model_id, self.version)),
            ("proof hash", format!("SHA-256 {}", self.proof_hash)),
            ("security", format!("{} bits proven", self.security_bits)),
            (
                "evidence",
                "claimed on chain: verified here, and by anyone who has the file".to_owned(),
            ),
        ]);
        list.extend(self.transaction.fields());
        fields(list)
    }
}
