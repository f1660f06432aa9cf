//! The runtime in a Starknet contract: it compiles there, with audited library functions only.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;

use nilometer_cairo::{compile_contract, Sources};
use nilometer_tests::cairo_harness::{runtime, toolchain};

const CONTRACT: &str = "
    #[starknet::interface]
    trait IAll<T> {
        fn all(self: @T, input: Span<felt252>) -> Array<felt252>;
    }

    #[starknet::contract]
    mod All {
        use nilometer_runtime::fixed::FixedTrait;
        use nilometer_runtime::lanes::{Layout, Offset, Rescale, RescaleRelu};
        use nilometer_runtime::{decide, dense, scalar, tree};

        const SEGMENTS: [(felt252, felt252); 2] = [(3, 1000), (4, 1001)];
        const NODES: [tree::Node; 1] =
            [tree::Node { feature: 0, bound: 5, below: 1, above: 2 }];
        const SUMS: [felt252; 2] = [10, 20];
        const LEASTS: [[tree::Least; 2]; 1] =
            [[tree::Least { value: 1 }, tree::Least { value: 2 }]];

        #[storage]
        struct Storage {}

        #[abi(embed_v0)]
        impl AllImpl of super::IAll<ContractState> {
            fn all(self: @ContractState, input: Span<felt252>) -> Array<felt252> {
                let mut output: Array<felt252> = array![];
                let x = FixedTrait::from_raw(*input[0]);
                output.append((x.exp().ln() * x.sigmoid() / x.tanh()).sqrt().raw());
                output.append((x.floor() - x.round() + x.ceil()).raw());

                let offset: Layout<3, 3, Offset> =
                    Layout { radix: 0x100000000, lane: Offset { offset: 0 } };
                dense::quads(input, input, offset, ref output);
                let rescale: Layout<1, 0, Rescale> =
                    Layout { radix: 2, lane: Rescale { pow: 4, offset: 1 } };
                dense::groups(input, input, rescale, ref output);
                let relu: Layout<8, 8, RescaleRelu> =
                    Layout { radix: 0x1000, lane: RescaleRelu { pow: 4, offset: 1 } };
                dense::groups(input, input, relu, ref output);

                let keys = tree::with_missing(tree::keys(input, 7).span(), 3).span();
                let roots = array![0].span();
                output.append(tree::forest(keys, NODES.span(), roots, SUMS.span(), 0));
                let large = tree::Least { value: 9 };
                let [least, _] =
                    tree::forest(keys, NODES.span(), roots, LEASTS.span(), [large, large]);
                output.append(least.value);

                let table = scalar::Table {
                    lo: 0, span: 7, step: 4, pow: 8, bias: 1, segments: SEGMENTS.span(),
                };
                scalar::map(table, input, ref output);
                scalar::map(scalar::Relu {}, input, ref output);
                scalar::map(scalar::Sqrt {}, input, ref output);
                scalar::map(scalar::Clip { lo: 0, hi: 9 }, input, ref output);
                scalar::map(scalar::Truncate { pow: 8 }, input, ref output);
                scalar::zip(scalar::DivRound { mul: 8 }, input, input, ref output);
                scalar::zip(scalar::MaskZero {}, input, input, ref output);
                scalar::gather(input, array![0].span(), ref output);
                let softmax = decide::Softmax { exp: table, least: 1, one: 0x10000 };
                decide::softmax(input, softmax, ref output);
                output.append(decide::label(input, true));
                output
            }
        }
    }
";

#[test]
fn a_contract_may_use_everything() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lib.cairo"), CONTRACT).unwrap();
    let crates = BTreeMap::from([
        ("all".to_owned(), folder.path().to_owned()),
        ("nilometer_runtime".to_owned(), runtime()),
    ]);
    let sources = Sources { crates, main: vec!["all".to_owned()] };
    let compiled = toolchain().compile(&sources, &[], &["all::All"]).unwrap();
    let contract = compile_contract(&compiled.contracts[0]).unwrap();
    assert!(contract.is_within_limits());
    assert!(contract.bytecode_len < 20_000, "{}", contract.bytecode_len);
}
