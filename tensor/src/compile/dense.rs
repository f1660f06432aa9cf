//! Dense layers: neurons with what follows them in the same row, then the layer's weights.

use nilometer_tensor_air::layout::CELLS;
use nilometer_transpiler::quant::{QuantOp, Range};

use super::arith::signed;
use super::{bits, constants, eq1, eq2, Compiler, Failed, Uses};
use crate::circuit::{Flags, Hint, Lane, Layer, Port, Row, Signal, WeightsRow};

/// A lane's modulus: the field's modulus is above `2^251`.
const FIELD_BITS: u32 = 251;

/// What a neuron's row computes of its accumulator.
#[derive(Clone, Copy)]
enum Activation {
    /// The accumulator.
    Plain,
    /// `floor((x + 2^(bits-1)) / 2^bits)`
    Shift(u32),
    /// `max(x, 0)`
    Relu,
    /// The shift of `max(x, 0)`.
    ReluShift(u32),
}

impl Compiler<'_> {
    /// Compiles a dense layer for all rows of the batch, with the nodes that its rows take along; returns these.
    ///
    /// One value: by induction the inputs are the model's integers, so the sums on the weights' side are the true
    /// accumulators, packed. A neuron's row admits at most `2^M` consecutive integers, `M·K ≤ 251`, so two
    /// different assignments of lanes differ by less than `2^251 < p` in a packed sum, and not by 0. The windows
    /// hold the proved ranges, so the true accumulators are the one assignment.
    pub(super) fn dense(&mut self, node: usize, uses: &Uses) -> Result<Vec<usize>, Failed> {
        let graph = self.graph;
        let QuantOp::Dense { weights, bias } = &graph.nodes[node].op else {
            return Err(Failed::Unsupported { node, reason: "not a dense layer" });
        };
        let ranges = self.ranges(node);
        let (fused, mut activation) = fusion(graph, node, uses);
        let mut last = *fused.last().unwrap_or(&node);
        let window = |this: &Self, activation| {
            ranges.iter().map(|range| this.window(*range, activation)).max().unwrap_or(0)
        };
        let wide = |this: &Self, activation: Activation| match activation {
            Activation::Plain => false,
            Activation::Shift(shift) | Activation::ReluShift(shift) => {
                let all = window(this, activation).saturating_sub(shift);
                shift > this.half_capacity() || all > this.half_capacity()
            }
            Activation::Relu => window(this, activation) > this.capacity(),
        };
        let mut taken = fused;
        if wide(self, activation) {
            // The nodes behind get rows of their own.
            (activation, last, taken) = (Activation::Plain, node, Vec::new());
        }
        let lane_bits = window(self, activation).max(1);
        if lane_bits > FIELD_BITS {
            return Err(Failed::Unsupported { node, reason: "an accumulator is too wide" });
        }
        let n = bias.len();
        let lanes = (FIELD_BITS / lane_bits) as usize;
        let groups = n.div_ceil(lanes);
        let blocks = groups.div_ceil(CELLS);
        let layer = self.layer(Layer { node, lane_bits, lanes, groups, blocks });

        for batch_row in (0..self.circuit.batch).rev() {
            let mut value: Vec<Signal> = vec![0; n];
            for group in (0..groups).rev() {
                let first = group * lanes;
                for neuron in first..n.min(first + lanes) {
                    let row = Row {
                        x: Port::Lane(Hint { batch_row, node, element: neuron, minus: 0 }),
                        lane: Some(Lane {
                            negative: false,
                            log2: (neuron - first) as u32 * lane_bits,
                        }),
                        flags: Flags {
                            step: neuron == first && group + 1 < groups,
                            ..Flags::default()
                        },
                        ..Row::default()
                    };
                    value[neuron] = self.neuron(row, ranges[neuron], activation)?;
                }
            }
            self.pend(0, |flags| flags.sum_end = true);
            self.values[batch_row][last] = value;
        }
        let inputs = graph.nodes[graph.nodes[node].inputs[0]].ranges.len();
        let operand = graph.nodes[node].inputs[0];
        debug_assert_eq!(weights.len(), inputs * n);
        let biased = bias.iter().any(|&bias| bias != 0);
        // Its row must not stand between the layer's.
        let one = if biased { self.constant(1) } else { 0 };
        for input in 0..inputs + usize::from(biased) {
            for block in 0..blocks.max(self.circuit.batch) {
                let mut row = Row::default();
                if block < blocks {
                    row.weights = Some(WeightsRow { layer, input, block });
                }
                if block < self.circuit.batch {
                    let batch_row = self.circuit.batch - 1 - block;
                    let signal = match input < inputs {
                        true => self.values[batch_row][operand][input],
                        false => one,
                    };
                    row.x = Port::Read(signal);
                    row.flags.input = true;
                }
                self.push(row);
            }
            self.pend(0, |flags| flags.product = true);
        }
        self.pend(1, |flags| flags.check = true);
        Ok(taken)
    }

    /// Bits of the window that a neuron's row admits.
    fn window(&self, range: Range, activation: Activation) -> u32 {
        match activation {
            Activation::Plain => bits(range.hi - range.lo),
            Activation::Shift(shift) => shift + quotient_bits(range, shift),
            Activation::Relu => 1 + bits(range.hi.max(-1 - range.lo)),
            Activation::ReluShift(shift) => 1 + shift + relu_quotient_bits(range, shift),
        }
    }

    /// A neuron's row.
    fn neuron(&mut self, row: Row, range: Range, activation: Activation) -> Result<Signal, Failed> {
        match activation {
            Activation::Plain => {
                let argument = constants(&[(eq1::X, 1), (eq1::K0, -range.lo)]);
                let result = constants(&[(eq2::X, 1)]);
                self.checked_result(Row { argument, result, ..row }, bits(range.hi - range.lo))
            }
            Activation::Relu => {
                // X ≥ 0 where S is 1, −1 − X ≥ 0 where it is 0: Y = S·X.
                let result = constants(&[(eq2::SX, 1)]);
                let most = bits(range.hi.max(-1 - range.lo));
                self.checked_result(signed(Row { result, ..row }, 0), most)
            }
            Activation::Shift(shift) => {
                let half = 1 << (shift - 1);
                let least = (range.lo + half) >> shift;
                Ok(self.result(Row {
                    argument: constants(&[
                        (eq1::X, 1),
                        (eq1::K0, half - (least << shift)),
                        (eq1::H, 1 << shift),
                    ]),
                    result: constants(&[(eq2::Y0, least), (eq2::H, 1)]),
                    widths: Some(self.widths(shift, quotient_bits(range, shift))),
                    ..row
                }))
            }
            Activation::ReluShift(shift) => {
                // S·(X + half) + (1 − S)·(−1 − X) = R + 2^shift·H, Y = S·H. Where X is negative and X + half is not, both
                // signs give 0. The integers that it admits are [−2^n, 2^n − half) for n = shift + bits of H.
                let half = 1 << (shift - 1);
                Ok(self.result(Row {
                    argument: constants(&[
                        (eq1::K0, -1),
                        (eq1::X, -1),
                        (eq1::S, 1 + half),
                        (eq1::SX, 2),
                        (eq1::H, 1 << shift),
                    ]),
                    result: constants(&[(eq2::SH, 1)]),
                    widths: Some(self.widths(shift, relu_quotient_bits(range, shift))),
                    sign: Some(0),
                    ..row
                }))
            }
        }
    }
}

/// Bits of `floor((x + half) / 2^shift)` above its least value.
fn quotient_bits(range: Range, shift: u32) -> u32 {
    let half = 1 << (shift - 1);
    bits(((range.hi + half) >> shift) - ((range.lo + half) >> shift))
}

/// Bits of the quotient of either sign.
fn relu_quotient_bits(range: Range, shift: u32) -> u32 {
    let half = 1 << (shift - 1);
    bits((range.hi + half).max(-1 - range.lo)).saturating_sub(shift)
}

/// The nodes behind a layer that its neurons' rows can compute, and what they compute then.
fn fusion(
    graph: &nilometer_transpiler::quant::QuantGraph,
    node: usize,
    uses: &Uses,
) -> (Vec<usize>, Activation) {
    let Some(second) = uses.only_reader(node) else { return (Vec::new(), Activation::Plain) };
    match graph.nodes[second].op {
        QuantOp::Shift { bits } if bits > 0 => (vec![second], Activation::Shift(bits)),
        QuantOp::Relu => {
            let third = uses.only_reader(second);
            match third.map(|third| (third, &graph.nodes[third].op)) {
                Some((third, &QuantOp::Shift { bits })) if bits > 0 => {
                    (vec![second, third], Activation::ReluShift(bits))
                }
                _ => (vec![second], Activation::Relu),
            }
        }
        _ => (Vec::new(), Activation::Plain),
    }
}
