//! `tidegate import-nonces`, on a database as the Python Provider leaves it.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use tidegate::access::Nonces;
use tidegate::db::{Db, DbOptions};
use tidegate_ocean::Address;

use crate::support::binary::{RunningServer, Tidegate};

const ANN: &str = "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B";
const BOB: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

fn python_database(rows: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let provider = Connection::open(folder.path().join("provider.db")).unwrap();
    provider
        .execute_batch(
            "CREATE TABLE user_nonce (address VARCHAR(255) NOT NULL, nonce VARCHAR(255) NOT NULL, PRIMARY KEY (address));
             CREATE TABLE revoked_tokens (token VARCHAR(255) NOT NULL, PRIMARY KEY (token));
             INSERT INTO revoked_tokens VALUES ('ey.ey.x');",
        )
        .unwrap();
    for row in rows {
        provider.execute("INSERT INTO user_nonce VALUES (?1, ?2)", *row).unwrap();
    }
    folder
}

fn import(provider: &Path, data: &Path) -> Tidegate {
    Tidegate::new(["import-nonces", "--json", "--data"]).arg(data).arg(provider)
}

async fn last(data: &Path, address: &str) -> String {
    let db = Db::open(DbOptions::sqlite(data.join("tidegate.sqlite"))).await.unwrap();
    let address: Address = address.parse().unwrap();
    let last = Nonces::new(std::sync::Arc::new(db)).last(address).await.unwrap();
    last.unwrap().to_string()
}

#[tokio::test]
async fn nonces_are_taken_over_once_and_never_lowered() {
    let lower = ANN.to_ascii_lowercase();
    let folder = python_database(&[
        (ANN, "1650000000123456789"),
        (&lower, "1650000000123456790"),
        (BOB, "11111111111111111111"),
        ("hello", "1"),
        ("0x0000000000000000000000000000000000000001", "-1"),
    ]);
    let provider = folder.path().join("provider.db");
    let before = std::fs::read(&provider).unwrap();
    let data = tempfile::tempdir().unwrap();
    let first = import(&provider, data.path()).run().json();
    assert_eq!(
        first,
        serde_json::json!({
            "addresses": 2, "takenOver": 2, "kept": 0, "restarted": 1, "leftOut": 2, "revokedTokens": 1
        })
    );
    assert_eq!(last(data.path(), ANN).await, "1650000000123456790");
    assert_eq!(last(data.path(), BOB).await, "9006099743113216");

    let second = import(&provider, data.path()).run().json();
    assert_eq!((&second["takenOver"], &second["kept"]), (&0.into(), &2.into()));
    assert_eq!(std::fs::read(&provider).unwrap(), before, "it is only read");
    let older = python_database(&[(ANN, "7")]);
    let third = import(&older.path().join("provider.db"), data.path()).run().json();
    assert_eq!(third["kept"], 1);
    assert_eq!(last(data.path(), ANN).await, "1650000000123456790");
}

#[test]
fn what_cannot_be_imported_says_why() {
    let data = tempfile::tempdir().unwrap();
    let folder = python_database(&[(ANN, "1")]);
    import(&folder.path().join("nothing.db"), data.path()).run().failed_with(2, "there is no file");

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    import(&other, data.path()).run().failed_with(2, "no table user_nonce");
    std::fs::write(&other, "not a database, though long enough to be the head of one".repeat(100)).unwrap();
    import(&other, data.path()).run().failed_with(1, "cannot read");

    let server = RunningServer::start();
    import(&folder.path().join("provider.db"), server.data()).run().failed_with(1, "stop it first");
}
