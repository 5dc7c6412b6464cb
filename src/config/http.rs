//! `[http]`: where the small listener listens, and the key of the links in mails.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::raw::RawHttp;
use super::resolve::{Resolver, SecretKeys};
use super::secret::Secret;

/// Only this machine, unless somebody says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8580);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpSettings {
    /// `None`: no listener.
    pub listen: Option<SocketAddr>,
    /// Signs the links in mails; without one the daemon makes a key of its own.
    pub link_key: Option<Secret>,
}

pub(super) fn http(raw: &RawHttp, resolver: &mut Resolver<'_>) -> HttpSettings {
    let listen = match raw.listen.given() {
        None => Some(LISTEN),
        Some(text) if text.get_ref() == "off" => None,
        Some(text) => {
            let address = text.get_ref().parse().ok();
            if address.is_none() {
                let message = format!(
                    "`listen` is no address with a port: `{}` (examples: 127.0.0.1:8580, [::1]:8580, off)",
                    text.get_ref()
                );
                resolver.faults.add(text.span(), message);
            }
            address
        }
    };
    let link_key = resolver.secret(&SecretKeys {
        name: "link_key",
        inline: &raw.link_key,
        file: &raw.link_key_file,
        env: &raw.link_key_env,
        credential: &raw.link_key_credential,
    });
    HttpSettings { listen, link_key }
}
