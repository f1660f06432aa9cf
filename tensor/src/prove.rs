//! Keys and proofs of a compiled model.

use nilometer_stark::hash::WORD;
use nilometer_stark::prove::{Phase, ProverHash};
use nilometer_stark::{prove, Level, Params, Preprocessed, ProveError, Target};
use nilometer_tensor_air::{Felt, Instance, InstanceError, Key, ModelAir};
use nilometer_transpiler::schema::Schema;
use thiserror::Error;

use crate::{auxiliary, Compiled, FillError};

/// A compiled model whose preprocessed columns are committed to: made once, for any number of proofs.
pub struct ModelKey<H: ProverHash> {
    compiled: Compiled,
    preprocessed: Preprocessed<H>,
    key: Key,
}

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The rows cannot be filled.
    #[error(transparent)]
    Fill(#[from] FillError),
    /// The instance is none.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The engine makes none.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl<H: ProverHash> ModelKey<H> {
    /// Commits to a model's columns. The key is that of all security levels.
    ///
    /// # Errors
    /// The columns do not fit the engine.
    pub fn new(compiled: Compiled, target: Target) -> Result<Self, ProofError> {
        let params = Params::new(Level::default(), target, compiled.n_rows());
        let preprocessed = Preprocessed::new(&compiled.preprocessed, &params)?;
        let root: [u8; WORD] = H::to_bytes(&preprocessed.key());
        let schema = Schema::of(compiled.graph()).to_felts();
        let key = Key {
            n_rows: compiled.n_rows(),
            batch: compiled.batch(),
            root,
            hash: H::ID,
            target,
            schema: schema.iter().map(Felt::from).collect(),
        };
        Ok(Self { compiled, preprocessed, key })
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The root of the preprocessed columns.
    pub fn root(&self) -> H::Digest {
        self.preprocessed.key()
    }

    /// The model.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// Proves the model's results on encoded rows; returns what is proved and the proof.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub fn prove(
        &self,
        inputs: &[Vec<i128>],
        level: Level,
        phase: &dyn Fn(Phase),
    ) -> Result<(Instance, Vec<u8>), ProofError> {
        let witness = self.compiled.fill(inputs)?;
        let air = ModelAir::new(witness.instance)?;
        let columns = &self.compiled.preprocessed;
        let params = Params::new(level, self.key.target, self.key.n_rows);
        let make_aux = |main: &[Vec<Felt>], challenges: &[Felt], derived: &[Felt]| {
            auxiliary(&air, columns, main, challenges, derived)
        };
        let proof = prove(&air, &self.preprocessed, &params, witness.main, make_aux, phase)?;
        Ok((air.instance().clone(), proof))
    }
}
