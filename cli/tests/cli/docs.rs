//! What the documents and the examples say.

use std::fs;
use std::path::Path;

use crate::support::{root, run_in, zoo, Scratch};

/// The commands in a Markdown file: indented lines and blocks that start with `nilo `.
fn commands(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(str::trim).map(|line| line.strip_prefix("$ ").unwrap_or(line));
    lines.filter(|line| line.starts_with("nilo ")).map(str::to_owned).collect()
}

/// Runs a document's commands in a copy of an example's folder.
fn run_commands(document: &Path, example: &Path) {
    let scratch = Scratch::new();
    for entry in fs::read_dir(example).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "onnx" || e == "npy" || e == "json") {
            fs::copy(&path, scratch.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let commands = commands(document);
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let args: Vec<&str> = command.split_whitespace().skip(1).collect();
        let outcome = run_in(scratch.path(), &args);
        assert_eq!(outcome.code, 0, "{command}: {}{}", outcome.stdout, outcome.stderr);
        if args[0] == "check" {
            let agrees = |line: &str| line.starts_with("agreement  100% ");
            assert!(outcome.stdout.lines().any(agrees), "{command}: {}", outcome.stdout);
        }
    }
}

#[test]
fn the_readme_of_rockybot_is_true() {
    let example = root().join("examples/rockybot");
    run_commands(&example.join("README.md"), &example);
}

#[test]
fn the_readme_of_iris_tree_is_true() {
    let example = root().join("examples/iris-tree");
    run_commands(&example.join("README.md"), &example);
}

#[test]
fn the_readme_of_digits_mlp_is_true() {
    let example = root().join("examples/digits-mlp");
    run_commands(&example.join("README.md"), &example);
}

#[test]
fn the_readme_of_breast_cancer_forest_is_true() {
    let example = root().join("examples/breast-cancer-forest");
    run_commands(&example.join("README.md"), &example);
}

#[test]
fn the_audit_guide_is_true() {
    run_commands(&root().join("docs/audit.md"), &root().join("examples/iris-tree"));
}

#[test]
fn the_readme_is_true() {
    run_commands(&root().join("README.md"), &root().join("examples/rockybot"));
}

#[test]
fn the_bundled_model_is_that_of_the_zoo() {
    let example = root().join("examples/rockybot");
    for (own, other) in [
        ("rockybot.onnx", "rockybot.onnx"),
        ("inputs.npy", "rockybot_inputs.npy"),
        ("expected.npy", "rockybot_expected.npy"),
        ("calibration.npy", "rockybot_calibration.npy"),
        ("labels.npy", "rockybot_labels.npy"),
    ] {
        let own_bytes = fs::read(example.join(own)).unwrap();
        assert!(own_bytes == fs::read(zoo(other)).unwrap(), "{own} differs from {other}");
    }
}
