//! A chain, and who we are on it.

use std::env;
use std::future::Future;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result};
use console::Term;
use nilometer_starknet::{devnet, Chain, ChainError, Config, Felt, Network, Registry, Sender};
use tokio::runtime::{Builder, Runtime};

use super::{parse_felt, ChainArgs};
use crate::failure::UsageError;
use crate::progress::Progress;

/// Names the node, in place of the network's own.
const RPC_VARIABLE: &str = "STARKNET_RPC";
/// Names the registry.
const REGISTRY_VARIABLE: &str = "NILO_REGISTRY";
/// Holds a keystore's password.
const PASSWORD_VARIABLE: &str = "KEYSTORE_PASSWORD";

/// A connection to a chain.
pub struct Session {
    runtime: Runtime,
    /// The node.
    pub chain: Chain,
    /// Its network.
    pub network: Network,
    config: Config,
    args: ChainArgs,
    url: String,
}

/// Where a chain is.
pub struct Node {
    config: Config,
    /// The network.
    pub network: Network,
    /// Its node.
    pub url: String,
}

impl Node {
    /// The node of the network that arguments, environment and `snfoundry.toml` name, in this order.
    ///
    /// # Errors
    /// No node is named, or `snfoundry.toml` is malformed.
    pub fn find(args: &ChainArgs) -> Result<Self> {
        let folder = env::current_dir().context("the working folder")?;
        let config = Config::find(&folder, args.profile.as_deref())?;
        let network = match (args.network, &config.network) {
            (Some(network), _) => network.into(),
            (None, Some(name)) => Network::parse(name).ok_or_else(|| {
                UsageError(format!("snfoundry.toml names the network {name:?}, which is unknown"))
            })?,
            (None, None) => Network::Devnet,
        };
        let variable = env::var(RPC_VARIABLE).ok().filter(|url| !url.is_empty());
        // A profile's node is that of the profile's network, not of another one that was asked for.
        let same_network = args.network.is_none()
            || config.network.as_deref().is_none_or(|name| Network::parse(name) == Some(network));
        let configured = config.url.clone().filter(|_| same_network);
        let url = variable.or(configured).or_else(|| network.url().map(str::to_owned));
        let url = url.ok_or_else(|| {
            UsageError(format!(
                "no node of {} is known: set {RPC_VARIABLE} to its address",
                network.name()
            ))
        })?;
        Ok(Self { config, network, url })
    }
}

impl Session {
    /// Connects to the network that arguments, environment and `snfoundry.toml` name, in this order.
    ///
    /// # Errors
    /// No node is named or answers, it is on another network, or `snfoundry.toml` is malformed.
    pub fn open(args: &ChainArgs) -> Result<Self> {
        let Node { config, network, url } = Node::find(args)?;
        let runtime = Builder::new_current_thread().enable_all().build().context("the runtime")?;
        let chain = runtime.block_on(Chain::connect(&url))?;
        if let Some(expected) = network.chain_name().filter(|name| *name != chain.chain_name()) {
            let (expected, actual) = (expected.to_owned(), chain.chain_name());
            return Err(ChainError::WrongNetwork { url: chain.url(), expected, actual }.into());
        }
        Ok(Self { runtime, chain, network, config, args: args.clone(), url })
    }

    /// Waits for the chain.
    pub fn wait<T>(&self, future: impl Future<Output = Result<T, ChainError>>) -> Result<T> {
        Ok(self.runtime.block_on(future)?)
    }

    /// Waits for the chain, and says so.
    pub fn wait_for<T>(
        &self,
        doing: &str,
        future: impl Future<Output = Result<T, ChainError>>,
    ) -> Result<T> {
        let _progress = Progress::spinner(doing);
        self.wait(future)
    }

    /// The account that sends.
    ///
    /// # Errors
    /// None is named, or its key cannot be used.
    pub fn sender(&self) -> Result<Sender> {
        let credentials = match self.predeployed_index()? {
            Some(index) => {
                let accounts = self.wait(devnet::accounts(&self.url))?;
                let missing = || ChainError::Account {
                    name: index.to_string(),
                    reason: format!("the node has {} accounts, numbered from 0", accounts.len()),
                };
                accounts.get(index).cloned().ok_or_else(missing)?
            }
            None => self.files().credentials(&self.chain.chain_name(), password)?,
        };
        Ok(Sender::new(self.chain.clone(), &credentials))
    }

    /// The number of devnet's own account that is meant, if one is.
    fn predeployed_index(&self) -> Result<Option<usize>> {
        let files = self.files();
        if self.network != Network::Devnet || files.keystore.is_some() {
            return Ok(None);
        }
        let Some(name) = &files.account else { return Ok(Some(0)) };
        if let Ok(index) = name.parse() {
            return Ok(Some(index));
        }
        if self.args.accounts_file.is_none() && self.config.accounts_file.is_none() {
            let reason = "devnet's own accounts are numbered from 0".to_owned();
            return Err(ChainError::Account { name: name.clone(), reason }.into());
        }
        Ok(None)
    }

    /// The files that arguments and `snfoundry.toml` name.
    fn files(&self) -> Config {
        let ChainArgs { account, accounts_file, keystore, .. } = self.args.clone();
        // Another accounts file is not that of the profile's keystore.
        let inherited = self.config.keystore.clone().filter(|_| accounts_file.is_none());
        Config {
            account: account.or_else(|| self.config.account.clone()),
            accounts_file: accounts_file.or_else(|| self.config.accounts_file.clone()),
            keystore: keystore.or(inherited),
            ..self.config.clone()
        }
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The registry.
    ///
    /// # Errors
    /// None is named.
    pub fn registry(&self) -> Result<Registry> {
        Ok(Registry::at(registry_address(&self.args)?))
    }
}

/// The registry's address.
///
/// # Errors
/// None is named.
pub fn registry_address(args: &ChainArgs) -> Result<Felt> {
    if let Some(address) = args.registry {
        return Ok(address);
    }
    let variable = env::var(REGISTRY_VARIABLE).ok().filter(|text| !text.is_empty());
    let text = variable.ok_or_else(|| {
        UsageError(format!(
            "no registry is named: give `--registry ADDRESS` or set {REGISTRY_VARIABLE}"
        ))
    })?;
    Ok(parse_felt(&text).map_err(|error| UsageError(format!("{REGISTRY_VARIABLE}: {error}")))?)
}

/// A keystore's password, from the environment or the terminal.
fn password(keystore: &Path) -> Result<String, ChainError> {
    if let Ok(password) = env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let wrong = |reason: String| ChainError::KeyFile { file: keystore.to_owned(), reason };
    if !std::io::stdin().is_terminal() {
        return Err(wrong(format!(
            "its password is asked for on a terminal; else set {PASSWORD_VARIABLE}"
        )));
    }
    let terminal = Term::stderr();
    let asked = terminal.write_str(&format!("Password of {}: ", keystore.display()));
    asked.and_then(|()| terminal.read_secure_line()).map_err(|error| wrong(error.to_string()))
}
