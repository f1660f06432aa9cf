//! The unrolled shape: straight-line code with weights and thresholds as immediates.
//!
//! Every scalar of the model is a variable of one function. Dense layers multiply packed weights,
//! [`dense`] splits the lanes, [`scalar`] and [`reduce`] do the rest, [`trees`] nests branches. The ranges
//! that quantisation proved become integer types (`BoundedInt`), so that the Cairo compiler proves
//! them again.

mod cell;
mod dense;
mod helpers;
mod parts;
mod reduce;
mod scalar;
mod trees;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use num_bigint::BigInt;

use super::EmitError;
use crate::layout::Readers;
use crate::quant::{QuantGraph, QuantNode, QuantOp, Range, Table};
use cell::{Cell, IntType, Raw};
use helpers::{constrain_types, div_rem_expr, div_rem_types, Helper, ImplKey};

/// The parts of the generated module.
pub(super) struct Code {
    /// Helper implementations for the integer types in use.
    pub impls: Vec<String>,
    /// Constant tables.
    pub constants: Vec<String>,
    /// The statements of the function's body.
    pub statements: Vec<String>,
    /// The results, as `felt252` expressions.
    pub results: Vec<String>,
    /// Functions that read and sum up a part of the features each, where there are many.
    pub parts: Vec<String>,
    /// The variables that the row's features are read into.
    pub inputs: Vec<String>,
    /// What the code takes from the runtime's integers.
    pub imports: BTreeSet<&'static str>,
    /// Whether it calls the runtime's functions of scalars.
    pub uses_scalar: bool,
}

/// Emits the whole model as straight-line code.
pub(super) fn emit(graph: &QuantGraph) -> Result<Code, EmitError> {
    let mut body = Body::new(graph);
    for index in 0..graph.nodes.len() {
        body.node(index)?;
    }
    let mut results = Vec::new();
    for output in &graph.outputs {
        for cell in body.values[output.value].clone() {
            results.push(body.felt_expr(&cell));
        }
    }
    if !body.in_parts {
        body.mark_unread();
    }
    Ok(Code {
        impls: body.impls.into_values().map(|helper| helper.text).collect(),
        constants: body.constants,
        statements: body.statements,
        results,
        parts: body.parts,
        inputs: (0..graph.input_len()).map(|i| format!("x{i}")).collect(),
        imports: body.imports,
        uses_scalar: body.uses_scalar,
    })
}

/// The function under construction.
struct Body<'a> {
    graph: &'a QuantGraph,
    statements: Vec<String>,
    constants: Vec<String>,
    impls: BTreeMap<ImplKey, Helper>,
    values: Vec<Vec<Cell>>,
    readers: Readers<'a>,
    counter: usize,
    imports: BTreeSet<&'static str>,
    uses_scalar: bool,
    /// Whether the features are read in parts ([`parts`]).
    in_parts: bool,
    parts: Vec<String>,
    /// The integer variables that the code reads.
    read: HashSet<String>,
}

impl<'a> Body<'a> {
    fn new(graph: &'a QuantGraph) -> Self {
        Self {
            graph,
            statements: Vec::new(),
            constants: Vec::new(),
            impls: BTreeMap::new(),
            values: Vec::new(),
            readers: Readers::of(graph),
            counter: 0,
            // The features are read through these.
            imports: BTreeSet::from(["BoundedInt", "downcast"]),
            uses_scalar: false,
            in_parts: parts::are_wanted(graph),
            parts: Vec::new(),
            read: HashSet::new(),
        }
    }

    fn node(&mut self, index: usize) -> Result<(), EmitError> {
        let node = &self.graph.nodes[index];
        if index > 0 {
            self.comment(node);
        }
        let cells = match &node.op {
            QuantOp::Input => self.input(),
            QuantOp::Constant(values) => values.iter().map(|&v| Cell::literal(v)).collect(),
            QuantOp::Dense { weights, bias } => {
                let align = self.readers.tail(index).bits();
                self.dense(index, weights, bias, align)
            }
            QuantOp::Scale { mul, add } => {
                let x = self.operand(node, 0);
                x.iter()
                    .enumerate()
                    .map(|(i, x)| self.scale(x, mul[i].into(), add[i], node.ranges[i]))
                    .collect()
            }
            // A shift that alone reads a Relu is done in the Relu's positive branch.
            QuantOp::Relu if self.readers.shift(index).is_some() => Vec::new(),
            QuantOp::Shift { bits } => match &self.graph.nodes[node.inputs[0]] {
                // The Relu made nothing: its own operand is read.
                relu if self.values[node.inputs[0]].is_empty() => {
                    let x = self.operand(relu, 0);
                    self.each(&x, &node.ranges, |body, x, range| body.relu_shift(x, *bits, range))
                }
                _ => {
                    let x = self.operand(node, 0);
                    self.each(&x, &node.ranges, |body, x, range| body.shift(x, *bits, range))
                }
            },
            QuantOp::Relu => self.map(node, Self::relu),
            QuantOp::LeakyRelu { slope, bits } => {
                self.map(node, |body, x, range| body.leaky_relu(x, *slope, *bits, range))
            }
            QuantOp::Clip { lo, hi } => {
                self.map(node, |body, x, range| body.clip(x, *lo, *hi, range))
            }
            QuantOp::Abs => self.map(node, Self::abs),
            QuantOp::Sqrt => self.map(node, Self::sqrt),
            QuantOp::Greater { threshold } => {
                self.map(node, |body, x, range| body.greater(x, *threshold, range))
            }
            QuantOp::Truncate { bits } => {
                self.map(node, |body, x, range| body.truncate(x, *bits, range))
            }
            QuantOp::Lookup(table) => {
                let name = self.table(table);
                self.map(node, |body, x, range| body.lookup(x, table, &name, range))
            }
            QuantOp::Add
            | QuantOp::Sub
            | QuantOp::Mul
            | QuantOp::Larger
            | QuantOp::Div { .. }
            | QuantOp::MaskZero => {
                let (a, b) = (self.operand(node, 0), self.operand(node, 1));
                a.iter()
                    .enumerate()
                    .map(|(i, a)| {
                        let b = &b[if b.len() == 1 { 0 } else { i }];
                        self.pair(&node.op, a, b, node.ranges[i])
                    })
                    .collect()
            }
            QuantOp::Sum => {
                let x = self.operand(node, 0);
                vec![self.sum(&x, node.ranges[0])]
            }
            QuantOp::Max => {
                let x = self.operand(node, 0);
                vec![self.maximum(&x, node.ranges[0])]
            }
            QuantOp::SubMax => {
                let x = self.operand(node, 0);
                self.sub_max(&x, &node.ranges)
            }
            QuantOp::ArgMax { select_last } => {
                let x = self.operand(node, 0);
                vec![self.arg_max(&x, *select_last, node.ranges[0])]
            }
            QuantOp::Gather(indices) => {
                let x = self.operand(node, 0);
                indices.iter().map(|&i| x[i].clone()).collect()
            }
            QuantOp::Concat => {
                node.inputs.iter().flat_map(|&input| self.values[input].clone()).collect()
            }
            QuantOp::Trees(trees) => {
                let keys = self.operand(node, 0);
                self.trees(trees, &keys, &node.ranges)
            }
        };
        self.values.push(cells);
        Ok(())
    }

    fn operand(&self, node: &QuantNode, operand: usize) -> Vec<Cell> {
        self.values[node.inputs[operand]].clone()
    }

    fn map(
        &mut self,
        node: &QuantNode,
        f: impl FnMut(&mut Self, &Cell, Range) -> Cell,
    ) -> Vec<Cell> {
        let x = self.operand(node, 0);
        self.each(&x, &node.ranges, f)
    }

    fn each(
        &mut self,
        x: &[Cell],
        ranges: &[Range],
        mut f: impl FnMut(&mut Self, &Cell, Range) -> Cell,
    ) -> Vec<Cell> {
        x.iter().zip(ranges).map(|(x, &range)| f(self, x, range)).collect()
    }

    /// Reads and checks the features. Features that no node reads are checked all the same.
    fn input(&mut self) -> Vec<Cell> {
        let ranges = self.graph.input.ranges.clone();
        ranges
            .iter()
            .enumerate()
            .map(|(i, &range)| {
                let origin = range.lo.min(0);
                let ty = IntType::new(range.lo - origin, range.hi - origin);
                let cell = Cell::int(format!("i{i}"), ty, origin, range);
                if !self.in_parts {
                    self.check(i, &cell);
                }
                cell
            })
            .collect()
    }

    /// Checks feature `i`, which is `cell`.
    fn check(&mut self, i: usize, cell: &Cell) {
        let Raw::Int(name, ty) = &cell.raw else { return };
        let text = format!(
            "let {name}: {} = match downcast({}) {{ Option::Some(x) => x, Option::None => \
             out_of_range({i}) }};",
            ty.cairo(),
            cell::shifted(&format!("x{i}"), -cell.offset)
        );
        self.push(text);
    }

    fn comment(&mut self, node: &QuantNode) {
        let op = match &node.op {
            QuantOp::Dense { .. } => "dense",
            QuantOp::Shift { .. } => "rescale",
            QuantOp::Relu => "relu",
            QuantOp::Trees(_) => "trees",
            QuantOp::Lookup(_) => "table",
            QuantOp::ArgMax { .. } => "argmax",
            _ => return,
        };
        // Names come from the model's file: nothing but plain characters reaches the source.
        let name: String = node
            .name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || "_-./".contains(*c))
            .collect();
        self.push(format!("// {op}: {name}, {} values", node.ranges.len()));
    }

    fn push(&mut self, statement: String) {
        self.statements.push(statement);
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{}", self.counter)
    }

    /// An integer variable as a `felt252` expression.
    fn upcast(&mut self, name: &str) -> String {
        self.imports.insert("upcast");
        format!("upcast({name})")
    }

    /// The name of one of the runtime's functions of scalars.
    fn scalar(&mut self, function: &str) -> String {
        self.uses_scalar = true;
        format!("scalar::{function}")
    }

    /// The raw part of a cell as a `felt252` expression.
    fn raw_felt(&mut self, cell: &Cell) -> String {
        match &cell.raw {
            Raw::Literal => "0".to_owned(),
            Raw::Felt(name) => name.clone(),
            Raw::Int(name, _) => {
                self.read.insert(name.clone());
                self.upcast(name)
            }
        }
    }

    /// The value of a cell as a `felt252` expression.
    fn felt_expr(&mut self, cell: &Cell) -> String {
        match &cell.raw {
            Raw::Literal => cell.offset.to_string(),
            _ => cell::shifted(&self.raw_felt(cell), cell.offset),
        }
    }

    /// Features that are checked but not read further get a name that says so.
    fn mark_unread(&mut self) {
        for i in 0..self.graph.input_len() {
            if !self.read.contains(&format!("i{i}")) {
                let check = &mut self.statements[i];
                *check = check.replacen("let i", "let _i", 1);
            }
        }
    }

    /// Binds a `felt252` expression to a new variable.
    fn bind_felt(&mut self, prefix: &str, expr: &str) -> String {
        let name = self.fresh(prefix);
        self.push(format!("let {name}: felt252 = {expr};"));
        name
    }

    /// The cell's raw part as an integer of known type: a felt is checked into its range, which
    /// cannot fail.
    fn typed(&mut self, cell: &Cell) -> (String, IntType, i128) {
        match &cell.raw {
            Raw::Int(name, ty) => {
                self.read.insert(name.clone());
                (name.clone(), ty.clone(), cell.offset)
            }
            Raw::Literal => {
                let ty = IntType::point(0);
                let name = self.fresh("c");
                self.push(format!("let {name}: {} = 0;", ty.cairo()));
                (name, ty, cell.offset)
            }
            Raw::Felt(felt) => {
                let (lo, hi) = (cell.range.lo - cell.offset, cell.range.hi - cell.offset);
                // Literals of integer types cannot be negative: neither are the types.
                let origin = lo.min(0);
                let ty = IntType::new(lo - origin, hi - origin);
                let name = self.fresh("b");
                self.push(format!(
                    "let {name}: {} = downcast({}).expect('range');",
                    ty.cairo(),
                    cell::shifted(felt, -origin)
                ));
                (name, ty, cell.offset + origin)
            }
        }
    }

    /// `div_rem` by a constant: statements for quotient and remainder, and their types. The
    /// dividend's type must be non-negative.
    fn div_rem(&mut self, name: &str, ty: &IntType, divisor: &BigInt) -> (String, String) {
        let helper = self.helper(ImplKey::DivRem(ty.clone(), divisor.clone()));
        let (q, r) = (self.fresh("q"), self.fresh("r"));
        let expr = div_rem_expr(ty, divisor, &helper, name);
        self.push(format!("let ({q}, {r}) = {expr};"));
        (q, r)
    }

    /// `div_rem` by a constant of which only the quotient is wanted.
    fn quotient(&mut self, name: &str, ty: &IntType, divisor: &BigInt) -> String {
        let helper = self.helper(ImplKey::DivRem(ty.clone(), divisor.clone()));
        let q = self.fresh("q");
        let expr = div_rem_expr(ty, divisor, &helper, name);
        self.push(format!("let ({q}, _) = {expr};"));
        q
    }

    /// An integer in a type no wider than `range`, which its value is known to lie in.
    fn narrow(
        &mut self,
        name: String,
        ty: IntType,
        offset: i128,
        range: Range,
    ) -> (String, IntType) {
        let tight = IntType::new(range.lo - offset, range.hi - offset);
        if ty.lo >= tight.lo && ty.hi <= tight.hi {
            return (name, ty);
        }
        let narrow = self.fresh("b");
        self.push(format!("let {narrow}: {} = downcast({name}).expect('range');", tight.cairo()));
        (narrow, tight)
    }

    /// The expression that tells whether an integer is below `boundary`.
    fn constrain(&mut self, name: &str, ty: &IntType, boundary: &BigInt) -> String {
        let helper = self.helper(ImplKey::Constrain(ty.clone(), boundary.clone()));
        format!("constrain::<{}, {boundary}, {helper}>({name})", ty.cairo())
    }

    fn table(&mut self, table: &Table) -> String {
        let name = format!("TABLE_{}", self.constants.len());
        let rows: Vec<_> = table.segments.iter().map(|(a, b)| format!("({a}, {b})")).collect();
        self.constants.push(format!(
            "const {name}: [(felt252, felt252); {}] = [{}];",
            rows.len(),
            rows.join(", ")
        ));
        name
    }
}
