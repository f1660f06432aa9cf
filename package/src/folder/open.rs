//! Reading packages; everything read is held against the manifest.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nilometer_cairo::Program;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::quant::QuantGraph;
use serde::de::DeserializeOwned;

use super::{
    Manifest, PackageError, BUILD, CARD, CONTRACT, DESCRIPTION, EXAMPLE, FORMAT, MANIFEST, MODEL,
    ONNX, PROGRAM,
};
use crate::{pipeline, sha256, Error};

/// A package and its manifest.
#[derive(Clone, Debug)]
pub struct Package {
    folder: PathBuf,
    /// What it says of itself.
    pub manifest: Manifest,
}

impl Package {
    /// Opens a folder.
    ///
    /// # Errors
    /// The folder is no package, or one of another version.
    pub fn open(folder: &Path) -> Result<Self, PackageError> {
        let file = folder.join(MANIFEST);
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Err(PackageError::NotAPackage { folder: folder.to_owned() });
            }
            Err(error) => return Err(damaged(&file, &error)),
        };
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&file, &error))?;
        let format = value["format"].as_str().unwrap_or_default();
        if format != FORMAT {
            let (folder, actual) = (folder.to_owned(), format.to_owned());
            return Err(PackageError::Format { folder, actual });
        }
        let manifest = serde_json::from_value(value).map_err(|error| damaged(&file, &error))?;
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// The quantised graph.
    ///
    /// # Errors
    /// The file is damaged, or is another model than the manifest names.
    pub fn model(&self) -> Result<QuantGraph, PackageError> {
        let file = self.folder.join(MODEL);
        let bytes = read(&file)?;
        let graph = QuantGraph::from_json(&bytes).map_err(|error| damaged(&file, &error))?;
        check_hash(&file, format!("{:#x}", graph.model_hash()), &self.manifest.model_hash)?;
        Ok(graph)
    }

    /// The compiled program.
    ///
    /// # Errors
    /// The file is damaged, or is another program than the manifest names.
    pub fn program(&self) -> Result<Program, Error> {
        let file = self.folder.join(BUILD).join(PROGRAM);
        let bytes = read(&file)?;
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
        let file = self.folder.join(BUILD).join(CONTRACT);
        let bytes = read(&file)?;
        Ok((file, bytes))
    }

    /// The model card's bytes.
    ///
    /// # Errors
    /// The file is missing.
    pub fn card(&self) -> Result<Vec<u8>, PackageError> {
        read(&self.folder.join(CARD))
    }

    /// What the registry has the hash of; of packages that are older than descriptions, the model card.
    ///
    /// # Errors
    /// Neither file is there.
    pub fn description(&self) -> Result<Vec<u8>, PackageError> {
        match fs::read(self.folder.join(DESCRIPTION)) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => self.card(),
            Err(error) => Err(damaged(&self.folder.join(DESCRIPTION), &error)),
        }
    }

    /// The float model that the package was made from.
    ///
    /// # Errors
    /// The file is missing, or is another than the manifest names.
    pub fn float_model(&self) -> Result<Graph, Error> {
        let file = self.folder.join(ONNX);
        let bytes = read(&file)?;
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
        let example: Example = read_json(&self.folder.join(EXAMPLE))?;
        Ok(example.input.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }
}

fn read(file: &Path) -> Result<Vec<u8>, PackageError> {
    fs::read(file).map_err(|error| damaged(file, &error))
}

fn read_json<T: DeserializeOwned>(file: &Path) -> Result<T, PackageError> {
    let bytes = read(file)?;
    serde_json::from_slice(&bytes).map_err(|error| damaged(file, &error))
}

fn damaged(file: &Path, reason: &dyn ToString) -> PackageError {
    PackageError::File { file: file.to_owned(), reason: reason.to_string() }
}

fn check_hash(file: &Path, actual: String, expected: &str) -> Result<(), PackageError> {
    if actual == expected {
        return Ok(());
    }
    Err(PackageError::Hash { file: file.to_owned(), actual, expected: expected.to_owned() })
}
