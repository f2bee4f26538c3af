//! The pages for people, as a browser without scripts sees them.

mod account;
mod admin;
mod endpoints;
mod jobs;
mod keys;
mod logs;
mod pins;
mod provider;
mod registration;
mod second_factor;
mod sessions;
mod settings;
mod storage;
mod texts;
mod upload;
mod usage;
mod verification_key;
mod webhooks;

/// The text of the element with this id, which has no others in it, as a browser shows it.
fn text_of(page: &str, id: &str) -> String {
    let (_, rest) = page.split_once(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
    let (_, rest) = rest.split_once('>').unwrap();
    let (text, _) = rest.split_once("</").unwrap();
    let mut text = text.to_owned();
    for (escaped, plain) in [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
    {
        text = text.replace(escaped, plain);
    }
    text
}
