//! The looped shape: constant data and the runtime's loops over it.
//!
//! Every value is a span; a node is a call that appends its elements to a new array. The code is
//! small whatever the model's size; weights, thresholds and leaves are constants of at most
//! [`MAX_CONSTANT`] felts.

mod dense;
mod trees;

use std::collections::BTreeSet;

use serde::Serialize;
use starknet_types_core::felt::Felt;

use super::{package, EmitError};
use crate::graph::ValueId;
use crate::layout::Readers;
use crate::quant::{QuantGraph, QuantNode, QuantOp, Table};

/// Felts in one constant: the compiler counts a type's size in 16 bits.
const MAX_CONSTANT: usize = 32_767;

#[derive(Serialize)]
struct Context {
    n_inputs: usize,
    imports: Vec<String>,
    constants: Vec<String>,
    checks: Vec<String>,
    /// Whether each feature has a range of its own, in a table.
    check_each: bool,
    statements: Vec<String>,
    results: Vec<String>,
    positive: bool,
}

/// The model's module in the looped shape.
pub(super) fn module(graph: &QuantGraph) -> Result<String, EmitError> {
    let mut body = Body::new(graph);
    for index in 1..graph.nodes.len() {
        body.node(index)?;
    }
    let check_each = crate::schema::Schema::of(graph).inputs.len() > MOST_CHECKS;
    let checks = if check_each { body.check_table() } else { checks(graph) };
    let results = graph.outputs.iter().map(|output| body.span(output.value)).collect();
    let positive = body.imports.contains(POSITIVE);
    body.imports.remove(POSITIVE);
    let mut imports: Vec<_> = body.imports.iter().map(|name| path(name)).collect();
    imports.sort_unstable();
    let context = Context {
        n_inputs: graph.input_len(),
        imports,
        constants: body.constants,
        checks,
        check_each,
        statements: body.statements,
        results,
        positive,
    };
    package::render("looped.cairo", &context)
}

/// Stands for the lane type that the template brings itself.
const POSITIVE: &str = "positive";

/// Up to so many runs of features are checked by calls; more by a table, as each call costs the compiler memory
/// for all that is alive there.
const MOST_CHECKS: usize = 64;

/// One call for each run of features with one range.
fn checks(graph: &QuantGraph) -> Vec<String> {
    let mut start = 0;
    crate::schema::Schema::of(graph)
        .inputs
        .iter()
        .map(|run| {
            let call = format!(
                "check(input.slice({start}, {}), {}, {}, {start});",
                run.count,
                run.lo,
                (run.hi - run.lo)
            );
            start += run.count;
            call
        })
        .collect()
}

struct Body<'a> {
    graph: &'a QuantGraph,
    statements: Vec<String>,
    constants: Vec<String>,
    imports: BTreeSet<&'static str>,
    /// How many elements each value's span has beyond the value's own (they are zeros or nobody's).
    extra: Vec<usize>,
    readers: Readers<'a>,
    /// Nodes whose work was done with an earlier one; the value that holds theirs.
    alias: Vec<Option<ValueId>>,
    counter: usize,
}

impl<'a> Body<'a> {
    fn new(graph: &'a QuantGraph) -> Self {
        Self {
            graph,
            statements: Vec::new(),
            constants: Vec::new(),
            imports: BTreeSet::new(),
            extra: vec![0; graph.nodes.len()],
            readers: Readers::of(graph),
            alias: vec![None; graph.nodes.len()],
            counter: 0,
        }
    }

    /// A table of ranges, one per feature, and a call for each constant that holds a part of it.
    fn check_table(&mut self) -> Vec<String> {
        let ranges = self.graph.input.ranges.clone();
        let mut calls = Vec::new();
        for (number, part) in ranges.chunks(MAX_CONSTANT / 2).enumerate() {
            let start = number * (MAX_CONSTANT / 2);
            let entries: Vec<_> = part
                .iter()
                .map(|range| format!("({:#x}, {})", Felt::from(range.lo), range.hi - range.lo))
                .collect();
            let name = self.constant("(felt252, u128)", part.len(), &entries.join(", "));
            calls.push(format!(
                "check_each(input.slice({start}, {}), {name}.span(), {start});",
                part.len()
            ));
        }
        calls
    }

    /// The span that holds a value, with whatever stands behind it.
    fn padded(&self, value: ValueId) -> String {
        match self.alias[value] {
            Some(other) => self.padded(other),
            None if value == 0 => "input".to_owned(),
            None => format!("v{value}"),
        }
    }

    fn extra(&self, value: ValueId) -> usize {
        match self.alias[value] {
            Some(other) => self.extra(other),
            None => self.extra[value],
        }
    }

    /// The span of exactly a value's elements.
    fn span(&self, value: ValueId) -> String {
        let name = self.padded(value);
        match self.extra(value) {
            0 => name,
            _ => format!("{name}.slice(0, {})", self.graph.nodes[value].ranges.len()),
        }
    }

    fn push(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{}", self.counter)
    }

    fn constant(&mut self, ty: &str, len: usize, elements: &str) -> String {
        let name = format!("C{}", self.constants.len());
        self.constants.push(format!("const {name}: [{ty}; {len}] = [{elements}];"));
        name
    }

    /// Makes value `index` by a call that appends to an array.
    fn make(&mut self, index: usize, call: impl Fn(&str) -> String) {
        let array = self.fresh("a");
        self.push(format!("let mut {array}: Array<felt252> = array![];"));
        self.push(format!("{};", call(&array)));
        self.push(format!("let v{index} = {array}.span();"));
    }

    /// Makes value `index` of one element.
    fn scalar(&mut self, index: usize, expr: &str) {
        self.push(format!("let v{index} = array![{expr}].span();"));
    }

    fn map(&mut self, index: usize, import: &'static str, operation: &str) {
        self.imports.extend(["map", import]);
        let x = self.span(self.graph.nodes[index].inputs[0]);
        self.make(index, |array| format!("map({operation}, {x}, ref {array})"));
    }

    fn zip(&mut self, index: usize, import: &'static str, operation: &str) {
        self.imports.extend(["zip", import]);
        let node = &self.graph.nodes[index];
        let (a, b) = (self.span(node.inputs[0]), self.span(node.inputs[1]));
        self.make(index, |array| format!("zip({operation}, {a}, {b}, ref {array})"));
    }

    fn node(&mut self, index: usize) -> Result<(), EmitError> {
        if self.alias[index].is_some() {
            return Ok(());
        }
        let graph = self.graph;
        let node = &graph.nodes[index];
        match &node.op {
            QuantOp::Input => {}
            QuantOp::Constant(values) => {
                let name = self.constant("felt252", values.len(), &list(values));
                self.push(format!("let v{index} = {name}.span();"));
            }
            QuantOp::Dense { weights, bias } => self.dense(index, weights, bias)?,
            QuantOp::Scale { mul, add } => self.scale(index, node, mul, add),
            QuantOp::Shift { bits } => {
                let shift = self.shift(*bits);
                self.map(index, "Shift", &shift);
            }
            QuantOp::Relu => self.map(index, "Relu", "Relu {}"),
            QuantOp::LeakyRelu { slope, bits } => {
                let operation = format!("LeakyRelu {{ slope: {slope}, pow: {} }}", 1u128 << bits);
                self.map(index, "LeakyRelu", &operation);
            }
            QuantOp::Clip { lo, hi } => {
                self.map(index, "Clip", &format!("Clip {{ lo: {lo}, hi: {hi} }}"));
            }
            QuantOp::Abs => self.map(index, "Abs", "Abs {}"),
            QuantOp::Sqrt => self.map(index, "Sqrt", "Sqrt {}"),
            QuantOp::Greater { threshold } => {
                self.map(index, "Greater", &format!("Greater {{ threshold: {threshold} }}"));
            }
            QuantOp::Truncate { bits } => {
                self.map(index, "Truncate", &format!("Truncate {{ pow: {} }}", 1u128 << bits));
            }
            QuantOp::Lookup(table) => {
                let table = self.table(table);
                self.map(index, "Table", &table);
            }
            QuantOp::Add
            | QuantOp::Sub
            | QuantOp::Mul
            | QuantOp::Larger
            | QuantOp::Div { .. }
            | QuantOp::MaskZero => {
                self.pair(index, node);
            }
            QuantOp::Sum => self.reduce(index, "sum"),
            QuantOp::Max => self.reduce(index, "max"),
            QuantOp::SubMax => {
                self.imports.insert("sub_max");
                let x = self.span(node.inputs[0]);
                self.make(index, |array| format!("sub_max({x}, ref {array})"));
            }
            QuantOp::ArgMax { select_last } => {
                self.imports.insert("arg_max");
                let x = self.span(node.inputs[0]);
                self.scalar(index, &format!("arg_max({x}, {select_last})"));
            }
            QuantOp::Gather(indices) => {
                self.imports.insert("gather");
                let x = self.span(node.inputs[0]);
                let name = self.constant("u32", indices.len(), &list(indices));
                self.make(index, |array| format!("gather({x}, {name}.span(), ref {array})"));
            }
            QuantOp::Concat => {
                self.imports.insert("concat");
                let parts: Vec<_> = node.inputs.iter().map(|&input| self.span(input)).collect();
                self.make(index, |array| {
                    let calls: Vec<_> =
                        parts.iter().map(|part| format!("concat({part}, ref {array})")).collect();
                    calls.join(";\n    ")
                });
            }
            QuantOp::Trees(trees) => self.trees(index, trees)?,
        }
        Ok(())
    }

    fn scale(&mut self, index: usize, node: &QuantNode, mul: &[i64], add: &[i128]) {
        let alike = mul.windows(2).all(|m| m[0] == m[1]) && add.windows(2).all(|a| a[0] == a[1]);
        if let (true, Some(mul), Some(add)) = (alike, mul.first(), add.first()) {
            self.map(index, "Scale", &format!("Scale {{ mul: {mul}, add: {add} }}"));
            return;
        }
        self.imports.insert("affine");
        let x = self.span(node.inputs[0]);
        let pairs: Vec<_> = mul.iter().zip(add).map(|(m, a)| format!("({m}, {a})")).collect();
        let name = self.constant("(felt252, felt252)", pairs.len(), &pairs.join(", "));
        self.make(index, |array| format!("affine({x}, {name}.span(), ref {array})"));
    }

    /// The parameters of a rounding shift.
    fn shift(&mut self, bits: u32) -> String {
        let (pow, half) = (1u128 << bits, (1u128 << bits) >> 1);
        let (add, sub) = ((1u128 << 121) + half, 1u128 << (121 - bits));
        format!("Shift {{ pow: {pow}, add: {add}, sub: {sub} }}")
    }

    fn table(&mut self, table: &Table) -> String {
        let pairs: Vec<_> = table.segments.iter().map(|(a, b)| format!("({a}, {b})")).collect();
        let name = self.constant("(felt252, felt252)", pairs.len(), &pairs.join(", "));
        format!(
            "Table {{ lo: {}, span: {}, step: {}, pow: {}, bias: {}, segments: {name}.span() }}",
            table.lo,
            table.hi - table.lo,
            1u128 << table.step_bits,
            1u128 << table.shift,
            table.bias
        )
    }

    fn pair(&mut self, index: usize, node: &QuantNode) {
        let broadcast = self.graph.nodes[node.inputs[1]].ranges.len() == 1
            && self.graph.nodes[node.inputs[0]].ranges.len() != 1;
        match &node.op {
            QuantOp::Div { bits } if broadcast => {
                self.imports.insert("divisor");
                let by = self.span(node.inputs[1]);
                let mul = 1u128 << bits;
                let operation = format!("DivBy {{ mul: {mul}, by: divisor(*{by}.at(0)) }}");
                self.map(index, "DivBy", &operation);
            }
            QuantOp::Div { bits } => {
                self.zip(index, "DivRound", &format!("DivRound {{ mul: {} }}", 1u128 << bits));
            }
            QuantOp::Add => self.zip(index, "Add", "Add {}"),
            QuantOp::Sub => self.zip(index, "Sub", "Sub {}"),
            QuantOp::Mul => self.zip(index, "Mul", "Mul {}"),
            QuantOp::Larger => self.zip(index, "Larger", "Larger {}"),
            _ => self.zip(index, "MaskZero", "MaskZero {}"),
        }
    }

    fn reduce(&mut self, index: usize, function: &'static str) {
        self.imports.insert(function);
        let x = self.span(self.graph.nodes[index].inputs[0]);
        self.scalar(index, &format!("{function}({x})"));
    }
}

/// Where the runtime has a name.
fn path(name: &str) -> String {
    let module = match name {
        "quads" | "groups" | "windows" => "dense",
        "Layout" | "Offset" | "Rescale" | "RescaleRelu" | "split" => "lanes",
        "keys" | "with_missing" | "forest" | "Node" | "Least" | "Most" => "tree",
        _ => "scalar",
    };
    format!("nilometer_runtime::{module}::{name}")
}

fn list<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
