//! `nilo doctor` and `nilo demo`.

use std::fs;
use std::path::Path;

use crate::support::{json, nilo, root, run, Scratch};

#[test]
fn the_toolchain_is_checked() {
    // Whatever is missing is made by then: other tests compile.
    run(&["doctor", "--fix"]).ok();
    let result = json(&["doctor"]);
    assert_eq!((&result["ok"], &result["ready"]), (&true.into(), &true.into()));
    let checks = result["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["status"] == "ok"), "{result}");
    let text = run(&["doctor"]).ok().stdout;
    assert!(text.ends_with("\nAll is well.\n"), "{text}");
}

#[test]
fn what_is_missing_is_told_with_what_mends_it() {
    let scratch = Scratch::new();
    let mut doctor = nilo();
    doctor.env("NILOMETER_CACHE", scratch.join("cache")).args(["doctor", "--json"]);
    let output = doctor.output().unwrap();
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["ready"], false);
    for check in result["checks"].as_array().unwrap() {
        assert_eq!(check["help"].is_null(), check["status"] == "ok", "{check}");
    }
    assert!(!Path::new(&scratch.join("cache")).exists());

    let mut doctor = nilo();
    doctor.env("CORELIB_PATH", scratch.path()).arg("doctor");
    let output = doctor.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("broken   Cairo core library  no Cairo core library in"), "{text}");
    assert!(text.ends_with("\nModels cannot be transpiled until this is fixed.\n"), "{text}");
}

#[test]
fn without_network_what_is_missing_is_an_obstacle() {
    let scratch = Scratch::new();
    let mut doctor = nilo();
    doctor.env("NILOMETER_CACHE", scratch.join("cache")).args(["doctor", "--offline", "--json"]);
    let output = doctor.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["ok"], false);
}

#[test]
fn the_demo_goes_the_whole_way() {
    let scratch = Scratch::new();
    let package = scratch.join("rockybot");
    let result = json(&["demo", "--keep", &package]);
    assert_eq!(result["matches_reference"], true);
    assert_eq!(result["rows"].as_array().unwrap().len(), 8);
    assert!(result["agreement"].as_f64().unwrap() >= 0.995);
    assert!(result["steps"].as_u64().unwrap() <= 12_000);
    let stages: Vec<&str> =
        result["stages"].as_array().unwrap().iter().map(|s| s["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["import", "quantise", "emit", "toolchain", "compile", "measure", "write"]);
    assert!(Path::new(&package).join("report.md").exists());

    // The bundled package is this one, byte for byte; `UPDATE=1` writes it again.
    let packed = scratch.join("rockybot.json");
    run(&["pack", "--for-verifier", &package, "-o", &packed]).ok();
    let fresh = fs::read(&packed).unwrap();
    let bundled = root().join("examples/rockybot/rockybot.package.json");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&bundled, &fresh).unwrap();
    }
    assert!(
        fs::read(&bundled).unwrap() == fresh,
        "{} is not what the model compiles to: run this test with UPDATE=1",
        bundled.display()
    );
}

#[test]
fn a_first_proof_needs_no_compiler() {
    let scratch = Scratch::new();
    let without = || {
        let mut nilo = nilo();
        // No compiler is there, and none can be made.
        nilo.env("NILOMETER_CACHE", scratch.join("cache")).env("PATH", "").env_remove("CARGO");
        nilo
    };
    let bundled = root().join("examples/rockybot");
    let proof = scratch.join("row0.proof");
    for of in ["model", "program"] {
        let mut prove = without();
        prove.current_dir(&bundled).args(["prove", "rockybot.package.json", "--of", of]);
        prove.args(["-o", &proof, "--input", "inputs.npy:0"]).assert().success();
        let mut verify = without();
        verify.current_dir(&bundled).args(["verify", &proof, "--model", "rockybot.package.json"]);
        verify.assert().success();
    }

    let output = without().arg("demo").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(!Path::new(&scratch.join("cache")).exists());
    assert!(text.starts_with("RockyBot: a neural network that traded on chain"), "{text}");
    assert!(text.contains(" VM = reference"), "{text}");
}
