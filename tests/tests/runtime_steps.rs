//! What the runtime costs, pinned: VM steps of one more element, product, lane or level.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use starknet_types_core::felt::Felt;

use nilometer_tests::cairo_harness::Snippet;

/// Something whose cost grows with its input.
struct Subject {
    name: &'static str,
    /// A module's items; its `run` has the parameters of `main`.
    items: String,
    /// A short and a long input, and by how many units they differ.
    inputs: (Vec<Felt>, Vec<Felt>),
    units: usize,
}

/// `n` inputs of which every second one is negative.
fn mixed(n: usize) -> Vec<Felt> {
    (0..n as i128).map(|i| Felt::from(if i % 2 == 0 { i + 1 } else { -i - 1 })).collect()
}

/// A call on 40 more elements; `rt` is the runtime.
fn mapped(name: &'static str, call: &str) -> Subject {
    let items = format!(
        "const SEGMENTS: [(felt252, felt252); 64] = [(3, 1000); 64];
        pub fn run(input: Span<felt252>, ref output: Array<felt252>) {{ {} }}",
        call.replace("rt::", "nilometer_runtime::")
    );
    Subject { name, items, inputs: (mixed(16), mixed(56)), units: 40 }
}

/// A dense layer of single-lane felts: `groups` groups over `n` inputs of the program's input.
fn dense(name: &'static str, function: &str, n: (usize, usize), groups: usize) -> Subject {
    let items = format!(
        "use nilometer_runtime::dense::{function};
        use nilometer_runtime::lanes::{{Layout, Offset}};
        pub fn run(input: Span<felt252>, ref output: Array<felt252>) {{
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
    Subject { name, items, inputs: (input(n.0), input(n.1)), units: (n.1 - n.0) * groups }
}

/// Quads of no inputs, only biases of six lanes of which every second one is negative: what a
/// neuron takes beside its products, its share of the group's and the quad's work included.
fn lanes(name: &'static str, lane: &str) -> Subject {
    let ty = lane.split(' ').next().unwrap();
    let items = format!(
        "use nilometer_runtime::dense::quads;
        use nilometer_runtime::lanes::{{Layout, {ty}}};
        const LAYOUT: Layout<3, 3, {ty}> = Layout {{ radix: 0x10000000000, lane: {lane} }};
        pub fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            quads(array![].span(), input, LAYOUT, ref output);
        }}"
    );
    let half: Felt = [5000, -5000, 70].iter().rev().fold(Felt::ZERO, |sum, value| {
        sum * Felt::from(1u64 << 40) + Felt::from((1i64 << 39) + value)
    });
    let packed = half + half * Felt::TWO.pow(128u32);
    Subject { name, items, inputs: (vec![packed; 4], vec![packed; 12]), units: 48 }
}

/// Eight trees in a chain of branches that keys of 5 follow alternately below and above, from roots
/// `from` and, for the longer run, `to`.
fn tree(name: &'static str, from: (u8, usize), to: (u8, usize), units: usize) -> Subject {
    let levels = 40;
    let nodes: Vec<_> = (0..levels)
        .map(|i| {
            let (bound, next, leaf) = (if i % 2 == 0 { 9 } else { 1 }, i + 1, levels + i % 2);
            let (below, above) = if i % 2 == 0 { (next, leaf) } else { (leaf, next) };
            format!("Node {{ feature: {}, bound: {bound}, below: {below}, above: {above} }}", i % 3)
        })
        .collect();
    let items = format!(
        "use nilometer_runtime::tree::{{Node, forest}};
        const NODES: [Node; {levels}] = [{}];
        const LEAVES: [felt252; 2] = [1, 2];
        const FEW: [u32; {}] = [{}; {}];
        const MORE: [u32; {}] = [{}; {}];
        pub fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            let roots = if *input[0] == 0 {{ FEW.span() }} else {{ MORE.span() }};
            let keys = array![5, 5, 5].span();
            output.append(forest(keys, NODES.span(), roots, LEAVES.span(), 0));
        }}",
        nodes.join(", "),
        from.1,
        from.0,
        from.1,
        to.1,
        to.0,
        to.1,
    );
    let inputs = (vec![Felt::ZERO], vec![Felt::ONE]);
    Subject { name, items, inputs, units }
}

/// An expression of `x`, in a loop over 20 more numbers: 1.5 and −0.7.
fn fixed(name: &'static str, expression: &str) -> Subject {
    let items = format!(
        "use nilometer_runtime::fixed::FixedTrait;
        pub fn run(input: Span<felt252>, ref output: Array<felt252>) {{
            for x in input {{
                let x = FixedTrait::from_raw(*x);
                output.append(({expression}).raw());
            }}
        }}"
    );
    let input = |n: usize| [6_442_450_944i64, -3_006_477_107].map(Felt::from).repeat(n);
    let inputs = (input(2), input(12));
    Subject { name, items, inputs, units: 20 }
}

/// Steps of one more unit of each subject. One program for all: compiling is what takes time.
fn table(subjects: &[Subject]) -> String {
    let modules: Vec<_> = (0..)
        .zip(subjects)
        .map(|(case, subject)| format!("mod case_{case} {{ {} }}", subject.items))
        .collect();
    let arms: Vec<_> = (0..subjects.len())
        .map(|case| format!("if *case == {case} {{ case_{case}::run(input, ref output); }}"))
        .collect();
    let snippet = Snippet::new(&format!(
        "{} fn main(mut input: Span<felt252>, ref output: Array<felt252>) {{
            let case = input.pop_front().unwrap(); {}
        }}",
        modules.concat(),
        arms.concat()
    ));
    let steps = |case: usize, input: &[Felt]| {
        let input = [&[Felt::from(case)], input].concat();
        snippet.try_run(&input).unwrap().steps as f64
    };
    let mut table = String::new();
    for (case, subject) in subjects.iter().enumerate() {
        let more = steps(case, &subject.inputs.1) - steps(case, &subject.inputs.0);
        writeln!(table, "{:<36}{:>6.1}", subject.name, more / subject.units as f64).unwrap();
    }
    table
}

#[test]
fn vectors() {
    let table_of = |lo: i32| {
        format!(
            "rt::scalar::Table {{
                lo: {lo}, span: 127, step: 2, pow: 4, bias: 0, segments: SEGMENTS.span(),
            }}"
        )
    };
    let map =
        |operation: &str| format!("rt::scalar::map(rt::scalar::{operation}, input, ref output);");
    let shift = "Shift {
        pow: 16, add: 0x2000000000000000000000000000008, sub: 0x20000000000000000000000000000,
    }";
    insta::assert_snapshot!(table(&[
        mapped("concat", "rt::scalar::concat(input, ref output);"),
        mapped("scale", &map("Scale { mul: 3, add: 4 }")),
        mapped("relu", &map("Relu {}")),
        mapped("leaky relu", &map("LeakyRelu { slope: 3, pow: 16 }")),
        mapped("clip", &map("Clip { lo: -30, hi: 30 }")),
        mapped("abs", &map("Abs {}")),
        mapped("greater", &map("Greater { threshold: 0 }")),
        mapped("shift", &map(shift)),
        mapped("truncate", &map("Truncate { pow: 16 }")),
        mapped("divide by one divisor", &map("DivBy { mul: 16, by: 3 }")),
        mapped("lookup", &format!("rt::scalar::map({}, input, ref output);", table_of(-64))),
        mapped("add", "rt::scalar::zip(rt::scalar::Add {}, input, input, ref output);"),
        mapped(
            "gather",
            "let indices = if input.len() == 16 { [5_u32; 16].span() } else { [5_u32; 56].span() };
            rt::scalar::gather(input, indices, ref output);",
        ),
        mapped("sum", "output.append(rt::scalar::sum(input));"),
        mapped("max", "output.append(rt::scalar::max(input));"),
        mapped("arg max", "output.append(rt::scalar::arg_max(input, false));"),
        mapped(
            "softmax",
            &format!(
                "let exp = {};
                rt::decide::softmax(
                    input, rt::decide::Softmax {{ exp, least: 1, one: 0x10000 }}, ref output,
                );",
                table_of(-127)
            )
        ),
        mapped("key", "output.append(rt::tree::keys(input, 1000).len().into());"),
        mapped(
            "key that may be missing",
            "let keys = rt::tree::keys(input, 1000);
            output.append(rt::tree::with_missing(keys.span(), 3).len().into());"
        ),
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
    add                                    8.5
    gather                                22.0
    sum                                    3.2
    max                                   18.0
    arg max                               22.0
    softmax                               97.9
    key                                    6.5
    key that may be missing               17.8
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
        tree("level of a tree", (20, 8), (16, 8), 32),
        tree("tree of no level", (40, 8), (40, 16), 8),
    ]), @r"
    product, quads, 32 inputs              3.4
    product, quads, 8 inputs               3.7
    product, groups, 32 inputs             4.5
    product, groups, 8 inputs              5.9
    neuron of six lanes, offset           13.2
    neuron of six lanes, rescale          20.4
    neuron of six lanes, rescale, relu    23.8
    level of a tree                       25.0
    tree of no level                      44.9
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
