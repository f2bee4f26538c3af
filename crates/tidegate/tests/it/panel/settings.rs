//! Settings as in effect, as a page.

use crate::support::{
    browser::Browser,
    server::{SERVER_KEY, TestServer},
};

#[tokio::test]
async fn settings_are_shown_with_where_they_come_from_and_without_secrets() {
    let server = TestServer::with(|config| {
        config.server.name = "Hong <Kong>".to_owned();
        config.provider.rbac_url = Some("https://rbac.example.org/hunter2".parse().unwrap());
        config.without_meaning = vec!["REDIS_CONNECTION".to_owned()];
        let source = tidegate::config::Source::Variable("TIDEGATE_SERVER_NAME".to_owned());
        config.sources.insert("server.name".to_owned(), source);
    })
    .await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    let page = admin.page("/panel/admin/settings").await;
    for words in [
        "Hong &#60;Kong&#62;",
        "variable TIDEGATE_SERVER_NAME",
        "<code>upload_size</code>",
        "100.0 GiB",
        "https://rbac.example.org/…",
        "REDIS_CONNECTION",
        "<h2 id=\"section-pull\">",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(SERVER_KEY) && !page.contains("hunter2"), "{page}");
}
