//! `nilo registry deploy`: a new registry.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::registry::STRK;
use nilometer_starknet::{Felt, Registry};
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::chain::amount::Amount;
use crate::chain::{class, hex, parse_felt, ChainArgs, Deployment, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry deploy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry deploy --network devnet
  nilo registry deploy --network sepolia --window 86400 --delay 604800 --min-bond 10STRK")]
pub struct DeployArgs {
    /// Who owns the registry [default: the account that deploys it]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub owner: Option<Felt>,
    /// The ERC-20 in which calls and bonds are paid [default: STRK]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub fee_token: Option<Felt>,
    /// Seconds during which a claim can be challenged
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    pub window: u64,
    /// Seconds of notice before a pause or an upgrade; at least twice the window
    #[arg(long, value_name = "SECONDS", default_value_t = 604_800)]
    pub delay: u64,
    /// The smallest bond of any claim: smallest units of the token, or an amount such as 0.5STRK
    #[arg(long, value_name = "AMOUNT", default_value = "1STRK")]
    pub min_bond: Amount,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct DeployedRegistry {
    #[serde(flatten)]
    deployment: Deployment,
    owner: String,
    fee_token: String,
    window: u64,
    delay: u64,
    min_bond: Amount,
}

/// Deploys.
///
/// # Errors
/// The settings would leave users unprotected, the account cannot pay, or the node fails.
pub fn run(args: &DeployArgs, output: &Output) -> Result<u8> {
    if args.window == 0 || args.min_bond.0 == 0 || args.delay / 2 < args.window {
        return Err(UsageError(
            "`--window` and `--min-bond` must be positive, and `--delay` at least twice `--window`"
                .to_owned(),
        )
        .into());
    }
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    let built = class::registry(&args.toolchain)?;
    let owner = args.owner.unwrap_or_else(|| sender.address());
    let fee_token = args.fee_token.unwrap_or(STRK);
    let constructor =
        Registry::constructor(owner, fee_token, args.window, args.delay, args.min_bond.0);
    let doing = "deploying the registry";
    let deployment =
        Deployment::new(&session, &sender, &built.class, &constructor, args.send, doing)?;
    output.result(&DeployedRegistry {
        deployment,
        owner: hex(&owner),
        fee_token: hex(&fee_token),
        window: args.window,
        delay: args.delay,
        min_bond: args.min_bond,
    })?;
    Ok(0)
}

impl Message for DeployedRegistry {
    fn text(&self) -> String {
        let mut list = vec![("class", self.deployment.declaration.line())];
        list.extend(self.deployment.address.clone().map(|address| ("registry", address)));
        list.extend([
            ("owner", self.owner.clone()),
            ("fee token", self.fee_token.clone()),
            ("window", format!("{} s to challenge a claim", self.window)),
            ("delay", format!("{} s of notice before a pause or an upgrade", self.delay)),
            ("min bond", self.min_bond.to_string()),
        ]);
        list.extend(self.deployment.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
