//! Headless Chromium, driven through its own driver. `scripts/chromium` installs both.
//!
//! The few commands of the WebDriver protocol that are needed are spoken here: the client crates would change features
//! of the compiler's dependencies, and so build the whole workspace twice.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{json, Value};
use tempfile::TempDir;

/// A running driver; it ends with this.
pub struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts the driver; none where it is not installed.
    pub fn start() -> Option<Self> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        // The pipe stays open: a driver that cannot write dies.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, port: port.expect("the driver says its port") })
    }

    /// A browser of its own.
    pub async fn browser(&self) -> Browser {
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1280,900",
        ]
        .map(ToOwned::to_owned)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        let capabilities = json!({
            "goog:chromeOptions": { "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
            "unhandledPromptBehavior": "ignore",
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let driver = format!("http://127.0.0.1:{}", self.port);
        let session = send(&reqwest::Client::new(), &format!("{driver}/session"), &wanted).await;
        let id = session.unwrap()["sessionId"].as_str().unwrap().to_owned();
        let http = reqwest::Client::new();
        Browser { http, session: format!("{driver}/session/{id}"), _profile: profile }
    }
}

/// Sends a command; the driver's own words where it fails.
async fn send(http: &reqwest::Client, url: &str, body: &Value) -> Result<Value, String> {
    let request = http.post(url).header("content-type", "application/json").body(body.to_string());
    let answer = request.send().await.unwrap();
    let (is_fine, text) = (answer.status().is_success(), answer.text().await.unwrap());
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    match is_fine {
        true => Ok(answer["value"].take()),
        false => Err(answer["value"]["message"].to_string()),
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with a profile of its own.
pub struct Browser {
    http: reqwest::Client,
    session: String,
    _profile: TempDir,
}

/// An element of the page that is open.
pub struct Element(String);

impl Browser {
    /// Ends the session.
    pub async fn close(self) {
        self.http.delete(&self.session).send().await.unwrap();
    }

    async fn command(&self, path: &str, body: Value) -> Result<Value, String> {
        send(&self.http, &format!("{}/{path}", self.session), &body).await
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.command("goog/cdp/execute", body).await.unwrap()
    }

    /// Makes the viewport this wide and high.
    pub async fn viewport(&self, width: u32, height: u32) {
        let mobile = width < 600;
        let params =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", params).await;
    }

    /// The system's theme.
    pub async fn prefers(&self, theme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Whether scripts run.
    pub async fn scripts(&self, run: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !run })).await;
    }

    /// Opens an address.
    pub async fn open(&self, url: &str) {
        self.command("url", json!({ "url": url })).await.unwrap();
    }

    async fn elements(&self, css: &str) -> Vec<Element> {
        let search = json!({ "using": "css selector", "value": css });
        let found = self.command("elements", search).await.unwrap();
        let id =
            |element: &Value| element.as_object()?.values().next()?.as_str().map(ToOwned::to_owned);
        found.as_array().unwrap().iter().filter_map(id).map(Element).collect()
    }

    /// The first element of a CSS selector, as soon as it is there.
    pub async fn find(&self, css: &str) -> Element {
        for _ in 0..100 {
            if let Some(element) = self.elements(css).await.into_iter().next() {
                return element;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("there is no {css}");
    }

    /// How many elements a CSS selector has.
    pub async fn count(&self, css: &str) -> usize {
        self.elements(css).await.len()
    }

    /// The text of the first element.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await;
        self.visible_text(css).await.unwrap_or_default()
    }

    async fn visible_text(&self, css: &str) -> Option<String> {
        let element = self.elements(css).await.into_iter().next()?;
        let url = format!("{}/element/{}/text", self.session, element.0);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["value"].as_str().map(ToOwned::to_owned)
    }

    /// Clicks.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        self.command(&format!("element/{}/click", element.0), json!({})).await.unwrap();
    }

    /// Replaces what a field holds.
    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        self.command(&format!("element/{}/clear", element.0), json!({})).await.unwrap();
        self.keys(css, text).await;
    }

    /// Chooses a file, or types.
    pub async fn keys(&self, css: &str, keys: &str) {
        let element = self.find(css).await;
        let path = format!("element/{}/value", element.0);
        self.command(&path, json!({ "text": keys })).await.unwrap();
    }

    /// Presses a key, wherever the focus is.
    pub async fn press(&self, key: &str) {
        let actions =
            json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.command("actions", body).await.unwrap();
    }

    /// Waits for a text in an element.
    pub async fn wait_for_text(&self, css: &str, wanted: &str) {
        let mut last = String::new();
        for _ in 0..100 {
            if let Some(text) = self.visible_text(css).await {
                last = text;
                if last.contains(wanted) {
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{css} never says {wanted:?} but {last:?}");
    }

    /// Runs a script of the test, which the page's policy does not concern.
    pub async fn run(&self, script: &str) -> Value {
        self.command("execute/sync", json!({ "script": script, "args": [] })).await.unwrap()
    }

    /// Nothing sticks out to the side: the page itself does not scroll there.
    pub async fn assert_no_sideways_scroll(&self, what: &str) {
        let script = "const root = document.documentElement; const wide = root.clientWidth;
            if (root.scrollWidth <= wide) return null;
            const far = [...document.body.querySelectorAll('*')].filter((e) =>
                e.getBoundingClientRect().right > wide + 1 && !e.closest('.scroll, .figure-scroll, .tabs, pre'));
            return [root.scrollWidth, wide, far.slice(0, 5).map((e) => e.outerHTML.slice(0, 160))];";
        let found = self.run(script).await;
        assert!(found.is_null(), "{what} scrolls sideways: {found:#}");
    }

    /// No foreign script has run: no dialog is open, no mark of one is set, and the console has no error.
    pub async fn assert_quiet(&self, what: &str) {
        let alert = self.http.get(format!("{}/alert/text", self.session)).send().await.unwrap();
        assert!(!alert.status().is_success(), "{what} opens a dialog");
        let mark = self.run("return window.__pwned ?? null").await;
        assert!(mark.is_null(), "{what} runs a stranger's script: {mark}");
        let entries = self.command("se/log", json!({ "type": "browser" })).await.unwrap();
        let bad = entries.as_array().unwrap().iter().find(|entry| {
            // A page that does not exist is not an error here.
            entry["level"] == "SEVERE" && !entry["message"].to_string().contains("status of 404")
        });
        assert!(bad.is_none(), "{what}: {}", bad.unwrap());
    }

    /// Keeps a picture of the whole page.
    pub async fn picture(&self, name: &str) {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let part = |key: &str| size["cssContentSize"][key].as_f64().unwrap();
        let clip = json!({ "x": 0, "y": 0, "width": part("width"), "height": part("height").min(6000.0), "scale": 1 });
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let shot = self.devtools("Page.captureScreenshot", params).await;
        let image = decode(shot["data"].as_str().unwrap());
        let folder = pictures();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.png")), image).unwrap();
    }
}

/// Where pictures are kept: the build folder's `screenshots`.
fn pictures() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("screenshots")
}

/// Bytes of base64.
fn decode(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| ALPHABET.iter().position(|digit| *digit == byte))
        .map(|digit| digit as u32)
        .collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let bits = chunk.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - chunk.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}
