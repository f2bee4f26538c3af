//! Pages: Markdown of `docs/` as HTML with anchors, between what all pages have.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use super::{PAGES, REFERENCE};

/// A page of Markdown.
pub(super) fn of_markdown(name: &str, title: &str, text: &str) -> String {
    let mut events: Vec<_> =
        Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(SafeLinks::default().filter()).collect();
    let headings = anchored(&mut events);
    let mut contents = String::new();
    for heading in headings.iter().filter(|heading| heading.level == HeadingLevel::H2) {
        let _ = write!(contents, "<li><a href=\"#{}\">{}</a>", heading.id, escaped(&heading.text));
    }
    let mut body = String::new();
    html::push_html(&mut body, events.into_iter());
    // Tables may be wider than a phone.
    let body = body.replace("<table>", "<div class=\"wide\"><table>").replace("</table>", "</table></div>");
    let (heading, rest) = body.split_once("</h1>").unwrap_or(("", &body));
    let body = format!(
        "{heading}</h1><nav class=\"contents\" aria-label=\"On this page\"><ul>{contents}</ul></nav>{rest}"
    );
    around(name, title, &body)
}

/// What all pages have, around `body`.
pub(super) fn around(name: &str, title: &str, body: &str) -> String {
    let mut links = String::new();
    let reference = [REFERENCE];
    for (page, label) in PAGES.iter().map(|(page, label, _)| (*page, *label)).chain(reference) {
        let current = if page == name { " aria-current=\"page\"" } else { "" };
        let _ = write!(links, "<a href=\"/docs/{page}\"{current}>{label}</a> ");
    }
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{} · Tidegate</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head>\
         <body><header><nav aria-label=\"Documentation\">{links}<a href=\"/openapi.json\">openapi.json</a></nav></header>\
         <main>{body}</main></body></html>",
        escaped(title)
    )
}

/// A piece of Markdown, such as a description.
pub(super) fn piece(text: &str) -> String {
    let mut body = String::new();
    html::push_html(&mut body, Parser::new(text).filter_map(SafeLinks::default().filter()));
    body
}

/// `text` with nothing in it that means something in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
}

struct Heading {
    level: HeadingLevel,
    text: String,
    id: String,
}

/// Gives each heading an anchor of its own, named like on the pages of code hosts.
fn anchored(events: &mut [Event<'_>]) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut place = 0;
    while place < events.len() {
        if let Event::Start(Tag::Heading { level, .. }) = events[place] {
            let mut text = String::new();
            for event in events[place + 1..].iter().take_while(|event| !is_end(event)) {
                if let Event::Text(part) | Event::Code(part) = event {
                    text.push_str(part);
                }
            }
            let plain = slug(&text);
            let before = headings.iter().filter(|heading| slug(&heading.text) == plain).count();
            let name = if before == 0 { plain } else { format!("{plain}-{before}") };
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[place] {
                *id = Some(CowStr::from(name.clone()));
            }
            headings.push(Heading { level, text, id: name });
        }
        place += 1;
    }
    headings
}

fn is_end(event: &Event<'_>) -> bool {
    matches!(event, Event::End(TagEnd::Heading(_)))
}

fn slug(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Links between pages lead to where they are served, those to files that are not served are none; HTML in Markdown is text.
#[derive(Default)]
struct SafeLinks {
    dropped: bool,
}

impl SafeLinks {
    fn filter<'a>(mut self) -> impl FnMut(Event<'a>) -> Option<Event<'a>> {
        move |event| match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => match served(&dest_url) {
                Some(dest_url) => {
                    Some(Event::Start(Tag::Link { link_type, dest_url: dest_url.into(), title, id }))
                }
                None => {
                    self.dropped = true;
                    None
                }
            },
            Event::End(TagEnd::Link) if std::mem::take(&mut self.dropped) => None,
            Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
            other => Some(other),
        }
    }
}

/// Where a link of a page leads.
fn served(link: &str) -> Option<String> {
    if link.starts_with('#') || link.starts_with('/') || link.starts_with("https://") {
        return Some(link.to_owned());
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let page = file.strip_suffix(".md")?;
    let page = PAGES.iter().find(|(name, ..)| *name == page)?.0;
    Some(if anchor.is_empty() { format!("/docs/{page}") } else { format!("/docs/{page}#{anchor}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_anchors_and_links_lead_to_pages() {
        let text = "# A page\n\n## Decoo's `Cloud`\n\n[there](compatibility.md#x), [decision](decisions/1.md), <b>bold</b>\n\n## A\n\n## A\n";
        let page = of_markdown("operations", "A <page>", text);
        for part in [
            "<h2 id=\"decoos-cloud\">",
            "<li><a href=\"#decoos-cloud\">Decoo's Cloud</a>",
            "<h2 id=\"a\">",
            "<h2 id=\"a-1\">",
            "<a href=\"/docs/compatibility#x\">there</a>, decision, &lt;b&gt;bold&lt;/b&gt;",
            "<title>A &lt;page&gt; · Tidegate</title>",
            "<a href=\"/docs/operations\" aria-current=\"page\">Operations</a>",
        ] {
            assert!(page.contains(part), "{part} is not in {page}");
        }
    }
}
