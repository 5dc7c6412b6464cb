//! What an SSH server offers, read from its first packet, to say why no common algorithm was found.
//!
//! libssh2 says only that the key exchange failed. The server's lists come in the clear before it (RFC 4253, 4.2 and
//! 7.1), so one more short connection is enough to name them.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Algorithm lists of one side, best first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offers {
    pub kex: Vec<String>,
    pub host_key: Vec<String>,
    pub ciphers: Vec<String>,
    pub macs: Vec<String>,
}

/// RFC 4253, 6.1: every implementation must take packets of this size; a KEXINIT is far smaller.
const PACKET_BYTES_MAX: u32 = 35_000;
/// Text lines that may come before the version (RFC 4253, 4.2), and their length.
const LINES_MAX: usize = 50;
const LINE_BYTES_MAX: u64 = 1024;
const MSG_KEXINIT: u8 = 20;

/// Asks a server for its lists.
pub fn ask(address: &SocketAddr, timeout: Duration) -> io::Result<Offers> {
    let mut stream = TcpStream::connect_timeout(address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    stream.write_all(b"SSH-2.0-entrywatch\r\n")?;
    read(&mut BufReader::new(stream))
}

fn read(from: &mut impl BufRead) -> io::Result<Offers> {
    let odd = || io::Error::new(io::ErrorKind::InvalidData, "the server does not speak SSH");
    let mut line = Vec::new();
    for _ in 0..LINES_MAX {
        line.clear();
        from.take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(odd());
        }
        if line.starts_with(b"SSH-") {
            return read_packet(from)?.and_then(|packet| parse(&packet)).ok_or_else(odd);
        }
    }
    Err(odd())
}

/// The payload of the first packet, without its padding.
fn read_packet(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let payload = length.checked_sub(1 + u32::from(head[4]));
    let Some(payload) = payload.filter(|_| length <= PACKET_BYTES_MAX) else { return Ok(None) };
    let mut bytes = Vec::new();
    from.take(u64::from(payload)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// RFC 4253, 7.1: message number, cookie (16), then name-lists.
fn parse(payload: &[u8]) -> Option<Offers> {
    let mut rest = payload.strip_prefix(&[MSG_KEXINIT])?.get(16..)?;
    let mut list = || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let names = after.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        rest = &after[names.len()..];
        Some(std::str::from_utf8(names).ok()?.split(',').map(str::to_owned).collect::<Vec<_>>())
    };
    let (kex, host_key, ciphers) = (list()?, list()?, list()?);
    let _server_to_client = list()?;
    Some(Offers { kex, host_key, ciphers, macs: list()? })
}

impl Offers {
    /// Names each kind of algorithm that the two sides do not share, with both lists. `None` when all are shared.
    pub fn missing(&self, server: &Offers) -> Option<String> {
        let kinds = [
            ("key exchange", &self.kex, &server.kex),
            ("host key", &self.host_key, &server.host_key),
            ("cipher", &self.ciphers, &server.ciphers),
            ("MAC", &self.macs, &server.macs),
        ];
        // Ciphers that authenticate need no MAC, so its list says nothing while such a cipher is shared.
        let needs_mac = !self.ciphers.iter().any(|name| is_aead(name) && server.ciphers.contains(name));
        let missing: Vec<String> = kinds
            .into_iter()
            .filter(|(kind, ours, theirs)| {
                (*kind != "MAC" || needs_mac) && !ours.iter().any(|name| theirs.contains(name))
            })
            .map(|(kind, ours, theirs)| {
                format!("{kind}: we offer {}; the server offers {}", printable(ours), printable(theirs))
            })
            .collect();
        (!missing.is_empty()).then(|| missing.join("; "))
    }
}

fn is_aead(cipher: &str) -> bool {
    cipher.contains("gcm") || cipher.contains("poly1305")
}

/// A list from the network, made safe for a log line.
fn printable(names: &[String]) -> String {
    const SHOWN_MAX: usize = 800;
    let text: String =
        names.join(", ").chars().map(|char| if char.is_ascii_graphic() { char } else { ' ' }).collect();
    text.chars().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(lists: [&str; 6]) -> Vec<u8> {
        let mut payload = vec![MSG_KEXINIT];
        payload.extend([7; 16]);
        for list in lists {
            payload.extend(u32::try_from(list.len()).expect("short").to_be_bytes());
            payload.extend(list.bytes());
        }
        let mut packet = u32::try_from(payload.len() + 5).expect("short").to_be_bytes().to_vec();
        packet.push(4);
        [packet, payload, vec![0; 4]].concat()
    }

    #[test]
    fn lists_are_read_from_the_first_packet() {
        let text =
            [b"Welcome\r\nSSH-2.0-x\r\n".to_vec(), packet(["k1,k2", "h1", "c1", "c9", "m1", "m9"])].concat();
        let offers = read(&mut text.as_slice()).expect("a KEXINIT");
        assert_eq!(offers.kex, ["k1", "k2"]);
        assert_eq!(
            (offers.host_key, offers.ciphers, offers.macs),
            (vec!["h1".into()], vec!["c1".into()], vec!["m1".into()])
        );
    }

    #[test]
    fn what_is_missing_is_named_with_both_lists() {
        let side = |kex: &str, cipher: &str, mac: &str| Offers {
            kex: vec![kex.into()],
            host_key: vec!["h".into()],
            ciphers: vec![cipher.into()],
            macs: vec![mac.into()],
        };
        assert_eq!(side("k", "aes-gcm", "m1").missing(&side("k", "aes-gcm", "m2")), None);
        let text = side("k", "aes-ctr", "m1").missing(&side("k2", "aes-ctr", "m2")).expect("two");
        assert_eq!(
            text,
            "key exchange: we offer k; the server offers k2; MAC: we offer m1; the server offers m2"
        );
    }

    #[test]
    fn other_servers_and_cut_packets_are_errors() {
        let whole = [b"SSH-2.0-x\r\n".to_vec(), packet(["k", "h", "c", "c", "m", "m"])].concat();
        for end in 0..whole.len() - 15 {
            assert!(read(&mut &whole[..end]).is_err(), "{end}");
        }
        for text in [
            &b"220 mail\r\n250 no\r\n"[..],
            b"SSH-2.0-x\r\n\xff\xff\xff\xff\0",
            &[b'\n'; 100],
            b"SSH-\n\0\0\0\0\0",
        ] {
            assert!(read(&mut &text[..]).is_err());
        }
    }
}
