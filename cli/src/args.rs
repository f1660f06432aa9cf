//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use nilometer_cairo::ToolchainOptions;

#[cfg(feature = "explore")]
use crate::commands::explore;
use crate::commands::{
    bench, check, completions, demo, doctor, estimate, inspect, key, pack, prove, run, transpile,
    verify,
};
#[cfg(feature = "chain")]
use crate::commands::{contract, devnet, encode, registry};

/// The security that is made and accepted where nothing else is said, everywhere.
pub const DEFAULT_SECURITY: &str = "proven-100";

/// Verifiable machine learning on Starknet: ONNX models as Cairo programs, bit for bit, and proofs of their runs.
#[derive(Debug, Parser)]
#[command(name = "nilo", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 ok, 2 usage, 3 unsupported model, 4 accuracy gate failed, \
5 proof invalid, 6 resource limit, 7 chain or RPC, 8 account or key, 1 other.\nRun `nilo demo` to see the whole path on a bundled model.")]
pub struct Cli {
    /// Put one JSON object on standard output, errors too
    #[arg(long, global = true)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a model: its graph, operators and parameters, and what is unsupported
    Inspect(inspect::InspectArgs),
    /// Turn a model into a Cairo package
    Transpile(transpile::TranspileArgs),
    /// Compare a package with the float model on data, row by row
    Check(check::CheckArgs),
    /// Show what a package costs: VM steps, gas, class size, limits
    Estimate(estimate::EstimateArgs),
    /// Run a package's Cairo program on rows, checked against the Rust reference
    Run(run::RunArgs),
    /// Show the key that proofs of a package's model are checked with
    Key(key::KeyArgs),
    /// Prove a model's answers, or the run of its program
    Prove(prove::ProveArgs),
    /// Check a proof against a model's key, or against a package
    Verify(verify::VerifyArgs),
    /// Write the files that checking a proof reads
    Pack(pack::PackArgs),
    /// Measure proofs of models
    Bench(bench::BenchArgs),
    #[cfg(feature = "chain")]
    /// Show a row as calldata, or a contract's results in natural units
    Encode(encode::EncodeArgs),
    #[cfg(feature = "chain")]
    /// Compile, declare, deploy and call contracts, of a package or of any Cairo package
    #[command(subcommand)]
    Contract(contract::ContractCommand),
    #[cfg(feature = "chain")]
    /// Publish models on Starknet, call them, pay for them, dispute claims about them
    #[command(subcommand)]
    Registry(registry::RegistryCommand),
    #[cfg(feature = "chain")]
    /// Let a local node's clock jump
    #[command(subcommand)]
    Devnet(devnet::DevnetCommand),
    #[cfg(feature = "explore")]
    /// Browse, try and check models in a browser
    Explore(explore::ExploreArgs),
    /// Take a bundled model through the whole path
    Demo(demo::DemoArgs),
    /// Check the Cairo toolchain and say what fixes it
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Where the Cairo compiler's parts come from.
#[derive(Clone, Debug, Default, Args)]
pub struct ToolchainArgs {
    /// Folder of a Cairo core library in place of the pinned one; hashes may then differ from
    /// everyone else's [default: $CORELIB_PATH, else the pinned one]
    #[arg(long, value_name = "DIR")]
    pub corelib: Option<PathBuf>,

    /// Use no network: fail if a part of the toolchain would have to be downloaded
    #[arg(long)]
    pub offline: bool,
}

impl ToolchainArgs {
    /// The same for the toolchain.
    pub fn options(&self) -> ToolchainOptions {
        let (corelib, offline) = (self.corelib.clone(), self.offline);
        ToolchainOptions { corelib, offline, ..ToolchainOptions::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_default_of_security() {
        let parsed = DEFAULT_SECURITY.parse::<nilometer_air::cairo::Security>();
        assert_eq!(parsed.ok(), Some(nilometer_air::cairo::Security::DEFAULT));
    }
}
