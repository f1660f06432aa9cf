//! `nilo doctor`: whether the Cairo toolchain is there and works.

use anyhow::Result;
use clap::Args;
use console::style;
use nilometer_cairo::toolchain::{doctor, Check, Status};
use nilometer_cairo::Toolchain;
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::failure::Kind;
use crate::output::{Message, Output};
use crate::progress::Progress;

/// Arguments of `nilo doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Make what is missing: build the front end, download the core library
    #[arg(long)]
    pub fix: bool,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Diagnosis {
    /// Whether models can be transpiled, if need be after the first use has made what is missing.
    ok: bool,
    /// Whether everything is there already.
    ready: bool,
    checks: Vec<Check>,
}

/// Checks the toolchain. The exit code says whether it can be used.
///
/// # Errors
/// `--fix` could not make what is missing.
pub fn run(args: &DoctorArgs, output: &Output) -> Result<u8> {
    let options = args.toolchain.options();
    if args.fix {
        let progress = Progress::spinner("checking the Cairo toolchain");
        Toolchain::locate(&options, &|step| progress.toolchain(step))?;
    }
    let checks = doctor(&options);
    let ready = checks.iter().all(|check| check.status == Status::Ok);
    // What is merely not made yet needs its tool, and the tools are checked themselves.
    let blocks = |check: &Check| match check.status {
        Status::Ok => false,
        Status::Broken => true,
        Status::Missing => matches!(check.name, "cargo" | "npm") || options.offline,
    };
    let ok = !checks.iter().any(blocks);
    output.result(&Diagnosis { ok, ready, checks })?;
    Ok(if ok { 0 } else { Kind::Other.exit_code() })
}

impl Message for Diagnosis {
    fn text(&self) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let mark = match check.status {
                Status::Ok => style("ok     ").green(),
                Status::Missing => style("missing").yellow(),
                Status::Broken => style("broken ").red(),
            };
            text += &format!("{mark}  {:<18}  {}\n", check.name, check.found);
            if let Some(help) = &check.help {
                text += &format!("         {}: {help}\n", style("help").cyan());
            }
        }
        text += match (self.ok, self.ready) {
            (true, true) => "\nAll is well.",
            (true, false) => "\nNothing is broken. `nilo doctor --fix` makes what is missing now; else the first use does.",
            (false, _) => "\nModels cannot be transpiled until this is fixed.",
        };
        text
    }
}
