//! Large memory: in large pages, and written by several threads.

#![allow(unsafe_code, reason = "bit-reversed and strided places cannot be had as disjoint slices")]

/// The least memory for which large pages are worth clearing: two pages of 2 MiB.
#[cfg(target_os = "linux")]
const MIN_LARGE: usize = 4 << 20;

/// An empty vector with room for `count` values, in large pages where the system has them.
///
/// The first write to each of the 4 KiB pages of an extension costs as much as its transforms.
pub fn with_capacity<T>(count: usize) -> Vec<T> {
    let memory = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4096;
        let bytes = count * size_of::<T>();
        if bytes >= MIN_LARGE {
            let start = memory.as_ptr() as usize;
            let first = start.next_multiple_of(PAGE);
            let len = (start + bytes - first) / PAGE * PAGE;
            // SAFETY: whole pages within the allocation, whose content this advice leaves as it is. If the
            // system ignores it, only time is lost.
            unsafe { libc::madvise(first as *mut libc::c_void, len, libc::MADV_HUGEPAGE) };
        }
    }
    memory
}

/// Bytes that a processor reads at once.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for elements that are going to be read, if there are such.
#[inline(always)]
pub fn prefetch<T>(slice: &[T], index: usize, count: usize) {
    #[cfg(target_arch = "x86_64")]
    if index < slice.len() {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        let start: *const i8 = slice[index..].as_ptr().cast();
        for offset in (0..count * size_of::<T>()).step_by(LINE) {
            // SAFETY: a hint, which may be about any address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(offset)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index, count);
}

/// Memory that tasks write disjoint parts of.
pub struct Target<T>(*mut T, usize);

// SAFETY: it only lets `T`s be written, and those may be sent.
unsafe impl<T: Send> Send for Target<T> {}
// SAFETY: as above; that writes are disjoint is what callers of `slice` promise.
unsafe impl<T: Send> Sync for Target<T> {}

impl<T> Target<T> {
    /// The capacity of `memory`, which must not be touched while this is in use.
    pub fn new(memory: &mut Vec<T>) -> Self {
        Self(memory.as_mut_ptr(), memory.capacity())
    }

    /// `count` places from `start`.
    ///
    /// # Safety
    /// The vector is alive and untouched, nobody else holds any of these places at the same time, and
    /// places that have not been initialised are only written.
    ///
    /// # Panics
    /// If they lie beyond the memory.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that slices are disjoint")]
    #[inline(always)]
    pub unsafe fn slice(&self, start: usize, count: usize) -> &mut [T] {
        assert!(start <= self.1 && count <= self.1 - start, "beyond the target");
        // SAFETY: within the allocation, as just checked; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), count) }
    }

    /// Asks for places that are going to be written.
    #[inline(always)]
    pub fn prefetch(&self, start: usize, count: usize) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_mm_prefetch, _MM_HINT_ET0};
            let first: *const i8 = self.0.wrapping_add(start).cast();
            let bytes = count * size_of::<T>();
            for offset in (0..bytes).step_by(LINE).chain([bytes - 1]) {
                // SAFETY: a hint, which may be about any address.
                unsafe { _mm_prefetch::<_MM_HINT_ET0>(first.wrapping_add(offset)) };
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (start, count);
    }
}
