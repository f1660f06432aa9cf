//! Layers that read little of their input: convolutions, pools, several vectors under one matrix.

use super::LanePlan;

/// Inputs that the runtime reads at once from anywhere in the input.
pub(crate) const WINDOW: usize = 8;
/// VM steps for a window's products, and for a group's accumulator beside them.
const WINDOW_STEPS: usize = 38;
const GROUP_STEPS: usize = 24;
/// Tenths of a step for a product where every input is read in order.
const PRODUCT_TENTHS: usize = 47;

/// Which parts of its input each group of rows reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// For each group, where its windows of [`WINDOW`] inputs start.
    pub starts: Vec<Vec<usize>>,
    /// The most windows that a group has: all are given as many.
    pub count: usize,
}

impl Windows {
    /// The windows of a layer over `available` inputs, of which the first `columns` have weights; none where
    /// reading the whole input for each group takes no more steps.
    pub fn new(weights: &[i64], columns: usize, available: usize, plan: &LanePlan) -> Option<Self> {
        if columns == 0 || available < WINDOW {
            return None;
        }
        let starts: Vec<Vec<usize>> =
            supports(weights, columns, plan).map(|read| cover(&read, available)).collect();
        let count = starts.iter().map(Vec::len).max().unwrap_or(0);
        let windows = Self { starts, count };
        let whole = windows.starts.len() * available * PRODUCT_TENTHS / 10;
        (windows.steps() < whole).then_some(windows)
    }

    /// VM steps of all products.
    pub fn steps(&self) -> usize {
        self.starts.len() * (GROUP_STEPS + self.count * WINDOW_STEPS)
    }
}

/// For each group of rows, which inputs any of its rows has a weight for.
pub(crate) fn supports<'a>(
    weights: &'a [i64],
    columns: usize,
    plan: &LanePlan,
) -> impl Iterator<Item = Vec<bool>> + 'a {
    weights.chunks(columns.max(1) * plan.per_felt().max(1)).map(move |rows| {
        let mut read = vec![false; columns];
        for row in rows.chunks(columns.max(1)) {
            read.iter_mut().zip(row).for_each(|(read, &weight)| *read |= weight != 0);
        }
        read
    })
}

/// Windows over all inputs that are read, the last moved back to end within the input.
fn cover(read: &[bool], available: usize) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut next = 0;
    while let Some(ahead) = read.iter().skip(next).position(|&read| read) {
        let start = (next + ahead).min(available - WINDOW);
        starts.push(start);
        next = start + WINDOW;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::Range;

    #[test]
    fn windows_cover_what_is_read() {
        let mut read = vec![false; 30];
        for place in [3, 4, 10, 11, 29] {
            read[place] = true;
        }
        assert_eq!(cover(&read, 30), [3, 11, 22]);
        assert_eq!(cover(&read, 40), [3, 11, 29]);
        assert_eq!(cover(&[false; 9], 9), [0usize; 0]);
    }

    #[test]
    fn full_layers_have_none() {
        let plan = LanePlan::new(&[Range { lo: -500, hi: 499 }], 0);
        assert_eq!(Windows::new(&[1; 40 * 100], 40, 40, &plan), None);
        // One band of a wide matrix.
        let mut weights = vec![0; 40 * 1000];
        (0..40).for_each(|row| weights[row * 1000 + 500 + row] = 1);
        let windows = Windows::new(&weights, 1000, 1000, &plan).expect("most of it is zeros");
        assert_eq!(windows.starts.len(), 40usize.div_ceil(plan.per_felt()));
        assert_eq!(windows.starts[0], [500, 508, 516]);
    }
}
