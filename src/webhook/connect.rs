//! From the address of a webhook to a stream that is encrypted, or stays on this machine.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::{HookSettings, HookUrl};

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;

/// The largest file of certificates that is read.
const CA_BYTES_MAX: u64 = 4 << 20;

/// What is wrong with the settings themselves.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("could not read the certificates in `{path}`")]
    CaFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there is no usable certificate in `{path}`")]
    CaContent { path: PathBuf },
    #[error("TLS could not be set up")]
    Tls(#[source] rustls::Error),
    #[error("`{host}` is no name that a certificate can bear")]
    Name {
        host: Box<str>,
        #[source]
        source: InvalidDnsNameError,
    },
}

/// Why there is no connection. Every letter waits for a better time.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("could not find the address of {host}: {source}")]
    Lookup { host: Box<str>, source: io::Error },
    #[error("{host} has no address")]
    NoAddress { host: Box<str> },
    #[error("{host} is not on this machine, and without https the letter would travel in the clear")]
    Plaintext { host: Box<str> },
    #[error("could not connect to {address}: {source}")]
    Tcp { address: SocketAddr, source: io::Error },
    #[error("could not agree on TLS with {host}: {source}")]
    Tls { host: Box<str>, source: io::Error },
}

/// The address, and the certificates that are trusted.
pub(super) struct Dialer {
    url: HookUrl,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A stream in the clear or encrypted.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Dialer {
    pub fn new(settings: &HookSettings) -> Result<Self, SetupError> {
        let url = settings.url.clone();
        if !url.is_https() {
            return Ok(Self { url, tls: None });
        }
        let roots = match &settings.ca_file {
            Some(path) => read_roots(path)?,
            None => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(SetupError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|source| SetupError::Name { host: url.host().into(), source })?;
        Ok(Self { url, tls: Some((TlsConnector::from(Arc::new(config)), name)) })
    }

    pub async fn connect(&self) -> Result<Box<dyn Stream>, ConnectError> {
        let tcp = self.open().await?;
        let Some((tls, name)) = &self.tls else { return Ok(Box::new(tcp)) };
        match tls.connect(name.clone(), tcp).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(source) => Err(ConnectError::Tls { host: self.url.host().into(), source }),
        }
    }

    async fn open(&self) -> Result<TcpStream, ConnectError> {
        let host = || -> Box<str> { self.url.host().into() };
        let found = tokio::net::lookup_host((self.url.host(), self.url.port())).await;
        let found = found.map_err(|source| ConnectError::Lookup { host: host(), source })?;
        let found: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
        let mut last = match found.is_empty() {
            true => ConnectError::NoAddress { host: host() },
            false => ConnectError::Plaintext { host: host() },
        };
        let allowed = |address: &SocketAddr| self.tls.is_some() || address.ip().to_canonical().is_loopback();
        for address in found.into_iter().filter(allowed) {
            match TcpStream::connect(address).await {
                Ok(tcp) => {
                    // The request is one piece; nothing is gained by waiting for more.
                    tcp.set_nodelay(true).map_err(|source| ConnectError::Tcp { address, source })?;
                    return Ok(tcp);
                }
                Err(source) => last = ConnectError::Tcp { address, source },
            }
        }
        Err(last)
    }
}

fn read_roots(path: &Path) -> Result<RootCertStore, SetupError> {
    use std::io::Read;
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(CA_BYTES_MAX).read_to_end(&mut pem))
        .map_err(|source| SetupError::CaFile { path: path.to_owned(), source })?;
    let mut roots = RootCertStore::empty();
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(SetupError::CaContent { path: path.to_owned() });
    }
    Ok(roots)
}
