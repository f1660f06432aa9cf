//! Generated contracts know only the row, whatever their shape; the registry is not metered in gas.

#![allow(clippy::unwrap_used, reason = "tests")]

use nilometer_cairo::purity::{is_metered, purity, sierra_version};
use nilometer_tests::chain;
use nilometer_tests::zoo::{self, Model};
use nilometer_transpiler::emit::{Shape, Shapes};
use nilometer_transpiler::plan::PlanOptions;

#[test]
fn generated_contracts_are_pure() {
    for name in ["tree_iris_dt4", "pipe_bc_scaler_mlp_zipmap", "mlp_iris_4_16_3_softmax"] {
        let graph = Model::load(name).plan(&PlanOptions::default()).graph;
        for shape in [Shape::Unrolled, Shape::Looped] {
            let shapes = Shapes { program: shape, contract: shape };
            let class = zoo::build(&graph, Some(shapes), true).class;
            let found = purity(&class).unwrap();
            assert!(found.is_pure(), "{name}, {shape:?}: {found:?}");
            assert!(!is_metered(sierra_version(&class).unwrap()));
        }
    }
}

#[test]
fn the_registry_is_not_metered_and_mocks_are_not_pure() {
    let classes = chain::compile();
    assert!(!is_metered(sierra_version(&classes.registry_json).unwrap()));
    let miser = purity(&classes.miser).unwrap();
    assert_eq!(miser.impurities, ["withdraw_gas that does not panic"]);
    assert_eq!(miser.system_calls, Vec::<String>::new());
    assert!(!purity(&classes.registry_json).unwrap().is_pure());
}
