//! Is this the server we were told about? Our own check of known_hosts files and fingerprints.
//!
//! libssh2 has such a check, but it accepts revoked keys, falls back to the entry of another port, knows no patterns,
//! and gives up on a file for one odd line. This one follows sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", and is stricter
//! in one thing: for a port other than 22 only `[host]:port` counts.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::pattern;

/// The default port of SSH, which known_hosts does not write.
const SSH_PORT: u16 = 22;
/// A known_hosts file is never larger than this.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Why a host key was not accepted.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HostKeyError {
    #[error(
        "the server offers {offered}, but {expected} is pinned; if the partner changed its key, ask for the new fingerprint and verify it by another way"
    )]
    Mismatch { offered: String, expected: String },
    #[error("the server offers {offered}, which `{file}` lists as revoked", file = file.display())]
    Revoked { offered: OfferedKey, file: PathBuf },
    #[error("`{file}` has no key for `{host}`; the server offers {offered}{hint}", file = file.display())]
    Unknown { host: String, offered: OfferedKey, file: PathBuf, hint: &'static str },
    #[error("`{file}` has no usable key for `{host}`{hint}", file = file.display())]
    NoneRecorded { host: String, file: PathBuf, hint: &'static str },
    #[error("`{file}` could not be read: {reason}", file = file.display())]
    Unreadable { file: PathBuf, reason: String },
    #[error(
        "`{pin}` is not a fingerprint (example: `SHA256:` and 43 characters, as `ssh-keygen -lf` prints)"
    )]
    BadPin { pin: String },
    #[error("the server showed no host key")]
    NoKey,
}

/// A host key as it came from a server: type and SHA-256 fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedKey {
    pub kind: String,
    pub fingerprint: String,
}

impl OfferedKey {
    pub fn of(blob: &[u8]) -> Self {
        Self { kind: kind_of(blob).unwrap_or("unknown type").to_owned(), fingerprint: fingerprint(blob) }
    }
}

impl std::fmt::Display for OfferedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.fingerprint)
    }
}

/// `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

/// The type that a key blob names in its first string.
pub fn kind_of(blob: &[u8]) -> Option<&str> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok()
}

/// Compares an offered key with a pinned fingerprint.
///
/// # Errors
/// [`HostKeyError::Mismatch`], or [`HostKeyError::BadPin`] for a pin that is none.
pub fn check_fingerprint(pin: &str, blob: &[u8]) -> Result<(), HostKeyError> {
    let wanted = pin_digest(pin)?;
    if Sha256::digest(blob).as_slice() == wanted {
        return Ok(());
    }
    Err(HostKeyError::Mismatch { offered: OfferedKey::of(blob).to_string(), expected: pin.to_owned() })
}

/// The digest that a pin spells. For configuration checks too.
pub fn pin_digest(pin: &str) -> Result<[u8; 32], HostKeyError> {
    let digest = pin.trim().strip_prefix("SHA256:").map(|text| text.trim_end_matches('='));
    let digest = digest.and_then(|text| STANDARD_NO_PAD.decode(text).ok());
    digest.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| HostKeyError::BadPin { pin: pin.to_owned() })
}

/// The lines of a known_hosts file that speak about one host and port.
#[derive(Debug)]
pub struct Recorded {
    file: PathBuf,
    host: String,
    keys: Vec<Vec<u8>>,
    revoked: Vec<Vec<u8>>,
    /// The file knows the host by its plain name, though not with the port asked for.
    plain_only: bool,
}

impl Recorded {
    /// Reads a known_hosts file and keeps what concerns `host` and `port`.
    ///
    /// # Errors
    /// [`HostKeyError::Unreadable`].
    pub fn load(file: &Path, host: &str, port: u16) -> Result<Self, HostKeyError> {
        let unreadable = |reason: String| HostKeyError::Unreadable { file: file.to_owned(), reason };
        let size = std::fs::metadata(file).map_err(|error| unreadable(error.to_string()))?.len();
        if size > FILE_BYTES_MAX {
            return Err(unreadable(format!("larger than {FILE_BYTES_MAX} bytes")));
        }
        let bytes = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self::read(file, &String::from_utf8_lossy(&bytes), host, port))
    }

    /// Lines that make no sense are skipped: they can only make the file stricter, never let a key in.
    pub fn read(file: &Path, text: &str, host: &str, port: u16) -> Self {
        let plain = host.to_ascii_lowercase();
        let name = if port == SSH_PORT { plain.clone() } else { format!("[{plain}]:{port}") };
        let mut recorded = Self {
            file: file.to_owned(),
            host: name.clone(),
            keys: Vec::new(),
            revoked: Vec::new(),
            plain_only: false,
        };
        for entry in text.lines().filter_map(Entry::read) {
            if !names_match(entry.names, &name) {
                recorded.plain_only |= port != SSH_PORT && names_match(entry.names, &plain);
                continue;
            }
            match entry.marker {
                None => recorded.keys.push(entry.key),
                Some("@revoked") => recorded.revoked.push(entry.key),
                // Certificate authorities are not followed: partners' servers are pinned key by key.
                Some(_) => {}
            }
        }
        recorded
    }

    /// Compares the key that the server showed.
    ///
    /// # Errors
    /// [`HostKeyError::Revoked`], [`HostKeyError::Mismatch`] or [`HostKeyError::Unknown`].
    pub fn check(&self, blob: &[u8]) -> Result<(), HostKeyError> {
        let offered = OfferedKey::of(blob);
        let holds = |keys: &[Vec<u8>]| keys.iter().any(|key| key == blob);
        if holds(&self.revoked) {
            return Err(HostKeyError::Revoked { offered, file: self.file.clone() });
        }
        if holds(&self.keys) {
            return Ok(());
        }
        if self.keys.is_empty() {
            let (host, file, hint) = (self.host.clone(), self.file.clone(), self.hint());
            return Err(HostKeyError::Unknown { host, offered, file, hint });
        }
        let expected: Vec<String> = self.keys.iter().map(|key| OfferedKey::of(key).to_string()).collect();
        Err(HostKeyError::Mismatch { offered: offered.to_string(), expected: expected.join(" or ") })
    }

    /// The host key algorithms to offer: those of the recorded keys and no others, best first.
    ///
    /// # Errors
    /// [`HostKeyError::NoneRecorded`] when no recorded key can be used: connecting would prove nothing.
    pub fn algorithms(&self) -> Result<Vec<&'static str>, HostKeyError> {
        let recorded = |kind: &str| self.keys.iter().any(|key| kind_of(key) == Some(kind));
        let wanted =
            KEY_TYPES.iter().filter(|(kind, _)| recorded(kind)).flat_map(|(_, algorithms)| *algorithms);
        let algorithms: Vec<&'static str> = wanted.copied().collect();
        if algorithms.is_empty() {
            let (host, file, hint) = (self.host.clone(), self.file.clone(), self.hint());
            return Err(HostKeyError::NoneRecorded { host, file, hint });
        }
        Ok(algorithms)
    }

    fn hint(&self) -> &'static str {
        if self.plain_only {
            " (it has keys for the host without the port; write `[host]:port`, as `ssh-keyscan -p` does)"
        } else if !self.revoked.is_empty() {
            " (it lists only revoked keys)"
        } else {
            ""
        }
    }
}

/// Key types, and the signature algorithms that prove them. An `ssh-rsa` key signs with SHA-2; SHA-1 is gone.
pub(crate) const KEY_TYPES: &[(&str, &[&str])] = &[
    ("ssh-ed25519", &["ssh-ed25519"]),
    ("ecdsa-sha2-nistp256", &["ecdsa-sha2-nistp256"]),
    ("ecdsa-sha2-nistp384", &["ecdsa-sha2-nistp384"]),
    ("ecdsa-sha2-nistp521", &["ecdsa-sha2-nistp521"]),
    ("ssh-rsa", &["rsa-sha2-512", "rsa-sha2-256"]),
];

/// One line: `[marker] names keytype base64 [comment]`.
struct Entry<'a> {
    marker: Option<&'a str>,
    names: &'a str,
    key: Vec<u8>,
}

impl<'a> Entry<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let first = fields.next().filter(|field| !field.starts_with('#'))?;
        let (marker, names) =
            if first.starts_with('@') { (Some(first), fields.next()?) } else { (None, first) };
        let kind = fields.next()?;
        let key = STANDARD.decode(fields.next()?).ok()?;
        (kind_of(&key) == Some(kind)).then_some(Self { marker, names, key })
    }
}

/// True when the names of a line mean this host. A negated pattern that matches rules the whole line out.
fn names_match(names: &str, host: &str) -> bool {
    let mut found = false;
    for name in names.split(',') {
        match name.strip_prefix('!') {
            Some(not) if name_matches(not, host) => return false,
            Some(_) => {}
            None => found |= name_matches(name, host),
        }
    }
    found
}

fn name_matches(name: &str, host: &str) -> bool {
    match name.strip_prefix("|1|") {
        Some(hashed) => hash_matches(hashed, host).unwrap_or(false),
        None => pattern::matches(name, host),
    }
}

/// Hashed names: base64 salt, `|`, base64 HMAC-SHA1 of the name under the salt.
fn hash_matches(hashed: &str, host: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(host.as_bytes());
    Some(mac.finalize().into_bytes().as_slice() == STANDARD.decode(hash).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A made-up key blob: its type as an SSH string, then a body.
    fn blob(kind: &str, body: &str) -> Vec<u8> {
        let length = u32::try_from(kind.len()).expect("a short name").to_be_bytes();
        [&length, kind.as_bytes(), body.as_bytes()].concat()
    }

    fn ed(body: &str) -> Vec<u8> {
        blob("ssh-ed25519", body)
    }

    fn line(names: &str, key: &[u8]) -> String {
        format!("{names} {} {}", kind_of(key).expect("a type"), STANDARD.encode(key))
    }

    fn hashed(host: &str) -> String {
        let salt = b"salt-of-20-bytes-abc";
        let mut mac = Hmac::<Sha1>::new_from_slice(salt).expect("any length");
        mac.update(host.as_bytes());
        format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(mac.finalize().into_bytes()))
    }

    fn verdict(text: &str, host: &str, port: u16, key: &[u8]) -> &'static str {
        match Recorded::read(Path::new("known_hosts"), text, host, port).check(key) {
            Ok(()) => "ok",
            Err(HostKeyError::Mismatch { .. }) => "mismatch",
            Err(HostKeyError::Revoked { .. }) => "revoked",
            Err(HostKeyError::Unknown { .. }) => "unknown",
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn known_hosts_lines() {
        let (good, bad) = (ed("good"), ed("bad"));
        let rsa = blob("ssh-rsa", "rsa");
        let both = |first: String, second: String| format!("{first}\n{second}\n");
        let cases: Vec<(&str, String, &str, u16, &str)> = vec![
            ("plain", line("sftp.example", &good), "sftp.example", 22, "ok"),
            ("case of names", line("SFTP.Example", &good), "sftp.EXAMPLE", 22, "ok"),
            ("list of names", line("a.example,sftp.example,192.0.2.1", &good), "192.0.2.1", 22, "ok"),
            ("other key", line("sftp.example", &bad), "sftp.example", 22, "mismatch"),
            ("other type", line("sftp.example", &rsa), "sftp.example", 22, "mismatch"),
            ("second key counts", both(line("h", &bad), line("h", &good)), "h", 22, "ok"),
            ("other host", line("other.example", &good), "sftp.example", 22, "unknown"),
            ("nothing", String::new(), "h", 22, "unknown"),
            ("port", line("[h]:2222", &good), "h", 2222, "ok"),
            ("port 22 is written plain", line("[h]:22", &good), "h", 22, "unknown"),
            ("no fall back to the plain host", line("h", &good), "h", 2222, "unknown"),
            ("port entry disagrees", both(line("[h]:2222", &bad), line("h", &good)), "h", 2222, "mismatch"),
            ("other port", line("[h]:2223", &good), "h", 2222, "unknown"),
            ("star", line("*.example", &good), "sftp.example", 22, "ok"),
            ("star does not reach over a port", line("*.example", &good), "sftp.example", 2222, "unknown"),
            ("star with port", line("[*.example]:2222", &good), "sftp.example", 2222, "ok"),
            ("question mark", line("sftp?.example", &good), "sftp1.example", 22, "ok"),
            ("negation", line("*.example,!sftp.example", &good), "sftp.example", 22, "unknown"),
            ("negation first", line("!sftp.example,*.example", &good), "sftp.example", 22, "unknown"),
            ("negation of another", line("*.example,!x.example", &good), "sftp.example", 22, "ok"),
            ("only a negation", line("!x.example", &good), "sftp.example", 22, "unknown"),
            ("hashed", line(&hashed("h"), &good), "H", 22, "ok"),
            ("hashed with port", line(&hashed("[h]:2222"), &good), "h", 2222, "ok"),
            ("hashed, other host", line(&hashed("other"), &good), "h", 22, "unknown"),
            ("hashed, other key", line(&hashed("h"), &bad), "h", 22, "mismatch"),
            ("broken hash", line("|1|!!|??", &good), "h", 22, "unknown"),
            ("revoked", format!("@revoked {}", line("h", &good)), "h", 22, "revoked"),
            (
                "revoked and listed",
                both(line("h", &good), format!("@revoked {}", line("*", &good))),
                "h",
                22,
                "revoked",
            ),
            (
                "another revoked",
                both(line("h", &good), format!("@revoked {}", line("h", &bad))),
                "h",
                22,
                "ok",
            ),
            ("authority is no key", format!("@cert-authority {}", line("h", &good)), "h", 22, "unknown"),
            ("unknown marker", format!("@new {}", line("h", &good)), "h", 22, "unknown"),
            ("CRLF", format!("# file\r\n{}\r\n", line("h", &good)), "h", 22, "ok"),
            ("tabs and comment", line("h", &good).replace(' ', "\t") + "\tcomment here", "h", 22, "ok"),
            (
                "junk lines",
                both("junk\n\n   \nh ssh-ed25519\nh ssh-ed25519 ***".into(), line("h", &good)),
                "h",
                22,
                "ok",
            ),
            ("commented out", format!("#{}", line("h", &good)), "h", 22, "unknown"),
            ("type and key disagree", line("h", &good).replace("ssh-ed25519", "ssh-rsa"), "h", 22, "unknown"),
        ];
        for (what, text, host, port, wanted) in cases {
            assert_eq!(verdict(&text, host, port, &good), wanted, "{what}");
        }
    }

    #[test]
    fn only_recorded_types_are_offered() {
        let keys = [blob("ssh-rsa", "r"), blob("ecdsa-sha2-nistp256", "e"), blob("ssh-dss", "d")];
        let text = keys.iter().map(|key| line("h", key)).collect::<Vec<_>>().join("\n");
        let recorded = Recorded::read(Path::new("known_hosts"), &text, "h", 22);
        assert_eq!(recorded.algorithms(), Ok(vec!["ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256"]));
        for text in [line("h", &keys[2]), String::new(), format!("@revoked {}", line("h", &keys[0]))] {
            let recorded = Recorded::read(Path::new("known_hosts"), &text, "h", 22);
            assert!(matches!(recorded.algorithms(), Err(HostKeyError::NoneRecorded { .. })), "{text}");
        }
    }

    #[test]
    fn fingerprints_are_compared_by_value() {
        let (good, bad) = (ed("good"), ed("bad"));
        let pin = fingerprint(&good);
        assert_eq!(pin.len(), "SHA256:".len() + 43);
        assert_eq!(check_fingerprint(&pin, &good), Ok(()));
        assert_eq!(check_fingerprint(&format!(" {pin}= "), &good), Ok(()));
        assert!(matches!(check_fingerprint(&pin, &bad), Err(HostKeyError::Mismatch { .. })));
        for wrong in ["", "SHA256:", "MD5:00:11", "SHA256:short", &pin.to_lowercase()] {
            assert!(matches!(check_fingerprint(wrong, &good), Err(HostKeyError::BadPin { .. })), "{wrong}");
        }
    }

    #[test]
    fn errors_say_what_was_offered_and_what_was_expected() {
        let (good, bad) = (ed("good"), ed("bad"));
        let error = check_fingerprint(&fingerprint(&good), &bad).expect_err("another key").to_string();
        assert!(error.contains(&fingerprint(&good)) && error.contains(&fingerprint(&bad)), "{error}");
        let recorded = Recorded::read(Path::new("kh"), &line("h", &good), "h", 2222);
        let error = recorded.check(&good).expect_err("no such port").to_string();
        assert!(error.contains("[h]:2222") && error.contains("without the port"), "{error}");
        let error = Recorded::load(Path::new("/nonexistent/kh"), "h", 22).expect_err("no file").to_string();
        assert!(error.contains("/nonexistent/kh"), "{error}");
    }

    #[test]
    fn odd_blobs_are_refused_quietly() {
        for blob in [&b""[..], b"\0", b"\xff\xff\xff\xff", b"\0\0\0\x20short"] {
            assert_eq!(kind_of(blob), None);
            assert!(Recorded::read(Path::new("kh"), "", "h", 22).check(blob).is_err());
        }
    }
}
