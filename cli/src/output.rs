//! What reaches standard output and standard error.
//!
//! Every command's result is one [`Message`], so that text and JSON cannot drift apart.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::error::ErrorKind;
use console::style;
use serde::Serialize;
use serde_json::{json, Value};

use crate::failure::{Failure, Kind};
use crate::table::printable;

/// What was said beside the result.
#[derive(Default)]
struct Said {
    notes: Vec<String>,
    warnings: Vec<String>,
}

/// One process, one command, one object on standard output.
static SAID: Mutex<Said> = Mutex::new(Said { notes: Vec::new(), warnings: Vec::new() });

fn said() -> MutexGuard<'static, Said> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Said {
    /// Adds what there is to an object.
    fn add_to(&self, value: &mut Value) {
        let Value::Object(object) = value else { return };
        for (name, texts) in [("notes", &self.notes), ("warnings", &self.warnings)] {
            if !texts.is_empty() {
                object.insert(name.to_owned(), json!(texts));
            }
        }
    }
}

/// The result of a command.
pub trait Message: Serialize {
    /// The result for people.
    fn text(&self) -> String;
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows a command's result.
    pub fn result(self, message: &impl Message) -> anyhow::Result<()> {
        let text = if self.json {
            let mut value = serde_json::to_value(message)?;
            said().add_to(&mut value);
            serde_json::to_string_pretty(&value)?
        } else {
            message.text().trim_end().to_owned()
        };
        print(&text)
    }

    /// Shows a line of a command that tells what it does as it goes; nothing in JSON.
    pub fn line(self, text: &str) -> anyhow::Result<()> {
        if self.json {
            Ok(())
        } else {
            print(text)
        }
    }

    /// Says something on standard error, beside the result; nothing in JSON.
    pub fn note(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Says on standard error what was decided for the caller; in JSON it is one of `notes`.
    pub fn remark(self, text: &str) {
        self.note(&format!("note: {}", printable(text)));
        said().notes.push(text.to_owned());
    }

    /// Shows a warning on standard error; in JSON it is also one of `warnings`.
    pub fn warn(self, text: &str) {
        let text = &printable(text);
        said().warnings.push(text.clone());
        eprintln!("{}: {text}", style("warning").for_stderr().yellow().bold());
    }

    /// Shows an error; its exit code.
    pub fn failure(self, error: &anyhow::Error) -> ExitCode {
        // The reader has closed the output.
        let closed = |cause: &(dyn std::error::Error + 'static)| {
            let error = cause.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        };
        if error.chain().any(closed) {
            return ExitCode::SUCCESS;
        }
        let failure = Failure::of(error);
        if self.json {
            let mut value = failure.json();
            said().add_to(&mut value);
            println!("{value:#}");
        } else {
            let message = printable(&failure.message);
            eprintln!("{}: {message}", style("error").for_stderr().red().bold());
            if let Some(text) = &failure.text {
                eprintln!("\n{text}");
            }
            if let Some(help) = &failure.help {
                eprintln!("{}: {help}", style("help").for_stderr().cyan().bold());
            }
        }
        failure.kind.exit_code().into()
    }

    /// Shows what the command line parser says: help and version, or an error of usage.
    pub fn usage(self, error: &clap::Error) -> ExitCode {
        let is_error = !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
        if !(self.json && is_error) {
            // Nothing can be told if standard error is closed.
            let _ = error.print();
            return if is_error { Kind::Usage.exit_code().into() } else { ExitCode::SUCCESS };
        }
        let text = error.render().to_string();
        // The first paragraph says what is wrong, in one line or a list.
        let lines = text.trim_start_matches("error: ").lines().map(str::trim);
        let message = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        let error: Value = json!({
            "kind": Kind::Usage.name(),
            "exit_code": Kind::Usage.exit_code(),
            "message": message,
            "help": "`nilo --help` and `nilo COMMAND --help` show what there is",
        });
        println!("{:#}", json!({ "error": error }));
        Kind::Usage.exit_code().into()
    }
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()?;
    Ok(())
}
