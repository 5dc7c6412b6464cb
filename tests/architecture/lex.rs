//! Just enough of a Rust lexer: words and punctuation, without comments, strings and lifetimes.

use std::collections::BTreeSet;

/// A word, a `::`, or one punctuation character. A literal string is the token `""`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    pub text: String,
    pub line: usize,
    /// Inside an item marked `#[cfg(test)]`.
    pub test: bool,
    /// How many inline modules are around it.
    pub depth: usize,
}

/// A path as it is written, with braces of `use` spread out: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Path {
    pub parts: Vec<String>,
    pub line: usize,
    pub test: bool,
    pub depth: usize,
}

impl Path {
    pub fn starts_with(&self, parts: &[&str]) -> bool {
        self.parts.len() >= parts.len() && self.parts.iter().zip(parts).all(|(have, want)| have == want)
    }

    pub fn ends_with(&self, parts: &[&str]) -> bool {
        let skip = self.parts.len().checked_sub(parts.len());
        skip.is_some_and(|skip| self.parts[skip..].iter().zip(parts).all(|(have, want)| have == want))
    }

    pub fn text(&self) -> String {
        self.parts.join("::")
    }
}

/// Cuts a file into tokens.
pub fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let (end, text) = next(source, at);
        if let Some(text) = text {
            tokens.push(Token { text: text.to_owned(), line, test: false, depth: 0 });
        }
        line += bytes[at..end].iter().filter(|&&byte| byte == b'\n').count();
        at = end;
    }
    mark(&mut tokens);
    tokens
}

/// Where the piece that starts at `at` ends, and what it is unless it is to be skipped.
fn next(source: &str, at: usize) -> (usize, Option<&str>) {
    let rest = &source[at..];
    let first = rest.chars().next().unwrap_or(' ');
    if rest.starts_with("//") {
        return (at + rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (at + block_comment(rest), None);
    }
    if let Some(length) = string(rest) {
        return (at + length, Some("\"\""));
    }
    if first == '\'' {
        return (at + quote(rest), None);
    }
    if first.is_alphanumeric() || first == '_' {
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        return (at + length, Some(&rest[..length]));
    }
    if rest.starts_with("::") {
        return (at + 2, Some("::"));
    }
    let length = first.len_utf8();
    (at + length, (!first.is_whitespace()).then_some(&rest[..length]))
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of the string literal that begins here: plain, byte, C, and all of them raw.
fn string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - body.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let text = raw[hashes..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = text.find(&close).map_or(text.len(), |end| end + close.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    let text = body.strip_prefix('"')?;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(prefix + 1 + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of a character literal, or of a lifetime's name with its tick.
fn quote(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(rest.len(), |end| 3 + end + 1),
        Some((at, letter)) => match letters.next() {
            Some((end, '\'')) => end + 1,
            _ => rest[at..]
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .map_or(rest.len(), |end| at + end.max(letter.len_utf8())),
        },
        None => rest.len(),
    }
}

/// Finds out which tokens are test code and how deep in inline modules they stand.
fn mark(tokens: &mut [Token]) {
    let mut at = 0;
    while at < tokens.len() {
        if let Some(after) = cfg_test(tokens, at) {
            let end = item_end(tokens, after);
            for token in &mut tokens[at..end] {
                token.test = true;
            }
            at = after;
        } else {
            at += 1;
        }
    }
    let mut around: Vec<bool> = Vec::new();
    for at in 0..tokens.len() {
        match tokens[at].text.as_str() {
            "{" => around.push(at >= 2 && tokens[at - 2].text == "mod"),
            "}" => {
                around.pop();
            }
            _ => {}
        }
        tokens[at].depth = around.iter().filter(|&&module| module).count();
    }
}

/// The token after `#[cfg(test)]` or `#[cfg(all(test, ...))]`, if one of them begins here.
fn cfg_test(tokens: &[Token], at: usize) -> Option<usize> {
    let text = |offset: usize| tokens.get(at + offset).map(|token| token.text.as_str());
    if (text(0), text(1), text(2)) != (Some("#"), Some("["), Some("cfg")) {
        return None;
    }
    let end = at + tokens[at..].iter().position(|token| token.text == "]")?;
    let inside = &tokens[at..end];
    let has = |word: &str| inside.iter().any(|token| token.text == word);
    (has("test") && !has("not") && !has("any")).then_some(end + 1)
}

/// One past the item that begins here: its closing brace, or its semicolon.
pub fn item_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token.text == "}" {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Every path of the file.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_word(&tokens[at]) {
            at = path(tokens, at, &[], tokens[at].text == "use", &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

fn is_word(token: &Token) -> bool {
    token.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Reads one path from `at`, in front of which `before` stands, and answers where to go on.
fn path(tokens: &[Token], at: usize, before: &[String], import: bool, paths: &mut Vec<Path>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut parts = before.to_vec();
    let mut at = if import && before.is_empty() { at + 1 } else { at };
    let Some(first) = tokens.get(at) else { return tokens.len() };
    let mut after_colons = !before.is_empty();
    loop {
        match text(at) {
            "::" => after_colons = true,
            "{" if import && (after_colons || before.is_empty() && parts.is_empty()) => {
                return group(tokens, at + 1, &parts, paths);
            }
            word if tokens.get(at).is_some_and(is_word) && (after_colons || parts.len() == before.len()) => {
                parts.push(word.to_owned());
                after_colons = false;
            }
            _ => break,
        }
        at += 1;
    }
    if parts.len() > before.len() {
        paths.push(Path { parts, line: first.line, test: first.test, depth: first.depth });
        at
    } else {
        at + 1
    }
}

/// Reads what stands in the braces of a `use`.
fn group(tokens: &[Token], mut at: usize, before: &[String], paths: &mut Vec<Path>) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            _ if is_word(token) => at = in_group(tokens, at, before, paths),
            _ => at += 1,
        }
    }
    at
}

fn in_group(tokens: &[Token], at: usize, before: &[String], paths: &mut Vec<Path>) -> usize {
    let mut parts = before.to_vec();
    let first = &tokens[at];
    let mut end = at;
    while let Some(token) = tokens.get(end) {
        match token.text.as_str() {
            "{" => return group(tokens, end + 1, &parts, paths),
            "," | "}" => break,
            "as" => {
                end += 2;
                break;
            }
            _ if is_word(token) => parts.push(token.text.clone()),
            _ => {}
        }
        end += 1;
    }
    paths.push(Path { parts, line: first.line, test: first.test, depth: first.depth });
    end
}

/// The modules that the file declares in files of their own, and those among them that are test code.
pub fn declared(tokens: &[Token]) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut all = BTreeSet::new();
    let mut tests = BTreeSet::new();
    for window in tokens.windows(3) {
        if window[0].text == "mod" && window[2].text == ";" {
            all.insert(window[1].text.clone());
            if window[1].test {
                tests.insert(window[1].text.clone());
            }
        }
    }
    (all, tests)
}

/// Every function with a body: name, first line, number of lines, and whether it is test code.
pub fn functions(tokens: &[Token]) -> Vec<(String, usize, usize, bool)> {
    let mut functions = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let named = tokens.get(at + 1).is_some_and(is_word);
        if token.text != "fn" || !named {
            continue;
        }
        let end = item_end(tokens, at);
        if end > at && tokens[end - 1].text == "}" {
            let lines = tokens[end - 1].line - token.line + 1;
            functions.push((tokens[at + 1].text.clone(), token.line, lines, token.test));
        }
    }
    functions
}

mod tests {
    use super::*;

    fn words(source: &str) -> String {
        tokens(source).iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_strings_and_lifetimes_are_left_out() {
        for (source, expected) in [
            ("a // b::c\nd", "a d"),
            ("a /* b /* c */ d */ e", "a e"),
            (r#"f("x \" y", b"z", 'q', '\'', '\u{41}')"#, r#"f ( "" , "" , , , )"#),
            ("r#\"a \" b\"# + br\"c\" c", "\"\" + \"\" c"),
            ("fn f<'abc>(x: &'abc str) {}", "fn f < > ( x : & str ) { }"),
            ("crate::x", "crate :: x"),
            ("bc rb break", "bc rb break"),
        ] {
            assert_eq!(words(source), expected, "{source}");
        }
    }

    #[test]
    fn paths_are_spread_out() {
        let source = "use a::{b, c::{d, e as f}, self}; fn x() { g::h(i); use j as k; ::std::fs::read(l) }";
        let all: Vec<String> = paths(&tokens(source)).iter().map(Path::text).collect();
        for path in ["a::b", "a::c::d", "a::c::e", "a::self", "g::h", "i", "j", "std::fs::read"] {
            assert!(all.iter().any(|have| have == path), "{path} is not among {all:?}");
        }
        assert!(!all.iter().any(|have| have == "d" || have == "b"), "{all:?}");
    }

    #[test]
    fn test_code_and_depth_are_marked() {
        let source = "fn a() {} #[cfg(test)] mod tests { use super::*; fn b() {} } fn c() {}";
        let all = tokens(source);
        let token = |text: &str| all.iter().find(|token| token.text == text).expect(text);
        assert!(!token("a").test && token("b").test && !token("c").test);
        assert_eq!((token("a").depth, token("super").depth, token("c").depth), (0, 1, 0));
        assert!(!tokens("#[cfg(not(test))] fn a() {}").iter().any(|token| token.test));
    }

    #[test]
    fn functions_are_measured() {
        let found =
            functions(&tokens("fn a() {\n1\n}\ntrait T { fn b(); }\ntype F = fn(u8);\nfn c() { [1; 2] }"));
        let lines: Vec<_> =
            found.iter().map(|(name, line, lines, _)| (name.as_str(), *line, *lines)).collect();
        assert_eq!(lines, [("a", 1, 3), ("c", 6, 1)]);
    }
}
