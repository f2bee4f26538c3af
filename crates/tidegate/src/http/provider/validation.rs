//! What is wrong with parameters, field by field, in the words that clients of this dialect know.

use std::collections::BTreeMap;

use serde::Serialize;

use super::params::Params;

/// Each wrong field with all that is wrong with it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::http) struct Violations(BTreeMap<&'static str, Vec<String>>);

impl Violations {
    /// One wrong field.
    pub(super) fn of(field: &'static str, text: impl Into<String>) -> Self {
        let mut violations = Self::default();
        violations.add(field, text);
        violations
    }

    /// One more thing that is wrong.
    pub(super) fn add(&mut self, field: &'static str, text: impl Into<String>) {
        self.0.entry(field).or_default().push(text.into());
    }

    /// All that is wrong here and there.
    pub(super) fn merge(&mut self, other: Self) {
        for (field, texts) in other.0 {
            self.0.entry(field).or_default().extend(texts);
        }
    }

    /// Notes each of `fields` that is not there.
    pub(super) fn require_all(&mut self, params: &Params, fields: &[&'static str]) {
        for field in fields {
            if !params.has(field) {
                self.add(field, required(field));
            }
        }
    }

    /// Nothing, or what was found.
    ///
    /// # Errors
    /// What was found.
    pub(super) fn check(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// The first of `fields` that is not there. The routes that grant access stop at the first, as their clients expect.
///
/// # Errors
/// That one.
pub(super) fn require_first(params: &Params, fields: &[&'static str]) -> Result<(), Violations> {
    match fields.iter().find(|field| !params.has(field)) {
        None => Ok(()),
        Some(field) => Err(Violations::of(field, required(field))),
    }
}

pub(super) fn required(field: &str) -> String {
    format!("The {field} field is required.")
}

pub(super) fn required_when(field: &str, other: &str, value: &str) -> String {
    format!("The {field} field is required when {other} is {value}.")
}

pub(super) fn required_without(field: &str, others: &str) -> String {
    format!("The {field} field is required when {others} is not present.")
}

pub(super) fn required_with(field: &str, others: &str) -> String {
    format!("The {field} field is required when {others} is present.")
}

pub(super) fn not_a_number(field: &str) -> String {
    format!("The {field} must be a number.")
}

pub(super) fn not_an_integer(field: &str) -> String {
    format!("The {field} must be an integer.")
}

pub(super) fn too_small(field: &str, least: u64) -> String {
    format!("The {field} must be at least {least}.")
}

pub(super) fn not_selectable(field: &str) -> String {
    format!("The selected {field} is invalid.")
}

pub(super) fn wrong_format(field: &str) -> String {
    format!("The {field} format is invalid.")
}
