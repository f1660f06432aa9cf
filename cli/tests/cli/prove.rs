//! `nilo prove`, `nilo verify` and `nilo bench`.

use std::fs;

use serde_json::Value;

use crate::support::{json, json_error, run, transpile, zoo, Scratch};

/// A proof of a row of a model of the zoo.
struct Proved {
    scratch: Scratch,
    package: String,
    proof: String,
    inputs: String,
    result: Value,
}

fn prove(model: &str, more: &[&str]) -> Proved {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, model, &[]);
    let proof = scratch.join("proof");
    let inputs = zoo(&format!("{model}_inputs.npy")).to_str().unwrap().to_owned();
    let row = format!("{inputs}:0");
    let mut args = vec!["prove", &package, "--of", "program", "--input", &row, "-o", &proof];
    args.extend(more);
    let result = json(&args);
    Proved { scratch, package, proof, inputs, result }
}

impl Proved {
    fn verify(&self, more: &[&str]) -> Value {
        let mut args = vec!["verify", &self.proof, "--model", &self.package];
        args.extend(more);
        json(&args)
    }

    fn refuse(&self, more: &[&str]) -> String {
        let mut args = vec!["verify", &self.proof, "--model", &self.package];
        args.extend(more);
        let (code, error) = json_error(&args);
        assert_eq!((code, &error["valid"]), (5, &Value::Bool(false)), "{error}");
        error["message"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_proof_is_made_and_verified() {
    let proved = prove("tree_iris_dt4", &[]);
    let run = json(&["run", &proved.package, "--input", &format!("{}:0", proved.inputs)]);
    assert_eq!(proved.result["outputs"], run["outputs"][0]);
    assert_eq!(proved.result["outputs_int"], run["outputs_int"][0]);
    assert_eq!(proved.result["label"], run["label"]);
    assert_eq!(proved.result["steps"], run["steps"]);
    assert_eq!(proved.result["rows"], 128);
    assert_eq!(proved.result["security_bits"], 100);
    assert_eq!(proved.result["proof_bytes"], fs::metadata(&proved.proof).unwrap().len());
    for field in ["trace_ms", "prove_ms", "peak_rss_bytes"] {
        assert!(proved.result[field].as_f64().is_some_and(|value| value > 0.0), "{field}");
    }

    let verified = proved.verify(&[]);
    assert_eq!(verified["valid"], true);
    assert_eq!(verified["output"], run["outputs"][0]);
    assert_eq!(verified["output_int"], run["outputs_int"][0]);
    assert_eq!(verified["input_int"], run["rows"][0]["input_int"]);
    assert_eq!(verified["program_hash"], proved.result["program_hash"]);
    assert_eq!(verified["security_bits"], 100);

    // With the row and the output that it is about, in each form.
    let row = format!("{}:0", proved.inputs);
    let numbers = |value: &Value| {
        let texts = value.as_array().unwrap().iter().map(|number| match number {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        });
        texts.collect::<Vec<_>>().join(",")
    };
    let outputs = numbers(&run["outputs"][0]);
    let file = proved.scratch.file("expected.json", format!("[[{outputs}]]"));
    let integers = numbers(&run["rows"][0]["outputs"][0]["integers"]);
    assert!(!integers.is_empty());
    for expected in [&outputs, &file] {
        assert_eq!(proved.verify(&["--input", &row, "--output", expected])["valid"], true);
    }

    // And refused with any other.
    let other = format!("{}:1", proved.inputs);
    assert!(proved.refuse(&["--input", &other]).contains("another input: feature"));
    assert!(proved.refuse(&["--output", "0.5,0.25,0.25"]).contains("another output"));
    assert!(proved.refuse(&["--output", "1"]).contains("another output"));
}

#[test]
fn text_for_people() {
    let proved = prove("tree_iris_dt4", &[]);
    let outcome = run(&["verify", &proved.proof, "--model", &proved.package]).ok();
    assert!(outcome.stdout.starts_with("valid the program below ran on this input"));
    assert!(outcome.stdout.contains("100 bits proven"), "{}", outcome.stdout);
    let row = format!("{}:1", proved.inputs);
    let outcome =
        run(&["prove", &proved.package, "--of", "program", "--input", &row, "-o", &proved.proof])
            .ok();
    assert!(outcome.stderr.contains("128 rows: the proof takes up to "), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("proven (100 bits reached)"), "{}", outcome.stdout);
}

#[test]
fn the_same_row_gives_the_same_bytes() {
    let first = prove("tree_iris_dt4", &[]);
    let second = prove("tree_iris_dt4", &[]);
    assert!(fs::read(&first.proof).unwrap() == fs::read(&second.proof).unwrap());
}

#[test]
fn levels_of_security() {
    let proved = prove("tree_iris_dt4", &["--security", "96"]);
    assert_eq!(proved.result["security_bits"], 96);
    assert!(proved.refuse(&[]).contains("96 bits of security, at least 100 are wanted"));
    assert_eq!(proved.verify(&["--security", "96"])["proven_bits"], 96);

    let strong = prove("tree_iris_dt4", &["--security", "proven-128"]);
    for least in ["96", "proven-100", "proven", "128"] {
        assert_eq!(strong.verify(&["--security", least])["valid"], true, "{least}");
    }
    for level in ["99", "conjectured", "conjectured-128"] {
        let args = ["verify", &strong.proof, "--model", &strong.package, "--security", level];
        assert_eq!(json_error(&args).0, 2, "{level}");
    }
}

#[test]
fn tampered_files_are_refused() {
    let proved = prove("tree_iris_dt4", &[]);
    let bytes = fs::read(&proved.proof).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&proved.proof, bytes).unwrap();
        proved.refuse(&[])
    };
    for place in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut tampered = bytes.clone();
        tampered[place] ^= 0x10;
        refused(&tampered);
    }
    assert!(refused(&bytes[..bytes.len() - 1]).contains("bytes long"));
    assert!(refused(&[&bytes[..], b"x"].concat()).contains("bytes long"));
    assert!(refused(b"").contains("not a Nilometer proof file"));
    assert!(refused(b"garbage").contains("not a Nilometer proof file"));
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert!(refused(&newer).contains("format version 9, this program reads version 1"));
    fs::write(&proved.proof, &bytes).unwrap();
    assert_eq!(proved.verify(&[])["valid"], true);
}

#[test]
fn a_proof_is_about_one_program() {
    let proved = prove("tree_iris_dt4", &[]);
    let (other, _) = transpile(&proved.scratch, "mlp_iris_4_16_3", &[]);
    let (code, error) = json_error(&["verify", &proved.proof, "--model", &other]);
    assert_eq!(code, 5);
    assert!(error["message"].as_str().unwrap().contains("about the program"));
    assert!(error["help"].as_str().unwrap().contains("--model DIR"));
}

#[test]
fn limits_and_mistakes() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let inputs = zoo("tree_iris_dt4_inputs.npy").to_str().unwrap().to_owned();
    let row = format!("{inputs}:0");
    let proof = scratch.join("proof");
    let fails = |args: &[&str]| {
        let mut all = vec!["prove", &package, "--of", "program"];
        all.extend(args);
        let (code, error) = json_error(&all);
        (code, error["message"].as_str().unwrap().to_owned())
    };
    let (code, message) = fails(&["--input", &row, "-o", &proof, "--max-memory", "1MB"]);
    assert_eq!(code, 6);
    assert!(message.contains("of memory (128 rows), the limit is 1.00 MB"), "{message}");
    let (code, message) = fails(&["--input", &row, "-o", &proof, "--max-steps", "50"]);
    assert_eq!((code, message.contains("50 steps")), (6, true), "{message}");
    let (code, message) = fails(&["--input", &inputs, "-o", &proof]);
    assert_eq!((code, message.contains("one is wanted")), (2, true), "{message}");
    let (code, message) = fails(&["--input", &row, "-o", &scratch.join("missing/proof")]);
    assert_eq!((code, message.contains("cannot write")), (1, true), "{message}");
    let (code, message) = fails(&["--input", &row, "-o", scratch.path().to_str().unwrap()]);
    assert_eq!((code, message.contains("cannot write")), (1, true), "{message}");
    for wrong in [["--max-memory", "many"], ["--security", "zero"]] {
        let (code, _) = fails(&["--input", &row, "-o", &proof, wrong[0], wrong[1]]);
        assert_eq!(code, 2, "{wrong:?}");
    }
    // Nothing was written, not even in part.
    assert_eq!(scratch.names(), ["tree_iris_dt4"]);
    let (code, _) = json_error(&["verify", &proof, "--model", &package]);
    assert_eq!(code, 1);
}

#[test]
fn a_benchmark_measures_each_model() {
    let folder = zoo("");
    let folder = folder.to_str().unwrap();
    let bench =
        json(&["bench", "zoo", "--models", folder, "--only", "tree_iris_dt4", "--repeat", "2"]);
    assert_eq!(bench["repeat"], 2);
    let models = bench["models"].as_array().unwrap();
    assert_eq!(models.len(), 1);
    let model = &models[0];
    assert_eq!(
        (model["model"].as_str(), model["rows"].as_u64()),
        (Some("tree_iris_dt4"), Some(128))
    );
    for field in
        ["steps", "trace_ms", "prove_ms", "wall_ms", "peak_rss_bytes", "proof_bytes", "verify_ms"]
    {
        assert!(model[field].as_f64().is_some_and(|value| value > 0.0), "{field}");
    }
    let (code, _) = json_error(&["bench", "zoo", "--models", folder, "--only", "nothing"]);
    assert_eq!(code, 1);
}
