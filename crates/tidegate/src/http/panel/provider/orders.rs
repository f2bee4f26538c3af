//! Orders that are final on their chains.

use askama::Template;
use axum::{extract::State, response::IntoResponse};
use tidegate_ocean::FeeTime;

use super::{
    super::{Here, Member, Page, PanelError, Shell, show},
    Asked, Listed, PAGE, texts,
};
use crate::{
    app::App,
    clock::Timestamp,
    db::{
        OrderId,
        orders::{ListedOrder, MOST_USES},
    },
    downloads::records::View,
};

#[derive(Template)]
#[template(path = "panel/provider/orders.html")]
struct OrdersPage {
    shell: Shell,
    list: Listed<Shown>,
}

struct Shown {
    listed: ListedOrder,
    ordered_at: Timestamp,
    until: Until,
}

/// Until when an order is good for the service as it was when the order became final.
enum Until {
    /// Nobody wrote down for how long such orders are good.
    Unknown,
    Ever,
    Still(Timestamp),
    Over(Timestamp),
}

/// Lists orders, the newest first.
pub(in super::super) async fn list_orders(
    member: Member,
    State(app): State<App>,
    asked: Asked,
) -> Result<impl IntoResponse, PanelError> {
    let (account, before) = (member.account, asked.before.map_or(OrderId::LAST, OrderId));
    let read = app.db.read(move |s| {
        Box::pin(async move { View::of_account(s, account).await?.orders(s, before, PAGE + 1).await })
    });
    let now = app.clock.now();
    let shown = read.await?.into_iter().map(|listed| Shown {
        ordered_at: moment(listed.order.ordered_at),
        until: Until::of(&listed, now),
        listed,
    });
    let list = Listed::of("orders", shown.collect(), &asked, |shown| shown.listed.id.0);
    Ok(Page::new(OrdersPage { shell: member.shell(Here::Orders), list }))
}

impl Until {
    fn of(listed: &ListedOrder, now: Timestamp) -> Self {
        let order = listed.known();
        let Some(timeout) = listed.order.timeout else { return Self::Unknown };
        let Some(until) = order.until(timeout).map(moment) else { return Self::Ever };
        let seconds = u64::try_from(now.as_seconds()).unwrap_or_default();
        match order.check_time(timeout, seconds, FeeTime::Counts) {
            Ok(()) => Self::Still(until),
            Err(_) => Self::Over(until),
        }
    }
}

impl Shown {
    /// How often it was used; what is counted no further has a plus.
    fn uses(&self) -> String {
        let more = if self.listed.uses >= MOST_USES { "+" } else { "" };
        format!("{}{more}", show::count(self.listed.uses))
    }
}

fn moment(seconds: u64) -> Timestamp {
    i64::try_from(seconds).map_or(Timestamp::MAX, Timestamp::from_seconds)
}
