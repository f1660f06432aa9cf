//! What the runtime costs, pinned: VM steps of one more element, product, lane or level.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use starknet_types_core::felt::Felt;

use nilometer_tests::cairo_harness::Snippet;

/// The parts of a program whose cost grows with its input.
struct Subject {
    name: &'static str,
    /// Items before `main`.
    items: String,
    /// `main`'s body.
    body: &'static str,
    /// A short and a long input, and by how many units they differ.
    inputs: (Vec<Felt>, Vec<Felt>),
    units: usize,
}

/// `n` inputs of which every second one is negative.
fn mixed(n: usize) -> Vec<Felt> {
    (0..n as i128).map(|i| Felt::from(if i % 2 == 0 { i + 1 } else { -i - 1 })).collect()
}

/// An operation of `map` on 40 more elements.
fn mapped(name: &'static str, body: &'static str) -> Subject {
    let items = "
        use nilometer_runtime::scalar::{
            Abs, Clip, DivBy, Greater, LeakyRelu, Relu, Scale, Shift, Sqrt, Table, Truncate, arg_max,
            concat, gather, map, max, sum,
        };
        const SEGMENTS: [(felt252, felt252); 64] = [(3, 1000); 64];
    ";
    let items = format!("{items} fn unused(x: Span<felt252>, ref y: Array<felt252>) {{
        map(Abs {{}}, x, ref y); map(Clip {{ lo: 0, hi: 1 }}, x, ref y);
        map(DivBy {{ mul: 1, by: 1 }}, x, ref y); map(Greater {{ threshold: 1 }}, x, ref y);
        map(LeakyRelu {{ slope: 1, pow: 1 }}, x, ref y); map(Relu {{}}, x, ref y);
        map(Scale {{ mul: 1, add: 1 }}, x, ref y); map(Sqrt {{}}, x, ref y);
        map(Shift {{ pow: 2, add: 1, sub: 1 }}, x, ref y); map(Truncate {{ pow: 1 }}, x, ref y);
        map(Table {{ lo: 0, span: 1, step: 1, pow: 1, bias: 0, segments: SEGMENTS.span() }}, x, ref y);
        concat(x, ref y); gather(x, array![].span(), ref y); y.append(sum(x) + max(x) + arg_max(x, true));
    }}");
    Subject { name, items, body, inputs: (mixed(16), mixed(56)), units: 40 }
}

/// A dense layer of single-lane felts: `groups` groups over `n` inputs of the program's input.
fn dense(name: &'static str, function: &str, n: (usize, usize), groups: usize) -> Subject {
    let items = format!(
        "use nilometer_runtime::dense::{function};
        use nilometer_runtime::lanes::{{Layout, Offset}};
        fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            let layout: Layout<1, 0, Offset> = Layout {{ radix: 2, lane: Offset {{ offset: 0 }} }};
            let n: u32 = (*input[0]).try_into().unwrap();
            let (x, weights) = (input.slice(1, n), input.slice(1 + n, input.len() - 1 - n));
            {function}(x, weights, layout, ref output);
        }}"
    );
    let input = |n: usize| {
        let mut input = vec![Felt::from(n)];
        input.resize(1 + n + groups * (n + 1), Felt::ONE);
        input
    };
    Subject {
        name,
        items,
        body: "run(input, ref output);",
        inputs: (input(n.0), input(n.1)),
        units: (n.1 - n.0) * groups,
    }
}

/// Quads of no inputs, only biases of six lanes of which every second one is negative: what a
/// neuron takes beside its products, its share of the group's and the quad's work included.
fn lanes(name: &'static str, lane: &str) -> Subject {
    let ty = lane.split(' ').next().unwrap();
    let items = format!(
        "use nilometer_runtime::dense::quads;
        use nilometer_runtime::lanes::{{Layout, {ty}}};
        const LAYOUT: Layout<3, 3, {ty}> = Layout {{ radix: 0x10000000000, lane: {lane} }};"
    );
    let half: Felt = [5000, -5000, 70].iter().rev().fold(Felt::ZERO, |sum, value| {
        sum * Felt::from(1u64 << 40) + Felt::from((1i64 << 39) + value)
    });
    let packed = half + half * Felt::TWO.pow(128u32);
    Subject {
        name,
        items,
        body: "quads(array![].span(), input, LAYOUT, ref output);",
        inputs: (vec![packed; 4], vec![packed; 12]),
        units: 48,
    }
}

/// A chain of branches that keys of 5 follow alternately below and above.
fn tree(name: &'static str) -> Subject {
    let levels = 40;
    let nodes: Vec<_> = (0..levels)
        .map(|i| {
            let (bound, next, leaf) = (if i % 2 == 0 { 9 } else { 1 }, i + 1, levels + i % 2);
            let (below, above) = if i % 2 == 0 { (next, leaf) } else { (leaf, next) };
            format!("Node {{ feature: {}, bound: {bound}, below: {below}, above: {above} }}", i % 3)
        })
        .collect();
    let items = format!(
        "use nilometer_runtime::tree::{{Node, forest, keys}};
        const NODES: [Node; {levels}] = [{}];
        const LEAVES: [felt252; 2] = [1, 2];
        fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            let keys = keys(input.slice(0, 3), 0).span();
            let mut roots = array![];
            for root in input.slice(3, 8) {{ roots.append((*root).try_into().unwrap()); }};
            output.append(forest(keys, NODES.span(), roots.span(), LEAVES.span(), 0));
        }}",
        nodes.join(", ")
    );
    let input = |root: u8| [vec![Felt::from(5); 3], vec![Felt::from(root); 8]].concat();
    let inputs = (input(20), input(16));
    Subject { name, items, body: "run(input, ref output);", inputs, units: 32 }
}

/// An expression of `x`, in a loop over 20 more numbers: 1.5 and −0.7.
fn fixed(name: &'static str, expression: &str) -> Subject {
    let items = format!(
        "use nilometer_runtime::fixed::FixedTrait;
        fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            for x in input {{
                let x = FixedTrait::from_raw(*x);
                output.append(({expression}).raw());
            }}
        }}"
    );
    let input = |n: usize| [6_442_450_944i64, -3_006_477_107].map(Felt::from).repeat(n);
    let inputs = (input(2), input(12));
    Subject { name, items, body: "run(input, ref output);", inputs, units: 20 }
}

fn per_unit(subject: &Subject) -> f64 {
    let source = format!(
        "{} fn main(input: Span<felt252>, ref output: Array<felt252>) {{ {} }}",
        subject.items, subject.body
    );
    let snippet = Snippet::new(&source);
    let steps = |input: &[Felt]| snippet.try_run(input).unwrap().steps as f64;
    (steps(&subject.inputs.1) - steps(&subject.inputs.0)) / subject.units as f64
}

fn table(subjects: &[Subject]) -> String {
    let mut table = String::new();
    for subject in subjects {
        writeln!(table, "{:<36}{:>6.1}", subject.name, per_unit(subject)).unwrap();
    }
    table
}

#[test]
fn vectors() {
    insta::assert_snapshot!(table(&[
        mapped("concat", "concat(input, ref output);"),
        mapped("scale", "map(Scale { mul: 3, add: 4 }, input, ref output);"),
        mapped("relu", "map(Relu {}, input, ref output);"),
        mapped("leaky relu", "map(LeakyRelu { slope: 3, pow: 16 }, input, ref output);"),
        mapped("clip", "map(Clip { lo: -30, hi: 30 }, input, ref output);"),
        mapped("abs", "map(Abs {}, input, ref output);"),
        mapped("greater", "map(Greater { threshold: 0 }, input, ref output);"),
        mapped(
            "shift",
            "map(
                Shift {
                    pow: 16, add: 0x2000000000000000000000000000008, sub: 0x20000000000000000000000000000,
                },
                input, ref output,
            );"
        ),
        mapped("truncate", "map(Truncate { pow: 16 }, input, ref output);"),
        mapped("divide by one divisor", "map(DivBy { mul: 16, by: 3 }, input, ref output);"),
        mapped(
            "lookup",
            "map(
                Table { lo: -64, span: 127, step: 2, pow: 4, bias: 0, segments: SEGMENTS.span() },
                input, ref output,
            );"
        ),
        mapped("sum", "output.append(sum(input));"),
        mapped("max", "output.append(max(input));"),
        mapped("arg max", "output.append(arg_max(input, false));"),
    ]), @r"
    concat                                 3.5
    scale                                  5.8
    relu                                  12.4
    leaky relu                            12.6
    clip                                  17.2
    abs                                   12.4
    greater                               13.5
    shift                                 14.8
    truncate                              20.0
    divide by one divisor                 24.1
    lookup                                47.2
    sum                                    3.2
    max                                   18.0
    arg max                               22.0
    ");
}

#[test]
fn layers_and_trees() {
    insta::assert_snapshot!(table(&[
        dense("product, quads, 32 inputs", "quads", (64, 128), 4),
        dense("product, quads, 8 inputs", "quads", (8, 24), 4),
        dense("product, groups, 32 inputs", "groups", (64, 128), 1),
        dense("product, groups, 8 inputs", "groups", (8, 24), 1),
        lanes("neuron of six lanes, offset", "Offset { offset: 0x8000000000 }"),
        lanes("neuron of six lanes, rescale", "Rescale { pow: 16, offset: 0x800000000 }"),
        lanes("neuron of six lanes, rescale, relu", "RescaleRelu { pow: 16, offset: 0x8000000000 }"),
        tree("level of a tree"),
    ]), @r"
    product, quads, 32 inputs              3.4
    product, quads, 8 inputs               3.7
    product, groups, 32 inputs             4.5
    product, groups, 8 inputs              5.9
    neuron of six lanes, offset           13.2
    neuron of six lanes, rescale          20.4
    neuron of six lanes, rescale, relu    23.8
    level of a tree                       25.0
    ");
}

#[test]
fn fixed_point() {
    insta::assert_snapshot!(table(&[
        fixed("conversion in a loop", "x"),
        fixed("add", "x + x"),
        fixed("multiply", "x * x"),
        fixed("divide", "x / x"),
        fixed("floor", "x.floor()"),
        fixed("abs, sqrt", "x.abs().sqrt()"),
        fixed("exp", "x.exp()"),
        fixed("abs, ln", "x.abs().ln()"),
        fixed("sigmoid", "x.sigmoid()"),
        fixed("tanh", "x.tanh()"),
    ]), @r"
    conversion in a loop                  25.0
    add                                   31.0
    multiply                              41.0
    divide                                61.0
    floor                                 41.0
    abs, sqrt                             44.0
    exp                                  134.0
    abs, ln                              185.5
    sigmoid                              158.0
    tanh                                 159.0
    ");
}
