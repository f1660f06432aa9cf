//! Dense layers: packed weight streams for the runtime's loops.

use starknet_types_core::felt::Felt;

use super::{Body, MAX_CONSTANT, POSITIVE};
use crate::emit::EmitError;
use crate::layout::{runtime_lanes, LanePlan, Windows, WINDOW};

/// The runtime takes inputs in multiples of this.
const INPUT_CHUNK: usize = 8;
/// Inputs that the runtime's large loop takes at once.
const LARGE_CHUNK: usize = 32;
/// Groups whose weights are interleaved.
const QUAD: usize = 4;

impl Body<'_> {
    pub(super) fn dense(
        &mut self,
        index: usize,
        weights: &[i64],
        bias: &[i128],
    ) -> Result<(), EmitError> {
        let node = &self.graph.nodes[index];
        let (finish, align, done) = self.finish_of(index);
        let plan = runtime_lanes(LanePlan::new(&node.ranges, align), bias.len());
        let x = node.inputs[0];
        let columns = self.graph.nodes[x].ranges.len();
        let available = columns + self.extra(x);
        if let Some(windows) = Windows::new(weights, columns, available, &plan) {
            let layout = self.layout(&plan, finish, align);
            self.windows(index, &windows, &plan, &layout, (weights, bias));
            for later in done {
                self.alias[later] = Some(index);
            }
            return Ok(());
        }
        let (input, width) = if available.is_multiple_of(INPUT_CHUNK) {
            (self.padded(x), available)
        } else {
            self.pad(x, available)
        };
        if width + 1 > MAX_CONSTANT {
            return Err(EmitError::TooLarge {
                node: node.name.clone(),
                reason: format!("{columns} inputs; a constant holds {MAX_CONSTANT} felts"),
            });
        }
        let groups: Vec<Vec<Felt>> = (0..bias.len())
            .step_by(plan.per_felt())
            .map(|start| group(&plan, start, weights, bias, columns, width))
            .collect();
        let layout = self.layout(&plan, finish, align);
        let array = self.fresh("a");
        self.push(format!("let mut {array}: Array<felt252> = array![];"));
        let mut pieces: Vec<(&str, Vec<Felt>)> = Vec::new();
        let fits = QUAD * (width + 1) <= MAX_CONSTANT;
        let in_quads = if fits { groups.len() / QUAD * QUAD } else { 0 };
        let quads = groups[..in_quads].chunks(QUAD).map(|quad| ("quads", interleave(quad, width)));
        let singles = groups[in_quads..].iter().map(|group| ("groups", group.clone()));
        for (kind, felts) in quads.chain(singles) {
            match pieces.last_mut() {
                Some((last, piece))
                    if *last == kind && piece.len() + felts.len() <= MAX_CONSTANT =>
                {
                    piece.extend(felts);
                }
                _ => pieces.push((kind, felts)),
            }
        }
        for (kind, felts) in pieces {
            self.imports.insert(if kind == "quads" { "quads" } else { "groups" });
            let text: Vec<_> = felts.iter().map(|felt| format!("{felt:#x}")).collect();
            let name = self.constant("felt252", felts.len(), &text.join(","));
            self.push(format!("{kind}({input}, {name}.span(), {layout}, ref {array});"));
        }
        self.push(format!("let v{index} = {array}.span();"));
        self.extra[index] = groups.len() * plan.per_felt() - bias.len();
        for later in done {
            self.alias[later] = Some(index);
        }
        Ok(())
    }

    /// A layer that reads parts of its input: for each group its bias, then the weights of each of its windows.
    fn windows(
        &mut self,
        index: usize,
        windows: &Windows,
        plan: &LanePlan,
        layout: &str,
        (weights, bias): (&[i64], &[i128]),
    ) {
        let x = self.graph.nodes[index].inputs[0];
        let (input, columns) = (self.padded(x), self.graph.nodes[x].ranges.len());
        self.imports.insert("windows");
        let array = self.fresh("a");
        self.push(format!("let mut {array}: Array<felt252> = array![];"));
        let places: Vec<Felt> = (0..plan.per_felt()).map(|k| plan.place(k)).collect();
        let length = 1 + windows.count * WINDOW;
        for piece in (0..windows.starts.len()).collect::<Vec<_>>().chunks(MAX_CONSTANT / length) {
            let (mut starts, mut felts) = (Vec::new(), Vec::new());
            for &group in piece {
                let first = group * plan.per_felt();
                let rows = first..(first + plan.per_felt()).min(bias.len());
                let offset = plan.pack_offset(plan.per_felt());
                felts.push(plan.pack(rows.clone().map(|row| bias[row])) + offset);
                let mut next = 0;
                for window in 0..windows.count {
                    // Windows that a group does not need read the first inputs and count nothing.
                    let start = windows.starts[group].get(window);
                    starts.push(start.copied().unwrap_or(0));
                    for column in 0..WINDOW {
                        let column = start.map(|start| start + column);
                        let column = column.filter(|column| (next..columns).contains(column));
                        let weight = column.map_or(Felt::ZERO, |column| {
                            rows.clone().zip(&places).fold(Felt::ZERO, |sum, (row, place)| {
                                match weights[row * columns + column] {
                                    0 => sum,
                                    weight => sum + Felt::from(weight) * place,
                                }
                            })
                        });
                        felts.push(weight);
                    }
                    next = start.map_or(next, |start| start + WINDOW);
                }
            }
            let text: Vec<_> = felts.iter().map(|felt| format!("{felt:#x}")).collect();
            let weights = self.constant("felt252", felts.len(), &text.join(","));
            let starts_name = self.constant("u32", starts.len(), &super::list(&starts));
            self.push(format!(
                "windows({input}, {starts_name}.span(), {weights}.span(), {}, {layout}, ref {array});",
                windows.count
            ));
        }
        self.push(format!("let v{index} = {array}.span();"));
        self.extra[index] = windows.starts.len() * plan.per_felt() - bias.len();
    }

    /// What the lanes go through before they are appended, and the nodes that this covers: a Relu, a
    /// shift, or both, where nothing else looks at what lies between.
    fn finish_of(&self, index: usize) -> (Finish, u32, Vec<usize>) {
        let tail = self.readers.tail(index);
        let finish = match (tail.relu, tail.shift) {
            (Some(_), Some(_)) => Finish::RescaleRelu,
            (Some(_), None) => Finish::Relu,
            (None, Some(_)) => Finish::Rescale,
            (None, None) => Finish::Offset,
        };
        let done = tail.relu.into_iter().chain(tail.shift.map(|(shift, _)| shift)).collect();
        (finish, tail.bits(), done)
    }

    /// The input with zeros behind it.
    fn pad(&mut self, x: usize, available: usize) -> (String, usize) {
        self.imports.insert("concat");
        let padded = self.fresh("p");
        let zeros = available.next_multiple_of(INPUT_CHUNK) - available;
        let source = self.padded(x);
        self.push(format!("let mut {padded}: Array<felt252> = array![];"));
        self.push(format!("concat({source}, ref {padded});"));
        for _ in 0..zeros {
            self.push(format!("{padded}.append(0);"));
        }
        (format!("{padded}.span()"), available + zeros)
    }

    fn layout(&mut self, plan: &LanePlan, finish: Finish, align: u32) -> String {
        self.imports.insert("Layout");
        // A half of a single lane is never divided.
        let radix = if plan.n_low.max(plan.n_high) > 1 { plan.radix } else { 2 };
        let (step, half) = (1i128 << align, (1i128 << align) >> 1);
        let (ty, lane) = match finish {
            Finish::Offset => {
                self.imports.insert("Offset");
                ("Offset", format!("Offset {{ offset: {} }}", plan.offset))
            }
            Finish::Relu => {
                self.imports.insert(POSITIVE);
                ("Positive", format!("Positive {{ offset: {} }}", plan.offset))
            }
            Finish::Rescale => {
                self.imports.insert("Rescale");
                let offset = (plan.offset - half) / step;
                ("Rescale", format!("Rescale {{ pow: {step}, offset: {offset} }}"))
            }
            Finish::RescaleRelu => {
                self.imports.insert("RescaleRelu");
                let offset = plan.offset - half;
                ("RescaleRelu", format!("RescaleRelu {{ pow: {step}, offset: {offset} }}"))
            }
        };
        let (low, high) = (plan.n_low, plan.n_high);
        let name = self.fresh("l");
        self.push(format!(
            "let {name}: Layout<{low}, {high}, {ty}> = Layout {{ radix: {radix}, lane: {lane} }};"
        ));
        name
    }
}

/// What becomes of a lane.
#[derive(Clone, Copy)]
enum Finish {
    Offset,
    Relu,
    Rescale,
    RescaleRelu,
}

/// The packed bias of the rows from `start` on, then their packed weights.
fn group(
    plan: &LanePlan,
    start: usize,
    weights: &[i64],
    bias: &[i128],
    columns: usize,
    width: usize,
) -> Vec<Felt> {
    let rows = start..(start + plan.per_felt()).min(bias.len());
    let mut felts = Vec::with_capacity(width + 1);
    // Lanes of no row get the offset too: they come out as zeros.
    felts.push(plan.pack(rows.clone().map(|row| bias[row])) + plan.pack_offset(plan.per_felt()));
    let places: Vec<Felt> = (0..rows.len()).map(|k| plan.place(k)).collect();
    for column in 0..columns {
        let lanes = rows.clone().zip(&places).filter_map(|(row, place)| {
            let weight = weights[row * columns + column];
            (weight != 0).then(|| Felt::from(weight) * place)
        });
        felts.push(lanes.fold(Felt::ZERO, |sum, lane| sum + lane));
    }
    felts.resize(width + 1, Felt::ZERO);
    felts
}

/// Four groups as the runtime's quads want them: biases first, then chunk by chunk.
fn interleave(groups: &[Vec<Felt>], width: usize) -> Vec<Felt> {
    let mut felts: Vec<Felt> = groups.iter().map(|group| group[0]).collect();
    let large = width / LARGE_CHUNK * LARGE_CHUNK;
    let chunks = (0..large)
        .step_by(LARGE_CHUNK)
        .map(|start| (start, LARGE_CHUNK))
        .chain((large..width).step_by(INPUT_CHUNK).map(|start| (start, INPUT_CHUNK)));
    for (start, len) in chunks {
        for group in groups {
            felts.extend_from_slice(&group[1 + start..1 + start + len]);
        }
    }
    felts
}
