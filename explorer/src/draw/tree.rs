//! One decision tree: tests in natural units, leaves as what they say, the path that a row takes.

use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::quant::{
    Branch, KeyTest, QuantNode, QuantOp, QuantTree, QuantTreeNode, QuantTrees, Range,
};

use super::layout::{self, Place, Shown};
use super::{class_names, escape, number, shorten, ClassNames, Num, Svg};

/// The greatest depth of a drawing.
pub const MAX_DEPTH: usize = 48;

/// The trees of a valid graph, and how to read them.
pub struct Forest<'a> {
    graph: &'a QuantGraph,
    node: &'a QuantNode,
    trees: &'a QuantTrees,
    names: ClassNames,
}

impl<'a> Forest<'a> {
    /// The first trees in a graph.
    pub fn of(graph: &'a QuantGraph) -> Option<Self> {
        graph.nodes.iter().find_map(|node| match &node.op {
            QuantOp::Trees(trees) if !trees.trees.is_empty() => {
                Some(Self { graph, node, trees, names: class_names(graph) })
            }
            _ => None,
        })
    }

    /// How many trees there are; at least one.
    pub fn len(&self) -> usize {
        self.trees.trees.len()
    }

    /// Never true; a graph without trees is not a forest.
    pub fn is_empty(&self) -> bool {
        self.trees.trees.is_empty()
    }

    /// The tree at `index`, or the last one.
    fn tree(&self, index: usize) -> &'a QuantTree {
        &self.trees.trees[index.min(self.len() - 1)]
    }

    /// How many nodes a tree has.
    pub fn size(&self, index: usize) -> usize {
        self.tree(index).nodes.len()
    }

    /// The nodes that a row of the model's input integers meets in a tree, from the root to a leaf; none if the
    /// model does not accept the row.
    pub fn path(&self, index: usize, input: &[i128]) -> Vec<usize> {
        let ranges = &self.graph.input.ranges;
        let fits = |(range, integer): (&Range, &i128)| range.contains(*integer);
        if input.len() != ranges.len() || !ranges.iter().zip(input).all(fits) {
            return Vec::new();
        }
        let values = self.graph.values(input);
        let keys = &values[self.node.inputs[0]];
        let tree = self.tree(index);
        let mut path = vec![0];
        // Children stand after their parents, so this ends.
        while let Some(QuantTreeNode::Branch(branch)) = path.last().map(|&at| &tree.nodes[at]) {
            let holds = branch.test.holds(keys[branch.feature], self.trees.missing);
            path.push(if holds { branch.on_true } else { branch.on_false });
        }
        path
    }

    /// Whether these nodes are a way from the root of a tree down.
    pub fn is_path(&self, index: usize, path: &[usize]) -> bool {
        let nodes = &self.tree(index).nodes;
        let follows = |pair: &[usize]| match nodes.get(pair[0]) {
            Some(QuantTreeNode::Branch(branch)) => {
                pair[1] == branch.on_true || pair[1] == branch.on_false
            }
            _ => false,
        };
        path.first() == Some(&0) && path.windows(2).all(follows)
    }

    /// What the nodes of a path ask or say, in words.
    pub fn steps(&self, index: usize, path: &[usize]) -> Vec<String> {
        let tree = self.tree(index);
        let mut steps = Vec::new();
        for (at, &node) in path.iter().enumerate() {
            match tree.nodes.get(node) {
                Some(QuantTreeNode::Branch(branch)) => {
                    let answer = match path.get(at + 1) {
                        Some(next) if *next == branch.on_true => "yes",
                        _ => "no",
                    };
                    steps.push(format!("{}? {answer}", self.test(branch)));
                }
                Some(QuantTreeNode::Leaf(weights)) => steps.push(self.leaf(weights)),
                None => {}
            }
        }
        steps
    }

    /// A test in natural units.
    fn test(&self, branch: &Branch) -> String {
        let feature = self.feature(branch.feature);
        let value = |key: i128| number(self.natural(branch.feature, key));
        match &branch.test {
            KeyTest::AtMost { bound, missing_fails } => {
                let range = self.graph.nodes[self.node.inputs[0]].ranges[branch.feature];
                let present =
                    if self.trees.missing.is_some() && *missing_fails { ", present" } else { "" };
                match *bound {
                    bound if bound >= range.hi => format!("{feature} any{present}"),
                    bound if bound < range.lo => format!("{feature} never"),
                    bound if Some(bound) == self.trees.missing => format!("{feature} missing"),
                    bound => format!("{feature} ≤ {}{present}", value(bound)),
                }
            }
            KeyTest::OneOf(keys) => {
                let listed: Vec<_> = keys.iter().take(4).map(|key| value(*key)).collect();
                let more = if keys.len() > 4 { ", …" } else { "" };
                format!("{feature} in {{{}{more}}}", listed.join(", "))
            }
        }
    }

    /// The name of a feature that the trees look at: `x` and its place in the row where it is the row's.
    fn feature(&self, feature: usize) -> String {
        match self.source(feature) {
            Some(input) => format!("x{input}"),
            None => format!("v{feature}"),
        }
    }

    /// The place in the row of a value that the trees look at, if it is one of the row's.
    fn source(&self, feature: usize) -> Option<usize> {
        let (mut value, mut at) = (self.node.inputs[0], feature);
        loop {
            let node = &self.graph.nodes[value];
            match &node.op {
                QuantOp::Input => return Some(at),
                QuantOp::Gather(indices) => {
                    at = indices[at];
                    value = node.inputs[0];
                }
                _ => return None,
            }
        }
    }

    fn natural(&self, feature: usize, key: i128) -> f64 {
        match self.source(feature) {
            Some(input) => self.graph.input.decode(input, key),
            None => key as f64 * 2f64.powi(-self.graph.nodes[self.node.inputs[0]].scale_log2),
        }
    }

    /// What a leaf says.
    fn leaf(&self, weights: &[(usize, i128)]) -> String {
        let unit = 2f64.powi(-self.node.scale_log2);
        if self.trees.n_targets == 1 {
            let weight: i128 = weights.first().map_or(0, |(_, weight)| *weight);
            return number(weight as f64 * unit);
        }
        let total: f64 = weights.iter().map(|(_, weight)| (*weight).max(0) as f64).sum();
        let best = weights.iter().max_by_key(|(target, weight)| (*weight, usize::MAX - target));
        match best {
            None => "nothing".to_owned(),
            Some((target, weight)) if total > 0.0 && *weight > 0 => {
                let share = *weight as f64 / total * 100.0;
                format!("{}: {share:.0}%", self.names.title(*target))
            }
            Some((target, weight)) => {
                format!("{}: {}", self.names.title(*target), number(*weight as f64 * unit))
            }
        }
    }

    /// Draws a tree. Subtrees below a depth are folded into a count, except along `path`.
    pub fn draw(&self, index: usize, path: &[usize], id: &str) -> String {
        let tree = self.tree(index);
        let (shown, columns, depth) = layout::place(tree, path);
        let (width, height) = (columns * CELL_W + 8.0, (depth as f64 + 1.0) * CELL_H + 4.0);
        let mut svg = Svg::new(width.max(CELL_W * 2.0), height);
        let shift = (svg.width - width) / 2.0 + 4.0;
        let at = |place: &Place| (shift + place.x * CELL_W, place.depth as f64 * CELL_H + 2.0);
        for place in &shown {
            let Some(parent) = place.parent.and_then(|parent| shown.get(parent)) else { continue };
            self.edge(&mut svg, at(parent), at(place), place);
        }
        for place in &shown {
            self.place(&mut svg, tree, at(place), place);
        }
        let title = match self.len() {
            1 => "The decision tree".to_owned(),
            count => format!("Tree {} of {count}", index.min(count - 1) + 1),
        };
        let mut description = format!("{} nodes. A test that holds leads left.", tree.nodes.len());
        if !path.is_empty() {
            let steps = self.steps(index, &path[..path.len().min(MAX_DEPTH)]);
            description = format!("{description} The row's path: {}.", steps.join("; "));
        }
        let class = if columns <= SMALL { "tree small" } else { "tree" };
        svg.finish(id, class, &title, &description)
    }

    fn edge(&self, svg: &mut Svg, from: (f64, f64), to: (f64, f64), place: &Place) {
        let on = if place.on_path { "on " } else { "" };
        let (x0, y0, x1, y1) = (from.0, from.1 + BOX_H, to.0, to.1);
        let middle = Num((y0 + y1) / 2.0);
        let (x0n, y0n, x1n, y1n) = (Num(x0), Num(y0), Num(x1), Num(y1));
        let d = format!("M{x0n} {y0n}C{x0n} {middle} {x1n} {middle} {x1n} {y1n}");
        svg.path(&format!("{on}edge"), &d);
        if place.depth == 1 {
            let (word, anchor, side) =
                if place.is_left { ("yes", "end", -6.0) } else { ("no", "start", 6.0) };
            svg.text(((x0 + x1) / 2.0 + side, (y0 + y1) / 2.0 - 4.0), anchor, "quiet", word);
        }
    }

    fn place(&self, svg: &mut Svg, tree: &QuantTree, (x, y): (f64, f64), place: &Place) {
        let (class, text, full) = match (&place.shown, &tree.nodes[place.node]) {
            (Shown::Folded(nodes), _) => {
                let text = format!("… {nodes} nodes");
                ("folded", text, "A part of the tree that is not drawn".to_owned())
            }
            (_, QuantTreeNode::Branch(branch)) => {
                let test = self.test(branch);
                ("node", test.clone(), test)
            }
            (_, QuantTreeNode::Leaf(weights)) => {
                let text = self.leaf(weights);
                ("leaf", text.clone(), text)
            }
        };
        let on = if place.on_path { "on" } else { "" };
        svg.add(format_args!("<g><title>{}</title>", escape(&shorten(&full, 200))));
        let radius = if class == "node" { 6.0 } else { BOX_H / 2.0 };
        svg.rect((x - BOX_W / 2.0, y), (BOX_W, BOX_H), radius, &format!("{on} {class}"));
        svg.text((x, y + BOX_H / 2.0 + 4.5), "middle", on, &shorten(&text, 14));
        svg.add(format_args!("</g>"));
    }
}

/// Trees of this many columns may shrink to fit.
const SMALL: f64 = 9.0;
const CELL_W: f64 = 112.0;
const CELL_H: f64 = 66.0;
const BOX_W: f64 = 104.0;
const BOX_H: f64 = 30.0;

#[cfg(test)]
#[path = "tree_tests.rs"]
pub(super) mod tests;
