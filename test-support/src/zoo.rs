//! The models in `examples/zoo`, and the rows beside them.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis};
use ndarray_npy::ReadNpyExt;

/// Every model of the zoo.
pub const MODELS: [&str; 19] = [
    "mlp_bc_30_32_16_1_sigmoid",
    "mlp_diabetes_10_64_64_1_tanh",
    "mlp_digits_64_128_64_10",
    "mlp_digits_64_64_10",
    "mlp_iris_4_16_3",
    "mlp_iris_4_16_3_softmax",
    "mlp_scale_10k",
    "mlp_scale_60k",
    "pipe_bc_scaler_mlp_zipmap",
    "pipe_wine_scaler_rf20",
    "rockybot",
    "skl_mlp_iris",
    "tree_bc_gbc50_d3",
    "tree_bc_xgb100",
    "tree_diabetes_gbr100_d3",
    "tree_digits_rf100_d10",
    "tree_iris_dt4",
    "tree_iris_dt4_zipmap",
    "tree_wine_rf10",
];

/// The zoo's folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/zoo")
}

/// The rows of an array file, whatever its number type.
pub fn rows(path: &Path) -> Vec<Vec<f64>> {
    let bytes = fs::read(path).unwrap();
    let array: ArrayD<f64> = ArrayD::<f32>::read_npy(bytes.as_slice())
        .map(|a| a.mapv(f64::from))
        .or_else(|_| ArrayD::<f64>::read_npy(bytes.as_slice()))
        .or_else(|_| ArrayD::<i64>::read_npy(bytes.as_slice()).map(|a| a.mapv(|x| x as f64)))
        .unwrap();
    array.axis_iter(Axis(0)).map(|row| row.iter().copied().collect()).collect()
}
