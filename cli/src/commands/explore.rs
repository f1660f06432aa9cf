//! `nilo explore`: the web explorer.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use ipnet::IpNet;
use nilometer_explorer::fetch::FetchOptions;
use nilometer_explorer::server::{self, Proxies};
use nilometer_explorer::store::{self, Identity, Store};
use nilometer_explorer::{pages, App, Options};
use nilometer_starknet::codec::{short_string, to_short_string};
use nilometer_starknet::{Chain, ChainError, Felt};
use serde::Serialize;
use tokio::net::TcpListener;
use url::Url;

use crate::chain::{hex, session, ChainArgs};
use crate::failure::UsageError;
use crate::interrupt;
use crate::output::{Message, Output};
use crate::table::fields;

/// How long requests that are being answered may take when the server stops.
const LAST_ANSWERS: Duration = Duration::from_millis(80);

/// Arguments of `nilo explore`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo explore --registry 0x… --open
  nilo explore --rpc https://node.example --registry 0x… --packages models --listen 0.0.0.0:8420

The explorer holds no keys and sends no transactions. Its index is a cache: it is rebuilt from the chain when it
is lost.")]
pub struct ExploreArgs {
    /// The node [default: $STARKNET_RPC, else the network's]
    #[arg(long, value_name = "URL")]
    pub rpc: Option<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8420")]
    pub listen: SocketAddr,
    /// The index [default: a file in your data folder, one for each chain and registry]
    #[arg(long, value_name = "FILE")]
    pub index: Option<PathBuf>,
    /// Forget the index and make it again
    #[arg(long)]
    pub reindex: bool,
    /// Where the index starts: the block that the registry was deployed in, or any before
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub from_block: u64,
    /// A package, or a folder of packages, whose descriptions are shown; may be given several times
    #[arg(long, value_name = "DIR")]
    pub packages: Vec<PathBuf>,
    /// Fetch no descriptions from the addresses that the chain names
    #[arg(long)]
    pub no_fetch: bool,
    /// Fetch descriptions over plain http as well
    #[arg(long)]
    pub allow_http: bool,
    /// Fetch descriptions from this machine and its network as well: the publisher of a model chooses the address
    #[arg(long)]
    pub allow_private_fetch: bool,
    /// Fetch ipfs:// through this gateway
    #[arg(long, value_name = "URL")]
    pub ipfs_gateway: Option<Url>,
    /// How many proofs are checked at the same time
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub verify_workers: u8,
    /// Requests per second that one address may send, on average
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub rate_limit: u32,
    /// Rows to try and proofs to check per minute that one address may send, on average
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub upload_limit: u32,
    /// A proxy's address or network, such as 127.0.0.1 or 10.0.0.0/8: limits then count the clients in the
    /// X-Forwarded-For that it sends; may be given several times
    #[arg(long, value_name = "NETWORK", value_parser = network)]
    pub trust_proxy: Vec<IpNet>,
    /// Open a browser
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
}

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

/// Serves until Ctrl-C.
///
/// # Errors
/// No registry is named, the node was never reached, the index or the address cannot be used.
pub fn run(args: &ExploreArgs, output: &Output) -> Result<u8> {
    let registry = session::registry_address(&args.chain)?;
    let (url, network) = match &args.rpc {
        Some(url) => {
            let network = args.chain.network.map(|n| nilometer_starknet::Network::from(n).name());
            (url.clone(), network.unwrap_or_default().to_owned())
        }
        None => {
            let node = session::Node::find(&args.chain)?;
            (node.url, node.network.name().to_owned())
        }
    };
    let options = Options {
        network,
        first_block: args.from_block,
        packages: args.packages.clone(),
        fetch: FetchOptions {
            allow_http: args.allow_http,
            allow_private: args.allow_private_fetch,
            ipfs_gateway: args.ipfs_gateway.clone(),
        },
        fetches: !args.no_fetch,
        verify_workers: args.verify_workers.into(),
        requests_per_second: args.rate_limit,
        uploads_per_minute: args.upload_limit,
        proxies: Proxies::new(args.trust_proxy.clone()),
        ..Options::default()
    };
    let site = Site {
        url,
        registry,
        listen: args.listen,
        index: args.index.clone(),
        reindex: args.reindex,
        open: args.open,
        options,
    };
    site.serve(output)
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
        // A request that is still being answered is nobody's loss.
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

/// A network, or a single address as the network of itself.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    let network = address.or_else(|| text.parse().ok());
    network.ok_or_else(|| "it is neither an address nor a network such as 10.0.0.0/8".to_owned())
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
