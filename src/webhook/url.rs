//! The address of a webhook: `https://pager.example.com/hooks/customs`.

use std::fmt;

/// Checked by [`HookUrl::parse`]: a scheme, a host, a port, a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookUrl {
    is_https: bool,
    host: Box<str>,
    port: u16,
    /// Path and query.
    target: Box<str>,
}

impl HookUrl {
    /// `None` when it is no address of a page, or holds a user, a password or a fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let (is_https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return None,
        };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(at);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => {
                (host, port.parse().ok().filter(|port| *port > 0)?)
            }
            _ => (authority, if is_https { 443 } else { 80 }),
        };
        let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match inside {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            }
        };
        let is_target =
            target.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte));
        let target = match target.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'?') => format!("/{target}"),
            Some(_) => target.to_owned(),
        };
        (is_host && is_target).then(|| Self {
            is_https,
            host: inside.unwrap_or(host).into(),
            port,
            target: target.into(),
        })
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query, as they stand in the request.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What the `Host` header says.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_string() };
        if self.port == if self.is_https { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }
}

/// Without the path, which some services treat as a secret.
impl fmt::Display for HookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_https { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (text, parts) in [
            ("https://pager.example.com/a/b?c=d", Some(("https://pager.example.com", 443, "/a/b?c=d"))),
            ("https://pager.example.com:8443", Some(("https://pager.example.com:8443", 8443, "/"))),
            ("http://127.0.0.1:8080?x", Some(("http://127.0.0.1:8080", 8080, "/?x"))),
            ("http://[::1]:8080/x", Some(("http://[::1]:8080", 8080, "/x"))),
            ("https://[::1]/x", Some(("https://[::1]", 443, "/x"))),
            ("ftp://pager.example.com/", None),
            ("https://", None),
            ("https:///x", None),
            ("https://user:word@pager.example.com/", None),
            ("https://pager.example.com:0/", None),
            ("https://pager.example.com:x/", None),
            ("https://pager.example.com/a b", None),
            ("https://pager.example.com/a#b", None),
            ("https://pager.example.com/\r\nX: y", None),
        ] {
            let url = HookUrl::parse(text);
            let found = url.as_ref().map(|url| (url.to_string(), url.port(), url.target()));
            assert_eq!(found, parts.map(|(shown, port, target)| (shown.to_owned(), port, target)), "{text}");
        }
    }
}
