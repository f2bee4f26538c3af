//! Where settings come from: the example's defaults, then the file, then the environment (names of the Python Provider,
//! then ours), then flags.
//!
//! A wrong setting stops the start with one line that names it and shows a right one.

use std::{collections::BTreeMap, fmt, path::Path, path::PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use toml::{Table, Value};

use super::{
    Config, ConfigError,
    aliases::{self, Alias},
    chains, check,
    error::{example, example_line},
    shown::Source,
};

pub(super) const PREFIX: &str = "TIDEGATE_";

/// The section whose keys the operator chooses.
const CHAINS: &str = "chains";

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
        settings.add_environment(vars)?;
        for (key, value) in flags.0 {
            let flag = match key {
                "data.dir" => "--data".to_owned(),
                _ => format!("--{}", key.rsplit('.').next().unwrap_or(key).replace('_', "-")),
            };
            let (section, key) = key.split_once('.').unwrap_or((key, ""));
            settings.set(section, key, Value::String(value), Source::Flag(flag));
        }
        settings.check()
    }
}

/// The layers laid over each other, with a note of where each value came from.
struct Settings {
    table: Table,
    origins: Vec<Origin>,
    without_meaning: Vec<String>,
}

/// Where the value of a setting came from.
struct Origin {
    /// `section.key`, or a section that was set as a whole.
    path: String,
    source: Source,
    /// What a right value looks like there, if not like in the example file.
    example: Option<String>,
}

impl Origin {
    /// What the operator calls the setting.
    fn name(&self) -> String {
        match &self.source {
            Source::File(file) => format!("{} in {file}", self.path),
            Source::Variable(name) | Source::Flag(name) => name.clone(),
            Source::Default => self.path.clone(),
        }
    }
}

impl Settings {
    fn defaults() -> Self {
        Self { table: example(), origins: Vec::new(), without_meaning: Vec::new() }
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
                self.set(&section, &key, value, Source::File(origin.to_owned()));
            }
        }
        Ok(())
    }

    fn add_environment(
        &mut self,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        // In order of their names, so that TIDEGATE_CHAINS never undoes TIDEGATE_CHAINS_1.
        let vars: BTreeMap<String, String> = vars.into_iter().collect();
        for (name, value) in &vars {
            self.add_alias(name, value)?;
        }
        for (name, value) in vars {
            self.add_variable(&name, value)?;
        }
        Ok(())
    }

    fn add_alias(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if aliases::is_without_meaning(name) {
            self.without_meaning.push(name.to_owned());
        }
        let Some(alias) = Alias::find(name) else {
            return Ok(());
        };
        let wrong = |message: &str| ConfigError::Wrong {
            name: name.to_owned(),
            message: message.to_owned(),
            example: alias.example.to_owned(),
        };
        let value = alias.value(text).map_err(wrong)?;
        let source = Source::Variable(name.to_owned());
        match alias.path.split_once('.') {
            Some((section, key)) => self.set(section, key, Value::String(value), source),
            None => self.set_chains(&value, name).map_err(wrong)?,
        }
        if let Some(origin) = self.origins.last_mut() {
            origin.example = Some(alias.example.to_owned());
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
                self.set(section, key, Value::String(value), Source::Variable(name.to_owned()));
                Ok(())
            }
            None if rest == CHAINS => self.set_chains(&value, name).map_err(|message| ConfigError::Wrong {
                name: name.to_owned(),
                message: message.to_owned(),
                example: example_line(CHAINS),
            }),
            _ => Err(ConfigError::unknown(name)),
        }
    }

    fn has(&self, section: &str, key: &str) -> bool {
        let keys = self.table.get(section).and_then(Value::as_table);
        keys.is_some_and(|keys| section == CHAINS || keys.contains_key(key))
    }

    /// Sets the whole section: chains named by a variable are all the chains there are.
    fn set_chains(&mut self, text: &str, name: &str) -> Result<(), &'static str> {
        self.table.insert(CHAINS.to_owned(), Value::Table(chains::section(text)?));
        let source = Source::Variable(name.to_owned());
        self.origins.push(Origin { path: CHAINS.to_owned(), source, example: None });
        Ok(())
    }

    fn set(&mut self, section: &str, key: &str, value: Value, source: Source) {
        let Some(keys) = self.table.get_mut(section).and_then(Value::as_table_mut) else {
            return;
        };
        // Text from a variable or flag takes the type that the setting has.
        let value = match (keys.get(key), value) {
            (Some(Value::Integer(_)), Value::String(text)) => {
                text.trim().parse().map_or(Value::String(text), Value::Integer)
            }
            (Some(Value::Boolean(_)), Value::String(text)) => {
                aliases::truth(&text).map_or(Value::String(text), Value::Boolean)
            }
            (_, value) => value,
        };
        keys.insert(key.to_owned(), value);
        let path = if section == CHAINS { section.to_owned() } else { format!("{section}.{key}") };
        self.origins.push(Origin { path, source, example: None });
    }

    fn check(self) -> Result<Config, ConfigError> {
        let mut config: Config = serde_path_to_error::deserialize(Value::Table(self.table.clone()))
            .map_err(|e| self.wrong(&e.path().to_string(), e.inner().message().replace('\n', " ")))?;
        check::complete(&mut config).map_err(|(path, message)| self.wrong(path, message))?;
        config.without_meaning = self.without_meaning;
        // Of several, the last counts.
        config.sources = self.origins.into_iter().map(|origin| (origin.path, origin.source)).collect();
        Ok(config)
    }

    /// The setting at `path` is wrong. It is called what the operator who set it called it.
    fn wrong(&self, path: &str, message: String) -> ConfigError {
        let origin = self.origins.iter().rev().find(|origin| origin.path == path);
        ConfigError::Wrong {
            name: origin.map_or_else(|| path.to_owned(), Origin::name),
            example: origin.and_then(|origin| origin.example.clone()).unwrap_or_else(|| example_line(path)),
            message,
        }
    }
}

pub(super) fn optional_secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<SecretString>, D::Error> {
    match Value::deserialize(d)? {
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.into())),
        // Serde's own words would repeat it.
        _ => Err(D::Error::custom("is not text")),
    }
}

pub(super) fn optional_path<'de, D: Deserializer<'de>>(d: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(d)?;
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
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
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        settings.add_environment(vars).map_err(|e| e.to_string())?;
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
        let error = load("[database]\nurl = 4711", &[]).expect_err("no text");
        assert!(!error.contains("4711"), "{error}");
    }
}
