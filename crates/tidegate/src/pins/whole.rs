//! Uploads of which the client does not say what they are: whatever came is pinned, and the server tells its CID.

use tidegate_content::Profile;

use super::{Allowance, PinError, Pins, Upload, Wish};
use crate::db::pins::{NewPin, Pin, PinSource, Visibility};

/// What is to become of an upload.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The import that decides the CID.
    pub profile: Profile,
    /// Whether a folder is put around what came.
    pub wrap: bool,
    /// Which door it came through.
    pub source: PinSource,
    /// What it is called.
    pub name: Option<String>,
    /// A JSON object of text.
    pub meta: String,
    /// Who may read it; where nobody says, everybody, unless the account has so far kept it private.
    pub visibility: Option<Visibility>,
}

impl Pins {
    /// Takes `upload`, which is complete, as it is, and pins it in somebody's name: a sole file, a sole folder, or the folder of
    /// everything where one is wanted. Pinning the same content again renews the one pin.
    ///
    /// # Errors
    /// See [`PinError`]; nothing is pinned then, and nothing stays behind.
    pub async fn pin_whole(
        &self,
        by: impl Into<Allowance>,
        upload: Upload,
        wanted: Wanted,
    ) -> Result<Pin, PinError> {
        let by = by.into();
        by.check_name(wanted.name.as_deref())?;
        let (found, place) = upload.seal_whole(wanted.profile, wanted.wrap).await?;
        let pin = NewPin {
            account: by.account,
            root: found.sealed.root.to_string(),
            cid: found.cid.to_string(),
            name: wanted.name,
            meta: wanted.meta,
            visibility: wanted.visibility.unwrap_or(Visibility::Public),
            source: wanted.source,
            size: found.size,
        };
        let wish = Wish { pin, as_visible_as_before: wanted.visibility.is_none() };
        // What has begun is finished, also when the caller does not wait for it any more.
        let pins = self.clone();
        tokio::spawn(async move { pins.keep(found, place, wish, by).await })
            .await
            .map_err(|_| PinError::Stopped)?
    }
}
