//! The transcript: what each side has seen, and the challenges that follow from it.

use crate::air::Air;
use crate::hash::Hash;
use crate::layout::Layout;
use crate::params::{Params, Target};
use crate::Felt;

/// The protocol's name, as the transcript begins.
pub const PROTOCOL: &str = "nilometer-stark";
/// The protocol's version. It changes whenever what is absorbed, drawn or checked does.
pub const PROTOCOL_VERSION: u64 = 2;

pub(crate) struct Transcript<H: Hash> {
    state: H::Digest,
    /// Challenges since the last absorption.
    drawn: u64,
}

impl<H: Hash> Transcript<H> {
    /// A transcript that has seen everything that both sides know: the protocol, the parameters, the AIR and
    /// its shape, the key and the public input.
    pub fn new<A: Air>(air: &A, layout: &Layout, params: &Params, key: &H::Digest) -> Self {
        let header = header::<H, A>(air, layout, params);
        let state = H::absorb(&H::Digest::default(), &header);
        let state = H::absorb_digest(&state, key);
        let public_input = air.public_input();
        let mut elements = Vec::with_capacity(public_input.len() + 1);
        elements.push(number(public_input.len()));
        elements.extend(public_input);
        Self { state: H::absorb(&state, &elements), drawn: 0 }
    }

    pub fn absorb(&mut self, felts: &[Felt]) {
        self.state = H::absorb(&self.state, felts);
        self.drawn = 0;
    }

    pub fn absorb_digest(&mut self, digest: &H::Digest) {
        self.state = H::absorb_digest(&self.state, digest);
        self.drawn = 0;
    }

    /// A challenge.
    pub fn draw(&mut self) -> Felt {
        let challenge = H::challenge(&self.state, self.drawn);
        self.drawn += 1;
        challenge
    }

    /// Several challenges.
    pub fn draw_many(&mut self, count: usize) -> Vec<Felt> {
        (0..count).map(|_| self.draw()).collect()
    }

    /// What a nonce's proof of work is of.
    #[cfg(feature = "prove")]
    pub fn state(&self) -> &H::Digest {
        &self.state
    }

    /// Whether a nonce proves the work; it is then part of the transcript.
    #[must_use]
    pub fn absorb_work(&mut self, nonce: u64, bits: u32) -> bool {
        let worked = H::work(&self.state, nonce) >= bits;
        self.absorb(&[Felt::from(nonce)]);
        worked
    }

    /// Positions below `domain_size`, a power of two: `count` are drawn; sorted and distinct.
    pub fn positions(&self, count: usize, domain_size: usize) -> Vec<usize> {
        let mut positions: Vec<usize> = (0..count.div_ceil(4) as u64)
            .flat_map(|counter| H::numbers(&self.state, counter))
            .take(count)
            .map(|number| number as usize & (domain_size - 1))
            .collect();
        positions.sort_unstable();
        positions.dedup();
        positions
    }
}

fn number(value: usize) -> Felt {
    Felt::from(value as u64)
}

/// At most 31 bytes as a big-endian number, as Cairo writes short strings.
pub fn short_string(text: &str) -> Felt {
    text.bytes()
        .fold(Felt::default(), |sum, byte| sum * Felt::from(256_u64) + Felt::from(u64::from(byte)))
}

/// Lists are preceded by their lengths; all else is of fixed length.
fn header<H: Hash, A: Air>(air: &A, layout: &Layout, params: &Params) -> Vec<Felt> {
    let shape = &layout.shape;
    let target = match params.target() {
        Target::Native => 0_u64,
        Target::Starknet => 1,
    };
    let mut header = vec![
        short_string(PROTOCOL),
        Felt::from(PROTOCOL_VERSION),
        Felt::from(H::ID),
        Felt::from(u64::from(params.level().bits())),
        Felt::from(target),
        number(params.blowup()),
        number(params.n_queries()),
        Felt::from(u64::from(params.grinding_bits())),
        number(params.remainder_len()),
        number(params.folds_log2().len()),
    ];
    header.extend(params.folds_log2().iter().map(|fold| Felt::from(u64::from(*fold))));
    header.extend([short_string(air.name()), Felt::from(air.version()), number(shape.n_rows)]);
    header.extend(layout.widths.map(number));
    for next in shape.next.as_array() {
        header.push(number(next.len()));
        header.extend(next.iter().map(|column| number(*column)));
    }
    header.extend([
        number(air.constraints().len()),
        number(shape.n_challenges),
        Felt::from(shape.argument_degree),
        number(shape.n_derived),
        number(shape.exempt_rows),
    ]);
    header
}
