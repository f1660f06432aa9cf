//! What libraries log goes to standard error: results on standard output stay clean.

use tracing_subscriber::EnvFilter;

/// Chooses what is logged, in the form of `RUST_LOG`: `nilometer_explorer=debug`.
const VARIABLE: &str = "NILO_LOG";
/// What is logged where nothing is chosen: why something of ours failed, errors of others.
const DEFAULT: &str =
    "error,nilometer_explorer=warn,nilometer_starknet=warn,nilometer_package=warn";

/// Logs from now on.
pub fn install() {
    let chosen = std::env::var(VARIABLE).ok().filter(|filter| !filter.is_empty());
    let filter = chosen.and_then(|filter| EnvFilter::try_new(filter).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(DEFAULT));
    let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second logger could fail, and there is none.
    let _ = logger.with_ansi(false).try_init();
}
