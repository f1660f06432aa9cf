//! How long planning takes for networks of one and four million parameters.
//!
//! `cargo run --release -p nilometer-transpiler --example plan_large`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::time::Instant;

use nilometer_transpiler::graph::{DType, Graph, Input, Node, Op, Output, OutputKind, Unary};
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};

/// Rows that the networks are calibrated on.
const ROWS: usize = 64;

struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn network(widths: &[usize], random: &mut Random) -> Graph {
    let mut nodes = vec![Node { name: "x".into(), op: Op::Input, inputs: vec![], len: widths[0] }];
    for (layer, pair) in widths.windows(2).enumerate() {
        let (cols, rows) = (pair[0], pair[1]);
        let size = (3.0 / cols as f64).sqrt();
        let weights = (0..rows * cols).map(|_| random.next() * size).collect();
        let op = Op::Dense { weights, bias: vec![0.0; rows] };
        let at = nodes.len() - 1;
        nodes.push(Node { name: format!("dense{layer}"), op, inputs: vec![at], len: rows });
        if layer + 2 < widths.len() {
            let op = Op::Unary(Unary::Relu);
            nodes.push(Node { name: format!("relu{layer}"), op, inputs: vec![at + 1], len: rows });
        }
    }
    let value = nodes.len() - 1;
    let kind = OutputKind::Numbers { classes: None };
    Graph {
        name: "large".into(),
        input: Input { name: "x".into(), len: widths[0], dtype: DType::F32, features: vec![] },
        nodes,
        outputs: vec![Output { name: "logits".into(), value, kind }],
    }
}

fn main() {
    println!("| network | parameters | plan | trials | result |");
    println!("|---|---:|---:|---:|---|");
    for widths in [&[784, 768, 512, 10][..], &[1024, 1536, 1536, 64, 10]] {
        let mut random = Random(7);
        let graph = network(widths, &mut random);
        let rows = (0..ROWS).map(|_| (0..widths[0]).map(|_| random.next()).collect()).collect();
        let started = Instant::now();
        let planned = plan(&graph, Some(&Calibration { rows }), &PlanOptions::default());
        let (trials, result) = match planned {
            Ok(plan) => {
                (plan.trials.len(), format!("{:?} bits", plan.recipe.precision().weight_bits))
            }
            Err(error) => (0, error.to_string()),
        };
        let parameters = graph.parameter_count();
        let time = started.elapsed().as_secs_f64();
        println!("| {widths:?} | {parameters} | {time:.1} s | {trials} | {result} |");
    }
}
