//! Whether a transaction pays for a service, for whom, and until when.
//!
//! Facts come in as receipts; `events` says which order was paid with which fee, `refusal` why one does not count.

mod events;
mod refusal;
#[cfg(test)]
mod tests;

use alloy_primitives::{Address, B256, U256};

pub use refusal::OrderRefusal;

use self::events::{OrderEvent, PaidOrder, orders_started, paid_orders};
use crate::fee::ProviderFee;
use crate::receipt::{OrderStarted, Receipt};

/// What an order costs: one datatoken.
pub const ONE_DATATOKEN: u128 = 10_u128.pow(18);
/// What the time of a block may be off, in seconds.
const BLOCK_TIME_LEEWAY: u64 = 90;

/// An order that pays for a service. All of it is from the chain, so once final it never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The transaction that started the order.
    pub tx: B256,
    /// The transaction that was asked about: the same, or one that used the order again.
    pub paid_tx: B256,
    /// The service's place in the asset's document.
    pub service_index: u64,
    /// For whom it was ordered.
    pub consumer: Address,
    /// Who paid the datatoken.
    pub payer: Address,
    /// How much of the datatoken, in its smallest unit.
    pub amount: U256,
    /// Who got the fee.
    pub provider: Address,
    /// When it was ordered or used again, in seconds since 1970.
    pub at: u64,
    /// The first second since 1970 at which the fee is spent; 0 for never.
    ///
    /// A fee is quoted for some time, which counts from the order on, however long after the quote it came.
    pub fee_valid_until: u64,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct OrderAsk<'a> {
    /// The service's datatoken.
    pub datatoken: Address,
    /// The service's id.
    pub service_id: &'a str,
    /// The service's place in the asset's document.
    pub service_index: u64,
    /// For how many seconds an order is good; 0 is for ever.
    pub timeout: u64,
    /// Who asks.
    pub consumer: Address,
    /// Who must have got the fee.
    pub provider: Address,
    /// The time, in seconds since 1970.
    pub now: u64,
    /// Whether the time for which the fee was paid counts.
    pub fee_time: FeeTime,
}

/// Whether the time for which a fee was paid counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeTime {
    /// It does: when something is delivered.
    Counts,
    /// It does not: an order whose fee is spent can be used again for a new fee.
    Ignored,
}

/// Does `paid` pay for what is asked, by the consumer, and is it still good?
///
/// `original` is the receipt of the order that [`reused_order`] names, if it names one.
pub fn check_order(
    paid: &Receipt,
    original: Option<&Receipt>,
    ask: &OrderAsk<'_>,
) -> Result<Order, OrderRefusal> {
    let order = find_order(paid, original, ask)?;
    order.check_time(ask.timeout, ask.now, ask.fee_time)?;
    Ok(order)
}

/// The order for what is asked in `paid`, whether still good or not.
///
/// A transaction may hold many orders, by anyone, of anything: each is looked at, and the refusal is that of the one
/// that came closest. An order counts with the fee that was paid for it, not with one next to it.
pub fn find_order(
    paid: &Receipt,
    original: Option<&Receipt>,
    ask: &OrderAsk<'_>,
) -> Result<Order, OrderRefusal> {
    if !paid.status {
        return Err(OrderRefusal::Failed);
    }
    let mut closest = OrderRefusal::NoFee { tx: paid.tx };
    for pair in paid_orders(paid, ask.datatoken) {
        match order_of(pair, paid, original, ask) {
            Ok(order) => return Ok(order),
            Err(refusal) => closest = closest.or_closer(refusal),
        }
    }
    Err(closest)
}

/// The order that `paid` uses again for what is asked; its receipt is needed for [`check_order`].
///
/// None if an order in `paid` itself will do, or there is no such thing.
#[must_use]
pub fn reused_order(paid: &Receipt, ask: &OrderAsk<'_>) -> Option<B256> {
    if find_order(paid, None, ask).is_ok() {
        return None;
    }
    let reused: Vec<_> = paid_orders(paid, ask.datatoken)
        .filter(|pair| fee_is_ours(&pair.fee, paid, ask).is_ok())
        .filter_map(|pair| match pair.order {
            OrderEvent::Reused(event) => Some(event),
            OrderEvent::Started(_) => None,
        })
        .collect();
    // Where one transaction does it for many, a buyer's own comes first.
    let own = reused.iter().find(|event| event.caller == ask.consumer);
    own.or(reused.first()).map(|event| event.orderTxId)
}

impl Order {
    /// The last second since 1970 at which it is good for a service with this timeout; none if it is for ever.
    #[must_use]
    pub fn until(&self, timeout: u64) -> Option<u64> {
        let order = (timeout != 0).then(|| self.at.saturating_add(timeout));
        let fee = (self.fee_valid_until != 0).then(|| self.fee_valid_until.saturating_sub(1));
        order.into_iter().chain(fee).min()
    }

    /// Whether `who` may use it: its consumer and its payer may.
    pub fn check_buyer(&self, who: Address) -> Result<(), OrderRefusal> {
        [self.consumer, self.payer].contains(&who).then_some(()).ok_or(OrderRefusal::NotTheBuyer)
    }

    /// Whether it is still good `now` (seconds since 1970), for a service with this timeout.
    pub fn check_time(&self, timeout: u64, now: u64, fee_time: FeeTime) -> Result<(), OrderRefusal> {
        if timeout != 0 && now.saturating_sub(self.at) > timeout {
            return Err(OrderRefusal::Expired { now, at: self.at, timeout });
        }
        if fee_time == FeeTime::Counts && self.fee_valid_until != 0 && now >= self.fee_valid_until {
            return Err(OrderRefusal::FeeExpired);
        }
        Ok(())
    }
}

fn order_of(
    pair: PaidOrder,
    paid: &Receipt,
    original: Option<&Receipt>,
    ask: &OrderAsk<'_>,
) -> Result<Order, OrderRefusal> {
    let quoted_at = fee_is_ours(&pair.fee, paid, ask)?;
    let (started, tx, reused_at) = match pair.order {
        OrderEvent::Started(event) => (order_asked_for([event], paid, ask)?, paid.tx, None),
        OrderEvent::Reused(event) => {
            let original = original.filter(|receipt| receipt.tx == event.orderTxId);
            let original = original.ok_or(OrderRefusal::NoOriginal)?;
            if !original.status {
                return Err(OrderRefusal::OriginalFailed);
            }
            let started = order_asked_for(orders_started(original, ask.datatoken), paid, ask)?;
            (started, original.tx, Some(event.timestamp))
        }
    };
    // A contract of Ocean's logs the time of the block; one that logs nonsense has no order.
    let no_order = OrderRefusal::NoOrder { tx: paid.tx };
    let at = u64::try_from(reused_at.unwrap_or(started.timestamp)).map_err(|_| no_order)?;
    // Last, since it costs most: the rest cannot be made to fit by many who all lack our signature.
    if !pair.fee.is_signed() {
        return Err(OrderRefusal::FeeNotSigned);
    }
    Ok(Order {
        tx,
        paid_tx: paid.tx,
        service_index: ask.service_index,
        consumer: started.consumer,
        payer: started.payer,
        amount: started.amount,
        provider: pair.fee.provider,
        at,
        fee_valid_until: fee_end(pair.fee.valid_until, quoted_at, paid.timestamp),
    })
}

/// Whether the fee is for the service and went to the provider; if so, when it was quoted. Its signature is not checked.
fn fee_is_ours(fee: &ProviderFee, paid: &Receipt, ask: &OrderAsk<'_>) -> Result<f64, OrderRefusal> {
    let purpose = fee.purpose().filter(|purpose| purpose.is_for(ask.datatoken, ask.service_id));
    let purpose = purpose.ok_or(OrderRefusal::NoFee { tx: paid.tx })?;
    if fee.provider != ask.provider {
        return Err(OrderRefusal::FeeToAnother { event: fee.provider, provider: ask.provider });
    }
    Ok(purpose.timestamp)
}

/// The first of these orders that is of the service, costs enough and is the consumer's.
fn order_asked_for(
    started: impl IntoIterator<Item = OrderStarted>,
    paid: &Receipt,
    ask: &OrderAsk<'_>,
) -> Result<OrderStarted, OrderRefusal> {
    let mut closest = OrderRefusal::NoOrder { tx: paid.tx };
    let of_service = |event: &OrderStarted| event.serviceIndex == U256::from(ask.service_index);
    for event in started.into_iter().filter(of_service) {
        let refusal = match [event.consumer, event.payer].contains(&ask.consumer) {
            _ if event.amount < U256::from(ONE_DATATOKEN) => OrderRefusal::Amount { event: event.amount },
            true => return Ok(event),
            false => OrderRefusal::NotTheBuyer,
        };
        closest = closest.or_closer(refusal);
    }
    Err(closest)
}

/// When a fee is spent that was quoted until `valid_until` at `quoted_at`, and paid at `paid_at`.
fn fee_end(valid_until: U256, quoted_at: f64, paid_at: u64) -> u64 {
    if valid_until.is_zero() {
        return 0;
    }
    // Every time of a quote is far below 2^53; others come out as one of the ends.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let quoted_at = quoted_at as u64;
    // A quote of no time (or of the future) is taken as made with the order.
    let waited = if quoted_at == 0 { 0 } else { paid_at.saturating_sub(quoted_at) };
    u64::try_from(valid_until).unwrap_or(u64::MAX).saturating_add(waited).saturating_add(BLOCK_TIME_LEEWAY)
}
