//! From a host name to a session that is encrypted, greeted and signed in.
//!
//! Every wait has a limit here. The library's own timeout covers no more than the TCP connect, so a server that falls
//! silent would hold us for ever.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use super::mail::is_domain;
use super::text;

/// The longest answer of a server that is kept, in characters.
const ANSWER_CHARS_MAX: usize = 400;

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;

/// The largest file of certificates that is read.
const CA_BYTES_MAX: u64 = 4 << 20;

/// How the conversation with the server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// STARTTLS, and nothing is sent unless the server agrees to it (port 587).
    StartTls,
    /// Nothing. For a server on this machine only, unless `allow_plaintext` is set; never with a password elsewhere.
    None,
}

/// Where mail goes.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Lets `Security::None` reach beyond this machine.
    pub allow_plaintext: bool,
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// PEM file of the authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The name that we greet with: ours, or an address.
    pub hello_name: String,
    /// The limit of every single exchange.
    pub timeout: Duration,
}

impl SmtpSettings {
    /// RFC 5321 (4.5.3.2) asks for some minutes; a server that takes longer than this gets the letter a second time.
    pub const TIMEOUT: Duration = Duration::from_secs(300);
}

/// What is wrong with the settings themselves.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("`{name}` is no name to greet a mail server with (example: host.example.com)")]
    HelloName { name: String },
    #[error("a user and a password for the mail server go together: one of them is missing")]
    HalfCredentials,
    #[error("could not read the certificates in `{path}`")]
    CaFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("there is no usable certificate in `{path}`: {problem}")]
    CaContent { path: PathBuf, problem: String },
    #[error("could not set up TLS for `{host}`: {problem}")]
    Tls { host: String, problem: String },
}

/// Why there is no session. None of it is about a letter: every letter waits for a better time.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("could not find the address of mail server {host}")]
    Lookup {
        host: String,
        #[source]
        source: io::Error,
    },
    #[error("mail server {host} has no address")]
    NoAddress { host: String },
    #[error(
        "mail server {host} is not on this machine, and security is `none`: mail would travel in the clear"
    )]
    Plaintext { host: String },
    #[error("could not connect to mail server {address}")]
    Tcp {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("mail server {server} did not answer within {} s ({stage})", limit.as_secs_f64())]
    TimedOut { server: String, stage: &'static str, limit: Duration },
    #[error("mail server {server} and we do not understand each other ({stage}): {problem}")]
    Talk { server: String, stage: &'static str, problem: String },
    #[error("mail server {server} refuses our user or password: {problem}")]
    SignIn { server: String, problem: String },
}

impl ConnectError {
    /// True when the same attempt may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::SignIn { .. } | Self::Plaintext { .. })
    }
}

/// The settings, checked, with everything that is read once.
pub(super) struct Dialer {
    pub settings: SmtpSettings,
    hello: ClientId,
    tls: Option<TlsParameters>,
}

impl Dialer {
    /// Checks the settings and reads the certificates.
    pub fn new(settings: SmtpSettings) -> Result<Self, SetupError> {
        let hello = match settings.hello_name.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) if is_domain(&settings.hello_name) => ClientId::Domain(settings.hello_name.clone()),
            Err(_) => {
                return Err(SetupError::HelloName {
                    name: text::line(&settings.hello_name, ANSWER_CHARS_MAX),
                });
            }
        };
        if settings.user.is_some() != settings.password.is_some() {
            return Err(SetupError::HalfCredentials);
        }
        let tls = match settings.security {
            Security::None => None,
            Security::Tls | Security::StartTls => Some(tls_parameters(&settings)?),
        };
        Ok(Self { settings, hello, tls })
    }

    pub fn server(&self) -> String {
        format!("{}:{}", self.settings.host, self.settings.port)
    }

    /// Opens a session: TCP, greeting, TLS, sign-in.
    pub async fn connect(&self) -> Result<AsyncSmtpConnection, ConnectError> {
        let tcp = self.open().await?;
        let mut session = match (self.settings.security, &self.tls) {
            (Security::Tls, Some(tls)) => {
                let stream = self.within("TLS", TlsSocket::over(tcp, tls.clone())).await?;
                self.greet(Box::new(stream)).await?
            }
            (Security::StartTls, Some(tls)) => {
                let mut session = self.greet(Box::new(PlainSocket::new(tcp))).await?;
                self.within("STARTTLS", session.starttls(tls.clone(), &self.hello)).await?;
                session
            }
            _ => self.greet(Box::new(tcp)).await?,
        };
        self.sign_in(&mut session).await?;
        Ok(session)
    }

    async fn open(&self) -> Result<TcpStream, ConnectError> {
        let settings = &self.settings;
        let host = || settings.host.clone();
        let lookup = tokio::net::lookup_host((settings.host.as_str(), settings.port));
        let found = match timeout(settings.timeout, lookup).await {
            Err(_) => return Err(self.timed_out("looking up its address")),
            Ok(Err(source)) => return Err(ConnectError::Lookup { host: host(), source }),
            Ok(Ok(found)) => found.take(ADDRESSES_MAX).collect::<Vec<_>>(),
        };
        let clear_elsewhere = settings.allow_plaintext && settings.user.is_none();
        let allowed = |address: &SocketAddr| {
            settings.security != Security::None
                || clear_elsewhere
                || address.ip().to_canonical().is_loopback()
        };
        let mut last = match found.is_empty() {
            true => ConnectError::NoAddress { host: host() },
            false => ConnectError::Plaintext { host: host() },
        };
        for address in found.into_iter().filter(allowed) {
            match timeout(settings.timeout, TcpStream::connect(address)).await {
                Ok(Ok(tcp)) => {
                    // Without this, the end of each mail waits for a delayed acknowledgement: 44 ms instead of 0.1.
                    tcp.set_nodelay(true).map_err(|source| ConnectError::Tcp { address, source })?;
                    return Ok(tcp);
                }
                Ok(Err(source)) => last = ConnectError::Tcp { address, source },
                Err(_) => last = self.timed_out("connecting"),
            }
        }
        Err(last)
    }

    async fn greet(&self, stream: Box<dyn AsyncTokioStream>) -> Result<AsyncSmtpConnection, ConnectError> {
        self.within("greeting", AsyncSmtpConnection::connect_with_transport(stream, &self.hello)).await
    }

    async fn sign_in(&self, session: &mut AsyncSmtpConnection) -> Result<(), ConnectError> {
        let (Some(user), Some(password)) = (&self.settings.user, &self.settings.password) else {
            return Ok(());
        };
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let answer = session.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
        match timeout(self.settings.timeout, answer).await {
            Ok(Ok(answer)) if answer.has_code(235) => Ok(()),
            Ok(Ok(answer)) => Err(self.talk("signing in", format!("odd answer {}", answer.code()))),
            Ok(Err(error)) if error.is_permanent() || error.is_client() => {
                Err(ConnectError::SignIn { server: self.server(), problem: words(&error) })
            }
            Ok(Err(error)) => Err(self.talk("signing in", words(&error))),
            Err(_) => Err(self.timed_out("signing in")),
        }
    }

    async fn within<T>(
        &self,
        stage: &'static str,
        work: impl Future<Output = Result<T, smtp::Error>>,
    ) -> Result<T, ConnectError> {
        match timeout(self.settings.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(self.talk(stage, words(&error))),
            Err(_) => Err(self.timed_out(stage)),
        }
    }

    fn timed_out(&self, stage: &'static str) -> ConnectError {
        ConnectError::TimedOut { server: self.server(), stage, limit: self.settings.timeout }
    }

    fn talk(&self, stage: &'static str, problem: String) -> ConnectError {
        ConnectError::Talk { server: self.server(), stage, problem }
    }
}

/// An error of the library with its causes, on one line of bounded length: part of it is the server's own words.
pub(super) fn words(error: &smtp::Error) -> String {
    text::line(&error.to_string(), ANSWER_CHARS_MAX)
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SetupError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        builder = builder.certificate_store(CertificateStore::None);
        for certificate in read_certificates(path)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build().map_err(|error| SetupError::Tls { host: settings.host.clone(), problem: words(&error) })
}

fn read_certificates(path: &std::path::Path) -> Result<Vec<Certificate>, SetupError> {
    use std::io::Read;
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(CA_BYTES_MAX).read_to_end(&mut pem))
        .map_err(|source| SetupError::CaFile { path: path.to_owned(), source })?;
    let refuse = |problem: String| SetupError::CaContent { path: path.to_owned(), problem };
    if memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_none() {
        return Err(refuse("no PEM certificate".to_owned()));
    }
    Certificate::from_pem(&pem).map(|certificate| vec![certificate]).map_err(|error| refuse(words(&error)))
}

/// A socket in the clear part of a STARTTLS conversation.
///
/// It hands out one byte at a time until we send the first TLS record. The library reads ahead, and keeps over the
/// change to TLS what it has read; an attacker on the way could put answers behind the server's `220` that we would
/// then take for answers of the encrypted session.
#[derive(Debug)]
struct PlainSocket {
    tcp: TcpStream,
    is_clear: bool,
}

/// The first byte of a TLS handshake record; no SMTP command starts with it.
const TLS_HANDSHAKE: u8 = 0x16;

impl PlainSocket {
    fn new(tcp: TcpStream) -> Self {
        Self { tcp, is_clear: true }
    }
}

impl AsyncRead for PlainSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.is_clear || buffer.remaining() == 0 {
            return Pin::new(&mut self.tcp).poll_read(cx, buffer);
        }
        let mut one = [0; 1];
        let mut byte = ReadBuf::new(&mut one);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut byte))?;
        buffer.put_slice(byte.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PlainSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.first() == Some(&TLS_HANDSHAKE) {
            self.is_clear = false;
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for PlainSocket {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

/// A socket that speaks TLS from the first byte, over a TCP connection of our own making (for its small-packet delay).
#[derive(Debug)]
struct TlsSocket {
    tls: Compat<Encrypted>,
    peer: SocketAddr,
}

#[expect(deprecated, reason = "the only way to put the library's TLS over a socket that we opened")]
type Encrypted = smtp::client::AsyncNetworkStream;

impl TlsSocket {
    async fn over(tcp: TcpStream, tls: TlsParameters) -> Result<Self, smtp::Error> {
        let peer = tcp.peer_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        let mut stream = Encrypted::use_existing_tokio1(Box::new(tcp));
        stream.upgrade_tls(tls).await?;
        Ok(Self { tls: stream.compat(), peer })
    }
}

impl AsyncRead for TlsSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TlsSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for TlsSocket {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
