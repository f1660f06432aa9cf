//! Accounts and networks as sncast keeps them.
//!
//! `snfoundry.toml` (in the folder or above it) has profiles; an accounts file has accounts by network and name,
//! with their keys; a keystore is one encrypted key beside a file that describes its account. Formats:
//! Starknet Foundry's book, "Projects configuration" and "Accounts"; starkli's account and keystore files.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use starknet_rust::core::types::Felt;
use starknet_rust::signers::SigningKey;

use crate::error::ChainError;

/// The project's configuration file.
pub const FILE: &str = "snfoundry.toml";
/// Where sncast keeps accounts, below the user's home folder.
const ACCOUNTS_FILE: &str = ".starknet_accounts/starknet_open_zeppelin_accounts.json";

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A local starknet-devnet with its predeployed accounts.
    Devnet,
    /// The test network.
    Sepolia,
    /// The main network.
    Mainnet,
}

impl Network {
    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "devnet" => Some(Self::Devnet),
            "sepolia" | "alpha-sepolia" => Some(Self::Sepolia),
            "mainnet" | "alpha-mainnet" => Some(Self::Mainnet),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Devnet => "devnet",
            Self::Sepolia => "sepolia",
            Self::Mainnet => "mainnet",
        }
    }

    /// Where its node is, if that goes without saying.
    pub fn url(self) -> Option<&'static str> {
        match self {
            Self::Devnet => Some("http://127.0.0.1:5050"),
            Self::Sepolia | Self::Mainnet => None,
        }
    }

    /// Its chain id; a devnet may have any.
    pub fn chain_name(self) -> Option<&'static str> {
        match self {
            Self::Devnet => None,
            Self::Sepolia => Some("SN_SEPOLIA"),
            Self::Mainnet => Some("SN_MAIN"),
        }
    }

    /// A page about a transaction.
    pub fn transaction_page(self, tx_hash: Felt) -> Option<String> {
        match self {
            Self::Devnet => None,
            Self::Sepolia => Some(format!("https://sepolia.voyager.online/tx/{tx_hash:#x}")),
            Self::Mainnet => Some(format!("https://voyager.online/tx/{tx_hash:#x}")),
        }
    }
}

/// An account's address and key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its address.
    pub address: Felt,
    /// Its private key.
    pub private_key: Felt,
    /// Whether its contract is of Cairo 0, which encodes calls differently.
    pub legacy: bool,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({:#x})", self.address)
    }
}

/// A profile of `snfoundry.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The node.
    pub url: Option<String>,
    /// The network.
    pub network: Option<String>,
    /// The account's name, or with a keystore the file that describes it.
    pub account: Option<String>,
    /// The accounts file.
    pub accounts_file: Option<PathBuf>,
    /// The keystore.
    pub keystore: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Profile {
    url: Option<String>,
    network: Option<String>,
    account: Option<String>,
    accounts_file: Option<PathBuf>,
    keystore: Option<PathBuf>,
}

impl Config {
    /// Reads a profile from the `snfoundry.toml` of a folder, or the nearest above it; nothing if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or has no such profile though one was named.
    pub fn find(folder: &Path, profile: Option<&str>) -> Result<Self, ChainError> {
        let found = folder.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file());
        match (found, profile) {
            (Some(file), profile) => Self::read(&file, profile),
            (None, None) => Ok(Self::default()),
            (None, Some(name)) => Err(ChainError::KeyFile {
                file: folder.join(FILE),
                reason: format!("it is not there, and profile {name:?} was asked for"),
            }),
        }
    }

    fn read(file: &Path, profile: Option<&str>) -> Result<Self, ChainError> {
        let wrong = |reason: String| ChainError::KeyFile { file: file.to_owned(), reason };
        let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let name = profile.unwrap_or("default");
        let found = table.get("sncast").and_then(|profiles| profiles.get(name)).cloned();
        let Some(found) = found else {
            return match profile {
                Some(name) => Err(wrong(format!("it has no [sncast.{name}]"))),
                None => Ok(Self::default()),
            };
        };
        let found: Profile =
            found.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let resolve = |path: PathBuf| folder.join(expand(&path));
        Ok(Self {
            url: found.url,
            network: found.network,
            account: found.account,
            accounts_file: found.accounts_file.map(resolve),
            keystore: found.keystore.map(resolve),
        })
    }

    /// The account's address and key.
    ///
    /// `password` is asked for a keystore's.
    ///
    /// # Errors
    /// No account is named, a file is missing or malformed, or the password is wrong.
    pub fn credentials(
        &self,
        chain_name: &str,
        password: impl FnOnce(&Path) -> Result<String, ChainError>,
    ) -> Result<Credentials, ChainError> {
        let name = self.account.clone().ok_or_else(|| ChainError::Account {
            name: String::new(),
            reason: "no account is named".to_owned(),
        })?;
        match &self.keystore {
            Some(keystore) => from_keystore(keystore, Path::new(&name), password),
            None => {
                let default = || dirs::home_dir().unwrap_or_default().join(ACCOUNTS_FILE);
                let file = self.accounts_file.clone().unwrap_or_else(default);
                from_accounts_file(&file, chain_name, &name)
            }
        }
    }
}

/// `~/x` as a path.
fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), dirs::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn read_json(file: &Path) -> Result<Value, ChainError> {
    let wrong = |reason: String| ChainError::KeyFile { file: file.to_owned(), reason };
    let bytes = fs::read(file).map_err(|error| wrong(error.to_string()))?;
    // The parser's own message could quote a key.
    serde_json::from_slice(&bytes)
        .map_err(|error| wrong(format!("it is not JSON, at line {}", error.line())))
}

fn from_accounts_file(
    file: &Path,
    chain_name: &str,
    name: &str,
) -> Result<Credentials, ChainError> {
    let wrong = |reason: String| ChainError::KeyFile { file: file.to_owned(), reason };
    let accounts = read_json(file)?;
    let network = match chain_name {
        "SN_SEPOLIA" => "alpha-sepolia",
        "SN_MAIN" => "alpha-mainnet",
        other => other,
    };
    let account = accounts.get(network).and_then(|accounts| accounts.get(name));
    let Some(account) = account else {
        return Err(wrong(format!("it has no account {name:?} for {network}")));
    };
    let felt = |field: &str| {
        let felt = account[field].as_str().and_then(|text| Felt::from_hex(text).ok());
        felt.ok_or_else(|| wrong(format!("account {name:?} has no valid `{field}`")))
    };
    if account["deployed"] == false {
        return Err(wrong(format!("account {name:?} is not deployed")));
    }
    Ok(Credentials {
        address: felt("address")?,
        private_key: felt("private_key")?,
        legacy: account["legacy"] == true,
    })
}

fn from_keystore(
    keystore: &Path,
    account: &Path,
    password: impl FnOnce(&Path) -> Result<String, ChainError>,
) -> Result<Credentials, ChainError> {
    let account = expand(account);
    let wrong = |reason: &str| ChainError::KeyFile { file: account.clone(), reason: reason.into() };
    let described = read_json(&account)?;
    if described["deployment"]["status"] != "deployed" {
        return Err(wrong("it describes no deployed account"));
    }
    let address = described["deployment"]["address"].as_str();
    let address = address.and_then(|text| Felt::from_hex(text).ok());
    let address = address.ok_or_else(|| wrong("its `deployment` has no valid `address`"))?;
    // Wrong files are told apart from wrong passwords before the user types one.
    let locked = |reason: String| ChainError::KeyFile { file: keystore.to_owned(), reason };
    if !read_json(keystore)?["crypto"].is_object() {
        return Err(locked("it is not a keystore: it has no `crypto`".to_owned()));
    }
    let key = SigningKey::from_keystore(keystore, &password(keystore)?)
        .map_err(|_| locked("the password is wrong, or the keystore is damaged".to_owned()))?;
    Ok(Credentials {
        address,
        private_key: key.secret_scalar(),
        legacy: described["variant"]["legacy"] == true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
        fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    }

    #[test]
    fn profiles_are_found_above() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            FILE,
            "[sncast.default]\naccount = \"alice\"\naccounts-file = \"a.json\"\n\
             [sncast.main]\nnetwork = \"mainnet\"\nurl = \"http://node\"\n",
        );
        let below = folder.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let config = Config::find(&below, None).unwrap();
        assert_eq!(config.account.as_deref(), Some("alice"));
        assert_eq!(config.accounts_file, Some(folder.path().join("a.json")));
        let main = Config::find(&below, Some("main")).unwrap();
        assert_eq!(main.network.as_deref(), Some("mainnet"));
        let error = Config::find(&below, Some("other")).unwrap_err().to_string();
        assert!(error.ends_with("it has no [sncast.other]"), "{error}");
    }

    #[test]
    fn accounts_are_looked_up_by_network() {
        let folder = tempfile::tempdir().unwrap();
        let file = write(
            folder.path(),
            "accounts.json",
            r#"{"alpha-sepolia": {"alice": {"address": "0x1", "private_key": "0x2", "legacy": false},
                "bob": {"address": "0x1", "private_key": "secret"}}}"#,
        );
        let account = from_accounts_file(&file, "SN_SEPOLIA", "alice").unwrap();
        assert_eq!((account.address, account.private_key), (Felt::ONE, Felt::TWO));
        assert_eq!(format!("{account:?}"), "Credentials(0x1)");
        let error = |chain, name| {
            let error = from_accounts_file(&file, chain, name).unwrap_err();
            assert!(error.is_about_accounts());
            error.to_string()
        };
        assert!(
            error("SN_MAIN", "alice").ends_with("it has no account \"alice\" for alpha-mainnet")
        );
        let secret = error("SN_SEPOLIA", "bob");
        assert!(secret.ends_with("has no valid `private_key`") && !secret.contains("secret"));
    }

    #[test]
    fn keystores_want_their_password() {
        let folder = tempfile::tempdir().unwrap();
        let keystore = folder.path().join("key.json");
        let key = SigningKey::from_secret_scalar(Felt::from(42));
        key.save_as_keystore(&keystore, "open sesame").unwrap();
        let account = write(
            folder.path(),
            "account.json",
            r#"{"version": 1, "variant": {"type": "open_zeppelin", "legacy": false},
                "deployment": {"status": "deployed", "address": "0x7", "class_hash": "0x1"}}"#,
        );
        let config = Config {
            account: Some(account.to_str().unwrap().to_owned()),
            keystore: Some(keystore.clone()),
            ..Config::default()
        };
        let ask = |password: &'static str| {
            config.credentials("SN_MAIN", |_: &Path| Ok(password.to_owned()))
        };
        let credentials = ask("open sesame").unwrap();
        assert_eq!(credentials.private_key, Felt::from(42));
        assert_eq!(credentials.address, Felt::from(7));
        let error = ask("sesame").unwrap_err().to_string();
        assert!(error.ends_with("the password is wrong, or the keystore is damaged"), "{error}");
        write(folder.path(), "key.json", "{}");
        let error = ask("open sesame").unwrap_err().to_string();
        assert!(error.ends_with("it is not a keystore: it has no `crypto`"), "{error}");
    }

    #[test]
    fn an_unnamed_account_is_an_error() {
        let error = Config::default().credentials("SN_MAIN", |_| unreachable!()).unwrap_err();
        assert!(error.is_about_accounts());
    }
}
