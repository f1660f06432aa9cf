//! The stages of a transpilation: told as they go, timed, and kept.

use std::time::{Duration, Instant};

use nilometer_cairo::ToolchainStep;
use serde::Serialize;

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// ONNX to the float graph.
    Import,
    /// The float graph to the integer graph.
    Quantise,
    /// The integer graph to Cairo source.
    Emit,
    /// Finding or making the Cairo compiler.
    Toolchain,
    /// Cairo source to Sierra to CASM.
    Compile,
    /// Running the program.
    Measure,
    /// Writing the package.
    Write,
}

impl Stage {
    /// What is being done.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Import => "importing the model",
            Self::Quantise => "choosing the precision",
            Self::Emit => "writing Cairo",
            Self::Toolchain => "looking for the Cairo toolchain",
            Self::Compile => "compiling Cairo to Sierra to CASM",
            Self::Measure => "running the program",
            Self::Write => "writing the package",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Quantise => "quantise",
            Self::Emit => "emit",
            Self::Toolchain => "toolchain",
            Self::Compile => "compile",
            Self::Measure => "run",
            Self::Write => "write",
        }
    }
}

/// A stage that is done.
#[derive(Clone, Debug, Serialize)]
pub struct StageDone {
    /// Which.
    pub stage: Stage,
    /// What it made.
    pub made: String,
    /// How long it took.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub time: Duration,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Hears how a transpilation goes.
pub trait Observer {
    /// A stage starts.
    fn start(&self, _stage: Stage) {}
    /// The compiler's parts are being made.
    fn toolchain(&self, _step: ToolchainStep) {}
    /// A stage is done.
    fn done(&self, _stage: &StageDone) {}
}

/// Hears nothing.
impl Observer for () {}

/// The stages so far.
pub(super) struct Stages<'a> {
    pub(super) observer: &'a dyn Observer,
    current: Option<(Stage, Instant)>,
    done: Vec<StageDone>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(observer: &'a dyn Observer) -> Self {
        Self { observer, current: None, done: Vec::new() }
    }

    /// A stage starts.
    pub(super) fn start(&mut self, stage: Stage) {
        self.observer.start(stage);
        self.current = Some((stage, Instant::now()));
    }

    /// The stage that was started is done.
    pub(super) fn done(&mut self, made: String) {
        self.done_before(Duration::ZERO, made);
    }

    /// The same for a stage of which a part, that took `before`, was done earlier.
    pub(super) fn done_before(&mut self, before: Duration, made: String) {
        let Some((stage, start)) = self.current.take() else { return };
        let done = StageDone { stage, made, time: before + start.elapsed() };
        self.observer.done(&done);
        self.done.push(done);
    }

    /// The stages that are done.
    pub(super) fn take(self) -> Vec<StageDone> {
        self.done
    }
}
