//! Vectorised arithmetic over the Stark field: what the prover spends its time on.
//!
//! Input and output are plain [`Felt`](nilometer_field::Felt)s, bytes and digests; between them, eight elements are computed side
//! by side ([`Packed`]): with AVX-512 and its 52-bit multiplications where the processor has them (which is
//! detected at run time), and one after the other elsewhere. Both ways give the same bytes.
//!
//! This is the only crate with unsafe code. It proves and checks nothing, and the verifier must not depend
//! on it.
//!
//! ```
//! use nilometer_field::Felt;
//! use nilometer_kernels::{fft, inverse_fft, Twiddles};
//!
//! // The polynomial 1 + 2x over the four fourth roots of unity, and back.
//! let coefficients = [1_u64, 2, 0, 0].map(Felt::from);
//! let twiddles = Twiddles::new(4);
//! let mut values = coefficients;
//! fft(&mut values, &twiddles);
//! assert_eq!(values[0], Felt::from(3_u64));
//! inverse_fft(&mut values, &twiddles);
//! assert_eq!(values, coefficients);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod backend;
mod fft;
mod hash;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod inverse;
mod memory;
mod packed;
mod portable;

pub use backend::{dispatch, dispatch_portable, Backend, Kernel, Task};
pub use fft::{
    evaluate, evaluate_with_offset, fft, interpolate, interpolate_with_offset, inverse_fft, Polys,
    RowMatrix, Twiddles,
};
pub use hash::{
    blake3_nodes, blake3_nodes_with, blake3_rows, blake3_rows_with, grind, grind_with, hash_rows,
    hash_rows_with, merkle_nodes, merkle_nodes_with, poseidon_grind, poseidon_grind_with,
    poseidon_nodes, poseidon_nodes_with, poseidon_rows, poseidon_rows_with, Digest,
};
pub use inverse::{batch_inverse, batch_inverse_with};
pub use packed::{Factor, Packed, LANES};
pub use portable::Scalar8;
