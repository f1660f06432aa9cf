//! Descriptions in memory, bounded by what they take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::{lock, Key, Readable};
use crate::described::Described;
use crate::view::DescriptionState;

/// Memory for descriptions with their programs, in bytes. Small and large ones do not compete, so that a few large
/// ones cannot push all others out.
const MAX_SMALL: usize = 48 << 20;
const MAX_LARGE: usize = 48 << 20;
/// Memory for what pages show of descriptions: cards, checks, reports.
const MAX_SHOWN: usize = 24 << 20;
/// A description is small if it takes at most so much.
pub(super) const SMALL: usize = 16 << 20;

/// Values by key, the one that was used longest ago goes first.
#[derive(Debug)]
struct Cache {
    entries: HashMap<Key, Entry>,
    total: usize,
    budget: usize,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    value: Readable,
    weight: usize,
    used: u64,
}

impl Cache {
    fn new(budget: usize) -> Self {
        Self { entries: HashMap::new(), total: 0, budget, clock: 0 }
    }

    fn get(&mut self, key: &Key) -> Option<Readable> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.value.clone())
    }

    fn put(&mut self, key: Key, value: Readable, weight: usize) {
        if weight > self.budget {
            return;
        }
        self.clock += 1;
        let entry = Entry { value, weight, used: self.clock };
        self.total += weight;
        if let Some(old) = self.entries.insert(key, entry) {
            self.total -= old.weight;
        }
        while self.total > self.budget {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(old) = self.entries.remove(&oldest) {
                self.total -= old.weight;
            }
        }
    }
}

/// Descriptions that were read.
#[derive(Debug)]
pub(super) struct Kept {
    small: Mutex<Cache>,
    large: Mutex<Cache>,
    shown: Mutex<Cache>,
}

impl Default for Kept {
    fn default() -> Self {
        let cache = |budget| Mutex::new(Cache::new(budget));
        Self { small: cache(MAX_SMALL), large: cache(MAX_LARGE), shown: cache(MAX_SHOWN) }
    }
}

impl Kept {
    /// A description with its graph, schema and program.
    pub(super) fn whole(&self, key: &Key) -> Option<Readable> {
        let small = lock(&self.small).get(key);
        small.or_else(|| lock(&self.large).get(key))
    }

    /// What pages show of a description.
    pub(super) fn shown(&self, key: &Key) -> Option<Readable> {
        lock(&self.shown).get(key)
    }

    /// Keeps a description that takes `weight` bytes, and longer what pages show of it.
    pub(super) fn put(&self, key: &Key, readable: &Readable, weight: usize) {
        let described = &readable.described;
        let card = readable.card.as_ref().map_or(0, |card| card.len());
        let view = &described.view;
        let report = view.report.as_ref().map_or(0, value_weight);
        let shown_weight = 4_096 + card + view.card.as_ref().map_or(0, String::len) + report;
        let mut view = view.clone();
        if view.state == DescriptionState::Available {
            view.reason = Some("it is read again: ask once more in a moment".to_owned());
        }
        let shown = Readable {
            described: Arc::new(Described { view, graph: None, schema: None, program: None }),
            card: readable.card.clone(),
        };
        lock(&self.shown).put(key.clone(), shown, shown_weight);
        let whole = weight + shown_weight;
        let cache = if weight <= SMALL { &self.small } else { &self.large };
        lock(cache).put(key.clone(), readable.clone(), whole);
    }
}

/// About how many bytes a value takes. Its depth is bounded by the parser.
fn value_weight(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(value_weight).sum(),
        Value::Object(map) => {
            let fields = map.iter().map(|(name, value)| 100 + name.len() + value_weight(value));
            300 + fields.sum::<usize>()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::VersionView;

    fn key(n: usize) -> Key {
        [n.to_string(), String::new(), String::new(), String::new(), String::new()]
    }

    fn readable() -> Readable {
        let version = VersionView { metadata_hash: "x".to_owned(), ..VersionView::default() };
        Readable::absent(&version, DescriptionState::Available, None)
    }

    #[test]
    fn large_descriptions_do_not_push_small_ones_out() {
        let kept = Kept::default();
        for n in 0..10 {
            kept.put(&key(n), &readable(), 1 << 20);
        }
        for n in 100..200 {
            kept.put(&key(n), &readable(), 30 << 20);
        }
        for n in 0..10 {
            assert!(kept.whole(&key(n)).is_some(), "{n}");
        }
        assert!(kept.whole(&key(100)).is_none());
        assert!(kept.whole(&key(199)).is_some());
        assert!(kept.shown(&key(100)).is_some(), "its page still has something to show");
        let total = lock(&kept.large).total + lock(&kept.small).total + lock(&kept.shown).total;
        assert!(total <= MAX_SMALL + MAX_LARGE + MAX_SHOWN);
    }

    #[test]
    fn what_takes_more_than_all_the_room_is_not_kept() {
        let kept = Kept::default();
        kept.put(&key(1), &readable(), 30 << 20);
        kept.put(&key(2), &readable(), MAX_LARGE + 1);
        assert!(kept.whole(&key(2)).is_none());
        assert!(kept.whole(&key(1)).is_some());
    }
}
