//! Finding a model's version, and what a receipt tells.

use anyhow::Result;
use nilometer_starknet::types::{Model, Version};
use nilometer_starknet::{Event, Receipt, Registry};

use super::Session;

/// A model and one of its versions: the newest if none is named.
///
/// # Errors
/// There is no such model or version, or the node fails.
pub fn find(
    session: &Session,
    registry: Registry,
    model_id: u64,
    version: Option<u32>,
) -> Result<(Model, u32, Version)> {
    let model = session.wait(registry.model(&session.chain, model_id))?;
    let number = version.unwrap_or(model.n_versions);
    let version = session.wait(registry.version(&session.chain, model_id, number))?;
    Ok((model, number, version))
}

/// The registry's events in a receipt.
///
/// # Errors
/// An event that is not the registry's form of it.
pub fn events(registry: Registry, receipt: &Receipt) -> Result<Vec<Event>> {
    let own = receipt.events.iter().filter(|(from, ..)| *from == registry.address);
    let mut events = Vec::new();
    for (_, keys, data) in own {
        events.extend(Event::read(keys, data)?);
    }
    Ok(events)
}
