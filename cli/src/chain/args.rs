//! Options that every command about a chain has.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nilometer_starknet::{Felt, Network};

use super::parse_felt;

/// Which chain, which registry, and as whom.
#[derive(Clone, Debug, Args)]
pub struct ChainArgs {
    /// The registry's address [default: $NILO_REGISTRY]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub registry: Option<Felt>,
    /// The network; $STARKNET_RPC is its node [default: that of snfoundry.toml, else devnet]
    #[arg(long, value_enum)]
    pub network: Option<NetworkArg>,
    /// The account's name; on devnet the number of a predeployed one, from 0; with `--keystore` the
    /// file that describes it [default: that of snfoundry.toml; on devnet 0]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// The accounts file [default: that of snfoundry.toml, else sncast's]
    #[arg(long, value_name = "FILE")]
    pub accounts_file: Option<PathBuf>,
    /// A keystore; its password is $KEYSTORE_PASSWORD, or asked for
    #[arg(long, value_name = "FILE")]
    pub keystore: Option<PathBuf>,
    /// The profile of snfoundry.toml [default: default]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NetworkArg {
    /// A local starknet-devnet
    Devnet,
    /// The test network
    Sepolia,
    /// The main network
    Mainnet,
}

impl From<NetworkArg> for Network {
    fn from(network: NetworkArg) -> Self {
        match network {
            NetworkArg::Devnet => Self::Devnet,
            NetworkArg::Sepolia => Self::Sepolia,
            NetworkArg::Mainnet => Self::Mainnet,
        }
    }
}

/// Options of commands that send a transaction.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SendArgs {
    /// Estimate the fee and send nothing
    #[arg(long)]
    pub dry_run: bool,
}
