//! stub
#![allow(missing_docs, clippy::all)]
use crate::{
    clock::Clock,
    db::{AccountId, Db, DbError},
};
use std::sync::Arc;
pub struct ServerKey;
impl ServerKey {
    pub fn load(_: &std::path::Path, _: Option<&secrecy::SecretString>) -> anyhow::Result<Self> {
        Ok(Self)
    }
}
#[derive(Debug, Clone)]
pub struct Caller {
    pub account: AccountId,
    pub key: String,
}
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("invalid")]
    Invalid,
    #[error(transparent)]
    Db(#[from] DbError),
}
#[derive(Clone)]
pub struct Accounts;
impl Accounts {
    pub fn new(_: Arc<Db>, _: ServerKey, _: Clock) -> Self {
        Self
    }
    pub async fn authenticate_api_key(&self, _: &str) -> Result<Caller, AuthError> {
        Err(AuthError::Invalid)
    }
    pub async fn authenticate_access_token(&self, _: &str) -> Result<Caller, AuthError> {
        Err(AuthError::Invalid)
    }
    pub fn issue_access_token(&self, _: &Caller) -> String {
        String::new()
    }
    pub async fn verify_cid_signature(&self, _: AccountId, _: &str, _: &str) -> Result<bool, DbError> {
        Ok(false)
    }
}
