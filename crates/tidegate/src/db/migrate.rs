//! The schema: one set of migration files for both engines, and the refusal to go back.

use refinery::{Migration, Runner};

use super::error::with_sources;
use super::{DbError, Engine};

/// Every migration, oldest first: its name and its text.
const FILES: &[(&str, &str)] = &[
    ("V0001__accounts_contents_pins", include_str!("../../migrations/V0001__accounts_contents_pins.sql")),
    ("V0002__provider", include_str!("../../migrations/V0002__provider.sql")),
];

/// What the engines spell differently: the placeholder, SQLite's word, PostgreSQL's word.
///
/// Checksums are of the filled-in text, so what is here for a released migration never changes.
const WORDS: &[(&str, &str, &str)] = &[
    // AUTOINCREMENT: the id of a deleted row is never given to another.
    ("{identity}", "INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{without_rowid}", " WITHOUT ROWID", ""),
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
    let known = i32::try_from(FILES.len()).unwrap_or(i32::MAX);
    match error.kind() {
        Kind::MissingVersion(applied) if applied.version() > known => {
            DbError::Downgrade { found: applied.version(), known }
        }
        _ => DbError::Migration(with_sources(error)),
    }
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
    fn every_file_of_the_folder_is_a_migration_and_numbers_have_no_gaps() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut on_disk: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        on_disk.sort();
        let listed: Vec<String> = FILES.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(on_disk, listed);

        for (index, (name, _)) in FILES.iter().enumerate() {
            assert!(name.starts_with(&format!("V{:04}__", index + 1)), "{name}");
        }
    }

    #[test]
    fn no_placeholder_is_left_over() {
        for (name, text) in FILES {
            for engine in [Engine::Sqlite, Engine::Postgres] {
                let filled = fill(text, engine);
                assert!(!filled.contains(['{', '}']), "{name}: {filled}");
            }
        }
    }
}
