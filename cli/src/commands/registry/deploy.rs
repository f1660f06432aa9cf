//! `nilo registry deploy`: a new registry.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::registry::STRK;
use nilometer_starknet::types::Rules;
use nilometer_starknet::{Felt, Registry};
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::chain::amount::Amount;
use crate::chain::date::{parse_span, span};
use crate::chain::rules::check;
use crate::chain::{class, hex, parse_felt, ChainArgs, Deployment, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry deploy`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry deploy --network devnet
  nilo registry deploy --network sepolia --window 2d --delay 14d --min-bond 10STRK")]
pub struct DeployArgs {
    /// Who owns the registry [default: the account that deploys it]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub owner: Option<Felt>,
    /// The ERC-20 in which calls and bonds are paid [default: STRK]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub fee_token: Option<Felt>,
    /// How long claims can be challenged at least: seconds, or such as 90m, 2h or 7d; an hour or more
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = parse_span)]
    pub window: u64,
    /// The notice before an upgrade, other rules, and changes of models; at least three times the window
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = parse_span)]
    pub delay: u64,
    /// The smallest bond of any claim: smallest units of the token, or an amount such as 0.5STRK
    #[arg(long, value_name = "AMOUNT", default_value = "1STRK")]
    pub min_bond: Amount,
    /// Smallest units of the token per L2 gas: the least bond of a claim is four times what its challenge costs
    #[arg(long, value_name = "AMOUNT", default_value = "10000000000")]
    pub gas_price: Amount,
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
    gas_price: Amount,
    sierra_version: String,
}

/// Deploys.
///
/// # Errors
/// The settings would leave users unprotected, the account cannot pay, or the node fails.
pub fn run(args: &DeployArgs, output: &Output) -> Result<u8> {
    let (min_bond, gas_price) = (args.min_bond.0, args.gas_price.0);
    let rules = Rules { window: args.window, min_bond, gas_price };
    check(&rules, args.delay)?;
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    let built = class::registry(&args.toolchain)?;
    let owner = args.owner.unwrap_or_else(|| sender.address());
    let fee_token = args.fee_token.unwrap_or(STRK);
    let constructor =
        Registry::constructor(owner, fee_token, args.window, args.delay, min_bond, gas_price);
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
        gas_price: args.gas_price,
        sierra_version: built.sierra_version,
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
            ("window", format!("{} at least to challenge a claim", span(self.window))),
            ("delay", format!("{} of notice before an upgrade or other rules", span(self.delay))),
            ("min bond", self.min_bond.to_string()),
            ("gas price", format!("{} per L2 gas, for bonds", self.gas_price)),
            ("Sierra", format!("{}: not metered in gas", self.sierra_version)),
        ]);
        list.extend(self.deployment.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
