//! Convolutions and pools.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;

use crate::support::*;

fn image(channels: i64, space: &[i64]) -> Model {
    let dims = [&[-1, channels], space].concat();
    model(17, 1).input("x", DataType::Float, &dims)
}

fn conv(space: &[i64], kernel: &[i64], attributes: Vec<AttributeProto>) -> Model {
    let len = kernel.iter().product::<i64>() as usize;
    let model = image(2, space).init(floats("w", kernel, &noises(3, len)));
    let model = model.init(floats("b", &[kernel[0]], &noises(4, kernel[0] as usize)));
    model.node("Conv", &["x", "w", "b"], &["y"], attributes).output("y")
}

#[test]
fn convolutions_agree_with_tract() {
    conv(&[5, 4], &[3, 2, 3, 3], vec![]).agrees_with_tract(&[1, 2, 5, 4]);
    let padded = vec![int_list("pads", &[1, 2, 0, 1]), int_list("strides", &[2, 1])];
    conv(&[5, 4], &[3, 2, 3, 3], padded).agrees_with_tract(&[1, 2, 5, 4]);
    let wide = vec![int_list("dilations", &[2, 1]), int_list("kernel_shape", &[2, 2])];
    conv(&[5, 4], &[2, 2, 2, 2], wide).agrees_with_tract(&[1, 2, 5, 4]);
    conv(&[4, 4], &[4, 1, 3, 3], vec![int("group", 2)]).agrees_with_tract(&[1, 2, 4, 4]);
    conv(&[9], &[3, 2, 4], vec![int_list("strides", &[3])]).agrees_with_tract(&[1, 2, 9]);
    for auto_pad in ["SAME_UPPER", "SAME_LOWER", "VALID"] {
        let attributes = vec![text("auto_pad", auto_pad), int_list("strides", &[2, 2])];
        conv(&[5, 4], &[1, 2, 2, 3], attributes).agrees_with_tract(&[1, 2, 5, 4]);
    }
}

#[test]
fn a_convolution_by_hand() {
    let model = image(1, &[3, 3]).init(floats("w", &[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]));
    let model = model.node("Conv", &["x", "w"], &["y"], vec![]).output("y");
    let row: Vec<f64> = (1..=9).map(f64::from).collect();
    model.gives(&row, &[37.0, 47.0, 67.0, 77.0]);
}

#[test]
fn convolutions_that_do_not_fit_are_refused() {
    let error = conv(&[5, 4], &[3, 3, 3, 3], vec![]).error();
    assert!(error.to_string().contains("2 channels meet a kernel of 3"), "{error}");
    let error = conv(&[2, 2], &[3, 2, 3, 3], vec![]).error();
    assert!(error.to_string().contains("a window of 3 over an axis of 2"), "{error}");
    let large = conv(&[200, 200], &[8, 2, 3, 3], vec![]).unsupported();
    assert!(large[0].contains("weights are taken: export a smaller model"), "{large:?}");
}

fn pool(op: &str, attributes: Vec<AttributeProto>) -> Model {
    image(2, &[5, 4]).node(op, &["x"], &["y"], attributes).output("y")
}

#[test]
fn pools_agree_with_tract() {
    let square = || vec![int_list("kernel_shape", &[2, 2]), int_list("strides", &[2, 2])];
    for op in ["MaxPool", "AveragePool"] {
        pool(op, square()).agrees_with_tract(&[1, 2, 5, 4]);
        let padded = vec![
            int_list("kernel_shape", &[3, 3]),
            int_list("pads", &[1, 1, 1, 1]),
            int_list("strides", &[2, 1]),
        ];
        pool(op, padded).agrees_with_tract(&[1, 2, 5, 4]);
        let large = vec![int_list("kernel_shape", &[4, 4])];
        pool(op, large).agrees_with_tract(&[1, 2, 5, 4]);
    }
    for op in ["GlobalAveragePool", "GlobalMaxPool"] {
        pool(op, vec![]).agrees_with_tract(&[1, 2, 5, 4]);
    }
}

#[test]
fn padding_counts_if_asked_for() {
    let model = |count: i64| {
        let attributes = vec![
            int_list("kernel_shape", &[2]),
            int_list("pads", &[1, 0]),
            int("count_include_pad", count),
        ];
        image(1, &[3]).node("AveragePool", &["x"], &["y"], attributes).output("y")
    };
    model(0).gives(&[2.0, 4.0, 8.0], &[2.0, 3.0, 6.0]);
    model(1).gives(&[2.0, 4.0, 8.0], &[1.0, 3.0, 6.0]);
}

#[test]
fn rounding_up_adds_a_window() {
    let attributes =
        vec![int_list("kernel_shape", &[2]), int_list("strides", &[2]), int("ceil_mode", 1)];
    let model = image(1, &[5]).node("MaxPool", &["x"], &["y"], attributes).output("y");
    model.gives(&[1.0, 2.0, 5.0, 4.0, 3.0], &[2.0, 5.0, 3.0]);
}

#[test]
fn half_precision_weights_are_read() {
    let mut weights = floats("w", &[2, 1], &[]);
    weights.data_type = DataType::Float16 as i32;
    weights.int32_data = vec![0x3c00, 0xc000];
    let model = model(17, 1).input("x", DataType::Float16, &[-1, 2]).init(weights);
    let model = model.node("MatMul", &["x", "w"], &["z"], vec![]);
    let to_float = vec![int("to", DataType::Float as i64)];
    model.node("Cast", &["z"], &["y"], to_float).output("y").gives(&[3.0, 0.5], &[2.0]);
}
