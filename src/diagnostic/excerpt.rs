//! The line a fault stands in, and the caret below it. Inline secrets never appear.

use std::ops::Range;

/// A longer line is shown in part.
const WIDTH_MAX: usize = 110;
/// How much of a long line stands before the caret.
const LEAD: usize = 40;

/// Keys whose values are secrets. They are refused by the configuration, and a refusal must not print them.
const SECRET_KEYS: &[&str] = &["password", "passphrase", "secret", "token", "link_key"];

const MASK: &str = "<secret>";

/// The line at the start of `span`, and the caret line for it.
pub(super) fn of(text: &str, span: Range<usize>) -> (String, String) {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = text[line_start..line_end].trim_end_matches('\r');
    if inside_secret_text(text, line_start) {
        return (MASK.to_owned(), "^".repeat(MASK.len()));
    }
    let at = start - line_start;
    let end = floor(text, span.end.max(start)).min(line_end) - line_start;
    let mut before = clean(line.get(..at).unwrap_or(line));
    let mut marked = clean(line.get(at..end.min(line.len()).max(at)).unwrap_or_default());
    let mut after = clean(line.get(end.max(at)..).unwrap_or_default());
    if let Some(secret_at) = secret_value(line) {
        if at >= secret_at {
            before = clean(&line[..secret_at]);
            marked = MASK.to_owned();
        } else {
            let whole = clean(&line[..secret_at]);
            let behind = before.len() + marked.len();
            marked = whole.get(before.len()..behind.min(whole.len())).unwrap_or_default().to_owned();
            after = format!("{}{MASK}", whole.get(before.len() + marked.len()..).unwrap_or_default());
        }
        if at >= secret_at {
            after.clear();
        }
    }
    shorten(before, marked, after)
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Control characters could drive a terminal; tabs would move the caret.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            c if c.is_control() => '?',
            c => c,
        })
        .collect()
}

fn shorten(before: String, marked: String, after: String) -> (String, String) {
    let count = |text: &str| text.chars().count();
    let (lead, before) = match count(&before) {
        long if long + count(&marked).min(WIDTH_MAX - LEAD) > WIDTH_MAX => {
            ("… ", before.chars().skip(long - LEAD).collect())
        }
        _ => ("", before),
    };
    let room = WIDTH_MAX.saturating_sub(count(&before));
    let marked: String = marked.chars().take(room).collect();
    let room = room.saturating_sub(count(&marked));
    let cut = count(&after) > room;
    let after: String = after.chars().take(room).collect();
    let caret = format!(
        "{}{}",
        " ".repeat(count(lead) + count(&before)),
        "^".repeat(count(marked.trim_end()).max(1))
    );
    (format!("{lead}{before}{marked}{after}{}", if cut { " …" } else { "" }), caret)
}

/// Where in the line the value of an inline secret begins: behind the `=` of a key like `password`.
fn secret_value(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(equals) = line[from..].find('=').map(|at| from + at) {
        let key = line[..equals].trim_end().trim_end_matches(['"', '\'']);
        let is_secret = SECRET_KEYS.iter().any(|secret| {
            key.to_ascii_lowercase().strip_suffix(secret).is_some_and(|rest| {
                !rest.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            })
        });
        if is_secret {
            let value = &line[equals + 1..];
            return Some(line.len() - value.trim_start().len());
        }
        from = equals + 1;
    }
    None
}

/// True when the line lies inside a multi-line text that a secret's key opened further up.
fn inside_secret_text(text: &str, line_start: usize) -> bool {
    let mut open: Option<&str> = None;
    for line in text[..line_start].lines() {
        match open {
            Some(quotes) if line.contains(quotes) => open = None,
            Some(_) => {}
            None => {
                open = secret_value(line).and_then(|at| {
                    let value = &line[at..];
                    ["\"\"\"", "'''"]
                        .into_iter()
                        .find(|quotes| value.starts_with(quotes) && !value[quotes.len()..].contains(quotes))
                });
            }
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, needle: &str) -> String {
        let at = text.find(needle).expect("the needle is in the text");
        let (line, caret) = of(text, at..at + needle.len());
        assert!(!line.contains("hunter2"), "{line}");
        format!("{line}\n{caret}")
    }

    #[test]
    fn secrets_are_masked_wherever_the_caret_stands() {
        let masked = "password = <secret>\n           ^^^^^^^^";
        assert_eq!(shown("password = \"hunter2\"\n", "\"hunter2\""), masked);
        assert_eq!(shown("password = \"hunter2\n", "hunter2"), masked, "an open text");
        assert_eq!(shown("password = \"hunter2\"\n", "password"), "password = <secret>\n^^^^^^^^");
        assert_eq!(
            shown("a = { user = \"u\", Password = 'hunter2', b = 1 }", "b = 1"),
            "a = { user = \"u\", Password = <secret>\n                             ^^^^^^^^"
        );
        assert_eq!(shown("passphrase = '''\nhunter2\n'''\n", "hunter2"), "<secret>\n^^^^^^^^");
        assert_eq!(
            shown("password_file = \"/etc/x\"\n", "\"/etc/x\""),
            "password_file = \"/etc/x\"\n                ^^^^^^^^"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = format!("a = \"{}\" # {}", "x".repeat(300), "y".repeat(300));
        let (line, caret) = of(&text, 309..310);
        assert!(line.chars().count() <= WIDTH_MAX + 4, "{line}");
        assert_eq!(caret.chars().count(), LEAD + 3);
        let (line, caret) = of(&text, 4..306);
        assert!(line.ends_with(" …") && line.chars().count() <= WIDTH_MAX + 4);
        assert!(caret.len() <= WIDTH_MAX);
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        let (line, _) = of("a = \u{1b}[31m\tb", 0..1);
        assert_eq!(line, "a = ?[31m b");
    }
}
