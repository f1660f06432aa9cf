//! A claim from its events, held against what the registry stores of it.

use starknet_rust::core::types::Felt;
use starknet_rust::core::utils::get_selector_from_name;
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::Registry;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::events::Event;
use crate::types::{Claim, ClaimState, ClaimedRow, Status};

/// Blocks that are looked through first; twice as many each time after that.
const FIRST_BLOCKS: u64 = 1_000;

/// A claim with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRecord {
    /// The claim as entry points take it now.
    pub claim: Claim,
    /// What has become of it.
    pub status: Status,
    /// The rows.
    pub inputs: Vec<Vec<Felt>>,
    /// The claimed results of each row.
    pub outputs: Vec<Vec<Felt>>,
}

impl Registry {
    /// A claim with its rows and results, from its events. The node is not trusted with them: together they must have the
    /// hash that the registry stores.
    ///
    /// Events are looked for from the newest block back, since claims that matter are young.
    ///
    /// # Errors
    /// There is no such claim, or the node does not have all of its events, or has others.
    pub async fn claim_record(
        &self,
        chain: &Chain,
        claim_id: u64,
    ) -> Result<ClaimRecord, ChainError> {
        let state = self.claim_state(chain, claim_id).await?;
        let mut to = chain.tip().await?;
        let (mut length, mut is_newest) = (FIRST_BLOCKS, true);
        let mut found = Vec::new();
        loop {
            let from = to.saturating_sub(length - 1);
            let mut events =
                self.claim_events(chain, claim_id, from, (!is_newest).then_some(to)).await?;
            let is_whole = events.iter().any(|event| matches!(event, Event::Claimed { .. }));
            events.extend(found);
            found = events;
            if is_whole || from == 0 {
                return read(claim_id, &state, &found);
            }
            (to, length, is_newest) = (from - 1, length.saturating_mul(2), false);
        }
    }

    async fn claim_events(
        &self,
        chain: &Chain,
        claim_id: u64,
        from: u64,
        to: Option<u64>,
    ) -> Result<Vec<Event>, ChainError> {
        let names = ["Claimed", "ClaimRow", "ClaimInput", "Contested", "RowUpheld"];
        let names = names.map(|name| get_selector_from_name(name).unwrap_or_default());
        let keys = vec![names.to_vec(), vec![claim_id.into()]];
        let mut events = Vec::new();
        for (keys, data) in chain.events(self.address, keys, from, to).await? {
            events.extend(Event::read(&keys, &data)?);
        }
        Ok(events)
    }
}

/// Puts a claim together; oldest events first.
fn read(claim_id: u64, state: &ClaimState, events: &[Event]) -> Result<ClaimRecord, ChainError> {
    let wrong = || {
        ChainError::Decode {
        what: "the claim",
        reason: format!("the node's events of claim {claim_id} are not those that the registry stores a hash of"),
    }
    };
    let mut record: Option<ClaimRecord> = None;
    for event in events.iter().cloned() {
        let known = record.as_mut();
        match (event, known) {
            (
                Event::Claimed {
                    model_id, claimant, version, bond, stake, deadline, output, ..
                },
                None,
            ) => {
                let claim = Claim {
                    model_id,
                    version,
                    claimant,
                    bond,
                    stake,
                    deadline,
                    contester: Felt::ZERO,
                    contested_row: 0,
                    rows: Vec::new(),
                };
                let (inputs, outputs) = (vec![Vec::new()], vec![output]);
                record = Some(ClaimRecord { claim, status: state.status, inputs, outputs });
            }
            (Event::ClaimRow { row, output, .. }, Some(record))
                if row as usize == record.outputs.len() =>
            {
                record.inputs.push(Vec::new());
                record.outputs.push(output);
            }
            (Event::ClaimInput { row, part, offset, .. }, Some(record)) => {
                let input = record.inputs.get_mut(row as usize).ok_or_else(wrong)?;
                if offset as usize != input.len() {
                    return Err(wrong());
                }
                input.extend(part);
            }
            (Event::Contested { contester, row, deadline, .. }, Some(record)) => {
                record.claim.contester = contester;
                (record.claim.contested_row, record.claim.deadline) = (row, deadline);
            }
            (Event::RowUpheld { deadline, .. }, Some(record)) => {
                record.claim.contester = Felt::ZERO;
                (record.claim.contested_row, record.claim.deadline) = (0, deadline);
            }
            _ => return Err(wrong()),
        }
    }
    let mut record = record.ok_or_else(wrong)?;
    let rows = record.inputs.iter().zip(&record.outputs).map(|(input, output)| ClaimedRow {
        input_hash: Poseidon::hash_array(input),
        output_hash: Poseidon::hash_array(output),
    });
    record.claim.rows = rows.collect();
    if record.claim.commitment() == state.commitment {
        Ok(record)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let number = Felt::from;
        vec![
            Event::Claimed {
                claim_id: 1,
                model_id: 2,
                claimant: number(3),
                version: 1,
                bond: 100,
                stake: 50,
                deadline: 1_000,
                n_rows: 2,
                input_hash: number(0),
                output: vec![number(7)],
            },
            Event::ClaimInput { claim_id: 1, row: 0, offset: 0, part: vec![number(1)] },
            Event::ClaimInput { claim_id: 1, row: 0, offset: 1, part: vec![number(2)] },
            Event::ClaimRow { claim_id: 1, row: 1, output: vec![number(8)] },
            Event::ClaimInput { claim_id: 1, row: 1, offset: 0, part: vec![number(3)] },
            Event::Contested { claim_id: 1, contester: number(4), row: 1, deadline: 2_000 },
        ]
    }

    fn row(input: &[u64], output: u64) -> ClaimedRow {
        let felts: Vec<Felt> = input.iter().map(|&n| Felt::from(n)).collect();
        ClaimedRow {
            input_hash: Poseidon::hash_array(&felts),
            output_hash: Poseidon::hash_array(&[Felt::from(output)]),
        }
    }

    #[test]
    fn a_claim_is_what_its_hash_says() {
        let claim = Claim {
            model_id: 2,
            version: 1,
            claimant: Felt::from(3),
            bond: 100,
            stake: 50,
            deadline: 2_000,
            contester: Felt::from(4),
            contested_row: 1,
            rows: vec![row(&[1, 2], 7), row(&[3], 8)],
        };
        let state = ClaimState { status: Status::Contested, commitment: claim.commitment() };
        let record = read(1, &state, &events()).unwrap();
        assert_eq!((record.claim, record.status), (claim, Status::Contested));
        assert_eq!(record.outputs, [[Felt::from(7)], [Felt::from(8)]]);
        assert!(claim_bits(&state.commitment) <= 248);
        // Any event that is missing, twice there or out of place shows.
        for index in 0..events().len() {
            let mut others = events();
            others.remove(index);
            assert!(read(1, &state, &others).is_err(), "without event {index}");
            let mut others = events();
            others.insert(index, others[index].clone());
            let twice_the_same = matches!(others[index], Event::Contested { .. });
            assert!(twice_the_same || read(1, &state, &others).is_err(), "twice event {index}");
        }
        assert!(read(1, &state, &[]).is_err());
    }

    fn claim_bits(felt: &Felt) -> usize {
        let bytes = felt.to_bytes_be();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        256 - 8 * zeros
    }
}
