//! The API reference: the description of all routes, for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::page::{escaped, piece};

/// Methods in the order in which they are shown.
const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];
/// How deep objects in objects are shown; what is deeper is only named.
const DEPTH: usize = 4;

/// The body of the page.
pub(super) fn html(description: &Value) -> String {
    let mut out = String::from("<h1>API reference</h1>");
    out.push_str(&piece(text(&description["info"], "description")));
    out.push_str("<nav class=\"contents\" aria-label=\"On this page\"><ul>");
    for tag in list(&description["tags"]) {
        let name = text(tag, "name");
        let _ = write!(out, "<li><a href=\"#{}\">{}</a>", anchor(name), escaped(name));
    }
    out.push_str(
        "<li><a href=\"#messages\">Messages that are sent</a><li><a href=\"#schemas\">Schemas</a></ul></nav>",
    );
    for tag in list(&description["tags"]) {
        let name = text(tag, "name");
        let _ = write!(out, "<h2 id=\"{}\">{}</h2>", anchor(name), escaped(name));
        out.push_str(&piece(text(tag, "description")));
        // An operation of two dialects is shown with the first one.
        let is_here = |operation: &Value| operation["tags"][0] == name;
        list_operations(&mut out, description, &is_here);
        for (path, item) in entries(&description["paths"]) {
            operations(&mut out, description, path, item, &is_here);
        }
    }
    out.push_str("<h2 id=\"messages\">Messages that are sent</h2>");
    for (name, item) in entries(&description["webhooks"]) {
        operations(&mut out, description, name, item, &|_| true);
    }
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in entries(&description["components"]["schemas"]) {
        let _ = write!(out, "<h3 id=\"schema-{0}\">{0}</h3>", escaped(name));
        show_schema(&mut out, schema, 0);
    }
    out
}

/// What there is, in short.
fn list_operations(out: &mut String, description: &Value, is_here: &dyn Fn(&Value) -> bool) {
    out.push_str("<div class=\"wide\"><table>");
    for (path, item) in entries(&description["paths"]) {
        for method in METHODS {
            let operation = &item[method];
            if operation.is_object() && is_here(operation) {
                let _ = write!(
                    out,
                    "<tr><td><a href=\"#{}\"><code>{} {}</code></a><td>{}",
                    escaped(text(operation, "operationId")),
                    method.to_uppercase(),
                    escaped(path),
                    escaped(text(operation, "summary"))
                );
            }
        }
    }
    out.push_str("</table></div>");
}

fn operations(
    out: &mut String,
    description: &Value,
    path: &str,
    item: &Value,
    is_here: &dyn Fn(&Value) -> bool,
) {
    for method in METHODS {
        let operation = &item[method];
        if operation.is_object() && is_here(operation) {
            show_operation(out, description, path, item, method);
        }
    }
}

fn show_operation(out: &mut String, description: &Value, path: &str, item: &Value, method: &str) {
    let operation = &item[method];
    let id = text(operation, "operationId");
    let _ = write!(
        out,
        "<h3 id=\"{0}\"><span class=\"method\">{1}</span> <code>{2}</code></h3><p>{3}.</p>",
        escaped(id),
        method.to_uppercase(),
        escaped(path),
        escaped(text(operation, "summary"))
    );
    out.push_str(&piece(text(operation, "description")));
    let ways: Vec<_> =
        list(&operation["security"]).flat_map(|way| entries(way).map(|(name, _)| name)).collect();
    if !ways.is_empty() {
        let _ = write!(out, "<p class=\"dim\">With: {}</p>", escaped(&ways.join(", or ")));
    }
    let parameters: Vec<_> = list(&item["parameters"])
        .chain(list(&operation["parameters"]))
        .map(|p| resolved(description, p))
        .collect();
    if !parameters.is_empty() {
        out.push_str("<div class=\"wide\"><table><tr><th>parameter<th>in<th>type<th>");
        for parameter in parameters {
            let must = if parameter["required"] == true { " <b>needed</b>" } else { "" };
            let _ = write!(
                out,
                "<tr><td><code>{}</code>{must}<td>{}<td>{}<td>{}",
                escaped(text(parameter, "name")),
                escaped(text(parameter, "in")),
                kind(&parameter["schema"]),
                piece(text(parameter, "description"))
            );
        }
        out.push_str("</table></div>");
    }
    let body = resolved(description, &operation["requestBody"]);
    if body.is_object() {
        out.push_str("<h4>Body</h4>");
        show_content(out, body);
    }
    if method != "trace" && operation["responses"].is_object() {
        out.push_str("<h4>Answers</h4>");
        for (status, response) in entries(&operation["responses"]) {
            let response = resolved(description, response);
            let status = if status == "default" { "other" } else { status };
            let _ =
                write!(out, "<p><b>{}</b> {}</p>", escaped(status), escaped(text(response, "description")));
            if status.starts_with('2') {
                show_content(out, response);
            }
        }
    }
}

/// The kinds of body that there are, with examples.
fn show_content(out: &mut String, holder: &Value) {
    for (media, content) in entries(&holder["content"]) {
        let _ = write!(out, "<p><code>{}</code>: {}</p>", escaped(media), kind(&content["schema"]));
        show_schema(out, &content["schema"], 1);
        let named = entries(&content["examples"]).map(|(_, example)| &example["value"]);
        for example in content.get("example").into_iter().chain(named) {
            let shown = example.as_str().map_or_else(|| format!("{example:#}"), str::to_owned);
            let _ = write!(out, "<pre><code>{}</code></pre>", escaped(&shown));
        }
    }
}

/// The fields of an object, and of objects in it.
fn show_schema(out: &mut String, schema: &Value, depth: usize) {
    if depth == 0 {
        let _ = write!(out, "<p>{} {}</p>", kind(schema), escaped(text(schema, "description")));
    }
    if depth > DEPTH {
        return;
    }
    for part in ["oneOf", "allOf", "anyOf"] {
        for one in list(&schema[part]).filter(|one| one.get("$ref").is_none()) {
            if let Some(title) = one["title"].as_str() {
                let _ = write!(out, "<p class=\"dim\">{}</p>", escaped(title));
            }
            show_schema(out, one, depth + 1);
        }
    }
    show_schema_of_items(out, schema, depth);
    if schema["properties"].is_object() {
        let required: Vec<_> = list(&schema["required"]).filter_map(Value::as_str).collect();
        out.push_str("<div class=\"wide\"><table><tr><th>field<th>type<th>");
        for (name, field) in entries(&schema["properties"]) {
            let must = if required.contains(&name) { " <b>always</b>" } else { "" };
            let _ = write!(
                out,
                "<tr><td><code>{}</code>{must}<td>{}<td>{}",
                escaped(name),
                kind(field),
                piece(text(field, "description"))
            );
            show_schema(out, field, depth + 1);
        }
        out.push_str("</table></div>");
    }
}

fn show_schema_of_items(out: &mut String, schema: &Value, depth: usize) {
    if schema["items"].is_object() && schema["items"].get("$ref").is_none() {
        show_schema(out, &schema["items"], depth + 1);
    }
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
    }
    for (part, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")] {
        let parts: Vec<_> = list(&schema[part]).map(kind).collect();
        if !parts.is_empty() {
            return parts.join(between);
        }
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escaped(&value.to_string()));
    }
    let values: Vec<_> =
        list(&schema["enum"]).map(|value| format!("<code>{}</code>", escaped(&value.to_string()))).collect();
    if !values.is_empty() {
        return values.join(", ");
    }
    let mut words = match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    if let Some(format) = schema["format"].as_str() {
        let _ = write!(words, " ({format})");
    }
    for (limit, word) in [("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"), ("default", "else")]
    {
        if let Some(value) = schema.get(limit) {
            let unit = if limit == "maxLength" { " characters" } else { "" };
            let _ = write!(words, ", {word} {value}{unit}");
        }
    }
    let words = escaped(&words);
    if schema["items"].is_object() { format!("{words} of {}", kind(&schema["items"])) } else { words }
}

/// What a reference leads to, else the value itself.
fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| description.pointer(target)).unwrap_or(value)
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(key, value)| (key.as_str(), value))
}
