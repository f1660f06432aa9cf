//! `nilometer_runtime::lanes` and `::dense` in the VM against plain integer arithmetic.

#![allow(clippy::unwrap_used)]

use num_bigint::BigInt;
use starknet_types_core::felt::Felt;

use nilometer_tests::cairo_harness::{felts, Rng, Snippet};

/// How felts are packed.
#[derive(Clone, Copy)]
struct Packing {
    low: usize,
    high: usize,
    radix: u128,
}

impl Packing {
    fn lanes(&self) -> usize {
        self.low + self.high
    }

    /// The felt whose lanes are `lanes`, of any sign; missing ones are 0.
    fn pack(&self, lanes: &[i128]) -> Felt {
        let half = |lanes: &[i128]| {
            lanes.iter().rev().fold(BigInt::ZERO, |sum, lane| sum * self.radix + lane)
        };
        let (low, high) = lanes.split_at(self.low.min(lanes.len()));
        Felt::from(half(low) + (half(high) << 128))
    }
}

#[test]
fn every_split_gives_the_lanes_back() {
    // The widest radix of each number of lanes: M^low ≤ 2^128, M^high ≤ 2^123.
    let root = |bits: u32, n: u32| if n == 1 { 1 << 120 } else { 1u128 << (bits / n) };
    let mut packings = Vec::new();
    for low in 1..=8u32 {
        for high in 0..=8u32 {
            let radix = root(128, low).min(root(123, high.max(1)));
            packings.push(Packing { low: low as usize, high: high as usize, radix });
            let odd = Packing { low: low as usize, high: high as usize, radix: radix - 1 };
            packings.push(odd);
        }
    }
    // Programs of a few layouts each, to bound the compiler's memory.
    for (part, packings) in packings.chunks(24).enumerate() {
        let splits: Vec<_> = packings
            .iter()
            .map(|Packing { low, high, radix }| {
                format!(
                    "let layout: Layout<{low}, {high}, Offset> =
                        Layout {{ radix: {radix}, lane: Offset {{ offset: 7 }} }};
                    lanes::split(*input[at], layout, ref output);
                    at += 1;"
                )
            })
            .collect();
        let source = format!(
            "use nilometer_runtime::lanes;
            use nilometer_runtime::lanes::{{Layout, Offset}};
            fn main(input: Span<felt252>, ref output: Array<felt252>) {{
                let mut at = 0;
                while at < input.len() {{ {} }}
            }}",
            splits.concat()
        );
        let snippet = Snippet::new(&source);
        let mut rng = Rng::new(part as u64);
        let (mut input, mut expected) = (Vec::new(), Vec::new());
        for round in 0..20 {
            for packing in packings {
                let top = packing.radix as i128 - 1;
                let lanes: Vec<i128> = (0..packing.lanes())
                    .map(|lane| match round {
                        0 => 0,
                        1 => top,
                        2 => i128::from(lane % 2 == 0) * top,
                        3 => i128::from(lane < packing.low) * top,
                        4 => i128::from(lane == packing.lanes() - 1),
                        _ => rng.between(0, top),
                    })
                    .collect();
                input.push(packing.pack(&lanes));
                expected.extend(lanes.iter().map(|lane| lane - 7));
            }
        }
        assert_eq!(snippet.felts(&input), felts(&expected));
    }
}

#[test]
fn a_felt_of_one_word_is_checked() {
    let source = "
        use nilometer_runtime::lanes;
        use nilometer_runtime::lanes::{Layout, Offset};
        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            let layout: Layout<2, 0, Offset> =
                Layout { radix: 0x10000000000000000, lane: Offset { offset: 0 } };
            lanes::split(*input[0] * 0x10000000000000000, layout, ref output);
        }
    ";
    let snippet = Snippet::new(source);
    assert_eq!(snippet.integers(&[5]), [0, 5]);
    assert_eq!(snippet.panic(&[1 << 64]), "lanes: overflow");
    assert_eq!(snippet.panic(&[-1]), "lanes: overflow");
}

#[test]
fn packing_is_what_splits() {
    let source = "
        use nilometer_runtime::lanes;
        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            let n: u32 = (*input[0]).try_into().unwrap();
            let (low, high) = (input.slice(1, n), input.slice(1 + n, input.len() - 1 - n));
            output.append(lanes::pack(low, high, 0x10001));
        }
    ";
    let snippet = Snippet::new(source);
    let mut rng = Rng::new(12);
    for (low, high) in [(1, 0), (2, 1), (7, 7), (3, 0), (0, 2)] {
        let lanes = rng.many(low + high, 16);
        let input = [vec![low as i128], lanes.clone()].concat();
        let packing = Packing { low, high, radix: 0x10001 };
        assert_eq!(snippet.felts(&felts(&input)), [packing.pack(&lanes)]);
    }
}

/// What becomes of an accumulator.
#[derive(Clone, Copy)]
enum Activation {
    Exact,
    Rescaled(u32),
    Relu(u32),
}

/// A layer and its constants.
struct Layer {
    inputs: usize,
    weights: Vec<Vec<i128>>,
    bias: Vec<i128>,
    packing: Packing,
    activation: Activation,
    /// A multiple of every power of two that rescales.
    offset: i128,
}

impl Layer {
    fn random(
        rng: &mut Rng,
        inputs: usize,
        rows: usize,
        packing: Packing,
        activation: Activation,
    ) -> Self {
        let weights =
            (0..rows).map(|_| (0..inputs).map(|_| rng.between(-127, 127)).collect()).collect();
        let bias = (0..rows).map(|_| rng.between(-20_000, 20_000)).collect();
        let offset = packing.radix as i128 / 2;
        Self { inputs, weights, bias, packing, activation, offset }
    }

    fn half(&self) -> i128 {
        match self.activation {
            Activation::Exact => 0,
            Activation::Rescaled(bits) | Activation::Relu(bits) => (1 << bits) >> 1,
        }
    }

    /// The weight streams for `quads` and `groups`, as the module's documentation lays them out.
    fn streams(&self) -> (Vec<Felt>, Vec<Felt>) {
        let rows: Vec<usize> = (0..self.weights.len()).collect();
        let groups: Vec<_> = rows.chunks(self.packing.lanes()).collect();
        let weight = |group: &[usize], j: usize| {
            let lanes: Vec<_> = group.iter().map(|&row| self.weights[row][j]).collect();
            self.packing.pack(&lanes)
        };
        let bias = |group: &[usize]| {
            let lanes = group.iter().map(|&row| self.bias[row] + self.offset + self.half());
            let unused = self.packing.lanes() - group.len();
            let lanes: Vec<_> = lanes.chain(std::iter::repeat_n(self.offset, unused)).collect();
            self.packing.pack(&lanes)
        };
        let split = self.inputs / 32 * 32;
        let mut chunks: Vec<_> = (0..split).step_by(32).map(|at| at..at + 32).collect();
        chunks.extend((split..self.inputs).step_by(8).map(|at| at..at + 8));

        let (quads, rest) = groups.split_at(groups.len() / 4 * 4);
        let mut quad_stream = Vec::new();
        for quad in quads.chunks(4) {
            quad_stream.extend(quad.iter().map(|group| bias(group)));
            for chunk in &chunks {
                for group in quad {
                    quad_stream.extend(chunk.clone().map(|j| weight(group, j)));
                }
            }
        }
        let mut group_stream = Vec::new();
        for group in rest {
            group_stream.push(bias(group));
            group_stream.extend((0..self.inputs).map(|j| weight(group, j)));
        }
        (quad_stream, group_stream)
    }

    fn layout(&self) -> String {
        let Packing { low, high, radix } = self.packing;
        let offset = self.offset;
        let (name, fields) = match self.activation {
            Activation::Exact => ("Offset", format!("offset: {offset}")),
            Activation::Rescaled(bits) => {
                ("Rescale", format!("pow: {}, offset: {}", 1u128 << bits, offset >> bits))
            }
            Activation::Relu(bits) => {
                ("RescaleRelu", format!("pow: {}, offset: {offset}", 1u128 << bits))
            }
        };
        format!(
            "const LAYOUT: lanes::Layout<{low}, {high}, lanes::{name}> =
                lanes::Layout {{ radix: {radix}, lane: lanes::{name} {{ {fields} }} }};"
        )
    }

    fn source(&self) -> String {
        let (quads, groups) = self.streams();
        let array = |name: &str, felts: &[Felt]| {
            let text: Vec<_> = felts.iter().map(ToString::to_string).collect();
            format!("const {name}: [felt252; {}] = [{}];", felts.len(), text.join(", "))
        };
        // Two pieces of quads where there are two quads: streams are cut between quads.
        let quad = 4 * (self.inputs + 1);
        let (mut constants, mut calls) = (String::new(), String::new());
        for (i, piece) in quads.chunks(quad.max(quads.len() / quad / 2 * quad)).enumerate() {
            constants += &array(&format!("QUADS_{i}"), piece);
            calls += &format!("dense::quads(input, QUADS_{i}.span(), LAYOUT, ref output);");
        }
        if !groups.is_empty() {
            constants += &array("GROUPS", &groups);
            calls += "dense::groups(input, GROUPS.span(), LAYOUT, ref output);";
        }
        format!(
            "use nilometer_runtime::{{dense, lanes}};
            {}
            {constants}
            fn main(input: Span<felt252>, ref output: Array<felt252>) {{ {calls} }}",
            self.layout()
        )
    }

    fn reference(&self, x: &[i128]) -> Vec<i128> {
        let activate = |sum: i128| match self.activation {
            Activation::Exact => sum,
            Activation::Rescaled(bits) => (sum + self.half()) >> bits,
            Activation::Relu(bits) => ((sum + self.half()) >> bits).max(0),
        };
        let row = |(weights, bias): (&Vec<i128>, &i128)| {
            activate(weights.iter().zip(x).map(|(w, x)| w * x).sum::<i128>() + bias)
        };
        let mut y: Vec<_> = self.weights.iter().zip(&self.bias).map(row).collect();
        // Lanes without a row hold the offset alone.
        y.resize(y.len().next_multiple_of(self.packing.lanes()), 0);
        y
    }
}

#[test]
fn dense_layers() {
    let three = Packing { low: 3, high: 3, radix: 1 << 40 };
    let four = Packing { low: 4, high: 3, radix: 1 << 32 };
    let one = Packing { low: 1, high: 0, radix: 1 << 60 };
    let shapes = [
        (8, 5, one, Activation::Relu(7)),
        (8, 31, four, Activation::Exact),
        (24, 24, three, Activation::Relu(10)),
        (32, 25, three, Activation::Rescaled(9)),
        (40, 60, four, Activation::Relu(12)),
        (64, 48, three, Activation::Relu(1)),
        (104, 7, three, Activation::Rescaled(20)),
    ];
    let mut rng = Rng::new(11);
    for (inputs, rows, packing, activation) in shapes {
        let layer = Layer::random(&mut rng, inputs, rows, packing, activation);
        let snippet = Snippet::new(&layer.source());
        for round in 0..6 {
            let x: Vec<i128> = (0..inputs)
                .map(|_| match round {
                    0 => 0,
                    1 => 4095,
                    2 => -4095,
                    _ => rng.between(-4095, 4095),
                })
                .collect();
            assert_eq!(snippet.integers(&x), layer.reference(&x), "{inputs} inputs, {rows} rows");
        }
    }
}

#[test]
fn dense_refuses_streams_that_do_not_fit() {
    let source = "
        use nilometer_runtime::dense;
        use nilometer_runtime::lanes::{Layout, Offset};
        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            let layout: Layout<1, 0, Offset> = Layout { radix: 2, lane: Offset { offset: 0 } };
            let n: u32 = (*input[0]).try_into().unwrap();
            let (x, weights) = (input.slice(2, n), input.slice(2 + n, input.len() - 2 - n));
            if *input[1] == 0 {
                dense::groups(x, weights, layout, ref output);
            } else {
                dense::quads(x, weights, layout, ref output);
            }
        }
    ";
    let snippet = Snippet::new(source);
    let input = |n: usize, quads: i128, weights: usize| {
        let mut input = vec![n as i128, quads];
        input.resize(2 + n + weights, 1);
        input
    };
    assert_eq!(snippet.integers(&input(8, 0, 9)), [9]);
    assert_eq!(snippet.integers(&input(8, 0, 18)), [9, 9]);
    assert_eq!(snippet.integers(&input(40, 1, 4 * 41)), [41; 4]);
    assert!(snippet.integers(&input(40, 1, 0)).is_empty());
    for (n, quads, weights) in
        [(8, 0, 8), (8, 0, 17), (32, 0, 32), (8, 1, 35), (8, 1, 37), (32, 1, 131)]
    {
        assert_eq!(snippet.panic(&input(n, quads, weights)), "dense: bad weights", "{n} {weights}");
    }
    for (n, quads) in [(7, 0), (9, 0), (33, 0), (7, 1), (36, 1)] {
        let weights = if quads == 0 { n + 1 } else { 4 * (n + 1) };
        assert_eq!(snippet.panic(&input(n, quads, weights)), "dense: bad padding", "{n}");
    }
}
