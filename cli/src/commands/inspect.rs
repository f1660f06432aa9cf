//! `nilo inspect`: what a model is made of, and what is unsupported.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_transpiler::onnx::{self, ModelSummary, OutputSummary};
use serde::Serialize;

use crate::failure::Kind;
use crate::numbers::{bytes, thousands};
use crate::output::{Message, Output};
use crate::table::{fields, table};

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
    #[serde(flatten)]
    summary: ModelSummary,
    #[serde(skip)]
    nodes: bool,
}

/// Shows a model. The exit code says whether it is supported.
///
/// # Errors
/// The file cannot be read, or is no model.
pub fn run(args: &InspectArgs, output: &Output) -> Result<u8> {
    let model = super::read_model(&args.model)?;
    let summary = onnx::inspect(&model).with_context(|| args.model.display().to_string())?;
    let supported = summary.unsupported.is_empty() && summary.problem.is_none();
    let nodes = args.nodes;
    output.result(&Inspection { supported, bytes: model.len(), summary, nodes })?;
    Ok(if supported { 0 } else { Kind::UnsupportedModel.exit_code() })
}

impl Message for Inspection {
    fn text(&self) -> String {
        let summary = &self.summary;
        let values =
            |values: &[OutputSummary]| values.iter().map(value).collect::<Vec<_>>().join("\n");
        let opsets = summary.opsets.iter().map(|o| format!("{} {}", o.domain, o.version));
        let mut text = fields([
            ("graph", or_none(&summary.graph)),
            ("producer", or_none(&summary.producer)),
            ("opsets", opsets.collect::<Vec<_>>().join(", ")),
            ("inputs", values(&summary.inputs)),
            ("outputs", values(&summary.outputs)),
            ("parameters", thousands(summary.parameters)),
            ("nodes", summary.nodes.len().to_string()),
            ("size", bytes(self.bytes)),
        ]);
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
        return format!("{} {problem}", style("cannot be imported:").red().bold());
    }
    if summary.unsupported.is_empty() {
        return style("supported").green().bold().to_string();
    }
    let nodes = summary.unsupported.iter();
    let nodes = nodes.map(|node| format!("\n  {node}")).collect::<String>();
    format!("{}{nodes}", style("unsupported nodes:").red().bold())
}

fn value(value: &OutputSummary) -> String {
    let shape = value.shape.as_ref().map(|shape| format!("[{}]", shape.join(", ")));
    format!("{} {}{}", value.name, value.element_type, shape.unwrap_or_default())
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.to_owned()
}
