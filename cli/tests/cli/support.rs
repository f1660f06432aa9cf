//! Running `nilo` and making what it reads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// The binary under test, without colours.
pub fn nilo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
    command.env("NO_COLOR", "1").env_remove("CORELIB_PATH");
    command
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A file of the zoo.
pub fn zoo(file: &str) -> PathBuf {
    root().join("examples/zoo").join(file)
}

/// What a command left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output as the one JSON object that it must be.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.stdout, self.stderr));
        assert!(value.is_object());
        value
    }

    /// Fails unless the command went well.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }
}

/// Runs `nilo` in a folder.
pub fn run_in(folder: &Path, args: &[&str]) -> Outcome {
    let Output { status, stdout, stderr } = nilo().current_dir(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs `nilo`.
pub fn run(args: &[&str]) -> Outcome {
    run_in(&root(), args)
}

/// Runs `nilo` with `--json`, wants it to go well, and reads the object.
pub fn json(args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    run(&args).ok().json()
}

/// Runs `nilo` with `--json`, wants it to fail, and gives the exit code and the error.
pub fn json_error(args: &[&str]) -> (i32, Value) {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    let outcome = run(&args);
    assert_ne!(outcome.code, 0, "{}", outcome.stdout);
    let error = outcome.json()["error"].take();
    assert_eq!(error["exit_code"], outcome.code);
    (outcome.code, error)
}

/// A folder that goes with the test, and paths in it.
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in it, as text.
    pub fn join(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }

    /// A file in it.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path().join(name), bytes).unwrap();
        self.join(name)
    }

    /// The names of what it holds.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }
}

/// Transpiles a model of the zoo, with its rows as calibration unless it is a tree.
pub fn transpile(scratch: &Scratch, model: &str, more: &[&str]) -> (String, Value) {
    let package = scratch.join(model);
    let onnx = zoo(&format!("{model}.onnx"));
    let inputs = zoo(&format!("{model}_inputs.npy"));
    let mut args = vec!["transpile", onnx.to_str().unwrap(), "-o", &package];
    if !model.starts_with("tree") {
        args.extend(["--calibration", inputs.to_str().unwrap()]);
    }
    args.extend(more);
    let result = json(&args);
    (package, result)
}

/// Every file below a folder, by path relative to it.
pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found.sort();
    found
}

/// A NumPy file of double precision.
pub fn npy(shape: &[usize], values: &[f64]) -> Vec<u8> {
    let axes: String = shape.iter().map(|axis| format!("{axis},")).collect();
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({axes}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// `bytes` with every `from` replaced by `to`, which is as long.
pub fn replaced(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|&i| bytes[i..].starts_with(from.as_bytes()))
        .collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}
