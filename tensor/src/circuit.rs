//! Rows of a trace before their numbers are known: what the compiler makes of a model, and what the filler
//! follows.

use nilometer_tensor_air::layout::{number, result_number, LIMBS};
use nilometer_tensor_air::Felt;

/// A value on the bus: an index into [`Circuit::signals`].
pub(crate) type Signal = usize;

/// A value that one row writes and others read.
#[derive(Clone, Debug)]
pub(crate) struct SignalInfo {
    /// Its number.
    pub number: Number,
    /// How many rows read it.
    pub reads: u32,
}

/// Where a signal's number comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Result Y of a row.
    Result(usize),
    /// One that nothing else has.
    Own,
    /// This one.
    Fixed(u64),
}

/// What a port does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Port {
    /// Nothing; its column is 0.
    #[default]
    None,
    /// Reads a signal.
    Read(Signal),
    /// Writes what the prover knows from running the model.
    Hint(Signal, Hint),
    /// A lane that nothing reads, known from running the model.
    Lane(Hint),
    /// Port B: writes what is left of the argument above the limbs.
    Rest(Signal),
    /// Port A: writes X's value again, once for each time that the signal is read.
    Copy(Signal),
    /// Port A: writes X's value again, as often as lookups of the feature ask for it.
    Feature {
        /// The number that lookups use.
        number: u64,
        /// The value, for lookups in the filler.
        signal: Signal,
    },
}

/// A value of the model: `values[batch_row][node][element] − minus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// Row of the batch.
    pub batch_row: usize,
    /// Node of the graph.
    pub node: usize,
    /// Element of its value.
    pub element: usize,
    /// Subtracted from it.
    pub minus: i128,
}

/// The equation's constants, in the order of the columns.
pub(crate) type Constants = [i128; 8];

/// A place in a packed sum: `±2^log2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// Whether it is subtracted.
    pub negative: bool,
    /// The place.
    pub log2: u32,
}

/// Weights of an input of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WeightsRow {
    /// Index into [`Circuit::layers`].
    pub layer: usize,
    /// The input; the bias stands behind them.
    pub input: usize,
    /// Which block of the input's cells.
    pub block: usize,
}

/// Flags of a row that belong to running totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub step: bool,
    pub product: bool,
    pub sum_end: bool,
    pub check: bool,
    pub input: bool,
}

/// A row of the trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub x: Port,
    pub a: Port,
    pub b: Port,
    /// The signal that Y writes.
    pub y: Option<Signal>,
    /// Equation 1's constants.
    pub argument: Constants,
    /// Equation 2's constants.
    pub result: Constants,
    /// The limbs' widths, where they are looked up.
    pub widths: Option<[u32; LIMBS]>,
    /// S is whether X is at least this; 0 where there is none.
    pub sign: Option<i128>,
    pub lane: Option<Lane>,
    /// X is looked up under `A + base`.
    pub look: bool,
    /// A step through a tree.
    pub tree: bool,
    /// What computed numbers start from, on rows that look up.
    pub base: u64,
    pub flags: Flags,
    pub weights: Option<WeightsRow>,
    /// The first of its entries, an index into [`Circuit::entries`].
    pub entries: Option<usize>,
}

/// An entry of a read-only table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Its number.
    pub number: u64,
    /// Its value.
    pub value: Felt,
    /// The step through a tree that it stands for, if any.
    pub node: Option<NodeEntry>,
}

/// A node of a tree, unpacked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeEntry {
    /// Largest value that goes to the first child.
    pub bound: i128,
    /// The feature's index.
    pub feature: u64,
    /// The number of the first child.
    pub child: u64,
}

/// A dense layer's packing.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// The node of the graph.
    pub node: usize,
    /// Bits of a lane.
    pub lane_bits: u32,
    /// Lanes of a group.
    pub lanes: usize,
    /// Groups.
    pub groups: usize,
    /// Rows of weights per input.
    pub blocks: usize,
}

/// A model, laid out in rows.
#[derive(Clone, Debug)]
pub(crate) struct Circuit {
    /// Rows of the trace; those behind [`Self::rows`] hold nothing but the limb table.
    pub n_rows: usize,
    /// Rows of input that it takes.
    pub batch: usize,
    pub rows: Vec<Row>,
    pub signals: Vec<SignalInfo>,
    pub entries: Vec<Entry>,
    pub layers: Vec<Layer>,
    /// The signals of the inputs, row by row.
    pub inputs: Vec<Signal>,
    /// The signals of the outputs, row by row.
    pub outputs: Vec<Signal>,
}

impl Circuit {
    /// A signal's number on the bus.
    pub fn number(&self, signal: Signal) -> u64 {
        match self.signals[signal].number {
            Number::Result(row) => result_number(self.n_rows, row),
            Number::Own => number::PORT + signal as u64,
            Number::Fixed(number) => number,
        }
    }
}
