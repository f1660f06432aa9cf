//! What is refused, by whom, and how it is told.

use super::{fails, Chain};
use crate::support::Scratch;

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
    assert!(message.contains("is not a model registry: it has no `settings`"), "{message}");
    chain.registry = "nonsense".to_owned();
    assert_eq!(chain.error("registry list").0, 2);

    let deployed = chain.json("registry deploy --window 1h --delay 3h");
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
        (
            "registry claim 1 --input inputs.npy",
            2,
            "inputs.npy has 45 rows, and one is wanted: `inputs.npy:0`",
        ),
        ("registry list --account 99 --network sepolia", 0, ""),
        ("registry withdraw --account 99", 8, "the node has 10 accounts"),
        ("registry withdraw --account alice", 8, "devnet's own accounts are numbered from 0"),
        ("registry withdraw --network mainnet", 7, "is on SN_SEPOLIA, SN_MAIN was asked for"),
        ("registry withdraw --accounts-file none.json --account alice", 8, "none.json"),
        ("registry deploy --window 1h --delay 10799", 2, "at least three times"),
        ("registry deploy --window 59m --delay 7d", 2, "an hour or more"),
        ("registry publish nothing", 1, "is not a Nilometer package"),
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
fn dead_nodes_and_nonsense_are_told() {
    let scratch = Scratch::new();
    let line = "registry list --registry 0x1";
    let (code, message, help) = fails(scratch.path(), "http://127.0.0.1:1", line);
    assert_eq!(code, 7);
    assert!(message.starts_with("no Starknet node answers at http://127.0.0.1:1: "), "{message}");
    assert!(help.contains("STARKNET_RPC"), "{help}");
    let (code, message, _) = fails(scratch.path(), "ftp://example.org", line);
    assert_eq!(code, 2);
    assert!(message.contains("is not an http or https address"), "{message}");
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
