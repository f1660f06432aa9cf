//! The constraints at one point, so that any edit of one shows in a diff.

use nilometer_air::cairo::boundary;
use nilometer_air::cairo::constraints::{self, Constants};
use nilometer_air::cairo::layout::{AUX_WIDTH, MAIN_COLUMNS, MAIN_WIDTH};
use nilometer_air::cairo::lookup::{public_sum, N_CHALLENGES};
use nilometer_air::cairo::proof_system::Coin;
use nilometer_field::Felt;
use winter_crypto::RandomCoin;
use winter_math::FieldElement;

use crate::machine::Forger;
use nilometer_test_support::programs::{everything, EVERYTHING_ROWS};

fn hex(felt: Felt) -> String {
    felt.to_be_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn constraints_at_a_random_point() {
    let mut coin = Coin::new(&[Felt::from(2718_u64)]);
    let mut draw = || -> Felt { coin.draw().unwrap() };
    let [row, next]: [[Felt; MAIN_WIDTH]; 2] =
        std::array::from_fn(|_| std::array::from_fn(|_| draw()));
    let [aux, aux_next]: [[Felt; AUX_WIDTH]; 2] =
        std::array::from_fn(|_| std::array::from_fn(|_| draw()));
    let periodic = [draw(), draw()];
    let challenges: [Felt; N_CHALLENGES] = std::array::from_fn(|_| draw());
    let constants = Constants::new();
    let main = constraints::main(&constants, &row, &next, &periodic);
    let aux = constraints::aux(&constants, &row, &aux, &aux_next, &periodic, &challenges);
    let values = [&main[..], &aux].concat();
    let names = constraints::names();
    assert_eq!(values.len(), names.clone().count());
    let sum = values.iter().fold(Felt::ZERO, |sum, value| sum + *value * draw());
    let mut text: Vec<String> =
        names.zip(&values).map(|(name, value)| format!("{name} {}", hex(*value))).collect();
    text.push(format!("sum {}", hex(sum)));
    insta::assert_snapshot!(text.join("\n"), @r"
    cpu::res 00217d104c009fef997e7a56848f41bd1baf53352b8e83be3e5010988b291421
    cpu::assert_eq 07bfd3cbf955ec3bae3925bccc43667fec8abdcd4f97136136be0c5a5ae597da
    cpu::next_pc 02eea142d6f7f11e3ecd25f43cb906dce36a829cbfa013a4383fdcc5342c6c65
    cpu::next_pc_jnz 0721a136628cb0455bb4a81cec51f6d22c33f1b29ebcc23053eac14256620b61
    cpu::next_ap 06069cbf8c02f1e77ecf1270758784226ed4fd0f5570c696547e918c6e1ff91f
    cpu::next_fp 0421fe0c29dda8a93a3304e57ff4243e08bf740981f148089fd7902c010a3402
    cpu::call_push_fp 01630d51bdc7e09a3b3fe55ad7428ee9957e71e549f07d480f5e918ec6abd29b
    cpu::call_push_pc 02d59c074086e24903560e75a31cad375acbc7124ef868a61a3ed007df338f7d
    memory::index 03554da223ce5cedc374ab6474c5b3fa1c2f9309a630e9cb275a80e6cf23e00f
    range_check::top_limb 0734eddd56a23f96d4e1a3a2f1a9a041f12799ad1a9735607e49d6b1e2aaa498
    range_check::accumulate 0457cf8b8d6ee6cb2b73e82cd2105c84a46299cec97ab5bf4632811d7d31b35e
    lookup::instruction 00f21f148a0f784d4b38655e0ab4fd3cdab811a6923f2a00fe4d9759afb6dd16
    lookup::dst_op0 07e90b8960543c79159e638c666572e15682532c2732647a39194d84f0ccd943
    lookup::op1_cell 001dd7c99fe1f7aa5ab03a49d96c8c4d46d8c88cefb5204d2ced2f993e9a5442
    lookup::limbs 0332a007b74a035680886a2bd2dba458f7344c59fd15277c0658d7b7c411d5aa
    lookup::sum 04edb50711664eef3886496cf874dd53c0f3cc9cdb78c5e1636a4d579e8efff6
    sum 04c30d92d33798791f09e4cd1754013ce5fdda83cf3762ae6d9ddedca08a143a
    ");
}

/// The verifier's side: what the trace starts and ends with, and the public tables' sum.
#[test]
fn boundary_values_at_random_challenges() {
    let mut coin = Coin::new(&[Felt::from(2718_u64)]);
    let challenges: [Felt; N_CHALLENGES] = std::array::from_fn(|_| coin.draw().unwrap());
    let witness = Forger::default().run(&everything(), EVERYTHING_ROWS).settle();
    let fixed = boundary::main(&witness.advice, EVERYTHING_ROWS);
    let fixed = fixed.map(|(name, column, row, value)| {
        format!("{name} {} {row} {:#x}", MAIN_COLUMNS[column], value.to_u64().unwrap())
    });
    let sum = public_sum(&witness.claim, &witness.advice, &challenges).unwrap();
    let text = format!("{}\npublic sum {}", fixed.join("\n"), hex(sum));
    insta::assert_snapshot!(text, @r"
    boundary::first_pc pc 0 0x1
    boundary::first_ap ap 0 0x100000002
    boundary::first_fp fp 0 0x100000002
    boundary::first_index index 0 0x0
    boundary::first_acc acc 0 0x0
    boundary::last_pc pc 127 0x5
    boundary::last_ap ap 127 0x100000038
    boundary::last_fp fp 127 0x100000002
    public sum 07a514f9143322d79802ba065c3b4c7af8834819cc826ef61e7cda31c87e0e5f
    ");
}
