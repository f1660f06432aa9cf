//! What only owners do, and records of proofs.

use serde_json::Value;

use super::keys::devnet_accounts;
use super::Chain;

#[test]
fn the_registry_is_governed_with_notice() {
    let mut chain = Chain::start();
    let deployed = chain.json("registry deploy --window 1h --delay 3h --min-bond 100");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();

    let status = chain.json("registry govern");
    assert_eq!((&status["delay"], &status["paused"]), (&10_800.into(), &false.into()));
    assert_eq!(status["scheduled"]["action"]["kind"], "none");
    assert_eq!(
        (&status["class_hash"], &status["tx_hash"]),
        (&deployed["class_hash"], &Value::Null)
    );

    let (code, message) = chain.error("registry govern --pause --account 1");
    assert_eq!((code, message.as_str()), (7, "the contract refused: not the owner"));
    let paused = chain.json("registry govern --pause");
    assert_eq!((&paused["paused"], &paused["network"]), (&true.into(), &"devnet".into()));
    assert_eq!(chain.json("registry govern --unpause")["paused"], false);
    let (code, message) = chain.error("registry govern --pause");
    assert_eq!(
        (code, message.as_str()),
        (7, "the contract refused: too soon after the last pause")
    );

    let announced = chain.json("registry govern --announce-rules --min-bond 200");
    let time = |field: &str| announced["scheduled"][field].as_u64().unwrap();
    assert_eq!(time("lapses_at"), time("ready_at") + 10_800);
    assert_eq!(announced["scheduled"]["action"]["min_bond"], "200");
    let (code, message) = chain.error("registry govern --set-rules");
    assert_eq!((code, message.as_str()), (7, "the contract refused: too early"));
    chain.pass(10_800);
    assert_eq!(chain.json("registry govern --set-rules")["min_bond"], "200");
    let (code, message) = chain.error("registry govern --set-rules");
    assert_eq!((code, message.as_str()), (2, "no rules are announced"));
    let (code, message) = chain.error("registry govern --announce-rules --window 2h");
    assert_eq!(code, 2, "{message}");
    let (code, message) = chain.error("registry govern --sweep");
    assert_eq!((code, message.as_str()), (7, "the contract refused: nothing to sweep"));

    // Its own class is declared already: upgrading to it changes nothing, but shows the way.
    let announced = chain.json("registry govern --announce-upgrade");
    assert_eq!(announced["declaration"]["already_declared"], true);
    assert_eq!(announced["scheduled"]["action"]["class_hash"], deployed["class_hash"]);
    chain.pass(21_600);
    let class_hash = deployed["class_hash"].as_str().unwrap();
    let (code, message) = chain.error(&format!("registry govern --upgrade {class_hash}"));
    assert_eq!((code, message.as_str()), (7, "the contract refused: announcement has lapsed"));
    chain.json("registry govern --announce-upgrade");
    chain.pass(10_800);
    let upgraded = chain.json(&format!("registry govern --upgrade {class_hash}"));
    assert_eq!(upgraded["scheduled"]["action"]["kind"], "none");
    chain.json("registry govern --announce-upgrade 0x1234");
    let cancelled = chain.json("registry govern --cancel");
    assert_eq!(cancelled["scheduled"]["action"]["kind"], "none");

    let (heir, _) = devnet_accounts(chain.devnet.url()).swap_remove(2);
    assert_eq!(chain.json(&format!("registry govern --offer {heir}"))["offered_to"], heir.as_str());
    assert_eq!(chain.json("registry govern --withdraw-offer")["offered_to"], Value::Null);
    chain.json(&format!("registry govern --offer {heir}"));
    assert_eq!(chain.json("registry govern --accept --account 2")["owner"], heir.as_str());
    let (code, message) = chain.error("registry govern --pause --unpause");
    assert_eq!(code, 2, "{message}");
}

#[test]
fn a_proof_is_verified_before_it_is_recorded() {
    let mut chain = Chain::start();
    let deployed = chain.json("registry deploy --window 1h --delay 3h --min-bond 100");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();
    chain.json("transpile model.onnx -o package --name iris_tree");
    chain.json("transpile model.onnx -o labels --name iris_label --labels-only");
    chain.json("registry publish package --price 7");
    chain.json("prove package --input inputs.npy:0 -o row0.proof");
    chain.json("prove labels --input inputs.npy:0 -o labels.proof");

    let recorded = chain.json("registry record 1 row0.proof --package package --account 1");
    assert_eq!((&recorded["proof_id"], &recorded["evidence"]), (&1.into(), &"claimed".into()));
    assert!(recorded["security_bits"].as_u64().unwrap() >= 100, "{recorded}");
    let planned = chain.json("registry record 1 row0.proof --package package --dry-run");
    assert_eq!((&planned["proof_id"], &planned["tx_hash"]), (&Value::Null, &Value::Null));

    // A broken proof, another model's proof, and another model's package record nothing.
    let mut bytes = std::fs::read(chain.scratch.path().join("row0.proof")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(chain.scratch.path().join("bent.proof"), bytes).unwrap();
    for (line, code, wanted) in [
        ("registry record 1 bent.proof --package package", 5, ""),
        ("registry record 1 labels.proof --package package", 5, "about the model with the key"),
        ("registry record 1 labels.proof --package labels", 2, "version 1 of the model has"),
        ("registry record 1 row0.proof --package package --security 128", 5, "128 are wanted"),
        ("registry record 2 row0.proof --package package", 7, "no such model"),
        ("registry record 1 none.proof --package package", 1, "cannot read none.proof"),
    ] {
        let (actual, message) = chain.error(line);
        assert_eq!(actual, code, "{line}: {message}");
        assert!(message.contains(wanted), "{line}: {message}");
    }
    assert_eq!(chain.json("registry list")["totals"]["n_proofs"], 1);
}
