//! What a request for a download asks for.

use std::borrow::Cow;

use serde_json::Value;
use tidegate_ocean::Address;

use crate::{
    downloads::{Wanted, ticket::Ticket},
    http::provider::{
        ProviderError,
        initialize::file_index,
        params::Params,
        validation::{Violations, require_first, wrong_format},
    },
};

/// The parameters that must be there, in the order in which they are missed.
const REQUIRED: [&str; 5] = ["documentId", "serviceId", "consumerAddress", "transferTxId", "fileIndex"];

/// See the module's documentation.
pub(super) struct Ask<'a> {
    pub did: Cow<'a, str>,
    pub service: Cow<'a, str>,
    pub file: usize,
    pub transaction: Cow<'a, str>,
    /// As it was sent.
    pub consumer: Cow<'a, str>,
    pub userdata: Option<Cow<'a, Value>>,
}

impl<'a> Ask<'a> {
    /// What the parameters ask for.
    ///
    /// # Errors
    /// The first that is missing, or makes no sense.
    pub(super) fn of_params(params: &'a Params) -> Result<Self, Violations> {
        require_first(params, &REQUIRED)?;
        let text = |name| params.text(name).unwrap_or_default();
        Ok(Self {
            did: text("documentId"),
            service: text("serviceId"),
            file: file_index(params)?.unwrap_or_default(),
            transaction: text("transferTxId"),
            consumer: text("consumerAddress"),
            userdata: params.value("userdata").map(Cow::Borrowed),
        })
    }

    /// What the ticket stands for.
    pub(super) fn of_ticket(ticket: &'a Ticket) -> Self {
        Self {
            did: Cow::Borrowed(&ticket.did),
            service: Cow::Borrowed(&ticket.service),
            file: ticket.file,
            transaction: Cow::Owned(ticket.transaction.to_string()),
            consumer: Cow::Owned(ticket.consumer.to_string()),
            userdata: ticket.userdata.as_deref().map(|text| Cow::Owned(Value::from(text))),
        }
    }

    /// As the house takes it.
    ///
    /// # Errors
    /// The consumer is no address.
    pub(super) fn wanted(&self) -> Result<Wanted<'_>, ProviderError> {
        Ok(Wanted {
            did: &self.did,
            service: &self.service,
            file: self.file,
            transaction: &self.transaction,
            consumer: &self.consumer,
            address: self.address()?,
            userdata: self.userdata.as_deref(),
        })
    }

    /// Who asks.
    ///
    /// # Errors
    /// That is no address.
    pub(super) fn address(&self) -> Result<Address, Violations> {
        self.consumer.parse().map_err(|_| Violations::of("consumerAddress", wrong_format("consumerAddress")))
    }
}

/// Whether the signed parameters beside a ticket, if there are any, are those that it was given for.
pub(super) fn is_of(params: &Params, ticket: &Ticket) -> bool {
    let is = |name, same: &dyn Fn(&str) -> bool| params.text(name).is_none_or(|text| same(&text));
    is("documentId", &|text| text == ticket.did)
        && is("serviceId", &|text| text == ticket.service)
        && is("fileIndex", &|text| text.parse() == Ok(ticket.file))
        && is("transferTxId", &|text| text.parse() == Ok(ticket.transaction))
        && is("consumerAddress", &|text| text.parse() == Ok(ticket.consumer))
}
