//! Any bytes as a proof file must give an error: never a panic, and never an acceptance.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nilometer_air::cairo::claim::header;
use nilometer_air::cairo::{Builtin, Claim, ProofFile, Security};
use nilometer_verifier::{verify, VerifyError};

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = ProofFile::from_bytes(bytes) else { return };
    // The header, then zeros, which are not instructions: no run of it ends.
    let mut code = header(1).to_vec();
    code.resize(20, Default::default());
    let Ok(claim) = Claim::new(vec![Builtin::Output], code, file.output) else { return };
    let Ok(least) = Security::new(96) else { return };
    match verify(&claim, bytes, least) {
        Ok(_) => panic!("a proof of a run that cannot be"),
        Err(VerifyError::Panic) => panic!("Winterfell's verifier panicked"),
        Err(_) => {}
    }
});
