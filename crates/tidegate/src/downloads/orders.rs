//! What pays for downloads: orders on chain, looked at once and remembered for good when they are final.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::sync::Cache;
use tidegate_ocean::{Address, B256, FeeTime, Order, OrderAsk, OrderRefusal, find_order, reused_order};

use super::grant::Offer;
use crate::{
    chain::ChainError,
    clock::Clock,
    config,
    db::{
        Db, DbError,
        orders::{self as table, FinalOrder, ListedOrder, OrderKey},
    },
};

/// Orders that are kept in memory.
const KEPT: u64 = 100_000;

/// How long an order that is not final yet is not looked at again.
const SETTLING: Duration = Duration::from_secs(2);

/// Orders that are watched until they are final, so that they are remembered though their buyer may not come again while
/// the chain answers.
const WATCHED: usize = 10_000;
/// The time to the first look and, doubled each time, to the next ones.
const FIRST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// An order that is not final after so many looks, more than an hour, is looked at when its buyer comes again.
const LOOKS: u32 = 64;

/// The orders of all chains. Cheap to clone.
#[derive(Clone)]
pub struct Orders {
    db: Arc<Db>,
    clock: Clock,
    /// Blocks before an order counts, and before it is final.
    confirmations: u64,
    final_confirmations: u64,
    finals: Cache<OrderKey, Order>,
    settling: Cache<OrderKey, Order>,
    watched: Arc<Mutex<HashSet<OrderKey>>>,
}

/// Why a transaction does not pay for what is asked.
#[derive(Debug, thiserror::Error)]
pub enum OrderProblem {
    /// No node knows the transaction.
    #[error("Transaction HexBytes('{0}') is not in the chain")]
    Unknown(B256),
    /// It pays for something else, or for somebody else, or no more.
    #[error(transparent)]
    Refused(#[from] OrderRefusal),
    /// It is too new.
    #[error("Transaction has {has} of {needed} confirmations; try again later")]
    Settling {
        /// Blocks it is under.
        has: u64,
        /// Blocks it must be under.
        needed: u64,
    },
    /// The chain does not say.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database does not say.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Orders {
    /// The orders that `db` remembers and the chains know.
    #[must_use]
    pub fn new(db: Arc<Db>, clock: Clock, settings: &config::Provider) -> Self {
        Self {
            db,
            clock,
            confirmations: settings.confirmations,
            final_confirmations: settings.final_confirmations,
            finals: Cache::builder().max_capacity(KEPT).build(),
            settling: Cache::builder().max_capacity(KEPT).time_to_live(SETTLING).build(),
            watched: Arc::default(),
        }
    }

    /// The order with which `tx` pays for `offer`, for `buyer`, now.
    ///
    /// # Errors
    /// It does not, or nobody knows.
    pub async fn find(
        &self,
        offer: &Offer,
        tx: B256,
        buyer: Address,
        fee_time: FeeTime,
    ) -> Result<Order, OrderProblem> {
        let service = offer.service();
        let key = OrderKey {
            chain_id: offer.chain.id(),
            tx,
            datatoken: service.datatoken,
            service_id: service.id.clone(),
            buyer,
        };
        let ask = self.ask(offer, buyer, fee_time);
        let order = match self.remembered(&key).await? {
            // The asset or our key may have changed since.
            Some(order) if order.service_index == ask.service_index && order.provider == ask.provider => {
                order
            }
            _ => {
                let order = self.ask_chain(offer, &key, &ask).await?;
                if !self.finals.contains_key(&key) {
                    self.watch(offer, key);
                }
                order
            }
        };
        order.check_time(ask.timeout, ask.now, fee_time)?;
        Ok(order)
    }

    fn ask<'a>(&self, offer: &'a Offer, buyer: Address, fee_time: FeeTime) -> OrderAsk<'a> {
        let service = offer.service();
        OrderAsk {
            datatoken: service.datatoken,
            service_id: &service.id,
            service_index: service.index,
            timeout: service.timeout,
            consumer: buyer,
            provider: offer.chain.key().address(),
            now: u64::try_from(self.clock.now().as_seconds()).unwrap_or_default(),
            fee_time,
        }
    }

    /// Looks at an order now and then until it is final and written down, or is no order any more.
    fn watch(&self, offer: &Offer, key: OrderKey) {
        let mut watched = self.watched();
        if watched.len() >= WATCHED || !watched.insert(key.clone()) {
            return;
        }
        let (orders, offer) = (self.clone(), offer.clone());
        tokio::spawn(async move {
            let mut pause = FIRST_LOOK;
            for _ in 0..LOOKS {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                let ask = orders.ask(&offer, key.buyer, FeeTime::Ignored);
                let looked = orders.ask_chain(&offer, &key, &ask).await;
                let gone = matches!(looked, Err(OrderProblem::Unknown(_) | OrderProblem::Refused(_)));
                if gone || orders.finals.contains_key(&key) {
                    break;
                }
            }
            orders.watched().remove(&key);
        });
    }

    fn watched(&self) -> MutexGuard<'_, HashSet<OrderKey>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn remembered(&self, key: &OrderKey) -> Result<Option<Order>, DbError> {
        if let Some(order) = self.finals.get(key).or_else(|| self.settling.get(key)) {
            return Ok(Some(order));
        }
        let wanted = key.clone();
        let found =
            self.db.read(move |s| Box::pin(async move { table::find_order(s, &wanted).await })).await?;
        let order = found.map(|found| from_row(key, &found));
        if let Some(order) = order {
            self.finals.insert(key.clone(), order);
        }
        Ok(order)
    }

    /// What the chain says, which is remembered.
    async fn ask_chain(
        &self,
        offer: &Offer,
        key: &OrderKey,
        ask: &OrderAsk<'_>,
    ) -> Result<Order, OrderProblem> {
        let chain = &offer.chain;
        let paid = chain.receipt(key.tx).await?.ok_or(OrderProblem::Unknown(key.tx))?;
        let original = match reused_order(&paid, ask) {
            Some(tx) => chain.receipt(tx).await?,
            None => None,
        };
        let order = find_order(&paid, original.as_deref(), ask)?;
        let newest = original.as_deref().filter(|original| original.block > paid.block).unwrap_or(&paid);
        let has = chain.confirmations(newest).await?;
        if has < self.confirmations {
            return Err(OrderProblem::Settling { has, needed: self.confirmations });
        }
        if has < self.final_confirmations {
            self.settling.insert(key.clone(), order);
        } else {
            self.remember(key.clone(), order, offer).await;
        }
        Ok(order)
    }

    /// Keeps an order for good. One that cannot be written down is good all the same, and written another time.
    async fn remember(&self, key: OrderKey, order: Order, offer: &Offer) {
        let (row_key, row) = (key.clone(), to_row(&order, offer));
        let written = self
            .db
            .write(move |s| Box::pin(async move { table::insert_order(s, &row_key, &row).await }))
            .await;
        match written {
            Ok(()) => self.finals.insert(key, order),
            Err(error) => {
                tracing::warn!(%error, "a final order could not be written down");
                self.settling.insert(key, order);
            }
        }
    }
}

impl ListedOrder {
    /// As the rules of orders take it.
    #[must_use]
    pub fn known(&self) -> Order {
        from_row(&self.key, &self.order)
    }
}

fn to_row(order: &Order, offer: &Offer) -> FinalOrder {
    FinalOrder {
        original_tx: order.tx,
        service_index: order.service_index,
        consumer: order.consumer,
        payer: order.payer,
        provider: order.provider,
        ordered_at: order.at,
        fee_valid_until: order.fee_valid_until,
        amount: Some(order.amount),
        did: Some(offer.asset.ddo.id.as_str().to_owned()),
        timeout: Some(offer.service().timeout),
    }
}

fn from_row(key: &OrderKey, row: &FinalOrder) -> Order {
    Order {
        tx: row.original_tx,
        paid_tx: key.tx,
        service_index: row.service_index,
        consumer: row.consumer,
        payer: row.payer,
        // Nothing is decided by it any more.
        amount: row.amount.unwrap_or_default(),
        provider: row.provider,
        at: row.ordered_at,
        fee_valid_until: row.fee_valid_until,
    }
}
