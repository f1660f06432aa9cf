//! Files are written whole or not at all.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::{files, json_error, nilo, transpile, zoo, Scratch};

#[test]
fn an_older_package_is_replaced() {
    let scratch = Scratch::new();
    let (package, first) = transpile(&scratch, "mlp_iris_4_16_3", &[]);
    fs::write(Path::new(&package).join("Scarb.lock"), "").unwrap();
    let (_, second) = transpile(&scratch, "mlp_iris_4_16_3", &["--bits", "11"]);
    assert_ne!(first["model_hash"], second["model_hash"]);
    let manifest = fs::read_to_string(Path::new(&package).join("nilometer.json")).unwrap();
    assert!(manifest.contains(second["model_hash"].as_str().unwrap()));
    assert!(!Path::new(&package).join("Scarb.lock").exists());
    assert_eq!(scratch.names(), ["mlp_iris_4_16_3"]);
}

#[test]
fn an_empty_folder_is_filled_and_others_are_left_alone() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path().join("tree_iris_dt4")).unwrap();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    assert!(Path::new(&package).join("nilometer.json").exists());

    // A package with something of the user's in it.
    fs::write(Path::new(&package).join("notes.txt"), "mine").unwrap();
    let model = zoo("tree_iris_dt4.onnx");
    let model = model.to_str().unwrap();
    let (code, error) = json_error(&["transpile", model, "-o", &package]);
    assert_eq!(code, 1);
    let wanted =
        format!("{package} is there already and is not a Nilometer package: it has \"notes.txt\"");
    assert_eq!(error["message"], wanted);
    assert_eq!(error["help"], "choose another folder with `-o DIR`, or remove it yourself");

    // A folder that never was a package, and a file.
    let folder = scratch.join("work");
    fs::create_dir(&folder).unwrap();
    fs::write(Path::new(&folder).join("thesis.tex"), "mine").unwrap();
    assert_eq!(json_error(&["transpile", model, "-o", &folder]).0, 1);
    let file = scratch.file("file", "mine");
    assert_eq!(json_error(&["transpile", model, "-o", &file]).0, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(scratch.names(), ["file", "tree_iris_dt4", "work"]);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let scratch = Scratch::new();
    let file = scratch.file("file", "");
    let model = zoo("tree_iris_dt4.onnx");
    let package = format!("{file}/package");
    let (code, error) = json_error(&["transpile", model.to_str().unwrap(), "-o", &package]);
    assert_eq!(code, 1);
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("cannot write {package}: ")), "{message}");
    assert_eq!(error["help"], "choose a place that you can write with `-o`");
}

#[test]
fn a_failure_leaves_the_older_package() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "mlp_iris_4_16_3", &[]);
    let before = files(Path::new(&package));
    let model = zoo("mlp_diabetes_10_64_64_1_tanh.onnx");
    let args = ["transpile", model.to_str().unwrap(), "-o", &package, "--max-loss", "0"];
    assert_eq!(json_error(&args).0, 4);
    assert!(files(Path::new(&package)) == before);
    assert_eq!(scratch.names(), ["mlp_iris_4_16_3"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing() {
    for signal in ["INT", "TERM"] {
        let scratch = Scratch::new();
        let package = scratch.join("package");
        let program = nilo().get_program().to_owned();
        let mut child = Command::new(program)
            .args(["transpile", zoo("mlp_scale_60k.onnx").to_str().unwrap(), "-o", &package])
            .args(["--calibration", zoo("mlp_scale_60k_inputs.npy").to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while scratch.names().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(60), "nothing was started");
            sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "SIG{signal}");
        assert_eq!(scratch.names(), [] as [&str; 0], "SIG{signal}");
    }
}
