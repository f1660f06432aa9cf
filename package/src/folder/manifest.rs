//! `nilometer.json`: what a package is and what it was made from.

use std::fmt;

use nilometer_transpiler::decision::Task;
use nilometer_transpiler::emit::{Shape, Shapes};
use serde::{Deserialize, Serialize};

use crate::model_proof::key::Digest;
use crate::numbers::{bytes, thousands};
use crate::report::layers::Layer;

/// The format that this version writes and reads.
pub const FORMAT: &str = "nilometer-package-v1";

/// A package's identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The version of Nilometer that made it.
    pub nilometer: String,
    /// The Cairo package's name.
    pub name: String,
    /// What kind of model it is: `mlp_classifier`, `tree_regressor`, ….
    pub kind: String,
    /// Poseidon hash of the quantised graph.
    pub model_hash: String,
    /// Hash of the compiled program.
    pub program_hash: String,
    /// The key that proofs of the model are checked with; none where the model is too long for one.
    #[serde(default)]
    pub key: Option<Digest>,
    /// How the program is written.
    pub shape: Shape,
    /// How the contract is written.
    pub contract_shape: Shape,
    /// Features in a row.
    pub n_inputs: usize,
    /// Integers that the program returns.
    pub n_outputs: usize,
    /// The dense layers and their precision.
    pub layers: Vec<Layer>,
    /// The Starknet contract, measured.
    pub contract: ContractSize,
    /// The ONNX file it was made from.
    pub onnx: OnnxFile,
    /// How it was made.
    pub settings: Settings,
}

impl Manifest {
    /// How program and contract are written.
    pub fn shapes(&self) -> Shapes {
        Shapes { program: self.shape, contract: self.contract_shape }
    }
}

/// A contract class beside Starknet's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractSize {
    /// Felts of CASM bytecode; of the program's, which the contract's exceed, where the contract was
    /// not compiled.
    pub bytecode_felts: usize,
    /// The most that Starknet accepts.
    pub max_bytecode_felts: usize,
    /// Bytes of the Sierra class in a declare transaction; none where the model's constants alone
    /// exceed the limit, so that no class was compiled.
    pub class_bytes: Option<usize>,
    /// The most that Starknet accepts.
    pub max_class_bytes: usize,
    /// Felts of the Sierra program; none where no class was compiled.
    #[serde(default)]
    pub sierra_felts: Option<usize>,
    /// The most that Starknet accepts.
    #[serde(default)]
    pub max_sierra_felts: usize,
    /// Whether it is within all limits.
    pub within_limits: bool,
    /// The compiled class hash, of a class that was compiled.
    pub compiled_class_hash: Option<String>,
}

/// For people: `17,881 of 81,920 felts of bytecode, class of 1.06 MB of 4.09 MB: fits`.
impl fmt::Display for ContractSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (felts, max) = (thousands(self.bytecode_felts), thousands(self.max_bytecode_felts));
        let Some(class) = self.class_bytes else {
            return write!(
                f,
                "not compiled: over {felts} felts of bytecode, {max} at most on Starknet"
            );
        };
        let (class, max_class) = (bytes(class), bytes(self.max_class_bytes));
        write!(f, "{felts} of {max} felts of bytecode, class of {class} of {max_class}: ")?;
        match self.sierra_felts {
            _ if self.within_limits => f.write_str("fits"),
            Some(sierra) if sierra > self.max_sierra_felts => write!(
                f,
                "{} of {} felts of Sierra: it cannot be declared",
                thousands(sierra),
                thousands(self.max_sierra_felts)
            ),
            _ => f.write_str("does not fit: it cannot be declared"),
        }
    }
}

/// The model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnnxFile {
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Its size.
    pub bytes: usize,
}

/// Everything that decides the bytes of a package, besides the ONNX file and Nilometer itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `exact` or `fixed`.
    pub features: String,
    /// The accuracy budget.
    pub max_loss: f64,
    /// How far the declared range reaches beyond the calibrated one.
    pub margin: f64,
    /// The declared range, where it was given.
    pub input_range: Option<(f64, f64)>,
    /// Bits everywhere, where they were given.
    pub bits: Option<u32>,
    /// The decision that precision is gated on, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// What the model is for, where it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// The code's shape, where it was given.
    pub shape: Option<Shape>,
    /// Whether only the label is computed.
    pub labels_only: bool,
    /// The calibration rows, if there were any.
    pub calibration: Option<CalibrationFile>,
    /// Whether the core library was the pinned one; if not, hashes are the maker's own.
    pub pinned_core_library: bool,
}

/// The calibration rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationFile {
    /// SHA-256 of the file's bytes.
    pub sha256: String,
    /// How many rows it has.
    pub rows: usize,
}
