//! `nilo devnet`: what only a local node can do.

use anyhow::Result;
use clap::{Args, Subcommand};
use nilometer_starknet::devnet;
use serde::Serialize;

use crate::chain::date::{date, parse_span, span};
use crate::chain::{ChainArgs, Session};
use crate::output::{Message, Output};
use crate::table::fields;

/// What to do with a local node.
#[derive(Debug, Subcommand)]
pub enum DevnetCommand {
    /// Let the node's clock jump forward, so that windows close and delays end
    Pass(PassArgs),
}

/// Arguments of `nilo devnet pass`.
#[derive(Debug, Args)]
pub struct PassArgs {
    /// How far: seconds, or such as 90m, 2h or 7d
    #[arg(value_name = "SPAN", value_parser = parse_span)]
    pub span: u64,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Passed {
    /// Seconds that have passed.
    passed: u64,
    /// What the node's clock shows now: seconds since the epoch.
    now: u64,
}

/// Runs a command; its exit code.
///
/// # Errors
/// The node is not a devnet, or fails.
pub fn run(command: &DevnetCommand, output: &Output) -> Result<u8> {
    let DevnetCommand::Pass(args) = command;
    let session = Session::open(&args.chain)?;
    session.wait(devnet::increase_time(session.url(), args.span))?;
    let now = session.wait(session.chain.timestamp())?;
    output.result(&Passed { passed: args.span, now })?;
    Ok(0)
}

impl Message for Passed {
    fn text(&self) -> String {
        fields([("passed", span(self.passed)), ("now", date(self.now))])
    }
}
