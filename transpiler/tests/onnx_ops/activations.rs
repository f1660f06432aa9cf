//! Functions of one element that are made of several steps, powers, and parts of numbers.

use nilometer_transpiler::onnx::pb::AttributeProto;

use crate::support::*;

fn one(opset: i64, op: &str, attributes: Vec<AttributeProto>) -> Model {
    use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
    let model = model(opset, 1).input("x", DataType::Float, &[-1, 3]);
    model.node(op, &["x"], &["y"], attributes).output("y")
}

#[test]
fn activations_of_several_steps() {
    let row = [-1.5, 0.0, 2.0];
    one(17, "Elu", vec![]).gives(&row, &[-0.776_869_8, 0.0, 2.0]);
    one(17, "Elu", vec![float("alpha", 0.5)]).gives(&row, &[-0.388_434_9, 0.0, 2.0]);
    one(17, "Selu", vec![]).gives(&row, &[-1.365_814_3, 0.0, 2.101_402]);
    one(17, "Celu", vec![float("alpha", 2.0)]).gives(&row, &[-1.055_266_9, 0.0, 2.0]);
    one(17, "HardSigmoid", vec![]).gives(&row, &[0.2, 0.5, 0.9]);
    let steep = vec![float("alpha", 0.5), float("beta", 0.4)];
    one(17, "HardSigmoid", steep).gives(&row, &[0.0, 0.4, 1.0]);
    one(17, "HardSwish", vec![]).gives(&row, &[-0.375, 0.0, 1.666_666_7]);
    one(18, "Mish", vec![]).gives(&row, &[-0.298_099_74, 0.0, 1.943_959]);
    one(17, "Softplus", vec![]).gives(&row, &[0.201_413_28, std::f64::consts::LN_2, 2.126_928]);
    one(17, "Softsign", vec![]).gives(&row, &[-0.6, 0.0, 2.0 / 3.0]);
    one(17, "ThresholdedRelu", vec![]).gives(&row, &[0.0, 0.0, 2.0]);
    one(17, "ThresholdedRelu", vec![float("alpha", 2.0)]).gives(&row, &[0.0, 0.0, 0.0]);
    one(20, "Gelu", vec![]).gives(&row, &[-0.100_210_81, 0.0, 1.954_499_7]);
    let tanh = vec![text("approximate", "tanh")];
    one(20, "Gelu", tanh).gives(&row, &[-0.100_428_44, 0.0, 1.954_597_7]);
    one(17, "Erf", vec![]).gives(&row, &[-0.966_105_15, 0.0, 0.995_322_3]);
    one(17, "Log", vec![]).gives(&[0.5, 1.0, 20.0], &[-std::f64::consts::LN_2, 0.0, 2.995_732_3]);
    one(17, "Sign", vec![]).gives(&row, &[-1.0, 0.0, 1.0]);
    one(17, "Floor", vec![]).gives(&[-1.5, 0.2, 2.0], &[-2.0, 0.0, 2.0]);
    one(17, "Ceil", vec![]).gives(&[-1.5, 0.2, 2.0], &[-1.0, 1.0, 2.0]);
    one(17, "Round", vec![]).gives(&[-1.5, 0.5, 2.5], &[-2.0, 0.0, 2.0]);
    one(17, "Reciprocal", vec![]).gives(&[-0.5, 1.0, 4.0], &[-2.0, 1.0, 0.25]);
}

#[test]
fn activations_agree_with_tract() {
    for op in ["Elu", "Selu", "HardSigmoid", "HardSwish", "Softplus", "Softsign", "Erf"] {
        one(17, op, vec![]).agrees_with_tract(&[1, 3]);
    }
    for op in ["Floor", "Ceil", "Round", "Sign", "Reciprocal", "Celu", "ThresholdedRelu"] {
        one(17, op, vec![]).agrees_with_tract(&[1, 3]);
    }
    one(17, "Elu", vec![float("alpha", 0.3)]).agrees_with_tract(&[1, 3]);
}

fn power(exponents: &[f32]) -> Model {
    let model = float_model(3).init(floats("c", &[exponents.len() as i64], exponents));
    model.node("Pow", &["x", "c"], &["y"], vec![]).output("y")
}

#[test]
fn powers_with_constant_exponents() {
    power(&[2.0]).gives(&[-3.0, 0.5, 2.0], &[9.0, 0.25, 4.0]);
    power(&[3.0]).gives(&[-3.0, 0.5, 2.0], &[-27.0, 0.125, 8.0]);
    power(&[7.0]).gives(&[-1.0, 0.5, 2.0], &[-1.0, 0.007_812_5, 128.0]);
    power(&[0.0]).gives(&[-3.0, 0.5, 2.0], &[1.0, 1.0, 1.0]);
    power(&[0.5]).gives(&[4.0, 0.25, 9.0], &[2.0, 0.5, 3.0]);
    power(&[-1.0]).gives(&[4.0, 0.25, -2.0], &[0.25, 4.0, -0.5]);
    power(&[1.5]).gives(&[4.0, 0.25, 9.0], &[8.0, 0.125, 27.0]);
    power(&[0.3]).gives(&[4.0, 0.25, 9.0], &[1.515_716_6, 0.659_754, 1.933_182]);
    power(&[2.0, 1.0, 0.5]).gives(&[-3.0, -0.5, 9.0], &[9.0, -0.5, 3.0]);
    power(&[2.0]).agrees_with_tract(&[1, 3]);
    let model = float_model(2).init(floats("c", &[1], &[2.0]));
    let model = model.node("Pow", &["c", "x"], &["y"], vec![]).output("y");
    model.gives(&[3.0, -1.0], &[8.0, 0.5]);
    let both = float_model(2).node("Pow", &["x", "x"], &["y"], vec![]).output("y");
    assert_eq!(both.unsupported(), ["both the base and the exponent are computed"]);
}

#[test]
fn p_relu_takes_a_slope_for_each_element_or_one() {
    let slopes = |values: &[f32]| {
        let model = float_model(3).init(floats("s", &[values.len() as i64], values));
        model.node("PRelu", &["x", "s"], &["y"], vec![]).output("y")
    };
    slopes(&[0.25]).gives(&[-2.0, -1.0, 3.0], &[-0.5, -0.25, 3.0]);
    slopes(&[0.25, 0.5, 2.0]).gives(&[-2.0, -1.0, 3.0], &[-0.5, -0.5, 3.0]);
}

#[test]
fn fused_operators_of_onnxruntime() {
    let fused = |op: &str, inputs: &[&str], attributes| {
        let mut model = float_model(3);
        model.proto.opset_import.push(nilometer_transpiler::onnx::pb::OperatorSetIdProto {
            domain: "com.microsoft".into(),
            version: 1,
        });
        let weights = floats("w", &[3, 2], &[1.0, -1.0, 0.5, 0.25, 2.0, -3.0]);
        let model = model.init(weights).init(floats("b", &[2], &[0.5, -0.5]));
        let model = model.init(floats("c", &[3], &[1.0, 0.0, -1.0]));
        model.domain_node("com.microsoft", op, inputs, &["y"], attributes).output("y")
    };
    let row = [1.0, 2.0, -1.0];
    let relu = || vec![text("activation", "Relu")];
    fused("FusedGemm", &["x", "w", "b"], relu()).gives(&row, &[0.5, 2.0]);
    let leaky = vec![text("activation", "LeakyRelu"), float("activation_alpha", 0.5)];
    let row = [1.0, 2.0, 1.0];
    fused("FusedGemm", &["x", "w", "b"], leaky).gives(&row, &[4.5, -2.0]);
    fused("FusedMatMul", &["x", "w"], vec![float("alpha", 2.0)]).gives(&row, &[8.0, -7.0]);
    let expected = [1.954_499_7, 1.954_499_7, 0.0];
    fused("BiasGelu", &["x", "c"], vec![]).gives(&[1.0, 2.0, 1.0], &expected);
    let odd = vec![text("activation", "Softmax")];
    assert_eq!(
        fused("FusedGemm", &["x", "w", "b"], odd).unsupported(),
        ["the fused activation \"Softmax\""]
    );
}
