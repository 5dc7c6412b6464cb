//! Shapes of texts: names, addresses, hosts, paths.

use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

/// The longest name of a broker, drop or team.
pub(super) const NAME_CHARS_MAX: usize = 60;

/// Letters, digits, `.`, `_`, `-`: safe in keys, file names and logs.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.len() <= NAME_CHARS_MAX && text.chars().all(is_plain)
}

/// `local@domain`, without a name and without comments.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    let dots_fit = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    (1..=64).contains(&local.len()) && local.chars().all(is_local) && dots_fit && is_domain(domain)
}

/// The address in `Name <local@domain>`, or the address alone.
pub(super) fn address_of(text: &str) -> Option<&str> {
    let text = text.trim();
    let address = match text.strip_suffix('>') {
        Some(rest) => {
            let (name, address) = rest.rsplit_once('<')?;
            let is_plain = |c: char| !c.is_control() && !matches!(c, '<' | '>' | '@' | ',' | ';');
            name.chars().all(is_plain).then_some(address)?
        }
        None => text,
    };
    is_address(address).then_some(address)
}

/// Labels of letters, digits and hyphens, with dots.
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A host name or an address, without scheme, port and brackets. Names may have underscores.
pub(super) fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_domain(&text.replace('_', "-"))
}

/// This machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `SHA256:` and 43 base64 characters, as `ssh-keygen -lf` prints a key.
pub(super) fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:").is_some_and(|rest| {
        rest.len() == 43 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    })
}

/// A name that a shell accepts.
pub(super) fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `info`, or a list like `info,entrywatch::intake=debug`.
pub(super) fn is_log_filter(text: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let is_target = |target: &str| {
        !target.is_empty() && target.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'))
    };
    text.split(',').map(str::trim).all(|part| match part.split_once('=') {
        Some((target, level)) => is_target(target) && LEVELS.contains(&level),
        None => LEVELS.contains(&part),
    })
}

/// Removes `.` and `a/..`, so that two spellings of a folder meet. Links are not followed.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, wanted) in [
            ("ops@example.com", true),
            ("o.p-s+1@mail.example.com", true),
            ("ops@localhost", true),
            ("ops", false),
            ("ops@", false),
            ("a@b@c", false),
            ("ops @example.com", false),
            (".ops@example.com", false),
            ("ops@exa mple.com", false),
            ("ops@-example.com", false),
            ("ops@example..com", false),
        ] {
            assert_eq!(is_address(text), wanted, "{text}");
        }
        assert_eq!(address_of("Entry Watch <e@example.com>"), Some("e@example.com"));
        assert_eq!(address_of("e@example.com"), Some("e@example.com"));
        for bad in ["Entry <e@example.com", "a\nb <e@example.com>", "x@y <e@example.com>", "<>"] {
            assert_eq!(address_of(bad), None, "{bad}");
        }
        for host in ["sftp.example.com", "10.0.0.1", "::1", "my_host"] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", "sftp://example.com", "example.com:22", "exa mple", "[::1]"] {
            assert!(!is_host(host), "{host}");
        }
        assert!(is_loopback("LOCALHOST") && is_loopback("127.0.0.9") && is_loopback("::1"));
        assert!(!is_loopback("127.0.0.1.example.com"));
        assert!(is_fingerprint(&format!("SHA256:{}", "a".repeat(43))));
        assert!(!is_fingerprint(&format!("SHA256:{}=", "a".repeat(42))) && !is_fingerprint("MD5:00:11"));
        assert!(is_log_filter("info,entrywatch::intake=debug") && !is_log_filter("loud") && !is_log_filter(""));
        assert!(is_variable("SMTP_PASSWORD") && !is_variable("1A") && !is_variable("A-B") && !is_variable(""));
        assert!(is_name("acme-1") && !is_name("a|b") && !is_name(""));
    }

    #[test]
    fn paths_meet_in_one_spelling() {
        for (path, wanted) in [("/a/./b/../c/", "/a/c"), ("a/..", ""), ("../a", "../a"), ("/..", "/..")] {
            assert_eq!(normal(Path::new(path)), Path::new(wanted), "{path}");
        }
    }
}
