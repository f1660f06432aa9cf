//! A local node for tests and demonstrations: starknet-devnet, pinned.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{env, thread};

use serde_json::{json, Value};
use starknet_rust::core::types::Felt;

use crate::config::Credentials;
use crate::error::ChainError;

/// The version of starknet-devnet that everything is tested with; `scripts/devnet` installs it.
pub const VERSION: &str = "0.10.1";
/// Names the binary to use in place of the installed one.
pub const VARIABLE: &str = "STARKNET_DEVNET";
/// How long the node may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(300);

/// A running node, which ends with this value.
#[derive(Debug)]
pub struct Devnet {
    child: Child,
    url: String,
}

/// How to start a node.
#[derive(Clone, Debug)]
pub struct DevnetOptions {
    /// What its clock shows first, in seconds since the epoch; now, if none.
    pub start_time: Option<u64>,
    /// Accounts and keys follow from it.
    pub seed: u32,
    /// How many accounts.
    pub accounts: u8,
    /// The port; 0 for any that is free.
    pub port: u16,
}

impl Default for DevnetOptions {
    fn default() -> Self {
        Self { start_time: None, seed: 1, accounts: 10, port: 0 }
    }
}

/// The binary: what `STARKNET_DEVNET` names, what `scripts/devnet` has installed, or one in `PATH`.
pub fn locate() -> Option<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE) {
        return Some(path.into());
    }
    let cache = env::var_os("NILOMETER_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| dirs::cache_dir().map(|folder| folder.join("nilometer")));
    let name = format!("starknet-devnet{}", env::consts::EXE_SUFFIX);
    let installed = cache.map(|folder| folder.join("devnet").join(VERSION).join("bin").join(&name));
    if let Some(path) = installed.filter(|path| path.is_file()) {
        return Some(path);
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

impl Devnet {
    /// Starts the node that [`locate`] finds.
    ///
    /// # Errors
    /// There is none, or it does not start.
    pub fn start(options: &DevnetOptions) -> Result<Self, ChainError> {
        let binary = locate().ok_or_else(|| ChainError::Devnet {
            reason: format!("starknet-devnet {VERSION} is not installed"),
        })?;
        Self::start_binary(&binary, options)
    }

    /// Starts a node.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_binary(binary: &Path, options: &DevnetOptions) -> Result<Self, ChainError> {
        let failed = |reason: String| ChainError::Devnet { reason };
        let mut child = Command::new(binary)
            .args(["--host", "127.0.0.1", "--port", &options.port.to_string()])
            .args(["--seed", &options.seed.to_string()])
            .args(["--accounts", &options.accounts.to_string()])
            .args(
                options
                    .start_time
                    .iter()
                    .flat_map(|time| ["--start-time".to_owned(), time.to_string()]),
            )
            // The line that tells the port is of this level.
            .env("RUST_LOG", "info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(format!("{}: {error}", binary.display())))?;
        let Some(stdout) = child.stdout.take() else {
            return Err(failed("it has no output".to_owned()));
        };
        // The pipe is read to its end, or the node would wait for its reader.
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            let mut line = String::new();
            while matches!(reader.read_line(&mut line), Ok(length) if length > 0) {
                if let Some(address) = listening(&line) {
                    // Nobody waits any more if the start timed out.
                    let _ = sender.send(address);
                    break;
                }
                line.clear();
            }
            let _ = std::io::copy(&mut reader.by_ref(), &mut std::io::sink());
        });
        let mut devnet = Self { child, url: String::new() };
        let address = receiver.recv_timeout(START_TIMEOUT).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                failed(format!("it does not listen after {} s", START_TIMEOUT.as_secs()))
            }
            RecvTimeoutError::Disconnected => failed("it ended".to_owned()),
        })?;
        devnet.url = format!("http://{address}");
        Ok(devnet)
    }

    /// Where the node is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line that says that the node listens.
fn listening(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("listening on ")?;
    Some(rest.split_whitespace().next()?.trim_matches(['"', '.']).to_owned())
}

/// A method that only devnet has.
async fn request(url: &str, method: &str, params: Value) -> Result<Value, ChainError> {
    let unreachable = |reason: String| ChainError::Unreachable { url: url.to_owned(), reason };
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()
        .map_err(|error| unreachable(error.to_string()))?;
    let answer = client.post(url).header("content-type", "application/json").body(body).send();
    let answer = answer.await.map_err(|error| unreachable(error.without_url().to_string()))?;
    let text = answer.text().await.map_err(|error| unreachable(error.without_url().to_string()))?;
    let malformed =
        |reason: &str| ChainError::Decode { what: "the node's answer", reason: reason.into() };
    let mut answer: Value = serde_json::from_str(&text).map_err(|_| malformed("it is not JSON"))?;
    if let Some(message) = answer["error"]["message"].as_str() {
        let reason = format!("{method}: {message}");
        return Err(ChainError::Node { reason });
    }
    match answer["result"].take() {
        Value::Null => Err(malformed("it has no result")),
        result => Ok(result),
    }
}

/// The accounts that a devnet has from the start.
///
/// # Errors
/// The node is not a devnet, or fails.
pub async fn accounts(url: &str) -> Result<Vec<Credentials>, ChainError> {
    let accounts = request(url, "devnet_getPredeployedAccounts", json!({})).await?;
    let malformed = || ChainError::Decode {
        what: "the list of predeployed accounts",
        reason: "an account lacks its address or key".to_owned(),
    };
    let felt = |value: &Value| {
        value.as_str().and_then(|text| Felt::from_hex(text).ok()).ok_or_else(malformed)
    };
    let list = accounts.as_array().ok_or_else(malformed)?;
    let read = |account: &Value| {
        Ok(Credentials {
            address: felt(&account["address"])?,
            private_key: felt(&account["private_key"])?,
            legacy: false,
        })
    };
    list.iter().map(read).collect()
}

/// Lets a devnet's clock jump forward.
///
/// # Errors
/// The node is not a devnet, or fails.
pub async fn increase_time(url: &str, seconds: u64) -> Result<(), ChainError> {
    request(url, "devnet_increaseTime", json!({ "time": seconds })).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log() {
        let line = "2026-01-01T00:00:00Z  INFO starknet_devnet: Starknet Devnet listening on 127.0.0.1:41567\n";
        assert_eq!(listening(line).as_deref(), Some("127.0.0.1:41567"));
        assert_eq!(listening("Chain ID: SN_SEPOLIA"), None);
    }

    #[test]
    fn a_missing_binary_is_an_error() {
        let error = Devnet::start_binary(Path::new("/nowhere/devnet"), &DevnetOptions::default());
        assert!(error.unwrap_err().to_string().starts_with("cannot start starknet-devnet"));
    }
}
