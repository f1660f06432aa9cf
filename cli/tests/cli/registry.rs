//! Commands about a chain, on a real node.

use std::path::Path;

use nilometer_starknet::devnet::DevnetOptions;
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

    fn run(&self, args: &[&str]) -> Outcome {
        let mut command = nilo();
        command.current_dir(self.scratch.path()).args(args);
        command.env("STARKNET_RPC", self.devnet.url()).env("NILO_REGISTRY", &self.registry);
        outcome(&mut command)
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
            ["registry", "verify"] => says("this ONNX file and these settings compile to"),
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

#[test]
fn scripts_read_json() {
    let mut chain = Chain::start();
    chain.json("transpile model.onnx -o package --name iris_tree");
    let run = chain.json("run package --input inputs.npy --rows 0,1");
    let planned = chain.json("registry deploy --window 60 --delay 120 --min-bond 100 --dry-run");
    assert_eq!(planned["address"], Value::Null);
    assert!(planned["declaration"]["gas_l2"].as_u64().unwrap() > 0);
    let deployed = chain.json("registry deploy --window 60 --delay 120 --min-bond 100");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();
    let again = chain.json("registry deploy --window 60 --delay 120 --min-bond 100");
    assert_eq!(again["declaration"]["already_declared"], true, "declaring twice is success");

    let published = chain.json("registry publish package --price 7 --licence MIT");
    assert_eq!(published["model_id"], 1);
    for field in ["class_hash", "tx_hash", "model_hash", "program_hash", "contract"] {
        assert!(published[field].as_str().unwrap().starts_with("0x"), "{field}");
    }
    assert!(published["gas_l2"].as_u64().unwrap() > 0);
    let second = chain.json("registry publish package --model 1");
    assert_eq!(
        (&second["version"], &second["declaration"]["already_declared"]),
        (&2.into(), &true.into())
    );

    let called = chain.json("registry call 1 --input inputs.npy --rows 0,1");
    for field in ["outputs", "outputs_int", "label", "labels"] {
        assert_eq!(called[field], run[field], "{field}");
    }
    assert!(called["gas_l2"].as_u64().unwrap() < 1_500_000, "{called}");
    let planned = chain.json("registry invoke 1 --input inputs.npy:0 --dry-run");
    assert_eq!((&planned["tx_hash"], &planned["paid"]), (&Value::Null, &"0".into()));
    let invoked = chain.json("registry invoke 1 --input inputs.npy --rows 0,1 --account 1");
    assert_eq!((&invoked["paid"], &invoked["evidence"]), (&"14".into(), &"executed".into()));
    assert_eq!(invoked["outputs_int"], run["outputs_int"]);

    let claimed = chain.json("registry claim 1 --input inputs.npy:0 --account 2");
    assert_eq!((&claimed["claim_id"], &claimed["matches_model"]), (&1.into(), &true.into()));
    assert_eq!((&claimed["evidence"], &claimed["bond"]), (&"claimed".into(), &"100".into()));
    let (code, message) = chain.error("registry challenge 1 --account 3");
    assert_eq!(code, 2);
    assert!(message.starts_with("claim 1 holds"), "{message}");
    let upheld = chain.json("registry challenge 1 --even-if-true --account 3");
    assert_eq!((&upheld["upheld"], &upheld["status"]), (&true.into(), &"upheld".into()));
    chain.json("registry claim 1 --input inputs.npy:0 --account 2");
    let contested = chain.json("registry contest 2 --account 3");
    assert_eq!(contested["status"], "contested");
    let (code, message) = chain.error("registry finalize 2");
    assert_eq!((code, message.as_str()), (7, "the contract refused: challenge window is open"));

    let shown = chain.json("registry show 1");
    assert_eq!(shown["versions"][0]["system_calls"], Value::Array(vec![]));
    assert_eq!(shown["versions"][1]["class_unchanged"], true);
    assert_eq!((&shown["n_calls"], &shown["revenue"]), (&2.into(), &"14".into()));
    assert_eq!(shown["claims"][1]["status"], "contested");
    let accounts = chain.json("registry withdraw --model 1 --dry-run");
    let owner = accounts["account"].as_str().unwrap().to_owned();
    assert_eq!(shown["owner"], owner.as_str());
    let set =
        chain.json(&format!("registry set 1 --price 9 --licence Apache-2.0 --share {owner}=100%"));
    assert_eq!((&set["price"], &set["licence"]), (&"9".into(), &"Apache-2.0".into()));
    let withdrawn = chain.json("registry withdraw");
    assert_eq!(withdrawn["amount"], "14");

    let other = chain.json("registry withdraw --account 2 --dry-run")["account"].take();
    let offered = chain.json(&format!("registry transfer 1 --to {}", other.as_str().unwrap()));
    assert_eq!(offered["offered_to"], other);
    let accepted = chain.json("registry transfer 1 --accept --account 2");
    assert_eq!(accepted["owner"], other);
    let ended = chain.json("registry set 1 --deprecate-version 1 --account 2");
    assert_eq!(ended["deprecated"], false);
    let listed = chain.json("registry list");
    assert_eq!(listed["models"][0]["name"], "iris_tree");
    assert_eq!(listed["totals"]["n_claims"], 2);

    let built = chain.json("contract build package");
    assert_eq!(built["class_hash"], published["class_hash"]);
    let declared = chain.json("contract declare package");
    assert_eq!((&declared["already_declared"], &declared["tx_hash"]), (&true.into(), &Value::Null));
    let deployed = chain.json("contract deploy package");
    assert!(deployed["address"].as_str().unwrap().starts_with("0x"));

    // What is pulled is what was declared; nothing is overwritten.
    let pulled = chain.json("registry pull 1 -o pulled");
    assert_eq!(pulled["class_hash"], published["class_hash"]);
    assert_eq!(pulled["compiled_class_hash"], built["compiled_class_hash"]);
    let (code, message) = chain.error("registry pull 1 -o pulled");
    assert_eq!((code, message.as_str()), (2, "pulled is there already: choose another folder"));

    // Another model is not this one, whatever it is called.
    let verified = chain.json("registry verify 1 --onnx model.onnx");
    assert_eq!(verified["valid"], true);
    let (code, message) = chain
        .error("registry verify 1 --onnx model.onnx --features fixed --calibration inputs.npy");
    assert_eq!(code, 7);
    assert!(
        message.contains("is not what this ONNX file and these settings compile to"),
        "{message}"
    );
    let (code, message) = chain.error("registry verify 1 --onnx model.onnx --name other");
    assert_eq!(code, 7, "{message}");
}

#[test]
fn refusals_are_told() {
    let mut chain = Chain::start();
    chain.json("transpile model.onnx -o package --name iris_tree");
    let (code, message) = chain.error("registry list");
    assert_eq!(code, 2);
    assert!(message.starts_with("no registry is named"), "{message}");
    chain.registry = "0x1234".to_owned();
    let (code, message) = chain.error("registry list");
    assert_eq!((code, message.as_str()), (7, "there is no contract at 0x1234 on this network"));
    // The fee token is a contract, but no registry.
    chain.registry = "0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d".to_owned();
    let (code, message) = chain.error("registry publish package");
    assert_eq!(code, 7);
    assert!(message.contains("is no model registry: it has no `settings`"), "{message}");
    chain.registry = "nonsense".to_owned();
    assert_eq!(chain.error("registry list").0, 2);

    let deployed = chain.json("registry deploy --window 60 --delay 120");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();
    chain.json("registry publish package --price 7");
    for (line, code, wanted) in [
        ("registry show 2", 7, "the contract refused: no such model"),
        (
            "registry call 1 --version 2 --input inputs.npy:0",
            7,
            "the contract refused: no such version",
        ),
        ("registry set 1 --price 1 --account 1", 7, "the contract refused: not the owner"),
        ("registry challenge 1", 7, "the contract refused: no such claim"),
        ("registry withdraw", 2, "nothing is credited"),
        ("registry invoke 1 --input inputs.npy:0 --max-price 6", 7, "price above the maximum"),
        ("registry claim 1 --input inputs.npy:0 --bond 1", 7, "bond too small"),
        ("registry claim 1 --input inputs.npy", 2, "45 rows: a claim is about one"),
        ("registry list --account 99 --network sepolia", 0, ""),
        ("registry withdraw --account 99", 8, "the node has 10 accounts"),
        ("registry withdraw --account alice", 8, "devnet's own accounts are numbered from 0"),
        ("registry withdraw --network mainnet", 7, "is on SN_SEPOLIA, SN_MAIN was asked for"),
        ("registry withdraw --accounts-file none.json --account alice", 8, "none.json"),
        ("registry deploy --window 60 --delay 119", 2, "at least twice"),
        ("registry publish nothing", 1, "is no Nilometer package"),
    ] {
        if code == 0 {
            chain.json(line);
            continue;
        }
        let (actual, message) = chain.error(line);
        assert_eq!(actual, code, "{line}: {message}");
        assert!(message.contains(wanted), "{line}: {message}");
    }
}

#[test]
fn keys_come_from_files() {
    let mut chain = Chain::start();
    let deployed = chain.json("registry deploy --window 60 --delay 120");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();
    let account = nilometer_starknet_accounts(chain.devnet.url());
    let (address, key) = &account[4];
    let accounts = format!(
        r#"{{"alpha-sepolia": {{"dora": {{"address": "{address}", "private_key": "{key}"}},
            "eve": {{"address": "{address}", "private_key": "0x1"}}}}}}"#
    );
    chain.scratch.file("accounts.json", accounts);
    chain.scratch.file(
        "snfoundry.toml",
        "[sncast.default]\naccount = \"dora\"\naccounts-file = \"accounts.json\"\n",
    );
    // The profile's account is that of the file.
    chain.json("transpile model.onnx -o package --name iris_tree");
    chain.json("registry publish package --price 7");
    let shown = chain.json("registry show 1");
    assert_eq!(shown["owner"], address.as_str());
    // A wrong key is the account's refusal, and is not shown.
    let (code, message) = chain.error("registry set 1 --price 1 --account eve");
    assert_eq!(code, 8, "{message}");
    assert!(!message.contains(key), "{message}");
    let (code, message) = chain.error("registry set 1 --price 1 --account frank");
    assert_eq!(code, 8);
    assert!(message.ends_with("it has no account \"frank\" for alpha-sepolia"), "{message}");
    // A number is devnet's own account, whatever the profile says.
    assert_eq!(chain.json("registry set 1 --price 3")["price"], "3");
    let (code, message) = chain.error("registry set 1 --price 1 --account 0");
    assert_eq!((code, message.as_str()), (7, "the contract refused: not the owner"));
    // A keystore wants its password, which comes from the environment.
    chain.scratch.file(
        "account.json",
        format!(r#"{{"deployment": {{"status": "deployed", "address": "{address}"}}}}"#),
    );
    chain.scratch.file("key.json", r#"{"crypto": {}}"#);
    let line = "registry set 1 --price 1 --keystore key.json --account account.json";
    let (code, message) = chain.error(line);
    assert_eq!(code, 8);
    assert!(message.contains("set KEYSTORE_PASSWORD"), "{message}");
}

/// Devnet's accounts: addresses and keys.
fn nilometer_starknet_accounts(url: &str) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accounts = runtime.block_on(nilometer_starknet::devnet::accounts(url)).unwrap();
    accounts
        .iter()
        .map(|a| (format!("{:#x}", a.address), format!("{:#x}", a.private_key)))
        .collect()
}

#[test]
fn dead_nodes_and_nonsense_are_told() {
    let scratch = Scratch::new();
    let line = "registry list --registry 0x1";
    let (code, message, help) = fails(scratch.path(), "http://127.0.0.1:1", line);
    assert_eq!(code, 7);
    assert!(message.starts_with("no Starknet node answers at http://127.0.0.1:1: "), "{message}");
    assert!(help.contains("STARKNET_RPC"), "{help}");
    let (code, message, _) = fails(scratch.path(), "ftp://example.org", line);
    assert_eq!(code, 2);
    assert!(message.contains("is no http or https address"), "{message}");
    let (code, message, _) =
        fails(scratch.path(), "", "registry list --registry 0x1 --network sepolia");
    assert_eq!(code, 2);
    assert!(message.starts_with("no node of sepolia is known"), "{message}");
    // A server that speaks no JSON-RPC.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    });
    let (code, message, _) = fails(scratch.path(), &url, line);
    server.join().unwrap();
    assert_eq!(code, 7, "{message}");
}
