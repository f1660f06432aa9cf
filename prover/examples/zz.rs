#![allow(clippy::all, clippy::print_stdout, clippy::unwrap_used)]
use nilometer_air::cairo::*;
use nilometer_cairo::{Program, RunOptions};
use nilometer_prover::*;
use starknet_types_core::felt::Felt;
use std::time::Instant;
use winter_air::*;
fn main() {
    for m in std::env::args().skip(1) {
        let p =
            Program::from_json(&std::fs::read(format!("/tmp/pk/{m}/build/program.json")).unwrap())
                .unwrap();
        let t = std::fs::read_to_string(format!("/tmp/pk/{m}.in")).unwrap();
        let v: Vec<Felt> = t
            .trim_matches(|c| c == '[' || c == ']')
            .split(", ")
            .map(|s| {
                let s = s.trim_matches('"');
                match s.strip_prefix('-') {
                    Some(d) => -Felt::from_dec_str(d).unwrap(),
                    None => Felt::from_dec_str(s).unwrap(),
                }
            })
            .collect();
        let t0 = Instant::now();
        let r = p.run(&v, &RunOptions { trace: true, ..Default::default() }).unwrap();
        println!("{m}: run {:?}", t0.elapsed());
        let t0 = Instant::now();
        let w = Witness::new(&p, &r).unwrap();
        println!("witness {:?} rows {}", t0.elapsed(), w.n_rows());
        if w.n_rows() <= 1 << 13 {
            use winter_math::FieldElement;
            let ch: [nilometer_air::Felt; lookup::N_CHALLENGES] = std::array::from_fn(|i| {
                nilometer_air::Felt::from(1000003u64 * (i as u64 + 12345)).cube()
            });
            let aux = lookups::build(&w.main, &ch);
            let f = check::failures(&w.claim, &w.advice, &w.main, &aux, &ch).unwrap();
            println!("failures {} {:?}", f.len(), &f[..f.len().min(10)]);
        }
        w.advice.check(&w.claim, w.n_rows()).unwrap();
        let ab = w.advice.to_bytes(&w.claim);
        assert_eq!(Advice::from_bytes(&w.claim, &ab).unwrap(), w.advice);
        let o = ProofOptions::new(
            81,
            4,
            20,
            FieldExtension::None,
            8,
            31,
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        );
        let pi = PublicInputs { claim: w.claim.clone(), advice: w.advice.clone() };
        let t0 = Instant::now();
        let last = std::cell::Cell::new(t0);
        let proof = stark::prove(w, &o, &|p| {
            println!("   {:?} -> {p:?}", last.get().elapsed());
            last.set(Instant::now());
        });
        println!("   {:?}", last.get().elapsed());
        println!("prove {:?}", t0.elapsed());
        println!("security {:?}", proof.proven_security::<proof_system::HashFn>().ldr_bits());
        let b = proof.to_bytes();
        println!("advice {} proof {}", ab.len(), b.len());
        let t0 = Instant::now();
        let r = winter_verifier::verify::<
            CairoAir,
            proof_system::HashFn,
            proof_system::Coin,
            proof_system::Tree,
        >(proof, pi, &winter_verifier::AcceptableOptions::MinProvenSecurity(90));
        println!("verify {:?} {:?}", r, t0.elapsed());
    }
}
