//! Commands about a chain, on a real node.

mod keys;
mod owners;
mod refusals;
mod scripts;

use std::path::Path;

use nilometer_starknet::devnet::{increase_time, DevnetOptions};
use nilometer_starknet::Devnet;
use serde_json::Value;

use crate::support::{nilo, root, Outcome, Scratch};

/// A node, a folder to run in, and the registry if there is one.
struct Chain {
    devnet: Devnet,
    scratch: Scratch,
    registry: String,
}

impl Chain {
    fn start() -> Self {
        let devnet = Devnet::start(&DevnetOptions::default())
            .unwrap_or_else(|error| panic!("{error}; run scripts/devnet"));
        let scratch = Scratch::new();
        for entry in std::fs::read_dir(root().join("examples/iris-tree")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "onnx" || e == "npy") {
                std::fs::copy(&path, scratch.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        Self { devnet, scratch, registry: String::new() }
    }

    fn command<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> assert_cmd::Command {
        let mut command = nilo();
        command.current_dir(self.scratch.path()).args(args);
        command.env("STARKNET_RPC", self.devnet.url()).env("NILO_REGISTRY", &self.registry);
        command
    }

    fn run(&self, args: &[&str]) -> Outcome {
        outcome(&mut self.command(args.iter().copied()))
    }

    /// Lets the chain's time pass.
    fn pass(&self, seconds: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(increase_time(self.devnet.url(), seconds)).unwrap();
    }

    fn json(&self, line: &str) -> Value {
        let args: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        self.run(&args).ok().json()
    }

    /// A command that must fail: its exit code and its message.
    fn error(&self, line: &str) -> (i32, String) {
        let args: Vec<&str> = line.split_whitespace().chain(["--json"]).collect();
        let outcome = self.run(&args);
        assert_ne!(outcome.code, 0, "{line}: {}", outcome.stdout);
        let error = outcome.json()["error"].take();
        assert_eq!(error["exit_code"], outcome.code);
        (outcome.code, error["message"].as_str().unwrap().to_owned())
    }
}

fn outcome(command: &mut assert_cmd::Command) -> Outcome {
    command.env_remove("KEYSTORE_PASSWORD");
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Runs `nilo` in a folder with a node's address, and wants a failure.
fn fails(folder: &Path, url: &str, line: &str) -> (i32, String, String) {
    let mut command = nilo();
    command.current_dir(folder).args(line.split_whitespace()).arg("--json");
    command.env("STARKNET_RPC", url).env_remove("NILO_REGISTRY");
    let outcome = outcome(&mut command);
    let error = outcome.json()["error"].take();
    let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
    (outcome.code, text("message"), text("help"))
}

#[test]
fn the_tutorial_is_true() {
    let mut chain = Chain::start();
    let text = std::fs::read_to_string(root().join("docs/registry.md")).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| l.starts_with("nilo ")).collect();
    assert!(lines.len() >= 15, "{lines:?}");
    for line in lines {
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        let outcome = chain.run(&args);
        assert_eq!(outcome.code, 0, "{line}: {}{}", outcome.stdout, outcome.stderr);
        let says = |what: &str| {
            assert!(outcome.stdout.contains(what), "{line}: {what:?}: {}", outcome.stdout);
        };
        match args[..2] {
            ["registry", "deploy"] => {
                let line = outcome.stdout.lines().find_map(|l| l.strip_prefix("registry "));
                chain.registry = line.unwrap().trim().to_owned();
            }
            ["registry", "verify"] => says("this ONNX file and "),
            ["registry", "invoke"] => says("executed on chain"),
            ["registry", "claim"] => says("the model answers otherwise"),
            ["registry", "challenge"] => says("refuted by execution on chain"),
            ["registry", "withdraw"] if args.contains(&"--account") => says("8 STRK"),
            ["registry", "withdraw"] => says("0.01 STRK"),
            _ => {}
        }
    }
    assert!(!chain.registry.is_empty());
}
