//! How many of what, and what went wrong, in words.

/// `1 file`, `2 files`, `3 entries`. The noun is one of ours: regular, in the singular.
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", plural(number, noun))
}

/// The noun alone, as it stands behind the number.
pub fn plural(number: u64, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number == 1 => noun.to_owned(),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

/// An error and its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        for (number, noun, text) in [
            (0u64, "file", "0 files"),
            (1, "file", "1 file"),
            (2, "entry", "2 entries"),
            (1, "entry", "1 entry"),
            (14, "day", "14 days"),
        ] {
            assert_eq!(count(number, noun), text);
        }
    }
}
