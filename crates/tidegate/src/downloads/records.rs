//! Who may see what of sales: administrators everything, everybody else what their own wallets bought and sold.
//!
//! A wallet is an account's because it signed for that, or because the operator says so; that is decided in `accounts`.

use tidegate_ocean::Address;

use crate::db::{
    AccountId, AssetId, AuthTokenId, DbError, OrderId, ReceiptId, Session, accounts,
    assets::{self, Asset},
    orders::{self, ListedOrder, Whose},
    receipts::{self, Receipt},
    tokens::{self, GivenToken},
    wallets,
};

/// What somebody may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum View {
    /// Everything.
    All,
    /// What concerns these wallets.
    Of(Vec<Address>),
}

impl View {
    /// What this account may see.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn of_account(s: &mut Session<'_>, account: AccountId) -> Result<Self, DbError> {
        if accounts::find_account(s, account).await?.is_some_and(|account| account.is_admin) {
            return Ok(Self::All);
        }
        let wallets = wallets::list_wallets(s, account).await?;
        Ok(Self::Of(wallets.into_iter().map(|(wallet, _)| wallet).collect()))
    }

    /// Receipts of downloads, of one asset if `did` names one: the newest before `before`.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn receipts(
        &self,
        s: &mut Session<'_>,
        did: Option<&str>,
        before: ReceiptId,
        limit: u32,
    ) -> Result<Vec<Receipt>, DbError> {
        let mut found = Vec::new();
        for whose in self.sides() {
            found.extend(receipts::receipts_before(s, whose, did, before, limit).await?);
        }
        Ok(newest(found, limit, |receipt| receipt.id.0))
    }

    /// The receipt with this id, if there is one to be seen.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn receipt(&self, s: &mut Session<'_>, id: ReceiptId) -> Result<Option<Receipt>, DbError> {
        let found = receipts::find_receipt(s, id).await?;
        Ok(found.filter(|found| self.shows([Some(found.receipt.consumer), found.seller])))
    }

    /// Orders that are final: the newest before `before`.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn orders(
        &self,
        s: &mut Session<'_>,
        before: OrderId,
        limit: u32,
    ) -> Result<Vec<ListedOrder>, DbError> {
        let mut found = Vec::new();
        for whose in self.sides() {
            found.extend(orders::orders_before(s, whose, before, limit).await?);
        }
        Ok(newest(found, limit, |order| order.id.0))
    }

    /// Assets that were asked for here: the newest before `before`.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn assets(
        &self,
        s: &mut Session<'_>,
        before: AssetId,
        limit: u32,
    ) -> Result<Vec<Asset>, DbError> {
        let mut found = Vec::new();
        for owner in self.addresses() {
            found.extend(assets::assets_before(s, owner, before, limit).await?);
        }
        Ok(newest(found, limit, |asset| asset.id.0))
    }

    /// Auth tokens that are not over: the newest before `before`.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn tokens(
        &self,
        s: &mut Session<'_>,
        before: AuthTokenId,
        limit: u32,
    ) -> Result<Vec<GivenToken>, DbError> {
        let mut found = Vec::new();
        for address in self.addresses() {
            found.extend(tokens::given_tokens_before(s, address, before, limit).await?);
        }
        Ok(newest(found, limit, |token| token.id.0))
    }

    /// The auth token with this record, if there is one to be seen.
    ///
    /// # Errors
    ///
    /// [`DbError`] of the engine.
    pub async fn token(&self, s: &mut Session<'_>, id: AuthTokenId) -> Result<Option<GivenToken>, DbError> {
        let found = tokens::find_given_token(s, id).await?;
        Ok(found.filter(|found| self.shows([Some(found.address)])))
    }

    fn shows(&self, addresses: impl IntoIterator<Item = Option<Address>>) -> bool {
        match self {
            Self::All => true,
            Self::Of(wallets) => addresses.into_iter().flatten().any(|address| wallets.contains(&address)),
        }
    }

    /// The lists that together hold all that may be seen. An account has few wallets, so there are few lists.
    fn sides(&self) -> Vec<Whose> {
        match self {
            Self::All => vec![Whose::All],
            Self::Of(wallets) => {
                wallets.iter().flat_map(|wallet| [Whose::Buyer(*wallet), Whose::Seller(*wallet)]).collect()
            }
        }
    }

    fn addresses(&self) -> Vec<Option<Address>> {
        match self {
            Self::All => vec![None],
            Self::Of(wallets) => wallets.iter().copied().map(Some).collect(),
        }
    }
}

/// The newest of what several lists had, each once.
fn newest<T>(mut found: Vec<T>, limit: u32, id: impl Fn(&T) -> i64) -> Vec<T> {
    found.sort_by_key(|one| std::cmp::Reverse(id(one)));
    found.dedup_by_key(|one| id(one));
    found.truncate(limit as usize);
    found
}
