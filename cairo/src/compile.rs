//! Cairo source to Sierra, with the pinned front end.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Serialize;
use thiserror::Error;

use crate::toolchain::Toolchain;

/// Cairo crates.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Every crate but `core`: its name and the folder that holds its `lib.cairo`. All are
    /// compiled as edition 2024_07.
    pub crates: BTreeMap<String, PathBuf>,
    /// The crates whose functions and contracts are compiled and whose diagnostics count.
    pub main: Vec<String>,
}

/// What the front end made of the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The Sierra program (versioned JSON), if functions were asked for.
    pub sierra: Option<Vec<u8>>,
    /// The contract classes (JSON), in the order that they were asked for.
    pub contracts: Vec<Vec<u8>>,
    /// Warnings, as the front end writes them.
    pub warnings: String,
}

/// Why the sources were not compiled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The sources have errors.
    #[error("the Cairo source does not compile:\n{0}")]
    Diagnostics(String),
    /// What was asked for cannot be done: a function or a contract is not there, ….
    #[error("the Cairo front end refused: {message}")]
    Request {
        /// What the front end says.
        message: String,
    },
    /// The front end broke down.
    #[error("the Cairo front end broke down ({status}):\n{stderr}")]
    Crash {
        /// Its exit status.
        status: String,
        /// The end of its standard error.
        stderr: String,
    },
    /// A file or the front end itself cannot be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// What the front end is asked; the other side is in `frontend/src/main.rs`.
#[derive(Serialize)]
struct Request<'a> {
    corelib: &'a Path,
    crates: &'a BTreeMap<String, PathBuf>,
    main: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<ProgramRequest<'a>>,
    contracts: Vec<ContractRequest<'a>>,
}

#[derive(Serialize)]
struct ProgramRequest<'a> {
    functions: &'a [&'a str],
    output: PathBuf,
}

#[derive(Serialize)]
struct ContractRequest<'a> {
    path: &'a str,
    output: PathBuf,
}

impl Toolchain {
    /// Compiles functions into one Sierra program, without gas, and contracts into a class each.
    ///
    /// Functions and contracts are named by full path (`model::main`, `model::contract::Model`).
    /// The same sources give the same bytes, wherever they lie.
    ///
    /// # Errors
    ///
    /// [`CompileError::Diagnostics`] if the sources have errors; the others tell what else
    /// failed.
    pub fn compile(
        &self,
        sources: &Sources,
        functions: &[&str],
        contracts: &[&str],
    ) -> Result<Compiled, CompileError> {
        let folder = tempfile::tempdir().map_err(file("create", std::env::temp_dir()))?;
        let sierra = folder.path().join("program.json");
        let class = |index: usize| folder.path().join(format!("contract-{index}.json"));
        let mut crates = sources.crates.clone();
        for root in crates.values_mut() {
            *root = std::path::absolute(&*root).map_err(file("find", root.clone()))?;
        }
        let request = Request {
            corelib: self.core_library(),
            crates: &crates,
            main: &sources.main,
            program: (!functions.is_empty())
                .then(|| ProgramRequest { functions, output: sierra.clone() }),
            contracts: (0..)
                .zip(contracts)
                .map(|(index, path)| ContractRequest { path, output: class(index) })
                .collect(),
        };
        let output = self.ask(&request)?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => {}
            Some(1) => return Err(CompileError::Diagnostics(stderr)),
            Some(2) if stderr.starts_with("error: ") => {
                let message = stderr.trim_start_matches("error: ").trim_end().to_owned();
                return Err(CompileError::Request { message });
            }
            _ => {
                let status = output.status.to_string();
                return Err(CompileError::Crash { status, stderr: tail(&stderr) });
            }
        }
        let read = |path: PathBuf| fs::read(&path).map_err(file("read", path));
        Ok(Compiled {
            sierra: request.program.is_some().then(|| read(sierra)).transpose()?,
            contracts: (0..contracts.len()).map(|i| read(class(i))).collect::<Result<_, _>>()?,
            warnings: stderr,
        })
    }

    fn ask(&self, request: &Request<'_>) -> Result<Output, CompileError> {
        let failed = file("run", self.front_end());
        let mut child = Command::new(self.front_end())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(&failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A front end that does not read its request says why by its exit status.
            let _ = serde_json::to_vec(request)
                .map_err(io::Error::from)
                .and_then(|bytes| stdin.write_all(&bytes));
        }
        child.wait_with_output().map_err(&failed)
    }
}

fn file(action: &'static str, path: impl Into<PathBuf>) -> impl Fn(io::Error) -> CompileError {
    let path = path.into();
    move |source| CompileError::File { action, path: path.clone(), source }
}

/// The last lines of a text.
fn tail(text: &str) -> String {
    const LINES: usize = 30;
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
