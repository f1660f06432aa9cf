//! Rows of all trees. Written by `tensor-air/tests/cairo.rs`; not to be edited.

use core::poseidon::hades_permutation;

/// The four leaves of a row; `Σ γ^i` times its cells; and the same of the columns whose next row the constraints
/// read, with the powers that follow.
pub fn open(
    row: Box<[felt252; 68]>, gamma: felt252
) -> (felt252, felt252, felt252, felt252, felt252, felt252) {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33, c34, c35, c36, c37, c38, c39, c40, c41, c42, c43, c44, c45, c46, c47, c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59, c60, c61, c62, c63, c64, c65, c66, c67] = row.unbox();
    // The leaf of the preprocessed columns.
    let (s0, s1, s2) = hades_permutation(c0, c1, 0);
    let (s0, s1, s2) = hades_permutation(s0 + c2, s1 + c3, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c4, s1 + c5, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c6, s1 + c7, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c8, s1 + c9, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c10, s1 + c11, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c12, s1 + c13, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c14, s1 + c15, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c16, s1 + c17, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c18, s1 + c19, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c20, s1 + c21, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c22, s1 + c23, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c24, s1 + c25, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c26, s1 + c27, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c28, s1 + c29, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c30, s1 + c31, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c32, s1 + c33, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c34, s1 + c35, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c36, s1 + c37, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c38, s1 + c39, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c40, s1 + c41, s2);
    let (preprocessed, _, _) = hades_permutation(s0 + c42, s1 + 1, s2);
    // The leaf of the main columns.
    let (s0, s1, s2) = hades_permutation(c43, c44, 0);
    let (s0, s1, s2) = hades_permutation(s0 + c45, s1 + c46, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c47, s1 + c48, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c49, s1 + c50, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c51, s1 + c52, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c53, s1 + c54, s2);
    let (main, _, _) = hades_permutation(s0 + c55, s1 + 1, s2);
    // The leaf of the aux columns.
    let (s0, s1, s2) = hades_permutation(c56, c57, 0);
    let (s0, s1, s2) = hades_permutation(s0 + c58, s1 + c59, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c60, s1 + c61, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c62, s1 + c63, s2);
    let (s0, s1, s2) = hades_permutation(s0 + c64, s1 + c65, s2);
    let (aux, _, _) = hades_permutation(s0 + 1, s1, s2);
    // The leaf of the quotient columns.
    let (s0, s1, s2) = hades_permutation(c66, c67, 0);
    let (quotient, _, _) = hades_permutation(s0 + 1, s1, s2);
    let sum = c67;
    let sum = sum * gamma + c66;
    let sum = sum * gamma + c65;
    let sum = sum * gamma + c64;
    let sum = sum * gamma + c63;
    let sum = sum * gamma + c62;
    let sum = sum * gamma + c61;
    let sum = sum * gamma + c60;
    let sum = sum * gamma + c59;
    let sum = sum * gamma + c58;
    let sum = sum * gamma + c57;
    let sum = sum * gamma + c56;
    let sum = sum * gamma + c55;
    let sum = sum * gamma + c54;
    let sum = sum * gamma + c53;
    let sum = sum * gamma + c52;
    let sum = sum * gamma + c51;
    let sum = sum * gamma + c50;
    let sum = sum * gamma + c49;
    let sum = sum * gamma + c48;
    let sum = sum * gamma + c47;
    let sum = sum * gamma + c46;
    let sum = sum * gamma + c45;
    let sum = sum * gamma + c44;
    let sum = sum * gamma + c43;
    let sum = sum * gamma + c42;
    let sum = sum * gamma + c41;
    let sum = sum * gamma + c40;
    let sum = sum * gamma + c39;
    let sum = sum * gamma + c38;
    let sum = sum * gamma + c37;
    let sum = sum * gamma + c36;
    let sum = sum * gamma + c35;
    let sum = sum * gamma + c34;
    let sum = sum * gamma + c33;
    let sum = sum * gamma + c32;
    let sum = sum * gamma + c31;
    let sum = sum * gamma + c30;
    let sum = sum * gamma + c29;
    let sum = sum * gamma + c28;
    let sum = sum * gamma + c27;
    let sum = sum * gamma + c26;
    let sum = sum * gamma + c25;
    let sum = sum * gamma + c24;
    let sum = sum * gamma + c23;
    let sum = sum * gamma + c22;
    let sum = sum * gamma + c21;
    let sum = sum * gamma + c20;
    let sum = sum * gamma + c19;
    let sum = sum * gamma + c18;
    let sum = sum * gamma + c17;
    let sum = sum * gamma + c16;
    let sum = sum * gamma + c15;
    let sum = sum * gamma + c14;
    let sum = sum * gamma + c13;
    let sum = sum * gamma + c12;
    let sum = sum * gamma + c11;
    let sum = sum * gamma + c10;
    let sum = sum * gamma + c9;
    let sum = sum * gamma + c8;
    let sum = sum * gamma + c7;
    let sum = sum * gamma + c6;
    let sum = sum * gamma + c5;
    let sum = sum * gamma + c4;
    let sum = sum * gamma + c3;
    let sum = sum * gamma + c2;
    let sum = sum * gamma + c1;
    let sum = sum * gamma + c0;
    let next = c65;
    let next = next * gamma + c64;
    let next = next * gamma + c63;
    let next = next * gamma + c62;
    let power = gamma;
    let power = power * power;
    let power = power * power;
    let power = power * power;
    let power = power * power;
    let power = power * gamma;
    let power = power * power;
    let power = power * power;
    (preprocessed, main, aux, quotient, sum, next * power)
}

/// The two sums of [`open`], of the values at z and z·g.
pub fn combine(
    row: Box<[felt252; 68]>, next: Box<[felt252; 4]>, gamma: felt252
) -> (felt252, felt252) {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33, c34, c35, c36, c37, c38, c39, c40, c41, c42, c43, c44, c45, c46, c47, c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59, c60, c61, c62, c63, c64, c65, c66, c67] = row.unbox();
    let [n0, n1, n2, n3] = next.unbox();
    let sum = c67;
    let sum = sum * gamma + c66;
    let sum = sum * gamma + c65;
    let sum = sum * gamma + c64;
    let sum = sum * gamma + c63;
    let sum = sum * gamma + c62;
    let sum = sum * gamma + c61;
    let sum = sum * gamma + c60;
    let sum = sum * gamma + c59;
    let sum = sum * gamma + c58;
    let sum = sum * gamma + c57;
    let sum = sum * gamma + c56;
    let sum = sum * gamma + c55;
    let sum = sum * gamma + c54;
    let sum = sum * gamma + c53;
    let sum = sum * gamma + c52;
    let sum = sum * gamma + c51;
    let sum = sum * gamma + c50;
    let sum = sum * gamma + c49;
    let sum = sum * gamma + c48;
    let sum = sum * gamma + c47;
    let sum = sum * gamma + c46;
    let sum = sum * gamma + c45;
    let sum = sum * gamma + c44;
    let sum = sum * gamma + c43;
    let sum = sum * gamma + c42;
    let sum = sum * gamma + c41;
    let sum = sum * gamma + c40;
    let sum = sum * gamma + c39;
    let sum = sum * gamma + c38;
    let sum = sum * gamma + c37;
    let sum = sum * gamma + c36;
    let sum = sum * gamma + c35;
    let sum = sum * gamma + c34;
    let sum = sum * gamma + c33;
    let sum = sum * gamma + c32;
    let sum = sum * gamma + c31;
    let sum = sum * gamma + c30;
    let sum = sum * gamma + c29;
    let sum = sum * gamma + c28;
    let sum = sum * gamma + c27;
    let sum = sum * gamma + c26;
    let sum = sum * gamma + c25;
    let sum = sum * gamma + c24;
    let sum = sum * gamma + c23;
    let sum = sum * gamma + c22;
    let sum = sum * gamma + c21;
    let sum = sum * gamma + c20;
    let sum = sum * gamma + c19;
    let sum = sum * gamma + c18;
    let sum = sum * gamma + c17;
    let sum = sum * gamma + c16;
    let sum = sum * gamma + c15;
    let sum = sum * gamma + c14;
    let sum = sum * gamma + c13;
    let sum = sum * gamma + c12;
    let sum = sum * gamma + c11;
    let sum = sum * gamma + c10;
    let sum = sum * gamma + c9;
    let sum = sum * gamma + c8;
    let sum = sum * gamma + c7;
    let sum = sum * gamma + c6;
    let sum = sum * gamma + c5;
    let sum = sum * gamma + c4;
    let sum = sum * gamma + c3;
    let sum = sum * gamma + c2;
    let sum = sum * gamma + c1;
    let sum = sum * gamma + c0;
    let next = n3;
    let next = next * gamma + n2;
    let next = next * gamma + n1;
    let next = next * gamma + n0;
    let power = gamma;
    let power = power * power;
    let power = power * power;
    let power = power * power;
    let power = power * power;
    let power = power * gamma;
    let power = power * power;
    let power = power * power;
    (sum, next * power)
}

/// `before·x^32 + Σ c_i·x^i`.
pub fn horner_32(coefficients: Box<[felt252; 32]>, x: felt252, before: felt252) -> felt252 {
    let [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31] = coefficients.unbox();
    let sum = before;
    let sum = sum * x + c31;
    let sum = sum * x + c30;
    let sum = sum * x + c29;
    let sum = sum * x + c28;
    let sum = sum * x + c27;
    let sum = sum * x + c26;
    let sum = sum * x + c25;
    let sum = sum * x + c24;
    let sum = sum * x + c23;
    let sum = sum * x + c22;
    let sum = sum * x + c21;
    let sum = sum * x + c20;
    let sum = sum * x + c19;
    let sum = sum * x + c18;
    let sum = sum * x + c17;
    let sum = sum * x + c16;
    let sum = sum * x + c15;
    let sum = sum * x + c14;
    let sum = sum * x + c13;
    let sum = sum * x + c12;
    let sum = sum * x + c11;
    let sum = sum * x + c10;
    let sum = sum * x + c9;
    let sum = sum * x + c8;
    let sum = sum * x + c7;
    let sum = sum * x + c6;
    let sum = sum * x + c5;
    let sum = sum * x + c4;
    let sum = sum * x + c3;
    let sum = sum * x + c2;
    let sum = sum * x + c1;
    let sum = sum * x + c0;
    sum
}
