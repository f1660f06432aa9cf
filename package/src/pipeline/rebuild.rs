//! Making a package's model, program and contract again, to compare their hashes.

use nilometer_cairo::{Toolchain, ToolchainOptions};
use nilometer_transpiler::emit::PackageMeta;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::plan::fits_class;
use nilometer_transpiler::quant::QuantGraph;

use super::{build, import, imported, model_keys, simplified, write_sources};
use super::{Observer, Onnx, Stage, StageDone, Stages};
use crate::folder::{Package, Staging, BUILD, CONTRACT};
use crate::model_proof::key::{Digest, KeySet};
use crate::recipe::Recipe;
use crate::scratch::Scratch;
use crate::{runtime, sha256, Error};

/// What an ONNX file compiles to by a recipe.
#[derive(Clone, Debug)]
pub struct Rebuilt {
    /// SHA-256 of the ONNX file.
    pub onnx_sha256: String,
    /// Poseidon hash of the quantised graph.
    pub model_hash: String,
    /// The key that proofs of the model are checked with; none where it is too long for one.
    pub key: Option<Digest>,
    /// Hash of the compiled program.
    pub program_hash: String,
    /// The Sierra class of the contract; none where the model is too large for one.
    pub class: Option<Vec<u8>>,
    /// Whether the core library was the pinned one; if not, hashes are this machine's own.
    pub pinned_core_library: bool,
}

fn float_model(onnx: &[u8], recipe: &Recipe) -> Result<Graph, Error> {
    let reference = import(onnx, recipe.labels_only)?;
    simplified(&reference, recipe.labels_only)
}

/// Quantises by a recipe: nothing is planned, compiled or written.
///
/// # Errors
/// The file is no model that the recipe is for.
pub fn requantise(onnx: &[u8], recipe: &Recipe) -> Result<QuantGraph, Error> {
    Ok(recipe.quantisation.lower(&float_model(onnx, recipe)?)?)
}

/// Makes a package's model again from its ONNX file by its recipe, without compiling anything.
///
/// # Errors
/// The package has no recipe, or the model that comes out is another.
pub fn quantise_again(
    onnx: &Onnx,
    package: &Package,
    observer: &dyn Observer,
) -> Result<Vec<StageDone>, Error> {
    let mut stages = Stages::new(observer);
    let recipe = package.recipe()?;
    stages.start(Stage::Import);
    let graph = simplified(&onnx.graph, onnx.labels_only)?;
    stages.done_before(onnx.time, imported(&graph));
    stages.start(Stage::Quantise);
    let actual = format!("{:#x}", recipe.quantisation.lower(&graph)?.model_hash());
    let expected = package.manifest.model_hash.clone();
    if actual != expected {
        return Err(Error::NotReproduced { expected, actual });
    }
    stages.done("by the recipe; the model hash is the package's".to_owned());
    Ok(stages.take())
}

/// Transpiles and compiles by a recipe: nothing is planned, no rows are needed, nothing is left on disk.
///
/// # Errors
/// The file is not a model that the recipe is for, or does not compile.
pub fn rebuild(
    onnx: &[u8],
    recipe: &Recipe,
    toolchain: &ToolchainOptions,
    observer: &dyn Observer,
) -> Result<Rebuilt, Error> {
    let mut stages = Stages::new(observer);
    stages.start(Stage::Import);
    let float = float_model(onnx, recipe)?;
    stages.done(String::new());

    stages.start(Stage::Quantise);
    let graph = recipe.quantisation.lower(&float)?;
    let model_hash = format!("{:#x}", graph.model_hash());
    stages.done(String::new());

    stages.start(Stage::Emit);
    let scratch =
        Scratch::new_in(&std::env::temp_dir(), "nilo-rebuild-").map_err(Error::Scratch)?;
    let staging = Staging::new(&scratch.path().join("package"))?;
    let meta = PackageMeta { name: recipe.name.clone(), model_hash: model_hash.clone() };
    let shapes = recipe.shapes();
    let cairo = write_sources(&graph, &meta, shapes, &staging)?;
    for (path, text) in runtime::FILES {
        staging.write(&format!("{}/{path}", runtime::FOLDER), text.as_bytes())?;
    }
    stages.done(String::new());

    stages.start(Stage::Toolchain);
    let toolchain = Toolchain::locate(toolchain, &|step| observer.toolchain(step))?;
    stages.done(String::new());

    stages.start(Stage::Compile);
    let with_contract = fits_class(&graph, shapes.contract);
    let (built, keys) = rayon::join(
        || build::compile(&toolchain, &staging, &cairo.name, with_contract),
        || model_keys(&graph),
    );
    let (built, keys) = (built?, keys?);
    let class = match built.contract.class_bytes {
        Some(_) => {
            let path = staging.folder().join(BUILD).join(CONTRACT);
            Some(std::fs::read(path).map_err(Error::Scratch)?)
        }
        None => None,
    };
    stages.done(String::new());
    Ok(Rebuilt {
        onnx_sha256: sha256(onnx),
        model_hash,
        key: keys.as_ref().map(KeySet::model_key),
        program_hash: format!("{:#x}", built.program.hash()),
        class,
        pinned_core_library: toolchain.is_pinned(),
    })
}
