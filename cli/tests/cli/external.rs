//! Weights in a file beside the model, as PyTorch's exporter writes them.

use std::fs;
use std::os::unix::fs::symlink;

use nilometer_transpiler::onnx;
use nilometer_transpiler::onnx::pb::tensor_proto::DataLocation;
use nilometer_transpiler::onnx::pb::{ModelProto, StringStringEntryProto};
use prost::Message;

use crate::support::{json, json_error, zoo, Scratch};

/// The iris network with its first weights elsewhere: the model's bytes, and the weights'.
fn split(location: &str, offset: usize) -> (Vec<u8>, Vec<u8>) {
    let bytes = fs::read(zoo("mlp_iris_4_16_3.onnx")).unwrap();
    let mut model = ModelProto::decode(bytes.as_slice()).unwrap();
    let tensor = &mut model.graph.as_mut().unwrap().initializer[0];
    let mut raw = std::mem::take(&mut tensor.raw_data);
    if raw.is_empty() {
        raw = tensor.float_data.drain(..).flat_map(f32::to_le_bytes).collect();
    }
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    tensor.external_data = vec![
        entry("location", location.to_owned()),
        entry("offset", offset.to_string()),
        entry("length", raw.len().to_string()),
    ];
    tensor.data_location = Some(DataLocation::External as i32);
    // Offsets that no file has are only claimed.
    let mut data = vec![0xaa; if offset < 1 << 20 { offset } else { 0 }];
    data.extend(raw);
    (model.encode_to_vec(), data)
}

#[test]
fn weights_beside_the_model_are_read() {
    let scratch = Scratch::new();
    let (model, data) = split("m.onnx.data", 64);
    let model = scratch.file("m.onnx", model);
    scratch.file("m.onnx.data", data);
    assert_eq!(json(&["inspect", &model])["supported"], true);
    let inputs = zoo("mlp_iris_4_16_3_inputs.npy");
    let whole = zoo("mlp_iris_4_16_3.onnx");
    let hash = |model: &str| {
        let package = scratch.join("package");
        let calibration = inputs.to_str().unwrap();
        let result = json(&["transpile", model, "-o", &package, "--calibration", calibration]);
        // The package carries the whole model.
        let carried = fs::read(format!("{package}/model.onnx")).unwrap();
        assert!(onnx::import(&carried).is_ok());
        result["model_hash"].clone()
    };
    assert_eq!(hash(&model), hash(whole.to_str().unwrap()));
}

#[test]
fn nothing_but_files_beside_the_model_is_read() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path().join("in")).unwrap();
    let refused = |location: &str, offset: usize, reason: &str| {
        let (model, _) = split(location, offset);
        let model = scratch.file("in/m.onnx", model);
        for command in [vec!["transpile", &model, "-o", "p"], vec!["inspect", &model]] {
            let (code, error) = json_error(&command);
            let message = error["message"].as_str().unwrap();
            assert!(code == 3 && message.contains(reason), "{location}: {code} {message}");
            assert!(error["help"].as_str().unwrap().contains("beside the model"), "{error}");
        }
    };
    let (_, data) = split("w.bin", 0);
    let outside = scratch.file("w.bin", &data);
    for location in ["../w.bin", &outside, "a/../../w.bin", ""] {
        refused(location, 0, "leaves the model's folder");
    }
    refused("none.bin", 0, "cannot be read beside the model");
    fs::create_dir(scratch.path().join("in/folder")).unwrap();
    refused("folder", 0, "is not a file");
    symlink(&outside, scratch.path().join("in/link.bin")).unwrap();
    refused("link.bin", 0, "is a link");
    symlink(scratch.path(), scratch.path().join("in/up")).unwrap();
    refused("up/w.bin", 0, "is a link");
    scratch.file("in/short.bin", &data[..data.len() - 1]);
    refused("short.bin", 0, "are wanted");
    scratch.file("in/w.bin", &data);
    refused("w.bin", usize::MAX, "are wanted");
}
