//! The package around the model: sources from templates, and the runtime they import.

use std::sync::LazyLock;

use handlebars::{Handlebars, TemplateError};
use serde::Serialize;

use super::names::is_package_name;
use super::unrolled::{self, Code};
use super::{module, EmitError, Files, Shape, Shapes};
use crate::cost;
use crate::quant::QuantGraph;

/// The name of the runtime's package.
pub const RUNTIME_NAME: &str = "nilometer_runtime";

/// What the package is called and says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageMeta {
    /// The package's name: lower-case letters, digits and underscores.
    pub name: String,
    /// The model's identity, as hex.
    pub model_hash: String,
}

/// A Scarb package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CairoPackage {
    /// Its name.
    pub name: String,
    /// How the model is written.
    pub shapes: Shapes,
    /// Its sources, by path relative to its folder.
    pub files: Files,
}

const TEMPLATES: [(&str, &str); 6] = [
    ("Scarb.toml", include_str!("../../../templates/Scarb.toml.hbs")),
    ("lib.cairo", include_str!("../../../templates/lib.cairo.hbs")),
    ("program.cairo", include_str!("../../../templates/program.cairo.hbs")),
    ("contract.cairo", include_str!("../../../templates/contract.cairo.hbs")),
    ("unrolled.cairo", include_str!("../../../templates/unrolled.cairo.hbs")),
    ("looped.cairo", include_str!("../../../templates/looped.cairo.hbs")),
];

/// The engine with all templates; every name that they use must be there.
fn engine() -> Result<Handlebars<'static>, TemplateError> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    for (name, text) in TEMPLATES {
        engine.register_template_string(name, text)?;
    }
    Ok(engine)
}

/// Renders a template.
pub(super) fn render(template: &str, context: &impl Serialize) -> Result<String, EmitError> {
    static ENGINE: LazyLock<Result<Handlebars<'static>, TemplateError>> = LazyLock::new(engine);
    let error = |reason: String| EmitError::Template { template: template.to_owned(), reason };
    let engine = ENGINE.as_ref().map_err(|e| error(e.to_string()))?;
    engine.render(template, context).map_err(|e| error(e.to_string()))
}

#[derive(Serialize)]
struct UnrolledContext<'a> {
    n_inputs: usize,
    n_outputs: usize,
    uses_scalar: bool,
    inline: &'a str,
    code: &'a CodeContext,
}

#[derive(Serialize)]
struct CodeContext {
    imports: String,
    impls: Vec<String>,
    constants: Vec<String>,
    parts: Vec<String>,
    statements: Vec<String>,
    results: String,
    inputs: String,
    input_list: Vec<String>,
    output_list: Vec<String>,
    outputs: String,
}

/// A model of more steps than this is a function of its own: passing rows and results costs a few
/// steps, inlining it twice costs the compiler seconds.
const MAX_INLINED_STEPS: u64 = 4_000;

/// The model's module in the unrolled shape.
pub(super) fn unrolled_module(graph: &QuantGraph) -> Result<String, EmitError> {
    let Code { impls, constants, statements, results, parts, inputs, imports, uses_scalar } =
        unrolled::emit(graph)?;
    let outputs: Vec<_> = (0..results.len()).map(|i| format!("y{i}")).collect();
    let code = CodeContext {
        imports: imports.into_iter().collect::<Vec<_>>().join(", "),
        impls,
        constants,
        parts,
        statements: statements.into_iter().flat_map(|s| indent(&s)).collect(),
        results: results.join(", "),
        inputs: inputs.join(", "),
        input_list: inputs,
        outputs: outputs.join(", "),
        output_list: outputs,
    };
    let context = UnrolledContext {
        n_inputs: graph.input_len(),
        n_outputs: graph.output_len(),
        uses_scalar,
        inline: if cost::estimate(graph, Shape::Unrolled).total() <= MAX_INLINED_STEPS {
            "always"
        } else {
            "never"
        },
        code: &code,
    };
    render("unrolled.cairo", &context)
}

/// The lines of a statement, indented by their nesting.
fn indent(statement: &str) -> Vec<String> {
    let mut depth = 1usize;
    statement
        .lines()
        .map(|line| {
            if line.starts_with('}') {
                depth = depth.saturating_sub(1);
            }
            // Deep trees would otherwise be mostly spaces.
            let text = format!("{}{line}", "    ".repeat(depth.min(12)));
            if line.ends_with('{') {
                depth += 1;
            }
            text
        })
        .collect()
}

#[derive(Serialize)]
struct PackageContext<'a> {
    #[serde(flatten)]
    meta: &'a PackageMeta,
    version: &'a str,
    runtime: &'a str,
    n_inputs: usize,
    n_outputs: usize,
    schema: Vec<String>,
    /// Whether the contract has a module of its own for the model.
    own_model: bool,
}

/// Puts the package together.
pub(super) fn assemble(
    graph: &QuantGraph,
    meta: &PackageMeta,
    shapes: Shapes,
) -> Result<CairoPackage, EmitError> {
    if !is_package_name(&meta.name) {
        return Err(EmitError::PackageName { name: meta.name.clone() });
    }
    let mut files = frame(graph, meta, shapes)?;
    files.insert("src/model.cairo".to_owned(), module(graph, shapes.program)?);
    if shapes.program != shapes.contract {
        files.insert(CONTRACT_MODEL.to_owned(), module(graph, shapes.contract)?);
    }
    Ok(CairoPackage { name: meta.name.clone(), shapes, files })
}

/// The contract's own module of the model, where it has one.
const CONTRACT_MODEL: &str = "src/contract_model.cairo";

/// The files around the model.
fn frame(graph: &QuantGraph, meta: &PackageMeta, shapes: Shapes) -> Result<Files, EmitError> {
    let schema = crate::schema::Schema::of(graph).to_felts();
    let context = PackageContext {
        meta,
        version: env!("CARGO_PKG_VERSION"),
        runtime: RUNTIME_NAME,
        n_inputs: graph.input_len(),
        n_outputs: graph.output_len(),
        schema: schema.iter().map(|f| format!("{f:#x}")).collect(),
        own_model: shapes.program != shapes.contract,
    };
    let templates = [
        ("Scarb.toml", "Scarb.toml"),
        ("src/lib.cairo", "lib.cairo"),
        ("src/program.cairo", "program.cairo"),
        ("src/contract.cairo", "contract.cairo"),
    ];
    let file = |(path, template): (&str, &str)| Ok((path.to_owned(), render(template, &context)?));
    templates.into_iter().map(file).collect()
}

impl CairoPackage {
    /// Writes the contract in a shape that is not the program's; the program's model stays as it is. The files that
    /// this changes, by path.
    ///
    /// # Errors
    /// The model has no such shape.
    pub fn rewrite_contract(
        &mut self,
        graph: &QuantGraph,
        meta: &PackageMeta,
        contract: Shape,
    ) -> Result<Files, EmitError> {
        let shapes = Shapes { contract, ..self.shapes };
        let mut changed = frame(graph, meta, shapes)?;
        if shapes.program != contract {
            changed.insert(CONTRACT_MODEL.to_owned(), module(graph, contract)?);
        }
        self.shapes = shapes;
        self.files.extend(changed.clone());
        Ok(changed)
    }
}
