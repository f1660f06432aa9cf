//! Small ONNX models made by hand, and what they compute here and in tract.

#![allow(dead_code)]

use nilometer_transpiler::eval::evaluate;
use nilometer_transpiler::graph::{Graph, Labels, OutputKind};
use nilometer_transpiler::onnx::pb::attribute_proto::AttributeType;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::tensor_shape_proto::{dimension, Dimension};
use nilometer_transpiler::onnx::pb::{
    type_proto, AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
};
use nilometer_transpiler::onnx::{import, ImportError};
use prost::Message;
use tract_onnx::prelude::*;

/// A model under construction.
pub struct Model {
    pub proto: ModelProto,
}

/// A model of these operator-set versions without nodes, with no input yet.
pub fn model(onnx: i64, ml: i64) -> Model {
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    let graph = GraphProto { name: "test".into(), ..GraphProto::default() };
    let opset_import = vec![opset("", onnx), opset("ai.onnx.ml", ml)];
    let proto =
        ModelProto { ir_version: 8, opset_import, graph: Some(graph), ..ModelProto::default() };
    Model { proto }
}

/// A model of opset 17 with a float input `x` of `[batch, features]`.
pub fn float_model(features: i64) -> Model {
    model(17, 1).input("x", DataType::Float, &[-1, features])
}

impl Model {
    pub fn graph(&mut self) -> &mut GraphProto {
        self.proto.graph.as_mut().unwrap()
    }

    /// Adds an input; -1 is an open dimension.
    pub fn input(mut self, name: &str, data_type: DataType, dims: &[i64]) -> Self {
        let info = value_info(name, data_type, dims);
        self.graph().input.push(info);
        self
    }

    pub fn init(mut self, tensor: TensorProto) -> Self {
        self.graph().initializer.push(tensor);
        self
    }

    pub fn node(
        self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> Self {
        self.domain_node("", op, inputs, outputs, attributes)
    }

    pub fn ml_node(
        self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> Self {
        self.domain_node("ai.onnx.ml", op, inputs, outputs, attributes)
    }

    pub fn domain_node(
        mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Self {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let node = NodeProto {
            input: names(inputs),
            output: names(outputs),
            name: format!("{}_node", outputs[0]),
            op_type: op.into(),
            domain: domain.into(),
            attribute,
            ..NodeProto::default()
        };
        self.graph().node.push(node);
        self
    }

    pub fn output(mut self, name: &str) -> Self {
        self.graph().output.push(ValueInfoProto { name: name.into(), ..ValueInfoProto::default() });
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.proto.encode_to_vec()
    }

    pub fn import(&self) -> Graph {
        import(&self.bytes()).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn error(&self) -> ImportError {
        import(&self.bytes()).expect_err("the model is imported")
    }

    /// The reasons why nodes are unsupported.
    pub fn unsupported(&self) -> Vec<String> {
        match self.error() {
            ImportError::Unsupported { nodes } => nodes.into_iter().map(|n| n.reason).collect(),
            error => panic!("{error}"),
        }
    }

    /// The outputs for one row.
    pub fn run(&self, row: &[f64]) -> Vec<Vec<f64>> {
        evaluate(&self.import(), row).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Asserts the first output.
    pub fn gives(&self, row: &[f64], expected: &[f64]) {
        assert_close(&self.run(row)[0], expected);
    }

    /// The label at this output, as text.
    pub fn label(&self, row: &[f64], output: usize) -> String {
        let graph = self.import();
        let OutputKind::Label(labels) = &graph.outputs[output].kind else {
            panic!("output {output} is not a label");
        };
        let index = evaluate(&graph, row).unwrap()[output][0];
        labels.text(index as usize).unwrap()
    }

    /// The labels of this output.
    pub fn labels(&self, output: usize) -> Labels {
        match &self.import().outputs[output].kind {
            OutputKind::Label(labels) => labels.clone(),
            kind => panic!("{kind:?}"),
        }
    }

    /// Asserts that tract computes the same first output on some rows.
    pub fn agrees_with_tract(&self, dims: &[usize]) {
        let len = dims.iter().product::<usize>();
        for seed in 0..6 {
            let row: Vec<f32> = (0..len).map(|i| noise(seed * 1000 + i as u64)).collect();
            let wanted = tract(&self.bytes(), dims, &row);
            let wide: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
            assert_close(&self.run(&wide)[0], &wanted);
        }
    }
}

/// A number between -2 and 2.
pub fn noise(seed: u64) -> f32 {
    let mixed = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f32 / (1 << 22) as f32 - 2.0
}

pub fn noises(seed: u64, len: usize) -> Vec<f32> {
    (0..len as u64).map(|i| noise(seed * 7919 + i)).collect()
}

fn tract(bytes: &[u8], dims: &[usize], row: &[f32]) -> Vec<f64> {
    let model = tract_onnx::onnx().model_for_read(&mut &bytes[..]).unwrap();
    let fact = InferenceFact::dt_shape(f32::datum_type(), dims);
    let model = model.with_input_fact(0, fact).unwrap().into_optimized().unwrap();
    let model = model.into_runnable().unwrap();
    let input = Tensor::from_shape(dims, row).unwrap();
    let outputs = model.run(tvec!(input.into())).unwrap();
    let output = outputs[0].cast_to::<f64>().unwrap();
    output.to_plain_array_view::<f64>().unwrap().iter().copied().collect()
}

pub fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    for (x, wanted) in found.iter().zip(expected) {
        let close = (x - wanted).abs() <= 2e-5 * (1.0 + wanted.abs());
        assert!(close || (x.is_nan() && wanted.is_nan()), "{found:?} for {expected:?}");
    }
}

pub fn value_info(name: &str, data_type: DataType, dims: &[i64]) -> ValueInfoProto {
    let dimension = |&dim: &i64| Dimension {
        value: Some(match dim {
            -1 => dimension::Value::DimParam("batch".into()),
            dim => dimension::Value::DimValue(dim),
        }),
        ..Dimension::default()
    };
    let shape = TensorShapeProto { dim: dims.iter().map(dimension).collect() };
    let tensor = type_proto::Tensor { elem_type: data_type as i32, shape: Some(shape) };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() }
}

pub fn floats(name: &str, dims: &[i64], data: &[f32]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Float as i32,
        float_data: data.to_vec(),
        ..TensorProto::default()
    }
}

pub fn doubles(name: &str, dims: &[i64], data: &[f64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Double as i32,
        double_data: data.to_vec(),
        ..TensorProto::default()
    }
}

pub fn ints(name: &str, dims: &[i64], data: &[i64]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::Int64 as i32,
        int64_data: data.to_vec(),
        ..TensorProto::default()
    }
}

pub fn texts(name: &str, dims: &[i64], data: &[&str]) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: DataType::String as i32,
        string_data: data.iter().map(|text| text.as_bytes().to_vec()).collect(),
        ..TensorProto::default()
    }
}

fn attribute(name: &str, r#type: AttributeType) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: r#type as i32, ..AttributeProto::default() }
}

pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { i, ..attribute(name, AttributeType::Int) }
}

pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { f, ..attribute(name, AttributeType::Float) }
}

pub fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { s: s.as_bytes().to_vec(), ..attribute(name, AttributeType::String) }
}

pub fn int_list(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto { ints: ints.to_vec(), ..attribute(name, AttributeType::Ints) }
}

pub fn float_list(name: &str, floats: &[f32]) -> AttributeProto {
    AttributeProto { floats: floats.to_vec(), ..attribute(name, AttributeType::Floats) }
}

pub fn text_list(name: &str, texts: &[&str]) -> AttributeProto {
    let strings = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    AttributeProto { strings, ..attribute(name, AttributeType::Strings) }
}

pub fn tensor(name: &str, t: TensorProto) -> AttributeProto {
    AttributeProto { t: Some(t), ..attribute(name, AttributeType::Tensor) }
}
