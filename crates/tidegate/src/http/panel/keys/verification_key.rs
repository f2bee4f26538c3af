//! API → Verification Key: the pair that content ids are signed with, those before it that still count, and how to sign.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{
    super::{Form, Here, Member, Page, PanelError, SeeOther, Shell, show},
    HELLO_CID, Overlap,
};
use crate::{
    accounts::{AccountError, PublicKey, SigningKey},
    app::App,
    clock::Timestamp,
};

const PAGE: &str = "/panel/api/verification-key";

/// Characters of a key that tell it from others: all begin alike, and end alike.
const TAIL: std::ops::Range<usize> = 8..24;

#[derive(Template)]
#[template(path = "panel/verification_key.html")]
struct KeyPage {
    shell: Shell,
    public: String,
    private: Option<SecretString>,
    keys: Vec<SigningKey>,
    /// What somebody has entered as theirs.
    own: String,
}

/// A key that somebody brings.
#[derive(Deserialize)]
pub(in super::super) struct Own {
    public_key: String,
    overlap: u64,
}

/// Shows the pair.
pub(in super::super) async fn show(member: Member, State(app): State<App>) -> Result<Response, PanelError> {
    let page = KeyPage::of(&app, &member, member.shell(Here::VerificationKey)).await?;
    Ok(Page::new(page).into_response())
}

/// Makes another pair.
pub(in super::super) async fn rotate(
    member: Member,
    State(app): State<App>,
    Form(overlap): Form<Overlap>,
) -> Result<Response, PanelError> {
    match app.accounts.rotate_signing_key(member.account, overlap.duration()).await {
        Ok(pair) => Ok(replaced(pair.old_until)),
        Err(error) => refused(&app, &member, error, String::new()).await,
    }
}

/// Takes the public key of a pair that its owner has made.
pub(in super::super) async fn bring(
    member: Member,
    State(app): State<App>,
    Form(own): Form<Own>,
) -> Result<Response, PanelError> {
    let overlap = Overlap { overlap: own.overlap }.duration();
    let brought = match PublicKey::parse(&own.public_key) {
        Ok(key) => app.accounts.set_public_key(member.account, key, overlap).await,
        Err(error) => Err(error.into()),
    };
    match brought {
        Ok(()) => {
            let until = (!overlap.is_zero()).then(|| app.clock.now().plus(overlap));
            Ok(replaced(until))
        }
        Err(error) => refused(&app, &member, error, own.public_key).await,
    }
}

/// Ends one that still counts.
pub(in super::super) async fn end(
    member: Member,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> Result<SeeOther, PanelError> {
    app.accounts.end_signing_key(member.account, id).await?;
    Ok(SeeOther::to(PAGE).saying("The key has ended."))
}

fn replaced(old_until: Option<Timestamp>) -> Response {
    let old = match old_until {
        Some(until) => format!("Earlier ones count until {}.", show::moment(until)),
        None => "Earlier ones have ended.".to_owned(),
    };
    SeeOther::to(PAGE).saying(&format!("There is a new verification key. {old}")).into_response()
}

async fn refused(
    app: &App,
    member: &Member,
    error: AccountError,
    own: String,
) -> Result<Response, PanelError> {
    let shell = member.shell(Here::VerificationKey).with_problem(PanelError::from(error).into_words()?);
    let page = KeyPage { own, ..KeyPage::of(app, member, shell).await? };
    Ok(Page::new(page).with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

impl KeyPage {
    async fn of(app: &App, member: &Member, shell: Shell) -> Result<Self, PanelError> {
        let credentials = app.accounts.show(member.account).await?;
        let keys = app.accounts.signing_keys(member.account).await?;
        let (public, private) = (credentials.rsa_public_key, credentials.rsa_private_key);
        Ok(Self { shell, public, private, keys, own: String::new() })
    }
}

/// What tells a key from others in a list.
fn tail(public: &str) -> &str {
    let end = public.len().saturating_sub(TAIL.start);
    public.get(public.len().saturating_sub(TAIL.end)..end).unwrap_or(public)
}
