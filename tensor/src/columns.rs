//! The preprocessed columns of a circuit.

use nilometer_tensor_air::constraints::power_of_two;
use nilometer_tensor_air::key::felt;
use nilometer_tensor_air::layout::{limb_entry, main, pre, CELLS};
use nilometer_tensor_air::Felt;
use nilometer_transpiler::quant::{QuantGraph, QuantOp};
use winter_math::FieldElement;

use crate::circuit::{Circuit, Layer, Port, Row, WeightsRow};

/// An entry's value in a circuit; 0 in the last row's unused places, which nothing reads.
pub(crate) fn entry_value(circuit: &Circuit, index: usize) -> Felt {
    circuit.entries.get(index).map_or(Felt::ZERO, |entry| entry.value)
}

/// The preprocessed columns.
pub(crate) fn preprocessed(graph: &QuantGraph, circuit: &Circuit) -> Vec<Vec<Felt>> {
    let n_rows = circuit.n_rows;
    let mut columns = vec![vec![Felt::ZERO; n_rows]; pre::WIDTH_ALL];
    let entries = (0..n_rows).map(|row| limb_entry(n_rows, row));
    (columns[pre::TAG], columns[pre::VALUE]) =
        entries.map(|(width, value)| (Felt::from(width), Felt::from(value))).unzip();
    let packed: Vec<Vec<Felt>> =
        circuit.layers.iter().map(|layer| packed_weights(graph, layer)).collect();
    for (index, row) in circuit.rows.iter().enumerate() {
        let mut set = |column: usize, value: Felt| columns[column][index] = value;
        if let Some(WeightsRow { layer, input, block }) = row.weights {
            let shape = &circuit.layers[layer];
            set(pre::WEIGHTS, Felt::ONE);
            for cell in 0..CELLS {
                // Horner: the last cell is the first group.
                let group = shape.blocks * CELLS - 1 - (block * CELLS + cell);
                if group < shape.groups {
                    set(cell, packed[layer][input * shape.groups + group]);
                }
            }
        } else if let Some(first) = row.entries {
            set(pre::ENTRIES, Felt::ONE);
            set(pre::COUNTED, Felt::ONE);
            for i in 0..main::ENTRY_VALUES.len() {
                let entry = circuit.entries.get(first + i);
                set(pre::CONTENTS[i], entry_value(circuit, first + i));
                // Places without an entry say that 0 has no bits, as the limb table does.
                let number = entry.map_or(0, |entry| entry.number);
                set(pre::ENTRY_NUMBERS[i], Felt::from(number));
            }
        } else {
            gate(circuit, row, &mut set);
        }
        if row.entries.is_none() {
            port_columns(circuit, row.x, pre::NX, pre::MX, &mut set);
        }
        flags(row, &mut set);
    }
    columns
}

/// The columns of a gate.
fn gate(circuit: &Circuit, row: &Row, set: &mut impl FnMut(usize, Felt)) {
    for (i, (&argument, &result)) in row.argument.iter().zip(&row.result).enumerate() {
        set(pre::K0 + i, felt(argument));
        set(pre::Y0 + i, felt(result));
    }
    if let Some(widths) = row.widths {
        set(pre::RANGE, Felt::ONE);
        for (i, width) in widths.into_iter().enumerate() {
            set(pre::WIDTH + i, Felt::from(width));
        }
    }
    for (port, number, count) in [(row.a, pre::NA, pre::MA), (row.b, pre::NB, pre::MB)] {
        port_columns(circuit, port, number, count, set);
    }
    if row.look || row.tree {
        set(pre::LOOK, Felt::ONE);
        set(pre::NB, Felt::from(row.base));
        if row.tree {
            set(pre::TREE, Felt::ONE);
        }
    }
    if let Some(signal) = row.y {
        set(pre::MY, Felt::from(circuit.signals[signal].reads));
    }
    if let Some(lane) = row.lane {
        let place = power_of_two(lane.log2);
        set(pre::LANE, if lane.negative { -place } else { place });
    }
}

/// The flags of running totals, which rows of weights have too.
fn flags(row: &Row, set: &mut impl FnMut(usize, Felt)) {
    let flags = &row.flags;
    for (flag, column) in [
        (flags.step, pre::STEP),
        (flags.product, pre::PRODUCT),
        (flags.sum_end, pre::SUM_END),
        (flags.check, pre::CHECK),
        (flags.input, pre::INPUT),
    ] {
        if flag {
            set(column, Felt::ONE);
        }
    }
}

fn port_columns(
    circuit: &Circuit,
    port: Port,
    number: usize,
    count: usize,
    set: &mut impl FnMut(usize, Felt),
) {
    let reads = |signal: usize| Felt::from(circuit.signals[signal].reads);
    match port {
        Port::None | Port::Lane(_) => {}
        Port::Read(signal) => {
            set(number, Felt::from(circuit.number(signal)));
            set(count, -Felt::ONE);
        }
        Port::Hint(signal, _) | Port::Rest(signal) | Port::Copy(signal) => {
            set(number, Felt::from(circuit.number(signal)));
            set(count, reads(signal));
        }
        Port::Feature { number: own, .. } => {
            set(number, Felt::from(own));
            set(pre::COUNTED, Felt::ONE);
        }
    }
}

/// `P[j][g] = Σ_k w[g·K + k, j]·2^(M·k)`, the bias as a last input.
fn packed_weights(graph: &QuantGraph, layer: &Layer) -> Vec<Felt> {
    let QuantOp::Dense { weights, bias } = &graph.nodes[layer.node].op else {
        return Vec::new();
    };
    let n = bias.len();
    let inputs = weights.len().checked_div(n).unwrap_or(0);
    let radix = power_of_two(layer.lane_bits);
    let mut packed = vec![Felt::ZERO; (inputs + 1) * layer.groups];
    for group in 0..layer.groups {
        let first = group * layer.lanes;
        for neuron in (first..n.min(first + layer.lanes)).rev() {
            let row = &weights[neuron * inputs..][..inputs];
            let all = row.iter().map(|&weight| weight.into()).chain([bias[neuron]]);
            for (input, weight) in all.enumerate() {
                let sum = &mut packed[input * layer.groups + group];
                *sum = *sum * radix + felt(weight);
            }
        }
    }
    packed
}
