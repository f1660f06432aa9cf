//! Where keys come from.

use nilometer_starknet::Felt;
use serde_json::Value;
use starknet_rust::signers::SigningKey;

use super::Chain;

#[test]
fn keys_come_from_files() {
    let mut chain = Chain::start();
    let deployed = chain.json("registry deploy --window 1h --delay 3h");
    chain.registry = deployed["address"].as_str().unwrap().to_owned();
    let account = devnet_accounts(chain.devnet.url());
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
    let secret = SigningKey::from_secret_scalar(Felt::from_hex(key).unwrap());
    secret.save_as_keystore(chain.scratch.path().join("key.json"), "open sesame").unwrap();
    let line = "registry set 1 --price 4 --keystore key.json --account account.json";
    let (code, message) = chain.error(line);
    assert_eq!(code, 8);
    assert!(message.contains("set KEYSTORE_PASSWORD"), "{message}");
    let with_password = |password: &str| {
        let mut command = chain.command(line.split_whitespace().chain(["--json"]));
        let output = command.env("KEYSTORE_PASSWORD", password).output().unwrap();
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json)
    };
    let (code, json) = with_password("open barley");
    assert_eq!(code, Some(8));
    assert!(json["error"]["message"].as_str().unwrap().contains("the password is wrong"), "{json}");
    let (code, json) = with_password("open sesame");
    // A higher price is announced first.
    let announced = &json["announced"][0]["price"];
    assert_eq!((code, &json["price"], announced), (Some(0), &"3".into(), &"4".into()), "{json}");
}

/// Devnet's accounts: addresses and keys.
pub(super) fn devnet_accounts(url: &str) -> Vec<(String, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let accounts = runtime.block_on(nilometer_starknet::devnet::accounts(url)).unwrap();
    accounts
        .iter()
        .map(|a| (format!("{:#x}", a.address), format!("{:#x}", a.private_key)))
        .collect()
}
