//! What scripts read, from publishing to a pulled class.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Chain;

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
    let estimated = chain.json("estimate package")["declare_gas_l2"].as_f64().unwrap();
    let declared = published["declaration"]["gas_l2"].as_f64().unwrap();
    assert!((estimated / declared - 1.0).abs() < 0.005, "{estimated} estimated, {declared} used");
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
    chain.json("registry set 1 --metadata-uri https://example.org/card --metadata model.onnx");
    let described = chain.json("registry show 1")["versions"][1].take();
    assert_eq!(described["metadata_uri"], "https://example.org/card");
    let model = std::fs::read(chain.scratch.path().join("model.onnx")).unwrap();
    assert_eq!(described["metadata_hash"], hex::encode(Sha256::digest(model)));
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
    let verified = chain.json("registry verify 1 --onnx model.onnx --package package");
    assert_eq!(verified["valid"], true);
    let described =
        chain.json("registry verify 1 --onnx model.onnx --package package/description.json");
    assert_eq!(described["valid"], true);
    let (code, message) = chain
        .error("registry verify 1 --onnx model.onnx --features fixed --calibration inputs.npy");
    assert_eq!(code, 7);
    assert!(message.contains("this ONNX file and these settings give other hashes"), "{message}");
    let (code, message) = chain.error("registry verify 1 --onnx model.onnx --name other");
    assert_eq!(code, 7, "{message}");
}
