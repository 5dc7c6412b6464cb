//! Whether a body says what its letter is about. A template that somebody cut off by mistake fails nowhere, and tells nobody anything.

use super::digest::DigestMail;
use super::view::AlertMail;

/// What a body must show of one alert.
pub(super) struct Told<'v> {
    pub entry: Option<&'v str>,
    /// The wordings of what happened; one of them will do.
    pub events: Vec<&'v str>,
}

impl AlertMail {
    /// What the mail must show of each alert.
    pub fn told(&self) -> Vec<Told<'_>> {
        let told = |at: usize| {
            let (row, section) = (self.table.get(at), self.sections.get(at));
            let entry = match section {
                Some(section) => section.entry.as_ref().map(|entry| &*entry.number),
                None => row.map(|row| &*row.entry).filter(|entry| *entry != "-"),
            };
            let of_section = section.into_iter().flat_map(|section| [&*section.heading, &section.happened]);
            Told { entry, events: row.map(|row| &*row.what).into_iter().chain(of_section).collect() }
        };
        (0..self.table.len().max(self.sections.len())).map(told).collect()
    }
}

impl DigestMail {
    /// What the mail must show of each alert.
    pub fn told(&self) -> Vec<Told<'_>> {
        let rows = self.groups.iter().flat_map(|group| &group.rows);
        rows.map(|row| Told { entry: row.entry.as_deref(), events: vec![&row.event] }).collect()
    }
}

/// What a body that a reader sees like this does not tell of its letter, in words that stand behind "the template".
pub(super) fn missing(all: &[Told<'_>], seen: &str) -> Option<String> {
    let seen = squeezed(seen);
    let shows = |text: &str| seen.contains(&squeezed(text));
    let of = match all {
        [_] => "a letter of one alert".to_owned(),
        all => format!("a letter of {} alerts", all.len()),
    };
    all.iter().find_map(|told| {
        if let Some(entry) = told.entry.filter(|entry| !shows(entry)) {
            return Some(format!("does not show the entry number {entry} of {of}"));
        }
        let event = told.events.first().filter(|_| !told.events.iter().any(|event| shows(event)))?;
        Some(format!("does not say what happened, `{event}`, of {of}"))
    })
}

/// Wrapped lines, indents and capitals say the same.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Elements whose content no reader sees.
const UNSEEN: [&str; 3] = ["style", "script", "title"];

/// The text of an HTML body as a reader sees it, roughly: without tags, remarks and styles.
pub(super) fn visible(html: &str) -> String {
    let mut seen = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        seen.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match () {
            () if rest.starts_with("<!--") => rest.find("-->").map(|end| end + 3),
            () if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
                tag_end(rest)
            }
            () => {
                seen.push('<');
                Some(1)
            }
        };
        rest = end.map_or("", |end| &rest[end..]);
    }
    seen.push_str(rest);
    unescaped(&seen)
}

/// The end of a tag and, where nobody sees what is in its element, of that element.
fn tag_end(rest: &str) -> Option<usize> {
    let end = rest.find('>')? + 1;
    let name: String = rest[1..].chars().take_while(char::is_ascii_alphanumeric).collect();
    if !UNSEEN.iter().any(|unseen| name.eq_ignore_ascii_case(unseen)) {
        return Some(end);
    }
    // ASCII letters alone change, so places stay the same.
    let close = rest.to_ascii_lowercase()[end..].find(&format!("</{}", name.to_ascii_lowercase()))? + end;
    Some(close + rest[close..].find('>')? + 1)
}

/// What our templates escape, and the blank that is one.
fn unescaped(text: &str) -> String {
    const NAMED: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    NAMED.iter().fold(text.to_owned(), |text, (name, meant)| text.replace(name, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_see_text_and_no_tags() {
        for (html, seen) in [
            ("", ""),
            ("<p>a&nbsp;&lt;b&gt; &amp;amp; c</p>", "a <b> &amp; c"),
            ("<html><head><TITLE>t</TITLE><style>p{}</style></head><!-- remark -->x<br/>y</html>", "xy"),
            ("<script>if (a<b) {}</script >z", "z"),
            ("1 < 2 <3 <", "1 < 2 <3 <"),
            ("<p", ""),
            ("<style>never ends", ""),
            ("<img src='x'>\n\u{a0}", "\n\u{a0}"),
        ] {
            assert_eq!(visible(html), seen, "{html}");
        }
    }

    #[test]
    fn a_body_names_every_entry_and_event() {
        let told = |entry, events: &[&'static str]| Told { entry, events: events.to_vec() };
        let all = [told(Some("ABC-1234567-6"), &["FDA hold placed", "a hold"]), told(None, &["Lost"])];
        assert_eq!(missing(&all, "abc-1234567-6: fda hold\n  PLACED; lost"), None);
        assert_eq!(missing(&all, "ABC-1234567-6 a hold, lost"), None);
        let says = |body| missing(&all, body).unwrap_or_default();
        assert_eq!(says(""), "does not show the entry number ABC-1234567-6 of a letter of 2 alerts");
        assert_eq!(
            says("ABC-1234567-6"),
            "does not say what happened, `FDA hold placed`, of a letter of 2 alerts"
        );
        assert_eq!(
            says("ABC-1234567-6 a hold"),
            "does not say what happened, `Lost`, of a letter of 2 alerts"
        );
    }
}
