//! The crates and their dependencies as ARCHITECTURE.md draws them.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const START: &str = "<!-- crates: drawn by tests/tests/architecture.rs -->\n```text\n";
const END: &str = "```\n";

/// The workspace's crates, each with the crates of ours that it is built on (tests' dependencies left out).
fn crates(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--locked", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let short = |name: &Value| name.as_str().unwrap().strip_prefix("nilometer-").map(str::to_owned);
    let dependencies = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap();
        let built_on = all.iter().filter(|dependency| dependency["kind"] != "dev");
        built_on.filter_map(|dependency| short(&dependency["name"])).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| (short(&package["name"]).unwrap(), dependencies(package)))
        .collect()
}

/// One line for each crate, without the dependencies that another dependency brings along.
fn drawing(crates: &BTreeMap<String, BTreeSet<String>>) -> String {
    fn reaches(crates: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
        crates[from].iter().any(|next| next == to || reaches(crates, next, to))
    }
    let width = crates.keys().map(String::len).max().unwrap_or(0);
    let line = |(name, all): (&String, &BTreeSet<String>)| {
        let implied = |to: &String| all.iter().any(|by| by != to && reaches(crates, by, to));
        let direct: Vec<&str> = all.iter().filter(|to| !implied(to)).map(String::as_str).collect();
        let line = format!("{name:width$}  {}", direct.join(", "));
        format!("{}\n", line.trim_end())
    };
    crates.iter().map(line).collect()
}

#[test]
fn architecture_draws_the_crates_as_they_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let file = root.join("ARCHITECTURE.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(START).expect("the marker of the drawing");
    let (drawn, after) = rest.split_once(END).unwrap();
    let actual = drawing(&crates(root));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, format!("{before}{START}{actual}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(drawn, actual, "draw it again with UPDATE=1");
}
