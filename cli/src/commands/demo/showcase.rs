//! `nilo demo --explore`: a registry with some days of life on a local node, in the explorer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{bail, Context, Result};
use nilometer_air::cairo::{Security, FORMAT_VERSION};
use nilometer_cairo::RunOptions;
use nilometer_explorer::Options;
use nilometer_starknet::codec::to_short_string;
use nilometer_starknet::devnet::{self, DevnetOptions};
use nilometer_starknet::registry::{approve, deploy, deployed, predict, ClaimRecord, STRK};
use nilometer_starknet::types::{digest_number, NewModel, NewVersion, ProofRecord};
use nilometer_starknet::{Call, Chain, Devnet, Felt, Receipt, Registry, Sender};
use nilometer_transpiler::plan::{Calibration, PlanOptions};
use sha2::{Digest, Sha256};
use starknet_types_core::hash::{Poseidon, StarkHash};
use tokio::runtime::{Builder, Runtime};

use super::DemoArgs;
use crate::args::ToolchainArgs;
use crate::chain::class;
use crate::output::Output;
use crate::progress::{stage, Stages};
use crate::site::Site;
use crate::{input, proving};
use nilometer_package::pipeline::{self, Job, Onnx};
use nilometer_package::scratch::Scratch;
use nilometer_package::vm;
use nilometer_package::Package;

/// One STRK, and a hundredth.
const TOKEN: u128 = 1_000_000_000_000_000_000;
const CENT: u128 = TOKEN / 100;
/// Smallest units of STRK per L2 gas, for bonds.
const GAS_PRICE: u128 = 10_000_000_000;
/// How long claims can be challenged.
const WINDOW: u64 = 3_600;
const HOUR: u64 = 3_600;
/// The registry's life, of which each round takes a part.
const ROUNDS: u64 = 8;
const ROUND: u64 = 9 * HOUR;

/// A bundled model.
struct Example {
    name: &'static str,
    onnx: &'static [u8],
    calibration: Option<&'static [u8]>,
    inputs: &'static [u8],
    features: usize,
    price: u128,
    licence: &'static str,
}

macro_rules! file {
    ($path:literal) => {
        include_bytes!(concat!("../../../../examples/", $path))
    };
}

const EXAMPLES: [Example; 4] = [
    Example {
        name: "iris_tree",
        onnx: file!("iris-tree/model.onnx"),
        calibration: None,
        inputs: file!("iris-tree/inputs.npy"),
        features: 4,
        price: CENT,
        licence: "MIT",
    },
    Example {
        name: "breast_cancer_forest",
        onnx: file!("breast-cancer-forest/model.onnx"),
        calibration: None,
        inputs: file!("breast-cancer-forest/inputs.npy"),
        features: 30,
        price: 5 * CENT,
        licence: "MIT",
    },
    Example {
        name: "rockybot",
        onnx: file!("rockybot/rockybot.onnx"),
        calibration: Some(file!("rockybot/calibration.npy")),
        inputs: file!("rockybot/inputs.npy"),
        features: 36,
        price: 0,
        licence: "MIT",
    },
    Example {
        name: "digits_mlp",
        onnx: file!("digits-mlp/model.onnx"),
        calibration: Some(file!("digits-mlp/calibration.npy")),
        inputs: file!("digits-mlp/inputs.npy"),
        features: 64,
        price: 2 * CENT,
        licence: "Apache-2.0",
    },
];

/// A model that was published.
struct Published {
    id: u64,
    price: u128,
    contract: Felt,
    package: PathBuf,
    /// Rows as the model's integers.
    rows: Vec<Vec<Felt>>,
    /// The first row in natural units.
    first: Vec<f64>,
}

/// Makes a registry live, and serves the explorer on it until Ctrl-C.
///
/// # Errors
/// There is no node to start, the toolchain cannot be made, the node refuses something, or the address cannot be used.
pub fn run(args: &DemoArgs, output: &Output) -> Result<u8> {
    // What is waited for in `live`, so that the node's clock ends where ours is.
    let life = ROUNDS * ROUND + 2 * WINDOW + 120;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let start = Instant::now();
    let options = DevnetOptions { start_time: Some(now - life), ..DevnetOptions::default() };
    let devnet = Devnet::start(&options)?;
    stage(output, "node", &format!("starknet-devnet at {}", devnet.url()), start.elapsed());

    let scratch = Scratch::new_in(&std::env::temp_dir(), "nilo-demo-")
        .context("cannot make a temporary folder")?;
    let models = scratch.path().join("models");
    fs::create_dir(&models).context("cannot make a temporary folder")?;
    for example in &EXAMPLES {
        let start = Instant::now();
        transpile(example, &models, &args.toolchain)?;
        stage(output, "transpile", example.name, start.elapsed());
    }
    let stay = Stay::new(devnet.url(), &args.toolchain, output)?;
    let mut published = Vec::new();
    for example in &EXAMPLES {
        let start = Instant::now();
        let model = stay.publish(example, &models.join(example.name))?;
        stage(
            output,
            "publish",
            &format!("{} is model {}", example.name, model.id),
            start.elapsed(),
        );
        published.push(model);
    }
    let start = Instant::now();
    stay.live(&published)?;
    stage(output, "life", "paid calls, claims, a lost dispute", start.elapsed());
    let start = Instant::now();
    let proof = stay.prove(&published[0], scratch.path())?;
    stage(output, "prove", &format!("a proof to try: {}", proof.display()), start.elapsed());
    output.line("")?;

    let site = Site {
        url: devnet.url().to_owned(),
        registry: stay.registry.address,
        listen: args.listen,
        index: Some(scratch.path().join("index.sqlite")),
        reindex: false,
        open: args.open,
        options: Options {
            network: "devnet".to_owned(),
            packages: vec![models],
            ..Options::default()
        },
    };
    site.serve(output)
}

fn transpile(example: &Example, folder: &Path, toolchain: &ToolchainArgs) -> Result<()> {
    let calibration = match example.calibration {
        Some(bytes) => {
            let rows = input::parse_npy("calibration.npy", bytes)?.rows(example.features)?;
            Some((Calibration { rows }, nilometer_package::sha256(bytes)))
        }
        None => None,
    };
    let job = Job {
        onnx: Onnx::import(example.onnx.to_vec(), false)?,
        name: example.name.to_owned(),
        calibration,
        options: PlanOptions::default(),
        threshold: None,
        task: None,
        shape: None,
        toolchain: toolchain.options(),
    };
    pipeline::transpile(&job, &folder.join(example.name), &Stages::new(|_| ()))?;
    Ok(())
}

/// A registry on the node, and the accounts that live there.
struct Stay {
    runtime: Runtime,
    url: String,
    chain: Chain,
    senders: Vec<Sender>,
    registry: Registry,
}

impl Stay {
    fn new(url: &str, toolchain: &ToolchainArgs, output: &Output) -> Result<Self> {
        let start = Instant::now();
        let runtime = Builder::new_current_thread().enable_all().build().context("the runtime")?;
        let chain = runtime.block_on(Chain::connect(url))?;
        let accounts = runtime.block_on(devnet::accounts(url))?;
        let senders: Vec<Sender> =
            accounts.iter().take(6).map(|account| Sender::new(chain.clone(), account)).collect();
        let Some(owner) = senders.first() else { bail!("the node has no accounts") };
        let class = class::registry(toolchain)?.class;
        runtime.block_on(owner.declare(&class))?;
        let constructor =
            Registry::constructor(owner.address(), STRK, WINDOW, 3 * WINDOW, TOKEN, GAS_PRICE);
        let calls = vec![deploy(class.class_hash, Felt::ONE, &constructor)];
        let receipt = runtime.block_on(owner.execute(calls))?;
        let address = deployed(&receipt).context("the deployment names no address")?;
        stage(output, "registry", &format!("{address:#x}"), start.elapsed());
        let registry = Registry::at(address);
        Ok(Self { runtime, url: url.to_owned(), chain, senders, registry })
    }

    fn send(&self, account: usize, calls: Vec<Call>) -> Result<Receipt> {
        let sender = self.senders.get(account).context("the node has too few accounts")?;
        Ok(self.runtime.block_on(sender.execute(calls))?)
    }

    /// Sends a call that the registry takes an amount for.
    fn pay(&self, account: usize, amount: u128, call: Call) -> Result<Receipt> {
        let approval = (amount > 0).then(|| approve(STRK, self.registry.address, amount));
        self.send(account, approval.into_iter().chain([call]).collect())
    }

    fn wait(&self, seconds: u64) -> Result<()> {
        Ok(self.runtime.block_on(devnet::increase_time(&self.url, seconds))?)
    }

    fn publish(&self, example: &Example, folder: &Path) -> Result<Published> {
        let package = Package::open(folder)?;
        let class = class::package(&package)?.class;
        let sender = self.senders.first().context("the node has no accounts")?;
        self.runtime.block_on(sender.declare(&class))?;
        let manifest = &package.manifest;
        let felt = |text: &str| Felt::from_hex(text).with_context(|| format!("the hash {text:?}"));
        let short = |text: &str| to_short_string(text).unwrap_or_default();
        let digest: [u8; 32] = Sha256::digest(package.description()?).into();
        let model = NewModel {
            name: manifest.name.clone(),
            kind: short(&manifest.kind),
            licence: short(example.licence),
            price: example.price,
            bond: 0,
        };
        let version = NewVersion {
            class_hash: class.class_hash,
            model_hash: felt(&manifest.model_hash)?,
            program_hash: felt(&manifest.program_hash)?,
            metadata_uri: String::new(),
            metadata_hash: digest_number(digest),
            challenge_gas: class::challenge_gas(&package)?,
        };
        self.send(0, vec![self.registry.register(&model, &version)])?;
        let id = self.runtime.block_on(self.registry.totals(&self.chain))?.n_models;
        let version = self.runtime.block_on(self.registry.version(&self.chain, id, 1))?;
        let graph = package.model()?;
        let inputs = input::parse_npy("inputs.npy", example.inputs)?.rows(example.features)?;
        let encode = |row: &Vec<f64>| {
            let integers = graph.input.encode(row).ok()?;
            Some(integers.into_iter().map(Felt::from).collect())
        };
        let rows: Vec<Vec<Felt>> = inputs.iter().filter_map(encode).collect();
        let first = inputs.into_iter().find(|row| graph.input.encode(row).is_ok());
        let first = first.context("the model takes none of its rows")?;
        Ok(Published {
            id,
            price: example.price,
            contract: version.contract,
            package: folder.to_owned(),
            rows,
            first,
        })
    }

    /// Some days: calls in every round, and disputes between them.
    fn live(&self, models: &[Published]) -> Result<()> {
        for round in 0..ROUNDS {
            for (place, model) in models.iter().enumerate() {
                // Some models are liked better than others, and some days are busier.
                let place = place as u64;
                let n_calls = 1 + (round * (place + 3) + place) % (models.len() as u64 - place);
                for call in 0..n_calls {
                    let row = &model.rows[((round * 7 + call) as usize) % model.rows.len()];
                    let account = 1 + ((round + call) % 5) as usize;
                    let call = self.registry.call(model.id, 1, row, model.price);
                    self.pay(account, model.price, call)?;
                }
            }
            match round {
                // A liar, and somebody who has it executed.
                1 => {
                    let claim = self.claim(&models[0], 2, 10, true)?;
                    self.challenge(3, claim)?;
                }
                // Nobody objects.
                3 => {
                    let claim = self.claim(&models[3], 2, 5, false)?;
                    self.wait(WINDOW + 60)?;
                    let record = self.record(claim)?;
                    self.send(2, vec![self.registry.finalize(claim, &record.claim)])?;
                }
                // Somebody doubts what holds.
                5 => {
                    let claim = self.claim(&models[1], 4, 5, false)?;
                    self.challenge(5, claim)?;
                }
                _ => {}
            }
            self.wait(ROUND)?;
        }
        self.send(0, vec![self.registry.distribute(models[0].id)])?;
        self.send(3, vec![self.registry.withdraw()])?;
        // The clock is nearly where clocks outside are: this claim can still be challenged.
        self.wait(WINDOW)?;
        self.claim(&models[2], 4, 3, false).map(|_| ())
    }

    fn record(&self, claim: u64) -> Result<ClaimRecord> {
        Ok(self.runtime.block_on(self.registry.claim_record(&self.chain, claim))?)
    }

    /// Has the only row of a claim executed.
    fn challenge(&self, account: usize, claim: u64) -> Result<()> {
        let record = self.record(claim)?;
        let call = self.registry.challenge(claim, &record.claim, 0, &record.inputs[0]);
        self.send(account, vec![call]).map(|_| ())
    }

    /// Claims the answer to a model's first row, or another one; the claim's number.
    fn claim(&self, model: &Published, account: usize, tokens: u128, lies: bool) -> Result<u64> {
        let row = &model.rows[0];
        let mut output = self.runtime.block_on(predict(&self.chain, model.contract, row))?;
        if let Some(first) = output.first_mut().filter(|_| lies) {
            *first += Felt::ONE;
        }
        let bond = tokens * TOKEN;
        self.pay(account, bond, self.registry.claim(model.id, 1, row, &output, bond))?;
        Ok(self.runtime.block_on(self.registry.totals(&self.chain))?.n_claims)
    }

    /// Proves a model's first row and records that; the proof file.
    fn prove(&self, model: &Published, folder: &Path) -> Result<PathBuf> {
        let package = Package::open(&model.package)?;
        let (graph, program) = package.model_and_program()?;
        let options = RunOptions { trace: true, ..RunOptions::default() };
        let (_, run) = vm::run_whole(&program, &graph, &model.first, &options)?;
        let bytes = proving::prove(&program, &run, Security::DEFAULT)?.file.to_bytes();
        let file = folder.join("row0.proof");
        fs::write(&file, &bytes).with_context(|| format!("cannot write {}", file.display()))?;
        let (input, output) = run.output.split_at(graph.input_len());
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        let record = ProofRecord {
            proof_hash: digest_number(digest),
            input_hash: Poseidon::hash_array(input),
            output_hash: Poseidon::hash_array(output),
            security_bits: Security::DEFAULT.bits() as u16,
            format_version: FORMAT_VERSION,
        };
        self.send(5, vec![self.registry.record_proof(model.id, 1, &record)])?;
        Ok(file)
    }
}
