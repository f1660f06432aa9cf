//! `nilo inspect`.

use std::fs;

use crate::support::{json, json_error, replaced, run, zoo, Scratch};

#[test]
fn a_model_is_summarised() {
    let model = zoo("tree_iris_dt4_zipmap.onnx");
    let text = run(&["inspect", model.to_str().unwrap()]).ok().stdout;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert!(lines.contains(&"inputs      float_input FLOAT[?, 4]"), "{text}");
    assert!(lines.iter().any(|l| l.starts_with(" ai.onnx.ml.TreeEnsembleClassifier ")), "{text}");
    assert_eq!(lines.last(), Some(&"supported"));

    let object = json(&["inspect", model.to_str().unwrap()]);
    assert_eq!(object["supported"], true);
    assert_eq!(object["kind"], "tree_classifier");
    assert_eq!(object["trees"], serde_json::json!({ "trees": 1, "nodes": 15, "depth": 4 }));
    assert_eq!(object["op_counts"]["ai.onnx.ml.ZipMap"], 1);
    assert_eq!(object["inputs"][0]["name"], "float_input");
    let nodes = run(&["inspect", "--nodes", model.to_str().unwrap()]).ok().stdout;
    assert!(nodes.contains("ZipMap"), "{nodes}");
}

#[test]
fn unsupported_nodes_are_all_listed() {
    let scratch = Scratch::new();
    let model = fs::read(zoo("mlp_digits_64_128_64_10.onnx")).unwrap();
    let model = scratch.file("odd.onnx", replaced(model, "Relu", "Sinh"));
    let outcome = run(&["inspect", &model]);
    assert_eq!(outcome.code, 3);
    assert_eq!(outcome.stdout.matches("(ai.onnx Sinh, opset 17)").count(), 2, "{}", outcome.stdout);

    let outcome = run(&["inspect", &model, "--json"]);
    assert_eq!(outcome.code, 3);
    let object = outcome.json();
    assert_eq!(object["supported"], false);
    assert_eq!(object["unsupported"].as_array().unwrap().len(), 2);

    // No other command starts on it.
    let package = scratch.join("package");
    let (code, error) = json_error(&["transpile", &model, "-o", &package]);
    assert_eq!(code, 3);
    assert_eq!(error["message"], format!("{model}: 2 unsupported nodes"));
    let stderr = run(&["transpile", &model, "-o", &package]).stderr;
    assert_eq!(stderr.matches("\n  ").count(), 2, "{stderr}");
    assert_eq!(error["kind"], "unsupported_model");
    assert_eq!(error["unsupported"].as_array().unwrap().len(), 2);
    assert_eq!(error["unsupported"][0]["op"], "Sinh");
    assert_eq!(scratch.names(), ["odd.onnx"]);
}

#[test]
fn files_that_are_no_models() {
    let scratch = Scratch::new();
    let outcome = run(&["inspect", &scratch.join("none.onnx")]);
    assert_eq!(outcome.code, 1);
    let wanted = format!(
        "error: cannot read {}: No such file or directory (os error 2)\n",
        scratch.join("none.onnx")
    );
    assert_eq!(outcome.stderr, wanted);

    let model = fs::read(zoo("mlp_iris_4_16_3.onnx")).unwrap();
    let cut = scratch.file("cut.onnx", &model[..model.len() / 2]);
    for command in [vec!["inspect", &cut], vec!["transpile", &cut, "-o", &scratch.join("p")]] {
        let (code, error) = json_error(&command);
        assert_eq!(code, 1, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{cut}: not an ONNX model: ")), "{message}");
        assert_eq!(
            error["help"],
            "check that the file is a complete ONNX model: download or export it again"
        );
    }
    assert_eq!(scratch.names(), ["cut.onnx"]);
}
