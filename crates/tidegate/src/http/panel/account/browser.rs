//! What a browser says it is, as people call it.

/// Words by which a browser is known, the most telling first: those that come later are in the names of others too.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi", "Vivaldi"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
];

/// The same for systems.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
];

/// `Firefox on Linux`, as far as it can be told.
pub(super) fn in_words(agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, Some(system)) => format!("A program on {system}"),
        (None, None) => "An unknown program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, words) in [
            ("(X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
            (
                &format!("(Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (&format!("(Windows NT 10.0) {webkit} Chrome/142.0 Safari/537.36 Edg/142.0"), "Edge on Windows"),
            (
                &format!(
                    "(iPhone; CPU iPhone OS 18_1 like Mac OS X) {webkit} Version/18.1 Mobile Safari/604.1"
                ),
                "Safari on an iPhone",
            ),
            (&format!("(Macintosh; Intel Mac OS X 10_15_7) {webkit} Safari/605.1.15"), "Safari on a Mac"),
            ("(Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0", "Firefox on Android"),
            ("curl/8.9 (x86_64 Linux)", "A program on Linux"),
            ("", "An unknown program"),
        ] {
            assert_eq!(in_words(agent), words, "{agent}");
        }
    }
}
