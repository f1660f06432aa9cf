//! Inverses of many elements at the cost of three multiplications each (Montgomery's trick).

use nilometer_field::Felt;
use rayon::prelude::*;
use winter_math::FieldElement;

use crate::packed::LANES;
use crate::{Backend, Kernel, Packed};

/// Elements that a task inverts; the one true inversion costs as much as about 500 products.
const CHUNK: usize = 1 << 13;
/// Chains of eight elements, so that one product need not wait for the one before.
const CHAINS: usize = 4;
const STEP: usize = CHAINS * LANES;

/// Replaces each element by its inverse, and zero by zero.
pub fn batch_inverse(values: &mut [Felt]) {
    batch_inverse_with(values, Backend::best());
}

/// [`batch_inverse`] with chosen instructions.
pub fn batch_inverse_with(values: &mut [Felt], backend: Backend) {
    values.par_chunks_mut(CHUNK).for_each(|values| backend.dispatch(Invert(values)));
}

struct Invert<'a>(&'a mut [Felt]);

impl Kernel for Invert<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        let values = self.0;
        // Zeros are made ones meanwhile.
        let zeros: Vec<usize> = (0..values.len()).filter(|i| values[*i] == Felt::ZERO).collect();
        for i in &zeros {
            values[*i] = Felt::ONE;
        }
        let whole = values.len() / STEP * STEP;
        let (values_8, rest) = values.split_at_mut(whole);
        let mut chains = [P::splat(Felt::ONE); CHAINS];
        let mut before = Vec::with_capacity(whole / LANES);
        for values in values_8.chunks_exact(STEP) {
            for (i, chain) in chains.iter_mut().enumerate() {
                before.push(*chain);
                *chain = *chain * P::load_slice(&values[i * LANES..]);
            }
        }
        let mut products = [Felt::ONE; STEP];
        for (chain, products) in chains.iter().zip(products.chunks_exact_mut(LANES)) {
            chain.store_slice(products);
        }
        invert_few(&mut products, rest);
        for (i, chain) in chains.iter_mut().enumerate() {
            *chain = P::load_slice(&products[i * LANES..]);
        }
        let steps = values_8.chunks_exact_mut(STEP).zip(before.chunks_exact(CHAINS)).rev();
        for (values, before) in steps {
            for (i, chain) in chains.iter_mut().enumerate() {
                let values = &mut values[i * LANES..][..LANES];
                let value = P::load_slice(values);
                (*chain * before[i]).store_slice(values);
                *chain = *chain * value;
            }
        }
        for i in zeros {
            values[i] = Felt::ZERO;
        }
    }
}

/// Inverts elements of which none is zero, in two slices, one by one.
fn invert_few(a: &mut [Felt], b: &mut [Felt]) {
    let mut product = Felt::ONE;
    let mut before = Vec::with_capacity(a.len() + b.len());
    for value in a.iter().chain(b.iter()) {
        before.push(product);
        product *= *value;
    }
    let mut inverse = product.inverse();
    for (value, before) in a.iter_mut().chain(b).rev().zip(before.into_iter().rev()) {
        let next = inverse * *value;
        *value = inverse * before;
        inverse = next;
    }
}
