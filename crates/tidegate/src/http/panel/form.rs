//! Forms that were filled in.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use super::{super::json_body, PanelError};
use crate::app::App;

/// The longest form, in bytes.
pub(super) const FORM_BYTES: usize = 64 << 10;

/// U+0000 as forms write it.
const NUL: &[u8] = b"%00";

/// The fields of a form.
pub(super) struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = PanelError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PanelError> {
        let (parts, body) = request.into_parts();
        let body = json_body::bytes(body, FORM_BYTES, app.config.limits.upload_idle).await;
        let body = body.map_err(|error| PanelError::BadForm(format!("{error}.")))?;
        // No text of ours has U+0000, which not every database takes.
        if body.windows(NUL.len()).any(|text| text == NUL) || body.contains(&0) {
            return Err(PanelError::BadForm("A field has a character that cannot be kept.".to_owned()));
        }
        match axum::Form::from_request(Request::from_parts(parts, body.into()), app).await {
            Ok(axum::Form(fields)) => Ok(Self(fields)),
            Err(refused) => Err(PanelError::BadForm(refused.body_text())),
        }
    }
}
