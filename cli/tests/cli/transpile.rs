//! `nilo transpile`: what it says, and its accuracy gate.

use crate::support::{json, json_error, run, transpile, zoo, Scratch};

#[test]
fn the_fields_that_scripts_rely_on() {
    let scratch = Scratch::new();
    let (package, result) = transpile(&scratch, "mlp_iris_4_16_3", &[]);
    for field in ["model_hash", "program_hash"] {
        assert!(result[field].as_str().unwrap().starts_with("0x"), "{result}");
    }
    assert_eq!(result["kind"], "mlp_classifier");
    assert_eq!(result["bits"]["weights"].as_array().unwrap().len(), 2);
    assert_eq!(result["lanes"].as_array().unwrap().len(), 2);
    assert!(result["max_abs_error_bound"].as_f64().unwrap() > 0.0);
    assert!(result["agreement"].as_f64().unwrap() >= 0.98);
    assert_eq!(result["package"], package);
    assert_eq!(result["contract"]["within_limits"], true);
    assert!(result["contract"]["bytecode_felts"].as_u64().unwrap() > 100);
}

#[test]
fn a_contract_that_would_not_fit_is_looped() {
    let scratch = Scratch::new();
    let (package, result) = transpile(&scratch, "mlp_scale_60k", &[]);
    assert_eq!(
        (&result["shape"], &result["contract_shape"]),
        (&"unrolled".into(), &"looped".into())
    );
    assert_eq!(result["contract"]["within_limits"], true, "{result}");
    assert!(result["steps"].as_u64().unwrap() < 20_000, "{result}");
    // The program's gas is not the contract's.
    let (steps, gas) = (&result["steps"], result["l2_gas"].as_u64().unwrap());
    assert!(gas > 150 * steps.as_u64().unwrap(), "{gas} for {steps} steps");
    let source = |name| std::fs::read_to_string(format!("{package}/src/{name}.cairo")).unwrap();
    assert!(source("model").contains("The model, unrolled"));
    assert!(source("contract_model").contains("The model, looped"));
    // What is asked for is done, fit or not.
    let (_, result) = transpile(&scratch, "mlp_scale_60k", &["--shape", "unrolled"]);
    assert_eq!(result["contract_shape"], "unrolled");
    assert_eq!(result["contract"]["within_limits"], false, "{result}");
}

#[test]
fn kinds_are_told_apart() {
    let scratch = Scratch::new();
    let (_, result) = transpile(&scratch, "tree_iris_dt4_zipmap", &[]);
    assert_eq!(result["kind"], "tree_classifier");
    assert_eq!(result["range_source"], "everything");
    assert_eq!(result["max_abs_error_bound"], 0.0);
}

#[test]
fn text_for_people() {
    let scratch = Scratch::new();
    let (model, inputs) = (zoo("mlp_iris_4_16_3.onnx"), zoo("mlp_iris_4_16_3_inputs.npy"));
    let package = scratch.join("p");
    let outcome = run(&[
        "transpile",
        model.to_str().unwrap(),
        "-o",
        &package,
        "--calibration",
        inputs.to_str().unwrap(),
    ])
    .ok();
    assert_eq!(outcome.stderr, "");
    let text = outcome.stdout;
    assert!(text.contains("\nagreement     100% of 45 calibration rows"), "{text}");
    assert!(text.contains("\ncontract      ") && text.contains(": fits\n"), "{text}");
    assert!(text.contains(&format!("made {package} in ")), "{text}");

    let outcome = run(&["transpile", model.to_str().unwrap(), "-o", &package]).ok();
    assert!(outcome.stderr.starts_with("warning: no `--calibration` rows"), "{}", outcome.stderr);
}

#[test]
fn an_accuracy_that_cannot_be_kept() {
    let scratch = Scratch::new();
    let (model, inputs) =
        (zoo("mlp_diabetes_10_64_64_1_tanh.onnx"), zoo("mlp_diabetes_10_64_64_1_tanh_inputs.npy"));
    let package = scratch.join("p");
    let args = [
        "transpile",
        model.to_str().unwrap(),
        "-o",
        &package,
        "--calibration",
        inputs.to_str().unwrap(),
        "--max-loss",
        "0",
    ];
    let outcome = run(&args);
    assert_eq!(outcome.code, 4);
    let stderr = outcome.stderr;
    assert!(
        stderr.contains("no precision up to 16 bits keeps the accuracy budget of 0"),
        "{stderr}"
    );
    assert!(stderr.contains(" input   weights    activations   agreement "), "{stderr}");
    assert!(stderr.contains("help: allow more loss (`--max-loss 0.5%`)"), "{stderr}");
    let (code, error) = json_error(&args);
    assert_eq!((code, error["kind"].as_str()), (4, Some("accuracy")));
    let trials = error["trials"].as_array().unwrap();
    assert!(trials.len() > 3 && trials.iter().all(|trial| trial["accepted"] == false));
    assert_eq!(scratch.names(), [] as [&str; 0]);
}

#[test]
fn options_change_what_is_made() {
    let scratch = Scratch::new();
    let (_, plain) = transpile(&scratch, "skl_mlp_iris", &[]);
    let (package, label) = transpile(&scratch, "skl_mlp_iris", &["--labels-only"]);
    assert!(label["steps"].as_u64() < plain["steps"].as_u64());
    assert_ne!(label["model_hash"], plain["model_hash"]);
    let inputs = zoo("skl_mlp_iris_inputs.npy");
    let input = format!("{}:0", inputs.to_str().unwrap());
    let run = json(&["run", &package, "--input", &input]);
    assert_eq!(run["rows"][0]["outputs"].as_array().unwrap().len(), 1);
    let check = json(&["check", &package, "--data", inputs.to_str().unwrap()]);
    assert!(check["agreement"].as_f64().unwrap() >= 0.98, "{check}");

    let (_, bits) = transpile(&scratch, "skl_mlp_iris", &["--bits", "12", "--name", "flower"]);
    assert_eq!(bits["name"], "flower");
    assert_eq!(bits["trials"].as_array().unwrap().len(), 1);
    assert_eq!(bits["trials"][0]["weight_bits"], serde_json::json!([12, 12]));

    let (_, given) = transpile(&scratch, "skl_mlp_iris", &["--input-range", "-1,9"]);
    assert_eq!(given["range_source"], "given");
}

#[test]
fn labels_only_needs_a_label() {
    let scratch = Scratch::new();
    let model = zoo("mlp_iris_4_16_3.onnx");
    let package = scratch.join("p");
    let args = ["transpile", model.to_str().unwrap(), "-o", &package, "--labels-only"];
    let (code, error) = json_error(&args);
    assert_eq!(code, 2);
    let message = error["message"].as_str().unwrap();
    assert_eq!(message, "`--labels-only`: the model has no label output");
}

#[test]
fn names_are_made_safe() {
    let scratch = Scratch::new();
    for (name, expected) in [
        ("My Model", "my_model"),
        ("i64", "i64_model"),
        ("core", "core_model"),
        ("match", "match_model"),
    ] {
        let (_, result) = transpile(&scratch, "tree_iris_dt4", &["--name", name]);
        assert_eq!(result["name"], expected);
        let warning = result["warnings"][0].as_str().unwrap();
        assert!(warning.contains(&format!("it is called {expected}")), "{warning}");
    }
    for file in ["bool", "starknet", "felt252", "ﬁle", "2nd"] {
        let model = scratch
            .file(&format!("{file}.onnx"), std::fs::read(zoo("tree_iris_dt4.onnx")).unwrap());
        let result = json(&["transpile", &model, "-o", &scratch.join("package")]);
        assert!(result["warnings"].as_array().is_none_or(|said| {
            said.iter().all(|warning| !warning.as_str().unwrap().contains("name"))
        }));
    }
}

#[test]
fn options_that_do_nothing_say_so() {
    let scratch = Scratch::new();
    let options = ["--input-range", "0,1", "--margin", "2", "--bits", "8"];
    let (_, result) = transpile(&scratch, "tree_iris_dt4", &options);
    let warnings: Vec<&str> =
        result["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    for option in ["--input-range", "--margin", "--bits"] {
        let starts = format!("`{option}` does nothing here: ");
        assert!(warnings.iter().any(|warning| warning.starts_with(&starts)), "{warnings:?}");
    }
    let model = zoo("tree_iris_dt4.onnx");
    let args = ["transpile", model.to_str().unwrap(), "-o", &scratch.join("p"), "--bits", "8"];
    let outcome = run(&args).ok();
    assert!(outcome.stderr.contains("warning: `--bits` does nothing here"), "{}", outcome.stderr);
}
