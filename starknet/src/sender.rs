//! An account on a chain: estimates, transactions, declarations.

use std::sync::Arc;

use starknet_rust::accounts::{
    Account, AccountError, ConnectedAccount, ExecutionEncoding, SingleOwnerAccount,
};
use starknet_rust::core::types::contract::SierraClass;
use starknet_rust::core::types::{Call, Felt, FlattenedSierraClass, StarknetError};
use starknet_rust::providers::ProviderError;
use starknet_rust::signers::{LocalWallet, SigningKey};

use crate::chain::{Chain, Client, Fee, Receipt};
use crate::config::Credentials;
use crate::error::ChainError;

/// A class that can be declared.
#[derive(Clone, Debug)]
pub struct Class {
    flattened: Arc<FlattenedSierraClass>,
    /// Its hash.
    pub class_hash: Felt,
    /// The hash of its CASM (Blake2s).
    pub compiled_class_hash: Felt,
}

impl Class {
    /// Reads a class as the Cairo compiler writes it.
    ///
    /// # Errors
    /// The bytes are not a class.
    pub fn new(json: &[u8], compiled_class_hash: Felt) -> Result<Self, ChainError> {
        let flattened = flatten(json)?;
        let class_hash = flattened.class_hash();
        Ok(Self { flattened: Arc::new(flattened), class_hash, compiled_class_hash })
    }
}

/// The hash of a class as the Cairo compiler writes it.
///
/// # Errors
/// The bytes are not a class.
pub fn class_hash(json: &[u8]) -> Result<Felt, ChainError> {
    Ok(flatten(json)?.class_hash())
}

fn flatten(json: &[u8]) -> Result<FlattenedSierraClass, ChainError> {
    let malformed = |reason: String| ChainError::Class { reason };
    let class: SierraClass =
        serde_json::from_slice(json).map_err(|error| malformed(error.to_string()))?;
    class.flatten().map_err(|error| malformed(error.to_string()))
}

/// An account on a chain.
pub struct Sender {
    chain: Chain,
    account: SingleOwnerAccount<Client, LocalWallet>,
}

impl Sender {
    /// An account with its key.
    pub fn new(chain: Chain, credentials: &Credentials) -> Self {
        let signer = LocalWallet::from(SigningKey::from_secret_scalar(credentials.private_key));
        let encoding =
            if credentials.legacy { ExecutionEncoding::Legacy } else { ExecutionEncoding::New };
        let account = SingleOwnerAccount::new(
            chain.client.clone(),
            signer,
            credentials.address,
            chain.chain_id(),
            encoding,
        );
        Self { chain, account }
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The account's address.
    pub fn address(&self) -> Felt {
        self.account.address()
    }

    /// What calls would cost.
    ///
    /// # Errors
    /// A contract refuses, the account cannot send, or the node fails.
    pub async fn estimate(&self, calls: Vec<Call>) -> Result<Fee, ChainError> {
        let estimate = self.account.execute_v3(calls).estimate_fee().await;
        estimate.map(fee).map_err(|error| self.error(error))
    }

    /// Sends calls in one transaction; its hash.
    ///
    /// # Errors
    /// A contract refuses (nothing is sent then), the account cannot pay, or the node fails.
    pub async fn send(&self, calls: Vec<Call>) -> Result<Felt, ChainError> {
        let sent = self.account.execute_v3(calls).send().await;
        sent.map(|sent| sent.transaction_hash).map_err(|error| self.error(error))
    }

    /// Sends calls with a limit of L2 gas in place of the estimate; its hash.
    ///
    /// # Errors
    /// The account cannot pay, or the node fails.
    pub async fn send_with_gas(&self, calls: Vec<Call>, gas_l2: u64) -> Result<Felt, ChainError> {
        let execution = self.account.execute_v3(calls).l1_gas(0).l1_data_gas(20_000).l2_gas(gas_l2);
        let sent = execution.tip(0).send().await;
        sent.map(|sent| sent.transaction_hash).map_err(|error| self.error(error))
    }

    /// Sends calls and waits until they are in a block.
    ///
    /// # Errors
    /// As [`Self::send`] and [`Chain::wait`].
    pub async fn execute(&self, calls: Vec<Call>) -> Result<Receipt, ChainError> {
        let tx_hash = self.send(calls).await?;
        self.chain.wait(tx_hash).await
    }

    /// What declaring a class would cost; nothing if it is declared.
    ///
    /// # Errors
    /// The network refuses the class, or the node fails.
    pub async fn estimate_declare(&self, class: &Class) -> Result<Option<Fee>, ChainError> {
        if self.chain.is_declared(class.class_hash).await? {
            return Ok(None);
        }
        let declaration =
            self.account.declare_v3(class.flattened.clone(), class.compiled_class_hash);
        let estimate = declaration.estimate_fee().await;
        estimate.map(|estimate| Some(fee(estimate))).map_err(|error| self.error(error))
    }

    /// Declares a class and waits; nothing if it was declared before, which is as good.
    ///
    /// # Errors
    /// The network refuses the class, the account cannot pay, or the node fails.
    pub async fn declare(&self, class: &Class) -> Result<Option<Receipt>, ChainError> {
        if self.chain.is_declared(class.class_hash).await? {
            return Ok(None);
        }
        let declaration =
            self.account.declare_v3(class.flattened.clone(), class.compiled_class_hash);
        match declaration.send().await {
            Ok(sent) => self.chain.wait(sent.transaction_hash).await.map(Some),
            // Another account was faster.
            Err(AccountError::Provider(ProviderError::StarknetError(
                StarknetError::ClassAlreadyDeclared,
            ))) => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    fn error<S: std::fmt::Display>(&self, error: AccountError<S>) -> ChainError {
        let account = |reason: String| ChainError::Account {
            name: format!("{:#x}", self.account.address()),
            reason,
        };
        match error {
            AccountError::Provider(ProviderError::StarknetError(
                StarknetError::InsufficientAccountBalance
                | StarknetError::InsufficientResourcesForValidate,
            )) => ChainError::Balance { address: self.account.address() },
            AccountError::Provider(ProviderError::StarknetError(
                StarknetError::ContractNotFound | StarknetError::NonAccount,
            )) => account("it is not deployed on this network".to_owned()),
            AccountError::Provider(ProviderError::StarknetError(
                StarknetError::ValidationFailure(reason),
            )) => account(format!("it refuses the signature: {reason}")),
            AccountError::Provider(error) => match self.chain.error(&error) {
                // Accounts of other makers say it in other words, but all say it.
                ChainError::Reverted { reason, .. }
                    if reason.to_lowercase().contains("signature") =>
                {
                    account(format!("it refuses the signature: {reason}"))
                }
                error => error,
            },
            AccountError::Signing(error) => account(error.to_string()),
            AccountError::ClassHashCalculation(error) => {
                ChainError::Class { reason: error.to_string() }
            }
            AccountError::FeeOutOfRange => {
                ChainError::Node { reason: "it asks for an absurd fee".to_owned() }
            }
        }
    }

    /// The account's nonce.
    ///
    /// # Errors
    /// The account is not deployed, or the node fails.
    pub async fn nonce(&self) -> Result<Felt, ChainError> {
        self.account.get_nonce().await.map_err(|error| self.chain.error(&error))
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("address", &self.address()).finish_non_exhaustive()
    }
}

fn fee(estimate: starknet_rust::core::types::FeeEstimate) -> Fee {
    Fee {
        gas_l2: estimate.l2_gas_consumed,
        gas_l1_data: estimate.l1_data_gas_consumed,
        gas_l1: estimate.l1_gas_consumed,
        fri: estimate.overall_fee,
    }
}
