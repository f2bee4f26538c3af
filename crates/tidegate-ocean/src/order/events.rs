//! The orders in a receipt, each with the fee that was paid for it.

use alloy_primitives::Address;

use crate::fee::ProviderFee;
use crate::receipt::{OrderReused, OrderStarted, ProviderFeeEvent, Receipt};

/// An order or the reuse of one, and its fee.
pub(super) struct PaidOrder {
    pub(super) order: OrderEvent,
    pub(super) fee: ProviderFee,
}

pub(super) enum OrderEvent {
    Started(OrderStarted),
    Reused(OrderReused),
}

/// The orders of this datatoken in a receipt, with their fees.
///
/// A datatoken's `startOrder` and `reuseOrder` emit one order event and one fee event each, and neither can be entered
/// again in between. So the first fee belongs to the first order, and so on; were they not held together, one paid fee
/// would do for all orders of the transaction, whatever fee those were given.
pub(super) fn paid_orders(receipt: &Receipt, datatoken: Address) -> impl Iterator<Item = PaidOrder> {
    let orders = receipt.logs.iter().filter_map(move |log| {
        let started = log.event_of(datatoken).map(OrderEvent::Started);
        started.or_else(|| log.event_of(datatoken).map(OrderEvent::Reused))
    });
    let fees = receipt.logs.iter().filter_map(move |log| log.event_of::<ProviderFeeEvent>(datatoken));
    orders.zip(fees).map(|(order, fee)| PaidOrder { order, fee: ProviderFee::from_event(fee) })
}

/// The orders of this datatoken that a receipt started.
pub(super) fn orders_started(receipt: &Receipt, datatoken: Address) -> impl Iterator<Item = OrderStarted> {
    receipt.logs.iter().filter_map(move |log| log.event_of(datatoken))
}
