//! Values that depend on one element only: its range is cut into pieces, and the worst counts.

use std::collections::BinaryHeap;

use super::interval::Interval;
use super::rules::{is_pointwise, pick, pointwise};
use super::{Model, State};
use crate::graph::ValueId;
use crate::quant::QuantOp;

/// Pieces that one layer's elements may be cut into together, and the most and fewest for one.
const PIECES: usize = 1 << 17;
const MOST_PIECES: usize = 256;
const FEWEST_PIECES: usize = 16;

/// The node that each node's elements depend on alone, place by place; none for constants.
pub(super) fn roots(model: &Model<'_>) -> Vec<Option<ValueId>> {
    let mut roots: Vec<Option<ValueId>> = Vec::with_capacity(model.nodes.len());
    for (id, node) in model.nodes.iter().enumerate() {
        let is_constant = matches!(node.op, QuantOp::Constant(_));
        let same_length =
            node.inputs.iter().all(|&input| model.nodes[input].ranges.len() == node.ranges.len());
        let mut root = None;
        let mut is_one = is_pointwise(&node.op, &model.ideals[id]) && same_length;
        for &input in &node.inputs {
            match (root, roots[input]) {
                (_, None) => {}
                (None, found) => root = found,
                (Some(a), Some(b)) => is_one &= a == b,
            }
        }
        roots.push(match (is_constant, is_one && root.is_some()) {
            (true, _) => None,
            (false, true) => root,
            (false, false) => Some(id),
        });
    }
    roots
}

/// What lies between a root and a node.
pub(super) struct Region {
    root: ValueId,
    /// The nodes to compute, in order; the last is the one that is asked for.
    nodes: Vec<ValueId>,
}

/// The region above `target`, where cutting it up can tell more than intervals do.
pub(super) fn region(
    model: &Model<'_>,
    roots: &[Option<ValueId>],
    target: ValueId,
) -> Option<Region> {
    let root = roots[target].filter(|&root| root != target)?;
    let mut wanted = vec![false; target + 1];
    wanted[target] = true;
    for id in (root + 1..=target).rev() {
        if wanted[id] && roots[id] == Some(root) {
            for &input in &model.nodes[id].inputs {
                wanted[input] = true;
            }
        }
    }
    let nodes: Vec<ValueId> =
        (root + 1..=target).filter(|&id| wanted[id] && roots[id] == Some(root)).collect();
    let varying = |id: ValueId| {
        let inputs = &model.nodes[id].inputs;
        inputs.iter().filter(|&&input| roots[input] == Some(root)).count()
    };
    let curved = |id: &&ValueId| {
        matches!(
            model.nodes[**id].op,
            QuantOp::Lookup(_) | QuantOp::Sqrt | QuantOp::Mul | QuantOp::Div { .. }
        )
    };
    let joins = nodes.iter().any(|&id| varying(id) > 1);
    // One function alone is bounded by its steepest place already.
    (joins || nodes.iter().filter(curved).count() > 1).then_some(Region { root, nodes })
}

/// A piece of the root's range and what follows from it.
struct Piece {
    range: Interval,
    state: State,
}

impl PartialEq for Piece {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Piece {}
impl PartialOrd for Piece {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Piece {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.state.delta.magnitude().total_cmp(&other.state.delta.magnitude())
    }
}

/// What is known of element `i` of the region's last node, of `len` elements.
pub(super) fn refine(
    model: &Model<'_>,
    region: &Region,
    all: &[Vec<State>],
    i: usize,
    len: usize,
) -> State {
    let root = pick(&all[region.root], i);
    let narrowest = model.unit(region.root, i);
    let limit = (PIECES / len.max(1)).clamp(FEWEST_PIECES, MOST_PIECES);
    let piece =
        |range: Interval| Piece { range, state: compute(model, region, all, i, &root, range) };
    let mut pieces = BinaryHeap::from([piece(root.quant)]);
    // What is too narrow to cut.
    let mut done: Option<State> = None;
    let join = |done: Option<State>, state: State| Some(done.map_or(state, |d| d.or(state)));
    while pieces.len() < limit {
        let Some(worst) = pieces.pop() else { break };
        let Interval { lo, hi } = worst.range;
        let settled =
            done.is_some_and(|done| done.delta.magnitude() >= worst.state.delta.magnitude());
        if hi - lo <= narrowest || settled {
            done = join(done, worst.state);
            if settled {
                break;
            }
            continue;
        }
        let middle = lo + (hi - lo) / 2.0;
        pieces.push(piece(Interval::new(lo, middle)));
        pieces.push(piece(Interval::new(middle, hi)));
    }
    let state = pieces.into_iter().fold(done, |done, piece| join(done, piece.state));
    state.unwrap_or(State::unknown(Interval::ALL))
}

/// The region's last node where the root's integer stands for something in `range`.
fn compute(
    model: &Model<'_>,
    region: &Region,
    all: &[Vec<State>],
    i: usize,
    root: &State,
    range: Interval,
) -> State {
    let mut local: Vec<(ValueId, State)> = Vec::with_capacity(region.nodes.len() + 1);
    let real = range.minus(root.delta).intersect(root.real);
    local.push((region.root, State { real, quant: range, delta: root.delta }));
    for &id in &region.nodes {
        let operands: Vec<State> = model.nodes[id]
            .inputs
            .iter()
            .map(|&input| {
                let found = local.iter().find(|(at, _)| *at == input);
                found.map_or_else(|| pick(&all[input], i), |(_, state)| *state)
            })
            .collect();
        let state = pointwise(model, id, i, &operands);
        // What holds everywhere holds here.
        let state = match all.get(id) {
            Some(whole) if state.is_known() => state.and(pick(whole, i)),
            _ => state,
        };
        local.push((id, state));
    }
    local.last().map_or(State::unknown(Interval::ALL), |(_, state)| *state)
}
