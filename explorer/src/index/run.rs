//! Follows the chain for as long as the service runs.

use std::time::Duration;

use nilometer_starknet::codec::short_string;
use tokio::time::sleep;

use super::{Follower, IndexError, Step};
use crate::store::StoreError;

/// The longest pause after failures.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// Settings are asked for again after so many idle steps.
const SETTINGS_EVERY: u32 = 20;

impl Follower {
    /// Follows the chain until the task is dropped; `poll` is the pause when there is nothing new.
    pub async fn run(&self, poll: Duration) {
        let mut failures = 0u32;
        let mut idle = 0u32;
        // Another node may stand at the address when it answers again.
        let mut is_known = false;
        loop {
            let result = async {
                if !is_known {
                    self.same_network().await?;
                }
                self.step().await
            }
            .await;
            match result {
                Ok(step) => {
                    is_known = true;
                    failures = 0;
                    self.live.set_trouble(None);
                    if step != Step::Idle {
                        idle = 0;
                        continue;
                    }
                    self.live.set_synced();
                    self.rest(idle).await;
                    idle = idle.wrapping_add(1);
                    sleep(jittered(poll)).await;
                }
                // The process that moved it has done the work.
                Err(IndexError::Store(StoreError::Moved { .. })) => sleep(jittered(poll)).await,
                Err(error) => {
                    is_known = false;
                    failures = failures.saturating_add(1);
                    tracing::warn!(%error, failures, "the index does not come forward");
                    // A chain may change while it is read: once is not trouble.
                    if failures > 1 || !matches!(error, IndexError::Changing { .. }) {
                        self.live.set_trouble(Some((error.kind(), error.to_string())));
                    }
                    let pause = poll.saturating_mul(1 << failures.min(10)).min(MAX_PAUSE);
                    sleep(jittered(pause)).await;
                }
            }
        }
    }

    /// What can wait until the index is in step.
    async fn rest(&self, idle: u32) {
        let receipts = self.receipts().await;
        let schemas = self.schemas().await;
        let settings = match idle % SETTINGS_EVERY {
            0 => self.settings().await,
            _ => Ok(()),
        };
        for error in [receipts, schemas, settings].into_iter().filter_map(Result::err) {
            tracing::debug!(%error, "receipts, schemas and settings");
        }
    }

    async fn same_network(&self) -> Result<(), IndexError> {
        let (actual, expected) = (self.chain.ask_chain_id().await?, self.chain.chain_id());
        if actual == expected {
            return Ok(());
        }
        let name = |id| short_string(&id).unwrap_or_else(|| format!("{id:#x}"));
        Err(IndexError::Network { expected: name(expected), actual: name(actual) })
    }
}

/// Between three quarters and five quarters of a pause, so that many explorers do not ask at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.75..1.25))
}
