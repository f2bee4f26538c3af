//! An account's wallets: an asset whose data NFT belongs to one of them may sell the account's private content, and the account sees
//! what they bought and sold.
//!
//! That a wallet is the account's is said by the operator, on the command line, or by the wallet itself, which signs for it.

use std::time::Duration;

use tidegate_ocean::{Address, Signature, signer_of_message};

use crate::clock::Timestamp;
use crate::db::{AccountId, accounts, wallets};

use super::{AccountError, Accounts};

/// Wallets of one account.
const MAX_WALLETS: u64 = 100;

/// For how long a text that a wallet is to sign is good.
pub const WALLET_TEXT_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The text with which a wallet says whose it is. It names account and server, so it is good for nothing else.
#[must_use]
pub fn wallet_text(email: &str, site: &str, until: Timestamp) -> String {
    format!("I link this wallet to the account {email} at {site}.\n\nGood until {until}.")
}

/// What a wallet signed to be linked: [`wallet_text`], as a personal message.
#[derive(Debug, Clone, Copy)]
pub struct WalletProof<'a> {
    /// The wallet.
    pub wallet: Address,
    /// The server, as the text names it.
    pub site: &'a str,
    /// Until when the text is good.
    pub until: Timestamp,
    /// The signature, in hexadecimal digits.
    pub signature: &'a str,
}

impl Accounts {
    /// Adds a wallet that has signed for it; false when the account has it already.
    ///
    /// # Errors
    ///
    /// [`AccountError::WalletTextOver`], [`AccountError::WalletNotSigned`], and those of [`Accounts::add_wallet`].
    pub async fn link_wallet(
        &self,
        account: AccountId,
        proof: &WalletProof<'_>,
    ) -> Result<bool, AccountError> {
        let now = self.clock.now();
        if proof.until <= now || proof.until > now.plus(WALLET_TEXT_LIFETIME) {
            return Err(AccountError::WalletTextOver);
        }
        let found = self.db.read(move |s| Box::pin(accounts::find_account(s, account))).await?;
        let email = found.ok_or(AccountError::NoSuchAccount)?.email;
        let signature =
            Signature::parse(proof.signature.trim()).map_err(|_| AccountError::WalletNotSigned)?;
        if signer_of_message(&wallet_text(&email, proof.site, proof.until), &signature) != Some(proof.wallet)
        {
            return Err(AccountError::WalletNotSigned);
        }
        self.add_wallet(account, proof.wallet).await
    }

    /// Adds a wallet; false when the account has it already.
    ///
    /// # Errors
    ///
    /// [`AccountError::TooManyWallets`], [`AccountError::NoSuchAccount`], or a failure.
    pub async fn add_wallet(&self, account: AccountId, wallet: Address) -> Result<bool, AccountError> {
        let now = self.clock.now();
        self.db
            .try_write(move |s| {
                Box::pin(async move {
                    accounts::find_account(s, account).await?.ok_or(AccountError::NoSuchAccount)?;
                    let added = wallets::insert_wallet(s, account, wallet, now).await?;
                    // Two at once may both be the hundredth: this is a bound, not a count.
                    if added && wallets::count_wallets(s, account).await? > MAX_WALLETS {
                        return Err(AccountError::TooManyWallets);
                    }
                    Ok(added)
                })
            })
            .await
    }

    /// The account's wallets and when each was added, oldest first.
    ///
    /// # Errors
    ///
    /// A failure of the database.
    pub async fn list_wallets(&self, account: AccountId) -> Result<Vec<(Address, Timestamp)>, AccountError> {
        Ok(self.db.read(move |s| Box::pin(wallets::list_wallets(s, account))).await?)
    }

    /// Takes a wallet from the account. What its assets sell of the account's private content is no longer delivered.
    ///
    /// # Errors
    ///
    /// [`AccountError::NoSuchWallet`] or a failure.
    pub async fn remove_wallet(&self, account: AccountId, wallet: Address) -> Result<(), AccountError> {
        let removed = self.db.write(move |s| Box::pin(wallets::remove_wallet(s, account, wallet))).await?;
        if removed { Ok(()) } else { Err(AccountError::NoSuchWallet) }
    }
}
