//! What a package has to say so that anyone can make it again from the ONNX file.
//!
//! `recipe.json` is not trusted: a changed one gives another model or another program, whose hashes then differ.

use nilometer_transpiler::emit::{Shape, Shapes};
use nilometer_transpiler::plan;
use serde::{Deserialize, Serialize};

/// The format that this version writes and reads.
pub const FORMAT: &str = "nilometer-recipe-v1";
/// The file's name in packages.
pub const FILE: &str = "recipe.json";

/// Everything that decides a package's model, program and contract, besides the ONNX file and Nilometer itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// [`FORMAT`].
    pub format: String,
    /// The Cairo package's name.
    pub name: String,
    /// SHA-256 of the ONNX file that the package was made from, as its maker says.
    pub onnx_sha256: String,
    /// How the program is written.
    pub shape: Shape,
    /// How the contract is written.
    pub contract_shape: Shape,
    /// Whether only the label is computed.
    pub labels_only: bool,
    /// Precision and declared ranges.
    pub quantisation: plan::Recipe,
}

impl Recipe {
    /// How program and contract are written.
    pub fn shapes(&self) -> Shapes {
        Shapes { program: self.shape, contract: self.contract_shape }
    }
}
