//! Windows that slide over one, two or three axes of space: what convolutions and pools look at.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Row, Shape};
use super::select::row_major;

/// Most axes of space.
const MOST_AXES: usize = 3;

/// The windows of an operator over an input of `[1 or batch, channels, space…]`.
pub(super) struct Windows {
    /// Channels of the input.
    pub(super) channels: usize,
    /// Positions of one channel of the input.
    pub(super) pixels: usize,
    /// Axes of space of the output.
    pub(super) out: Vec<usize>,
    /// For each position of the output, the positions of the input that its window covers, in the order of the
    /// kernel; none where the window lies beyond the input.
    pub(super) cover: Vec<Vec<Option<usize>>>,
}

impl Windows {
    /// Reads strides, pads and dilations; `kernel` is the window's size.
    pub(super) fn read(
        context: &mut Context<'_, '_>,
        row: &Row,
        kernel: &[usize],
    ) -> Result<Self, OpError> {
        let node = context.node;
        let sizes = row.shape.sizes();
        let n = kernel.len();
        if n == 0 || n > MOST_AXES || sizes.len() != n + 2 || sizes[0] != 1 {
            let reason = format!("{} under a window of {n} axes, wants 1 to 3", row.shape);
            return Err(node.shape_error(reason).into());
        }
        if row.shape.batch().is_some_and(|at| at != 0) {
            return unsupported("slides over the rows of the batch");
        }
        let space = &sizes[2..];
        let list = |name: &str, default: i64, len: usize| -> Result<Vec<i64>, OpError> {
            let given = node.ints(name)?;
            if given.is_empty() {
                return Ok(vec![default; len]);
            }
            node.same_length(name, len, given.len())?;
            let limit = 1 << 20;
            if given.iter().any(|&value| value < 0 || value > limit) {
                return Err(node.attribute_error(name, "is negative or too large").into());
            }
            Ok(given.to_vec())
        };
        let (strides, dilations) = (list("strides", 1, n)?, list("dilations", 1, n)?);
        if strides.iter().chain(&dilations).any(|&value| value == 0) {
            return Err(node.attribute_error("strides", "or dilations are 0").into());
        }
        let mut pads = list("pads", 0, 2 * n)?;
        let reach: Vec<i64> =
            (0..n).map(|at| dilations[at] * (kernel[at] as i64 - 1) + 1).collect();
        match node.string("auto_pad")?.unwrap_or("NOTSET") {
            "NOTSET" | "" => {}
            "VALID" => pads = vec![0; 2 * n],
            same @ ("SAME_UPPER" | "SAME_LOWER") => {
                for at in 0..n {
                    let len = space[at] as i64;
                    let out = (len + strides[at] - 1) / strides[at];
                    let total = ((out - 1) * strides[at] + reach[at] - len).max(0);
                    let small = total / 2;
                    let (first, last) = match same {
                        "SAME_UPPER" => (small, total - small),
                        _ => (total - small, small),
                    };
                    (pads[at], pads[n + at]) = (first, last);
                }
            }
            other => return Err(node.attribute_error("auto_pad", format!("is {other:?}")).into()),
        }
        let round_up = node.flag("ceil_mode", false)?;
        let mut out = Vec::with_capacity(n);
        for at in 0..n {
            let len = space[at] as i64;
            let free = len + pads[at] + pads[n + at] - reach[at];
            if free < 0 {
                let reason = format!("a window of {} over an axis of {len}", reach[at]);
                return Err(node.shape_error(reason).into());
            }
            let mut count = free / strides[at] + 1;
            // A last window that begins within the input or its first padding.
            let is_cut = round_up && free % strides[at] != 0;
            if is_cut && count * strides[at] < len + pads[at] {
                count += 1;
            }
            out.push(count as usize);
        }
        let positions = out.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        let window: usize = kernel.iter().product();
        let total = positions.and_then(|positions| positions.checked_mul(window));
        context.claim(total.unwrap_or(usize::MAX))?;
        let steps = row_major(space);
        let place = |starts: &[i64], taps: &[usize]| {
            let mut place = 0;
            for at in 0..n {
                let from = starts[at] + taps[at] as i64 * dilations[at];
                if from < 0 || from >= space[at] as i64 {
                    return None;
                }
                place += from as usize * steps[at] as usize;
            }
            Some(place)
        };
        let taps = grid(kernel);
        let cover = grid(&out)
            .iter()
            .map(|position| {
                let starts: Vec<i64> =
                    (0..n).map(|at| position[at] as i64 * strides[at] - pads[at]).collect();
                taps.iter().map(|taps| place(&starts, taps)).collect()
            })
            .collect();
        let pixels = space.iter().product();
        Ok(Self { channels: sizes[1], pixels, out, cover })
    }

    /// The shape of an output of so many channels.
    pub(super) fn shape(&self, row: &Row, channels: usize) -> Shape {
        let mut axes = vec![row.shape.0[0], Axis::Len(channels)];
        axes.extend(self.out.iter().map(|&size| Axis::Len(size)));
        Shape(axes)
    }
}

/// All indices within `sizes`, row-major.
fn grid(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut grid = vec![Vec::new()];
    for &size in sizes {
        let grow = |start: &Vec<usize>| {
            let start = start.clone();
            (0..size).map(move |at| [start.as_slice(), &[at]].concat())
        };
        grid = grid.iter().flat_map(grow).collect();
    }
    grid
}
