//! Tests of prover and verifier together.

mod airs;
mod cheats;
mod mutants;
mod proofs;
mod soundcalc;

use airs::{Fibonacci, Lookup, LookupColumns, Wide};

use crate::prove::{prove_with, Preprocessed, ProveError, ProverHash, Strategy};
use crate::{verify, Felt, Level, Params, Target, VerifyError};

/// A proof of [`Lookup`] with all that its verification needs.
struct Case<H: ProverHash> {
    air: Lookup,
    columns: LookupColumns,
    preprocessed: Preprocessed<H>,
    params: Params,
}

impl<H: ProverHash> Case<H> {
    fn new(n_rows: usize, target: Target) -> Self {
        let params = Params::new(Level::Bits100, target, n_rows);
        let (air, columns) = Lookup::new(n_rows, 1);
        let preprocessed = Preprocessed::new(&columns.preprocessed, &params).unwrap();
        Self { air, columns, preprocessed, params }
    }

    fn key(&self) -> H::Digest {
        self.preprocessed.key()
    }

    /// A proof of other main columns, by a prover who may cheat.
    fn prove_with(
        &self,
        main: Vec<Vec<Felt>>,
        strategy: &mut dyn Strategy<H>,
    ) -> Result<Vec<u8>, ProveError> {
        let aux =
            |main: &[Vec<Felt>], z: &[Felt], _: &[Felt]| self.air.aux(&self.columns, main, z[0]);
        let (air, params) = (&self.air, &self.params);
        prove_with(air, &self.preprocessed, params, main, aux, &|_| {}, strategy)
    }

    fn prove(&self) -> Vec<u8> {
        self.prove_with(self.columns.main.clone(), &mut crate::prove::Honest).unwrap()
    }

    fn verify(&self, proof: &[u8]) -> Result<(), VerifyError> {
        verify::<H, _>(&self.air, &self.key(), &self.params, proof)
    }
}
