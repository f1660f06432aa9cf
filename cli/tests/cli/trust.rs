//! What ties a proof to a model: the attacks that must fail, and what an auditor can ask for.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{files, json, json_error, replaced, run, transpile, zoo, Scratch};

const MODEL: &str = "tree_iris_dt4";

fn inputs() -> String {
    zoo(&format!("{MODEL}_inputs.npy")).to_str().unwrap().to_owned()
}

/// The model with one threshold changed: 0.8 at the root becomes 100, so that every row goes left.
fn other_model(scratch: &Scratch) -> String {
    let mut onnx = fs::read(zoo(&format!("{MODEL}.onnx"))).unwrap();
    let threshold = 0.8_f32.to_le_bytes();
    let place = onnx.windows(4).position(|bytes| bytes == threshold).unwrap();
    onnx[place..place + 4].copy_from_slice(&100_f32.to_le_bytes());
    scratch.file(&format!("{MODEL}.onnx"), onnx)
}

/// An honest package whose program is replaced by that of another model, and a proof of a row for which they differ.
struct Attack {
    scratch: Scratch,
    package: String,
    proof: String,
    /// The row that is proved.
    row: String,
    honest_program: String,
}

impl Attack {
    fn new() -> Self {
        let scratch = Scratch::new();
        let (package, honest) = transpile(&scratch, MODEL, &[]);
        let onnx = other_model(&scratch);
        let evil = scratch.join("evil");
        let evil_result = json(&["transpile", &onnx, "-o", &evil]);
        let labels =
            |package: &str| json(&["run", package, "--input", &inputs()])["labels"].clone();
        let (good, bad) = (labels(&package), labels(&evil));
        let differs = (0..good.as_array().unwrap().len()).find(|&row| good[row] != bad[row]);
        let row = format!("{}:{}", inputs(), differs.unwrap());
        let proof = scratch.join("evil.proof");
        json(&["prove", &evil, "--of", "program", "--input", &row, "-o", &proof]);

        let program = "build/program.json";
        fs::copy(Path::new(&evil).join(program), Path::new(&package).join(program)).unwrap();
        let manifest = Path::new(&package).join("nilometer.json");
        let (old, new) = (
            honest["program_hash"].as_str().unwrap(),
            evil_result["program_hash"].as_str().unwrap(),
        );
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(text.contains(old));
        fs::write(&manifest, text.replace(old, new)).unwrap();
        let honest_program = old.to_owned();
        Self { scratch, package, proof, row, honest_program }
    }
}

/// The arguments of `nilo verify`.
fn verify<'a>(proof: &'a str, package: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["verify", proof, "--model", package], more].concat()
}

#[test]
fn a_program_of_another_model_is_found_out() {
    let attack = Attack::new();
    let (package, proof) = (&attack.package, &attack.proof);
    // The proof itself is valid, and its row and program are those of the package.
    let (code, error) = json_error(&["verify", proof, "--model", package, "--input", &attack.row]);
    assert_eq!((code, &error["valid"]), (5, &Value::Bool(false)), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("the program is not the model: on this row the program gives "),
        "{message}"
    );
    assert!(message.contains(", the model gives "), "{message}");
    assert!(error["help"].as_str().unwrap().contains("do not rely on it"), "{error}");

    let (code, error) = json_error(&["check", package, "--data", &inputs()]);
    assert_eq!(code, 5, "{error}");
    assert!(error["message"].as_str().unwrap().contains("the program is not the model"), "{error}");

    let (code, error) = json_error(&["run", package, "--input", &attack.row]);
    assert_eq!(code, 1, "{error}");
    assert!(error["message"].as_str().unwrap().contains("disagree"), "{error}");

    // A pinned program hash finds it out as well, and a pack keeps nothing back.
    let pinned = ["verify", proof, "--model", package, "--program-hash", &attack.honest_program];
    assert_eq!(json_error(&pinned).0, 5);
    let packed = attack.scratch.join("packed.json");
    json(&["pack", "--for-verifier", package, "-o", &packed]);
    assert_eq!(json_error(&["verify", proof, "--model", &packed]).0, 5);
}

#[test]
fn an_auditor_can_pin_rebuild_and_read_the_links() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let row = format!("{}:0", inputs());
    let proof = scratch.join("proof");
    json(&["prove", &package, "--of", "program", "--input", &row, "-o", &proof]);
    let (model, program) =
        (made["model_hash"].as_str().unwrap(), made["program_hash"].as_str().unwrap());

    let result =
        json(&verify(&proof, &package, &["--model-hash", model, "--program-hash", program]));
    let links = result["links"].as_array().unwrap();
    let checked: Vec<_> = links.iter().map(|link| (&link["to"], &link["checked"])).collect();
    let wanted = [("program", true), ("model", true), ("ONNX", false)];
    assert_eq!(checked.len(), wanted.len());
    for (found, wanted) in checked.iter().zip(wanted) {
        assert_eq!((found.0.as_str().unwrap(), found.1.as_bool().unwrap()), wanted);
    }
    assert!(links[1]["detail"].as_str().unwrap().starts_with("on this row only"));

    for flag in ["--model-hash", "--program-hash"] {
        let (code, error) = json_error(&verify(&proof, &package, &[flag, "0x1234"]));
        assert_eq!(code, 5, "{error}");
        assert!(error["message"].as_str().unwrap().ends_with("0x1234 is expected"), "{error}");
        for wrong in ["0xzz", "", "hash", "-1"] {
            assert_eq!(
                run(&verify(&proof, &package, &[&format!("{flag}={wrong}")])).code,
                2,
                "{wrong}"
            );
        }
    }

    let onnx = zoo(&format!("{MODEL}.onnx"));
    let rebuilt = json(&verify(&proof, &package, &["--rebuild", onnx.to_str().unwrap()]));
    assert!(rebuilt["links"].as_array().unwrap().iter().all(|link| link["checked"] == true));
    let other = other_model(&scratch);
    let (code, error) = json_error(&verify(&proof, &package, &["--rebuild", &other]));
    assert_eq!(code, 5, "{error}");
    assert!(error["message"].as_str().unwrap().contains("compiles to the model hash"), "{error}");
    let network = zoo("mlp_iris_4_16_3.onnx");
    let (code, error) =
        json_error(&verify(&proof, &package, &["--rebuild", network.to_str().unwrap()]));
    assert_eq!(code, 5, "{error}");

    // A changed recipe cannot make another model pass.
    let recipe = Path::new(&package).join("recipe.json");
    let text = fs::read(&recipe).unwrap();
    fs::write(&recipe, replaced(text, "\"labels_only\":false", "\"labels_only\":true ")).unwrap();
    assert_eq!(json_error(&verify(&proof, &package, &["--rebuild", onnx.to_str().unwrap()])).0, 5);
    fs::remove_file(&recipe).unwrap();
    let (code, error) =
        json_error(&verify(&proof, &package, &["--rebuild", onnx.to_str().unwrap()]));
    assert_eq!(code, 1);
    assert!(error["message"].as_str().unwrap().contains("has no recipe.json"), "{error}");
}

#[test]
fn a_calibrated_model_is_rebuilt_without_its_rows() {
    let scratch = Scratch::new();
    let model = "mlp_iris_4_16_3";
    let (package, _) = transpile(&scratch, model, &["--max-loss", "2%", "--margin", "0.5"]);
    let inputs = zoo(&format!("{model}_inputs.npy"));
    let row = format!("{}:3", inputs.to_str().unwrap());
    let proof = scratch.join("proof");
    json(&["prove", &package, "--of", "program", "--input", &row, "-o", &proof]);
    let onnx = zoo(&format!("{model}.onnx"));
    let args = ["verify", &proof, "--model", &package, "--rebuild", onnx.to_str().unwrap()];
    assert!(json(&args)["links"].as_array().unwrap().iter().all(|link| link["checked"] == true));
}

#[test]
fn a_pack_has_what_verification_reads_and_nothing_else() {
    let scratch = Scratch::new();
    let (package, made) = transpile(&scratch, MODEL, &[]);
    let row = format!("{}:0", inputs());
    let proof = scratch.join("proof");
    json(&["prove", &package, "--of", "program", "--input", &row, "-o", &proof]);
    let (folder, file) = (scratch.join("pack"), scratch.join("pack.json"));
    let onnx = zoo(&format!("{MODEL}.onnx"));
    for packed in [&folder, &file] {
        let result = json(&["pack", "--for-verifier", &package, "-o", packed]);
        assert_eq!(result["model_hash"], made["model_hash"]);
        let args = ["verify", &proof, "--model", packed, "--rebuild", onnx.to_str().unwrap()];
        assert_eq!(json(&args)["program_hash"], made["program_hash"]);
    }
    let names: Vec<String> = files(Path::new(&folder)).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["build/program.json", "key.bin", "model.json", "nilometer.json", "recipe.json"]
    );

    // Other commands say what is missing; hostile files are refused.
    assert_eq!(json_error(&["check", &file, "--data", &inputs()]).0, 1);
    for text in ["", "{}", "[]", "{\"format\":\"nilometer-verifier-v1\",\"files\":{}}"] {
        let path = scratch.file("hostile.json", text);
        assert_eq!(json_error(&["verify", &proof, "--model", &path]).0, 1, "{text}");
    }
    let (code, _) = json_error(&["pack", "--for-verifier", &package, "-o", "/proc/none/pack.json"]);
    assert_eq!(code, 1);
}

#[test]
fn outputs_are_values_or_integers_and_never_both() {
    let scratch = Scratch::new();
    let model = "mlp_iris_4_16_3";
    let (package, _) = transpile(&scratch, model, &[]);
    let inputs = zoo(&format!("{model}_inputs.npy")).to_str().unwrap().to_owned();
    let row = format!("{inputs}:1");
    let proof = scratch.join("proof");
    json(&["prove", &package, "--of", "program", "--input", &row, "-o", &proof]);
    let answer = json(&["run", &package, "--input", &row]);
    let texts = |value: &Value| -> Vec<String> {
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        value.as_array().unwrap().iter().map(text).collect()
    };
    let (values, integers) = (texts(&answer["outputs"][0]), texts(&answer["outputs_int"][0]));
    json(&verify(&proof, &package, &["--output", &values.join(",")]));
    json(&verify(&proof, &package, &["--output-int", &integers.join(",")]));
    // As the table of `nilo run` rounds them.
    let table = run(&["run", &package, "--input", &row]).ok().stdout;
    let rounded: Vec<&str> = table
        .lines()
        .filter(|line| integers.iter().any(|integer| line.ends_with(&format!(" {integer}"))))
        .map(|line| line.split_whitespace().rev().nth(1).unwrap())
        .collect();
    let rounded = &rounded[rounded.len() - values.len()..];
    json(&verify(&proof, &package, &["--output", &rounded.join(",")]));
    let file = scratch.file("integers.json", serde_json::to_vec(&answer["outputs_int"]).unwrap());
    json(&verify(&proof, &package, &["--output-int", &file]));
    let plain = scratch.file("plain.json", format!("[{}]", integers.join(",")));
    json(&verify(&proof, &package, &["--output-int", &plain]));

    // Each flag has one reading.
    let (code, error) = json_error(&verify(&proof, &package, &["--output", &integers.join(",")]));
    assert_eq!(code, 5, "{error}");
    assert_ne!(run(&verify(&proof, &package, &["--output-int", &values.join(",")])).code, 0);
    // Integers above 2^53 keep every digit.
    let mut wrong = integers.clone();
    wrong[0] = "170141183460469231731687303715884105727".to_owned();
    let (code, error) = json_error(&verify(&proof, &package, &["--output-int", &wrong.join(",")]));
    assert_eq!(code, 5);
    assert!(error["message"].as_str().unwrap().contains(&wrong[0]), "{error}");

    // A difference is told in natural units, with the feature; all of them on request.
    let other = format!("{inputs}:0");
    let outcome = run(&verify(&proof, &package, &["--input", &other, "--full"]));
    assert_eq!(outcome.code, 5);
    assert!(outcome.stderr.contains("another input: feature "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("wanted"), "{}", outcome.stderr);
}

#[test]
fn a_check_says_on_how_many_rows_the_program_ran() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, MODEL, &[]);
    let result = json(&["check", &package, "--data", &inputs()]);
    assert_eq!(
        (&result["program_rows"], &result["program_ran_on_all"]),
        (&45.into(), &true.into())
    );
    let text = run(&["check", &package, "--data", &inputs()]).ok().stdout;
    assert!(text.contains("ran on all 45 accepted rows"), "{text}");
}
