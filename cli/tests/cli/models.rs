//! `nilo check` and `nilo estimate`.

use crate::support::{json, json_error, npy, run, transpile, zoo, Scratch};

#[test]
fn a_check_against_everything() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let file = |kind: &str| zoo(&format!("tree_iris_dt4_{kind}.npy")).to_str().unwrap().to_owned();
    let (data, labels) = (file("inputs"), file("labels"));
    let result = json(&["check", &package, "--data", &data, "--labels", &labels]);
    assert_eq!(result["rows"], 45);
    assert_eq!(result["agreement"], 1.0);
    assert_eq!(result["against"], "float");
    assert_eq!(result["max_abs_error"], 0.0);
    let accuracy = result["accuracy"].as_f64().unwrap();
    assert!((accuracy - 44.0 / 45.0).abs() < 1e-12);
    assert_eq!(result["accuracy"], result["float_accuracy"]);
    assert_eq!(result["flips"].as_array().unwrap().len(), 0);

    // Scores or labels of another runtime.
    for expected in [file("expected"), file("expected_label")] {
        let result = json(&["check", &package, "--data", &data, "--expected", &expected]);
        assert_eq!(result["against"], "expected");
        assert_eq!(result["agreement"], 1.0, "{result}");
        assert_eq!(result["float_agreement"], 1.0);
    }
    let text = run(&["check", &package, "--data", &data, "--labels", &labels]).ok().stdout;
    assert!(text.contains("\naccuracy   97.78% (float model: 97.78%)\n"), "{text}");
}

#[test]
fn every_flip_is_listed() {
    let scratch = Scratch::new();
    // Three bits are too few; the budget lets them pass.
    let (package, _) =
        transpile(&scratch, "mlp_iris_4_16_3", &["--bits", "3", "--max-loss", "100%"]);
    let data = zoo("mlp_iris_4_16_3_inputs.npy");
    let result = json(&["check", &package, "--data", data.to_str().unwrap()]);
    let flips = result["flips"].as_array().unwrap();
    let agreement = result["agreement"].as_f64().unwrap();
    assert!(!flips.is_empty());
    assert!((agreement - (1.0 - flips.len() as f64 / 45.0)).abs() < 1e-12);
    assert!(flips.iter().all(|flip| flip["expected"] != flip["actual"]));
    assert!(flips[0]["margin"].as_f64().unwrap() > 0.0);
    let text = run(&["check", &package, "--data", data.to_str().unwrap()]).ok().stdout;
    assert!(text.contains(" row   the float model   fixed point   "), "{text}");
}

#[test]
fn refused_rows_are_counted() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "mlp_iris_4_16_3", &["--input-range", "-4,4"]);
    let data = scratch.file("data.npy", npy(&[2, 4], &[0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0]));
    let result = json(&["check", &package, "--data", &data]);
    assert_eq!(result["refused"], 1);
    // Refused rows and rows that are decided differently are never one number.
    assert_eq!(result["agreement"], 1.0);
    assert_eq!(result["flips"].as_array().unwrap().len(), 0);
    let refusal = &result["refusals"][0];
    assert_eq!(refusal["refused"], "feature 0 is 9, outside the declared range [-4, 4]");
    let text = run(&["check", &package, "--data", &data]).ok().stdout;
    let (refused, agreement) = (text.find("refused    "), text.find("agreement  "));
    assert!(refused.is_some() && refused < agreement, "{text}");
}

#[test]
fn a_threshold_is_a_decision() {
    let scratch = Scratch::new();
    let data = zoo("mlp_bc_30_32_16_1_sigmoid_inputs.npy");
    let data = data.to_str().unwrap();
    let model = "mlp_bc_30_32_16_1_sigmoid";
    let (package, plain) = transpile(&scratch, model, &[]);
    let output = plain["package"].as_str().map(|_| json(&["check", &package, "--data", data]));
    let decision = output.unwrap()["decision"].as_str().unwrap().to_owned();
    let name = decision.split('`').nth(1).unwrap();
    let at = |value: &str| format!("{name}>{value}");
    let checked = json(&["check", &package, "--data", data, "--threshold", &at("0.3")]);
    assert_eq!(checked["decision"], format!("whether `{name}` exceeds 0.3"));
    // The package remembers what it was made for.
    let (package, _) = transpile(&scratch, model, &["--threshold", &at("0.3")]);
    let checked = json(&["check", &package, "--data", data]);
    assert_eq!(checked["decision"], format!("whether `{name}` exceeds 0.3"));
    assert!(checked["agreement"].as_f64().unwrap() >= 0.995, "{checked}");
    let args = ["check", &package, "--data", data, "--threshold", "nothing>0.3"];
    let (code, error) = json_error(&args);
    assert_eq!(code, 2, "{error}");
    assert!(error["message"].as_str().unwrap().contains(name), "{error}");
}

#[test]
fn regressors_have_errors_and_no_agreement() {
    let scratch = Scratch::new();
    let (package, result) = transpile(&scratch, "tree_diabetes_gbr100_d3", &[]);
    assert_eq!(result["kind"], "tree_regressor");
    let file = |kind: &str| {
        zoo(&format!("tree_diabetes_gbr100_d3_{kind}.npy")).to_str().unwrap().to_owned()
    };
    let (data, labels, expected) = (file("inputs"), file("labels"), file("expected"));
    let result =
        json(&["check", &package, "--data", &data, "--labels", &labels, "--expected", &expected]);
    assert!(result["agreement"].is_null());
    assert!(result["accuracy"].is_null());
    assert!(result["relative_error"].as_f64().unwrap() < 0.005, "{result}");
    let r2 = |field: &str| result[field].as_f64().unwrap();
    assert!((r2("r2") - 0.2806).abs() < 1e-3 && (r2("r2") - r2("float_r2")).abs() < 1e-3);
}

#[test]
fn files_that_do_not_fit_one_another() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let data = zoo("tree_iris_dt4_inputs.npy");
    let data = data.to_str().unwrap();
    let labels = scratch.file("labels.npy", npy(&[3], &[0.0, 1.0, 2.0]));
    let (code, error) = json_error(&["check", &package, "--data", data, "--labels", &labels]);
    assert_eq!(code, 1);
    assert_eq!(error["message"], format!("{labels} has 3 rows and {data} has 45"));
    let expected = scratch.file("expected.npy", npy(&[45, 2], &[0.0; 90]));
    let (code, error) = json_error(&["check", &package, "--data", data, "--expected", &expected]);
    assert_eq!(code, 2);
    let wanted =
        format!("{expected} has 2 columns, and no output of the model has as many numbers");
    assert_eq!(error["message"], wanted);
}

#[test]
fn estimates_are_measured() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let inputs = zoo("tree_iris_dt4_inputs.npy");
    let inputs = inputs.to_str().unwrap();
    let result = json(&["estimate", &package, "--data", inputs]);
    let run = json(&["run", &package, "--input", inputs]);
    assert_eq!(result["steps"], run["steps"]);
    assert_eq!(result["rows"], 45);
    let steps = result["steps"].as_u64().unwrap();
    assert_eq!(result["trace_rows"], 128);
    let checks = result["builtins"]["range_check"].as_u64().unwrap();
    assert_eq!(result["l2_gas"].as_u64().unwrap(), steps * 100 + checks * 70);
    assert_eq!(result["transaction"]["fits"], true);
    assert_eq!(result["proving"]["rows"], 128);
    assert!(result["proving"]["peak_bytes"].as_u64().unwrap() > 1 << 20);
    let text = run_text(&["estimate", &package]);
    assert!(text.contains("of its program      128 rows, up to "), "{text}");
    assert!(text.contains("Where steps go, by the cost model"), "{text}");
}

fn run_text(args: &[&str]) -> String {
    run(args).ok().stdout
}
