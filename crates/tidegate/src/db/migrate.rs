//! The schema: one set of migration files for both engines, and the refusal to go back.

use refinery::{Migration, Runner};

use super::error::with_sources;
use super::{DbError, Engine};

/// Every migration, oldest first: its name and its text.
const FILES: &[(&str, &str)] = &[
    ("V0001__accounts_contents_pins", include_str!("../../migrations/V0001__accounts_contents_pins.sql")),
    ("V0002__provider", include_str!("../../migrations/V0002__provider.sql")),
    ("V0003__jobs", include_str!("../../migrations/V0003__jobs.sql")),
    ("V0004__key_terms", include_str!("../../migrations/V0004__key_terms.sql")),
    ("V0005__webhooks", include_str!("../../migrations/V0005__webhooks.sql")),
    ("V0006__uploads", include_str!("../../migrations/V0006__uploads.sql")),
    ("V0007__endpoints", include_str!("../../migrations/V0007__endpoints.sql")),
    ("V0008__panel", include_str!("../../migrations/V0008__panel.sql")),
    (
        "V0009__rotation_and_second_factors",
        include_str!("../../migrations/V0009__rotation_and_second_factors.sql"),
    ),
    ("V0010__pin_pages", include_str!("../../migrations/V0010__pin_pages.sql")),
    ("V0011__days", include_str!("../../migrations/V0011__days.sql")),
    ("V0012__sales", include_str!("../../migrations/V0012__sales.sql")),
];

/// What the engines spell differently: the placeholder, SQLite's word, PostgreSQL's word.
///
/// Checksums are of the filled-in text, so what is here for a released migration never changes.
const WORDS: &[(&str, &str, &str)] = &[
    // AUTOINCREMENT: the id of a deleted row is never given to another.
    ("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{without_rowid}", " WITHOUT ROWID", ""),
    // Lines for one engine are a comment to the other.
    ("{sqlite}", "", "-- "),
    ("{postgres}", "-- ", ""),
    // What lower() does to more than ASCII is SQLite's choice to leave and PostgreSQL's locale's to make.
    ("{ascii}", "", " COLLATE \"C\""),
];

/// The migrations as `engine` wants them, each run with its record in one transaction.
pub(super) fn runner(engine: Engine) -> Result<Runner, DbError> {
    let migrations = FILES
        .iter()
        .map(|(name, text)| Migration::unapplied(name, &fill(text, engine)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    Ok(Runner::new(&migrations).set_grouped(true))
}

/// Says what a failed run means.
pub(super) fn failed(error: &refinery::Error) -> DbError {
    use refinery::error::Kind;
    let known = FILES.last().map_or(0, |(name, _)| version(name));
    match error.kind() {
        Kind::MissingVersion(applied) if applied.version() > known => {
            DbError::Downgrade { found: applied.version(), known }
        }
        _ => DbError::Migration(with_sources(error)),
    }
}

/// The number in a migration's name: `V0007__endpoints` has 7.
fn version(name: &str) -> i32 {
    let digits = name.trim_start_matches('V').split('_').next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn fill(text: &str, engine: Engine) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (placeholder, sqlite, postgres)| {
        text.replace(
            placeholder,
            match engine {
                Engine::Sqlite => sqlite,
                Engine::Postgres => postgres,
            },
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_migration_and_numbers_ascend() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut on_disk: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        on_disk.sort();
        let listed: Vec<String> = FILES.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(on_disk, listed);

        let numbers: Vec<i32> = FILES.iter().map(|(name, _)| version(name)).collect();
        assert!(numbers[0] == 1 && numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    }

    #[test]
    fn no_placeholder_is_left_over() {
        for (name, text) in FILES {
            for engine in [Engine::Sqlite, Engine::Postgres] {
                // An empty JSON object is none.
                let filled = fill(text, engine).replace("'{}'", "''");
                assert!(!filled.contains(['{', '}']), "{name}: {filled}");
            }
        }
    }

    /// A database that was at an earlier version, with what `rows` put there.
    fn migrated(version: i32, rows: &str) -> rusqlite::Connection {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        let before = runner(Engine::Sqlite).unwrap().set_target(refinery::Target::Version(version));
        before.run(&mut connection).unwrap();
        connection.execute_batch(rows).unwrap();
        runner(Engine::Sqlite).unwrap().run(&mut connection).unwrap();
        connection
    }

    fn texts(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn keys_of_an_earlier_version_may_do_everything_and_what_waits_gets_its_turn() {
        let connection = migrated(
            3,
            "INSERT INTO accounts (email, password_hash, created_at) VALUES ('a', '', 1), ('b', '', 1);
             INSERT INTO api_keys (id, account_id, name, created_at) VALUES ('k', 1, 'default', 1);
             INSERT INTO jobs (id, account_id, created_at, source, status, meta, origins, visibility, task, due_at, updated_at) VALUES
                 ('1', 1, 1, 'psa', 'queued', '{}', '[]', 'public', '{}', 70, 1),
                 ('2', 1, 2, 'psa', 'queued', '{}', '[]', 'public', '{}', 50, 1),
                 ('3', 2, 1, 'psa', 'failed', '{}', '[]', 'public', '{}', NULL, 1);",
        );
        let texts = |sql: &str| texts(&connection, sql);
        assert_eq!(
            texts("SELECT scopes || uses FROM api_keys WHERE expires_at IS NULL"),
            ["read pin unpin admin0"]
        );
        assert_eq!(texts("SELECT account_id || ' ' || due_at FROM turns"), ["1 50"]);
    }

    #[test]
    fn orders_and_receipts_of_an_earlier_version_are_kept_and_receipts_know_their_asset() {
        let connection = migrated(
            8,
            "INSERT INTO orders VALUES
                 (1, x'02', x'11', 's', x'21', x'02', 0, x'21', x'21', x'31', 2000, 0),
                 (1, x'01', x'11', 's', x'21', x'01', 0, x'21', x'21', x'31', 1000, 9);
             INSERT INTO receipts (chain_id, order_tx, consumer, document, signature, created_at) VALUES
                 (1, x'01', x'21', '{\"documentId\":\"did:op:1\"}', x'00', 5), (1, x'01', x'21', 'no JSON', x'00', 6);",
        );
        let texts = |sql: &str| texts(&connection, sql);
        assert_eq!(
            texts("SELECT id || hex(tx) || ' ' || fee_valid_until FROM orders ORDER BY id"),
            ["101 9", "202 0"],
            "in the order in which they were made"
        );
        assert_eq!(texts("SELECT COALESCE(did, 'none') FROM receipts ORDER BY id"), ["did:op:1", "none"]);
    }

    #[test]
    fn pins_of_an_earlier_version_become_jobs_with_times_of_their_own() {
        let connection = migrated(
            2,
            "INSERT INTO accounts (email, password_hash, created_at) VALUES ('a', '', 1), ('b', '', 1);
             INSERT INTO pins (account_id, root, cid, name, meta, visibility, source, size, created_at, pinned_at) VALUES
                 (1, 'r1', 'c1', 'Name', '{}', 'public', 'pin_file', 5, 1, 60000),
                 (1, 'r2', 'c2', NULL, '{}', 'private', 'pin_file', 5, 1, 60000),
                 (1, 'r3', 'c3', NULL, '{}', 'public', 'pin_file', 5, 1, 60001),
                 (2, 'r1', 'c1', NULL, '{}', 'public', 'pin_file', 5, 1, 60000);",
        );
        let texts = |sql: &str| texts(&connection, sql);
        assert_eq!(
            texts(
                "SELECT account_id || ' ' || created_at || ' ' || cid || ' ' || visibility || ' ' || pin_id FROM jobs ORDER BY 1"
            ),
            ["1 60000 c1 public 1", "1 60001 c2 private 2", "1 60002 c3 public 3", "2 60000 c1 public 4"]
        );
        assert_eq!(texts("SELECT name_key FROM jobs WHERE name_key IS NOT NULL"), ["name"]);
        assert_eq!(
            texts("SELECT CAST(last_request_at AS TEXT) FROM accounts ORDER BY id"),
            ["60002", "60000"]
        );
        assert_eq!(
            texts(
                "SELECT what || ' ' || span || ' ' || start || ' ' || amount FROM tallies WHERE account_id = 1 ORDER BY 1"
            ),
            [
                "pinned 0 0 3",
                "pinned 60000 60000 3",
                "pinned 86400000 0 3",
                "pins 0 0 3",
                "pins 60000 60000 3",
                "pins 86400000 0 3"
            ]
        );
        // The same content may be there twice now, but not through the same door.
        let twice =
            "INSERT INTO pins (account_id, root, cid, meta, visibility, source, size, created_at, pinned_at)
                     VALUES (1, 'r1', 'c1', '{}', 'public', 'pin_file', 5, 1, 1)";
        assert!(connection.execute(twice, []).is_err());
        let of_their_own = twice.replace("pin_file", "psa");
        assert!(
            connection.execute(&of_their_own, []).is_ok() && connection.execute(&of_their_own, []).is_ok()
        );
    }

    #[test]
    fn pins_of_an_earlier_version_are_found_by_their_names() {
        let connection = migrated(
            8,
            "INSERT INTO accounts (email, password_hash, created_at) VALUES ('a', '', 1);
             INSERT INTO pins (account_id, root, cid, name, meta, visibility, source, size, created_at, pinned_at) VALUES
                 (1, 'r', 'QmR', 'Beach.JPG', '{}', 'public', 'pin_file', 1, 1, 1),
                 (1, 's', 'QmS', NULL, '{}', 'public', 'pin_file', 1, 1, 1);",
        );
        assert_eq!(texts(&connection, "SELECT name_key FROM pins ORDER BY id"), ["beach.jpg", "qms"]);
    }
}
