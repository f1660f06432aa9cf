//! What a package holds.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{files, json_error, run, transpile, zoo, Scratch};

#[test]
fn the_layout() {
    let scratch = Scratch::new();
    let (package, result) = transpile(&scratch, "tree_iris_dt4", &[]);
    let files = files(Path::new(&package));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in [
        "README.md",
        "Scarb.toml",
        "build/contract.casm.json",
        "build/contract_class.json",
        "build/program.json",
        "build/program.sierra.json",
        "description.json",
        "example.json",
        "model.json",
        "model.onnx",
        "nilometer.json",
        "recipe.json",
        "report.json",
        "report.md",
        "runtime/Scarb.toml",
        "runtime/src/lib.cairo",
        "schema.json",
        "src/contract.cairo",
        "src/lib.cairo",
        "src/model.cairo",
        "src/program.cairo",
    ] {
        assert!(names.contains(&wanted), "{wanted}: {names:?}");
    }
    for (name, bytes) in &files {
        if name.ends_with(".json") {
            serde_json::from_slice::<Value>(bytes)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let text = String::from_utf8_lossy(bytes);
        assert!(
            !text.contains(scratch.path().to_str().unwrap()),
            "{name} has a path of this machine"
        );
    }
    let read = |name: &str| fs::read_to_string(Path::new(&package).join(name)).unwrap();
    let card = read("README.md");
    assert!(card.contains(result["model_hash"].as_str().unwrap()), "{card}");
    assert!(card.contains(result["program_hash"].as_str().unwrap()), "{card}");
    let report = read("report.md");
    assert!(report.contains("| rows with the same decision | 100% (0 differ) |"), "{report}");
    let onnx = fs::read(zoo("tree_iris_dt4.onnx")).unwrap();
    assert_eq!(fs::read(Path::new(&package).join("model.onnx")).unwrap(), onnx);
}

#[test]
fn the_same_bytes_wherever_it_is_made() {
    for model in ["mlp_iris_4_16_3", "tree_iris_dt4"] {
        let (here, there) = (Scratch::new(), Scratch::new());
        let (first, _) = transpile(&here, model, &[]);
        let (second, _) = transpile(&there, model, &[]);
        let (first, second) = (files(Path::new(&first)), files(Path::new(&second)));
        assert_eq!(first.len(), second.len());
        for (a, b) in first.iter().zip(&second) {
            assert_eq!(a.0, b.0);
            assert!(a.1 == b.1, "{model}: {} differs", a.0);
        }
    }
}

#[test]
fn the_example_row_runs() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "mlp_iris_4_16_3", &[]);
    let example = format!("{package}/example.json");
    let text = run(&["run", &package, "--input", &example]).ok().stdout;
    assert!(text.contains("checked the Cairo VM and the Rust reference agree"), "{text}");
}

#[test]
fn changed_packages_are_refused() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &[]);
    let inputs = zoo("tree_iris_dt4_inputs.npy");
    let inputs = inputs.to_str().unwrap();
    let at = |name: &str| Path::new(&package).join(name);
    let run = ["run", &package, "--input", inputs];
    let check = ["check", &package, "--data", inputs];

    let model = fs::read_to_string(at("model.json")).unwrap();
    let threshold = model.find("\"bound\":").unwrap() + 8;
    let mut changed = model.clone();
    changed.insert(threshold, '1');
    fs::write(at("model.json"), changed).unwrap();
    let (code, error) = json_error(&run);
    assert_eq!(code, 1);
    assert!(error["message"].as_str().unwrap().contains("the manifest says"), "{error}");
    fs::write(at("model.json"), model).unwrap();

    let program = fs::read_to_string(at("build/program.json")).unwrap();
    fs::write(at("build/program.json"), program.replacen("\"0x48", "\"0x49", 1)).unwrap();
    let (code, error) = json_error(&run);
    assert_eq!(code, 1, "{error}");
    fs::write(at("build/program.json"), &program[..program.len() / 2]).unwrap();
    let (code, error) = json_error(&run);
    assert_eq!(code, 1);
    assert!(error["message"].as_str().unwrap().contains("not a program file"), "{error}");
    fs::write(at("build/program.json"), program).unwrap();

    let other = fs::read(zoo("tree_wine_rf10.onnx")).unwrap();
    fs::write(at("model.onnx"), other).unwrap();
    let (code, error) = json_error(&check);
    assert_eq!(code, 1);
    assert!(error["help"].as_str().unwrap().starts_with("the package was changed"), "{error}");

    let manifest = fs::read_to_string(at("nilometer.json")).unwrap();
    fs::write(at("nilometer.json"), manifest.replace("package-v1", "package-v9")).unwrap();
    let (_, error) = json_error(&run);
    let wanted =
        "has the format \"nilometer-package-v9\", this version reads \"nilometer-package-v1\"";
    assert!(error["message"].as_str().unwrap().ends_with(wanted), "{error}");
}

#[test]
fn folders_that_are_no_packages() {
    let scratch = Scratch::new();
    let folder = scratch.join("nothing");
    let outcome = run(&["estimate", &folder]);
    assert_eq!(outcome.code, 1);
    let wanted = format!(
        "error: {folder} is not a Nilometer package: it has no nilometer.json\nhelp: make one with `nilo transpile MODEL.onnx -o DIR`\n"
    );
    assert_eq!(outcome.stderr, wanted);
}
