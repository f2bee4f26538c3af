//! The two tokens: API keys, which last until they are revoked, and access tokens, which last two hours.
//!
//! Both are JWTs (HS256) because that is what existing clients expect to see; nobody but this server looks inside.
//! Each kind has a key and an audience of its own, so neither passes for the other. An API key is made from its row
//! alone, so that it can be shown again without being stored.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::AccountId;
use crate::db::keys::ApiKey;

use super::server_key::{Purpose, ServerKey};
use super::{AuthError, Caller, CryptoError};

/// Whose token it is, as the token itself says: an account and the id of its API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) account: AccountId,
    pub(super) key: String,
    /// What is shown of the key, where it was seen.
    pub(super) prefix: Option<String>,
}

/// How long an access token lasts.
pub const ACCESS_TOKEN_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);

/// Characters of a key that are shown.
const PREFIX: usize = 8;

/// Ours have some 300 characters.
pub(super) const MAX_TOKEN: usize = 2048;

/// A token for uploads, and until when.
#[derive(Debug)]
pub struct AccessToken {
    /// The JWT.
    pub token: SecretString,
    /// From this moment on it is refused.
    pub expires_at: Timestamp,
}

/// Makes and reads both kinds.
#[derive(Debug)]
pub(super) struct Tokens {
    api: Kind,
    access: Kind,
}

#[derive(Serialize, Deserialize)]
struct ApiClaims {
    sub: String,
    jti: String,
    iat: i64,
    aud: String,
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    sub: String,
    key: String,
    iat: i64,
    exp: i64,
    aud: String,
    jti: String,
}

impl Tokens {
    pub(super) fn new(key: &ServerKey) -> Result<Self, CryptoError> {
        Ok(Self {
            api: Kind::new(key, Purpose::ApiKeys, "tidegate:api")?,
            access: Kind::new(key, Purpose::AccessTokens, "tidegate:access")?,
        })
    }

    /// The API key that belongs to this row: always the same.
    pub(super) fn api_key(&self, row: &ApiKey) -> Result<SecretString, CryptoError> {
        self.api.write(&ApiClaims {
            sub: row.account.to_string(),
            jti: row.id.clone(),
            iat: row.created_at.as_seconds(),
            aud: self.api.audience.to_owned(),
        })
    }

    /// The first characters of the API key of this row that tell it from others: the beginning of its signature, which is behind
    /// its last dot. What is left of the signature is more than anybody can guess.
    pub(super) fn prefix(&self, row: &ApiKey) -> Result<String, CryptoError> {
        Ok(prefix_of(self.api_key(row)?.expose_secret()))
    }

    /// Whose API key this is, if it is one of ours. Whether it was revoked is the database's to say.
    pub(super) fn read_api_key(&self, token: &str) -> Result<Holder, AuthError> {
        let claims: ApiClaims = self.api.read(token)?;
        Holder::new(&claims.sub, claims.jti, Some(prefix_of(token)))
    }

    pub(super) fn access_token(&self, caller: &Caller, now: Timestamp) -> Result<AccessToken, CryptoError> {
        let iat = now.as_seconds();
        let expires_at = Timestamp::from_seconds(iat).plus(ACCESS_TOKEN_LIFETIME);
        // In whole seconds, which is what a token can say; never behind the end of its key.
        let key_expires_at = caller.terms.expires_at.map(|at| Timestamp::from_seconds(at.as_seconds()));
        let expires_at = key_expires_at.map_or(expires_at, |at| at.min(expires_at));
        let token = self.access.write(&AccessClaims {
            sub: caller.account.to_string(),
            key: caller.key.clone(),
            iat,
            exp: expires_at.as_seconds(),
            aud: self.access.audience.to_owned(),
            jti: Uuid::new_v4().to_string(),
        })?;
        Ok(AccessToken { token, expires_at })
    }

    /// Who was given this access token, and until when, if it is one of ours and not over.
    pub(super) fn read_access_token(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Holder, Timestamp), AuthError> {
        let claims: AccessClaims = self.access.read(token)?;
        let expires_at = Timestamp::from_seconds(claims.exp);
        if now >= expires_at {
            return Err(AuthError::Expired);
        }
        Ok((Holder::new(&claims.sub, claims.key, None)?, expires_at))
    }
}

/// One kind of token: its key and its audience.
struct Kind {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    audience: &'static str,
}

/// Without the keys.
impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kind").field("audience", &self.audience).finish_non_exhaustive()
    }
}

impl Kind {
    fn new(key: &ServerKey, purpose: Purpose, audience: &'static str) -> Result<Self, CryptoError> {
        let key = key.derive(purpose)?;
        // One algorithm, whatever the token's header asks for.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["aud", "sub"]);
        // The library would ask the machine's clock; ours is asked above.
        validation.validate_exp = false;
        Ok(Self {
            encoding: EncodingKey::from_secret(key.expose_secret()),
            decoding: DecodingKey::from_secret(key.expose_secret()),
            validation,
            audience,
        })
    }

    fn write(&self, claims: &impl Serialize) -> Result<SecretString, CryptoError> {
        let token =
            encode(&Header::new(Algorithm::HS256), claims, &self.encoding).map_err(|_| CryptoError)?;
        Ok(token.into())
    }

    fn read<C: DeserializeOwned>(&self, token: &str) -> Result<C, AuthError> {
        if token.len() > MAX_TOKEN {
            return Err(AuthError::Invalid);
        }
        decode(token, &self.decoding, &self.validation)
            .map(|data| data.claims)
            .map_err(|_| AuthError::Invalid)
    }
}

impl Holder {
    fn new(sub: &str, key: String, prefix: Option<String>) -> Result<Self, AuthError> {
        let account = sub.parse().map(AccountId).map_err(|_| AuthError::Invalid)?;
        Ok(Self { account, key, prefix })
    }
}

fn prefix_of(api_key: &str) -> String {
    api_key.rsplit('.').next().unwrap_or_default().chars().take(PREFIX).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::db::keys::KeyTerms;

    const NOW: Timestamp = Timestamp::MIN;

    fn tokens() -> Tokens {
        Tokens::new(&ServerKey::parse(&"01".repeat(32).into()).unwrap()).unwrap()
    }

    fn row() -> ApiKey {
        ApiKey {
            id: "0190".to_owned(),
            account: AccountId(7),
            name: "default".to_owned(),
            created_at: Timestamp::from_millis(1500),
            revoked_at: None,
            terms: KeyTerms::default(),
            uses: 0,
            last_used_at: None,
            replaced_by: None,
        }
    }

    fn holder() -> Holder {
        Holder { account: AccountId(7), key: "0190".to_owned(), prefix: None }
    }

    fn caller(terms: KeyTerms) -> Caller {
        let Holder { account, key, .. } = holder();
        Caller { account, key, prefix: String::new(), terms, uses: 0 }
    }

    #[test]
    fn an_api_key_stays_the_same_over_versions() {
        // Written down: whoever changes how keys are made takes them away from everybody.
        let key = tokens().api_key(&row()).unwrap();
        let parts: Vec<&str> = key.expose_secret().split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), r#"{"typ":"JWT","alg":"HS256"}"#);
        assert_eq!(text(parts[1]), r#"{"sub":"7","jti":"0190","iat":1,"aud":"tidegate:api"}"#);
        assert_eq!(tokens().api_key(&row()).unwrap().expose_secret(), key.expose_secret());
        let prefix = tokens().prefix(&row()).unwrap();
        let expected = Holder { prefix: Some(prefix.clone()), ..holder() };
        assert_eq!(tokens().read_api_key(key.expose_secret()), Ok(expected));
        assert!(prefix.len() == 8 && parts[2].starts_with(&prefix), "{prefix}");
    }

    #[test]
    fn neither_kind_passes_for_the_other() {
        let tokens = tokens();
        let api = tokens.api_key(&row()).unwrap();
        let access = tokens.access_token(&caller(KeyTerms::default()), NOW).unwrap();
        assert_eq!(tokens.read_api_key(access.token.expose_secret()), Err(AuthError::Invalid));
        assert_eq!(tokens.read_access_token(api.expose_secret(), NOW), Err(AuthError::Invalid));
        assert_eq!(
            tokens.read_access_token(access.token.expose_secret(), NOW),
            Ok((holder(), access.expires_at))
        );
    }

    #[test]
    fn an_access_token_ends_on_the_second() {
        let tokens = tokens();
        let caller = caller(KeyTerms::default());
        let now = Timestamp::from_millis(1_700_000_000_999);
        let access = tokens.access_token(&caller, now).unwrap();
        assert_eq!(access.expires_at, Timestamp::from_seconds(1_700_007_200));
        let just_before = Timestamp::from_millis(1_700_007_199_999);
        assert!(tokens.read_access_token(access.token.expose_secret(), just_before).is_ok());
        let expired = tokens.read_access_token(access.token.expose_secret(), access.expires_at);
        assert_eq!(expired, Err(AuthError::Expired));
        let again = tokens.access_token(&caller, now).unwrap();
        assert_ne!(again.token.expose_secret(), access.token.expose_secret());
    }

    #[test]
    fn an_access_token_ends_with_its_key() {
        let (tokens, now) = (tokens(), Timestamp::from_seconds(1_700_000_000));
        let until = |expires_at| {
            let caller = caller(KeyTerms { expires_at: Some(expires_at), ..KeyTerms::default() });
            tokens.access_token(&caller, now).unwrap().expires_at
        };
        assert_eq!(until(Timestamp::from_millis(1_700_000_100_900)), Timestamp::from_seconds(1_700_000_100));
        assert_eq!(until(Timestamp::MAX), now.plus(ACCESS_TOKEN_LIFETIME));
    }

    #[test]
    fn tampered_and_foreign_tokens_are_refused() {
        let tokens = tokens();
        let key = tokens.api_key(&row()).unwrap().expose_secret().to_owned();
        let parts: Vec<&str> = key.split('.').collect();
        let claims = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let other = claims(r#"{"sub":"8","jti":"0190","iat":1,"aud":"tidegate:api"}"#);
        let none = claims(r#"{"typ":"JWT","alg":"none"}"#);
        let hs512 = claims(r#"{"typ":"JWT","alg":"HS512"}"#);
        let foreign = Tokens::new(&ServerKey::parse(&"02".repeat(32).into()).unwrap()).unwrap();
        let foreign = foreign.api_key(&row()).unwrap();
        for bad in [
            String::new(),
            "..".to_owned(),
            parts[..2].join("."),
            format!("{key}A"),
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{none}.{}.", parts[1]),
            format!("{hs512}.{}.{}", parts[1], parts[2]),
            foreign.expose_secret().to_owned(),
            "x".repeat(1 << 20),
        ] {
            assert_eq!(tokens.read_api_key(&bad), Err(AuthError::Invalid), "{bad:.100}");
        }
        assert!(!format!("{tokens:?}").contains("secret"));
    }
}
