//! Checking proofs that visitors bring: in a bounded pool, against the registered program or the registered model.

mod model;

use std::sync::Arc;
use std::time::{Duration, Instant};

use nilometer_air::cairo::{ProofFile, Security};
use nilometer_package::check::{agree, ProofProgram};
use nilometer_package::model_proof::file;
use nilometer_package::sha256;
use nilometer_starknet::Felt;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::{signed, Schema};
use nilometer_verifier::{verify_file, Verified, VerifyError};
use starknet_types_core::hash::{Poseidon, StarkHash};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::{busy, internal, not_found, timed_out, too_large, Answer, App};
use crate::store::hex;
use crate::view::{Check, Decoded, ProofOptionsView, Verification, VersionView};
use nilometer_package::answer::{integers, natural};

/// The most bytes of a proof that is checked.
pub const MAX_PROOF: usize = 4 << 20;
/// Proofs that wait, for each one that is checked.
const WAITING: usize = 8;
/// How long a proof may wait and be checked.
const DEADLINE: Duration = Duration::from_secs(20);
/// The least security that counts as proved.
const MINIMUM: Security = Security::DEFAULT;

/// Threads that check proofs, and room to wait for them.
#[derive(Debug)]
pub struct VerifyPool {
    workers: Arc<Semaphore>,
    room: Semaphore,
}

impl VerifyPool {
    /// A pool that checks so many proofs at the same time.
    pub fn new(workers: usize) -> Self {
        let workers = workers.max(1);
        Self {
            workers: Arc::new(Semaphore::new(workers)),
            room: Semaphore::new(workers * (WAITING + 1)),
        }
    }

    /// Does work when it is its turn. Work that outlasts its caller keeps its worker until it ends.
    ///
    /// # Errors
    /// There is no room, it takes too long, or the work panics.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Answer<T> {
        let Ok(_room) = self.room.try_acquire() else {
            return Err(busy("too many proofs are being checked: try again in a while"));
        };
        let start = Instant::now();
        let worker = timeout(DEADLINE, self.workers.clone().acquire_owned()).await;
        let Ok(Ok(worker)) = worker else {
            return Err(busy("too many proofs are being checked: try again in a while"));
        };
        let task = tokio::task::spawn_blocking(move || {
            let _worker = worker;
            work()
        });
        match timeout(DEADLINE.saturating_sub(start.elapsed()), task).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(internal("checking the proof failed")),
            Err(_) => Err(timed_out("checking the proof takes too long")),
        }
    }
}

impl App {
    /// Checks a proof file against a version's program.
    ///
    /// # Errors
    /// The file is too large, the version's program is not known here, or there is no room. A bad proof is not an error.
    pub async fn verify(&self, version: &VersionView, proof: Vec<u8>) -> Answer<Verification> {
        if proof.len() > MAX_PROOF {
            return Err(too_large(format!("a proof has at most {MAX_PROOF} bytes here")));
        }
        let described = self.description(version).await?;
        let Some(program) = described.program.clone() else {
            let why = described.view.reason.clone().unwrap_or_default();
            let why = if why.is_empty() { why } else { format!(": {why}") };
            return Err(not_found(format!(
                "proofs are checked against the version's program, which is in its description, and that is not here{why}"
            )));
        };
        // Without a schema the integers are shown as they are.
        let schema = self.checked_schema(version).await.ok().map(|(schema, _)| schema);
        let wanted = version.clone();
        let graph = described.graph.clone();
        let work = move || {
            let tied = Tied { program: &program, graph: graph.as_deref() };
            check(&wanted, &tied, schema.as_deref(), &proof)
        };
        let mut verification = self.pool().run(work).await?;
        if verification.valid {
            self.tie(version, &described, &mut verification).await?;
        }
        Ok(verification)
    }
}

/// What a proof must be, in the order in which it is looked at.
const STEPS: [(&str, &str); 9] = [
    ("file", "the file is a proof file of this version"),
    ("program", "it is about the registered program"),
    ("shape", "it is about one row and its results, all of them integers of the model"),
    ("security", "its parameters reach at least the security that is wanted"),
    ("advice", "what the prover adds to the statement can be"),
    ("structure", "every part has exactly the form and length that the parameters give"),
    ("remainder", "the last polynomial is the one that was committed to"),
    ("proof", "the STARK proof itself: commitments, constraints, low degree"),
    ("model", "the registered model, evaluated here on the proved row, gives the same integers as the program"),
];

/// The step that ties the program to the model.
const MODEL_STEP: usize = STEPS.len() - 1;

/// What was looked at so far, of a list of steps.
struct Progress {
    steps: &'static [(&'static str, &'static str)],
    verification: Verification,
}

impl Progress {
    /// Nothing yet.
    fn new(
        steps: &'static [(&'static str, &'static str)],
        version: &VersionView,
        bytes: &[u8],
    ) -> Self {
        let verification = Verification {
            valid: false,
            trust: None,
            reason: None,
            model_id: version.model_id,
            version: version.version,
            proof_hash: sha256(bytes),
            proof_bytes: bytes.len(),
            checks: Vec::new(),
            input: Vec::new(),
            input_int: Vec::new(),
            input_hash: None,
            outputs: Vec::new(),
            output_hash: None,
            label: None,
            program_hash: version.program_hash.clone(),
            options: None,
            records: Vec::new(),
            contract_agrees: None,
            verify_ms: 0.0,
        };
        Self { steps, verification }
    }

    fn pass(&mut self, step: usize, expected: impl ToString, actual: impl ToString) {
        self.push(step, true, expected.to_string(), actual.to_string());
    }

    fn fail(mut self, step: usize, reason: impl ToString) -> Verification {
        let reason = reason.to_string();
        self.push(step, false, String::new(), reason.clone());
        self.verification.reason = Some(reason);
        self.verification
    }

    fn push(&mut self, step: usize, passed: bool, expected: String, actual: String) {
        let (what, meaning) = self.steps[step];
        let (what, meaning) = (what.to_owned(), meaning.to_owned());
        self.verification.checks.push(Check { what, meaning, passed, expected, actual });
    }
}

/// What a proof is held against: parts of the description that have the registered hashes.
struct Tied<'a> {
    program: &'a ProofProgram,
    /// None where the description has no graph with the registered hash: then nothing is proved about the model.
    graph: Option<&'a QuantGraph>,
}

/// Checks bytes from anyone. Blocks.
fn check(
    version: &VersionView,
    tied: &Tied<'_>,
    schema: Option<&Schema>,
    bytes: &[u8],
) -> Verification {
    let start = Instant::now();
    let mut verification = match file::version(bytes) {
        Some(file::FORMAT_VERSION) => model::check(version, tied.graph, bytes),
        _ => check_steps(version, tied, schema, bytes),
    };
    verification.verify_ms = start.elapsed().as_secs_f64() * 1e3;
    verification
}

fn check_steps(
    version: &VersionView,
    tied: &Tied<'_>,
    schema: Option<&Schema>,
    bytes: &[u8],
) -> Verification {
    let mut progress = Progress::new(&STEPS, version, bytes);
    let file = match ProofFile::from_bytes(bytes) {
        Ok(file) => file,
        Err(error) => return progress.fail(0, error),
    };
    progress.pass(0, "", format!("{} bytes", bytes.len()));
    let stated = file.program_hash.to_string();
    if stated != version.program_hash {
        return progress.fail(1, format!("the proof is about the program {stated}"));
    }
    progress.pass(1, &version.program_hash, stated);
    let felts: Vec<Felt> = file.output.iter().map(Felt::from).collect();
    let n_inputs = match schema {
        Some(schema) => {
            let inputs: usize = schema.inputs.iter().map(|run| run.count).sum();
            let outputs: usize = schema.outputs.iter().map(|output| output.len).sum();
            if inputs + outputs != felts.len() {
                let reason = format!(
                    "the proof is about {} felts, the model has {inputs} of input and {outputs} of output",
                    felts.len()
                );
                return progress.fail(2, reason);
            }
            inputs
        }
        None => 0,
    };
    if let Some(index) = felts.iter().position(|felt| signed(felt).is_none()) {
        return progress.fail(2, format!("felt {index} is not an integer of a model"));
    }
    progress.pass(2, "", format!("{n_inputs} of input, {} of output", felts.len() - n_inputs));
    let claim = match tied.program.claim(file.output.clone()) {
        Ok(claim) => claim,
        Err(error) => return progress.fail(2, error),
    };
    match verify_file(&claim, file, MINIMUM) {
        Ok(verified) => proved(progress, &verified, (tied.graph, schema), &felts, n_inputs),
        Err(error) => {
            let step = match &error {
                VerifyError::File(_) => 0,
                VerifyError::Program { .. } => 1,
                VerifyError::Output { .. } => 2,
                VerifyError::Security { .. } => 3,
                VerifyError::Advice(_) => 4,
                VerifyError::Structure(_) => 5,
                VerifyError::Remainder => 6,
                _ => 7,
            };
            for step in 3..step {
                progress.pass(step, "", "");
            }
            progress.fail(step, error)
        }
    }
}

/// Whether the registered model gives the proved results for the proved row; why not.
fn agrees(graph: Option<&QuantGraph>, felts: &[Felt]) -> Result<(), String> {
    let Some(graph) = graph else {
        return Err("the description has no model with the registered hash: the program cannot be compared with it".to_owned());
    };
    let integers: Option<Vec<i128>> = felts.iter().map(signed).collect();
    let integers = integers.ok_or("a felt is not an integer of a model")?;
    let (input, output) = integers.split_at(graph.input_len().min(integers.len()));
    agree(graph, input, output).map_err(|error| error.to_string())
}

fn proved(
    mut progress: Progress,
    verified: &Verified,
    (graph, schema): (Option<&QuantGraph>, Option<&Schema>),
    felts: &[Felt],
    n_inputs: usize,
) -> Verification {
    let bits = verified.bits;
    let reached = format!("{bits} bits proven");
    progress.pass(3, format!("at least {MINIMUM}"), reached);
    for step in 4..MODEL_STEP {
        progress.pass(step, "", "");
    }
    if let Err(reason) = agrees(graph, felts) {
        return progress.fail(MODEL_STEP, reason);
    }
    progress.pass(MODEL_STEP, "", "");
    // Only now are the integers known to be those of a run.
    let (input, output) = felts.split_at(n_inputs);
    let decoded = Decoded::of(schema, output);
    Verification {
        // It is *proved* only if the version's contract agrees: see `tie`.
        valid: true,
        input: natural(schema, input),
        input_int: integers(input),
        input_hash: schema.map(|_| hex(&Poseidon::hash_array(input))),
        outputs: decoded.outputs,
        output_hash: schema.map(|_| hex(&Poseidon::hash_array(output))),
        label: decoded.label,
        options: Some(ProofOptionsView {
            security: verified.security.to_string(),
            proven_bits: bits,
            rows: verified.rows,
            queries: verified.options.num_queries(),
            blowup: verified.options.blowup_factor(),
            grinding_bits: verified.options.grinding_factor(),
        }),
        ..progress.verification
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::ErrorKind;

    #[test]
    fn a_program_that_is_not_the_model_proves_nothing() {
        use nilometer_transpiler::plan::{plan, PlanOptions};
        use nilometer_transpiler::{onnx, passes};
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/zoo/tree_iris_dt4.onnx");
        let float = passes::simplify(onnx::import(&std::fs::read(path).unwrap()).unwrap());
        let graph = plan(&float, None, &PlanOptions::default()).unwrap().graph;
        let input = graph.input.encode(&[5.1, 3.5, 1.4, 0.2]).unwrap();
        let mut integers = input.clone();
        integers.extend(graph.run(&input));
        let felts = |integers: &[i128]| -> Vec<Felt> {
            integers.iter().map(|&integer| Felt::from(integer)).collect()
        };
        assert_eq!(agrees(Some(&graph), &felts(&integers)), Ok(()));
        // Every single result counts.
        for index in input.len()..integers.len() {
            let mut other = integers.clone();
            other[index] += 1;
            let reason = agrees(Some(&graph), &felts(&other)).unwrap_err();
            assert!(reason.contains("the program is not the model"), "{reason}");
        }
        assert!(agrees(Some(&graph), &felts(&integers[1..])).is_err());
        assert!(agrees(Some(&graph), &[]).is_err());
        let reason = agrees(None, &felts(&integers)).unwrap_err();
        assert!(reason.contains("no model with the registered hash"), "{reason}");
    }

    #[tokio::test]
    async fn the_pool_is_bounded_and_survives() {
        let pool = Arc::new(VerifyPool::new(1));
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let mut waiting = Vec::new();
        for _ in 0..=WAITING {
            let (pool, gate) = (pool.clone(), gate.clone());
            let work = move || gate.lock().unwrap().recv().is_ok();
            waiting.push(tokio::spawn(async move { pool.run(work).await }));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(pool.run(|| ()).await.unwrap_err().error, ErrorKind::Busy);
        for _ in 0..=WAITING {
            release.send(()).unwrap();
        }
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(true));
        }
        let panics = || -> () { panic!("a defect") };
        assert_eq!(pool.run(panics).await.unwrap_err().error, ErrorKind::Internal);
        assert_eq!(pool.run(|| 7).await, Ok(7), "a panic does not cost a worker");
    }
}
