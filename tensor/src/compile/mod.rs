//! From the integer graph to rows.
//!
//! Each gadget states why its result has one value, given its operands' (the induction of
//! [`nilometer_tensor_air`]): which integers its windows admit, and that nothing in it reaches the modulus.

mod arith;
mod decide;
mod dense;
mod table;
mod trees;

use std::collections::{HashMap, VecDeque};

use nilometer_tensor_air::air::{MAX_ROWS, MIN_ROWS};
use nilometer_tensor_air::layout::{limb_bits, number, LIMBS, LOW_LIMBS};
use nilometer_transpiler::quant::{QuantGraph, QuantOp, Range};

use crate::circuit::{
    Circuit, Constants, Entry, Flags, Hint, Layer, Number, Port, Row, Signal, SignalInfo,
};
use crate::columns::preprocessed;
use crate::{CompileError, Compiled};

/// Compiles a model for proofs about `batch` rows of input each.
///
/// # Errors
/// See [`CompileError`].
pub fn compile(graph: &QuantGraph, batch: usize) -> Result<Compiled, CompileError> {
    if batch == 0 {
        return Err(CompileError::NoRows);
    }
    let mut n_rows = MIN_ROWS;
    loop {
        let mut compiler = Compiler::new(graph, batch, n_rows);
        match compiler.run() {
            Ok(()) => {}
            Err(Failed::Narrow) => {
                n_rows *= 2;
                if n_rows > MAX_ROWS {
                    return Err(CompileError::TooLong { most: MAX_ROWS });
                }
                continue;
            }
            Err(Failed::Unsupported { node, reason }) => {
                return Err(CompileError::Unsupported {
                    node: graph.nodes[node].name.clone(),
                    reason,
                });
            }
        }
        // The last row is a state and no step.
        let needed = (compiler.circuit.rows.len() + 1).next_power_of_two();
        if needed > MAX_ROWS {
            return Err(CompileError::TooLong { most: MAX_ROWS });
        }
        if needed <= n_rows {
            let circuit = compiler.circuit;
            let preprocessed = preprocessed(graph, &circuit);
            return Ok(Compiled { circuit, graph: graph.clone(), preprocessed });
        }
        n_rows = needed;
    }
}

/// Why a trace of the tried length does not do.
enum Failed {
    /// The limbs are too narrow.
    Narrow,
    /// No gadget.
    Unsupported { node: usize, reason: &'static str },
}

/// Places in equation 1.
mod eq1 {
    pub const K0: usize = 0;
    pub const X: usize = 1;
    pub const A: usize = 2;
    pub const B: usize = 3;
    pub const AB: usize = 4;
    pub const S: usize = 5;
    pub const SX: usize = 6;
    pub const H: usize = 7;
}

/// Places in equation 2.
mod eq2 {
    pub const Y0: usize = 0;
    pub const X: usize = 1;
    pub const A: usize = 2;
    pub const AB: usize = 3;
    pub const H: usize = 4;
    pub const S: usize = 5;
    pub const SX: usize = 6;
    pub const SH: usize = 7;
}

/// An equation's constants from those that are not 0.
fn constants(of: &[(usize, i128)]) -> Constants {
    let mut constants = [0; 8];
    for &(place, value) in of {
        constants[place] = value;
    }
    constants
}

/// How many bits the integers from 0 to `most` take.
fn bits(most: i128) -> u32 {
    128 - most.max(0).leading_zeros()
}

struct Compiler<'a> {
    graph: &'a QuantGraph,
    circuit: Circuit,
    /// Bits of a limb.
    limb: u32,
    /// Each row's signals of each node that was compiled.
    values: Vec<Vec<Vec<Signal>>>,
    constants: HashMap<i128, Signal>,
    /// Flags of rows to come.
    pending: VecDeque<Flags>,
    /// Blocks of numbers that are given out.
    feature_blocks: u64,
    table_blocks: u64,
    nodes: u64,
    /// Tables that were laid out, by the graph's node.
    tables: HashMap<usize, table::Blocks>,
    /// Ensembles that were laid out, by the graph's node.
    ensembles: HashMap<usize, std::rc::Rc<trees::Ensemble>>,
}

impl<'a> Compiler<'a> {
    fn new(graph: &'a QuantGraph, batch: usize, n_rows: usize) -> Self {
        let circuit = Circuit {
            n_rows,
            batch,
            rows: Vec::new(),
            signals: Vec::new(),
            entries: Vec::new(),
            layers: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        Self {
            graph,
            circuit,
            limb: limb_bits(n_rows),
            values: vec![vec![Vec::new(); graph.nodes.len()]; batch],
            constants: HashMap::new(),
            pending: VecDeque::new(),
            feature_blocks: 0,
            table_blocks: 0,
            nodes: 0,
            tables: HashMap::new(),
            ensembles: HashMap::new(),
        }
    }

    fn run(&mut self) -> Result<(), Failed> {
        let uses = Uses::of(self.graph);
        self.inputs(&uses);
        let mut done = vec![false; self.graph.nodes.len()];
        for node in 1..self.graph.nodes.len() {
            if !uses.live[node] || done[node] {
                continue;
            }
            if let QuantOp::Dense { .. } = self.graph.nodes[node].op {
                for fused in self.dense(node, &uses)? {
                    done[fused] = true;
                }
                continue;
            }
            for batch_row in 0..self.circuit.batch {
                let value = self.node(batch_row, node)?;
                debug_assert_eq!(value.len(), self.graph.nodes[node].ranges.len());
                self.values[batch_row][node] = value;
            }
        }
        self.outputs();
        while !self.pending.is_empty() {
            self.push(Row::default());
        }
        let mut entries = 0;
        while entries < self.circuit.entries.len() {
            self.push(Row { entries: Some(entries), ..Row::default() });
            entries += 5;
        }
        Ok(())
    }

    /// The inputs: each is read once from the public side, as all that a single reader needs, or copied for
    /// several readers.
    fn inputs(&mut self, uses: &Uses) {
        let n_inputs = self.graph.input_len();
        for batch_row in 0..self.circuit.batch {
            for element in 0..n_inputs {
                let place = (batch_row * n_inputs + element) as u64;
                let input = self.signal(Number::Fixed(number::INPUT + place));
                self.circuit.inputs.push(input);
                let value = if uses.input_read_once {
                    input
                } else {
                    self.result(Row {
                        x: Port::Read(input),
                        result: constants(&[(eq2::X, 1)]),
                        ..Row::default()
                    })
                };
                self.values[batch_row][0].push(value);
            }
        }
    }

    /// The outputs: copies under the numbers that the public side reads.
    fn outputs(&mut self) {
        let graph = self.graph;
        let mut place = 0;
        for batch_row in 0..self.circuit.batch {
            for output in &graph.outputs {
                for element in 0..graph.nodes[output.value].ranges.len() {
                    let signal = self.signal(Number::Fixed(number::OUTPUT + place));
                    place += 1;
                    // The public side reads it.
                    self.circuit.signals[signal].reads = 1;
                    self.circuit.outputs.push(signal);
                    let value = self.values[batch_row][output.value][element];
                    self.push(Row { x: Port::Read(value), a: Port::Copy(signal), ..equal_x_a() });
                }
            }
        }
    }

    fn signal(&mut self, number: Number) -> Signal {
        self.circuit.signals.push(SignalInfo { number, reads: 0 });
        self.circuit.signals.len() - 1
    }

    /// Appends a row.
    fn push(&mut self, mut row: Row) -> usize {
        if let Some(flags) = self.pending.pop_front() {
            row.flags.product |= flags.product;
            row.flags.sum_end |= flags.sum_end;
            row.flags.check |= flags.check;
        }
        for port in [row.x, row.a, row.b] {
            if let Port::Read(signal) = port {
                self.circuit.signals[signal].reads += 1;
            }
        }
        self.circuit.rows.push(row);
        self.circuit.rows.len() - 1
    }

    /// Appends a row whose Y is a new signal.
    fn result(&mut self, mut row: Row) -> Signal {
        let signal = self.signal(Number::Result(self.circuit.rows.len()));
        row.y = Some(signal);
        self.push(row);
        signal
    }

    /// Sets flags of the `after`-th row from now, 0 being the next one.
    fn pend(&mut self, after: usize, set: impl FnOnce(&mut Flags)) {
        while self.pending.len() <= after {
            self.pending.push_back(Flags::default());
        }
        set(&mut self.pending[after]);
    }

    /// A constant, as a signal.
    fn constant(&mut self, value: i128) -> Signal {
        if let Some(&signal) = self.constants.get(&value) {
            return signal;
        }
        let result = constants(&[(eq2::Y0, value)]);
        let signal = self.result(Row { result, ..Row::default() });
        self.constants.insert(value, signal);
        signal
    }

    /// What a row's limbs can hold, in bits.
    fn capacity(&self) -> u32 {
        LIMBS as u32 * self.limb
    }

    /// What its low or its high limbs can hold.
    fn half_capacity(&self) -> u32 {
        LOW_LIMBS as u32 * self.limb
    }

    /// Widths of the limbs for `low` bits of the low part and `high` of the high part.
    fn widths(&self, low: u32, high: u32) -> [u32; LIMBS] {
        let limb = self.limb;
        std::array::from_fn(|i| {
            let (bits, place) = if i < LOW_LIMBS { (low, i) } else { (high, i - LOW_LIMBS) };
            bits.saturating_sub(place as u32 * limb).min(limb)
        })
    }

    /// Finishes a row whose argument must lie in `[0, 2^bits)`: both parts of the limbs hold it. Where they are too
    /// short, port B takes what is above them, which rows of its own check.
    ///
    /// One value: the limbs and what is above them cover `[0, 2^bits)` exactly, as their widths add up to `bits`.
    fn nonnegative(
        &mut self,
        mut row: Row,
        bits: u32,
    ) -> Result<(usize, Option<(Signal, u32)>), Failed> {
        let half = self.half_capacity();
        row.argument[eq1::H] = 1 << half;
        row.widths = Some(self.widths(bits.min(half), bits.min(2 * half).saturating_sub(half)));
        let mut rest = None;
        if bits > self.capacity() {
            if row.b != Port::None || self.capacity() > 126 {
                return Err(Failed::Narrow);
            }
            let signal = self.signal(Number::Own);
            row.b = Port::Rest(signal);
            row.argument[eq1::B] = -(1 << self.capacity());
            rest = Some((signal, bits - self.capacity()));
        }
        Ok((self.push(row), rest))
    }

    /// [`Self::nonnegative`], with the rows for what is above the limbs.
    fn check_nonnegative(&mut self, row: Row, bits: u32) -> Result<(), Failed> {
        let (_, mut rest) = self.nonnegative(row, bits)?;
        while let Some((signal, bits)) = rest {
            let argument = constants(&[(eq1::X, 1)]);
            let row = Row { x: Port::Read(signal), argument, ..Row::default() };
            rest = self.nonnegative(row, bits)?.1;
        }
        Ok(())
    }

    /// [`Self::check_nonnegative`] of a row whose Y is a new signal.
    fn checked_result(&mut self, mut row: Row, bits: u32) -> Result<Signal, Failed> {
        let signal = self.signal(Number::Result(self.circuit.rows.len()));
        row.y = Some(signal);
        self.check_nonnegative(row, bits)?;
        Ok(signal)
    }

    /// An integer that the prover knows, in `[range.lo, range.lo + 2^bits)`. Not yet one value: what uses
    /// it must leave one.
    fn hint(&mut self, hint: Hint, range: Range) -> Result<(Signal, u32), Failed> {
        let bits = bits(range.hi - range.lo);
        let signal = self.signal(Number::Own);
        let argument = constants(&[(eq1::X, 1), (eq1::K0, -range.lo)]);
        let row = Row { x: Port::Hint(signal, hint), argument, ..Row::default() };
        self.check_nonnegative(row, bits)?;
        Ok((signal, bits))
    }

    fn ranges(&self, node: usize) -> &'a [Range] {
        &self.graph.nodes[node].ranges
    }

    /// Compiles a node for one row of the batch.
    fn node(&mut self, batch_row: usize, node: usize) -> Result<Vec<Signal>, Failed> {
        let graph = self.graph;
        let QuantOp::Trees(trees) = &graph.nodes[node].op else {
            return self.operation(batch_row, node);
        };
        self.trees(batch_row, node, trees)
    }

    /// A value that the reference computes.
    fn reference(batch_row: usize, node: usize, element: usize) -> Hint {
        Hint { batch_row, node, element, minus: 0 }
    }

    /// Reserves numbers for a function table.
    fn table_block(&mut self) -> u64 {
        self.table_blocks += 1;
        number::TABLE + (self.table_blocks << 32)
    }

    /// Reserves numbers for the features of an ensemble.
    fn feature_block(&mut self) -> u64 {
        self.feature_blocks += 1;
        number::FEATURE + (self.feature_blocks << 32)
    }

    fn entry(&mut self, entry: Entry) {
        self.circuit.entries.push(entry);
    }

    fn layer(&mut self, layer: Layer) -> usize {
        self.circuit.layers.push(layer);
        self.circuit.layers.len() - 1
    }
}

/// A row without limbs that forces A to be X.
fn equal_x_a() -> Row {
    Row {
        argument: constants(&[(eq1::X, 1), (eq1::A, -1)]),
        widths: Some([0; LIMBS]),
        ..Row::default()
    }
}

/// Who reads what.
struct Uses {
    /// Whether an output depends on the node.
    live: Vec<bool>,
    /// Nodes that read each node.
    readers: Vec<Vec<usize>>,
    /// Whether an output shows the node.
    shown: Vec<bool>,
    /// Whether each input is read by exactly one row.
    input_read_once: bool,
}

impl Uses {
    fn of(graph: &QuantGraph) -> Self {
        let n = graph.nodes.len();
        let (mut live, mut shown) = (vec![false; n], vec![false; n]);
        for output in &graph.outputs {
            live[output.value] = true;
            shown[output.value] = true;
        }
        let mut readers = vec![Vec::new(); n];
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            if live[index] {
                for &operand in &node.inputs {
                    live[operand] = true;
                    readers[operand].push(index);
                }
            }
        }
        let input_read_once = match (readers[0].as_slice(), shown[0]) {
            ([reader], false) => {
                matches!(graph.nodes[*reader].op, QuantOp::Dense { .. } | QuantOp::Scale { .. })
            }
            _ => false,
        };
        Self { live, readers, shown, input_read_once }
    }

    /// The node's one reader, if nothing else looks at it.
    fn only_reader(&self, node: usize) -> Option<usize> {
        match (self.readers[node].as_slice(), self.shown[node]) {
            ([reader], false) => Some(*reader),
            _ => None,
        }
    }
}
