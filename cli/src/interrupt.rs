//! Ctrl-C: no temporary folder stays behind, and nothing half-written ever stands where a result goes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{process, thread};

use nilometer_package::scratch;

/// What shells expect of a process that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

/// How long the command may take to end by itself, which cleans up best.
const GRACE: Duration = Duration::from_millis(300);

static HAPPENED: AtomicBool = AtomicBool::new(false);

/// Handles Ctrl-C and requests to terminate from now on.
pub fn install() {
    let handler = || {
        HAPPENED.store(true, Ordering::SeqCst);
        thread::sleep(GRACE);
        scratch::remove_all_and(|| process::exit(EXIT_CODE.into()));
    };
    // Without a handler the process still ends; only temporary folders would stay.
    let _ = ctrlc::set_handler(handler);
}

/// Whether the user has interrupted.
pub fn happened() -> bool {
    HAPPENED.load(Ordering::SeqCst)
}
