//! Proofs of a model's answers.

pub use nilometer_stark::prove::Phase;
use nilometer_stark::{Blake3, Level, Params, Poseidon, Target};
use nilometer_tensor::{compile, ModelKey};
use nilometer_tensor_air::calldata;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;

use super::check::{instance, ModelProofError};
use super::claim::{Claim, Rows};
use super::commit::{committed, for_starknet, keys};
use super::file::{ModelProofFile, Segment, MAX_ROWS};
use super::key::KeySet;
use crate::proving::ProvingError;
use crate::Error;

/// What proofs of rows will take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelPlan {
    /// Rows of the longest trace.
    pub trace_rows: usize,
    /// Bytes of memory, at most.
    pub peak_bytes: u64,
    /// How many proofs.
    pub proofs: usize,
}

impl ModelPlan {
    /// The plan of a proof about one row.
    pub fn single(keys: &KeySet) -> Self {
        let trace_rows = keys.keys()[0].n_rows;
        Self { trace_rows, peak_bytes: peak_bytes(trace_rows, Target::Native), proofs: 1 }
    }

    /// About how long the proofs take, in milliseconds, on two cores with AVX-512 (`nilo bench zoo`).
    pub fn estimated_ms(&self) -> f64 {
        const FIXED_MS: f64 = 6.0;
        const ROW_MS: f64 = 0.012;
        self.proofs as f64 * (FIXED_MS + ROW_MS * self.trace_rows as f64)
    }
}

/// Bytes of memory of a proof, at most: all columns, extended, and what is made of them.
fn peak_bytes(trace_rows: usize, target: Target) -> u64 {
    const COLUMNS: usize = 96;
    const BASE: u64 = 24 << 20;
    let blowup = Params::new(Level::default(), target, trace_rows).blowup();
    BASE + (trace_rows * blowup * COLUMNS * 32) as u64
}

/// Proves a model's answers.
pub struct ModelProver<'a> {
    graph: &'a QuantGraph,
    key_hashes: Vec<[u8; 32]>,
    keys: Vec<ModelKey<Blake3>>,
    /// The place of each of `keys` among the hashes.
    places: Vec<usize>,
    plan: ModelPlan,
}

impl<'a> ModelProver<'a> {
    /// Prepares to prove answers to so many rows. `known` are the package's keys: with them only those that are needed
    /// are made again, and compared.
    ///
    /// # Errors
    /// The model has no proof, `known` are not its keys, or the proofs take more memory than there may be.
    pub fn new(
        graph: &'a QuantGraph,
        known: Option<&KeySet>,
        n_rows: usize,
        max_bytes: Option<u64>,
    ) -> Result<Self, Error> {
        if n_rows == 0 || n_rows > MAX_ROWS {
            return Err(ProvingError::RowCount { rows: n_rows, most: MAX_ROWS }.into());
        }
        let computed;
        let known = match known {
            Some(known) => known,
            None => {
                computed = keys(graph)?;
                &computed
            }
        };
        let single = &known.keys()[0];
        let bulk = known.keys().get(1).filter(|bulk| {
            let fits = ProvingError::check(
                peak_bytes(bulk.n_rows, Target::Native),
                bulk.n_rows,
                max_bytes,
            );
            // One long proof takes as long as so many short ones.
            n_rows * single.n_rows > bulk.n_rows && fits.is_ok()
        });
        let (places, longest, proofs) = match bulk {
            None => (vec![0], single.n_rows, n_rows),
            Some(bulk) => {
                let rest = n_rows % bulk.batch;
                let alone = rest * single.n_rows <= bulk.n_rows;
                let places = if rest > 0 && alone { vec![0, 1] } else { vec![1] };
                let last = if alone { rest } else { 1 };
                (places, bulk.n_rows, n_rows / bulk.batch + last)
            }
        };
        let peak_bytes = peak_bytes(longest, Target::Native);
        ProvingError::check(peak_bytes, longest, max_bytes)?;
        let mut made = Vec::with_capacity(places.len());
        for &place in &places {
            made.push(committed(graph, &known.keys()[place])?);
        }
        let plan = ModelPlan { trace_rows: longest, peak_bytes, proofs };
        Ok(Self { graph, key_hashes: known.hashes(), keys: made, places, plan })
    }

    /// What it takes.
    pub fn plan(&self) -> ModelPlan {
        self.plan
    }

    /// Proves the model's answers to all rows; `phase` hears what begins, `proved` how many rows are done.
    ///
    /// # Errors
    /// The model refuses a row.
    pub fn prove(
        &self,
        rows: Rows,
        level: Level,
        phase: &dyn Fn(Phase),
        proved: &dyn Fn(usize),
    ) -> Result<ModelProofFile, Error> {
        let schema = Schema::of(self.graph);
        let inputs = rows.encoded(&schema)?;
        let mut outputs = Vec::with_capacity(inputs.len());
        let mut proofs = Vec::new();
        let mut rest = inputs.as_slice();
        while !rest.is_empty() {
            let (key, place) = self.key_for(rest.len());
            let (these, others) = rest.split_at(rest.len().min(key.key().batch));
            rest = others;
            let last = these.last().into_iter().cycle();
            let padded: Vec<Vec<i128>> =
                these.iter().chain(last).take(key.key().batch).cloned().collect();
            let (proven, proof) = key.prove(&padded, level, phase)?;
            let results: Vec<Vec<i128>> = these.iter().map(|row| self.graph.run(row)).collect();
            if proven != instance(key.key(), these, &results) {
                return Err(ModelProofError::Inconsistent.into());
            }
            outputs.extend(results);
            proofs.push(Segment { key: place, rows: these.len(), proof });
            proved(outputs.len());
        }
        let is_used = |place: &usize| proofs.iter().any(|proof| proof.key == *place);
        let keys = self.places.iter().zip(&self.keys).filter(|(place, _)| is_used(place));
        Ok(ModelProofFile {
            level,
            key_hashes: self.key_hashes.clone(),
            keys: keys.map(|(place, key)| (*place, key.key().clone())).collect(),
            claim: Claim { rows, outputs },
            proofs,
        })
    }

    /// The key for the next proof of so many rows.
    fn key_for(&self, rows: usize) -> (&ModelKey<Blake3>, usize) {
        let last = self.keys.len() - 1;
        let which = if rows < self.keys[last].key().batch { 0 } else { last };
        (&self.keys[which], self.places[which])
    }
}

/// Proves a model's answer to one row for a contract on Starknet.
pub struct StarknetProver<'a> {
    graph: &'a QuantGraph,
    key: ModelKey<Poseidon>,
    plan: ModelPlan,
}

/// A proof for a contract.
#[derive(Clone, Debug)]
pub struct StarknetProof {
    /// The file.
    pub file: ModelProofFile,
    /// The hash of the model's key for contracts, as the contract computes it.
    pub key_hash: [u8; 32],
    /// Felts of the proof.
    pub felts: usize,
    /// The arguments of the contract's `verify`, big-endian.
    pub calldata: Vec<[u8; 32]>,
}

impl<'a> StarknetProver<'a> {
    /// Commits to the model.
    ///
    /// # Errors
    /// The model has no proof, or it takes more memory than there may be.
    pub fn new(graph: &'a QuantGraph, max_bytes: Option<u64>) -> Result<Self, Error> {
        let compiled = compile(graph, 1)?;
        let trace_rows = compiled.n_rows();
        let peak_bytes = peak_bytes(trace_rows, Target::Starknet);
        ProvingError::check(peak_bytes, trace_rows, max_bytes)?;
        let plan = ModelPlan { trace_rows, peak_bytes, proofs: 1 };
        Ok(Self { graph, key: for_starknet(compiled)?, plan })
    }

    /// What it takes.
    pub fn plan(&self) -> ModelPlan {
        self.plan
    }

    /// Proves the model's answer to an encoded row.
    ///
    /// # Errors
    /// The model refuses the row.
    pub fn prove(
        &self,
        row: Vec<i128>,
        level: Level,
        phase: &dyn Fn(Phase),
    ) -> Result<StarknetProof, Error> {
        let key = self.key.key();
        let (proven, proof) = self.key.prove(std::slice::from_ref(&row), level, phase)?;
        let outputs = vec![self.graph.run(&row)];
        if proven != instance(key, std::slice::from_ref(&row), &outputs) {
            return Err(ModelProofError::Inconsistent.into());
        }
        let calldata = calldata::arguments(key, &proven, level, &proof)
            .ok_or(ModelProofError::Inconsistent)?;
        let key_hash = key.hash();
        let felts = proof.len() / nilometer_stark::hash::WORD;
        let file = ModelProofFile {
            level,
            key_hashes: vec![key_hash],
            keys: vec![(0, key.clone())],
            claim: Claim { rows: Rows::Encoded(vec![row]), outputs },
            proofs: vec![Segment { key: 0, rows: 1, proof }],
        };
        let calldata = calldata.into_iter().map(|felt| felt.to_be_bytes()).collect();
        Ok(StarknetProof { file, key_hash, felts, calldata })
    }
}
