//! `nilo explore` on a real node: what is published, called and proved, through the server.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nilometer_starknet::devnet::DevnetOptions;
use nilometer_starknet::Devnet;
use serde_json::{json, Value};

use crate::support::{nilo, root, Scratch};

/// A server that ends with this value.
struct Served {
    child: Child,
    url: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(folder: &std::path::Path, args: &[&str], envs: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nilo"));
        command.current_dir(folder).args(args).envs(envs.iter().copied()).arg("--json");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        while serde_json::from_str::<Value>(&text).is_err() {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "it ended: {text}");
            text += &line;
        }
        std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
        let serving: Value = serde_json::from_str(&text).unwrap();
        Self { child, url: serving["url"].as_str().unwrap().to_owned() }
    }

    fn stop(mut self) -> i32 {
        // SIGINT, as Ctrl-C sends it.
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let response = client().get(format!("{}{path}", self.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let text = response.text().await.unwrap();
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Value {
        let request = client().post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/json").body(body);
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..300 {
            let value = self.get(path).await;
            if is_so(&value) {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never is so: {}", self.get(path).await);
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_registry_is_explored() {
    let devnet = Devnet::start(&DevnetOptions::default())
        .unwrap_or_else(|error| panic!("{error}; run scripts/devnet"));
    let scratch = Scratch::new();
    for file in ["model.onnx", "inputs.npy"] {
        let from: PathBuf = root().join("examples/iris-tree").join(file);
        std::fs::copy(from, scratch.path().join(file)).unwrap();
    }
    let mut registry = String::new();
    let mut run = |line: &str| {
        let mut command = nilo();
        command.current_dir(scratch.path()).args(line.split_whitespace()).arg("--json");
        command.env("STARKNET_RPC", devnet.url()).env("NILO_REGISTRY", &registry);
        let output = command.output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(output.status.success(), "{line}: {value}");
        if let Some(address) = value["address"].as_str().filter(|_| line.contains("deploy")) {
            registry = address.to_owned();
        }
        value
    };
    run("transpile model.onnx -o package --name iris_tree");
    run("registry deploy --window 3600 --delay 10800 --min-bond 1STRK");
    let published = run("registry publish package --price 0.01STRK --licence MIT");
    let invoked = run("registry invoke 1 --input inputs.npy:0 --account 1");
    run("registry claim 1 --input inputs.npy:0 --results 1,0,1,0 --bond 10STRK --account 2");
    run("registry challenge 1 --account 3");
    run("prove package --input inputs.npy:0 -o row0.proof");

    // The description is the package's, to the byte.
    let description = std::fs::read(scratch.path().join("package/description.json")).unwrap();
    let digest = nilometer_package::sha256(&description);
    assert_eq!(published["metadata_hash"], digest.as_str());

    let node = devnet.url().to_owned();
    let envs = [("STARKNET_RPC", node.as_str()), ("NILO_REGISTRY", registry.as_str())];
    let args =
        ["explore", "--listen", "127.0.0.1:0", "--index", "index.sqlite", "--packages", "package"];
    let site = Served::start(scratch.path(), &args, &envs);
    let status = site.until("/api/v1/status", |status| status["totals"]["claims"] == 1).await;
    assert_eq!((&status["totals"]["models"], &status["blocks_behind"]), (&json!(1), &json!(0)));
    let model = site.get("/api/v1/models/1").await;
    assert_eq!(model["name"], "iris_tree");
    assert_eq!(model["activity"]["calls"], 1);
    let claim = site.get("/api/v1/claims/1").await;
    assert_eq!((&claim["status"], &claim["trust"]), (&json!("refuted"), &json!("executed")));
    let version = "/api/v1/models/1/versions/1";
    let is_there = |value: &Value| value["state"] == "available";
    let described = site.until(&format!("{version}/description"), is_there).await;
    let checks = described["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 4);
    assert!(checks.iter().all(|check| check["passed"] == true), "{checks:?}");
    let contract = site.get(&format!("{version}/contract")).await;
    assert_eq!(
        (&contract["class_unchanged"], &contract["system_calls"]),
        (&json!(true), &json!([]))
    );
    let is_whole = |calls: &Value| {
        let call = &calls["items"][0];
        call["gas_l2"].is_u64() && call["outputs"][0]["name"] == "label"
    };
    let calls = site.until("/api/v1/models/1/calls", is_whole).await;
    assert_eq!(calls["items"][0]["trust"], "executed");
    assert!(calls["items"][0]["gas_l2"].as_u64().unwrap() > 100_000);

    // Trying gives what the paid call gave.
    let row = json!({ "input": [5.1, 3.5, 1.4, 0.2] });
    let tried = site.post(&format!("{version}/predict"), row.to_string().into()).await;
    assert_eq!(tried["matches_description"], true, "{tried}");
    assert_eq!(tried["label"], "0");
    let path = tried["paths"][0].as_array().unwrap();
    assert!(path.len() >= 2 && path[0]["feature"].is_u64(), "{path:?}");
    let paid = invoked["outputs_int"][0].as_array().unwrap();
    assert!(!paid.is_empty());

    // A good proof, a tampered one, garbage.
    let proof = std::fs::read(scratch.path().join("row0.proof")).unwrap();
    let verify = format!("{version}/verify");
    let good = site.post(&verify, proof.clone()).await;
    assert_eq!((&good["valid"], &good["trust"]), (&json!(true), &json!("proved")), "{good}");
    assert!(good["options"]["proven_bits"].as_u64().unwrap() >= 100);
    assert_eq!(
        good["outputs"], calls["items"][0]["outputs"],
        "the proof is about the row that was paid for"
    );
    for place in [proof.len() / 3, proof.len() / 2, proof.len() - 9] {
        let mut tampered = proof.clone();
        tampered[place] ^= 1;
        let bad = site.post(&verify, tampered).await;
        assert_eq!((&bad["valid"], &bad["trust"]), (&json!(false), &Value::Null), "{place}");
        assert!(!bad["reason"].as_str().unwrap().is_empty(), "{place}");
        assert_eq!((&bad["outputs"], &bad["input_int"]), (&json!([]), &json!([])), "{place}");
    }
    for garbage in [Vec::new(), b"garbage".to_vec(), vec![0x89; 100_000], proof[..100].to_vec()] {
        assert_eq!(site.post(&verify, garbage).await["valid"], false);
    }
    assert_eq!(site.get("/api/v1/models?trust=proved").await["total"], 1);
    assert!(site.get("/models/1").await.as_str().unwrap().contains("iris_tree"));

    // Ctrl-C stops it, and the index is there without a node.
    assert!([0, 130].contains(&site.stop()));
    drop(devnet);
    let site = Served::start(scratch.path(), &args, &envs);
    let status = site.until("/api/v1/status", |status| status["trouble"].is_object()).await;
    assert_eq!(status["totals"]["models"], 1);
    assert_eq!(site.post(&verify, proof).await["valid"], true, "proofs need no node");
}

#[test]
fn explore_needs_a_registry_and_a_node() {
    let scratch = Scratch::new();
    let run = |args: &[&str]| {
        let mut command = nilo();
        command.current_dir(scratch.path()).args(args).arg("--json");
        command.env_remove("NILO_REGISTRY").env("STARKNET_RPC", "http://127.0.0.1:9");
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, text) = run(&["explore"]);
    assert_eq!(code, 2, "{text}");
    assert!(text.contains("--registry ADDRESS"), "{text}");
    let (code, text) = run(&["explore", "--registry", "0x1", "--index", "none.sqlite"]);
    assert_eq!(code, 7, "{text}");
    let (code, text) = run(&["explore", "--registry", "0x1", "--rpc", "ftp://x"]);
    assert_eq!(code, 2, "{text}");
}
