//! What an operator can set.

use std::path::PathBuf;
use std::time::Duration;

use crate::fetch::FetchOptions;

/// What an operator can set.
#[derive(Clone, Debug)]
pub struct Options {
    /// The network as `nilo` calls it; empty if it has no name.
    pub network: String,
    /// Where the index starts: the block that the registry was deployed in, or any before.
    pub first_block: u64,
    /// The pause when there is nothing new.
    pub poll: Duration,
    /// Folders of packages, or packages, whose descriptions are offered.
    pub packages: Vec<PathBuf>,
    /// What may be fetched.
    pub fetch: FetchOptions,
    /// Whether descriptions are fetched at all.
    pub fetches: bool,
    /// Proofs that are checked at the same time.
    pub verify_workers: usize,
    /// Requests that one address may send in a second, on average.
    pub requests_a_second: u32,
    /// Proofs and rows that one address may send in a minute, on average.
    pub uploads_a_minute: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            network: String::new(),
            first_block: 0,
            poll: Duration::from_secs(3),
            packages: Vec::new(),
            fetch: FetchOptions::default(),
            fetches: true,
            verify_workers: 2,
            requests_a_second: 50,
            uploads_a_minute: 60,
        }
    }
}
