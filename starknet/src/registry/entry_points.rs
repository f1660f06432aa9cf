//! Entry points, as calls that an account sends. Requirements and events are the contract's.

use starknet_rust::core::types::{Call, Felt, U256};

use super::Registry;
use crate::codec::{push_span, push_text, push_u256};
use crate::types::{NewModel, NewVersion, ProofRecord, Share};

impl Registry {
    /// Registers a model with its first version.
    pub fn register(&self, model: &NewModel, first: &NewVersion) -> Call {
        let mut felts = Vec::new();
        model.push(&mut felts);
        first.push(&mut felts);
        self.entry("register", felts)
    }

    /// Publishes a version.
    pub fn publish(&self, model_id: u64, version: &NewVersion) -> Call {
        let mut felts = vec![model_id.into()];
        version.push(&mut felts);
        self.entry("publish", felts)
    }

    /// Sets price and smallest bond.
    pub fn set_terms(&self, model_id: u64, price: u128, bond: u128) -> Call {
        self.entry("set_terms", vec![model_id.into(), price.into(), bond.into()])
    }

    /// Sets the licence.
    pub fn set_licence(&self, model_id: u64, licence: Felt) -> Call {
        self.entry("set_licence", vec![model_id.into(), licence])
    }

    /// Sets where a version's description is.
    pub fn set_metadata(&self, model_id: u64, version: u32, uri: &str, hash: U256) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_text(&mut felts, uri);
        push_u256(&mut felts, hash);
        self.entry("set_metadata", felts)
    }

    /// Shares revenue.
    pub fn set_shares(&self, model_id: u64, shares: &[Share]) -> Call {
        let mut felts = vec![model_id.into(), shares.len().into()];
        felts.extend(shares.iter().flat_map(|share| [share.holder, share.basis_points.into()]));
        self.entry("set_shares", felts)
    }

    /// Ends a version.
    pub fn deprecate_version(&self, model_id: u64, version: u32) -> Call {
        self.entry("deprecate_version", vec![model_id.into(), version.into()])
    }

    /// Ends a model.
    pub fn deprecate(&self, model_id: u64) -> Call {
        self.entry("deprecate", vec![model_id.into()])
    }

    /// Offers a model.
    pub fn offer_model(&self, model_id: u64, to: Felt) -> Call {
        self.entry("offer_model", vec![model_id.into(), to])
    }

    /// Takes a model that was offered.
    pub fn accept_model(&self, model_id: u64) -> Call {
        self.entry("accept_model", vec![model_id.into()])
    }

    /// Pays for a row and executes the model on it.
    pub fn call(&self, model_id: u64, version: u32, input: &[Felt], max_price: u128) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_span(&mut felts, input);
        felts.push(max_price.into());
        self.entry("call", felts)
    }

    /// Pays for rows and executes the model on each.
    pub fn call_batch(
        &self,
        model_id: u64,
        version: u32,
        inputs: &[Vec<Felt>],
        max_price: u128,
    ) -> Call {
        let mut felts = vec![model_id.into(), version.into(), inputs.len().into()];
        for input in inputs {
            push_span(&mut felts, input);
        }
        felts.push(max_price.into());
        self.entry("call_batch", felts)
    }

    /// Claims an output.
    pub fn claim(
        &self,
        model_id: u64,
        version: u32,
        input: &[Felt],
        output: &[Felt],
        bond: u128,
    ) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_span(&mut felts, input);
        push_span(&mut felts, output);
        felts.push(bond.into());
        self.entry("claim", felts)
    }

    /// Has a claim executed and settled.
    pub fn challenge(&self, claim_id: u64, input: &[Felt]) -> Call {
        let mut felts = vec![claim_id.into()];
        push_span(&mut felts, input);
        self.entry("challenge", felts)
    }

    /// Stakes against a claim.
    pub fn contest(&self, claim_id: u64) -> Call {
        self.entry("contest", vec![claim_id.into()])
    }

    /// Settles a claim whose window has closed.
    pub fn finalize(&self, claim_id: u64) -> Call {
        self.entry("finalize", vec![claim_id.into()])
    }

    /// Records a proof, as claimed.
    pub fn record_proof(&self, proof: &ProofRecord) -> Call {
        let mut felts = vec![proof.model_id.into(), proof.version.into()];
        push_u256(&mut felts, proof.proof_hash);
        felts.extend([proof.input_hash, proof.output_hash]);
        felts.push(proof.security_bits.into());
        felts.push(proof.format_version.into());
        self.entry("record_proof", felts)
    }

    /// Credits a model's holders.
    pub fn distribute(&self, model_id: u64) -> Call {
        self.entry("distribute", vec![model_id.into()])
    }

    /// Pays the sender everything that is theirs.
    pub fn withdraw(&self) -> Call {
        self.entry("withdraw", vec![])
    }

    /// Announces a pause.
    pub fn schedule_pause(&self) -> Call {
        self.entry("schedule_pause", vec![])
    }

    /// Announces an upgrade.
    pub fn schedule_upgrade(&self, class_hash: Felt) -> Call {
        self.entry("schedule_upgrade", vec![class_hash])
    }

    /// Takes back what was announced.
    pub fn cancel_scheduled(&self) -> Call {
        self.entry("cancel_scheduled", vec![])
    }

    /// Pauses.
    pub fn pause(&self) -> Call {
        self.entry("pause", vec![])
    }

    /// Ends a pause.
    pub fn unpause(&self) -> Call {
        self.entry("unpause", vec![])
    }

    /// Replaces the registry's class.
    pub fn upgrade(&self, class_hash: Felt) -> Call {
        self.entry("upgrade", vec![class_hash])
    }

    /// Offers the registry.
    pub fn offer_registry(&self, to: Felt) -> Call {
        self.entry("offer_registry", vec![to])
    }

    /// Takes the registry.
    pub fn accept_registry(&self) -> Call {
        self.entry("accept_registry", vec![])
    }
}
