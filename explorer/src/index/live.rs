//! The node's latest answers; they are not stored.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::view::{SettingsView, Trouble, TroubleKind};

/// The node's latest answers.
#[derive(Debug, Default)]
pub struct Live(RwLock<Inner>);

/// See [`Live`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inner {
    /// The node's newest block.
    pub tip: Option<u64>,
    /// When the index was last in step with it.
    pub synced_at: Option<u64>,
    /// Why the index does not follow the chain.
    pub trouble: Option<Trouble>,
    /// The registry's settings.
    pub settings: Option<SettingsView>,
}

/// Seconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Live {
    /// All of it.
    pub fn get(&self) -> Inner {
        self.read().clone()
    }

    pub(super) fn set_tip(&self, tip: u64) {
        self.write().tip = Some(tip);
    }

    pub(super) fn set_settings(&self, settings: SettingsView) {
        self.write().settings = Some(settings);
    }

    pub(super) fn set_synced(&self) {
        self.write().synced_at = Some(now());
    }

    /// Records trouble with the time at which it began, or that there is none.
    pub(super) fn set_trouble(&self, trouble: Option<(TroubleKind, String)>) {
        let mut inner = self.write();
        inner.trouble = trouble.map(|(kind, reason)| {
            let known = inner.trouble.as_ref().filter(|trouble| trouble.kind == kind);
            let since = known.map_or_else(now, |trouble| trouble.since);
            Trouble { kind, since, reason }
        });
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
