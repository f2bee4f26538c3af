//! Joins the description of the HTTP API: the files of `openapi/` become one `openapi.json`, which the server serves.
//!
//! Beside what OpenAPI has, a file may say `also-under: {prefix: /p, suffix: S}`: all of its paths are there a second time below
//! `/p`, under operation ids with `S` behind them.

use std::{env, error::Error, fs, path::Path};

use serde_json::{Map, Value};

/// The file that the others are added to.
const MAIN: &str = "main.yaml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=openapi");
    let mut parts = Vec::new();
    for entry in fs::read_dir("openapi")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            let part: Map<String, Value> =
                yaml_serde::from_str(&text).map_err(|error| format!("openapi/{name}: {error}"))?;
            parts.push((name, part));
        }
    }
    parts.sort_by_key(|(name, _)| (name != MAIN, name.clone()));
    let mut whole = Map::new();
    for (name, part) in parts {
        add(&mut whole, part).map_err(|problem| format!("openapi/{name}: {problem}"))?;
    }
    let target = Path::new(&env::var("OUT_DIR")?).join("openapi.json");
    fs::write(target, serde_json::to_string(&whole)?)?;
    Ok(())
}

/// Adds what `part` describes; nothing may be described twice.
fn add(whole: &mut Map<String, Value>, mut part: Map<String, Value>) -> Result<(), String> {
    if let Some(also) = part.remove("also-under") {
        let text = |field: &str| also[field].as_str().ok_or(format!("also-under has no {field}"));
        let (prefix, suffix) = (text("prefix")?, text("suffix")?);
        let paths = part.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
        let again = paths.into_iter().map(|(path, item)| (format!("{prefix}{path}"), renamed(item, suffix)));
        let again: Map<String, Value> = again.collect();
        join(whole, "paths", again.into())?;
    }
    for (section, value) in part {
        join(whole, &section, value)?;
    }
    Ok(())
}

/// The same operations under other ids.
fn renamed(mut item: Value, suffix: &str) -> Value {
    for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(Value::String(id)) = operation.get_mut("operationId") {
            id.push_str(suffix);
        }
    }
    item
}

/// Adds `value` to what is there under `name`: lists grow, maps are joined, and `components` are maps of maps.
fn join(whole: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), String> {
    match (whole.get_mut(name), value) {
        (None, value) => {
            whole.insert(name.to_owned(), value);
            Ok(())
        }
        (Some(Value::Array(there)), Value::Array(more)) => {
            there.extend(more);
            Ok(())
        }
        (Some(Value::Object(there)), Value::Object(more)) => {
            for (key, value) in more {
                if name == "components" {
                    join(there, &key, value)?;
                } else if there.insert(key.clone(), value).is_some() {
                    return Err(format!("{name} has {key} twice"));
                }
            }
            Ok(())
        }
        _ => Err(format!("{name} is there already")),
    }
}
