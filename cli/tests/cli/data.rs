//! Rows that are read, and rows that are refused.

use std::fs;

use crate::support::{json, json_error, npy, run, transpile, zoo, Scratch};

/// A flower in standardised measurements.
const ROW: [f64; 4] = [-0.5, 1.0, -1.25, -1.0];

#[test]
fn every_format_gives_the_same_answer() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "mlp_iris_4_16_3", &[]);
    let two: Vec<f64> = ROW.iter().chain(&[0.0; 4]).copied().collect();
    let sources = [
        scratch.file("vector.npy", npy(&[4], &ROW)),
        scratch.file("matrix.npy", npy(&[1, 4], &ROW)),
        scratch.file("image.npy", npy(&[1, 2, 2], &ROW)),
        format!("{}:0", scratch.file("two.npy", npy(&[2, 4], &two))),
        scratch.file("row.json", "[-0.5, 1, -1.25, -1e0]"),
        scratch.file("rows.json", "[[-0.5, 1, -1.25, -1]]"),
        scratch.file("object.json", "{\"input\": [-0.5, 1, -1.25, -1]}"),
        scratch.file("plain.csv", "-0.5,1,-1.25,-1\n"),
        scratch.file("header.csv", "a,b,c,d\n-0.5, 1, -1.25, -1\n"),
    ];
    let answers: Vec<_> = sources
        .iter()
        .map(|source| {
            let answer = json(&["run", &package, "--input", source]);
            assert_eq!(answer["outputs"].as_array().unwrap().len(), 1, "{source}");
            assert_eq!(answer["matches_reference"], true);
            answer["outputs_int"].clone()
        })
        .collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn the_fields_of_a_run() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let inputs = zoo("tree_iris_dt4_inputs.npy");
    let inputs = inputs.to_str().unwrap();
    let one = json(&["run", &package, "--input", &format!("{inputs}:7")]);
    let outputs = one["outputs"][0].as_array().unwrap();
    assert_eq!(outputs.len(), 3);
    assert!(one["outputs_int"][0][0].is_string());
    assert!(one["label"].is_i64());
    assert!(one["steps"].as_u64().unwrap() > 50);
    assert!(one["builtins"]["range_check"].as_u64().unwrap() > 4);
    assert_eq!(one["rows"][0]["row"], 7);
    assert_eq!(one["rows"][0]["outputs"][0]["name"], "label");

    let all = json(&["run", &package, "--input", inputs]);
    assert_eq!(all["outputs"].as_array().unwrap().len(), 45);
    assert_eq!(all["labels"][7], one["label"]);
    let some = json(&["run", &package, "--input", inputs, "--rows", "1,3-4"]);
    let rows: Vec<_> =
        some["rows"].as_array().unwrap().iter().map(|row| row["row"].clone()).collect();
    assert_eq!(rows, [1, 3, 4]);
    let text = run(&["run", &package, "--input", inputs]).ok().stdout;
    assert!(text.contains("… and 25 rows more; `--json` has all\n"), "{text}");
}

#[test]
fn rows_that_are_refused() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "mlp_iris_4_16_3", &["--input-range", "-4,4"]);
    let cases = [
        (scratch.file("short.npy", npy(&[3], &[0.0; 3])), "has shape (3,), wants (rows, 4)"),
        (scratch.file("wide.npy", npy(&[2, 5], &[0.0; 10])), "has shape (2, 5), wants (rows, 4)"),
        (
            scratch.file("nan.npy", npy(&[4], &[0.0, f64::NAN, 0.0, 0.0])),
            "row 0: feature 1 is not a number and this model takes no missing values",
        ),
        (
            scratch.file("far.json", "[0, 0, 5, 0]"),
            "row 0: feature 2 is 5, outside the declared range [-4, 4]",
        ),
        (
            scratch.file("inf.csv", "0,0,0,-inf\n"),
            "row 0: feature 3 is -inf, outside the declared range [-4, 4]",
        ),
        (
            scratch.file("text.csv", "1,2,3,x\n"),
            "line 1, column 4: \"x\" is not a number; if the line is a header, say `--header yes`",
        ),
        (
            scratch.file("text.json", "[1, 2, 3, \"x\"]"),
            "element 3 is \"x\", which is not a number",
        ),
        (scratch.file("cut.npy", &npy(&[4], &ROW)[..90]), "bytes of data, the header promises 32"),
        (scratch.file("rows.txt", "1 2 3 4"), "rows.txt is neither .npy, .json nor .csv"),
        (
            format!("{}:3", scratch.file("one.npy", npy(&[1, 4], &ROW))),
            "one.npy has 1 row, numbered from 0; there is no row 3",
        ),
        (scratch.join("none.npy"), "none.npy: No such file or directory (os error 2)"),
    ];
    for (source, wanted) in &cases {
        let (code, error) = json_error(&["run", &package, "--input", source]);
        let message = error["message"].as_str().unwrap();
        assert_eq!(code, 1, "{source}");
        assert!(message.ends_with(wanted), "{source}: {message}");
    }
    let outcome = run(&["run", &package, "--input", &cases[3].0]);
    let help = "help: transpile again with calibration rows that cover it, a larger `--margin`, or `--input-range LO,HI`\n";
    assert!(outcome.stderr.ends_with(help), "{}", outcome.stderr);
}

#[test]
fn calibration_rows_that_are_refused() {
    let scratch = Scratch::new();
    let model = zoo("mlp_iris_4_16_3.onnx");
    let transpile = |calibration: &str| {
        let package = scratch.join("p");
        let model = model.to_str().unwrap();
        json_error(&["transpile", model, "-o", &package, "--calibration", calibration])
    };
    let (code, error) = transpile(&scratch.file("wide.npy", npy(&[1, 5], &[0.0; 5])));
    assert_eq!(code, 1);
    assert!(error["message"].as_str().unwrap().ends_with("has shape (1, 5), wants (rows, 4)"));
    let (code, error) =
        transpile(&scratch.file("nan.npy", npy(&[1, 4], &[0.0, 0.0, 0.0, f64::NAN])));
    assert_eq!(code, 1);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("calibration row 0: feature 3 is NaN, wants a finite number"),
        "{message}"
    );
    assert!(!message.contains("finite number of the model's type F32: feature"), "{message}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 2);
}

#[test]
fn a_step_limit_is_a_resource_limit() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let inputs = zoo("tree_iris_dt4_inputs.npy");
    let args = ["run", &package, "--input", inputs.to_str().unwrap(), "--max-steps", "20"];
    let (code, error) = json_error(&args);
    assert_eq!((code, error["kind"].as_str()), (6, Some("resource_limit")));
    assert_eq!(error["help"], "raise `--max-steps`");
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("the program did not end within 20 steps"), "{message}");
}
