//! Proofs of models: their key is made again from the registered graph, and compared.

use nilometer_package::check::agree;
use nilometer_package::model_proof::check::{check as check_file, ModelProofError};
use nilometer_package::model_proof::claim::Rows;
use nilometer_package::model_proof::commit::committed;
use nilometer_package::model_proof::file::ModelProofFile;
use nilometer_package::model_proof::key::model_key;
use nilometer_package::Error;
use nilometer_starknet::Felt;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::{Progress, MINIMUM};
use crate::store::hex;
use crate::view::{Decoded, ProofOptionsView, Verification, VersionView};
use nilometer_package::answer::{integers, natural};

/// The longest trace whose key is made here: more takes too much of a server's memory.
const MAX_TRACE_ROWS: usize = 1 << 13;

/// What a proof must be, in the order in which it is looked at.
const STEPS: [(&str, &str); 6] = [
    ("file", "the file is a proof file of this version"),
    ("shape", "it is about one row and its results"),
    ("key", "its key is that of the registered model, made again here from the model itself"),
    ("security", "its parameters reach at least the security that is wanted"),
    ("proof", "the STARK proof itself: commitments, constraints, low degree"),
    ("model", "the registered model, evaluated here on the proved row, gives the same integers"),
];

/// Checks a proof of a model. Blocks.
pub(super) fn check(
    version: &VersionView,
    graph: Option<&QuantGraph>,
    bytes: &[u8],
) -> Verification {
    let mut progress = Progress::new(&STEPS, version, bytes);
    let file = match ModelProofFile::from_bytes(bytes) {
        Ok(file) => file,
        Err(error) => return progress.fail(0, error),
    };
    progress.pass(0, "", format!("{} bytes", bytes.len()));
    let key = match (&file.claim.rows, file.keys.as_slice()) {
        (Rows::Encoded(rows), [(_, key)])
            if rows.len() == 1 && key.batch == 1 && key.n_rows <= MAX_TRACE_ROWS =>
        {
            key
        }
        (Rows::Data(_), _) => {
            let reason = "it is about a data set: `nilo verify` checks such proofs, this server checks those of one row";
            return progress.fail(1, reason);
        }
        _ => {
            let reason = format!("proofs of one row with up to {MAX_TRACE_ROWS} rows of trace are checked here; `nilo verify` checks all");
            return progress.fail(1, reason);
        }
    };
    let schema = match file.schema() {
        Ok(schema) => schema,
        Err(error) => return progress.fail(1, error),
    };
    progress.pass(1, "", "one row");
    let Some(graph) = graph else {
        return progress.fail(2, "the description has no model with the registered hash");
    };
    if let Err(error) = committed(graph, key) {
        let reason = match error {
            Error::OtherKeys(_) => {
                "the proof is about another model than the registered one".to_owned()
            }
            error => error.to_string(),
        };
        return progress.fail(2, reason);
    }
    let model_key = model_key(&file.key_hashes);
    progress.pass(2, "", model_key);
    // The key in use is the registered model's. The file's other key was not needed.
    let checked = match check_file(bytes, model_key, MINIMUM.bits()) {
        Ok(checked) => checked,
        Err(error @ Error::ModelProof(ModelProofError::Level { .. })) => {
            return progress.fail(3, error);
        }
        Err(error) => {
            progress.pass(3, "", "");
            return progress.fail(4, error);
        }
    };
    progress.pass(3, format!("at least {MINIMUM}"), format!("{} bits proven", checked.bits));
    progress.pass(4, "", "");
    let (input, output) = (&checked.inputs[0], &checked.file.claim.outputs[0]);
    if let Err(error) = agree(graph, input, output) {
        return progress.fail(5, error);
    }
    progress.pass(5, "", "");
    let options = ProofOptionsView {
        security: checked.file.level.to_string(),
        proven_bits: checked.bits,
        rows: checked.trace_rows,
        queries: checked.params.n_queries(),
        blowup: checked.params.blowup(),
        grinding_bits: checked.params.grinding_bits(),
    };
    answer(progress, &schema, (input, output), options)
}

fn answer(
    progress: Progress,
    schema: &Schema,
    (input, output): (&[i128], &[i128]),
    options: ProofOptionsView,
) -> Verification {
    let felts = |integers: &[i128]| -> Vec<Felt> {
        integers.iter().map(|&integer| Felt::from(integer)).collect()
    };
    let (input, output) = (felts(input), felts(output));
    let decoded = Decoded::of(Some(schema), &output);
    Verification {
        // It is *proved* only if the version's contract agrees: see `tie`.
        valid: true,
        input: natural(Some(schema), &input),
        input_int: integers(&input),
        input_hash: Some(hex(&Poseidon::hash_array(&input))),
        outputs: decoded.outputs,
        output_hash: Some(hex(&Poseidon::hash_array(&output))),
        label: decoded.label,
        options: Some(options),
        ..progress.verification
    }
}

#[cfg(test)]
mod tests {
    use nilometer_package::model_proof::file::Level;
    use nilometer_package::model_proof::prove::ModelProver;
    use nilometer_transpiler::plan::{plan, PlanOptions};
    use nilometer_transpiler::{onnx, passes};

    use super::*;

    fn graph(name: &str) -> QuantGraph {
        let path = format!("{}/../examples/zoo/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let float = passes::simplify(onnx::import(&std::fs::read(path).unwrap()).unwrap());
        plan(&float, None, &PlanOptions::default()).unwrap().graph
    }

    #[test]
    fn a_proof_holds_for_its_own_model_alone() {
        let (iris, wine) = (graph("tree_iris_dt4"), graph("tree_wine_rf10"));
        let row = iris.input.encode(&[5.1, 3.5, 1.4, 0.2]).unwrap();
        let prover = ModelProver::new(&iris, None, 1, None).unwrap();
        let prove =
            |rows| prover.prove(rows, Level::default(), &|_| (), &|_| ()).unwrap().to_bytes();
        let bytes = prove(Rows::Encoded(vec![row.clone()]));
        let version = VersionView::default();
        let verification = check(&version, Some(&iris), &bytes);
        assert!(verification.valid, "{:?}", verification.reason);
        assert_eq!(verification.input_int.len(), 4);
        assert!(verification.checks.iter().all(|check| check.passed));
        assert_eq!(verification.checks.len(), STEPS.len());

        let failed = |graph: Option<&QuantGraph>, bytes: &[u8]| {
            let verification = check(&version, graph, bytes);
            assert!(!verification.valid && verification.input.is_empty());
            verification.checks.last().unwrap().what.clone()
        };
        assert_eq!(failed(Some(&wine), &bytes), "key");
        assert_eq!(failed(None, &bytes), "key");
        assert_eq!(failed(Some(&iris), &bytes[..bytes.len() - 1]), "file");
        let mut other = bytes.clone();
        let place = other.len() - 100;
        other[place] ^= 1;
        assert_eq!(failed(Some(&iris), &other), "proof");
    }
}
