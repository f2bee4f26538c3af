//! Texts that no database takes: asked for, they are not there; filled in, they are refused.

use crate::support::{
    browser::Browser,
    databases::{TestDatabase, on_both_engines},
    server::TestServer,
};

on_both_engines![nobody_gets_a_nul_into_a_database];

async fn nobody_gets_a_nul_into_a_database(database: TestDatabase) {
    let server = TestServer::on(database, |_| {}).await;
    let (mut admin, id) = Browser::of_admin(&server, "ann").await;
    for list in [
        "pins?q=%00&sort=%00&after=1.%00",
        "jobs?status=%00&before=%00",
        "webhooks/callbacks?before=%00",
        "admin/accounts?search=%00",
        "admin/invites?before=%00",
        "admin/logs?request=%00&words=%00&level=%00",
        "provider/receipts?asset=%00",
    ] {
        admin.page(&format!("/panel/{list}")).await;
    }
    for nothing in [
        "webhooks/%00",
        "pins/%00",
        "api/jwt?show=%00",
        "provider/receipts/%00",
        "provider/receipts?before=%00",
    ] {
        assert_eq!(admin.get(&format!("/panel/{nothing}")).await.status, 404, "{nothing}");
    }
    for nothing in [
        "jobs/%00/retry",
        "webhooks/%00/remove",
        "webhooks/callbacks/deliveries/%00/redeliver",
        "api/jwt/%00/revoke",
        "account/sessions/%00/end",
        "endpoints/%00/remove",
        "admin/invites/%00/revoke",
        "provider/tokens/%00/revoke",
    ] {
        assert_eq!(admin.post(&format!("/panel/{nothing}"), &[]).await.status, 404, "{nothing}");
    }
    let quota = format!("admin/accounts/{id}/quota");
    for (form, field) in [
        ("login", "email"),
        ("register", "email"),
        ("webhooks", "url"),
        ("api/jwt", "name"),
        ("admin/invites", "note"),
        (quota.as_str(), "quota"),
        ("provider/wallets", "wallet"),
    ] {
        let refused = admin.post(&format!("/panel/{form}"), &[(field, "a\0b")]).await;
        assert_eq!(refused.status, 422, "{form}");
        assert!(refused.text().contains("cannot be kept"), "{form}: {}", refused.text());
    }
    assert!(admin.page("/panel/admin/invites").await.contains("class=\"empty\""));
}
