//! The constraints at one point. Written by `tensor-air/tests/cairo.rs`; not to be edited.

/// The challenges, and what follows from them and the claim.
#[derive(Copy, Drop)]
pub struct Challenges {
    /// z of the bus.
    pub bus: felt252,
    /// α of the bus: what values are multiplied by.
    pub value: felt252,
    /// ρ, over packed sums.
    pub rho: felt252,
    /// τ, over a batch's rows.
    pub tau: felt252,
    /// What the bus's sum ends with.
    pub last_sum: felt252,
}

/// Inverses of what the constraints of each kind vanish on.
#[derive(Copy, Drop)]
pub struct Vanishing {
    /// All rows.
    pub every: felt252,
    /// All rows but the last one.
    pub transition: felt252,
    /// The first row.
    pub first: felt252,
    /// The last row.
    pub last: felt252,
}

/// Of values at z and z·g: the combination of all constraints, and the quotient's value. The proof is of columns that
/// satisfy the constraints only if both are the same.
///
/// `place_1` is the place of the second limb, `z_to_rows` is z to the number of rows.
pub fn at_point(
    row: Box<[felt252; 68]>,
    next: Box<[felt252; 4]>,
    challenges: Challenges,
    place_1: felt252,
    alpha: felt252,
    vanishing: Vanishing,
    z_to_rows: felt252
) -> (felt252, felt252) {
    let [
        p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17, p18, p19, p20, p21, p22, p23, p24, p25, p26, p27, p28, p29, p30, p31, p32, p33, p34, p35, p36, p37, p38, p39, p40, p41, p42,
        m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12,
        a0, a1, a2, a3, a4, a5, a6, a7, a8, a9,
        q0, q1
    ] = row.unbox();
    let [n0, n1, n2, n3] = next.unbox();
    let Challenges { bus, value, rho, tau, last_sum } = challenges;
    let Vanishing { every, transition, first, last } = vanishing;
    let place_2 = place_1 * place_1;
    let place_3 = place_2 * place_1;
    let rho_1 = rho;
    let rho_2 = rho_1 * rho;
    let rho_3 = rho_2 * rho;
    let rho_4 = rho_3 * rho;
    let rho_5 = rho_4 * rho;
    let rho_6 = rho_5 * rho;
    let rho_7 = rho_6 * rho;
    let rho_8 = rho_7 * rho;
    let rho_9 = rho_8 * rho;
    let rho_10 = rho_9 * rho;
    let rho_11 = rho_10 * rho;
    let rho_12 = rho_11 * rho;
    let rho_13 = rho_12 * rho;
    let rho_14 = rho_13 * rho;
    let rho_15 = rho_14 * rho;
    let rho_16 = rho_15 * rho;
    let rho_17 = rho_16 * rho;
    let rho_18 = rho_17 * rho;
    let rho_19 = rho_18 * rho;
    let rho_20 = rho_19 * rho;
    let rho_21 = rho_20 * rho;
    let rho_22 = rho_21 * rho;
    let rho_23 = rho_22 * rho;
    let rho_24 = rho_23 * rho;

    // gate::sign
    let c0 = m5 * m5 - m5;
    let t0 = m1 * m2;
    let t1 = m5 * m0;
    let t2 = 1 - p39;
    let t3 = m6 + place_1 * m7 + place_2 * m8;
    let t4 = m9 + place_1 * m10 + place_2 * m11;
    // gate::argument
    let c1 = p0 + p1 * m0 + p2 * m1 + p3 * m2 + p4 * t0 + p5 * m5 + p6 * t1 - (t2 - p41) * t3 - p7 * t4;
    // gate::result
    let c2 = t2 * m3 - p8 - p9 * m0 - p10 * m1 - p11 * t0 - p12 * t4 - p13 * m5 - p14 * t1 - p15 * (m5 * t4);
    // tree::step
    let c3 = p39 * (m0 - (m2 - 1 + m5 + (m5 + m5 - 1) * (t3 + place_3 * t4) + 0x100000000000000000000000000000000 * m4 + 0x1000000000000000000000000000000000000000000000000 * (m3 + p23 + m5 - 1)));
    // entries::x
    let c4 = p41 * (m0 - p8);
    // entries::a
    let c5 = p41 * (m1 - p9);
    // entries::b
    let c6 = p41 * (m2 - p10);
    // entries::limb_0
    let c7 = p41 * (m6 - p11);
    // entries::limb_2
    let c8 = p41 * (m8 - p12);
    let t5 = 1 - p35;
    // dense::horner
    let c9 = n1 - (t5 - p36) * (a7 * (1 + p33 * (rho - 1) + p32 * (rho_24 - 1))) - p32 * (p23 + rho_23 * p0 + rho_22 * p1 + rho_21 * p2 + rho_20 * p3 + rho_19 * p4 + rho_18 * p5 + rho_17 * p6 + rho_16 * p7 + rho_15 * p8 + rho_14 * p9 + rho_13 * p10 + rho_12 * p11 + rho_11 * p12 + rho_10 * p13 + rho_9 * p14 + rho_8 * p15 + rho_7 * p16 + rho_6 * p17 + rho_5 * p18 + rho_4 * p19 + rho_3 * p20 + rho_2 * p21 + rho_1 * p22) - p34 * m0;
    let t6 = tau - 1;
    // dense::inputs
    let c10 = n2 - t5 * (a8 * (1 + p38 * t6)) - p38 * m0;
    // dense::total
    let c11 = n3 - a9 * (1 + p36 * t6) + p36 * a7 - p35 * (a8 * a7);
    // dense::check
    let c12 = p37 * a9;
    let t7 = bus - value * m0;
    let t8 = t7 - p24;
    let t9 = value * value;
    let t10 = bus - p22 - value * m1 - (p42 - p41) * t9;
    // bus::x_a
    let c13 = a0 * (t8 * t10) - (p25 + p41 * m9) * t10 - (p26 + p42 * m4) * t8;
    let t11 = bus - p23 - value * m2;
    let t12 = bus - (562949953421312 + 4294967296 * p30 + p31) - value * m3;
    // bus::b_y
    let c14 = a1 * (t11 * t12) - (p27 + p41 * m11) * t12 - p28 * t11;
    let t13 = t7 - p23 - m1;
    let t14 = t11 - m4 - t9;
    // bus::lookups
    let c15 = a2 * (t13 * t14) - (0 - p40) * t14 - (0 - p39) * t13;
    let t15 = bus - p16 - value * m6;
    let t16 = bus - p17 - value * m7;
    let t17 = 0 - p29;
    // bus::limbs_0_1
    let c16 = a3 * (t15 * t16) - (t17 + p41 * m7) * t16 - t17 * t15;
    let t18 = bus - p18 - value * m8;
    let t19 = bus - p19 - value * m9;
    // bus::limbs_2_3
    let c17 = a4 * (t18 * t19) - (t17 + p41 * m10) * t19 - t17 * t18;
    let t20 = bus - p20 - value * m10;
    let t21 = bus - p21 - value * m11;
    // bus::limbs_4_5
    let c18 = a5 * (t20 * t21) - t17 * t21 - t17 * t20;
    // bus::sum
    let c19 = (n0 - (a6 + a0 + a1 + a2 + a3 + a4 + a5)) * (bus - p30 - value * p31) - m12;
    // first::sum
    let c20 = a6;
    // first::horner
    let c21 = a7;
    // first::inputs
    let c22 = a8;
    // first::total
    let c23 = a9;
    // last::sum
    let c24 = a6 - last_sum;

    let sum = c24 * last;
    let sum = sum * alpha + c23 * first;
    let sum = sum * alpha + c22 * first;
    let sum = sum * alpha + c21 * first;
    let sum = sum * alpha + c20 * first;
    let sum = sum * alpha + c19 * transition;
    let sum = sum * alpha + c18 * every;
    let sum = sum * alpha + c17 * every;
    let sum = sum * alpha + c16 * every;
    let sum = sum * alpha + c15 * every;
    let sum = sum * alpha + c14 * every;
    let sum = sum * alpha + c13 * every;
    let sum = sum * alpha + c12 * every;
    let sum = sum * alpha + c11 * transition;
    let sum = sum * alpha + c10 * transition;
    let sum = sum * alpha + c9 * transition;
    let sum = sum * alpha + c8 * every;
    let sum = sum * alpha + c7 * every;
    let sum = sum * alpha + c6 * every;
    let sum = sum * alpha + c5 * every;
    let sum = sum * alpha + c4 * every;
    let sum = sum * alpha + c3 * every;
    let sum = sum * alpha + c2 * every;
    let sum = sum * alpha + c1 * every;
    let sum = sum * alpha + c0 * every;
    (sum, q0 + z_to_rows * q1)
}
