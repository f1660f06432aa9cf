//! Proofs of models: `nilo key`, `nilo prove`, `nilo verify --key`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{json, json_error, run, transpile, zoo, Scratch};

const MODEL: &str = "mlp_iris_4_16_3";

fn rows(model: &str) -> String {
    zoo(&format!("{model}_inputs.npy")).to_str().unwrap().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_proof_is_checked_with_the_key_alone() {
    for model in [MODEL, "tree_iris_dt4"] {
        let scratch = Scratch::new();
        let (package, made) = transpile(&scratch, model, &[]);
        let key = text(&made["key"]).to_owned();
        let row = format!("{}:7", rows(model));
        let proof = scratch.join("proof");
        let proved = json(&["prove", &package, "--input", &row, "-o", &proof]);
        assert_eq!((&proved["of"], &proved["key"]), (&"model".into(), &made["key"]));
        assert_eq!(proved["security_bits"], 100);
        assert_eq!(proved["proof_bytes"], fs::metadata(&proof).unwrap().len());
        for field in ["rows", "prove_ms", "peak_rss_bytes"] {
            assert!(proved[field].as_f64().is_some_and(|value| value > 0.0), "{field}");
        }
        let answer = json(&["run", &package, "--input", &row]);

        // Nothing of the package is there any more.
        fs::rename(&package, format!("{package}-away")).unwrap();
        let verified = json(&["verify", &proof, "--key", &key, "--input", &row]);
        assert_eq!((&verified["valid"], &verified["of"]), (&true.into(), &"model".into()));
        assert_eq!(verified["key"], made["key"]);
        assert_eq!(verified["security_bits"], 100);
        assert_eq!(verified["output"], answer["outputs"][0], "natural units, from the key");
        assert_eq!(verified["output_int"], answer["outputs_int"][0]);
        assert_eq!(verified["label"], answer["label"]);
        assert_eq!(verified["input_int"], answer["rows"][0]["input_int"]);
        assert!(verified["verify_ms"].as_f64().unwrap() > 0.0);

        let other = format!("{}:0", rows(model));
        for args in [
            vec!["--key", "0x12"],
            vec!["--key", &key, "--input", &other],
            vec!["--key", &key, "--output-int", "1,2,3"],
            vec!["--key", &key, "--data", &row],
            vec!["--key", &key, "--security", "128"],
        ] {
            let (code, error) = json_error(&[&["verify", &proof], args.as_slice()].concat());
            assert_eq!((code, &error["valid"]), (5, &Value::Bool(false)), "{args:?} {error}");
        }
        // Options that need what is not there.
        assert_eq!(json_error(&["verify", &proof]).0, 2);
        assert_eq!(json_error(&["verify", &proof, "--key", "nothing"]).0, 2);
        let args = ["verify", &proof, "--key", &key, "--model-hash", "0x1"];
        assert_eq!(json_error(&args).0, 2);
    }
}

#[test]
fn anyone_gets_the_same_key() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let onnx = zoo(&format!("{MODEL}.onnx"));
    let from_model = json(&["key", &package]);
    let from_onnx = json(&["key", &package, "--onnx", onnx.to_str().unwrap()]);
    assert_eq!(from_model["key"], made["key"]);
    assert_eq!(from_onnx["key"], made["key"]);
    let manifest = fs::read_to_string(Path::new(&package).join("nilometer.json")).unwrap();
    assert!(manifest.contains(text(&made["key"])));
    let description = fs::read_to_string(Path::new(&package).join("description.json")).unwrap();
    assert!(description.contains(text(&made["key"])));

    // Another model's ONNX file.
    let other = zoo("mlp_iris_4_16_3_dynamo.onnx");
    if other.exists() {
        let (code, _) = json_error(&["key", &package, "--onnx", other.to_str().unwrap()]);
        assert_eq!(code, 5);
    }
    // A package with another key than its model's.
    let row = format!("{}:0", rows(MODEL));
    let proof = scratch.join("proof");
    json(&["prove", &package, "--input", &row, "-o", &proof]);
    assert_eq!(json(&["verify", &proof, "--model", &package])["valid"], true);
    let path = Path::new(&package).join("model.json");
    let model = fs::read_to_string(&path).unwrap();
    // A result's name is part of what the key fixes.
    let output = model.rfind("\"outputs\":[{\"name\":\"").unwrap() + 20;
    fs::write(&path, format!("{}x{}", &model[..output], &model[output..])).unwrap();
    let (code, error) = json_error(&["prove", &package, "--input", &row, "-o", &proof]);
    assert_eq!(code, 5, "{error}");
    assert!(text(&error["message"]).contains("other keys than the model"), "{error}");
}

#[test]
fn one_model_s_proof_is_not_another_s() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let other = Scratch::new();
    let (_, margin) = transpile(&other, MODEL, &["--margin", "0.5"]);
    assert_ne!(made["key"], margin["key"], "the declared range is part of the key");
    let row = format!("{}:0", rows(MODEL));
    let proof = scratch.join("proof");
    json(&["prove", &package, "--input", &row, "-o", &proof]);
    let (code, _) = json_error(&["verify", &proof, "--key", text(&margin["key"])]);
    assert_eq!(code, 5);
}

#[test]
fn a_data_set_and_its_accuracy_are_proved() {
    let model = "tree_iris_dt4";
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, model, &[]);
    let key = text(&made["key"]);
    let data = rows(model);
    let labels = json(&["run", &package, "--input", &data])["labels"].clone();
    let mut labels: Vec<String> =
        labels.as_array().unwrap().iter().map(|label| label.to_string()).collect();
    let total = labels.len();
    // Two labels that the model does not give.
    for label in &mut labels[..2] {
        *label = "9".to_owned();
    }
    let labels = scratch.file("y.json", format!("[{}]", labels.join(",")));
    let proof = scratch.join("accuracy.proof");
    let args = ["prove", &package, "--data", &data, "--labels", &labels, "-o", &proof];
    let proved = json(&args);
    assert_eq!(proved["inputs"], total);
    assert_eq!((&proved["correct"], &proved["total"]), (&(total - 2).into(), &total.into()));
    let verified = json(&["verify", &proof, "--key", key]);
    for field in ["correct", "total", "data_hash", "key"] {
        assert_eq!(verified[field], proved[field], "{field}");
    }
    assert_eq!((&verified["valid"], &verified["data_checked"]), (&true.into(), &false.into()));
    let own = json(&["verify", &proof, "--key", key, "--data", &data, "--labels", &labels]);
    assert_eq!(own["data_checked"], true);
    let sentence = run(&["verify", &proof, "--key", key]).ok().stdout;
    assert!(
        sentence.contains(&format!("gives {} of {total} rows", total - 2))
            && sentence.contains(text(&proved["data_hash"])),
        "{sentence}"
    );

    // Other labels, other rows, one row.
    let other = scratch.file("z.json", format!("[{}]", vec!["1"; total].join(",")));
    for args in
        [vec!["--data", &data, "--labels", &other], vec!["--data", &other], vec!["--input", &data]]
    {
        let (code, _) = json_error(&[&["verify", &proof, "--key", key], args.as_slice()].concat());
        assert!(code == 5 || code == 1, "{args:?}: {code}");
    }
    // Labels without rows, rows of another number, a program's proof of a data set.
    let few = scratch.file("few.json", "[1,2]");
    let args = ["prove", &package, "--data", &data, "--labels", &few, "-o", &proof];
    assert_eq!(json_error(&args).0, 1);
    let args = ["prove", &package, "--of", "program", "--data", &data, "-o", &proof];
    assert_eq!(json_error(&args).0, 2);
    let args = ["prove", &package, "--labels", &labels, "-o", &proof];
    assert_eq!(json_error(&args).0, 2);
}

#[test]
fn a_batch_that_does_not_fit_is_split_or_refused() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let data = rows(MODEL);
    let proof = scratch.join("proof");
    let small = json(&["prove", &package, "--data", &data, "-o", &proof, "--max-memory", "60MB"]);
    assert_eq!(small["proofs"], small["inputs"], "one proof for each row");
    let verified = json(&["verify", &proof, "--key", text(&made["key"]), "--data", &data]);
    assert_eq!(verified["valid"], true);
    let args = ["prove", &package, "--data", &data, "-o", &proof, "--max-memory", "1MB"];
    assert_eq!(json_error(&args).0, 6);
}

#[test]
fn damaged_files_are_refused() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let key = text(&made["key"]);
    let row = format!("{}:0", rows(MODEL));
    let proof = scratch.join("proof");
    json(&["prove", &package, "--input", &row, "-o", &proof]);
    let honest = fs::read(&proof).unwrap();
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&proof, bytes).unwrap();
        let (code, error) = json_error(&["verify", &proof, "--key", key]);
        assert_eq!((code, &error["valid"]), (5, &Value::Bool(false)), "{what}: {error}");
    };
    for length in [0, 7, 9, 40, 100, honest.len() / 2, honest.len() - 1] {
        // A file whose version cannot be read is no proof of a model.
        if length >= 10 {
            refused(&honest[..length], "cut");
        }
    }
    refused(&[&honest[..], &[0]].concat(), "longer");
    for place in (10..honest.len()).step_by(honest.len() / 60) {
        let mut other = honest.clone();
        other[place] ^= 0x10;
        refused(&other, &format!("byte {place}"));
    }
    fs::write(&proof, &honest).unwrap();
    assert_eq!(json(&["verify", &proof, "--key", key])["valid"], true);
}

#[test]
fn a_proof_for_a_contract() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let row = format!("{}:7", rows(MODEL));
    let (proof, calldata) = (scratch.join("proof"), scratch.join("calldata"));
    let keys = json(&["key", &package, "--target", "starknet"]);
    let key = text(&keys["key"]).to_owned();
    assert_ne!(keys["key"], made["key"], "another hash function, another domain");
    let args = ["prove", &package, "--target", "starknet", "--input", &row, "-o", &proof];
    let proved = json(&[&args[..], &["--calldata", &calldata]].concat());
    assert_eq!(proved["key"], keys["key"]);
    assert_eq!(proved["contract_key"], keys["contract_key"]);
    let felts: Vec<String> = serde_json::from_slice(&fs::read(&calldata).unwrap()).unwrap();
    assert_eq!(proved["calldata_felts"], felts.len());
    let n_felts = proved["felts"].as_u64().unwrap();
    assert!(n_felts > 2_000 && n_felts <= 4_900, "{n_felts}");
    // The last argument is the proof, behind its length.
    let length = &felts[felts.len() - n_felts as usize - 1];
    assert_eq!(u64::from_str_radix(&length[2..], 16), Ok(n_felts));

    let verified = json(&["verify", &proof, "--key", &key, "--input", &row]);
    assert_eq!((&verified["valid"], &verified["key"]), (&true.into(), &keys["key"]));
    let (code, _) = json_error(&["verify", &proof, "--key", text(&made["key"])]);
    assert_eq!(code, 5, "the key for machines is not this proof's");
    for args in [
        vec!["--data", &row, "--target", "starknet"],
        vec!["--input", &row, "--target", "starknet", "--of", "program"],
        vec!["--input", &row, "--calldata", &calldata],
    ] {
        let args = [&["prove", &package, "-o", &proof], args.as_slice()].concat();
        assert_eq!(json_error(&args).0, 2, "{args:?}");
    }
}
