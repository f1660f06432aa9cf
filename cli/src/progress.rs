//! Progress on standard error; nothing where that is not a terminal.

use std::time::Duration;

use console::style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use nilometer_cairo::ToolchainStep;
use nilometer_package::numbers::duration;
use nilometer_package::pipeline::{Observer, Stage, StageDone};

use crate::output::Output;

/// A spinner with a message, or a bar.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// A spinner, for work of unknown length.
    pub fn spinner(message: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(template("{spinner} {msg} {elapsed:.dim}"));
        bar.set_message(message.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// A bar over `len` phases of unequal length.
    pub fn phases(message: &str, len: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(len as u64), ProgressDrawTarget::stderr());
        bar.set_style(template("{spinner} {msg:32} {wide_bar} {pos}/{len} {elapsed:.dim}"));
        bar.set_message(message.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// A bar over `len` rows.
    pub fn rows(message: &str, len: usize) -> Self {
        let bar = ProgressBar::with_draw_target(Some(len as u64), ProgressDrawTarget::stderr());
        bar.set_style(template("{msg} {wide_bar} {pos}/{len} rows, {eta} left"));
        bar.set_message(message.to_owned());
        Self(bar)
    }

    /// Says what is being done now.
    pub fn say(&self, message: &str) {
        self.0.set_message(message.to_owned());
    }

    /// Lets something be printed without the spinner in between.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    /// One row or phase more is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// So many rows are done.
    pub fn advance_to(&self, done: usize) {
        self.0.set_position(done as u64);
    }

    /// Says what the toolchain does.
    pub fn toolchain(&self, step: ToolchainStep) {
        match step {
            ToolchainStep::Waiting => {
                self.say("waiting: another process prepares the Cairo toolchain")
            }
            ToolchainStep::BuildFrontEnd => {
                self.say("building the Cairo front end (once, some minutes)");
            }
            ToolchainStep::BuildOutput { line, crates, of } => {
                // What is compiled last takes longest, so crates are told and no share of the time.
                self.say(&format!(
                    "building the Cairo front end (once, some minutes): {crates} of about {of} crates, {}",
                    line.trim()
                ));
            }
            ToolchainStep::CoreLibraryDamaged { file } => {
                self.say(&format!("{} is damaged; making it again", file.display()));
            }
            ToolchainStep::DownloadCoreLibrary { package } => {
                self.say(&format!("downloading the Cairo core library ({package})"));
            }
            ToolchainStep::UnpackCoreLibrary => self.say("unpacking the Cairo core library"),
            _ => self.say("preparing the Cairo toolchain"),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows how a transpilation goes, and passes on what is done.
pub struct Stages<F> {
    progress: Progress,
    tell: F,
}

impl<F: Fn(&StageDone)> Stages<F> {
    /// Starts a spinner; `tell` hears of every stage that is done.
    pub fn new(tell: F) -> Self {
        Self { progress: Progress::spinner("starting"), tell }
    }
}

impl<F: Fn(&StageDone)> Observer for Stages<F> {
    fn start(&self, stage: Stage) {
        self.progress.say(stage.doing());
    }

    fn toolchain(&self, step: ToolchainStep) {
        self.progress.toolchain(step);
    }

    fn done(&self, stage: &StageDone) {
        self.progress.suspend(|| (self.tell)(stage));
    }
}

/// Tells that a stage is done.
pub fn stage(output: &Output, name: &str, made: &str, time: Duration) {
    let time = style(duration(time)).dim();
    let line = format!("{} {name:<10} {made:<52} {time:>8}", style("✓").green());
    // If the output is closed, writing the result fails and says so.
    let _ = output.line(&line);
}

/// A bar's look; the plain one if the text were no template.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}
