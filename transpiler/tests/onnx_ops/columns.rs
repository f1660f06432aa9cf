//! Inputs of several columns: numbers, whole numbers, texts; and the encoders that look at them.

use nilometer_transpiler::eval::{evaluate, EvalError};
use nilometer_transpiler::graph::{Feature, Graph};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::{EncodeError, QuantGraph};

use crate::support::*;

/// One column of numbers, one of whole numbers and one of texts.
fn columns() -> Model {
    model(17, 2)
        .input("age", DataType::Float, &[-1, 1])
        .input("visits", DataType::Int64, &[-1, 1])
        .input("colour", DataType::String, &[-1, 1])
}

fn planned(graph: &Graph, rows: &[Vec<f64>]) -> QuantGraph {
    let calibration = Calibration { rows: rows.to_vec() };
    plan(graph, Some(&calibration), &PlanOptions::default()).unwrap().graph
}

/// What pandas users export: a scaler beside a one-hot encoder, and a linear model behind both.
fn mixed() -> Model {
    let one_hot = vec![text_list("cats_strings", &["blue", "red"]), int("zeros", 1)];
    columns()
        .node("Cast", &["visits"], &["visits_f"], vec![int("to", 1)])
        .node("Concat", &["age", "visits_f"], &["numbers"], vec![int("axis", 1)])
        .ml_node("OneHotEncoder", &["colour"], &["hot3"], one_hot)
        .node("Reshape", &["hot3", "flat"], &["hot"], vec![])
        .init(ints("flat", &[2], &[-1, 2]))
        .node("Concat", &["numbers", "hot"], &["all"], vec![int("axis", 1)])
        .node("Gemm", &["all", "w", "b"], &["y"], vec![])
        .init(floats("w", &[4, 1], &[0.5, -0.25, 3.0, -2.0]))
        .init(floats("b", &[1], &[1.0]))
        .output("y")
}

#[test]
fn columns_of_several_kinds() {
    let model = mixed();
    // The third feature is the position of a text; any other text comes after the last.
    model.gives(&[2.0, 4.0, 0.0], &[1.0 - 1.0 + 3.0 + 1.0]);
    model.gives(&[2.0, 4.0, 1.0], &[1.0 - 1.0 - 2.0 + 1.0]);
    model.gives(&[2.0, 4.0, 2.0], &[1.0 - 1.0 + 1.0]);
    let graph = model.import();
    let colours = &graph.input.features[2];
    assert_eq!(colours.name, "colour");
    assert_eq!(["blue", "red", "?"].map(|text| colours.position(text)), [0, 1, 2].map(Some));
    assert!(graph.input.features[1].whole && !graph.input.features[0].whole);
    assert!(matches!(
        evaluate(&graph, &[2.0, 4.5, 0.0]),
        Err(EvalError::NotInteger { index: 1, .. })
    ));
    assert!(matches!(evaluate(&graph, &[2.0, 4.0, 3.0]), Err(EvalError::Limits { index: 2, .. })));

    let rows: Vec<Vec<f64>> =
        (0..30).map(|i| vec![f64::from(i % 7), f64::from(i % 5), f64::from(i % 3)]).collect();
    let quant = planned(&graph, &rows);
    for row in &rows {
        let error = (quant.predict(row).unwrap().outputs[0][0] - model.run(row)[0][0]).abs();
        assert!(error <= quant.nodes[quant.outputs[0].value].error.unwrap(), "{row:?}: {error}");
    }
    // Fractions are refused, and what is not a position.
    let refused = quant.predict(&[2.0, 4.5, 0.0]);
    assert!(matches!(refused, Err(EncodeError::NotAnInteger { feature: 1, .. })));
    let refused = quant.predict(&[2.0, 4.0, 3.0]);
    assert!(matches!(refused, Err(EncodeError::OutOfRange { feature: 2, .. })));
}

#[test]
fn what_features_mean_is_in_the_identity_and_their_names_are_not() {
    let quant = planned(&mixed().import(), &[vec![0.0; 3], vec![1.0; 3]]);
    let mut other = quant.clone();
    other.input.features[0].name = "years".into();
    assert_eq!(quant.model_hash(), other.model_hash());
    let change: [fn(&mut Feature); 4] = [
        |feature| feature.categories = Some(vec!["red".into(), "blue".into()]),
        |feature| feature.others = false,
        |feature| feature.whole = false,
        |feature| feature.missing = Some(1.0),
    ];
    for change in change {
        let mut other = quant.clone();
        change(&mut other.input.features[2]);
        assert_ne!(quant.model_hash(), other.model_hash());
    }
}

#[test]
fn one_hot_encoders_of_numbers() {
    let encoder = |data_type| {
        let model = model(17, 1).input("x", data_type, &[-1, 2]);
        let categories = int_list("cats_int64s", &[4, -1, 7]);
        model.ml_node("OneHotEncoder", &["x"], &["y"], vec![categories]).output("y")
    };
    for data_type in [DataType::Int64, DataType::Float] {
        let model = encoder(data_type);
        model.gives(&[7.0, 4.0], &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        model.gives(&[-1.0, 5.0], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        let rows = [vec![7.0, 4.0], vec![-1.0, 5.0], vec![0.0, 6.0]];
        let quant = planned(&model.import(), &rows);
        for row in &rows {
            assert_eq!(quant.predict(row).unwrap().outputs, model.run(row), "{row:?}");
        }
    }
    // Without zeros another text is refused, as the runtime refuses it.
    let strict = columns()
        .ml_node(
            "OneHotEncoder",
            &["colour"],
            &["y"],
            vec![text_list("cats_strings", &["a", "b"]), int("zeros", 0)],
        )
        .output("y");
    let colours = strict.import().input.features[0].clone();
    assert_eq!(["a", "b", "c"].map(|text| colours.position(text)), [Some(0), Some(1), None]);
}

#[test]
fn label_encoders_of_numbers_and_texts() {
    let encoder = |keys, values, default| {
        let attributes = vec![keys, values, default];
        columns().ml_node("LabelEncoder", &["colour"], &["y"], attributes).output("y")
    };
    let keys = text_list("keys_strings", &["b", "a", "b"]);
    let values = float_list("values_floats", &[2.5, -1.0, 9.0]);
    let model = encoder(keys, values, float("default_float", 7.0));
    // Positions are in the order of the keys, and the first of equal keys counts.
    let positions = model.import().input.features[0].clone();
    assert_eq!(["b", "a", "c"].map(|text| positions.position(text)), [0, 1, 2].map(Some));
    for (position, expected) in [(0.0, 2.5), (1.0, -1.0), (2.0, 7.0)] {
        model.gives(&[position], &[expected]);
    }
    let numbers = float_model(2).ml_node(
        "LabelEncoder",
        &["x"],
        &["y"],
        vec![
            float_list("keys_floats", &[0.5, f32::NAN, -3.0]),
            int_list("values_int64s", &[10, 11, 12]),
            int("default_int64", -7),
        ],
    );
    // Version 1 of the operator has other attributes.
    let mut numbers = numbers.output("y");
    numbers.proto.opset_import[1].version = 2;
    numbers.gives(&[0.5, -3.0], &[10.0, 12.0]);
    numbers.gives(&[0.25, 0.0], &[-7.0, -7.0]);
    // Texts come out as labels.
    let texts = columns().ml_node(
        "LabelEncoder",
        &["visits"],
        &["y"],
        vec![
            int_list("keys_int64s", &[3, 5]),
            text_list("values_strings", &["three", "five"]),
            text("default_string", "many"),
        ],
    );
    let texts = texts.output("y");
    assert_eq!([3.0, 5.0, 4.0].map(|x| texts.label(&[x], 0)), ["three", "five", "many"]);
}

#[test]
fn missing_values_are_imputed() {
    let impute = |values: &[f32], replaced: f32| {
        vec![float_list("imputed_value_floats", values), float("replaced_value_float", replaced)]
    };
    let model = float_model(2)
        .ml_node("Imputer", &["x"], &["full"], impute(&[1.5, -2.0], f32::NAN))
        .node("MatMul", &["full", "w"], &["y"], vec![])
        .init(floats("w", &[2, 1], &[2.0, 10.0]))
        .output("y");
    model.gives(&[f64::NAN, 1.0], &[13.0]);
    model.gives(&[0.0, f64::NAN], &[-20.0]);
    let rows: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i), f64::from(i % 3)]).collect();
    let quant = planned(&model.import(), &rows);
    assert_eq!(quant.input.features[1].missing, Some(-2.0));
    for row in [[3.0, f64::NAN], [f64::NAN, f64::NAN]] {
        let full = [3.0, 1.5][usize::from(row[0].is_nan())];
        assert_eq!(quant.predict(&row).unwrap(), quant.predict(&[full, -2.0]).unwrap());
    }

    // A value that is used as it is beside its imputation is not taken.
    let both = float_model(1)
        .ml_node("Imputer", &["x"], &["full"], impute(&[1.0], f32::NAN))
        .node("Add", &["full", "x"], &["y"], vec![])
        .output("y");
    assert!(matches!(evaluate(&both.import(), &[f64::NAN]), Err(EvalError::NonFinite { .. })));
    let quant =
        planned(&both.import(), &rows.iter().map(|row| row[..1].to_vec()).collect::<Vec<_>>());
    assert!(matches!(quant.predict(&[f64::NAN]), Err(EncodeError::NotANumber { .. })));

    // Any other number may stand for what is missing.
    let marked =
        float_model(2).ml_node("Imputer", &["x"], &["y"], impute(&[0.5], -1.0)).output("y");
    marked.gives(&[-1.0, 3.0], &[0.5, 3.0]);
    // The runtime takes infinities away: an integer model has none.
    float_model(1)
        .ml_node("Imputer", &["x"], &["y"], impute(&[0.5], f32::INFINITY))
        .output("y")
        .gives(&[4.0], &[4.0]);
}

#[test]
fn features_are_put_side_by_side() {
    let attributes = vec![int_list("inputdimensions", &[1, 1])];
    columns()
        .ml_node("FeatureVectorizer", &["age", "visits"], &["y"], attributes)
        .output("y")
        .gives(&[1.5, 3.0], &[1.5, 3.0]);
    let attributes = vec![int_list("inputdimensions", &[2])];
    let wrong = columns().ml_node("FeatureVectorizer", &["age"], &["y"], attributes).output("y");
    assert!(wrong.error().to_string().contains("inputdimensions"), "{}", wrong.error());
}

#[test]
fn nothing_else_looks_at_texts() {
    let model = columns().node("Neg", &["colour"], &["y"], vec![]).output("y");
    assert!(model.unsupported()[0].contains("text"), "{:?}", model.unsupported());
    let shown = columns().node("Identity", &["colour"], &["y"], vec![]).output("y");
    assert!(shown.error().to_string().contains("text column"), "{}", shown.error());
}

#[test]
fn sequences_are_several_outputs() {
    let model = float_model(2)
        .node("Neg", &["x"], &["n"], vec![])
        .node("SequenceConstruct", &["x", "n"], &["y"], vec![])
        .output("y");
    assert_eq!(model.run(&[1.0, 2.0]), [vec![1.0, 2.0], vec![-1.0, -2.0]]);
    let graph = model.import();
    let names: Vec<&str> = graph.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["y_0", "y_1"]);
}
