//! An account's wallets: an asset whose data NFT belongs to one of them may sell the account's private content.
//!
//! That a wallet is the account's is said by the operator, on the command line; nobody else can say it.

use tidegate_ocean::Address;

use crate::clock::Timestamp;
use crate::db::{AccountId, accounts, wallets};

use super::{AccountError, Accounts};

/// Wallets of one account.
const MAX_WALLETS: u64 = 100;

impl Accounts {
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
