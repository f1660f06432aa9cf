//! Multiplication and inversion, here and in other libraries.

#![allow(missing_docs, reason = "criterion's macros define public items")]
#![allow(unexpected_cfgs, reason = "arkworks' derive asks for its own feature")]

use std::hint::black_box;

use ark_ff::{Fp256, MontBackend, MontConfig};
use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use lambdaworks_math::field::element::FieldElement;
use lambdaworks_math::field::fields::fft_friendly::stark_252_prime_field::Stark252PrimeField;
use nilometer_field::Felt;
use nilometer_kernels::{batch_inverse_with, Backend, Kernel, Packed, LANES};

#[derive(MontConfig)]
#[modulus = "3618502788666131213697322783095070105623107215331596699973092056135872020481"]
#[generator = "3"]
struct StarkConfig;
type Ark = Fp256<MontBackend<StarkConfig, 4>>;
type Lambdaworks = FieldElement<Stark252PrimeField>;

/// Products in one measurement: of eight independent chains, so that throughput is what counts.
const COUNT: usize = 1 << 13;

/// `x *= w`, eight x side by side, again and again.
macro_rules! chains {
    ($x:expr, $w:expr) => {{
        let (mut x, w) = (black_box($x), black_box($w));
        for _ in 0..COUNT / 8 {
            for x in &mut x {
                *x *= w;
            }
        }
        x
    }};
}

fn elements<T: From<u64>>(of: impl Fn(T) -> T) -> [T; 8] {
    std::array::from_fn(|i| of(T::from(i as u64 + 2)))
}

struct Chains(Felt);

impl Kernel for Chains {
    type Output = Felt;

    #[inline(always)]
    fn run<P: Packed>(self) -> Felt {
        let w = P::splat(self.0);
        let mut x = [w; 8];
        for i in 1..8 {
            x[i] = x[i - 1] * w;
        }
        for _ in 0..COUNT / 8 / LANES {
            for x in &mut x {
                *x = *x * w;
            }
        }
        x.iter().fold(P::zero(), |sum, x| sum + *x).lane_sum()
    }
}

fn multiplication(c: &mut Criterion) {
    let mut group = c.benchmark_group("multiply");
    group.throughput(Throughput::Elements(COUNT as u64));
    let inverse = |felt: Felt| felt.inverse();
    let (x, w) = (elements(inverse), inverse(Felt::from(3_u64)));
    group.bench_function("felt", |b| b.iter(|| chains!(x, w)));
    let inverse = |x: Lambdaworks| x.inv().unwrap_or_else(|_| Lambdaworks::one());
    let x = elements(inverse);
    let w = inverse(Lambdaworks::from(3_u64));
    group.bench_function("lambdaworks", |b| {
        b.iter(|| {
            let (mut x, w) = (black_box(x), black_box(w));
            for _ in 0..COUNT / 8 {
                for x in &mut x {
                    *x *= w;
                }
            }
            x
        })
    });
    let inverse = |x: Ark| ark_ff::Field::inverse(&x).unwrap_or(x);
    let (x, w) = (elements(inverse), inverse(Ark::from(3_u64)));
    group.bench_function("ark-ff", |b| b.iter(|| chains!(x, w)));
    for (name, backend) in [("packed", Backend::best()), ("packed portable", Backend::PORTABLE)] {
        let w = Felt::from(3_u64).inverse();
        group.bench_function(name, |b| b.iter(|| backend.dispatch(Chains(black_box(w)))));
    }
    group.finish();
}

fn inversion(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch inverse");
    let mut values = vec![Felt::from(3_u64).inverse(); 1 << 16];
    group.throughput(Throughput::Elements(values.len() as u64));
    group.bench_function("winter", |b| b.iter(|| winter_math::batch_inversion(&values)));
    for (name, backend) in [("packed", Backend::best()), ("packed portable", Backend::PORTABLE)] {
        group.bench_function(name, |b| b.iter(|| batch_inverse_with(&mut values, backend)));
    }
    group.finish();
}

criterion_group!(benches, multiplication, inversion);
criterion_main!(benches);
