//! Synthetic ONNX models, for sizes that no file in the tree should have.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::tensor_shape_proto::{dimension, Dimension};
use nilometer_transpiler::onnx::pb::type_proto::{Tensor, Value};
use nilometer_transpiler::onnx::pb::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto,
};
use prost::Message;

/// Reproducible numbers in `[-1, 1)`.
pub struct Random(u64);

impl Random {
    /// A generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// The next number.
    pub fn uniform(&mut self) -> f64 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// The ONNX file of a ReLU network with layers of these widths and random He weights.
pub fn mlp(widths: &[usize]) -> Vec<u8> {
    let mut random = Random::new(1);
    let mut graph = GraphProto { name: "synthetic".into(), ..GraphProto::default() };
    let mut value = "input".to_owned();
    let layers = widths.len() - 1;
    for layer in 0..layers {
        let (inputs, outputs) = (widths[layer], widths[layer + 1]);
        let spread = (6.0 / inputs as f64).sqrt();
        let weights = (0..inputs * outputs).map(|_| (random.uniform() * spread) as f32).collect();
        let bias = (0..outputs).map(|_| (random.uniform() * 0.1) as f32).collect();
        graph.initializer.push(tensor(format!("w{layer}"), &[inputs, outputs], weights));
        graph.initializer.push(tensor(format!("b{layer}"), &[outputs], bias));
        let last = layer + 1 == layers;
        let sum = if last { "output".to_owned() } else { format!("sum{layer}") };
        let inputs = vec![value, format!("w{layer}"), format!("b{layer}")];
        graph.node.push(node("Gemm", format!("gemm{layer}"), inputs, sum.clone()));
        value = sum;
        if !last {
            let active = format!("relu{layer}");
            graph.node.push(node("Relu", active.clone(), vec![value], active.clone()));
            value = active;
        }
    }
    graph.input.push(info("input", widths[0]));
    graph.output.push(info("output", widths[layers]));
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
        graph: Some(graph),
        ..ModelProto::default()
    };
    model.encode_to_vec()
}

fn tensor(name: String, dims: &[usize], values: Vec<f32>) -> TensorProto {
    TensorProto {
        name,
        dims: dims.iter().map(|&d| d as i64).collect(),
        data_type: DataType::Float as i32,
        float_data: values,
        ..TensorProto::default()
    }
}

fn node(op: &str, name: String, input: Vec<String>, output: String) -> NodeProto {
    NodeProto { op_type: op.into(), name, input, output: vec![output], ..NodeProto::default() }
}

fn info(name: &str, width: usize) -> ValueInfoProto {
    let dim = |value| Dimension { value: Some(value), ..Dimension::default() };
    let shape = TensorShapeProto {
        dim: vec![
            dim(dimension::Value::DimParam("batch".into())),
            dim(dimension::Value::DimValue(width as i64)),
        ],
    };
    let tensor = Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}
