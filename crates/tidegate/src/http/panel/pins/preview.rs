//! What a pin's page shows of the content: the names in a folder, the beginning of a text, and where to find what browsers show.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tidegate_content::Cid;

use super::super::show;
use crate::{
    app::App,
    http::gateway::{GatewayError, Kept},
};

/// So much of a text is shown.
const TEXT_BYTES: u64 = 64 << 10;
/// So many names of a folder.
const ENTRIES: usize = 200;

/// What a path leaves as it is.
const IN_PATHS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// See the module's documentation.
pub(super) enum Preview {
    Image,
    Audio,
    Video,
    Pdf,
    Text {
        text: String,
        is_cut: bool,
    },
    Folder {
        entries: Vec<Entry>,
        is_cut: bool,
    },
    /// A file of another kind.
    Other,
    /// The content is not on this server.
    Elsewhere,
    /// Why it cannot be shown.
    Broken(String),
}

/// A name in a folder.
pub(super) struct Entry {
    pub name: String,
    /// To the page that shows it.
    pub link: String,
    /// What its maker says of its size.
    pub size: String,
}

/// The preview of what `names` lead to in the pin `id` of `cid`, which its owner has `called` so, and whether that is a file.
pub(super) async fn preview(
    app: &App,
    id: i64,
    cid: &Cid,
    names: &[String],
    called: Option<&str>,
) -> (Preview, bool) {
    match Kept::find(app, cid, names.to_vec(), called).await {
        Ok(Some(kept)) => {
            let shown = of(&kept, id, names).await;
            (shown.unwrap_or_else(|error| Preview::Broken(error.words())), kept.size().is_some())
        }
        Ok(None) => (Preview::Elsewhere, false),
        Err(error) => (Preview::Broken(error.words()), false),
    }
}

async fn of(kept: &Kept, id: i64, names: &[String]) -> Result<Preview, GatewayError> {
    if kept.is_folder() {
        return folder(kept, id, names).await;
    }
    let Some(size) = kept.size() else { return Ok(Preview::Other) };
    let content_type = kept.content_type().await?;
    let essence = content_type.split(';').next().unwrap_or_default();
    Ok(match essence.split_once('/').unwrap_or_default() {
        ("image", _) => Preview::Image,
        ("audio", _) => Preview::Audio,
        ("video", _) => Preview::Video,
        ("application", "pdf") => Preview::Pdf,
        ("text", _) => text(kept, size).await?,
        ("application", kind) if kind.ends_with("json") || kind.ends_with("xml") => text(kept, size).await?,
        _ => Preview::Other,
    })
}

async fn text(kept: &Kept, size: u64) -> Result<Preview, GatewayError> {
    let bytes = kept.beginning(TEXT_BYTES).await?;
    let is_cut = size > TEXT_BYTES;
    // What a cut leaves of a character is left out.
    let whole = match std::str::from_utf8(&bytes) {
        Err(error) if is_cut && error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => &bytes[..],
    };
    Ok(Preview::Text { text: String::from_utf8_lossy(whole).replace('\0', "\u{fffd}"), is_cut })
}

async fn folder(kept: &Kept, id: i64, names: &[String]) -> Result<Preview, GatewayError> {
    let mut found = kept.entries(ENTRIES + 1).await?;
    let is_cut = found.len() > ENTRIES;
    found.truncate(ENTRIES);
    let entry = |entry: tidegate_content::DirectoryEntry| {
        let below: Vec<&str> = names.iter().map(String::as_str).chain([entry.name.as_str()]).collect();
        let size = entry.tsize.map(show::bytes).unwrap_or_default();
        Entry { link: page_of(id, &below), size, name: entry.name }
    };
    Ok(Preview::Folder { entries: found.into_iter().map(entry).collect(), is_cut })
}

/// The page that shows what is at `names` in a pin.
pub(super) fn page_of(id: i64, names: &[&str]) -> String {
    format!("/panel/pins/{id}?path={}", in_path(names))
}

/// Where that itself is.
pub(super) fn content_of(id: i64, names: &[&str]) -> String {
    if names.is_empty() {
        format!("/panel/pins/{id}/content")
    } else {
        format!("/panel/pins/{id}/content/{}", in_path(names))
    }
}

fn in_path(names: &[&str]) -> String {
    let names: Vec<String> =
        names.iter().map(|name| utf8_percent_encode(name, IN_PATHS).to_string()).collect();
    names.join("/")
}
