//! Reductions along axes, normalisations, running sums, and operators that repeat or cut.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;
use nilometer_transpiler::passes::simplify;

use crate::support::*;

const ROW: [f64; 6] = [1.0, -2.0, 3.0, 0.5, 4.0, -1.5];

/// An input of `[batch, 2, 3]`.
fn image(opset: i64) -> Model {
    model(opset, 1).input("x", DataType::Float, &[-1, 2, 3])
}

fn reduced(op: &str, axis: i64, keep: i64) -> Model {
    let attributes = vec![int_list("axes", &[axis]), int("keepdims", keep)];
    image(12).node(op, &["x"], &["y"], attributes).output("y")
}

#[test]
fn reductions_along_one_axis() {
    for (op, last, first) in [
        ("ReduceSum", [2.0, 3.0], [1.5, 2.0, 1.5]),
        ("ReduceMean", [2.0 / 3.0, 1.0], [0.75, 1.0, 0.75]),
        ("ReduceMax", [3.0, 4.0], [1.0, 4.0, 3.0]),
        ("ReduceMin", [-2.0, -1.5], [0.5, -2.0, -1.5]),
        ("ReduceProd", [-6.0, -3.0], [0.5, -8.0, -4.5]),
        ("ReduceL1", [6.0, 6.0], [1.5, 6.0, 4.5]),
        ("ReduceL2", [3.741_657_4, 4.301_162_6], [1.118_034, 4.472_136, 3.354_102]),
        ("ReduceSumSquare", [14.0, 18.5], [1.25, 20.0, 11.25]),
        ("ReduceLogSumExp", [3.132_845_2, 4.033_709_5], [1.474_077, 4.002_475_7, 3.011_047_7]),
    ] {
        reduced(op, 2, 1).gives(&ROW, &last);
        reduced(op, -2, 0).gives(&ROW, &first);
        if op != "ReduceLogSumExp" {
            reduced(op, 2, 1).agrees_with_tract(&[1, 2, 3]);
        }
    }
    assert_eq!(reduced("ReduceSum", 0, 1).unsupported(), ["reduces over the rows of the batch"]);
}

#[test]
fn axes_by_input() {
    let model = image(18).init(ints("axes", &[2], &[1, 2]));
    let model = model.node("ReduceMean", &["x", "axes"], &["y"], vec![int("keepdims", 0)]);
    model.output("y").gives(&ROW, &[5.0 / 6.0]);
    let none = image(18).node("ReduceSum", &["x"], &["y"], vec![int("noop_with_empty_axes", 1)]);
    none.output("y").gives(&ROW, &ROW);
}

#[test]
fn long_groups_go_by_a_matrix() {
    let model = model(12, 1).input("x", DataType::Float, &[-1, 2, 12]);
    let model = model.node("ReduceSum", &["x"], &["y"], vec![int_list("axes", &[2])]).output("y");
    let row: Vec<f64> = (0..24).map(f64::from).collect();
    model.gives(&row, &[66.0, 210.0]);
}

#[test]
fn softmax_of_several_groups() {
    let over = |op: &str| image(13).node(op, &["x"], &["y"], vec![int("axis", 1)]).output("y");
    over("Softmax").agrees_with_tract(&[1, 2, 3]);
    let expected = [-0.474_077, -6.002_475_7, -0.011_047_7, -0.974_077, -0.002_475_7, -4.511_047_7];
    over("LogSoftmax").gives(&ROW, &expected);
    over("LogSoftmax").agrees_with_tract(&[1, 2, 3]);
}

#[test]
fn running_sums() {
    let sums = |attributes: Vec<AttributeProto>| {
        let model = image(14).init(ints("axis", &[], &[2]));
        model.node("CumSum", &["x", "axis"], &["y"], attributes).output("y")
    };
    sums(vec![]).gives(&ROW, &[1.0, -1.0, 2.0, 0.5, 4.5, 3.0]);
    sums(vec![int("exclusive", 1)]).gives(&ROW, &[0.0, 1.0, -1.0, 0.0, 0.5, 4.5]);
    let reverse = vec![int("reverse", 1)];
    sums(reverse).gives(&ROW, &[2.0, 1.0, 3.0, 3.0, 2.5, -1.5]);
}

/// `(x − mean) / √(variance + epsilon)` of the two rows of [`ROW`].
fn normal(epsilon: f64) -> Vec<f64> {
    let one = |x: &[f64]| {
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        x.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect::<Vec<_>>()
    };
    ROW.chunks(3).flat_map(one).collect()
}

#[test]
fn layers_are_normalised() {
    let model = image(17).init(floats("s", &[3], &[1.0, 2.0, -1.0]));
    let model = model.init(floats("b", &[3], &[0.0, 0.5, 0.25]));
    let attributes = vec![float("epsilon", 0.1)];
    let model = model.node("LayerNormalization", &["x", "s", "b"], &["y"], attributes);
    let mut expected = normal(0.1);
    for (at, value) in expected.iter_mut().enumerate() {
        *value = *value * [1.0, 2.0, -1.0][at % 3] + [0.0, 0.5, 0.25][at % 3];
    }
    model.output("y").gives(&ROW, &expected);

    let instance = image(17).init(floats("s", &[2], &[2.0, 3.0]));
    let instance = instance.init(floats("b", &[2], &[0.0, 1.0]));
    let instance = instance.node("InstanceNormalization", &["x", "s", "b"], &["y"], vec![]);
    let expected = normal(1e-5);
    let expected: Vec<f64> = expected
        .iter()
        .enumerate()
        .map(|(at, x)| if at < 3 { 2.0 * x } else { 3.0 * x + 1.0 })
        .collect();
    instance.output("y").gives(&ROW, &expected);
    let unit = image(17).node("LpNormalization", &["x"], &["y"], vec![int("p", 1)]).output("y");
    let expected = [1.0, -2.0, 3.0, 0.5, 4.0, -1.5].map(|x: f64| x / 6.0);
    unit.gives(&ROW, &expected);
}

/// As exporters write it before operator set 17.
#[test]
fn a_layer_norm_in_pieces_is_found() {
    let axes = || vec![int_list("axes", &[-1])];
    let model = model(13, 1).input("x", DataType::Float, &[-1, 3]);
    let model = model.init(floats("two", &[], &[2.0])).init(floats("eps", &[], &[1e-5]));
    let model = model.node("ReduceMean", &["x"], &["m"], axes());
    let model = model.node("Sub", &["x", "m"], &["d"], vec![]);
    let model = model.node("Pow", &["d", "two"], &["q"], vec![]);
    let model = model.node("ReduceMean", &["q"], &["v"], axes());
    let model = model.node("Add", &["v", "eps"], &["w"], vec![]);
    let model = model.node("Sqrt", &["w"], &["r"], vec![]);
    let model = model.node("Div", &["d", "r"], &["y"], vec![]).output("y");
    model.gives(&ROW[..3], &normal(1e-5)[..3]);
    model.agrees_with_tract(&[1, 3]);
    let graph = simplify(model.import());
    use nilometer_transpiler::graph::{Norm, Op, Unary};
    assert!(graph.nodes.iter().any(|node| node.op == Op::Normalize(Norm::L2)));
    assert!(!graph.nodes.iter().any(|node| node.op == Op::Unary(Unary::Sqrt)));
    let row = &ROW[..3];
    let found = nilometer_transpiler::eval::evaluate(&graph, row).unwrap();
    assert_close(&found[0], &normal(1e-5)[..3]);
}

#[test]
fn several_vectors_under_one_matrix() {
    let model = image(13).init(floats("w", &[3, 2], &[1.0, 0.0, 2.0, -1.0, 0.0, 0.5]));
    let model = model.node("MatMul", &["x", "w"], &["y"], vec![]).output("y");
    model.gives(&ROW, &[-3.0, 3.5, 8.5, -4.75]);
    model.agrees_with_tract(&[1, 2, 3]);
    let left = image(13).init(floats("w", &[2, 2], &[1.0, 2.0, -1.0, 0.5]));
    let left = left.node("MatMul", &["w", "x"], &["y"], vec![]).output("y");
    left.agrees_with_tract(&[1, 2, 3]);
}

#[test]
fn repeating_cutting_and_surrounding() {
    let expand = float_model(2).init(ints("shape", &[3], &[1, 3, 2]));
    let expand = expand.node("Unsqueeze", &["x", "one"], &["z"], vec![]);
    let expand = expand.init(ints("one", &[1], &[1]));
    let expand = expand.node("Expand", &["z", "shape"], &["y"], vec![]).output("y");
    expand.gives(&[1.0, 2.0], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    let tile = image(13).init(ints("counts", &[3], &[1, 1, 2]));
    let tile = tile.node("Tile", &["x", "counts"], &["y"], vec![]).output("y");
    tile.agrees_with_tract(&[1, 2, 3]);
    let split = image(13).init(ints("sizes", &[2], &[1, 2]));
    let split = split.node("Split", &["x", "sizes"], &["a", "y"], vec![int("axis", 2)]);
    split.output("y").gives(&ROW, &[-2.0, 3.0, 4.0, -1.5]);
    let half = image(13).node("Split", &["x"], &["a", "y"], vec![int("axis", 1)]).output("y");
    half.gives(&ROW, &ROW[3..]);
    let pad = |mode: &str| {
        let model = image(13).init(ints("pads", &[6], &[0, 0, 1, 0, 0, 2]));
        model.node("Pad", &["x", "pads"], &["y"], vec![text("mode", mode)]).output("y")
    };
    let with = |before: [f64; 2], after: [[f64; 2]; 2]| {
        let mut all = Vec::new();
        for (row, (before, after)) in ROW.chunks(3).zip(before.into_iter().zip(after)) {
            all.push(before);
            all.extend_from_slice(row);
            all.extend(after);
        }
        all
    };
    pad("constant").gives(&ROW, &with([0.0; 2], [[0.0; 2]; 2]));
    pad("edge").gives(&ROW, &with([1.0, 0.5], [[3.0, 3.0], [-1.5, -1.5]]));
    pad("reflect").gives(&ROW, &with([-2.0, 4.0], [[-2.0, 1.0], [4.0, 0.5]]));
}
