//! Which instructions to compute with.

use std::sync::OnceLock;

use crate::portable::Scalar8;
use crate::Packed;

/// A computation that is written once, over any [`Packed`] type.
///
/// `run` and everything generic below it must be `#[inline(always)]`, or the vector instructions become
/// calls. A closure handed to another thread is compiled on its own: it has to come back in, as a [`Task`],
/// by [`Packed::enter`].
pub trait Kernel {
    /// What it computes.
    type Output;
    /// Computes it.
    fn run<P: Packed>(self) -> Self::Output;
}

/// A part of a kernel, with a type chosen. `run` must be `#[inline(always)]`, as a kernel's.
pub trait Task<P> {
    /// What it computes.
    type Output;
    /// Computes it.
    fn run(self) -> Self::Output;
}

/// A kernel as a task.
#[cfg(target_arch = "x86_64")]
struct Whole<K>(K);

#[cfg(target_arch = "x86_64")]
impl<K: Kernel, P: Packed> Task<P> for Whole<K> {
    type Output = K::Output;
    #[inline(always)]
    fn run(self) -> K::Output {
        self.0.run::<P>()
    }
}

/// The instructions that kernels are run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Ifma,
}

impl Backend {
    /// The fastest that this processor has; what every processor has if the environment variable `NILO_PORTABLE` is
    /// set, to measure what other machines do. Decided once a process.
    pub fn best() -> Self {
        static BEST: OnceLock<Backend> = OnceLock::new();
        *BEST.get_or_init(|| {
            #[cfg(target_arch = "x86_64")]
            if std::env::var_os("NILO_PORTABLE").is_none() && crate::ifma::is_supported() {
                return Self(Instructions::Ifma);
            }
            Self::PORTABLE
        })
    }

    /// What every processor has.
    pub const PORTABLE: Self = Self(Instructions::Portable);

    /// Runs a kernel.
    #[inline]
    pub fn dispatch<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Instructions::Portable => kernel.run::<Scalar8>(),
            #[cfg(target_arch = "x86_64")]
            Instructions::Ifma => crate::ifma::Ifma8::enter(Whole(kernel)),
        }
    }
}

/// Runs a kernel with the fastest instructions that this processor has.
#[inline]
pub fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    Backend::best().dispatch(kernel)
}

/// Runs a kernel with the instructions that every processor has.
#[inline]
pub fn dispatch_portable<K: Kernel>(kernel: K) -> K::Output {
    Backend::PORTABLE.dispatch(kernel)
}
