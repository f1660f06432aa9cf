//! Weights in files beside the model.

use nilometer_transpiler::onnx::pb::tensor_proto::DataLocation;
use nilometer_transpiler::onnx::pb::{StringStringEntryProto, TensorProto};
use nilometer_transpiler::onnx::{embed, import, ExternalPiece, ImportError, TensorError};

use crate::support::*;

fn external(name: &str, entries: &[(&str, &str)]) -> TensorProto {
    let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
        key: key.into(),
        value: value.into(),
    };
    TensorProto {
        external_data: entries.iter().map(entry).collect(),
        data_location: Some(DataLocation::External as i32),
        ..floats(name, &[2], &[])
    }
}

fn using(tensor: TensorProto) -> Model {
    float_model(2).init(tensor).node("Add", &["x", "w"], &["y"], vec![]).output("y")
}

#[test]
fn pieces_are_put_into_the_model() {
    let entries = [("location", "m.onnx.data"), ("offset", "4096"), ("length", "8")];
    let model = using(external("w", &entries)).bytes();
    let wanted = ExternalPiece { location: "m.onnx.data".into(), offset: 4096, length: 8 };
    let whole = embed(&model, &mut |piece| {
        assert_eq!(piece, &wanted);
        Ok([1.0f32, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect())
    });
    let graph = import(&whole.unwrap().unwrap()).unwrap();
    let found = nilometer_transpiler::eval::evaluate(&graph, &[10.0, 20.0]).unwrap();
    assert_eq!(found, [[11.0, 22.0]]);
    // Without an offset and a length it is the whole file.
    let model = using(external("w", &[("location", "w.bin")])).bytes();
    let whole = embed(&model, &mut |piece| {
        assert_eq!((piece.offset, piece.length), (0, 8));
        Ok(vec![0; 8])
    });
    assert!(whole.unwrap().is_some());
    let plain = using(floats("w", &[2], &[1.0, 2.0])).bytes();
    assert_eq!(embed(&plain, &mut |_| panic!("nothing to read")).unwrap(), None);
}

fn refused(tensor: TensorProto, data: Result<Vec<u8>, String>) -> String {
    match embed(&using(tensor).bytes(), &mut |_| data.clone()) {
        Err(ImportError::Tensor { name, source: TensorError::ExternalData { reason, .. } }) => {
            assert_eq!(name, "w");
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_that_do_not_fit() {
    let entries = |length| [("location", "w.bin"), ("length", length)];
    let of = |length| refused(external("w", &entries(length)), Ok(vec![0; 8]));
    assert_eq!(of("7"), "the length is 7 bytes, the tensor has 8");
    assert_eq!(
        of("18446744073709551615"),
        format!("the length is {} bytes, the tensor has 8", u64::MAX)
    );
    assert_eq!(of("-8"), "the length \"-8\" is not a number");
    assert_eq!(refused(external("w", &entries("8")), Ok(vec![0; 4])), "gives 4 bytes of 8");
    assert_eq!(refused(external("w", &entries("8")), Err("is gone".into())), "is gone");
    let huge = TensorProto { dims: vec![i64::MAX, i64::MAX], ..external("w", &[]) };
    assert!(refused(huge, Ok(Vec::new())).ends_with("are too large to count"));
    let negative = TensorProto { dims: vec![-1], ..external("w", &[]) };
    assert!(refused(negative, Ok(Vec::new())).ends_with("are too large to count"));
}

#[test]
fn the_pieces_in_all_are_bounded() {
    // Each is below the limit of a file, and they are over it together; nothing is read for the last one.
    let half = TensorProto { dims: vec![3 << 26], ..external("w", &[("location", "w.bin")]) };
    let other = TensorProto { name: "v".into(), ..half.clone() };
    let model = float_model(2).init(half).init(other).node("Add", &["x", "w"], &["y"], vec![]);
    let mut reads = 0;
    let error = embed(&model.output("y").bytes(), &mut |_| {
        reads += 1;
        Err("not here".into())
    });
    assert!(matches!(error, Err(ImportError::Tensor { .. })) && reads == 1);
    let whole = TensorProto { dims: vec![1 << 28], ..external("w", &[("location", "w.bin")]) };
    let error = embed(&using(whole).bytes(), &mut |_| panic!("nothing is read"));
    assert!(matches!(error, Err(ImportError::TooLarge { .. })), "{error:?}");
}
