//! The prover's side of the Fiat–Shamir transcript, as Winterfell's verifier replays it.

use nilometer_field::Felt;
use winter_air::proof::{
    merge_ood_evaluations, Commitments, Context, OodFrame, QuotientOodFrame, TraceOodFrame,
};
use winter_crypto::{Digest as _, ElementHasher, Hasher, RandomCoin};
use winter_math::ToElements;

use crate::commitment::{Coin, Digest, HashFn};

/// What is committed to, and the coin that challenges come from.
pub struct Transcript {
    /// Draws challenges.
    pub coin: Coin,
    /// The coin's seed, which the coin keeps to itself.
    seed: Digest,
    /// Everything committed to so far.
    pub commitments: Commitments,
    /// The trace and the quotient out of the domain.
    pub ood_frame: OodFrame,
}

impl Transcript {
    /// A transcript that starts with the proof's parameters and the public inputs.
    pub fn new(context: &Context, public_inputs: &impl ToElements<Felt>) -> Self {
        let mut seed = context.to_elements();
        seed.append(&mut public_inputs.to_elements());
        Self {
            coin: Coin::new(&seed),
            seed: HashFn::hash_elements(&seed),
            commitments: Commitments::default(),
            ood_frame: OodFrame::default(),
        }
    }

    /// Absorbs a commitment.
    pub fn commit(&mut self, root: Digest) {
        self.commitments.add::<HashFn>(&root);
        self.reseed(root);
    }

    fn reseed(&mut self, digest: Digest) {
        self.coin.reseed(digest);
        self.seed = HashFn::merge(&[self.seed, digest]);
    }

    /// The first nonce whose digest with the coin's seed ends in `bits` zeros.
    pub fn grind(&self, bits: u32) -> u64 {
        if bits == 0 {
            return 1;
        }
        let nonce = nilometer_kernels::grind(self.seed.as_bytes(), bits);
        debug_assert!(self.coin.check_leading_zeros(nonce) >= bits);
        nonce
    }

    /// Draws a challenge.
    pub fn draw(&mut self) -> Felt {
        #[expect(
            clippy::expect_used,
            reason = "each draw is below the modulus with probability one half: a thousand failures do not happen"
        )]
        self.coin.draw().expect("a felt from a random coin")
    }

    /// Absorbs the evaluations out of the domain.
    pub fn send_ood(&mut self, trace: &TraceOodFrame<Felt>, quotient: &QuotientOodFrame<Felt>) {
        self.ood_frame.set_trace_states(trace);
        self.ood_frame.set_quotient_states(quotient);
        self.reseed(HashFn::hash_elements(&merge_ood_evaluations(trace, quotient)));
    }
}

impl winter_fri::ProverChannel<Felt> for Transcript {
    type Hasher = HashFn;

    fn commit_fri_layer(&mut self, root: Digest) {
        self.commit(root);
    }

    fn draw_fri_alpha(&mut self) -> Felt {
        self.draw()
    }
}
