//! `nilo demo --explore` in a real browser: a registry on a local node, its models tried, its proofs checked.

#![allow(clippy::unwrap_used)]

#[path = "../../../explorer/tests/browser/chromium.rs"]
#[allow(dead_code, reason = "the pages' own tests use more of it")]
mod chromium;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chromium::{Browser, Driver};

/// A demonstration that is running; it is interrupted, as a person would, when this goes.
struct Demo {
    child: Child,
    url: String,
    proof: PathBuf,
}

impl Demo {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nilo"))
            .args(["demo", "--explore", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (mut proof, mut said) = (None, Vec::new());
        let url = lines.find_map(|line| {
            if let Some((_, path)) = line.split_once("a proof to try: ") {
                proof = path.split_whitespace().next().map(PathBuf::from);
            }
            let url = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:"));
            let is_ours = !line.contains("starknet-devnet");
            let found = url.filter(|_| is_ours).map(ToOwned::to_owned);
            said.push(line);
            found
        });
        std::thread::spawn(move || lines.for_each(drop));
        let Some(url) = url else { panic!("no address is told:\n{}", said.join("\n")) };
        Self { child, url, proof: proof.expect("there is a proof to try") }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tabs of a model, and what each says.
const TABS: [(&str, &str); 8] = [
    ("", "Model card"),
    ("/versions", "Version 1"),
    ("/try", "Ask the contract"),
    ("/proofs", "Check a proof"),
    ("/disputes", "Anyone may challenge it"),
    ("/usage", "Executed calls"),
    ("/contract", "What it can do"),
    ("/use", "Command line"),
];

#[test]
fn a_living_registry_is_explored() {
    let Some(driver) = Driver::start() else {
        panic!("chromedriver is not installed: run scripts/chromium");
    };
    let demo = Demo::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let browser = driver.browser().await;
        list(&browser, &demo.url).await;
        for model in 1..=4 {
            tabs(&browser, &demo.url, model).await;
            tried(&browser, &demo.url, model).await;
        }
        claims(&browser, &demo.url).await;
        proofs(&browser, &demo).await;
        browser.close().await;
    });
}

/// The index follows the node: its models come by themselves.
async fn list(browser: &Browser, url: &str) {
    for _ in 0..60 {
        browser.open(url).await;
        if browser.text("#found").await == "4 models"
            && browser.text(".figures").await.contains("Claims")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(browser.text("#found").await, "4 models");
    browser.picture("live-list").await;
    for (filter, found) in
        [("kind=tree", "2 models"), ("price=free", "1 model"), ("q=digits", "1 model")]
    {
        browser.open(&format!("{url}/?{filter}")).await;
        assert_eq!(browser.text("#found").await, found, "{filter}");
    }
    browser.assert_quiet("the list").await;
}

async fn tabs(browser: &Browser, url: &str, model: u32) {
    for (width, screen) in [(1280, "desktop"), (320, "phone")] {
        browser.viewport(width, 900).await;
        for (tab, says) in TABS {
            browser.open(&format!("{url}/models/{model}{tab}")).await;
            browser.wait_for_text("main", says).await;
            let what = format!("live-{model}{}-{screen}", tab.replace('/', "-"));
            browser.picture(&what).await;
            browser.assert_no_sideways_scroll(&what).await;
            browser.assert_quiet(&what).await;
        }
    }
    browser.viewport(1280, 900).await;
    browser.open(&format!("{url}/models/{model}")).await;
    let failed = browser.count(".checks .no").await;
    assert_eq!(failed, 0, "all that model {model} describes is what the chain says");
    assert!(browser.count(".checks .yes").await >= 3, "model {model} is described");
    assert!(browser.count("svg.figure").await > 0, "model {model} is drawn");
}

async fn tried(browser: &Browser, url: &str, model: u32) {
    browser.open(&format!("{url}/models/{model}/try")).await;
    browser.click("#row-title ~ form button[type=submit]").await;
    browser.wait_for_text("#answer .trust", "Simulated by the node").await;
    browser.wait_for_text("#answer", "gives the same integers").await;
    if model <= 2 {
        assert!(browser.count("#answer .tree .on.edge").await > 0, "the path is drawn");
    }
    browser.picture(&format!("live-{model}-tried")).await;
    browser.assert_quiet("trying").await;
}

async fn claims(browser: &Browser, url: &str) {
    browser.open(&format!("{url}/claims")).await;
    let table = browser.text("table").await;
    for state in ["refuted", "upheld", "final", "open"] {
        assert!(table.contains(state), "{state}: {table}");
    }
    browser.picture("live-claims").await;
    browser.open(&format!("{url}/claims/1")).await;
    browser.wait_for_text("main", "refuted").await;
    browser.picture("live-claim").await;
}

async fn proofs(browser: &Browser, demo: &Demo) {
    let page = format!("{}/models/1/proofs", demo.url);
    let good = fs::read(&demo.proof).unwrap();
    let mut tampered = good.clone();
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("tampered", tampered, "is not valid"),
        ("garbage", b"no proof".to_vec(), "is not valid"),
        ("good", good, "is valid"),
    ];
    for (name, bytes, verdict) in cases {
        let file = folder.path().join(name);
        fs::write(&file, bytes).unwrap();
        browser.open(&page).await;
        browser.keys("#proof", file.to_str().unwrap()).await;
        browser.click("#check-title ~ form button").await;
        browser.wait_for_text("#verdict .verdict", verdict).await;
        let proved = browser.count("#verdict .trust.proved").await;
        assert_eq!(proved, usize::from(name == "good"), "{name}");
        browser.picture(&format!("live-proof-{name}")).await;
    }
    assert!(browser.text("#verdict").await.contains("100 bits"));
    // The record of that very file is proved from now on.
    browser.open(&page).await;
    browser.wait_for_text("table .trust", "Proved").await;
    browser.assert_quiet("proofs").await;
}
