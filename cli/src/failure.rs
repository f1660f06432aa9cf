//! What went wrong, as an exit code, a message and a hint that fixes it.

use anyhow::Error;
use nilometer_air::cairo::FileError;
use nilometer_cairo::{
    CompileError as CairoError, ContractError, ProgramError, RunError, ToolchainError,
};
use nilometer_prover::WitnessError;
use nilometer_tensor::CompileError;
use nilometer_transpiler::decision::ThresholdError;
use nilometer_transpiler::emit::EmitError;
use nilometer_transpiler::eval::EvalError;
use nilometer_transpiler::onnx::{ImportError, TensorError, TreeError, UnsupportedNode};
use nilometer_transpiler::plan::{PlanError, RecipeError, Trial};
use nilometer_transpiler::quant::{EncodeError, LowerError};
use nilometer_transpiler::schema::SchemaError;
use nilometer_verifier::VerifyError;
use serde_json::{json, Map, Value};

use crate::input::InputError;
use crate::table::printable;
use crate::table::table;
use nilometer_package::check::AboutError;
use nilometer_package::folder::PackageError;
use nilometer_package::model_proof::check::ModelProofError;
use nilometer_package::model_proof::commit::OtherKeys;
use nilometer_package::proving::ProvingError;
use nilometer_package::report::trials;
use nilometer_package::vm::VmError;

/// The kinds of failure that scripts can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else: a file, the toolchain, a row that is refused.
    Other,
    /// The command line asks for something that makes no sense.
    Usage,
    /// The model, or a part of it, has no integer form here.
    UnsupportedModel,
    /// No precision keeps the accuracy budget.
    Accuracy,
    /// A proof does not prove what it should.
    ProofInvalid,
    /// A limit on sizes, steps or memory.
    ResourceLimit,
    /// The chain refuses, or no node answers.
    Chain,
    /// An account or its key cannot be used.
    // Without a chain's client there are no accounts; the exit code stays reserved.
    #[cfg_attr(not(feature = "chain"), allow(dead_code))]
    Account,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Other => 1,
            Self::Usage => 2,
            Self::UnsupportedModel => 3,
            Self::Accuracy => 4,
            Self::ProofInvalid => 5,
            Self::ResourceLimit => 6,
            Self::Chain => 7,
            Self::Account => 8,
        }
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Usage => "usage",
            Self::UnsupportedModel => "unsupported_model",
            Self::Accuracy => "accuracy",
            Self::ProofInvalid => "proof_invalid",
            Self::ResourceLimit => "resource_limit",
            Self::Chain => "chain",
            Self::Account => "account",
        }
    }
}

/// An error, ready to be shown.
#[derive(Debug)]
pub struct Failure {
    /// Its kind.
    pub kind: Kind,
    /// What happened, from the outermost to the innermost cause.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// More fields for JSON.
    pub details: Map<String, Value>,
    /// More text for people, below the message.
    pub text: Option<String>,
}

impl Failure {
    /// Reads an error.
    pub fn of(error: &Error) -> Self {
        let mut failure =
            error.chain().find_map(classify).unwrap_or_else(|| Self::new(Kind::Other, None));
        failure.message = message(error);
        failure
    }

    /// The failure as a JSON object.
    pub fn json(&self) -> Value {
        let mut error = Map::new();
        error.insert("kind".to_owned(), json!(self.kind.name()));
        error.insert("exit_code".to_owned(), json!(self.kind.exit_code()));
        error.insert("message".to_owned(), json!(self.message));
        error.insert("help".to_owned(), json!(self.help));
        error.extend(self.details.clone());
        json!({ "error": error })
    }

    /// A failure of a kind, with a hint.
    pub fn new(kind: Kind, help: Option<String>) -> Self {
        Self { kind, message: String::new(), help, details: Map::new(), text: None }
    }
}

/// The causes behind one another, without those that the one before already tells.
fn message(error: &Error) -> String {
    use nilometer_package::Error as PackageLayer;
    let text = |cause: &(dyn std::error::Error + 'static)| {
        let import = match cause.downcast_ref() {
            Some(PackageLayer::Import(error)) => Some(error),
            _ => cause.downcast_ref(),
        };
        match import {
            // The nodes are listed below.
            Some(ImportError::Unsupported { nodes }) if nodes.len() == 1 => {
                "1 unsupported node".to_owned()
            }
            Some(ImportError::Unsupported { nodes }) => {
                format!("{} unsupported nodes", nodes.len())
            }
            _ => cause.to_string(),
        }
    };
    error.chain().map(text).fold(String::new(), |message, cause| match message.as_str() {
        "" => cause,
        text if text.ends_with(&cause) => message,
        _ => format!("{message}: {cause}"),
    })
}

fn classify(cause: &(dyn std::error::Error + 'static)) -> Option<Failure> {
    let kind = |kind: Kind| Some(Failure::new(kind, None));
    let help = |kind: Kind, help: &str| Some(Failure::new(kind, Some(help.to_owned())));
    if let Some(error) = cause.downcast_ref::<nilometer_package::Error>() {
        use nilometer_package::Error;
        if matches!(error, Error::NoLabel | Error::Task(_) | Error::FeatureNames { .. }) {
            return kind(Kind::Usage);
        }
        let inner = error.cause();
        return if inner.is::<nilometer_package::Error>() { None } else { classify(inner) };
    }
    if let Some(error) = cause.downcast_ref::<ImportError>() {
        return Some(import(error));
    }
    if cause.is::<ThresholdError>() {
        return help(Kind::Usage, "name a number of the model: `--threshold 'scores[1]>0.3'`");
    }
    if let Some(error) = cause.downcast_ref::<PlanError>() {
        return Some(plan(error));
    }
    if let Some(error) = cause.downcast_ref::<LowerError>() {
        return Some(lower(error));
    }
    if let Some(error) = cause.downcast_ref::<EncodeError>() {
        return match error {
            EncodeError::OutOfRange { .. } => help(
                Kind::Other,
                "transpile again with calibration rows that cover it, a larger `--margin`, or `--input-range LO,HI`",
            ),
            EncodeError::NotANumber { .. } => help(
                Kind::Other,
                "fill the value in, or take a model that was trained with missing values",
            ),
            EncodeError::Length { .. } | EncodeError::NotAnInteger { .. } => kind(Kind::Other),
        };
    }
    if cause.is::<EvalError>() {
        return kind(Kind::Other);
    }
    if let Some(error) = cause.downcast_ref::<EmitError>() {
        return match error {
            EmitError::PackageName { .. } => help(Kind::Usage, "choose another name with `--name`"),
            EmitError::TooLarge { .. } => help(
                Kind::ResourceLimit,
                "transpile with `--shape looped`, or take a smaller model",
            ),
            EmitError::Template { .. } => kind(Kind::Other),
        };
    }
    if let Some(error) = cause.downcast_ref::<ToolchainError>() {
        return help(Kind::Other, error.help());
    }
    if cause.is::<CairoError>() || cause.is::<ContractError>() {
        return help(Kind::Other, "run `nilo doctor`; if all is well there, this is a defect: please report it with the model");
    }
    if let Some(error) = cause.downcast_ref::<ProgramError>() {
        return match error {
            ProgramError::TooLong { .. } => {
                help(Kind::ResourceLimit, "transpile with `--shape looped`")
            }
            ProgramError::File { .. } => help(Kind::Other, "transpile the model again"),
            _ => kind(Kind::Other),
        };
    }
    if let Some(RunError::StepLimit { .. }) = cause.downcast_ref::<RunError>() {
        return help(Kind::ResourceLimit, "raise `--max-steps`");
    }
    if let Some(error) = cause.downcast_ref::<InputError>() {
        return Some(Failure::new(error.kind(), error.help()));
    }
    if let Some(error) = cause.downcast_ref::<PackageError>() {
        let kind = if matches!(error, PackageError::Root) { Kind::Usage } else { Kind::Other };
        return Some(Failure::new(kind, error.help()));
    }
    if cause.is::<NotTheModel>() {
        return Some(invalid_proof(Some(
            "do not rely on this package; transpile the ONNX file yourself".to_owned(),
        )));
    }
    if let Some(error) = cause.downcast_ref::<VerifyError>() {
        let help = match error {
            VerifyError::Security { .. } => Some(
                "ask for a stronger proof, or say with `--security` that you take less".to_owned(),
            ),
            VerifyError::File(FileError::Version { .. } | FileError::Air { .. }) => {
                Some("use the version of Nilometer that made the proof, or prove again".to_owned())
            }
            _ => None,
        };
        return Some(invalid_proof(help));
    }
    if let Some(error) = cause.downcast_ref::<ModelProofError>() {
        return match error {
            ModelProofError::NoLabel => help(Kind::Usage, "leave `--labels` out"),
            _ => Some(invalid_proof(error.help().map(str::to_owned))),
        };
    }
    if cause.is::<OtherKeys>() {
        return Some(invalid_proof(Some(
            "do not rely on this package; transpile the ONNX file yourself".to_owned(),
        )));
    }
    if cause.is::<CompileError>() {
        return help(Kind::ResourceLimit, "prove the run of the program instead: `--of program`");
    }
    if let Some(error) = cause.downcast_ref::<AboutError>() {
        return Some(invalid_proof(error.help().map(str::to_owned)));
    }
    if cause.is::<RecipeError>() {
        return Some(invalid_proof(Some(
            "give the ONNX file that the package was made from".to_owned(),
        )));
    }
    if let Some(error) = cause.downcast_ref::<WitnessError>() {
        return match error {
            WitnessError::TooLong { .. } => kind(Kind::ResourceLimit),
            WitnessError::Step { .. } | WitnessError::NoTrace => {
                help(Kind::Other, "this is a defect: please report it with the model and the row")
            }
            WitnessError::Claim(_) => kind(Kind::Other),
        };
    }
    if let Some(error) = cause.downcast_ref::<ProvingError>() {
        return match error {
            ProvingError::Memory { .. } => help(
                Kind::ResourceLimit,
                "raise `--max-memory`, prove on a larger machine, or transpile with fewer steps (`nilo estimate` shows where they go)",
            ),
            ProvingError::RowCount { .. } => help(Kind::ResourceLimit, "prove parts of the data set"),
        };
    }
    if cause.is::<VmError>() {
        return help(Kind::Other, "the package's program is not its model: transpile the ONNX file again; if a new package does this too, it is a defect: please report it with the model and the row");
    }
    #[cfg(feature = "chain")]
    if let Some(error) = cause.downcast_ref::<nilometer_starknet::ChainError>() {
        return Some(crate::chain::failure(error));
    }
    #[cfg(feature = "chain")]
    if let Some(error) = cause.downcast_ref::<NotReproduced>() {
        return help(Kind::Chain, error.help());
    }
    if cause.is::<SchemaError>() {
        return kind(Kind::Chain);
    }
    cause.downcast_ref::<UsageError>().map(|_| Failure::new(Kind::Usage, None))
}

fn invalid_proof(help: Option<String>) -> Failure {
    let mut failure = Failure::new(Kind::ProofInvalid, help);
    failure.details.insert("valid".to_owned(), json!(false));
    failure
}

/// The nodes that are unsupported, one per line.
pub fn unsupported(nodes: &[UnsupportedNode]) -> String {
    const SHOWN: usize = 40;
    let mut lines: Vec<String> = nodes
        .iter()
        .take(SHOWN)
        .map(|node| format!("  {}", printable(&node.to_string())))
        .collect();
    if nodes.len() > SHOWN {
        lines.push(format!("  … and {} more; `--json` has all", nodes.len() - SHOWN));
    }
    lines.join("\n")
}

/// Arguments that make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// The program that a package holds is not its model.
#[derive(Debug, thiserror::Error)]
#[error("the program is not the model: {0}")]
pub struct NotTheModel(pub nilometer_package::Error);

#[cfg(feature = "chain")]
/// The ONNX file and the way it was transpiled do not give what is registered.
#[derive(Debug, thiserror::Error)]
#[error("this ONNX file and {by} give other hashes than those that are registered")]
pub struct NotReproduced {
    pub by: &'static str,
    pub with_rows: bool,
}

#[cfg(feature = "chain")]
impl NotReproduced {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        if self.with_rows {
            "the version was not made from this ONNX file in this way, or by another version of Nilometer"
        } else {
            "this does not say that the version is wrong: its precision may have been chosen on calibration rows; give `--package` with the package or its description.json"
        }
    }
}

fn import(error: &ImportError) -> Failure {
    match error {
        ImportError::Unsupported { nodes } => {
            let mut failure = Failure::new(
                Kind::UnsupportedModel,
                Some("`nilo inspect MODEL.onnx` shows the whole model".to_owned()),
            );
            failure.details.insert("unsupported".to_owned(), json!(nodes));
            failure.text = Some(unsupported(nodes));
            failure
        }
        ImportError::TooLarge { .. } => Failure::new(Kind::ResourceLimit, None),
        ImportError::NoInput | ImportError::Input { .. } | ImportError::Output { .. } => {
            Failure::new(Kind::UnsupportedModel, None)
        }
        ImportError::Tensor { source: TensorError::DataType { .. }, .. } => {
            Failure::new(Kind::UnsupportedModel, None)
        }
        ImportError::Tensor {
            source: TensorError::External { .. } | TensorError::ExternalData { .. },
            ..
        } => {
            let help = "put the file of weights beside the model under the name that the model gives, or \
                        save the model as one file (`onnx.save(model, path, save_as_external_data=False)`)";
            Failure::new(Kind::UnsupportedModel, Some(help.to_owned()))
        }
        ImportError::Tensor { source: TensorError::NonFinite { .. }, .. }
        | ImportError::AttributeNonFinite { .. } => {
            let help = "the model itself holds NaN or infinity where numbers are wanted: look at how it was \
                        trained";
            Failure::new(Kind::UnsupportedModel, Some(help.to_owned()))
        }
        ImportError::Trees {
            source: TreeError::TooLarge { .. } | TreeError::TooDeep { .. },
            ..
        } => {
            let help = "train with fewer or smaller trees";
            Failure::new(Kind::ResourceLimit, Some(help.to_owned()))
        }
        ImportError::Decode { .. } => {
            let help = "check that the file is a complete ONNX model: download or export it again";
            Failure::new(Kind::Other, Some(help.to_owned()))
        }
        _ => {
            let help = "the file breaks the ONNX format: export the model again";
            Failure::new(Kind::Other, Some(help.to_owned()))
        }
    }
}

fn lower(error: &LowerError) -> Failure {
    let help = match error {
        LowerError::Range { .. } | LowerError::Exponent { .. } => Some(
            "declare a narrower range: `--calibration X.npy` or `--input-range LO,HI`".to_owned(),
        ),
        // A limit on values, not an operation that is missing.
        LowerError::Unsupported { reason, .. } if reason.contains("supported") => Some(
            "declare a narrower range: calibration rows with a small `--margin`, or `--input-range LO,HI`"
                .to_owned(),
        ),
        LowerError::Unsupported { .. } => None,
    };
    Failure::new(Kind::UnsupportedModel, help)
}

fn plan(error: &PlanError) -> Failure {
    match error {
        PlanError::Lower(error) => lower(error),
        PlanError::Calibration { .. } => {
            Failure::new(Kind::Other, Some("remove or correct that row".to_owned()))
        }
        PlanError::NoRows => Failure::new(Kind::Other, None),
        PlanError::InputRange { .. } => Failure::new(
            Kind::Usage,
            Some("give two finite numbers: `--input-range -4,4`".to_owned()),
        ),
        PlanError::Refused { refused, rows, .. } => {
            let help = "declare a range that holds them (`--input-range LO,HI`, `--margin`), or remove rows that the model is not meant for";
            let mut failure = Failure::new(Kind::Accuracy, Some(help.to_owned()));
            failure.details.insert("refused".to_owned(), json!(refused));
            failure.details.insert("rows".to_owned(), json!(rows));
            failure
        }
        PlanError::Accuracy { trials: tried, max_loss, .. } => {
            let help = more_loss(tried, *max_loss);
            let mut failure = Failure::new(Kind::Accuracy, Some(help));
            failure.details.insert("trials".to_owned(), json!(trials::rows(tried)));
            failure.text =
                Some(table(&trials::HEADER, trials::rows(tried).iter().map(trials::cells)));
            failure
        }
    }
}

/// What would have been enough, in steps that people choose.
fn more_loss(tried: &[Trial], max_loss: f64) -> String {
    const STEPS: [f64; 7] = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
    let needed = tried
        .iter()
        .map(|trial| {
            let decided = trial.accuracy.loss();
            decided.max(if trial.accuracy.flips == 0 { trial.accuracy.relative_error } else { 0.0 })
        })
        .fold(f64::INFINITY, f64::min);
    let enough = STEPS.iter().find(|&&step| step > max_loss && step >= 2.0 * needed);
    let allow = enough.map_or_else(String::new, |step| {
        format!("allow more loss (`--max-loss {}%`), or ", step * 100.0)
    });
    format!("{allow}calibrate with rows like those the model will meet")
}
