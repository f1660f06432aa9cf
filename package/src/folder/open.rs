//! Reading packages; everything read is held against the manifest.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nilometer_cairo::Program;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::quant::QuantGraph;

use super::pack::Bundle;
use super::{
    Manifest, PackageError, BUILD, CARD, CONTRACT, DESCRIPTION, EXAMPLE, FORMAT, MANIFEST, MODEL,
    ONNX, PROGRAM,
};
use crate::model_proof::key::{self, KeySet};
use crate::recipe::{self, Recipe};
use crate::{pipeline, sha256, Error};

/// A package and its manifest.
#[derive(Clone, Debug)]
pub struct Package {
    path: PathBuf,
    /// The files, where the package is one file.
    bundle: Option<Bundle>,
    /// What it says of itself.
    pub manifest: Manifest,
}

impl Package {
    /// Opens a folder, or a file that [`super::pack`] wrote.
    ///
    /// # Errors
    /// The folder is not a package, or one of another version.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let bundle = if path.is_file() { Some(Bundle::read(path)?) } else { None };
        Self::read_manifest(path, bundle)
    }

    /// Opens the bytes of a file that [`super::pack`] wrote; errors call it `name`.
    ///
    /// # Errors
    /// The bytes are no package, or one of another version.
    pub fn of_bytes(name: &str, bytes: &[u8]) -> Result<Self, PackageError> {
        let path = Path::new(name);
        Self::read_manifest(path, Some(Bundle::parse(path, bytes)?))
    }

    fn read_manifest(path: &Path, bundle: Option<Bundle>) -> Result<Self, PackageError> {
        let file = path.join(MANIFEST);
        let bytes = match &bundle {
            Some(bundle) => bundle.file(MANIFEST),
            None => match fs::read(&file) {
                Ok(bytes) => Some(bytes),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(damaged(&file, &error)),
            },
        };
        let Some(bytes) = bytes else {
            return Err(PackageError::NotAPackage { folder: path.to_owned() });
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
        let format = value["format"].as_str().unwrap_or_default();
        if format != FORMAT {
            let (folder, actual) = (path.to_owned(), format.to_owned());
            return Err(PackageError::Format { folder, actual });
        }
        let manifest = serde_json::from_value(value).map_err(|error| damaged(&file, &error))?;
        Ok(Self { path: path.to_owned(), bundle, manifest })
    }

    /// A file of the package: its path, for errors, and its bytes.
    pub(super) fn read(&self, name: &str) -> Result<(PathBuf, Vec<u8>), PackageError> {
        let file = self.path.join(name);
        let bytes = match &self.bundle {
            None => fs::read(&file).map_err(|error| damaged(&file, &error))?,
            Some(bundle) => {
                let missing = || damaged(&file, &"it is not in this file, which is for verifying");
                bundle.file(name).ok_or_else(missing)?
            }
        };
        Ok((file, bytes))
    }

    /// How the package can be made again; none in packages of older versions.
    ///
    /// # Errors
    /// The file is damaged, or of another version.
    pub fn recipe(&self) -> Result<Recipe, PackageError> {
        let (file, bytes) = match self.read(recipe::FILE) {
            Ok(read) => read,
            Err(_) => return Err(PackageError::NoRecipe { folder: self.path.clone() }),
        };
        let recipe: Recipe =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
        if recipe.format != recipe::FORMAT {
            let reason = format!("it has the format {:?}, not {:?}", recipe.format, recipe::FORMAT);
            return Err(damaged(&file, &reason));
        }
        Ok(recipe)
    }

    /// The keys that proofs of the model are checked with; none in packages of older versions, and of models that
    /// are too long for such a proof.
    ///
    /// # Errors
    /// The file is damaged, or has other keys than the manifest names.
    pub fn keys(&self) -> Result<Option<KeySet>, PackageError> {
        let Some(expected) = self.manifest.key else { return Ok(None) };
        let (file, bytes) = self.read(key::FILE)?;
        let keys = KeySet::from_bytes(&bytes).map_err(|error| damaged(&file, &error))?;
        check_hash(&file, keys.model_key().to_string(), &expected.to_string())?;
        Ok(Some(keys))
    }

    /// The quantised graph, whatever its hash: for those who hold it against a key.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn unhashed_model(&self) -> Result<QuantGraph, PackageError> {
        let (file, bytes) = self.read(MODEL)?;
        QuantGraph::from_json(&bytes).map_err(|error| damaged(&file, &error))
    }

    /// The quantised graph.
    ///
    /// # Errors
    /// The file is damaged, or is another model than the manifest names.
    pub fn model(&self) -> Result<QuantGraph, PackageError> {
        let (file, bytes) = self.read(MODEL)?;
        let graph = QuantGraph::from_json(&bytes).map_err(|error| damaged(&file, &error))?;
        check_hash(&file, format!("{:#x}", graph.model_hash()), &self.manifest.model_hash)?;
        Ok(graph)
    }

    /// The compiled program.
    ///
    /// # Errors
    /// The file is damaged, or is another program than the manifest names.
    pub fn program(&self) -> Result<Program, Error> {
        let (file, bytes) = self.read(&format!("{BUILD}/{PROGRAM}"))?;
        let program = Program::from_json(&bytes)?;
        check_hash(&file, format!("{:#x}", program.hash()), &self.manifest.program_hash)?;
        Ok(program)
    }

    /// The quantised graph and the compiled program, read side by side.
    ///
    /// # Errors
    /// See [`Self::model`] and [`Self::program`].
    pub fn model_and_program(&self) -> Result<(QuantGraph, Program), Error> {
        let (model, program) = rayon::join(|| self.model(), || self.program());
        Ok((model?, program?))
    }

    /// The contract class and its file.
    ///
    /// # Errors
    /// The file is missing.
    pub fn contract_class(&self) -> Result<(PathBuf, Vec<u8>), PackageError> {
        self.read(&format!("{BUILD}/{CONTRACT}"))
    }

    /// The model card's bytes.
    ///
    /// # Errors
    /// The file is missing.
    pub fn card(&self) -> Result<Vec<u8>, PackageError> {
        Ok(self.read(CARD)?.1)
    }

    /// What the registry has the hash of; of packages that are older than descriptions, the model card.
    ///
    /// # Errors
    /// Neither file is there.
    pub fn description(&self) -> Result<Vec<u8>, PackageError> {
        if !self.path.join(DESCRIPTION).exists() {
            return self.card();
        }
        Ok(self.read(DESCRIPTION)?.1)
    }

    /// The float model that the package was made from.
    ///
    /// # Errors
    /// The file is missing, or is another than the manifest names.
    pub fn float_model(&self) -> Result<Graph, Error> {
        let (file, bytes) = self.read(ONNX)?;
        check_hash(&file, sha256(&bytes), &self.manifest.onnx.sha256)?;
        pipeline::import(&bytes, self.manifest.settings.labels_only)
    }

    /// A row to try.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn example(&self) -> Result<Vec<f64>, PackageError> {
        #[derive(serde::Deserialize)]
        struct Example {
            input: Vec<Option<f64>>,
        }
        let (file, bytes) = self.read(EXAMPLE)?;
        let example: Example =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
        Ok(example.input.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

pub(super) fn damaged(file: &Path, reason: &dyn ToString) -> PackageError {
    PackageError::File { file: file.to_owned(), reason: reason.to_string() }
}

fn check_hash(file: &Path, actual: String, expected: &str) -> Result<(), PackageError> {
    if actual == expected {
        return Ok(());
    }
    Err(PackageError::Hash { file: file.to_owned(), actual, expected: expected.to_owned() })
}
