//! What is wrong with a setting, in one line that names it and shows a right one.

use std::path::PathBuf;

use toml::Table;

use super::{EXAMPLE, layers::PREFIX};

/// One wrong setting, said in one line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the config file {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin} is not TOML: line {line}: {message}")]
    Syntax {
        /// The file.
        origin: String,
        /// Counted from one.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// There is no such setting.
    #[error("{name} is not a setting; tidegate.example.toml lists them all{}", suggestion(nearest))]
    Unknown {
        /// As the operator wrote it.
        name: String,
        /// A setting with a similar name.
        nearest: Option<String>,
    },
    /// The setting exists, the value is no good.
    #[error("{name}: {message}; a right one looks like: {example}")]
    Wrong {
        /// `section.key`, and the variable or flag it came from.
        name: String,
        /// What is wrong.
        message: String,
        /// The line of the example file.
        example: String,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl ConfigError {
    /// There is no setting `name`.
    pub(super) fn unknown(name: &str) -> Self {
        let wanted = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace('.', "_");
        let nearest = example()
            .iter()
            .flat_map(|(section, keys)| {
                keys.as_table()
                    .into_iter()
                    .flat_map(move |keys| keys.keys().map(move |key| format!("{section}.{key}")))
            })
            .map(|setting| (distance(&setting.replace('.', "_"), &wanted), setting))
            .min()
            .filter(|(distance, _)| *distance <= 4)
            .map(|(_, setting)| setting);
        Self::Unknown { name: name.to_owned(), nearest }
    }
}

/// The example file's settings.
pub(super) fn example() -> Table {
    toml::from_str(EXAMPLE).expect("a test parses the example")
}

/// The example file's line for the setting at `path`.
pub(super) fn example_line(path: &str) -> String {
    let (section, key) = path.split_once('.').unwrap_or((path, ""));
    let value = example().get(section).and_then(|keys| keys.get(key)).cloned();
    match (path, value) {
        ("database.url", _) => "url = \"postgres://user:password@host/database\"".into(),
        ("server.public_url", _) => "public_url = \"https://pin.example.org\"".into(),
        (_, Some(value)) => format!("{key} = {value}"),
        (_, None) => format!("[{section}]"),
    }
}

/// Levenshtein's distance, for "did you mean".
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
