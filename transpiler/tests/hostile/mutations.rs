//! Models of the zoo with bits flipped, bytes cut off and pieces put elsewhere: none panics.

use nilometer_transpiler::eval::evaluate;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::ModelProto;
use nilometer_transpiler::onnx::{import, inspect};
use nilometer_transpiler::passes::{label_only, simplify};
use prost::Message;

use crate::support::value_info;

const MUTANTS_PER_MODEL: u64 = 1_000;
const MODELS: [&str; 3] = ["skl_mlp_iris", "tree_iris_dt4_zipmap", "mlp_iris_4_16_3_softmax"];

/// A stream of numbers, the same on every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn mutate(bytes: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    for _ in 0..1 + draw.below(4) {
        let len = mutant.len();
        let at = draw.below(len);
        match draw.below(6) {
            0 | 1 => mutant[at] ^= 1 << draw.below(8),
            2 => mutant[at] = [0x00, 0x7f, 0x80, 0xff][draw.below(4)],
            3 => mutant.truncate(at.max(1)),
            4 => {
                let piece: Vec<u8> = mutant[at..len.min(at + 1 + draw.below(40))].to_vec();
                let to = draw.below(len);
                mutant.splice(to..to, piece);
            }
            _ => {
                mutant.drain(at..len.min(at + 1 + draw.below(20)));
                if mutant.is_empty() {
                    mutant.push(0);
                }
            }
        }
    }
    mutant
}

/// Changes fields of the decoded model: what bytes at random rarely do.
fn mutate_fields(model: &mut ModelProto, draw: &mut Draw) {
    let graph = model.graph.as_mut().unwrap();
    let names: Vec<String> = graph.node.iter().flat_map(|node| node.output.clone()).collect();
    let n_nodes = graph.node.len();
    let at = draw.below(n_nodes);
    let node = &mut graph.node[at];
    match draw.below(9) {
        0 => {
            let op = OPS[draw.below(OPS.len())];
            node.op_type = op.1.into();
            node.domain = op.0.into();
        }
        1 | 2 if !node.attribute.is_empty() => {
            let n_attributes = node.attribute.len();
            let attribute = &mut node.attribute[draw.below(n_attributes)];
            attribute.i = INTS[draw.below(INTS.len())];
            attribute.f = [0.0, -1.0, 1e38, 0.5][draw.below(4)];
            let n_ints = attribute.ints.len();
            if n_ints > 0 {
                attribute.ints[draw.below(n_ints)] = INTS[draw.below(INTS.len())];
            }
        }
        3 if !node.input.is_empty() => {
            let n_inputs = node.input.len();
            node.input[draw.below(n_inputs)] = names[draw.below(names.len())].clone();
        }
        4 => {
            let n_attributes = node.attribute.len();
            node.attribute.truncate(draw.below(n_attributes));
        }
        5 if !graph.initializer.is_empty() => {
            let n_tensors = graph.initializer.len();
            let dims = &mut graph.initializer[draw.below(n_tensors)].dims;
            match draw.below(3) {
                0 => dims.reverse(),
                1 => dims.push(1),
                _ => dims.truncate(1),
            }
        }
        6 if !graph.initializer.is_empty() => {
            let n_tensors = graph.initializer.len();
            for value in &mut graph.initializer[draw.below(n_tensors)].int64_data {
                *value = INTS[draw.below(INTS.len())];
            }
        }
        7 => model.opset_import[0].version = [6, 9, 11, 13, 18][draw.below(5)],
        _ => {
            let dims = [&[-1, 4][..], &[1, 4], &[4], &[3, 4], &[-1, 2, 2], &[-1, 1, 4], &[-1, 1]];
            let types = [DataType::Float, DataType::Double, DataType::Int64];
            let name = graph.input[0].name.clone();
            let data_type = types[draw.below(types.len())];
            graph.input[0] = value_info(&name, data_type, dims[draw.below(dims.len())]);
        }
    }
}

const INTS: [i64; 12] =
    [0, 1, 2, 3, -1, -2, 7, 100, i64::MAX, i64::MIN, i32::MAX as i64, -(1 << 40)];
const OPS: [(&str, &str); 24] = [
    ("", "Add"),
    ("", "Div"),
    ("", "Gemm"),
    ("", "MatMul"),
    ("", "Softmax"),
    ("", "ArgMax"),
    ("", "Flatten"),
    ("", "Reshape"),
    ("", "Squeeze"),
    ("", "Unsqueeze"),
    ("", "Transpose"),
    ("", "Shape"),
    ("", "Concat"),
    ("", "Gather"),
    ("", "Slice"),
    ("", "Cast"),
    ("", "ConstantOfShape"),
    ("", "BatchNormalization"),
    ("", "Clip"),
    ("ai.onnx.ml", "ArrayFeatureExtractor"),
    ("ai.onnx.ml", "LabelEncoder"),
    ("ai.onnx.ml", "ZipMap"),
    ("ai.onnx.ml", "Scaler"),
    ("ai.onnx.ml", "TreeEnsembleRegressor"),
];

fn zoo_model(name: &str) -> Vec<u8> {
    let zoo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/zoo");
    std::fs::read(zoo.join(format!("{name}.onnx"))).unwrap()
}

/// Puts a mutant through everything; says whether it is a model still.
fn survives(mutant: &[u8]) -> bool {
    let _ = inspect(mutant);
    let Ok(graph) = import(mutant) else {
        return false;
    };
    graph.validate().unwrap();
    let row = vec![1.0; graph.input.len];
    evaluate(&graph, &row).unwrap();
    if let Some(label) = label_only(&graph) {
        evaluate(&label, &row).unwrap();
    }
    evaluate(&simplify(graph), &row).unwrap();
    true
}

#[test]
fn mutated_bytes() {
    let mut n_imported = 0;
    for name in MODELS {
        let bytes = zoo_model(name);
        let mutants = (0..MUTANTS_PER_MODEL).map(|seed| mutate(&bytes, &mut Draw(seed)));
        n_imported += mutants.filter(|mutant| survives(mutant)).count();
    }
    // Some are models still: the mutants get past the decoder.
    assert!((150..2_000).contains(&n_imported), "{n_imported} mutants are models");
}

#[test]
fn mutated_fields() {
    let mut n_imported = 0;
    for name in MODELS {
        let model = ModelProto::decode(zoo_model(name).as_slice()).unwrap();
        for seed in 0..MUTANTS_PER_MODEL {
            let mut mutant = model.clone();
            let mut draw = Draw(seed);
            for _ in 0..1 + draw.below(3) {
                mutate_fields(&mut mutant, &mut draw);
            }
            n_imported += usize::from(survives(&mutant.encode_to_vec()));
        }
    }
    assert!((300..2_900).contains(&n_imported), "{n_imported} mutants are models");
}
