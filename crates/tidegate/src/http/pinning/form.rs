//! The fields of an upload's form beside its files: `cid`, `secret`, `decooMetadata`, and `profile`, `visibility` and
//! `format`, which are ours.

use tidegate_content::{Cid, Profile, parse_cid};

use super::{PinningError, metadata};
use crate::{
    accounts::{Accounts, Caller},
    db::pins::Visibility,
    http::multipart::Multipart,
    pins::{Format, Label, profiles_for},
};

/// The longest field that is not a file.
const FIELD_BYTES: usize = 64 << 10;

/// What has come so far.
#[derive(Default)]
pub(super) struct Fields {
    cid: Option<NamedCid>,
    secret: Option<String>,
    /// The name inside, if there is one.
    metadata: Option<Option<String>>,
    profile: Option<Profile>,
    visibility: Option<Visibility>,
    format: Option<Format>,
    /// The first file has come, and with it what it was taken for.
    received: bool,
    signed: bool,
}

/// A CID and the very text that was signed.
#[derive(Clone)]
pub(super) struct NamedCid {
    pub cid: Cid,
    pub text: String,
}

impl NamedCid {
    /// Whether files that come in this format could have the CID. A CAR brings blocks of any kind.
    fn suits(&self, format: Format) -> Result<(), PinningError> {
        if format != Format::Car && profiles_for(&self.cid).is_empty() {
            return Err(PinningError::BadRequest(
                "The field cid: an uploaded file has a CID of DAG-PB or raw bytes with SHA-256".to_owned(),
            ));
        }
        Ok(())
    }
}

/// What a complete form says beside its files.
pub(super) struct Complete {
    pub cid: NamedCid,
    pub label: Label,
}

impl Fields {
    /// Reads the field `name`, whose head was just read. Unknown ones are skipped.
    pub(super) async fn read(&mut self, name: &str, form: &mut Multipart) -> Result<(), PinningError> {
        let twice = match name {
            "cid" => self.cid.replace(named_cid(form.text(FIELD_BYTES).await?)?).is_some(),
            "secret" => self.secret.replace(form.text(FIELD_BYTES).await?).is_some(),
            "decooMetadata" => {
                let name = metadata::name_in(&form.text(FIELD_BYTES).await?);
                let name = name.map_err(|error| PinningError::BadRequest(error.to_string()))?;
                self.metadata.replace(name).is_some()
            }
            "profile" => self.profile.replace(profile(&form.text(FIELD_BYTES).await?)?).is_some(),
            "visibility" => self.visibility.replace(visibility(&form.text(FIELD_BYTES).await?)?).is_some(),
            "format" if self.received => {
                return Err(PinningError::BadRequest(
                    "The field format must come before the file".to_owned(),
                ));
            }
            "format" => self.format.replace(format(&form.text(FIELD_BYTES).await?)?).is_some(),
            _ => return Ok(form.skip().await?),
        };
        if twice {
            return Err(PinningError::BadRequest(format!("The form has two fields named {name}")));
        }
        Ok(())
    }

    /// The CID, if it has come.
    pub(super) fn cid(&self) -> Option<&Cid> {
        self.cid.as_ref().map(|named| &named.cid)
    }

    /// What the file that comes now is. From here on a CID is refused that no upload of the kind could have.
    pub(super) fn begin_file(&mut self) -> Result<Format, PinningError> {
        self.received = true;
        let format = self.format.unwrap_or_default();
        self.cid.as_ref().map_or(Ok(()), |named| named.suits(format))?;
        Ok(format)
    }

    /// How to import the files, if the client says.
    pub(super) fn profile(&self) -> Option<Profile> {
        self.profile
    }

    /// Checks the signature as soon as CID and signature have come.
    pub(super) async fn check_signature(
        &mut self,
        accounts: &Accounts,
        caller: &Caller,
    ) -> Result<(), PinningError> {
        let (Some(cid), Some(secret), false) = (&self.cid, &self.secret, self.signed) else {
            return Ok(());
        };
        self.signed = accounts.verify_cid_signature(caller.account, &cid.text, secret).await?;
        if !self.signed {
            // What is wrong with the CID itself tells more.
            cid.suits(self.format.unwrap_or_default())?;
            return Err(PinningError::Mismatch);
        }
        Ok(())
    }

    /// All that has come, if nothing is missing.
    pub(super) fn complete(self) -> Result<Complete, PinningError> {
        let cid = self.cid.ok_or_else(|| missing("cid"))?;
        cid.suits(self.format.unwrap_or_default())?;
        match (self.secret, self.signed) {
            (Some(_), true) => {
                let label = Label { name: self.metadata.flatten(), visibility: self.visibility };
                Ok(Complete { cid, label })
            }
            (Some(_), false) => Err(PinningError::Mismatch),
            (None, _) => Err(missing("secret")),
        }
    }
}

/// A field that must be there is not.
pub(super) fn missing(field: &str) -> PinningError {
    PinningError::BadRequest(format!("The form has no field named {field}"))
}

fn named_cid(text: String) -> Result<NamedCid, PinningError> {
    let cid =
        parse_cid(&text).map_err(|error| PinningError::BadRequest(format!("The field cid: {error}")))?;
    Ok(NamedCid { cid, text })
}

fn profile(text: &str) -> Result<Profile, PinningError> {
    Profile::by_name(text.trim()).ok_or_else(|| {
        let names: Vec<_> = Profile::ALL.iter().map(Profile::name).collect();
        PinningError::BadRequest(format!("The field profile: it is one of {}", names.join(", ")))
    })
}

fn format(text: &str) -> Result<Format, PinningError> {
    Format::by_name(text.trim()).ok_or_else(|| {
        let names = Format::ALL.map(Format::as_str);
        PinningError::BadRequest(format!("The field format: it is one of {}", names.join(", ")))
    })
}

fn visibility(text: &str) -> Result<Visibility, PinningError> {
    Visibility::by_name(text.trim()).ok_or_else(|| {
        PinningError::BadRequest("The field visibility: it is one of public, private".to_owned())
    })
}
