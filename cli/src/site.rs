//! The explorer as a process: its index, its address, its browser.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use nilometer_explorer::server;
use nilometer_explorer::store::{self, Identity, Store};
use nilometer_explorer::{pages, App, Options};
use nilometer_starknet::codec::{short_string, to_short_string};
use nilometer_starknet::{Chain, ChainError, Felt};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::chain::hex;
use crate::failure::UsageError;
use crate::interrupt;
use crate::output::{Message, Output};
use crate::table::fields;

/// How long requests that are being answered may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_millis(80);

/// What is served, and where.
#[derive(Debug, Serialize)]
pub struct Serving {
    /// The explorer's address.
    pub url: String,
    /// The network's id.
    pub chain: String,
    /// The registry.
    pub registry: String,
    /// The index.
    pub index: PathBuf,
}

impl Message for Serving {
    fn text(&self) -> String {
        let list = [
            ("explorer", self.url.clone()),
            ("network", self.chain.clone()),
            ("registry", self.registry.clone()),
            ("index", self.index.display().to_string()),
        ];
        format!("{}\nCtrl-C stops it", fields(list).trim_end())
    }
}

/// All that serving takes.
pub struct Site {
    /// The node.
    pub url: String,
    /// The registry.
    pub registry: Felt,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The index, if it is not the usual one.
    pub index: Option<PathBuf>,
    /// Whether to forget it first.
    pub reindex: bool,
    /// Whether to open a browser.
    pub open: bool,
    /// The service's options.
    pub options: Options,
}

impl Site {
    /// Serves until Ctrl-C.
    ///
    /// # Errors
    /// The node was never reached, the index or the address cannot be used.
    pub fn serve(self, output: &Output) -> Result<u8> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("cannot start the server's threads")?;
        let done = runtime.block_on(self.serve_async(output));
        // A request that is still being answered may be dropped.
        runtime.shutdown_timeout(LAST_ANSWERS);
        done?;
        Ok(0)
    }

    async fn serve_async(self, output: &Output) -> Result<()> {
        for folder in &self.options.packages {
            if !folder.is_dir() {
                let reason = format!("--packages: {} is no folder", folder.display());
                return Err(UsageError(reason).into());
            }
        }
        let (chain, path) = self.chain_and_index(output).await?;
        let identity = Identity { chain: chain.chain_name(), registry: self.registry };
        let store = Store::open(&path, &identity)?;
        if self.reindex {
            store.reset()?;
        }
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!("cannot listen on {}: choose another with `--listen`", self.listen)
        })?;
        let url = format!("http://{}", listener.local_addr().context("the server's address")?);
        let proxies = self.options.proxies.clone();
        let app = App::new(chain, self.registry, store, self.options);
        let _tasks = app.start();
        let router = server::router(&app, pages::router(app.clone()));
        output.result(&Serving {
            url: url.clone(),
            chain: identity.chain,
            registry: hex(&self.registry),
            index: path,
        })?;
        if self.open && !open(&url) {
            output.warn(&format!("no browser could be opened: go to {url}"));
        }
        let serving = server::serve(listener, router, proxies, interrupted());
        tokio::select! {
            done = serving => done.context("the server has stopped")?,
            () = async { interrupted().await; tokio::time::sleep(LAST_ANSWERS).await } => {}
        }
        Ok(())
    }

    /// The chain, which need not answer if an index says which it is.
    async fn chain_and_index(&self, output: &Output) -> Result<(Chain, PathBuf)> {
        let unreachable = match Chain::connect(&self.url).await {
            Ok(chain) => {
                let path = match &self.index {
                    Some(path) => path.clone(),
                    None => folder()?.join(format!("{}-{:#x}.sqlite", name(&chain), self.registry)),
                };
                return Ok((chain, path));
            }
            Err(error @ ChainError::Unreachable { .. }) => error,
            Err(error) => return Err(error.into()),
        };
        let known = match &self.index {
            Some(path) => Some(path.clone()),
            None => last_index(&folder()?, self.registry),
        };
        let known = known.and_then(|path| Some((store::identity_of(&path)?, path)));
        match known.filter(|(identity, _)| identity.registry == self.registry) {
            Some((identity, path)) => {
                output.warn(&format!("{unreachable}; what the index has is shown meanwhile"));
                let chain_id = to_short_string(&identity.chain)
                    .filter(|_| !identity.chain.starts_with("0x"))
                    .or_else(|| Felt::from_hex(&identity.chain).ok());
                Ok((Chain::assume(&self.url, chain_id.unwrap_or_default())?, path))
            }
            None => Err(unreachable.into()),
        }
    }
}

async fn interrupted() {
    while !interrupt::happened() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn folder() -> Result<PathBuf> {
    let data = dirs::data_local_dir().or_else(dirs::cache_dir);
    Ok(data
        .context("you have no data folder: name the index with `--index FILE`")?
        .join("nilometer")
        .join("explorer"))
}

/// A chain's name as a file's.
fn name(chain: &Chain) -> String {
    let text = short_string(&chain.chain_id()).unwrap_or_default();
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        text
    } else {
        hex(&chain.chain_id())
    }
}

/// The index of this registry that was written last, whatever its chain.
fn last_index(folder: &Path, registry: Felt) -> Option<PathBuf> {
    let ending = format!("-{registry:#x}.sqlite");
    let files = std::fs::read_dir(folder).ok()?.flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().ends_with(&ending));
    let newest = files.max_by_key(|file| file.metadata().and_then(|meta| meta.modified()).ok())?;
    Some(newest.path())
}

/// Opens the user's browser; whether that worked.
fn open(url: &str) -> bool {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ => "xdg-open",
    };
    let quiet = std::process::Stdio::null;
    let mut command = std::process::Command::new(program);
    command.arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_ok()
}
