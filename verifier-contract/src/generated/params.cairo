//! Numbers of protocol and AIR, and the parameters of proofs. Written by `tensor-air/tests/cairo.rs`; not to be
//! edited.

/// The protocol's name.
pub const PROTOCOL: felt252 = 'nilometer-stark';
/// Its version.
pub const PROTOCOL_VERSION: felt252 = 2;
/// The number of the hash function, Poseidon.
pub const HASH: felt252 = 2;
/// The number of proofs for contracts in the transcript.
pub const TARGET: felt252 = 1;
/// The AIR's name.
pub const AIR_NAME: felt252 = 'nilometer-model';
/// Its version.
pub const AIR_VERSION: felt252 = 1;
/// What a key's hash begins with.
pub const KEY_TAG: felt252 = 'nilometer-model-key';
/// The number of proofs for contracts in a key.
pub const KEY_TARGET: felt252 = 2;
/// Third input of the permutation for challenges.
pub const DRAW_TAG: felt252 = 1685217655;
/// The same for positions.
pub const QUERY_TAG: felt252 = 487300887161;
/// The same for proofs of work.
pub const GRIND_TAG: felt252 = 444301143652;
/// Values out of the domain.
pub const N_VALUES: u32 = 72;
/// Fractions of the bus on a row, without that of the limb table.
pub const N_FRACTIONS: felt252 = 12;
/// Weights in a row.
pub const CELLS: felt252 = 24;
/// The number of the first input on the bus.
pub const INPUT_NUMBER: felt252 = 1125899906842624;
/// The number of the first output.
pub const OUTPUT_NUMBER: felt252 = 2251799813685248;
/// What shifts the commitments' domain.
pub const OFFSET: felt252 = 3;
/// The inverse of the eighth root of unity.
pub const ROOT_1: felt252 = 0x446ed3ce295dda2b5ea677394813e6eab8bfbc55397aacac8e6df6f4bc9ca34;
/// Its square.
pub const ROOT_2: felt252 = 0x1dafdc6d65d66b5accedf99bcd607383ad971a9537cdf25d59e99d90becc81e;
/// Its cube.
pub const ROOT_3: felt252 = 0x1cc9a01f2178b3736f524e1d06398916739deaa1bbed178c525a1e211901146;
/// 1/8.
pub const EIGHTH: felt252 = 0x70000000000000ee00000000000000000000000000000000000000000000001;

/// The parameters of a proof.
#[derive(Copy, Drop)]
pub struct Params {
    /// Rows of the trace.
    pub n_rows: u32,
    /// log2 of it.
    pub n_rows_log2: u32,
    /// Points of the commitments' domain over rows.
    pub blowup: u32,
    /// Positions that are drawn.
    pub n_queries: u32,
    /// Bits of the proof of work.
    pub grinding_bits: u32,
    /// 2 to that.
    pub work: u128,
    /// Coefficients of FRI's remainder.
    pub remainder_len: u32,
    /// Layers of FRI, each folded by 8.
    pub n_layers: u32,
    /// Points of the commitments' domain.
    pub domain_size: u64,
    /// A generator of the trace's domain.
    pub trace_generator: felt252,
    /// The last row's point: the generator's inverse.
    pub last_row: felt252,
    /// A generator of the group that the commitments' domain is a coset of.
    pub domain_generator: felt252,
    /// The place of the second limb.
    pub limb_place: felt252,
}

/// What the transcript begins with.
pub fn header(params: @Params, security_bits: u32, argument_degree: felt252) -> Span<felt252> {
    let mut header = array![
        PROTOCOL,
        PROTOCOL_VERSION,
        HASH,
        security_bits.into(),
        TARGET,
        (*params.blowup).into(),
        (*params.n_queries).into(),
        (*params.grinding_bits).into(),
        (*params.remainder_len).into(),
        (*params.n_layers).into()
    ];
    let mut left = *params.n_layers;
    while left != 0 {
        header.append(3);
        left -= 1;
    };
    header.append(AIR_NAME);
    header.append(AIR_VERSION);
    header.append((*params.n_rows).into());
    let mut shape = array![43, 13, 10, 2, 0, 0, 4, 6, 7, 8, 9, 25, 4].span();
    header.append_span(shape);
    header.append(argument_degree);
    header.append_span(array![25, 1].span());
    header.span()
}

/// The parameters of proofs of so many rows and bits of security, if there are such.
pub fn params(n_rows: u32, security_bits: u32) -> Option<Params> {
    if n_rows == 512 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 9,
                blowup: 128,
                n_queries: 23,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 64,
                n_layers: 1,
                domain_size: 65536,
                trace_generator: 0x11d07d97880b4dc0234b46e6d4b9bd4a1f811a9e3bc8e32cc4074a0c13a1d0b,
                last_row: 0x3a362d340d28de59362d5c9c178262e18226a39c977b11390a5fa7f296fbf1c,
                domain_generator: 0x1eb6d849978ee09b9d2cd854901fab81646d633f51eddbc80ee9837309d9da9,
                limb_place: 256,
            }
        );
    }
    if n_rows == 512 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 9,
                blowup: 128,
                n_queries: 31,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 64,
                n_layers: 1,
                domain_size: 65536,
                trace_generator: 0x11d07d97880b4dc0234b46e6d4b9bd4a1f811a9e3bc8e32cc4074a0c13a1d0b,
                last_row: 0x3a362d340d28de59362d5c9c178262e18226a39c977b11390a5fa7f296fbf1c,
                domain_generator: 0x1eb6d849978ee09b9d2cd854901fab81646d633f51eddbc80ee9837309d9da9,
                limb_place: 256,
            }
        );
    }
    if n_rows == 1024 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 10,
                blowup: 128,
                n_queries: 23,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 128,
                n_layers: 1,
                domain_size: 131072,
                trace_generator: 0x659d83946a03edd72406af6711825f5653d9e35dc125289a206c054ec89c4f1,
                last_row: 0xffbb44b8cc76db064426a2a4d6bafeaa47a4c08437c60404eeb1c0125ca33a,
                domain_generator: 0x6a6f98dc9761a8a0eeadedd3109e6119ec8116ceb7aa1c1a7b1f98c2755bfac,
                limb_place: 512,
            }
        );
    }
    if n_rows == 1024 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 10,
                blowup: 128,
                n_queries: 31,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 128,
                n_layers: 1,
                domain_size: 131072,
                trace_generator: 0x659d83946a03edd72406af6711825f5653d9e35dc125289a206c054ec89c4f1,
                last_row: 0xffbb44b8cc76db064426a2a4d6bafeaa47a4c08437c60404eeb1c0125ca33a,
                domain_generator: 0x6a6f98dc9761a8a0eeadedd3109e6119ec8116ceb7aa1c1a7b1f98c2755bfac,
                limb_place: 512,
            }
        );
    }
    if n_rows == 2048 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 11,
                blowup: 128,
                n_queries: 23,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 32,
                n_layers: 2,
                domain_size: 262144,
                trace_generator: 0x10f4d91b5d9a6deed5ebbf4a3492c1ed439f57211b54c6c453916920fa30710,
                last_row: 0x3b2bde244c675c684d31aa6bf06f7c942e643e2574403becf0daf8179e2ebe,
                domain_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                limb_place: 1024,
            }
        );
    }
    if n_rows == 2048 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 11,
                blowup: 128,
                n_queries: 31,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 32,
                n_layers: 2,
                domain_size: 262144,
                trace_generator: 0x10f4d91b5d9a6deed5ebbf4a3492c1ed439f57211b54c6c453916920fa30710,
                last_row: 0x3b2bde244c675c684d31aa6bf06f7c942e643e2574403becf0daf8179e2ebe,
                domain_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                limb_place: 1024,
            }
        );
    }
    if n_rows == 4096 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 12,
                blowup: 64,
                n_queries: 27,
                grinding_bits: 20,
                work: 1048576,
                remainder_len: 64,
                n_layers: 2,
                domain_size: 262144,
                trace_generator: 0x3d14df6ec477cfc061f4256749ae3ddb5375bc91ee171f9273dbbc7afd187f,
                last_row: 0x2d852a47dcde3c315d57a9fd511649fbb26f74e269130b496bc19dcfeccfccc,
                domain_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                limb_place: 2048,
            }
        );
    }
    if n_rows == 4096 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 12,
                blowup: 64,
                n_queries: 37,
                grinding_bits: 18,
                work: 262144,
                remainder_len: 64,
                n_layers: 2,
                domain_size: 262144,
                trace_generator: 0x3d14df6ec477cfc061f4256749ae3ddb5375bc91ee171f9273dbbc7afd187f,
                last_row: 0x2d852a47dcde3c315d57a9fd511649fbb26f74e269130b496bc19dcfeccfccc,
                domain_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                limb_place: 2048,
            }
        );
    }
    if n_rows == 8192 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 13,
                blowup: 64,
                n_queries: 26,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 2,
                domain_size: 524288,
                trace_generator: 0x363d70a6538624f68c341845689b2325c4564ebadf9bf788171e1da3112b02d,
                last_row: 0x6ba7cbe076e7f5dd73ddcd4d25979acdc2f028f06fa1b55b4a47f4c44ad0610,
                domain_generator: 0x2d25658f71614e33e277fa0223f6558858f5918f973dc221727fce0bffaa9db,
                limb_place: 4096,
            }
        );
    }
    if n_rows == 8192 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 13,
                blowup: 64,
                n_queries: 36,
                grinding_bits: 21,
                work: 2097152,
                remainder_len: 128,
                n_layers: 2,
                domain_size: 524288,
                trace_generator: 0x363d70a6538624f68c341845689b2325c4564ebadf9bf788171e1da3112b02d,
                last_row: 0x6ba7cbe076e7f5dd73ddcd4d25979acdc2f028f06fa1b55b4a47f4c44ad0610,
                domain_generator: 0x2d25658f71614e33e277fa0223f6558858f5918f973dc221727fce0bffaa9db,
                limb_place: 4096,
            }
        );
    }
    if n_rows == 16384 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 14,
                blowup: 64,
                n_queries: 26,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 32,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x393a32b34832dbad650df250f673d7c5edd09f076fc314a3e5a42f0606082e1,
                last_row: 0x36cb7c6ed4327aa7206f426c3bb94ce5e64466c3e64660db0f43dd2349eea63,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 8192,
            }
        );
    }
    if n_rows == 16384 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 14,
                blowup: 64,
                n_queries: 36,
                grinding_bits: 21,
                work: 2097152,
                remainder_len: 32,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x393a32b34832dbad650df250f673d7c5edd09f076fc314a3e5a42f0606082e1,
                last_row: 0x36cb7c6ed4327aa7206f426c3bb94ce5e64466c3e64660db0f43dd2349eea63,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 8192,
            }
        );
    }
    if n_rows == 32768 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 15,
                blowup: 32,
                n_queries: 31,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 64,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x34b5d5d611b72061c3a6e5c8bdbd9b393898bc862ef8a01e3efc75d13a77460,
                last_row: 0x38e7d59155023a76d3b276395c2c067b93dd56fe36060ec6503e80bf248b36c,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 16384,
            }
        );
    }
    if n_rows == 32768 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 15,
                blowup: 32,
                n_queries: 43,
                grinding_bits: 22,
                work: 4194304,
                remainder_len: 64,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x34b5d5d611b72061c3a6e5c8bdbd9b393898bc862ef8a01e3efc75d13a77460,
                last_row: 0x38e7d59155023a76d3b276395c2c067b93dd56fe36060ec6503e80bf248b36c,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 16384,
            }
        );
    }
    if n_rows == 65536 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 16,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x1eb6d849978ee09b9d2cd854901fab81646d633f51eddbc80ee9837309d9da9,
                last_row: 0x6a50046d4afae89aa80b742d48175a5b7a6e1b42a5ab630140437adcdf92351,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 32768,
            }
        );
    }
    if n_rows == 65536 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 16,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 3,
                domain_size: 1048576,
                trace_generator: 0x1eb6d849978ee09b9d2cd854901fab81646d633f51eddbc80ee9837309d9da9,
                last_row: 0x6a50046d4afae89aa80b742d48175a5b7a6e1b42a5ab630140437adcdf92351,
                domain_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                limb_place: 32768,
            }
        );
    }
    if n_rows == 131072 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 17,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 32,
                n_layers: 4,
                domain_size: 2097152,
                trace_generator: 0x6a6f98dc9761a8a0eeadedd3109e6119ec8116ceb7aa1c1a7b1f98c2755bfac,
                last_row: 0x63f5efaa33929b2e40a4a07b940adf4612806f6417e3754e8cde2cdaea51997,
                domain_generator: 0x1f4c2bfbeea04f127e46d76ecbf157b030530a6e7c1b2fd006547440e5ffcb8,
                limb_place: 65536,
            }
        );
    }
    if n_rows == 131072 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 17,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 32,
                n_layers: 4,
                domain_size: 2097152,
                trace_generator: 0x6a6f98dc9761a8a0eeadedd3109e6119ec8116ceb7aa1c1a7b1f98c2755bfac,
                last_row: 0x63f5efaa33929b2e40a4a07b940adf4612806f6417e3754e8cde2cdaea51997,
                domain_generator: 0x1f4c2bfbeea04f127e46d76ecbf157b030530a6e7c1b2fd006547440e5ffcb8,
                limb_place: 65536,
            }
        );
    }
    if n_rows == 262144 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 18,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 64,
                n_layers: 4,
                domain_size: 4194304,
                trace_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                last_row: 0x43a8517523f55a8f3776dfa6bcd79eaa84e9027d8d4bee30c0926df0c07573f,
                domain_generator: 0x3e4383531eeac7c9822fb108d24a344d841544dd6482f17ead331453e3a2f4b,
                limb_place: 131072,
            }
        );
    }
    if n_rows == 262144 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 18,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 64,
                n_layers: 4,
                domain_size: 4194304,
                trace_generator: 0x4768803ef85256034f67453635f87997ff61841e411ee63ce7b0a8b9745a046,
                last_row: 0x43a8517523f55a8f3776dfa6bcd79eaa84e9027d8d4bee30c0926df0c07573f,
                domain_generator: 0x3e4383531eeac7c9822fb108d24a344d841544dd6482f17ead331453e3a2f4b,
                limb_place: 131072,
            }
        );
    }
    if n_rows == 524288 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 19,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 4,
                domain_size: 8388608,
                trace_generator: 0x2d25658f71614e33e277fa0223f6558858f5918f973dc221727fce0bffaa9db,
                last_row: 0x718f1ad809daae7d7c15128ae86e4f6b9381de7db8c30c45b7e4e4566984d05,
                domain_generator: 0x1054544afb3df1a81cb2e43cd0be360d7c9c0a1b32a3b2301af11c3b40bdbe8,
                limb_place: 262144,
            }
        );
    }
    if n_rows == 524288 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 19,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 4,
                domain_size: 8388608,
                trace_generator: 0x2d25658f71614e33e277fa0223f6558858f5918f973dc221727fce0bffaa9db,
                last_row: 0x718f1ad809daae7d7c15128ae86e4f6b9381de7db8c30c45b7e4e4566984d05,
                domain_generator: 0x1054544afb3df1a81cb2e43cd0be360d7c9c0a1b32a3b2301af11c3b40bdbe8,
                limb_place: 262144,
            }
        );
    }
    if n_rows == 1048576 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 20,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 32,
                n_layers: 5,
                domain_size: 16777216,
                trace_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                last_row: 0x35fd3901cedd2ee24cca8f9895df525e5484134a90a0813e4fb0a7dc1eae1a6,
                domain_generator: 0x71a47b8174a8e80e643d3ead664f4da1ad6f3beddc0f211f6b1348877156db2,
                limb_place: 524288,
            }
        );
    }
    if n_rows == 1048576 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 20,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 32,
                n_layers: 5,
                domain_size: 16777216,
                trace_generator: 0x594beafca8a00d9581d81caee93dc85c727c9af7fc4c648e3d47b998574e81f,
                last_row: 0x35fd3901cedd2ee24cca8f9895df525e5484134a90a0813e4fb0a7dc1eae1a6,
                domain_generator: 0x71a47b8174a8e80e643d3ead664f4da1ad6f3beddc0f211f6b1348877156db2,
                limb_place: 524288,
            }
        );
    }
    if n_rows == 2097152 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 21,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 64,
                n_layers: 5,
                domain_size: 33554432,
                trace_generator: 0x1f4c2bfbeea04f127e46d76ecbf157b030530a6e7c1b2fd006547440e5ffcb8,
                last_row: 0x7547fa31c5686a61dc5aecd8eae6f099f2b4b62971f450b0a87a94282e87775,
                domain_generator: 0x6e8e7695c437763ce9a0d37f5fa46656e3398e68ef9a25ab86b03a44ca88ffc,
                limb_place: 1048576,
            }
        );
    }
    if n_rows == 2097152 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 21,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 64,
                n_layers: 5,
                domain_size: 33554432,
                trace_generator: 0x1f4c2bfbeea04f127e46d76ecbf157b030530a6e7c1b2fd006547440e5ffcb8,
                last_row: 0x7547fa31c5686a61dc5aecd8eae6f099f2b4b62971f450b0a87a94282e87775,
                domain_generator: 0x6e8e7695c437763ce9a0d37f5fa46656e3398e68ef9a25ab86b03a44ca88ffc,
                limb_place: 1048576,
            }
        );
    }
    if n_rows == 4194304 && security_bits == 100 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 22,
                blowup: 16,
                n_queries: 39,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 5,
                domain_size: 67108864,
                trace_generator: 0x3e4383531eeac7c9822fb108d24a344d841544dd6482f17ead331453e3a2f4b,
                last_row: 0x19e8e437bd95ece45cf52e13abd5bfd4266bc82a085c456785975cc2e35511a,
                domain_generator: 0x3d8d2c79e51225ca679e36b4795d34603148f22aa2da68432609f1d4586dbc3,
                limb_place: 2097152,
            }
        );
    }
    if n_rows == 4194304 && security_bits == 128 {
        return Option::Some(
            Params {
                n_rows,
                n_rows_log2: 22,
                blowup: 16,
                n_queries: 53,
                grinding_bits: 23,
                work: 8388608,
                remainder_len: 128,
                n_layers: 5,
                domain_size: 67108864,
                trace_generator: 0x3e4383531eeac7c9822fb108d24a344d841544dd6482f17ead331453e3a2f4b,
                last_row: 0x19e8e437bd95ece45cf52e13abd5bfd4266bc82a085c456785975cc2e35511a,
                domain_generator: 0x3d8d2c79e51225ca679e36b4795d34603148f22aa2da68432609f1d4586dbc3,
                limb_place: 2097152,
            }
        );
    }
    Option::None
}
