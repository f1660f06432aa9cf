//! Why something about a package failed.

use nilometer_cairo::{CompileError, ContractError, ProgramError, RunError, ToolchainError};
use nilometer_transpiler::decision::{TaskError, ThresholdError};
use nilometer_transpiler::emit::EmitError;
use nilometer_transpiler::eval::EvalError;
use nilometer_transpiler::onnx::ImportError;
use nilometer_transpiler::plan::{PlanError, RecipeError};
use nilometer_transpiler::quant::EncodeError;
use nilometer_transpiler::schema::SchemaError;
use nilometer_verifier::VerifyError;

use crate::check::AboutError;
use crate::description::ComposeError;
use crate::folder::PackageError;
use crate::model_proof::check::ModelProofError;
use crate::model_proof::key::KeySetError;
use crate::vm::VmError;

/// Anything that goes wrong with a package; the message is that of the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The package's folder.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The ONNX file.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The label alone is wanted of a model that has none.
    #[error("`--labels-only`: the model has no label output")]
    NoLabel,
    /// A decision that the model cannot make.
    #[error("`--threshold`: {0}")]
    Threshold(#[from] ThresholdError),
    /// A task that the model cannot have.
    #[error("`--task`: {0}")]
    Task(#[from] TaskError),
    /// Names for another number of features.
    #[error("{actual} feature names are given, and the model takes {expected} features")]
    FeatureNames {
        /// Features of the model.
        expected: usize,
        /// Names given.
        actual: usize,
    },
    /// The precision.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The recipe that a package was made by.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// What was found is not what a recipe of it gives.
    #[error(
        "the recipe of this model gives the model hash {actual}, not {expected}: this is a defect"
    )]
    NotReproduced {
        /// The model that was planned.
        expected: String,
        /// The recipe's.
        actual: String,
    },
    /// The float model refuses a row.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The integer model refuses a row.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The Cairo source.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The compiler's parts.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// Cairo to Sierra.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The contract class.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The compiler gave less than it was asked for.
    #[error("the Cairo front end made no {0}")]
    NotCompiled(&'static str),
    /// The program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The program and the reference disagree.
    #[error(transparent)]
    Vm(#[from] VmError),
    /// Results that are not what the schema says.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A document's template.
    #[error(transparent)]
    Template(#[from] Box<handlebars::RenderError>),
    /// A temporary folder.
    #[error("cannot use a temporary folder: {0}")]
    Scratch(std::io::Error),
    /// A value that JSON cannot hold.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The description.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The proof.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The proof is about something else.
    #[error(transparent)]
    About(#[from] AboutError),
    /// A proof of a model.
    #[error(transparent)]
    ModelProof(#[from] ModelProofError),
    /// A file of keys.
    #[error(transparent)]
    Keys(#[from] KeySetError),
    /// A model that has no proof of this kind.
    #[error(transparent)]
    NoModelProof(#[from] nilometer_tensor::CompileError),
    /// A proof of a model that cannot be made.
    #[error(transparent)]
    ModelProving(#[from] nilometer_tensor::ProofError),
    /// Keys of another model.
    #[error(transparent)]
    OtherKeys(#[from] crate::model_proof::commit::OtherKeys),
    /// A run that cannot be proved.
    #[cfg(feature = "prove")]
    #[error(transparent)]
    Witness(#[from] nilometer_prover::WitnessError),
    /// A proof that takes too much.
    #[cfg(feature = "prove")]
    #[error(transparent)]
    Proving(#[from] crate::proving::ProvingError),
    /// Where it went wrong.
    #[error("{what}")]
    Within {
        /// The row, the stage.
        what: String,
        /// The cause.
        source: Box<Error>,
    },
}

impl Error {
    /// The library's error behind this one, without what says where it happened.
    pub fn cause(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            Self::Within { source, .. } => source.cause(),
            Self::NoLabel
            | Self::FeatureNames { .. }
            | Self::Task(_)
            | Self::NotCompiled(_)
            | Self::Scratch(_)
            | Self::NotReproduced { .. } => self,
            Self::Recipe(error) => error,
            Self::Package(error) => error,
            Self::Import(error) => error,
            Self::Threshold(error) => error,
            Self::Plan(error) => error,
            Self::Eval(error) => error,
            Self::Encode(error) => error,
            Self::Emit(error) => error,
            Self::Toolchain(error) => error,
            Self::Compile(error) => error,
            Self::Contract(error) => error,
            Self::Program(error) => error,
            Self::Run(error) => error,
            Self::Vm(error) => error,
            Self::Schema(error) => error,
            Self::Template(error) => error.as_ref(),
            Self::Json(error) => error,
            Self::Compose(error) => error,
            Self::Verify(error) => error,
            Self::About(error) => error,
            Self::ModelProof(error) => error,
            Self::Keys(error) => error,
            Self::NoModelProof(error) => error,
            Self::ModelProving(error) => error,
            Self::OtherKeys(error) => error,
            #[cfg(feature = "prove")]
            Self::Witness(error) => error,
            #[cfg(feature = "prove")]
            Self::Proving(error) => error,
        }
    }
}

/// Says where an error happened.
pub trait Context<T> {
    /// The same result, with `what` around its error.
    ///
    /// # Errors
    /// The error that there was.
    fn context(self, what: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context(self, what: impl Into<String>) -> Result<T, Error> {
        self.map_err(|error| Error::Within { what: what.into(), source: Box::new(error.into()) })
    }
}
