//! Where settings come from: the example's defaults, then the file, then the environment, then flags.
//!
//! A wrong setting stops the start with one line that names it and shows a right one.

use std::{fmt, path::Path};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::{Table, Value};

use super::{
    Config, ConfigError,
    error::{example, example_line},
};

pub(super) const PREFIX: &str = "TIDEGATE_";

/// Variables that begin alike but belong to the commands that call a server.
const CLIENT_VARIABLES: [&str; 5] =
    ["TIDEGATE_URL", "TIDEGATE_API_KEY", "TIDEGATE_RSA_PRIVATE_KEY", "TIDEGATE_CONFIG", "TIDEGATE_PROFILE"];

/// Settings given as flags, each as `section.key` and text.
#[derive(Debug, Default)]
pub struct Overrides(pub Vec<(&'static str, String)>);

impl Config {
    /// Reads `file` (if any), the environment `vars` and `flags` over the defaults, and checks the result.
    ///
    /// # Errors
    /// The first wrong or unknown setting.
    pub fn load(
        file: Option<&Path>,
        vars: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        let mut settings = Settings::defaults();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            settings.add_file(&path.display().to_string(), &text)?;
        }
        for (name, value) in vars {
            settings.add_variable(&name, value)?;
        }
        for (key, value) in flags.0 {
            let (section, key) = key.split_once('.').unwrap_or((key, ""));
            settings.set(section, key, Value::String(value), format!("--{key}"));
        }
        settings.check()
    }
}

/// The layers laid over each other, with a note of where each value came from.
struct Settings {
    table: Table,
    origins: Vec<(String, String)>,
}

impl Settings {
    fn defaults() -> Self {
        Self { table: example(), origins: Vec::new() }
    }

    fn add_file(&mut self, origin: &str, text: &str) -> Result<(), ConfigError> {
        let table: Table = toml::from_str(text).map_err(|e: toml::de::Error| ConfigError::Syntax {
            origin: origin.to_owned(),
            line: e.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1)),
            message: e.message().replace('\n', " "),
        })?;
        for (section, value) in table {
            let Value::Table(keys) = value else {
                return Err(ConfigError::unknown(&section));
            };
            for (key, value) in keys {
                if !self.has(&section, &key) {
                    return Err(ConfigError::unknown(&format!("{section}.{key}")));
                }
                let name = format!("{section}.{key} in {origin}");
                self.set(&section, &key, value, name);
            }
        }
        Ok(())
    }

    fn add_variable(&mut self, name: &str, value: String) -> Result<(), ConfigError> {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            return Ok(());
        };
        if CLIENT_VARIABLES.contains(&name) || rest.starts_with("TEST_") {
            return Ok(());
        }
        let rest = rest.to_ascii_lowercase();
        match rest.split_once('_') {
            Some((section, key)) if self.has(section, key) => {
                self.set(section, key, Value::String(value), name.to_owned());
                Ok(())
            }
            _ => Err(ConfigError::unknown(name)),
        }
    }

    fn has(&self, section: &str, key: &str) -> bool {
        self.table.get(section).and_then(Value::as_table).is_some_and(|keys| keys.contains_key(key))
    }

    fn set(&mut self, section: &str, key: &str, value: Value, origin: String) {
        let Some(keys) = self.table.get_mut(section).and_then(Value::as_table_mut) else {
            return;
        };
        // Text from a variable or flag takes the type that the setting has.
        let value = match (keys.get(key), value) {
            (Some(Value::Integer(_)), Value::String(text)) => {
                text.trim().parse().map_or(Value::String(text), Value::Integer)
            }
            (_, value) => value,
        };
        keys.insert(key.to_owned(), value);
        self.origins.push((format!("{section}.{key}"), origin));
    }

    fn check(self) -> Result<Config, ConfigError> {
        let wrong = |path: String, message: String| ConfigError::Wrong {
            example: example_line(&path),
            name: self
                .origins
                .iter()
                .rev()
                .find(|(key, _)| *key == path)
                .map_or_else(|| path.clone(), |(_, origin)| origin.clone()),
            message,
        };
        let config: Config = serde_path_to_error::deserialize(Value::Table(self.table.clone()))
            .map_err(|e| wrong(e.path().to_string(), e.inner().message().replace('\n', " ")))?;
        if let Err(e) = config.log.level.parse::<tracing_subscriber::filter::Targets>() {
            return Err(wrong("log.level".into(), e.to_string()));
        }
        for (path, zero) in [
            ("server.max_connections", config.server.max_connections == 0),
            ("limits.uploads", config.limits.uploads == 0),
            ("limits.upload_files", config.limits.upload_files == 0),
            ("limits.upload_idle", config.limits.upload_idle.is_zero()),
            ("server.header_timeout", config.server.header_timeout.is_zero()),
        ] {
            if zero {
                return Err(wrong(path.into(), "must be more than zero".into()));
            }
        }
        Ok(config)
    }
}

pub(super) fn optional_secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SecretString>, D::Error> {
    let text = String::deserialize(d)?;
    Ok((!text.is_empty()).then(|| SecretString::from(text)))
}

pub(super) fn optional_url<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(d)?;
    if text.is_empty() {
        return Ok(None);
    }
    match url::Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => {
            Ok(Some(text.trim_end_matches('/').to_owned()))
        }
        _ => Err(D::Error::custom(Quoted(&text, "is not an http or https address"))),
    }
}

struct Quoted<'a>(&'a str, &'static str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" {}", self.0.escape_default(), self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, vars: &[(&str, &str)]) -> Result<Config, String> {
        let mut settings = Settings::defaults();
        settings.add_file("tidegate.toml", file).map_err(|e| e.to_string())?;
        for (name, value) in vars {
            settings.add_variable(name, (*value).to_owned()).map_err(|e| e.to_string())?;
        }
        settings.check().map_err(|e| e.to_string())
    }

    #[test]
    fn the_example_is_the_default() {
        let config = Config::load(None, [], Overrides::default()).expect("defaults");
        assert_eq!(config.server.listen.port(), 8030);
        assert_eq!(config.limits.upload_size.as_u64(), 100 << 30);
        assert!(config.database.url.is_none() && config.server.public_url.is_none());
    }

    #[test]
    fn variables_win_over_the_file_and_flags_over_both() {
        let file = "[limits]\nuploads = 3\nupload_size = 7";
        let config = load(file, &[("TIDEGATE_LIMITS_UPLOADS", "4"), ("HOME", "/")]).expect("good");
        assert_eq!((config.limits.uploads, config.limits.upload_size.as_u64()), (4, 7));
        let flags = Overrides(vec![("server.listen", "127.0.0.1:1".into())]);
        let vars = [("TIDEGATE_SERVER_LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
        assert_eq!(Config::load(None, vars, flags).expect("good").server.listen.port(), 1);
    }

    #[test]
    fn a_wrong_setting_is_named_in_one_line_with_a_right_one() {
        for (file, vars, expected) in [
            ("[server]\nlisten = \"here\"", &[][..], "server.listen in tidegate.toml: "),
            ("", &[("TIDEGATE_LIMITS_UPLOADS", "many")], "TIDEGATE_LIMITS_UPLOADS: invalid type"),
            ("", &[("TIDEGATE_LIMITS_UPLOADS", "0")], "TIDEGATE_LIMITS_UPLOADS: must be more than zero"),
            ("[limits]\nupload_idle = \"soon\"", &[], "a right one looks like: upload_idle = \"60s\""),
            ("[server]\npublic_url = \"ftp://x\"", &[], "is not an http or https address"),
            ("[log]\nlevel = \"a=b=c\"", &[], "a right one looks like: level = \"info\""),
            ("[server]\nlisen = 1", &[], "did you mean server.listen?"),
            ("lisen = 1", &[], "lisen is not a setting"),
            ("", &[("TIDEGATE_SERVER_LISEN", "x")], "did you mean server.listen?"),
            ("[server\n", &[], "tidegate.toml is not TOML: line 1"),
        ] {
            let error = load(file, vars).expect_err(expected);
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config = load("[database]\nurl = \"postgres://u:hunter2@h/d\"", &[]).expect("good");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
