//! A model as a column of layers: how many values there are, what is done to them, in how many bits.

use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::quant::{QuantNode, QuantOp, Range, TableFunction};

use super::{Num, Svg};

/// What stands between two rows of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// What it does, such as `Dense` or `ReLU`.
    pub what: String,
    /// How many values it takes.
    pub takes: usize,
    /// How many values it makes.
    pub makes: usize,
    /// Weights and biases, thresholds and leaves.
    pub parameters: usize,
    /// Bits of the largest weight with its sign, where it has weights.
    pub weight_bits: Option<u32>,
    /// Bits of the largest value that it can make, with its sign.
    pub value_bits: u32,
    /// Its values stand for `q · 2^-scale_log2`.
    pub scale_log2: i32,
    /// A bound on the distance to the model in real arithmetic, where there is one.
    pub error: Option<f64>,
    /// Whether it is one with weights.
    pub is_dense: bool,
}

/// The most layers that are drawn.
pub const MAX_LAYERS: usize = 40;

/// The layers in the order in which they are computed. Steps without weights of their own stand together.
pub fn layers(graph: &QuantGraph) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for node in &graph.nodes {
        let Some(what) = name(&node.op) else { continue };
        let parameters = parameters(&node.op);
        let is_dense = parameters > 0;
        let layer = Layer {
            what,
            takes: node.inputs.iter().map(|&input| graph.nodes[input].ranges.len()).sum(),
            makes: node.ranges.len(),
            parameters,
            weight_bits: weight_bits(&node.op),
            value_bits: value_bits(node),
            scale_log2: node.scale_log2,
            error: node.error,
            is_dense,
        };
        match layers.last_mut() {
            Some(last) if !last.is_dense && !is_dense => join(last, layer),
            _ => layers.push(layer),
        }
    }
    layers
}

/// Weights and biases of the whole graph.
pub fn parameter_count(graph: &QuantGraph) -> usize {
    graph.nodes.iter().map(|node| parameters(&node.op)).sum()
}

fn join(last: &mut Layer, next: Layer) {
    const MOST: usize = 4;
    let parts = last.what.matches(" · ").count() + 1;
    if parts < MOST {
        last.what = format!("{} · {}", last.what, next.what);
    } else if !last.what.ends_with('…') {
        last.what.push_str(" · …");
    }
    *last = Layer { what: std::mem::take(&mut last.what), takes: last.takes, ..next };
}

/// The name of an operation; none for operations that are not shown as a step.
fn name(op: &QuantOp) -> Option<String> {
    let text = match op {
        QuantOp::Input | QuantOp::Constant(_) => return None,
        QuantOp::Dense { .. } => "Dense",
        QuantOp::Scale { .. } => "Scale",
        QuantOp::Shift { .. } => "Rescale",
        QuantOp::Relu => "ReLU",
        QuantOp::LeakyRelu { .. } => "Leaky ReLU",
        QuantOp::Clip { .. } => "Clip",
        QuantOp::Abs => "Absolute value",
        QuantOp::Sqrt => "Square root",
        QuantOp::Greater { .. } => "Threshold",
        QuantOp::Truncate { .. } => "Truncate",
        QuantOp::Lookup(table) => match table.function {
            TableFunction::Sigmoid => "Sigmoid",
            TableFunction::Tanh => "Tanh",
            TableFunction::Exp => "Exp",
            TableFunction::Probit => "Probit",
            TableFunction::Log => "Logarithm",
            TableFunction::Erf => "Error function",
            TableFunction::Softplus => "Softplus",
        },
        QuantOp::Add => "Add",
        QuantOp::Sub => "Subtract",
        QuantOp::Mul => "Multiply",
        QuantOp::Div { .. } => "Divide",
        QuantOp::Larger => "Larger of two",
        QuantOp::Sum => "Sum",
        QuantOp::Max => "Largest",
        QuantOp::SubMax => "Subtract largest",
        QuantOp::MaskZero => "Mask",
        QuantOp::ArgMax { .. } => "Arg max",
        QuantOp::Gather(_) => "Select",
        QuantOp::Concat => "Join",
        QuantOp::Trees(trees) => return Some(trees_name(trees.trees.len())),
    };
    Some(text.to_owned())
}

fn trees_name(count: usize) -> String {
    match count {
        1 => "Decision tree".to_owned(),
        count => format!("{count} trees"),
    }
}

fn parameters(op: &QuantOp) -> usize {
    match op {
        QuantOp::Dense { weights, bias } => weights.len() + bias.len(),
        QuantOp::Scale { mul, add } => mul.len() + add.len(),
        QuantOp::Trees(trees) => trees.trees.iter().map(|tree| tree.nodes.len()).sum(),
        _ => 0,
    }
}

fn weight_bits(op: &QuantOp) -> Option<u32> {
    let weights = match op {
        QuantOp::Dense { weights, .. } => weights,
        QuantOp::Scale { mul, .. } => mul,
        _ => return None,
    };
    let most = weights.iter().map(|weight| weight.unsigned_abs()).max()?;
    Some(65 - most.leading_zeros())
}

/// Bits of the largest value, with its sign.
fn value_bits(node: &QuantNode) -> u32 {
    let hull = node.ranges.iter().copied().reduce(Range::union).unwrap_or(Range::point(0));
    hull.magnitude_bits().max(1) + u32::from(hull.lo < 0)
}

const WIDTH: f64 = 400.0;
const STRIP: f64 = 16.0;
const DENSE: f64 = 64.0;
const STEP: f64 = 34.0;
/// Cells that a strip shows at most.
const CELLS: usize = 36;

/// Draws the layers from the input at the top to the output at the bottom.
pub fn draw(graph: &QuantGraph, id: &str) -> String {
    let all = layers(graph);
    let (head, tail) = match all.len() > MAX_LAYERS {
        true => (&all[..MAX_LAYERS / 2], &all[all.len() - MAX_LAYERS / 2..]),
        false => (&all[..], &[][..]),
    };
    let left_out = all.len() - head.len() - tail.len();
    let longest =
        all.iter().map(|l| l.takes.max(l.makes)).max().unwrap_or(1).max(graph.input_len());
    let width = |count: usize| {
        let share = (1.0 + count as f64).ln() / (1.0 + longest as f64).ln().max(0.1);
        (140.0 + 250.0 * share).min(WIDTH - 10.0)
    };
    let room: f64 = head.iter().chain(tail).map(height).sum();
    let gap = if left_out > 0 { 30.0 } else { 0.0 };
    let mut svg = Svg::new(WIDTH, 52.0 + room + gap);
    let count = graph.input_len();
    svg.text((WIDTH / 2.0, 14.0), "middle", "quiet", &format!("input: {}", values(count)));
    let mut y = 22.0;
    strip(&mut svg, y, width(count), count);
    y += STRIP;
    let mut above = width(count);
    for (i, layer) in head.iter().chain(tail).enumerate() {
        if left_out > 0 && i == head.len() {
            let text = format!("{left_out} more layers");
            svg.text((WIDTH / 2.0, y + 19.0), "middle", "quiet", &text);
            y += gap;
        }
        let below = width(layer.makes);
        between(&mut svg, y, (above, below), layer);
        y += height(layer) - STRIP;
        strip(&mut svg, y, below, layer.makes);
        y += STRIP;
        above = below;
    }
    let title = format!("Layers of the model, {} parameters", parameter_count(graph));
    let names: Vec<_> = all.iter().take(MAX_LAYERS).map(|layer| layer.what.as_str()).collect();
    let description = format!("{} values in; then {}.", count, names.join("; "));
    svg.finish(id, "fit network", &title, &description)
}

fn height(layer: &Layer) -> f64 {
    STRIP + if layer.is_dense { DENSE } else { STEP }
}

fn values(count: usize) -> String {
    match count {
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    }
}

/// A row of values: one cell each while they fit.
fn strip(svg: &mut Svg, y: f64, width: f64, count: usize) {
    let left = (WIDTH - width) / 2.0;
    svg.rect((left, y), (width, STRIP), 3.0, "box");
    let shown = count.min(CELLS);
    let pitch = (width - 8.0) / shown.max(1) as f64;
    let cell = (pitch - 2.0).clamp(1.5, 9.0);
    for i in 0..shown {
        // Where not all fit, three dots stand in the middle.
        if count > CELLS && (i == shown / 2 || i + 1 == shown / 2 || i == shown / 2 + 1) {
            let dot = left + 4.0 + pitch * (i as f64 + 0.5) - 1.0;
            svg.rect((dot, y + STRIP / 2.0 - 1.0), (2.0, 2.0), 1.0, "cell");
            continue;
        }
        let x = left + 4.0 + pitch * (i as f64 + 0.5) - cell / 2.0;
        svg.rect((x, y + 3.5), (cell, STRIP - 7.0), 1.5, "cell");
    }
}

fn between(svg: &mut Svg, y: f64, (above, below): (f64, f64), layer: &Layer) {
    let middle = WIDTH / 2.0;
    let bits = format!("{} of {} bits", values(layer.makes), layer.value_bits);
    if !layer.is_dense {
        let (x, end) = (Num(middle), Num(y + STEP));
        let (top, text) = (Num(y), y + 21.0);
        svg.add(format_args!(r#"<path class="wire" d="M{x} {top}V{end}"/>"#));
        let wide = (layer.what.chars().count() as f64 * 7.4 + 22.0).clamp(60.0, WIDTH - 16.0);
        svg.rect((middle - wide / 2.0, y + 5.0), (wide, 24.0), 12.0, "box");
        svg.text((middle, text), "middle", "tiny", &layer.what);
        return;
    }
    let (t0, t1) = (Num(middle - above / 2.0), Num(middle + above / 2.0));
    let (b0, b1) = (Num(middle - below / 2.0), Num(middle + below / 2.0));
    let (top, end) = (Num(y + 2.0), Num(y + DENSE - 2.0));
    svg.path("box dense", &format!("M{t0} {top}H{t1}L{b1} {end}H{b0}Z"));
    let title = format!("{} {} → {}", layer.what, layer.takes, layer.makes);
    svg.text((middle, y + 29.0), "middle", "strong", &title);
    let weights = match layer.weight_bits {
        Some(weight_bits) => format!("{weight_bits}-bit weights, {bits}"),
        None => bits,
    };
    svg.text((middle, y + 46.0), "middle", "quiet tiny", &weights);
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::{graph_of_trees, stump};
    use super::*;
    use nilometer_transpiler::quant::{Encoding, QuantInput};

    fn node(op: QuantOp, inputs: Vec<usize>, ranges: Vec<Range>) -> QuantNode {
        QuantNode { name: "<n>".to_owned(), op, inputs, scale_log2: 3, ranges, error: None }
    }

    /// 2 → 3, ReLU.
    fn network() -> QuantGraph {
        let input = vec![Range { lo: -4, hi: 4 }; 2];
        let (weights, bias) = (vec![1, -8, 7, 0, 2, 3], vec![0, 1, -1]);
        let graph = QuantGraph {
            name: "n".to_owned(),
            input: QuantInput {
                name: "x".to_owned(),
                encoding: Encoding::Fixed { scale_log2: vec![1, 1] },
                ranges: input.clone(),
                features: vec![],
            },
            nodes: vec![
                node(QuantOp::Input, vec![], input),
                node(
                    QuantOp::Dense { weights, bias },
                    vec![0],
                    vec![
                        Range { lo: -36, hi: 36 },
                        Range { lo: -27, hi: 29 },
                        Range { lo: -21, hi: 19 },
                    ],
                ),
                node(
                    QuantOp::Relu,
                    vec![1],
                    vec![Range { lo: 0, hi: 36 }, Range { lo: 0, hi: 29 }, Range { lo: 0, hi: 19 }],
                ),
            ],
            outputs: vec![],
        };
        graph.validate().unwrap();
        graph
    }

    #[test]
    fn layers_say_shapes_and_bits() {
        let layers = layers(&network());
        let said: Vec<_> = layers
            .iter()
            .map(|l| (l.what.as_str(), l.takes, l.makes, l.parameters, l.weight_bits, l.value_bits))
            .collect();
        assert_eq!(said, [("Dense", 2, 3, 9, Some(5), 7), ("ReLU", 3, 3, 0, None, 6)]);
    }

    #[test]
    fn the_drawing_names_what_it_shows() {
        let svg = draw(&network(), "net");
        for text in ["Dense 2 → 3", "5-bit weights, 3 values of 7 bits", "ReLU", "input: 2 values"]
        {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        // 2 + 3 + 3 cells.
        assert_eq!(svg.matches(r#"class="cell""#).count(), 8);
    }

    #[test]
    fn long_models_are_cut() {
        let mut graph = network();
        for i in 0..500 {
            let (weights, bias) = (vec![0; 9], vec![0; 3]);
            let ranges = vec![Range::point(0); 3];
            graph.nodes.push(node(QuantOp::Dense { weights, bias }, vec![2 + i], ranges));
        }
        let svg = draw(&graph, "net");
        assert_eq!(svg.matches("box dense").count(), MAX_LAYERS - 1);
        assert!(svg.contains("462 more layers"), "{svg}");
    }

    #[test]
    fn trees_are_layers_too() {
        let graph = graph_of_trees(vec![stump(), stump()]);
        let layers = layers(&graph);
        assert_eq!((layers[0].what.as_str(), layers[0].parameters), ("2 trees", 6));
    }
}
