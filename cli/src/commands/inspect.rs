//! `nilo inspect`: what a model is made of, and what is unsupported.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::graph::{Graph, Op, Tree, TreeNode};
use nilometer_transpiler::onnx::{self, ModelSummary, OutputSummary};
use serde::Serialize;

use crate::failure::{unsupported, Kind};
use crate::model_file;
use crate::output::{Message, Output};
use crate::table::{fields, printable, table};
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::report;

/// Arguments of `nilo inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The ONNX file
    pub model: PathBuf,
    /// List every node
    #[arg(long)]
    pub nodes: bool,
}

#[derive(Serialize)]
struct Inspection {
    supported: bool,
    bytes: usize,
    /// What kind of model it is, if it can be imported.
    kind: Option<String>,
    /// Its decision trees.
    trees: Option<Trees>,
    #[serde(flatten)]
    summary: ModelSummary,
    #[serde(skip)]
    nodes: bool,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Trees {
    trees: usize,
    nodes: usize,
    /// Decisions on the longest way to a leaf.
    depth: usize,
}

/// Shows a model. The exit code says whether it is supported.
///
/// # Errors
/// The file cannot be read, or is not a model.
pub fn run(args: &InspectArgs, output: &Output) -> Result<u8> {
    let model = model_file::read(&args.model)?;
    let summary = onnx::inspect(&model).with_context(|| args.model.display().to_string())?;
    let supported = summary.unsupported.is_empty() && summary.problem.is_none();
    let graph = if supported { onnx::import(&model).ok() } else { None };
    output.result(&Inspection {
        supported,
        bytes: model.len(),
        kind: graph.as_ref().map(|graph| report::kind(graph, Decision::of(graph))),
        trees: graph.as_ref().and_then(trees),
        summary,
        nodes: args.nodes,
    })?;
    Ok(if supported { 0 } else { Kind::UnsupportedModel.exit_code() })
}

/// The trees of all ensembles together.
fn trees(graph: &Graph) -> Option<Trees> {
    let ensembles = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Trees(ensemble) => Some(&ensemble.trees),
        _ => None,
    });
    let all: Vec<&Tree> = ensembles.flatten().collect();
    let trees = Trees {
        trees: all.len(),
        nodes: all.iter().map(|tree| tree.nodes.len()).sum(),
        depth: all.iter().map(|tree| depth(tree)).max()?,
    };
    Some(trees)
}

fn depth(tree: &Tree) -> usize {
    let mut depths = vec![0; tree.nodes.len()];
    // Children stand after their parents.
    for (index, node) in tree.nodes.iter().enumerate() {
        if let TreeNode::Branch { on_true, on_false, .. } = node {
            depths[*on_true] = depths[index] + 1;
            depths[*on_false] = depths[index] + 1;
        }
    }
    depths.into_iter().max().unwrap_or(0)
}

impl Message for Inspection {
    fn text(&self) -> String {
        let summary = &self.summary;
        let values =
            |values: &[OutputSummary]| values.iter().map(value).collect::<Vec<_>>().join("\n");
        let opsets = summary.opsets.iter().map(|o| format!("{} {}", o.domain, o.version));
        let mut list = vec![
            ("graph", or_none(&summary.graph)),
            ("producer", or_none(&summary.producer)),
            ("opsets", opsets.collect::<Vec<_>>().join(", ")),
            ("inputs", values(&summary.inputs)),
            ("outputs", values(&summary.outputs)),
            ("parameters", thousands(summary.parameters)),
            ("nodes", summary.nodes.len().to_string()),
            ("size", bytes(self.bytes)),
        ];
        if let Some(Trees { trees, nodes, depth }) = &self.trees {
            let text = format!("{trees}, {} nodes, depth {depth}", thousands(*nodes));
            list.insert(6, ("trees", text));
        }
        if let Some(kind) = &self.kind {
            list.insert(0, ("kind", kind.replace('_', " ")));
        }
        let mut text = fields(list);
        let is_known =
            |op: &str| summary.nodes.iter().any(|node| node.known && op.ends_with(&node.op));
        let known = |known: bool| if known { "yes" } else { "no" }.to_owned();
        text.push('\n');
        text += &if self.nodes {
            let row = |node: &onnx::NodeSummary| {
                vec![node.name.clone(), node.op.clone(), node.domain.clone(), known(node.known)]
            };
            table(&["node", "operator", "domain", "known"], summary.nodes.iter().map(row))
        } else {
            let row = |(op, count): (&String, &usize)| {
                vec![op.clone(), count.to_string(), known(is_known(op))]
            };
            table(&["operator", ">nodes", "known"], summary.op_counts.iter().map(row))
        };
        text.push('\n');
        text += &verdict(summary);
        text
    }
}

fn verdict(summary: &ModelSummary) -> String {
    if let Some(problem) = &summary.problem {
        return format!("{} {}", style("cannot be imported:").red().bold(), printable(problem));
    }
    if summary.unsupported.is_empty() {
        return style("supported").green().bold().to_string();
    }
    format!("{}\n{}", style("unsupported nodes:").red().bold(), unsupported(&summary.unsupported))
}

fn value(value: &OutputSummary) -> String {
    let shape = value.shape.as_ref().map(|shape| format!("[{}]", shape.join(", ")));
    format!("{} {}{}", value.name, value.element_type, shape.unwrap_or_default())
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.to_owned()
}
