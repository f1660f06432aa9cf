//! Rows that are read as they stand in the file: headers, missing values, digits.

use std::fs;

use serde_json::Value;

use crate::support::{json, json_error, run, transpile, Scratch};

/// Iris rows as text, a line each.
const ROWS: [&str; 3] = ["5.1,3.5,1.4,0.2", "6.2,3.4,5.4,2.3", "5.9,3.0,4.2,1.5"];

fn labels(result: &Value) -> Vec<i64> {
    let rows = result["rows"].as_array().unwrap();
    rows.iter().map(|row| row["label"].as_i64().unwrap()).collect()
}

#[test]
fn a_header_is_taken_by_rule_and_said() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let read = |header: &str, more: &[&str]| {
        let file = scratch.file("rows.csv", format!("{header}{}\n", ROWS.join("\n")));
        let args = [&["run", &package, "--input", &file][..], more].concat();
        json(&args)
    };
    let plain = read("", &[]);
    assert!(plain.get("notes").is_none() && plain.get("warnings").is_none(), "{plain}");
    assert_eq!(plain["rows"].as_array().unwrap().len(), 3);
    let named = read("a,b,c,d\n", &[]);
    assert_eq!(labels(&named), labels(&plain));
    let note = named["notes"][0].as_str().unwrap();
    assert!(note.ends_with("line 1 is a header (a,b,c,d); `--header no` makes it a row"), "{note}");
    let numbered = read("0,1,2,3\n", &[]);
    assert_eq!(labels(&numbered), labels(&plain));
    assert!(numbered["warnings"][0].as_str().unwrap().contains("as pandas does"), "{numbered}");
    assert_eq!(read("0,1,2,3\n", &["--header", "no"])["rows"].as_array().unwrap().len(), 4);
    assert_eq!(read("", &["--header", "yes"])["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn prove_and_verify_read_the_same_row() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let file = scratch.file("rows.csv", format!("0,1,2,3\n{}\n", ROWS.join("\n")));
    let row = format!("{file}:0");
    let proof = scratch.join("row.proof");
    let proved = json(&["prove", &package, "--input", &row, "-o", &proof, "--header", "no"]);
    assert!(proved.get("warnings").is_none());
    let (code, _) = json_error(&["verify", &proof, "--model", &package, "--input", &row]);
    assert_eq!(code, 5, "row 0 is another row with the header");
    let verified =
        json(&["verify", &proof, "--model", &package, "--input", &row, "--header", "no"]);
    assert_eq!(verified["valid"], true);
}

#[test]
fn nothing_is_rounded_or_dropped_silently() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    for (name, text, reason) in [
        ("a.csv", "$1,$2,$3,$4\n1,2,3,4\n", "\"$1\" is not a number"),
        ("b.csv", "\"1,000\",2,3,4\n1,2,3,4\n", "\"1,000\" is not a number"),
        ("c.csv", "1e400,2,3,4\n", "1e400 is too large for a double"),
        ("d.csv", "9007199254740993,2,3,4\n", "9007199254740993 is not a double"),
        ("e.json", "[1e400, 2, 3, 4]", "1e400 is too large for a double"),
        ("f.json", "[9007199254740993.0, 2, 3, 4]", "9007199254740993.0 is not a double"),
        ("g.csv", "1,2,3,4\n\n1,2,3,4\n", "line 2 is blank"),
    ] {
        let file = scratch.file(name, text);
        let (code, error) = json_error(&["run", &package, "--input", &file]);
        let message = error["message"].as_str().unwrap();
        assert!(code == 1 && message.contains(reason), "{text:?}: {message}");
    }
    // A float model's largest number is not its infinity.
    let file = scratch.file("h.json", "[1e39, 2, 3, 4]");
    let (_, error) = json_error(&["run", &package, "--input", &file]);
    assert!(error["message"].as_str().unwrap().contains("outside the declared range"), "{error}");
    // A row of missing values is a row: the model takes none, and says so.
    let file = scratch.file("i.csv", "NA,NA,NA,NA\n1,2,3,4\n");
    let (_, error) = json_error(&["run", &package, "--input", &file]);
    assert!(error["message"].as_str().unwrap().contains("row 0: "), "{error}");
}

#[test]
fn a_header_option_for_another_file_says_so() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let file = scratch.file("row.json", "[5.1, 3.5, 1.4, 0.2]");
    let outcome = run(&["run", &package, "--input", &file, "--header", "yes"]).ok();
    assert!(outcome.stderr.contains("warning: `--header` does nothing"), "{}", outcome.stderr);
    assert!(fs::metadata(&file).is_ok());
}
