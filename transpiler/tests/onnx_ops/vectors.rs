//! Support vector machines, nearest neighbours, and what is looked up by a computed index.

use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::onnx::pb::attribute_proto::AttributeType;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::{AttributeProto, GraphProto};
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;

use crate::support::*;

fn rows(count: u64, len: usize) -> Vec<Vec<f64>> {
    (0..count).map(|i| noises(i, len).into_iter().map(f64::from).collect()).collect()
}

fn planned(graph: &Graph, rows: &[Vec<f64>]) -> QuantGraph {
    let calibration = Calibration { rows: rows.to_vec() };
    plan(graph, Some(&calibration), &PlanOptions::default()).unwrap().graph
}

const VECTORS: [f32; 10] = [0.5, -1.0, 1.5, 0.25, -0.75, 1.0, 0.0, -2.0, 1.0, 1.0];

fn kernel(kind: &str, x: &[f64], s: &[f32]) -> f64 {
    let dot: f64 = x.iter().zip(s).map(|(x, &s)| x * f64::from(s)).sum();
    let distance: f64 = x.iter().zip(s).map(|(x, &s)| (x - f64::from(s)).powi(2)).sum();
    match kind {
        "LINEAR" => dot,
        "POLY" => (0.5 * dot + 0.25).powi(3),
        "RBF" => (-0.5 * distance).exp(),
        _ => (0.5 * dot + 0.25).tanh(),
    }
}

fn machine(kind: &str, more: Vec<AttributeProto>) -> Vec<AttributeProto> {
    let parameters = float_list("kernel_params", &[0.5, 0.25, 3.0]);
    let vectors = float_list("support_vectors", &VECTORS);
    [vec![text("kernel_type", kind), parameters, vectors], more].concat()
}

#[test]
fn regressors_of_every_kernel() {
    let coefficients = [1.0, -0.5, 0.75, 2.0, -1.25];
    for kind in ["LINEAR", "POLY", "RBF", "SIGMOID"] {
        let regressor = |one_class| {
            let more = vec![
                float_list("coefficients", &coefficients),
                float_list("rho", &[0.125]),
                int("n_supports", 5),
                int("one_class", one_class),
            ];
            float_model(2).ml_node("SVMRegressor", &["x"], &["y"], machine(kind, more)).output("y")
        };
        let model = regressor(0);
        let rows = rows(40, 2);
        let quant = planned(&model.import(), &rows);
        let bound = quant.nodes[quant.outputs[0].value].error.unwrap();
        for row in &rows {
            let sum: f64 = coefficients
                .iter()
                .zip(VECTORS.chunks(2))
                .map(|(&c, s)| f64::from(c) * kernel(kind, row, s))
                .sum();
            model.gives(row, &[sum + 0.125]);
            let sign = if sum + 0.125 > 0.0 { 1.0 } else { -1.0 };
            regressor(1).gives(row, &[sign]);
            let found = quant.predict(row).unwrap().outputs[0][0];
            assert!((found - sum - 0.125).abs() <= bound + 1e-6, "{kind}: {found} for {row:?}");
        }
    }
    let linear = vec![float_list("coefficients", &[2.0, -1.0]), float_list("rho", &[0.5])];
    float_model(2)
        .ml_node("SVMRegressor", &["x"], &["y"], linear)
        .output("y")
        .gives(&[1.0, 3.0], &[-0.5]);
}

/// Three classes of 2, 2 and 1 vectors: the sums of each pair.
fn pair_sums(kind: &str, x: &[f64], coefficients: &[f32], rho: &[f32]) -> Vec<f64> {
    let class = [0, 0, 1, 1, 2];
    let k: Vec<f64> = VECTORS.chunks(2).map(|s| kernel(kind, x, s)).collect();
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let sum = |(&(i, j), &rho): (&(usize, usize), &f32)| {
        let of = |a: usize, row: usize| {
            let vectors = (0..5).filter(|&v| class[v] == a);
            vectors.map(|v| f64::from(coefficients[row * 5 + v]) * k[v]).sum::<f64>()
        };
        of(i, j - 1) + of(j, i) + f64::from(rho)
    };
    pairs.iter().zip(rho).map(sum).collect()
}

#[test]
fn classifiers_vote_and_couple() {
    let coefficients = noises(9, 10);
    let rho = [0.1, -0.2, 0.05];
    let (a, b) = ([-1.5, -2.0, -1.0], [0.25, 0.0, -0.5]);
    for kind in ["LINEAR", "RBF", "POLY"] {
        let classifier = |with_probabilities: bool| {
            let mut more = vec![
                float_list("coefficients", &coefficients),
                float_list("rho", &rho),
                int_list("vectors_per_class", &[2, 2, 1]),
                text_list("classlabels_strings", &["a", "b", "c"]),
            ];
            if with_probabilities {
                more.extend([float_list("prob_a", &a), float_list("prob_b", &b)]);
            }
            let model =
                float_model(2).ml_node("SVMClassifier", &["x"], &["l", "p"], machine(kind, more));
            model.output("l").output("p")
        };
        let (scores, probabilities) = (classifier(false), classifier(true));
        let rows = rows(40, 2);
        let quant = planned(&probabilities.import(), &rows);
        let bound = quant.nodes[quant.outputs[1].value].error.unwrap();
        assert!(bound <= 1.0 + 1e-9, "{bound}");
        let mut same = 0;
        for row in &rows {
            let sums = pair_sums(kind, row, &coefficients, &rho);
            assert_close(&scores.run(row)[1], &sums);
            let mut votes = [0; 3];
            for (&(i, j), sum) in [(0, 1), (0, 2), (1, 2)].iter().zip(&sums) {
                votes[if *sum > 0.0 { i } else { j }] += 1;
            }
            let most = *votes.iter().max().unwrap();
            let winner = votes.iter().position(|&n| n == most).unwrap();
            assert_eq!(scores.label(row, 0), ["a", "b", "c"][winner], "{row:?}");
            assert_eq!(probabilities.label(row, 0), ["a", "b", "c"][winner], "{row:?}");
            // The coupled probabilities are where the quadratic form is least.
            let r =
                |at: usize| 1.0 / (1.0 + (f64::from(a[at]) * sums[at] + f64::from(b[at])).exp());
            let form = |p: &[f64]| {
                let pairs = [(0, 1), (0, 2), (1, 2)];
                let term = |(at, &(i, j)): (usize, &(usize, usize))| {
                    ((1.0 - r(at)) * p[i] - r(at) * p[j]).powi(2)
                };
                pairs.iter().enumerate().map(term).sum::<f64>()
            };
            let p = probabilities.run(row)[1].clone();
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{p:?}");
            for (i, j) in [(0, 1), (1, 2), (2, 0)] {
                let mut moved = p.clone();
                moved[i] += 1e-3;
                moved[j] -= 1e-3;
                assert!(form(&moved) > form(&p) - 1e-9, "{p:?}");
            }
            let found = quant.predict(row).unwrap();
            same += usize::from(found.label.unwrap().1 == probabilities.label(row, 0));
            for (x, wanted) in found.outputs[1].iter().zip(&p) {
                assert!((x - wanted).abs() <= bound + 1e-6, "{x} {wanted}");
            }
        }
        assert!(same >= 39, "{kind}: {same} of 40");
    }
}

#[test]
fn two_classes_of_vectors() {
    let coefficients = noises(4, 5);
    let classifier = |more: Vec<AttributeProto>| {
        let rest = vec![
            float_list("coefficients", &coefficients),
            float_list("rho", &[0.3]),
            int_list("vectors_per_class", &[3, 2]),
            int_list("classlabels_ints", &[7, 9]),
        ];
        let attributes = machine("RBF", [rest, more].concat());
        float_model(2)
            .ml_node("SVMClassifier", &["x"], &["l", "p"], attributes)
            .output("l")
            .output("p")
    };
    for row in rows(10, 2) {
        let k = VECTORS.chunks(2).map(|s| kernel("RBF", &row, s));
        let sum =
            k.zip(&coefficients).map(|(k, &c)| k * f64::from(c)).sum::<f64>() + f64::from(0.3_f32);
        let raw = classifier(vec![]);
        assert_eq!(raw.label(&row, 0), if sum > 0.0 { "7" } else { "9" });
        assert_close(&raw.run(&row)[1], &[-sum, sum]);
        let platt = vec![float_list("prob_a", &[-2.0]), float_list("prob_b", &[0.5])];
        let p = 1.0 / (1.0 + (-2.0 * sum + 0.5).exp());
        assert_close(&classifier(platt).run(&row)[1], &[p, 1.0 - p]);
    }
}

#[test]
fn machines_that_are_not_taken() {
    let degree = float_list("kernel_params", &[1.0, 0.0, 2.5]);
    let rest =
        [float_list("coefficients", &[1.0]), float_list("rho", &[0.0]), int("n_supports", 1)];
    let attributes = [
        vec![text("kernel_type", "POLY"), degree, float_list("support_vectors", &[1.0, 2.0])],
        rest.to_vec(),
    ]
    .concat();
    let model = float_model(2).ml_node("SVMRegressor", &["x"], &["y"], attributes).output("y");
    assert!(model.unsupported()[0].contains("degree 2.5"), "{:?}", model.unsupported());
    let short = vec![float_list("coefficients", &[1.0]), float_list("rho", &[0.0])];
    let model = float_model(2).ml_node("SVMRegressor", &["x"], &["y"], short).output("y");
    assert!(model.error().to_string().contains("coefficients has 1"), "{}", model.error());
}

#[test]
fn the_largest_and_the_smallest() {
    let top = |largest| {
        float_model(4)
            .init(ints("k", &[1], &[3]))
            .node("TopK", &["x", "k"], &["v", "i"], vec![int("largest", largest)])
            .output("v")
            .output("i")
    };
    assert_eq!(top(1).run(&[1.0, 3.0, -2.0, 3.0]), [vec![3.0, 3.0, 1.0], vec![1.0, 3.0, 0.0]]);
    assert_eq!(top(0).run(&[1.0, 3.0, -2.0, 1.0]), [vec![-2.0, 1.0, 1.0], vec![2.0, 0.0, 3.0]]);
    for largest in [0, 1] {
        let rows = rows(30, 4);
        let model = top(largest);
        let quant = planned(&model.import(), &rows);
        for row in &rows {
            let (found, wanted) = (quant.predict(row).unwrap().outputs, model.run(row));
            assert_eq!(found[1], wanted[1], "{row:?}");
            let bound = quant.nodes[quant.outputs[0].value].error.unwrap();
            assert!(found[0].iter().zip(&wanted[0]).all(|(a, b)| (a - b).abs() <= bound));
        }
    }
    let many = float_model(2).init(ints("k", &[1], &[3])).node("TopK", &["x", "k"], &["v"], vec![]);
    assert!(many.output("v").error().to_string().contains("3 largest of 2"));
}

/// The body by which scikit-learn's exporter writes squared distances.
fn distance_body(op: &str) -> AttributeProto {
    let mut body = model(17, 1)
        .input("state", DataType::Float, &[-1, 2])
        .input("point", DataType::Float, &[2])
        .init(ints("axes", &[1], &[1]))
        .node("Identity", &["state"], &["next"], vec![])
        .node("Sub", &["state", "point"], &["d"], vec![])
        .node(op, &["d", "axes"], &["s"], vec![int("keepdims", 0)])
        .node("Identity", &["s"], &["out"], vec![])
        .output("next")
        .output("out");
    let graph: GraphProto = body.graph().clone();
    AttributeProto {
        name: "body".into(),
        g: Some(graph),
        r#type: AttributeType::Graph as i32,
        ..AttributeProto::default()
    }
}

/// The nearest of five points gives its number.
fn neighbour(op: &str) -> Model {
    float_model(2)
        .init(floats("points", &[5, 2], &VECTORS))
        .node(
            "Scan",
            &["x", "points"],
            &["same", "by_point"],
            vec![distance_body(op), int("num_scan_inputs", 1)],
        )
        .node("Transpose", &["by_point"], &["d"], vec![int_list("perm", &[1, 0])])
        .init(ints("k", &[1], &[2]))
        .node("TopK", &["d", "k"], &["v", "i"], vec![int("largest", 0)])
        .init(floats("values", &[5], &[10.0, 20.5, 30.0, -40.0, 50.0]))
        .ml_node("ArrayFeatureExtractor", &["values", "i"], &["flat"], vec![])
        .init(ints("rows", &[2], &[-1, 2]))
        .node("Reshape", &["flat", "rows"], &["y"], vec![])
        .output("y")
        .output("d")
}

#[test]
fn distances_to_constant_points() {
    let model = neighbour("ReduceSumSquare");
    let rows = rows(40, 2);
    let quant = planned(&model.import(), &rows);
    let bound = quant.nodes[quant.outputs[1].value].error.unwrap();
    for row in &rows {
        let distance =
            |s: &[f32]| row.iter().zip(s).map(|(x, &s)| (x - f64::from(s)).powi(2)).sum::<f64>();
        let distances: Vec<f64> = VECTORS.chunks(2).map(distance).collect();
        let found = model.run(row);
        assert_close(&found[1], &distances);
        let mut order: Vec<usize> = (0..5).collect();
        order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
        let wanted = [10.0, 20.5, 30.0, -40.0, 50.0];
        assert_close(&found[0], &[wanted[order[0]], wanted[order[1]]]);
        let integers = quant.predict(row).unwrap().outputs;
        for (x, wanted) in integers[1].iter().zip(&distances) {
            assert!((x - wanted).abs() <= bound, "{x} {wanted} {bound}");
        }
    }
    let other = neighbour("ReduceL1");
    assert!(other.unsupported()[0].contains("squared distance"), "{:?}", other.unsupported());
}

#[test]
fn embeddings_of_whole_numbers() {
    let model = model(17, 1)
        .input("token", DataType::Int64, &[-1, 2])
        .init(floats("table", &[3, 2], &[1.0, 2.0, 3.5, 4.0, -5.0, 6.0]))
        .node("Gather", &["table", "token"], &["y"], vec![])
        .output("y");
    model.gives(&[2.0, 0.0], &[-5.0, 6.0, 1.0, 2.0]);
    let graph = model.import();
    assert_eq!(graph.input.features[1].limits, Some((0.0, 2.0)));
    let quant = planned(&graph, &[vec![0.0, 1.0], vec![2.0, 2.0]]);
    assert_eq!(quant.predict(&[1.0, 2.0]).unwrap().outputs, [[3.5, 4.0, -5.0, 6.0]]);
    assert!(quant.predict(&[3.0, 0.0]).is_err());
    // An index that may be anything is not looked up.
    let computed = float_model(1)
        .node("Neg", &["x"], &["n"], vec![])
        .node("Cast", &["n"], &["i"], vec![int("to", 7)])
        .init(floats("table", &[3], &[1.0, 2.0, 3.0]))
        .node("Gather", &["table", "i"], &["y"], vec![])
        .output("y");
    assert!(computed.unsupported()[0].contains("may be no index"), "{:?}", computed.unsupported());
}

#[test]
fn the_least_along_an_axis() {
    let least = |dims: &[i64], axis| {
        let model = model(17, 1).input("x", DataType::Float, dims);
        model
            .node("ArgMin", &["x"], &["y"], vec![int("axis", axis), int("keepdims", 0)])
            .output("y")
    };
    least(&[-1, 3], 1).gives(&[2.0, -1.0, -1.0], &[1.0]);
    let x = [4.0, 1.0, 2.0, 0.0, 5.0, -6.0];
    least(&[-1, 2, 3], 2).gives(&x, &[1.0, 2.0]);
    least(&[-1, 2, 3], 1).gives(&x, &[1.0, 0.0, 1.0]);
    assert!(least(&[-1, 3], 0).unsupported()[0].contains("rows of the batch"));
}
