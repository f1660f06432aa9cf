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

/// The commands of a document.
fn lines(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("nilo "));
    lines.map(str::to_owned).collect()
}

/// Copies a folder of the project into the folder that commands run in.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_consumers_tutorial_is_true() {
    let mut chain = Chain::start();
    copy_folder(&root().join("examples/consumer"), &chain.scratch.path().join("consumer"));
    let (mut consumer, mut calldata) = (String::new(), String::new());
    for line in lines("docs/consume.md") {
        // What readers put in by hand.
        let line = line.replace("$REGISTRY", &chain.registry).replace("$GATE", &consumer);
        let line = line.replace("$CALLDATA", &calldata);
        let args: Vec<&str> = line.split_whitespace().skip(1).collect();
        let outcome = chain.run(&args);
        assert_eq!(outcome.code, 0, "{line}: {}{}", outcome.stdout, outcome.stderr);
        let field = |name: &str| {
            let line = outcome.stdout.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name}: {}", outcome.stdout)).trim().to_owned()
        };
        match args[..2] {
            ["registry", "deploy"] => chain.registry = field("registry "),
            ["encode", ..] if outcome.stdout.contains("calldata") => calldata = field("calldata "),
            ["contract", "deploy"] => consumer = field("address "),
            ["contract", "call"] => assert!(outcome.stdout.starts_with("0x"), "{}", outcome.stdout),
            _ => {}
        }
    }
    assert!(consumer.starts_with("0x"));
    let called = chain.json(&format!("contract call {consumer} n_decisions"));
    assert_eq!(called["result"], serde_json::json!(["0x2"]));
    // What the registry refuses, the consumer refuses.
    let (code, message) = chain.error(&format!("contract invoke {consumer} decide 1 0x1"));
    assert_eq!(code, 7);
    assert!(message.contains("wrong input length"), "{message}");
}

#[test]
fn the_tutorial_is_true() {
    let mut chain = Chain::start();
    let lines = lines("docs/registry.md");
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
            ["registry", "claim"] if args.contains(&"--results") => {
                says("the model answers otherwise");
            }
            ["registry", "challenge"] => says("refuted by execution on chain"),
            ["registry", "withdraw"] if args.contains(&"--account") => says("5 STRK"),
            ["registry", "withdraw"] => says("0.01 STRK"),
            _ => {}
        }
    }
    assert!(!chain.registry.is_empty());
}
