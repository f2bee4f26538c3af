//! The last lines of the log, as a page.

use std::path::Path;

use secrecy::SecretString;
use tempfile::tempdir;
use tidegate::{app::App, clock::Clock};

use crate::support::{
    browser::{Browser, PASSWORD},
    eventually,
    process::Process,
    server::{TestServer, client, settings},
};

const PATH: &str = "/panel/admin/logs";

#[tokio::test]
async fn a_request_is_found_by_its_id() {
    let folder = tempdir().unwrap();
    let data = folder.path().join("data");
    make_admin(&data, "ann@example.org").await;
    let process = Process::start(&data, &[]).await;
    let mut admin = Browser::reaching(&process.url, client());
    admin.sign_in("ann@example.org").await;

    let answer = admin.get("/nothing-here").await;
    let id = answer.header("x-request-id").to_owned();
    let find = format!("{PATH}?request={id}");
    // A line is written when the last byte is sent, which its client may see first.
    eventually("its line is there", async || admin.page(&find).await.contains("/nothing-here")).await;
    let page = admin.page(&find).await;
    assert!(page.contains("status=404") && page.contains("tidegate::request"), "{page}");
    assert_eq!(page.matches("title=\"The lines around it\"").count(), 1, "{page}");
    let (_, rest) = page.split_once("/panel/admin/logs?around=").unwrap();
    let around = rest.split('"').next().unwrap();
    let page = admin.page(&format!("{PATH}?around={around}")).await;
    assert!(page.contains("class=\"marked\"") && page.contains("path=&#34;/panel/login&#34;"), "{page}");

    let page = admin.page(&format!("{PATH}?words=LISTENING&level=info")).await;
    assert!(page.contains("listening"), "{page}");
    let page = admin.page(&format!("{PATH}?words=listening&level=error")).await;
    assert!(page.contains("No line that is kept is like that."), "{page}");
    for _ in 0..120 {
        admin.get("/livez").await;
    }
    eventually("there are two pages", async || {
        admin.page(&format!("{PATH}?words=livez")).await.contains(">Older</a>")
    })
    .await;
    let page = admin.page(&format!("{PATH}?words=livez")).await;
    let (_, rest) = page.split_once("<a class=\"button quiet\" href=\"").unwrap();
    let older = rest.split('"').next().unwrap().replace("&#38;", "&");
    let page = admin.page(&older).await;
    assert!(page.contains("/livez") && !page.contains(">Older</a>"), "{page}");
    assert!(!page.contains(PASSWORD), "{page}");
}

/// Makes an administrator in the folder `data`, which no server holds now.
async fn make_admin(data: &Path, email: &str) {
    let app = App::open(settings(data), Clock::system()).await.unwrap();
    let account = app.accounts.register(email, SecretString::from(PASSWORD)).await.unwrap().account;
    app.accounts.set_admin(account, true).await.unwrap();
    app.close().await;
}

#[tokio::test]
async fn where_no_lines_are_kept_the_page_says_so() {
    let server = TestServer::start().await;
    let (mut admin, _) = Browser::of_admin(&server, "ann").await;
    assert!(admin.page(PATH).await.contains("the setting log.kept is 0"));
    assert_eq!(admin.get(&format!("{PATH}?before=x")).await.status, 422);
}
