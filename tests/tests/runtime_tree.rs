//! `nilometer_runtime::tree` in the VM against trees walked in Rust.

#![allow(clippy::unwrap_used)]

use nilometer_tests::cairo_harness::{Rng, Snippet};

const MISSING: u128 = 0;

/// A tree: what a node leads to.
enum Tree {
    Leaf(Vec<i128>),
    Branch { feature: usize, bound: u128, missing_fails: bool, below: Box<Tree>, above: Box<Tree> },
}

impl Tree {
    /// A tree of up to `depth` levels whose leaves hold `width` values.
    fn random(rng: &mut Rng, depth: u32, features: usize, width: usize) -> Self {
        if depth == 0 || rng.between(0, 7) == 0 {
            return Self::Leaf((0..width).map(|_| rng.between(-50, 50)).collect());
        }
        Self::Branch {
            feature: rng.between(0, features as i128 - 1) as usize,
            bound: key(rng),
            missing_fails: rng.between(0, 1) == 1,
            below: Box::new(Self::random(rng, depth - 1, features, width)),
            above: Box::new(Self::random(rng, depth - 1, features, width)),
        }
    }

    fn leaf(&self, keys: &[u128], missing: Option<u128>) -> &[i128] {
        match self {
            Self::Leaf(values) => values,
            Self::Branch { feature, bound, missing_fails, below, above } => {
                let key = keys[*feature];
                let holds = key <= *bound && !(*missing_fails && Some(key) == missing);
                if holds { below } else { above }.leaf(keys, missing)
            }
        }
    }
}

/// A key or a bound; half of them are among the few smallest.
fn key(rng: &mut Rng) -> u128 {
    match rng.between(0, 3) {
        0 | 1 => rng.between(0, 4) as u128,
        2 => u128::from(rng.bits()),
        _ => u128::MAX - 1 - rng.between(0, 1) as u128 * u128::from(rng.bits()),
    }
}

/// The tables of whole trees, as the module's documentation lays them out.
#[derive(Default)]
struct Tables {
    nodes: Vec<(usize, u128, usize, usize)>,
    leaves: Vec<Vec<i128>>,
    roots: Vec<usize>,
}

/// A child before the number of branches is known.
enum Child {
    Branch(usize),
    Leaf(usize),
}

impl Tables {
    /// `doubled`: missing values by doubled keys of this many features.
    fn new(trees: &[Tree], doubled: Option<usize>) -> Self {
        let mut tables = Self::default();
        let mut children: Vec<(Child, Child)> = Vec::new();
        let roots: Vec<_> =
            trees.iter().map(|tree| tables.add(tree, doubled, &mut children)).collect();
        let n = tables.nodes.len();
        let number = |child: &Child| match child {
            Child::Branch(index) => *index,
            Child::Leaf(index) => n + index,
        };
        for (node, (below, above)) in tables.nodes.iter_mut().zip(&children) {
            (node.2, node.3) = (number(below), number(above));
        }
        tables.roots = roots.iter().map(number).collect();
        tables
    }

    fn add(
        &mut self,
        tree: &Tree,
        doubled: Option<usize>,
        children: &mut Vec<(Child, Child)>,
    ) -> Child {
        match tree {
            Tree::Leaf(values) => {
                let known = self.leaves.iter().position(|leaf| leaf == values);
                Child::Leaf(known.unwrap_or_else(|| {
                    self.leaves.push(values.clone());
                    self.leaves.len() - 1
                }))
            }
            Tree::Branch { feature, bound, missing_fails, below, above } => {
                let index = self.nodes.len();
                let shift = doubled.filter(|_| *missing_fails).unwrap_or(0);
                self.nodes.push((feature + shift, *bound, 0, 0));
                children.push((Child::Leaf(0), Child::Leaf(0)));
                let pair = (self.add(below, doubled, children), self.add(above, doubled, children));
                children[index] = pair;
                Child::Branch(index)
            }
        }
    }

    /// Constants `NODES_s`, `ROOTS_s`, `LEAVES_s`; a leaf is written by `leaf`.
    fn constants(&self, suffix: &str, ty: &str, leaf: &dyn Fn(&[i128]) -> String) -> String {
        let nodes = self.nodes.iter().map(|(feature, bound, below, above)| {
            format!("Node {{ feature: {feature}, bound: {bound}, below: {below}, above: {above} }}")
        });
        let array = |name: &str, ty: &str, items: Vec<String>| {
            let n = items.len();
            format!("const {name}_{suffix}: [{ty}; {n}] = [{}];", items.join(", "))
        };
        [
            array("NODES", "Node", nodes.collect()),
            array("ROOTS", "u32", self.roots.iter().map(ToString::to_string).collect()),
            array("LEAVES", ty, self.leaves.iter().map(|values| leaf(values)).collect()),
        ]
        .concat()
    }
}

fn random_keys(rng: &mut Rng, features: usize) -> Vec<u128> {
    (0..features).map(|_| key(rng)).collect()
}

/// Keys as inputs: `u128` does not fit `i128`, so each is two halves.
fn halves(keys: &[u128]) -> Vec<i128> {
    keys.iter()
        .flat_map(|key| [(key >> 64) as i128, (key & u128::from(u64::MAX)) as i128])
        .collect()
}

const READ_KEYS: &str = "
    fn read(mut input: Span<felt252>) -> Array<u128> {
        let mut words: Array<felt252> = array![];
        while let Option::Some(pair) = input.multi_pop_front::<2>() {
            let [high, low] = (*pair).unbox();
            words.append(high * 0x10000000000000000 + low);
        };
        tree::keys(words.span(), 0)
    }
";

#[test]
fn forests_of_packed_votes() {
    let mut rng = Rng::new(31);
    for (count, depth, features, width) in
        [(1, 0, 1, 1), (3, 1, 2, 1), (12, 7, 5, 3), (40, 9, 20, 3)]
    {
        let trees: Vec<_> =
            (0..count).map(|_| Tree::random(&mut rng, depth, features, width)).collect();
        // Two tables, and lanes of 2^20 with an offset that the first total brings.
        let (first, second) = trees.split_at(count / 2);
        let pack = |values: &[i128]| {
            values.iter().rev().fold(0i128, |sum, value| (sum << 20) + value).to_string()
        };
        let base: Vec<i128> = (0..width).map(|target| (1 << 19) + target as i128).collect();
        let source = format!(
            "use nilometer_runtime::{{lanes, tree}};
            use nilometer_runtime::tree::Node;
            {}{}{READ_KEYS}
            fn main(input: Span<felt252>, ref output: Array<felt252>) {{
                let keys = read(input).span();
                let total = {};
                let total =
                    tree::forest(keys, NODES_A.span(), ROOTS_A.span(), LEAVES_A.span(), total);
                let total =
                    tree::forest(keys, NODES_B.span(), ROOTS_B.span(), LEAVES_B.span(), total);
                let lane = lanes::Offset {{ offset: 0x80000 }};
                let layout: lanes::Layout<{width}, 0, lanes::Offset> =
                    lanes::Layout {{ radix: 0x100000, lane }};
                lanes::split(total, layout, ref output);
            }}",
            Tables::new(first, None).constants("A", "felt252", &pack),
            Tables::new(second, None).constants("B", "felt252", &pack),
            pack(&base),
        );
        let snippet = Snippet::new(&source);
        for _ in 0..20 {
            let keys = random_keys(&mut rng, features);
            let expected: Vec<i128> = (0..width)
                .map(|target| {
                    let votes = trees.iter().map(|tree| tree.leaf(&keys, None)[target]);
                    votes.sum::<i128>() + target as i128
                })
                .collect();
            assert_eq!(snippet.integers(&halves(&keys)), expected, "{keys:?}");
        }
    }
}

#[test]
fn missing_values_pass_or_fail_by_branch() {
    let mut rng = Rng::new(32);
    let features = 6;
    let trees: Vec<_> = (0..25).map(|_| Tree::random(&mut rng, 6, features, 1)).collect();
    let tables = Tables::new(&trees, Some(features));
    let source = format!(
        "use nilometer_runtime::tree;
        use nilometer_runtime::tree::Node;
        {}{READ_KEYS}
        fn main(input: Span<felt252>, ref output: Array<felt252>) {{
            let keys = tree::with_missing(read(input).span(), {MISSING});
            let total =
                tree::forest(keys.span(), NODES_A.span(), ROOTS_A.span(), LEAVES_A.span(), 0);
            output.append(total);
        }}",
        tables.constants("A", "felt252", &|values| values[0].to_string()),
    );
    let snippet = Snippet::new(&source);
    let mut missing = 0;
    for _ in 0..60 {
        let keys = random_keys(&mut rng, features);
        missing += keys.iter().filter(|key| **key == MISSING).count();
        let total: i128 = trees.iter().map(|tree| tree.leaf(&keys, Some(MISSING))[0]).sum();
        assert_eq!(snippet.integers(&halves(&keys)), [total], "{keys:?}");
    }
    assert!(missing > 20, "some keys are missing");
}

#[test]
fn several_felts_a_leaf_and_other_aggregates() {
    let mut rng = Rng::new(33);
    let features = 4;
    let trees: Vec<_> = (0..15).map(|_| Tree::random(&mut rng, 5, features, 4)).collect();
    let tables = Tables::new(&trees, None);
    let list = |values: &[i128], wrap: &dyn Fn(&i128) -> String| {
        format!("[{}]", values.iter().map(wrap).collect::<Vec<_>>().join(", "))
    };
    let in_struct =
        |name: &str, values: &[i128]| list(values, &|value| format!("{name} {{ value: {value} }}"));
    let source = format!(
        "use nilometer_runtime::tree;
        use nilometer_runtime::tree::{{Least, Most, Node}};
        {}
        {}
        {}{READ_KEYS}
        fn main(input: Span<felt252>, ref output: Array<felt252>) {{
            let keys = read(input).span();
            let sums = tree::forest(
                keys, NODES_A.span(), ROOTS_A.span(), LEAVES_A.span(), [0, 10, 20, 30],
            );
            for sum in sums.span() {{ output.append(*sum); }};
            let large = Least {{ value: 1000 }};
            let least = tree::forest(
                keys, NODES_B.span(), ROOTS_B.span(), LEAVES_B.span(), [large, large],
            );
            for least in least.span() {{ output.append(*least.value); }};
            let small = Most {{ value: -1000 }};
            let most = tree::forest(
                keys, NODES_C.span(), ROOTS_C.span(), LEAVES_C.span(), [small, small, small],
            );
            for most in most.span() {{ output.append(*most.value); }};
        }}",
        tables.constants("A", "[felt252; 4]", &|values| list(values, &ToString::to_string)),
        tables.constants("B", "[Least; 2]", &|values| in_struct("Least", &values[..2])),
        tables.constants("C", "[Most; 3]", &|values| in_struct("Most", &values[..3])),
    );
    let snippet = Snippet::new(&source);
    for _ in 0..20 {
        let keys = random_keys(&mut rng, features);
        let column = |target: usize| -> Vec<i128> {
            trees.iter().map(|tree| tree.leaf(&keys, None)[target]).collect()
        };
        let mut expected: Vec<i128> = (0..4)
            .map(|target| column(target).iter().sum::<i128>() + 10 * target as i128)
            .collect();
        expected.extend((0..2).map(|target| column(target).into_iter().min().unwrap()));
        expected.extend((0..3).map(|target| column(target).into_iter().max().unwrap()));
        assert_eq!(snippet.integers(&halves(&keys)), expected);
    }
}

#[test]
fn tables_that_lead_nowhere_are_refused() {
    let source = "
        use nilometer_runtime::tree;
        use nilometer_runtime::tree::Node;
        const NODES: [Node; 3] = [
            Node { feature: 0, bound: 5, below: 1, above: 2 },
            Node { feature: 1, bound: 5, below: 3, above: 4 },
            Node { feature: 0, bound: 9, below: 3, above: 5 },
        ];
        const LEAVES: [felt252; 2] = [10, 20];
        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            let keys = tree::keys(input, 100).span();
            output.append(tree::walk(keys, NODES.span(), 0).into());
            output.append(
                tree::forest(keys, NODES.span(), array![0, 4].span(), LEAVES.span(), 7),
            );
        }
    ";
    let snippet = Snippet::new(source);
    assert_eq!(snippet.integers(&[-95, -95]), [3, 37]);
    assert_eq!(snippet.integers(&[-95, -94]), [4, 47]);
    assert_eq!(snippet.integers(&[-91, -94]), [3, 37]);
    // Leaf 2, then feature 1 of 1, do not exist.
    assert_eq!(snippet.panic(&[-90, 0]), "tree: bad node");
    assert_eq!(snippet.panic(&[-95]), "tree: bad node");
    assert_eq!(snippet.panic(&[-101, 0]), "tree: bad key");
}
