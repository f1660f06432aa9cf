//! `nilo explore`: the web explorer.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ipnet::IpNet;
use nilometer_explorer::fetch::FetchOptions;
use nilometer_explorer::server::Proxies;
use nilometer_explorer::Options;
use url::Url;

use crate::chain::{session, ChainArgs};
use crate::output::Output;
use crate::site::Site;

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

/// A network, or a single address as the network of itself.
fn network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from).ok();
    let network = address.or_else(|| text.parse().ok());
    network.ok_or_else(|| "it is neither an address nor a network such as 10.0.0.0/8".to_owned())
}
