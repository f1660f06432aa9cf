//! Class labels: ArrayFeatureExtractor, Gather and LabelEncoder on an index; ZipMap; Scaler, Normalizer,
//! Binarizer.

use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

fn index(ml: i64) -> Model {
    let model = model(17, ml).input("x", DataType::Float, &[-1, 3]);
    model.node("ArgMax", &["x"], &["i"], vec![int("axis", 1)])
}

fn strings(texts: &[&str]) -> Labels {
    Labels::Strings(texts.iter().map(|text| text.to_string()).collect())
}

#[test]
fn array_feature_extractor_looks_classes_up() {
    let model = index(1).init(ints("classes", &[3], &[10, 20, 30]));
    let model = model.ml_node("ArrayFeatureExtractor", &["classes", "i"], &["c"], vec![]);
    let model = model.init(ints("flat", &[1], &[-1]));
    let model = model.node("Reshape", &["c", "flat"], &["y"], vec![]).output("y");
    assert_eq!(model.labels(0), Labels::Ints(vec![10, 20, 30]));
    assert_eq!(model.label(&[0.0, 0.0, 5.0], 0), "30");
    let short = index(1).init(ints("classes", &[2], &[10, 20]));
    let short =
        short.ml_node("ArrayFeatureExtractor", &["classes", "i"], &["y"], vec![]).output("y");
    assert!(matches!(short.error(), ImportError::Shape { .. }));
}

#[test]
fn gather_looks_classes_up() {
    let model = index(1).init(texts("classes", &[3], &["a", "b", "c"]));
    let model = model.node("Gather", &["classes", "i"], &["y"], vec![]).output("y");
    assert_eq!(model.labels(0), strings(&["a", "b", "c"]));
}

#[test]
fn label_encoder_in_all_versions() {
    let encoded = |ml, attributes| {
        index(ml).ml_node("LabelEncoder", &["i"], &["y"], attributes).output("y").labels(0)
    };
    let classic = vec![text_list("classes_strings", &["p", "q"])];
    assert_eq!(encoded(1, classic), strings(&["p", "q", "_Unused"]));
    let named = vec![text_list("classes_strings", &["p"]), text("default_string", "none")];
    assert_eq!(encoded(1, named), strings(&["p", "none", "none"]));
    let keys = int_list("keys_int64s", &[2, 0]);
    let to_texts = vec![keys.clone(), text_list("values_strings", &["two", "zero"])];
    assert_eq!(encoded(2, to_texts), strings(&["zero", "_Unused", "two"]));
    let to_ints = vec![keys.clone(), int_list("values_int64s", &[7, 8]), int("default_int64", 9)];
    assert_eq!(encoded(2, to_ints), Labels::Ints(vec![8, 9, 7]));
    let tensors = vec![
        tensor("keys_tensor", ints("", &[1], &[1])),
        tensor("values_tensor", ints("", &[1], &[5])),
        tensor("default_tensor", ints("", &[1], &[-5])),
    ];
    assert_eq!(encoded(4, tensors), Labels::Ints(vec![-5, 5, -5]));
    let uneven = vec![keys, int_list("values_int64s", &[7])];
    let uneven = index(2).ml_node("LabelEncoder", &["i"], &["y"], uneven).output("y");
    assert!(matches!(uneven.error(), ImportError::AttributeLength { .. }));
}

#[test]
fn label_encoder_maps_texts_back() {
    let model = index(2).init(texts("classes", &[3], &["a", "b", "c"]));
    let model = model.node("Gather", &["classes", "i"], &["t"], vec![]);
    let attributes =
        vec![text_list("keys_strings", &["c", "b", "a"]), int_list("values_int64s", &[1, 2, 3])];
    let model = model.ml_node("LabelEncoder", &["t"], &["y"], attributes).output("y");
    assert_eq!(model.labels(0), Labels::Ints(vec![3, 2, 1]));
    let numbers = float_model(2).ml_node("LabelEncoder", &["x"], &["y"], vec![]).output("y");
    assert_eq!(numbers.unsupported(), ["encodes several elements as texts"]);
}

#[test]
fn labels_are_numbers_where_they_are_integers() {
    for classes in [[10, 20, 30], [7, -1, 4]] {
        let model = index(1).init(ints("classes", &[3], &classes));
        let model = model.node("Gather", &["classes", "i"], &["c"], vec![]);
        let model = model.node("Cast", &["c"], &["f"], vec![int("to", 1)]);
        let model = model.node("Neg", &["f"], &["y"], vec![]).output("y");
        model.gives(&[0.0, 0.0, 1.0], &[-f64::from(classes[2] as i32)]);
        model.gives(&[0.0, 5.0, 1.0], &[-f64::from(classes[1] as i32)]);
    }
    let model = index(1).init(texts("classes", &[3], &["a", "b", "c"]));
    let model = model.node("Gather", &["classes", "i"], &["c"], vec![]);
    let model = model.node("Neg", &["c"], &["y"], vec![]).output("y");
    assert_eq!(model.unsupported(), ["computes with class labels that are texts"]);
    // The bare index is a number as well.
    let model = index(1).node("Cast", &["i"], &["y"], vec![int("to", 7)]).output("y");
    assert_eq!(model.labels(0), Labels::Ints(vec![0, 1, 2]));
}

#[test]
fn zip_map_names_the_elements() {
    let zipped =
        |attributes| float_model(2).ml_node("ZipMap", &["x"], &["y"], attributes).output("y");
    let model = zipped(vec![int_list("classlabels_int64s", &[4, 6])]);
    let classes = Some(Labels::Ints(vec![4, 6]));
    assert_eq!(model.import().outputs[0].kind, OutputKind::Numbers { classes });
    model.gives(&[0.5, 0.25], &[0.5, 0.25]);
    let named = zipped(vec![text_list("classlabels_strings", &["n", "p"])]);
    let classes = Some(strings(&["n", "p"]));
    assert_eq!(named.import().outputs[0].kind, OutputKind::Numbers { classes });
    let three = zipped(vec![int_list("classlabels_int64s", &[1, 2, 3])]);
    assert!(matches!(three.error(), ImportError::Shape { .. }));
    let neither = zipped(vec![]);
    assert!(matches!(neither.error(), ImportError::Attribute { .. }));
    let both = vec![
        int_list("classlabels_int64s", &[4, 6]),
        text_list("classlabels_strings", &["a", "b"]),
    ];
    assert!(matches!(zipped(both).error(), ImportError::Attribute { .. }));
}

fn preprocess(op: &str, from: DataType, attributes: Vec<AttributeProto>) -> Model {
    let model = model(17, 1).input("x", from, &[-1, 2]);
    model.ml_node(op, &["x"], &["y"], attributes).output("y")
}

#[test]
fn scaler_per_feature_or_for_all() {
    let of = |from, attributes| preprocess("Scaler", from, attributes);
    let each = vec![float_list("offset", &[1.0, 2.0]), float_list("scale", &[10.0, 0.5])];
    of(DataType::Float, each.clone()).gives(&[2.0, 6.0], &[10.0, 2.0]);
    of(DataType::Int64, each.clone()).gives(&[2.0, 6.0], &[10.0, 2.0]);
    let all = vec![float_list("offset", &[1.0]), float_list("scale", &[10.0])];
    of(DataType::Float, all).gives(&[2.0, 6.0], &[10.0, 50.0]);
    let three = vec![float_list("offset", &[1.0; 3]), float_list("scale", &[10.0; 3])];
    assert!(matches!(of(DataType::Float, three).error(), ImportError::AttributeLength { .. }));
    // A double is scaled as a double, and rounded once.
    let tenth = vec![float_list("offset", &[0.1]), float_list("scale", &[3.0])];
    let found = of(DataType::Double, tenth).run(&[0.7, 0.9]);
    let wanted = [0.7, 0.9].map(|x: f64| f64::from(((x - f64::from(0.1_f32)) * 3.0) as f32));
    assert_eq!(found[0], wanted);
}

#[test]
fn normalizer_divides_by_its_norm() {
    let of = |norm: &str| preprocess("Normalizer", DataType::Float, vec![text("norm", norm)]);
    of("L1").gives(&[3.0, -1.0], &[0.75, -0.25]);
    of("L2").gives(&[3.0, -4.0], &[0.6, -0.8]);
    // The largest element, not the largest magnitude, as onnxruntime has it.
    of("MAX").gives(&[2.0, -4.0], &[1.0, -2.0]);
    preprocess("Normalizer", DataType::Float, vec![]).gives(&[2.0, -4.0], &[1.0, -2.0]);
    for norm in ["L1", "L2", "MAX"] {
        of(norm).gives(&[0.0, 0.0], &[0.0, 0.0]);
    }
    of("L1").agrees_with_tract(&[1, 2]);
    of("L2").agrees_with_tract(&[1, 2]);
    assert!(matches!(of("L3").error(), ImportError::Attribute { .. }));
}

#[test]
fn binarizer_is_strict() {
    let of = |attributes| preprocess("Binarizer", DataType::Float, attributes);
    of(vec![]).gives(&[0.0, 1e-9], &[0.0, 1.0]);
    of(vec![float("threshold", 0.5)]).gives(&[0.5, 0.75], &[0.0, 1.0]);
    let nan = of(vec![float("threshold", f32::NAN)]);
    assert!(matches!(nan.error(), ImportError::AttributeNonFinite { .. }));
}
