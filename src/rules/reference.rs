//! The reference of the rule language, printed from the definitions.

use std::fmt::Write;

use super::keys::{KEYS, Key, Section};

/// One example of the reference: a whole rule file.
pub struct Example {
    /// The key that it shows.
    pub key: &'static str,
    pub text: String,
}

/// One whole rule file for each condition.
pub fn examples() -> Vec<Example> {
    KEYS.iter().map(|key| Example { key: key.name, text: example(key) }).collect()
}

fn example(key: &Key) -> String {
    let (name, example) = (key.name.replace('_', "-"), key.example);
    let rest = match key.subjects().first() {
        Some(&"deadline") => "on       = \"deadline\"\ndeadline = \"*\"\nremind   = [7, 1]\n",
        Some(&"trouble") => "on       = \"trouble\"\n",
        _ => "on       = \"notice\"\n",
    };
    // A product line is defined where it is used.
    let defined = match key.name {
        "product_line" => "[[product_line]]\nname   = \"brakes\"\ntariff = [\"8708.30\", \"6813\"]\n\n",
        _ => "",
    };
    format!(
        "{defined}[[rule]]\nname     = \"by-{name}\"\ntitle    = \"Example\"\n{rest}when     = {{ {example} }}\nseverity = \"warning\"\n"
    )
}

/// The page `docs/rules-reference.md`.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for (section, title) in Section::ALL {
        let keys: Vec<&Key> = KEYS.iter().filter(|key| key.section == section).collect();
        if keys.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n## {title}\n");
        for key in keys {
            let _ = writeln!(
                page,
                "### `{}`\n\n{}; rules on: {}{}. Holds when: {}.\n\n```toml\nwhen = {{ {} }}\n```\n",
                key.name,
                key.value,
                key.subjects().join(", "),
                if key.is_lasting() { "; in `until`" } else { "" },
                key.means,
                key.example
            );
        }
        page.pop();
    }
    let _ = write!(page, "\n{TAIL}");
    words(&mut page);
    page
}

fn words(page: &mut String) {
    use super::compile::SEVERITIES;
    use super::names::{effect_words, kind_words, status_words};
    let lists: [(&str, Vec<&str>); 4] = [
        ("severity", SEVERITIES.to_vec()),
        ("kind", kind_words().collect()),
        ("effect", effect_words().collect()),
        ("status, status_before, became", status_words().collect()),
    ];
    for (of, words) in lists {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = writeln!(page, "* {of}: {}", words.join(", "));
    }
}

const HEAD: &str = "\
# Conditions of rules

Generated from the definitions in the program; `UPDATE_EXPECT=1 cargo test --test rules` writes it anew. What a rule is, and
how rules work together, is told in [rules.md](rules.md).

A condition is a table, and all of its keys must hold. A key about something that is not there does not hold. A wrong key,
comparison or value is a fault when the file is loaded, shown with line, column and the nearest right name.
";

const TAIL: &str = "\
## How values are written

| value | written as |
|---|---|
| text | `\"x\"`, a list `[\"x\", \"y\"]`, `{ glob = \"27*\" }`, `{ prefix = \"27\" }`, `{ regex = \"^27\" }` |
| word(s) | `\"x\"` or a list, out of the words below |
| severity | `\"critical\"`, a list, or `{ at_least = \"warning\" }` |
| tariff number(s) | `\"8708.30\"` or a list: chapters, headings or numbers, with or without dots; each covers all that begin like it |
| number | `{ above, below, at_least, at_most }`; whole numbers, or amounts in quotes: `{ above = \"250.00\" }` |
| comparison of a field | a text, a number, a date `{ before = 2026-04-01, after = 2026-03-01 }`, or `true`/`false`: it is there, or not |
| day name(s) | `Mon`, `Tue`, `Wed`, `Thu`, `Fri`, `Sat`, `Sun` |

Words:

";
