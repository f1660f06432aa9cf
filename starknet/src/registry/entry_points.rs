//! Entry points, as calls that an account sends. Requirements and events are the contract's.

use starknet_rust::core::types::{Call, Felt, U256};

use super::Registry;
use crate::codec::{push_span, push_text, push_u256};
use crate::types::{push_shares, Change, Claim, NewModel, NewVersion, ProofRecord, Rules, Share};

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

    /// Announces a change that others could be hurt by.
    pub fn announce(&self, model_id: u64, change: &Change) -> Call {
        let mut felts = vec![model_id.into()];
        change.push(&mut felts);
        self.entry("announce", felts)
    }

    /// Sets price and smallest bond; a higher price was announced.
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

    /// Shares revenue; announced, if there are holders.
    pub fn set_shares(&self, model_id: u64, shares: &[Share]) -> Call {
        let mut felts = vec![model_id.into()];
        push_shares(&mut felts, shares);
        self.entry("set_shares", felts)
    }

    /// Ends a version; announced.
    pub fn deprecate_version(&self, model_id: u64, version: u32) -> Call {
        self.entry("deprecate_version", vec![model_id.into(), version.into()])
    }

    /// Ends a model; announced.
    pub fn deprecate(&self, model_id: u64) -> Call {
        self.entry("deprecate", vec![model_id.into()])
    }

    /// Offers a model.
    pub fn offer_model(&self, model_id: u64, to: Felt) -> Call {
        self.entry("offer_model", vec![model_id.into(), to])
    }

    /// Takes a model that was offered, if its terms still have this hash.
    pub fn accept_model(&self, model_id: u64, terms_hash: Felt) -> Call {
        self.entry("accept_model", vec![model_id.into(), terms_hash])
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
        let mut felts = vec![model_id.into(), version.into()];
        push_spans(&mut felts, inputs);
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

    /// Claims the outputs of several rows under one bond.
    pub fn claim_batch(
        &self,
        model_id: u64,
        version: u32,
        inputs: &[Vec<Felt>],
        outputs: &[Vec<Felt>],
        bond: u128,
    ) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
        push_spans(&mut felts, inputs);
        push_spans(&mut felts, outputs);
        felts.push(bond.into());
        self.entry("claim_batch", felts)
    }

    /// Has a row of a claim executed, which settles the claim.
    pub fn challenge(&self, claim_id: u64, claim: &Claim, row: u32, input: &[Felt]) -> Call {
        let mut felts = vec![claim_id.into()];
        claim.push(&mut felts);
        felts.push(row.into());
        push_span(&mut felts, input);
        self.entry("challenge", felts)
    }

    /// Stakes against a row of a claim.
    pub fn contest(&self, claim_id: u64, claim: &Claim, row: u32) -> Call {
        let mut felts = vec![claim_id.into()];
        claim.push(&mut felts);
        felts.push(row.into());
        self.entry("contest", felts)
    }

    /// Settles a claim whose window has closed.
    pub fn finalize(&self, claim_id: u64, claim: &Claim) -> Call {
        let mut felts = vec![claim_id.into()];
        claim.push(&mut felts);
        self.entry("finalize", felts)
    }

    /// Records a proof, as claimed.
    pub fn record_proof(&self, model_id: u64, version: u32, proof: &ProofRecord) -> Call {
        let mut felts = vec![model_id.into(), version.into()];
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

    /// Pays an account everything that is its own.
    pub fn withdraw_for(&self, account: Felt) -> Call {
        self.entry("withdraw_for", vec![account])
    }

    /// Sends burnt units out of reach.
    pub fn sweep(&self) -> Call {
        self.entry("sweep", vec![])
    }

    /// Announces an upgrade.
    pub fn schedule_upgrade(&self, class_hash: Felt) -> Call {
        self.entry("schedule_upgrade", vec![class_hash])
    }

    /// Announces other rules.
    pub fn schedule_rules(&self, rules: Rules) -> Call {
        self.entry("schedule_rules", rules_felts(rules))
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

    /// Changes the rules for new claims.
    pub fn set_rules(&self, rules: Rules) -> Call {
        self.entry("set_rules", rules_felts(rules))
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

fn rules_felts(Rules { window, min_bond, gas_price }: Rules) -> Vec<Felt> {
    vec![window.into(), min_bond.into(), gas_price.into()]
}

/// A list of lists of felts.
fn push_spans(felts: &mut Vec<Felt>, spans: &[Vec<Felt>]) {
    felts.push(spans.len().into());
    for span in spans {
        push_span(felts, span);
    }
}
