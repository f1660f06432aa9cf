//! Trees as entries of the table of nodes.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::{
    bits, feature_index, felt, number, Compiler, Ensemble, Entry, Failed, KeyTest, LeafWeights,
    Packing, QuantTreeNode, QuantTrees, Range, MAX_KEY_BITS,
};
use crate::circuit::NodeEntry;
use nilometer_tensor_air::constraints::power_of_two;
use nilometer_tensor_air::layout::{NODE_CHILD, NODE_FEATURE};
use nilometer_tensor_air::Felt;
use nilometer_transpiler::quant::QuantTree;

/// What stands at a number.
#[derive(Clone, Copy)]
enum Place {
    /// A node of the tree.
    Node(usize),
    /// The search for the key among those from `lo` to `hi` of a membership test.
    Among { node: usize, lo: usize, hi: usize },
    /// The same, the key being at least that of `lo`, which is not yet tested.
    From { node: usize, lo: usize, hi: usize },
    /// Leads to this number.
    Jump(u64),
}

/// A place's test and children.
enum Laid<'a> {
    /// The largest key that goes to the first child, the feature, the first child.
    Test {
        feature: (usize, bool),
        bound: i128,
        child: u64,
    },
    /// Always the first child.
    Jump(u64),
    Leaf(&'a LeafWeights),
}

impl Compiler<'_> {
    /// Lays out an ensemble's nodes and votes.
    pub(super) fn lay_out(
        &mut self,
        node: usize,
        trees: &QuantTrees,
        ranges: &[Range],
    ) -> Result<Ensemble, Failed> {
        let unsupported = |reason| Err(Failed::Unsupported { node, reason });
        if let Some(missing) = trees.missing {
            if ranges.iter().any(|range| range.lo < missing) {
                return unsupported("a key may be below that of missing values");
            }
        }
        let sorted = |node: &QuantTreeNode| match node {
            QuantTreeNode::Branch(branch) => match &branch.test {
                KeyTest::OneOf(keys) => keys.is_sorted(),
                KeyTest::AtMost { .. } => true,
            },
            QuantTreeNode::Leaf(_) => true,
        };
        if !trees.trees.iter().flat_map(|tree| &tree.nodes).all(sorted) {
            return unsupported("a membership test's keys are not sorted");
        }
        let laid: Vec<(u64, BTreeMap<u64, Laid<'_>>)> =
            trees.trees.iter().map(|tree| self.lay_out_tree(tree, trees.missing, ranges)).collect();
        let mut features = BTreeSet::new();
        for place in laid.iter().flat_map(|(_, places)| places.values()) {
            if let Laid::Test { feature, .. } = place {
                features.insert(*feature);
            }
        }
        // Tests that always hold need a feature, too.
        if features.is_empty() && !ranges.is_empty() {
            features.insert((0, false));
        }
        let spans = features
            .iter()
            .map(|&(feature, copied)| ranges[feature].hi + i128::from(copied) - ranges[feature].lo);
        let distance_bits = spans.map(bits).max().unwrap_or(0);
        let wide = features
            .iter()
            .any(|&(f, _)| bits(ranges[f].hi.abs().max(ranges[f].lo.abs())) > MAX_KEY_BITS);
        if wide || distance_bits > MAX_KEY_BITS {
            return unsupported("a tree's feature has more than 120 bits");
        }
        let packing = Packing::of(trees, self.ranges(node));
        if packing.lanes == 0 || packing.parts(trees) > number::MAX_PARTS {
            return unsupported("the sums of votes are too wide or too many");
        }
        let mut roots = Vec::with_capacity(laid.len());
        for (root, places) in &laid {
            let depth = longest(places, *root);
            roots.push((*root, depth));
            let reached = shortest(places, *root);
            for (&number, place) in places {
                let (feature, bound, child) = match *place {
                    Laid::Test { feature, bound, child } => (Some(feature), bound, child),
                    Laid::Jump(target) => (features.first().copied(), i128::MAX, target),
                    Laid::Leaf(leaf) => {
                        for (part, value) in (1..).zip(packing.votes(leaf, trees)) {
                            let number = number + part * number::VOTE;
                            self.entry(Entry { number, value, node: None });
                        }
                        if reached.get(&number) == Some(&depth) {
                            // Only ever the path's end.
                            continue;
                        }
                        (features.first().copied(), i128::MAX, number)
                    }
                };
                let Some((feature, copied)) = feature else {
                    return unsupported("trees without features");
                };
                let range = ranges[feature];
                let bound = bound.clamp(range.lo - 1, range.hi + i128::from(copied));
                let index = feature_index(feature, copied, ranges.len());
                let value = felt(bound)
                    + Felt::from(index) * power_of_two(NODE_FEATURE)
                    + Felt::from(child) * power_of_two(NODE_CHILD);
                let node = Some(NodeEntry { bound, feature: index, child });
                self.entry(Entry { number, value, node });
            }
        }
        Ok(Ensemble { roots, features: features.into_iter().collect(), distance_bits, packing })
    }

    /// Gives numbers to a tree's nodes; returns the root's and all places.
    fn lay_out_tree<'t>(
        &mut self,
        tree: &'t QuantTree,
        missing: Option<i128>,
        ranges: &[Range],
    ) -> (u64, BTreeMap<u64, Laid<'t>>) {
        let root = self.node_numbers(1);
        let mut placed = HashMap::from([(0, root)]);
        let mut queue = VecDeque::from([(root, Place::Node(0))]);
        let mut laid = BTreeMap::new();
        while let Some((number, place)) = queue.pop_front() {
            // Two children, the first of them where the test holds.
            let (node, bound, first, second) = match place {
                Place::Jump(target) => {
                    laid.insert(number, Laid::Jump(target));
                    continue;
                }
                Place::Node(index) => match &tree.nodes[index] {
                    QuantTreeNode::Leaf(weights) => {
                        laid.insert(number, Laid::Leaf(weights));
                        continue;
                    }
                    QuantTreeNode::Branch(branch) => match &branch.test {
                        KeyTest::AtMost { bound, .. } => {
                            let children =
                                (Place::Node(branch.on_true), Place::Node(branch.on_false));
                            (index, *bound, children.0, children.1)
                        }
                        KeyTest::OneOf(keys) if keys.is_empty() => {
                            let child = Place::Node(branch.on_false);
                            (index, i128::MAX, child, child)
                        }
                        KeyTest::OneOf(keys) => split(index, 0, keys.len(), keys, branch.on_false),
                    },
                },
                Place::Among { node, lo, hi } => match membership(tree, node) {
                    Some((keys, _, on_false)) => split(node, lo, hi, keys, on_false),
                    None => continue,
                },
                Place::From { node, lo, hi } => match membership(tree, node) {
                    Some((keys, on_true, on_false)) => {
                        let rest = among(node, lo + 1, hi, on_false);
                        (node, keys[lo], Place::Node(on_true), rest)
                    }
                    None => continue,
                },
            };
            let QuantTreeNode::Branch(branch) = &tree.nodes[node] else { continue };
            let fails = matches!(branch.test, KeyTest::AtMost { missing_fails: true, .. });
            let range = ranges[branch.feature];
            let copied = fails && missing.is_some_and(|missing| range.contains(missing));
            let child = self.node_numbers(2);
            // The copy's highest key is above every bound.
            let bound = if copied { bound.min(range.hi) } else { bound };
            laid.insert(number, Laid::Test { feature: (branch.feature, copied), bound, child });
            for (number, place) in [(child, first), (child + 1, second)] {
                let place = match place {
                    Place::Node(index) => match placed.get(&index) {
                        Some(&elsewhere) => Place::Jump(elsewhere),
                        None => {
                            placed.insert(index, number);
                            place
                        }
                    },
                    _ => place,
                };
                queue.push_back((number, place));
            }
        }
        (root, laid)
    }

    fn node_numbers(&mut self, count: u64) -> u64 {
        let first = number::NODE + self.nodes;
        self.nodes += count;
        first
    }
}

/// A membership test's keys and children.
fn membership(tree: &QuantTree, node: usize) -> Option<(&[i128], usize, usize)> {
    match &tree.nodes[node] {
        QuantTreeNode::Branch(branch) => match &branch.test {
            KeyTest::OneOf(keys) => Some((keys, branch.on_true, branch.on_false)),
            KeyTest::AtMost { .. } => None,
        },
        QuantTreeNode::Leaf(_) => None,
    }
}

/// The search among the keys from `lo` to `hi`; none of them leaves the other child.
fn among(node: usize, lo: usize, hi: usize, on_false: usize) -> Place {
    if lo == hi {
        Place::Node(on_false)
    } else {
        Place::Among { node, lo, hi }
    }
}

/// Halves the search: below the middle key, or from it.
fn split(
    node: usize,
    lo: usize,
    hi: usize,
    keys: &[i128],
    on_false: usize,
) -> (usize, i128, Place, Place) {
    let middle = lo + (hi - lo) / 2;
    (
        node,
        keys[middle].saturating_sub(1),
        among(node, lo, middle, on_false),
        Place::From { node, lo: middle, hi },
    )
}

fn children(place: &Laid<'_>) -> Vec<u64> {
    match place {
        Laid::Test { child, .. } => vec![*child, child + 1],
        Laid::Jump(target) => vec![*target],
        Laid::Leaf(_) => Vec::new(),
    }
}

/// The most steps from the root to a leaf.
fn longest(places: &BTreeMap<u64, Laid<'_>>, root: u64) -> usize {
    let mut depth: HashMap<u64, usize> = HashMap::new();
    let mut stack = vec![root];
    while let Some(&number) = stack.last() {
        let below = children(&places[&number]);
        let open: Vec<u64> = below.iter().copied().filter(|c| !depth.contains_key(c)).collect();
        if open.is_empty() {
            let deepest = below.iter().map(|child| depth[child] + 1).max();
            depth.insert(number, deepest.unwrap_or(0));
            stack.pop();
        } else {
            stack.extend(open);
        }
    }
    depth[&root]
}

/// The fewest steps from the root to each place.
fn shortest(places: &BTreeMap<u64, Laid<'_>>, root: u64) -> HashMap<u64, usize> {
    let mut steps = HashMap::from([(root, 0)]);
    let mut queue = VecDeque::from([root]);
    while let Some(number) = queue.pop_front() {
        let next = steps[&number] + 1;
        for child in children(&places[&number]) {
            steps.entry(child).or_insert_with(|| {
                queue.push_back(child);
                next
            });
        }
    }
    steps
}
