//! The operator's options.

use std::path::PathBuf;
use std::time::Duration;

use crate::fetch::FetchOptions;
use crate::server::Proxies;

/// The operator's options.
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
    /// Requests per second that one address may send, on average.
    pub requests_per_second: u32,
    /// Proofs and rows per minute that one address may send, on average.
    pub uploads_per_minute: u32,
    /// Proxies that say for whom they ask.
    pub proxies: Proxies,
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
            requests_per_second: 50,
            uploads_per_minute: 60,
            proxies: Proxies::default(),
        }
    }
}
