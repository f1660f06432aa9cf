//! Decision trees: a row per step, then the leaves' votes.
//!
//! Every tree of an ensemble takes as many steps as its longest path. A node is an entry of a read-only table:
//! its bound, its feature and the number of its first child, packed; the second child's number is the next one. A leaf
//! that a shorter path reaches is its own first child, with a test that always holds. Where two nodes share a child
//! the second points at a node that holds always and leads there. Membership is a search among thresholds.

mod layout;

use std::rc::Rc;

use nilometer_tensor_air::constraints::power_of_two;
use nilometer_tensor_air::key::felt;
use nilometer_tensor_air::layout::number;
use nilometer_tensor_air::Felt;
use nilometer_transpiler::graph::Aggregate;
use nilometer_transpiler::quant::{KeyTest, LeafWeights, QuantTreeNode, QuantTrees, Range};
use winter_math::FieldElement;

use super::{bits, constants, eq1, eq2, equal_x_a, Compiler, Failed};
use crate::circuit::{Entry, Hint, Lane, Port, Row, Signal};

/// Keys have at most this many bits: a node's bound has 128.
const MAX_KEY_BITS: u32 = 120;

/// An ensemble's trees in the table of nodes.
pub(super) struct Ensemble {
    /// Each tree's root and how many steps its longest path takes.
    roots: Vec<(u64, usize)>,
    /// Features that nodes look at; true for the copy in which a missing value is the highest.
    features: Vec<(usize, bool)>,
    /// Bits of a feature's distance from a bound.
    distance_bits: u32,
    /// How votes are packed, where they are summed.
    packing: Packing,
}

/// Targets that share a packed vote.
#[derive(Clone, Copy)]
struct Packing {
    lane_bits: u32,
    lanes: usize,
}

impl Packing {
    fn of(trees: &QuantTrees, ranges: &[Range]) -> Self {
        match trees.aggregate {
            Aggregate::Sum => {
                let widest = ranges.iter().map(|range| bits(range.hi - range.lo)).max();
                let lane_bits = widest.unwrap_or(0).max(1);
                Self { lane_bits, lanes: (251 / lane_bits) as usize }
            }
            // Each target by itself.
            Aggregate::Min | Aggregate::Max => Self { lane_bits: 0, lanes: 1 },
        }
    }

    /// Values that a leaf has.
    fn parts(self, trees: &QuantTrees) -> usize {
        match trees.aggregate {
            Aggregate::Sum => trees.n_targets.div_ceil(self.lanes),
            Aggregate::Min | Aggregate::Max => 2 * trees.n_targets,
        }
    }

    /// A leaf's votes, one for each part.
    fn votes(self, leaf: &LeafWeights, trees: &QuantTrees) -> Vec<Felt> {
        if trees.aggregate != Aggregate::Sum {
            // Weight, then whether there is one.
            let of =
                |target: usize| leaf.iter().filter(move |(t, _)| *t == target).map(|(_, w)| *w);
            let best = |target| match trees.aggregate {
                Aggregate::Min => of(target).min(),
                _ => of(target).max(),
            };
            return (0..trees.n_targets)
                .flat_map(|target| {
                    let best: Option<i128> = best(target);
                    [felt(best.unwrap_or(0)), Felt::from(u32::from(best.is_some()))]
                })
                .collect();
        }
        let mut votes = vec![Felt::ZERO; self.parts(trees)];
        for &(target, weight) in leaf {
            let place = (target % self.lanes) as u32 * self.lane_bits;
            votes[target / self.lanes] += felt(weight) * power_of_two(place);
        }
        votes
    }
}

impl Compiler<'_> {
    /// Compiles an ensemble for one row of the batch.
    ///
    /// One value: by induction a step's A is the node that the model visits. Its packed entry has one reading (see
    /// [`nilometer_tensor_air::constraints`]), so F is the node's feature and the bound the node's; B is the feature's
    /// value, and the distance, at most `2^bits` of a window that holds every distance, leaves one sign. So
    /// Y is the child that the model takes.
    pub(super) fn trees(
        &mut self,
        batch_row: usize,
        node: usize,
        trees: &QuantTrees,
    ) -> Result<Vec<Signal>, Failed> {
        let operand = self.graph.nodes[node].inputs[0];
        let ranges = self.ranges(operand);
        let ensemble = match self.ensembles.get(&node) {
            Some(ensemble) => Rc::clone(ensemble),
            None => {
                let laid_out = self.lay_out(node, trees, ranges)?;
                let ensemble = Rc::new(laid_out);
                self.ensembles.insert(node, Rc::clone(&ensemble));
                ensemble
            }
        };
        if ensemble.distance_bits > self.capacity() {
            return Err(Failed::Narrow);
        }
        let base = self.feature_block();
        let keys = self.values[batch_row][operand].clone();
        for &(feature, copied) in &ensemble.features {
            let signal = match (copied, trees.missing) {
                (true, Some(missing)) => {
                    // The missing key is the lowest: where the key is not above it, the highest plus one.
                    let high = ranges[feature].hi + 1;
                    let result = constants(&[(eq2::Y0, high), (eq2::S, -high), (eq2::SX, 1)]);
                    let row = Row { result, ..Row::default() };
                    self.sign(keys[feature], ranges[feature], missing + 1, row)?
                }
                _ => keys[feature],
            };
            let number = base + feature_index(feature, copied, keys.len());
            self.push(Row {
                x: Port::Read(signal),
                a: Port::Feature { number, signal },
                ..equal_x_a()
            });
        }
        let leaves: Vec<Signal> = ensemble
            .roots
            .iter()
            .map(|&(root, depth)| self.path(root, depth, base, ensemble.distance_bits))
            .collect();
        match trees.aggregate {
            Aggregate::Sum => {
                self.sum_votes(batch_row, node, trees, ensemble.packing, base, &leaves)
            }
            Aggregate::Min | Aggregate::Max => self.best_votes(node, trees, base, &leaves),
        }
    }

    /// The steps from a root; the last one's Y is the leaf's number less the base.
    fn path(&mut self, root: u64, depth: usize, base: u64, distance: u32) -> Signal {
        let half = self.half_capacity();
        let widths = self.widths(distance.min(half), distance.saturating_sub(half));
        let first = i128::from(root) - i128::from(base);
        let mut at = None;
        for _ in 0..depth {
            let mut row =
                Row { tree: true, look: true, base, widths: Some(widths), ..Row::default() };
            match at {
                Some(signal) => row.a = Port::Read(signal),
                // Equation 1 says that A is the root.
                None => row.argument = constants(&[(eq1::A, 1), (eq1::K0, -first)]),
            }
            at = Some(self.result(row));
        }
        match at {
            Some(leaf) => leaf,
            None => self.constant(first),
        }
    }

    /// A part of a leaf's votes as X of a row.
    fn vote(leaf: Signal, base: u64, part: usize) -> Row {
        let base = base + (part as u64 + 1) * number::VOTE;
        Row { a: Port::Read(leaf), look: true, base, ..Row::default() }
    }

    /// Sums of votes: `Σ_trees vote − Σ_k 2^(M·k)·y_k = 0` for each part, each y in a window of `2^M` around its
    /// proved range, so that a packed sum has one reading.
    fn sum_votes(
        &mut self,
        batch_row: usize,
        node: usize,
        trees: &QuantTrees,
        packing: Packing,
        base: u64,
        leaves: &[Signal],
    ) -> Result<Vec<Signal>, Failed> {
        let mut sums = Vec::with_capacity(trees.n_targets);
        for part in 0..packing.parts(trees) {
            for &leaf in leaves {
                let lane = Some(Lane { negative: false, log2: 0 });
                self.push(Row { lane, ..Self::vote(leaf, base, part) });
            }
            let first = part * packing.lanes;
            for target in first..trees.n_targets.min(first + packing.lanes) {
                let added = trees.base[target];
                let range = self.ranges(node)[target];
                let row = Row {
                    x: Port::Lane(Hint { batch_row, node, element: target, minus: added }),
                    lane: Some(Lane {
                        negative: true,
                        log2: (target - first) as u32 * packing.lane_bits,
                    }),
                    argument: constants(&[(eq1::X, 1), (eq1::K0, added - range.lo)]),
                    result: constants(&[(eq2::X, 1), (eq2::Y0, added)]),
                    ..Row::default()
                };
                sums.push(self.checked_result(row, bits(range.hi - range.lo))?);
            }
            self.pend(0, |flags| flags.sum_end = true);
            self.pend(1, |flags| flags.check = true);
        }
        Ok(sums)
    }

    /// The least or largest weight for each target among leaves that name it, 0 if none does.
    fn best_votes(
        &mut self,
        node: usize,
        trees: &QuantTrees,
        base: u64,
        leaves: &[Signal],
    ) -> Result<Vec<Signal>, Failed> {
        let smaller = trees.aggregate == Aggregate::Min;
        let mut results = Vec::with_capacity(trees.n_targets);
        for target in 0..trees.n_targets {
            let added = trees.base[target];
            let proved = self.ranges(node)[target];
            // Holds every weight, and 0.
            let range = Range { lo: proved.lo - added, hi: proved.hi - added };
            let mut best: Option<(Signal, Signal)> = None;
            for &leaf in leaves {
                let mut read = |part| {
                    let result = constants(&[(eq2::X, 1)]);
                    self.result(Row { result, ..Self::vote(leaf, base, part) })
                };
                let (weight, named) = (read(2 * target), read(2 * target + 1));
                best = Some(match best {
                    None => (weight, named),
                    Some((best, any)) => {
                        // Where both are there the better one, else their sum: the other one is 0.
                        let better = self.larger(best, range, weight, range, smaller)?;
                        let sum = self.combine(best, 1, weight, 1);
                        let change = self.combine(better, 1, sum, -1);
                        let both = self.product(any, named);
                        let result = constants(&[(eq2::X, 1), (eq2::AB, 1)]);
                        let best = self.result(Row {
                            x: Port::Read(sum),
                            a: Port::Read(change),
                            b: Port::Read(both),
                            result,
                            ..Row::default()
                        });
                        let result = constants(&[(eq2::X, 1), (eq2::A, 1), (eq2::AB, -1)]);
                        let any = self.result(Row {
                            x: Port::Read(any),
                            a: Port::Read(named),
                            b: Port::Read(any),
                            result,
                            ..Row::default()
                        });
                        (best, any)
                    }
                });
            }
            results.push(match best {
                Some((best, _)) => self.linear(best, 1, added),
                None => self.constant(added),
            });
        }
        Ok(results)
    }
}

/// A feature's index in its block.
fn feature_index(feature: usize, copied: bool, n_features: usize) -> u64 {
    (if copied { n_features + feature } else { feature }) as u64
}
