//! The description of the API is OpenAPI, and describes what the router has: all of it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::DESCRIPTION;
use crate::{
    app::App,
    clock::Clock,
    config::{Config, Overrides},
    http::router::router,
};

/// All methods that OpenAPI knows.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn description() -> Value {
    serde_json::from_str(DESCRIPTION).unwrap()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// Every operation with its method and path.
fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in entries(&description["paths"]) {
        for method in METHODS {
            if item[method].is_object() {
                found.push((method.to_owned(), path.clone(), &item[method]));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_route_is_described_and_every_description_has_a_route() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::load(None, [], Overrides::default()).unwrap();
    folder.path().clone_into(&mut config.data.dir);
    let app = App::open(config, Clock::system()).await.unwrap();
    let routes = routes(&format!("{:?}", router(app.clone())));
    app.close().await;
    assert!(routes.len() > 50, "the router cannot be read any more: {routes:?}");

    let description = description();
    let mut described: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path, operation) in operations(&description) {
        // OpenAPI has no parameters with slashes in them.
        let path = operation["x-route"].as_str().map_or(path, str::to_owned);
        described.entry(path).or_default().insert(method);
    }
    let mut problems = Vec::new();
    for (path, methods) in &routes {
        let known = described.remove(path).unwrap_or_default();
        match methods {
            // Pages for people are no API.
            _ if path.starts_with("/panel") => {}
            // What answers anything below a path that no route has is no route.
            None if path.ends_with("/{*nothing}") => {}
            None if known.is_empty() => problems.push(format!("{path} is not described")),
            None => {}
            Some(methods) => {
                for method in methods - &known {
                    problems.push(format!("{} {path} is not described", method.to_uppercase()));
                }
                for method in &known - methods {
                    problems.push(format!(
                        "{} {path} is described, but there is no such route",
                        method.to_uppercase()
                    ));
                }
            }
        }
    }
    for (path, methods) in described {
        problems.push(format!("{path} is described, but there is no such route ({methods:?})"));
    }
    assert!(
        problems.is_empty(),
        "write it down in crates/tidegate/openapi/, in the file of its surface (paths as in the router):\n{}",
        problems.join("\n")
    );
}

/// The paths of a router and their methods, as its `Debug` shows them; nothing in place of methods where any is answered. `HEAD`
/// that comes with `GET` is not a method of its own.
fn routes(shown: &str) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let (shown, _) = shown.split_once(", fallback_router: ").unwrap();
    let (routes, paths) = shown.split_once(", node: Node { paths: {").unwrap();
    let mut methods = BTreeMap::new();
    for route in routes.split("RouteId(").skip(1) {
        let (id, rest) = route.split_once("): MethodRouter(MethodRouter { ").unwrap();
        let (fields, _) = rest.split_once(", fallback: ").unwrap();
        let has = |field: &str| !field.ends_with(": None");
        let found: BTreeSet<_> = fields
            .split(", ")
            .filter(|field| has(field))
            .map(|field| field.split_once(": ").unwrap().0.to_owned())
            .collect();
        methods.insert(id.to_owned(), (!found.is_empty()).then_some(found));
    }
    let mut routes = BTreeMap::new();
    for path in paths.split("RouteId(").skip(1) {
        let (id, rest) = path.split_once("): \"").unwrap();
        let (path, _) = rest.split_once('"').unwrap();
        routes.insert(path.to_owned(), methods.remove(id).unwrap());
    }
    assert!(methods.is_empty(), "{methods:?}");
    routes
}

#[test]
fn the_description_is_openapi() {
    let parsed: oas3::Spec = serde_json::from_str(DESCRIPTION).unwrap();
    assert_eq!(parsed.validate_version().unwrap().minor, 1);
    let described = description();
    assert_eq!(parsed.operations().count(), operations(&described).len());

    let (mut ids, tags) = (BTreeSet::new(), &described["tags"]);
    for (method, path, operation) in operations(&described) {
        let at = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{at} has no operationId"));
        assert!(ids.insert(id.to_owned()), "{at}: there are two {id}");
        assert!(operation["summary"].is_string(), "{at} has no summary");
        assert!(operation["security"].is_array(), "{at} does not say who may call");
        for way in
            operation["security"].as_array().unwrap().iter().flat_map(|way| way.as_object().unwrap().keys())
        {
            assert!(described["components"]["securitySchemes"][way].is_object(), "{at}: {way}");
        }
        for tag in operation["tags"].as_array().unwrap_or_else(|| panic!("{at} has no tags")) {
            let known = tags.as_array().unwrap().iter().any(|known| known["name"] == *tag);
            assert!(known, "{at}: no tag {tag}");
        }
        // A parameter for each place in the path, and no others.
        let item = &described["paths"][&path];
        let all =
            item["parameters"].as_array().into_iter().chain(operation["parameters"].as_array()).flatten();
        let named: BTreeSet<_> = all
            .map(|parameter| resolved(&described, parameter))
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{at}: {}", parameter["name"]);
                parameter["name"].as_str().unwrap()
            })
            .collect();
        let places: BTreeSet<_> =
            path.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect();
        assert_eq!(named, places, "{at}");
        assert!(!operation["responses"].as_object().unwrap().is_empty(), "{at} has no answers");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_example_fits() {
    let described = description();
    let mut examples = 0;
    walk(&described, &mut |value| {
        if let Some(target) = value["$ref"].as_str() {
            let target = target.strip_prefix('#').unwrap();
            assert!(described.pointer(target).is_some(), "nothing is at {target}");
        }
        // In YAML, what comes behind a comma in braces is a field of its own, with nothing in it.
        for (field, inner) in entries(value) {
            assert!(!(inner.is_null() && field.contains(' ')), "quote the text that ends in {field:?}");
        }
        let Some(schema) = value.get("schema") else { return };
        let validator = validator(&described, schema);
        let named = entries(&value["examples"]).map(|(_, example)| &example["value"]);
        for example in value.get("example").into_iter().chain(named) {
            examples += 1;
            let errors: Vec<_> = validator.iter_errors(example).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{example}: {errors:?}");
        }
    });
    assert!(examples > 10);
    for (name, schema) in entries(&described["components"]["schemas"]) {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Checks values against one schema of the description.
fn validator(description: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = description.clone();
    whole["x-schema"] = schema.clone();
    whole["$ref"] = "#/x-schema".into();
    jsonschema::draft202012::new(&whole).unwrap()
}

fn walk(value: &Value, look: &mut impl FnMut(&Value)) {
    look(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|field| walk(field, look)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, look)),
        _ => {}
    }
}

fn resolved<'a>(description: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.map_or(value, |target| description.pointer(target).unwrap())
}
