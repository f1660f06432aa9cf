//! What a valid proof says about a version: its program must be that of the version's contract.
//!
//! The registry does not check the program hash that a publisher registers. So a proof counts as evidence for a version
//! only if the version's contract gives the proved results for the proved row, and if graph, schema and program of the
//! description have the registered hashes.

use nilometer_starknet::{registry, Felt};

use crate::app::{felt, Answer, App};
use crate::described::Described;
use crate::store::KeptCheck;
use crate::view::{Check, ErrorKind, Trust, Verification, VersionView};

const MEANING: &str =
    "the version's contract, asked by this server, gives the same results for this row";

impl App {
    /// Asks the version's contract about the proved row, and keeps the check of a proof that it agrees with.
    pub(crate) async fn tie(
        &self,
        version: &VersionView,
        described: &Described,
        checked: &mut Verification,
    ) -> Answer<()> {
        let (Some(input), Some(output), Some(options)) =
            (checked.input_hash.clone(), checked.output_hash.clone(), &checked.options)
        else {
            return Ok(());
        };
        let proven_bits = options.proven_bits;
        let integers = |texts: &[String]| -> Option<Vec<Felt>> {
            texts.iter().map(|text| text.parse::<i128>().ok().map(Felt::from)).collect()
        };
        let proved: Vec<String> =
            checked.outputs.iter().flat_map(|output| output.integers.iter().cloned()).collect();
        let (Some(row), Some(proved)) = (integers(&checked.input_int), integers(&proved)) else {
            return Ok(());
        };
        let contract = felt(&version.contract)?;
        let agrees = match self.node(registry::predict(self.chain(), contract, &row)).await {
            Ok(executed) => Some(executed == proved),
            Err(error) if error.error == ErrorKind::BadRequest => Some(false),
            // A node that does not answer says nothing about the contract.
            Err(_) => None,
        };
        checked.contract_agrees = agrees;
        if let Some(passed) = agrees {
            let (what, meaning) = ("contract".to_owned(), MEANING.to_owned());
            let (expected, actual) = (String::new(), String::new());
            checked.checks.push(Check { what, meaning, passed, expected, actual });
        }
        if agrees == Some(false) {
            checked.valid = false;
            let reason = "the contract gives other results for this row: the proved program is not the model";
            checked.reason = Some(reason.to_owned());
            return Ok(());
        }
        // A class that knows only the row can neither change itself nor answer differently another time.
        let is_pure = match self.contract(version).await {
            Ok(view) => {
                view.class_unchanged == Some(true)
                    && view.system_calls.is_some_and(|calls| calls.is_empty())
            }
            Err(_) => false,
        };
        let tied = agrees == Some(true) && is_pure && described.view.all_checked();
        checked.trust = tied.then_some(Trust::Proved);
        let (proof_hash, program_hash) = (checked.proof_hash.clone(), version.program_hash.clone());
        let (model_id, version) = (version.model_id, version.version);
        checked.records = self
            .write(move |store| {
                store.keep_check(&KeptCheck {
                    model_id,
                    version,
                    program_hash: &program_hash,
                    input_hash: &input,
                    output_hash: &output,
                    proven_bits,
                    tied,
                })?;
                store.records_of((model_id, version), &proof_hash, &input, &output)
            })
            .await?;
        Ok(())
    }
}
