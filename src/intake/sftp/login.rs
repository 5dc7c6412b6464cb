//! Getting to a logged-in session: dial, exchange keys, compare the host key, log in.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;

use secrecy::ExposeSecret;
use ssh2::{ErrorCode, MethodType, Session};

use super::{
    ADDRESSES_MAX, AUTHENTICATION_FAILED, Answered, DROP_TIMEOUT_MS, FILE_ERROR, Fault, IDENTITIES_MAX,
    KEEPALIVE_SECS, KEX_FAILURE, KEY_EXCHANGE_FAILURE, Link, PUBLICKEY_UNVERIFIED, SftpFolder, millis,
};
use crate::intake::known_hosts::{self, HostKeyError, KEY_TYPES, OfferedKey, Recorded};
use crate::intake::{HostKeyPin, IntakeError, SftpAuth, offers};

/// Why there is no connection.
enum Refusal {
    Connect(Fault),
    Login(Fault),
    HostKey(Box<HostKeyError>),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Connect(fault)
    }
}

impl From<HostKeyError> for Refusal {
    fn from(error: HostKeyError) -> Self {
        Self::HostKey(error.into())
    }
}

/// RSA keys are signed with SHA-512 unless told otherwise.
const RSA_HINT: &str = " (for an RSA key and a server that knows only rsa-sha2-256, set `sign`)";

impl SftpFolder {
    pub(super) fn connect(&mut self) -> Result<Link, IntakeError> {
        let server = self.settings.server();
        self.try_connect().map_err(|refusal| match refusal {
            Refusal::Connect(fault) => IntakeError::Connect { server, source: fault.into() },
            Refusal::Login(fault) => IntakeError::Login { server, source: fault.into() },
            Refusal::HostKey(source) => IntakeError::HostKey { server, source },
        })
    }

    fn try_connect(&mut self) -> Result<Link, Refusal> {
        let session = match &self.settings.host_key {
            HostKeyPin::KnownHosts(file) => {
                let recorded = Recorded::load(file, &self.settings.host, self.settings.port)?;
                let types = recorded.algorithms()?.join(",");
                let session = self.handshake(&types)?;
                recorded.check(session.host_key().ok_or(HostKeyError::NoKey)?.0)?;
                session
            }
            HostKeyPin::Fingerprint(pin) => self.handshake_for_pin(&pin.clone())?,
        };
        self.log_in(&session)?;
        session.set_keepalive(true, KEEPALIVE_SECS);
        let sftp = session.sftp().map_err(|error| self.fault(&error))?;
        Ok(Link { sftp, session, used: false })
    }

    /// A fingerprint does not tell the key's type, so the types are asked for in turn until one matches.
    fn handshake_for_pin(&mut self, pin: &str) -> Result<Session, Refusal> {
        known_hosts::pin_digest(pin)?;
        let mut types: Vec<_> = KEY_TYPES.to_vec();
        types.sort_by_key(|(kind, _)| self.matched_type.as_deref() != Some(*kind));
        let mut offered: Vec<String> = Vec::new();
        while !types.is_empty() {
            let list =
                types.iter().flat_map(|(_, algorithms)| *algorithms).copied().collect::<Vec<_>>().join(",");
            let session = match self.handshake(&list) {
                Ok(session) => session,
                // The server has no further type of key: the ones it showed are all there are.
                Err(Fault::NoCommonAlgorithm(_)) if !offered.is_empty() => break,
                Err(fault) => return Err(fault.into()),
            };
            let blob = session.host_key().ok_or(HostKeyError::NoKey)?.0;
            let kind = known_hosts::kind_of(blob).unwrap_or_default().to_owned();
            if known_hosts::check_fingerprint(pin, blob).is_ok() {
                self.matched_type = Some(kind);
                return Ok(session);
            }
            offered.push(OfferedKey::of(blob).to_string());
            let before = types.len();
            types.retain(|(type_, _)| *type_ != kind);
            if self.settings.algorithms.host_key.is_some() || types.len() == before {
                break;
            }
        }
        self.matched_type = None;
        Err(HostKeyError::Mismatch { offered: offered.join(" and "), expected: pin.to_owned() }.into())
    }

    /// Up to the key exchange; nothing is sent that an impostor should not see.
    fn handshake(&self, host_key_types: &str) -> Answered<Session> {
        let (stream, address) = self.dial()?;
        let mut session = Session::new().map_err(|error| self.fault(&error))?;
        session.set_timeout(millis(self.settings.timeout));
        let own = &self.settings.algorithms;
        let types = own.host_key.as_deref().unwrap_or(host_key_types);
        prefer(&session, "host key", &[MethodType::HostKey], Some(types))?;
        prefer(&session, "key exchange", &[MethodType::Kex], own.kex.as_deref())?;
        prefer(&session, "cipher", &[MethodType::CryptCs, MethodType::CryptSc], own.ciphers.as_deref())?;
        prefer(&session, "MAC", &[MethodType::MacCs, MethodType::MacSc], own.macs.as_deref())?;
        prefer(&session, "signature", &[MethodType::SignAlgo], own.sign.as_deref())?;
        session.set_tcp_stream(stream);
        session.handshake().map_err(|error| {
            session.set_timeout(DROP_TIMEOUT_MS);
            match error.code() {
                ErrorCode::Session(KEX_FAILURE | KEY_EXCHANGE_FAILURE) => {
                    self.explain(&session, types, &address).unwrap_or_else(|| self.fault(&error))
                }
                _ => self.fault(&error),
            }
        })?;
        Ok(session)
    }

    fn dial(&self) -> Answered<(TcpStream, SocketAddr)> {
        let host = &self.settings.host;
        let resolve = |source| Fault::Resolve { host: host.clone(), source };
        let addresses = (host.as_str(), self.settings.port).to_socket_addrs().map_err(resolve)?;
        let mut last = Fault::NoAddress(host.clone());
        for address in addresses.take(ADDRESSES_MAX) {
            let dialled = TcpStream::connect_timeout(&address, self.settings.timeout);
            match dialled.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
                Ok(stream) => return Ok((stream, address)),
                Err(source) => last = Fault::Tcp { address, source },
            }
        }
        Err(last)
    }

    /// Finds out which algorithm was missing; `None` when that was not the reason.
    fn explain(&self, session: &Session, host_key_types: &str, address: &SocketAddr) -> Option<Fault> {
        let server = offers::ask(address, self.settings.timeout).ok()?;
        let own = &self.settings.algorithms;
        let ours = |list: Option<&str>, method| match list {
            Some(list) => list.split(',').map(str::to_owned).collect(),
            None => supported(session, method),
        };
        let ours = offers::Offers {
            kex: ours(own.kex.as_deref(), MethodType::Kex),
            host_key: ours(Some(host_key_types), MethodType::HostKey),
            ciphers: ours(own.ciphers.as_deref(), MethodType::CryptCs),
            macs: ours(own.macs.as_deref(), MethodType::MacCs),
        };
        ours.missing(&server).map(Fault::NoCommonAlgorithm)
    }

    fn log_in(&self, session: &Session) -> Result<(), Refusal> {
        let user = &self.settings.user;
        let methods = match session.auth_methods(user) {
            Ok(methods) => methods.to_owned(),
            Err(_) if session.authenticated() => return Ok(()),
            Err(error) => return Err(Refusal::Connect(self.fault(&error))),
        };
        let takes = |method: &str| methods.split(',').any(|name| name == method);
        let lacks = |wanted| Err(Refusal::Login(Fault::NoSuchMethod { wanted, methods: methods.clone() }));
        match &self.settings.auth {
            SftpAuth::Password(password) if takes("password") => {
                let tried = session.userauth_password(user, password.expose_secret());
                tried.map_err(|error| self.refused(&error, "password", ""))
            }
            SftpAuth::Password(password) if takes("keyboard-interactive") => {
                let tried =
                    session.userauth_keyboard_interactive(user, &mut Prompter(password.expose_secret()));
                tried.map_err(|error| self.refused(&error, "password", ""))
            }
            SftpAuth::Password(_) => lacks("a password"),
            SftpAuth::Key { .. } | SftpAuth::Agent { .. } if !takes("publickey") => lacks("a key"),
            SftpAuth::Key { path, passphrase } => {
                let readable = std::fs::File::open(path);
                readable.map_err(|source| Refusal::Login(Fault::KeyFile { path: path.clone(), source }))?;
                let passphrase = passphrase.as_ref().map(ExposeSecret::expose_secret);
                session.userauth_pubkey_file(user, None, path, passphrase).map_err(|error| {
                    match error.code() {
                        ErrorCode::Session(AUTHENTICATION_FAILED) => self.refused(&error, "key", RSA_HINT),
                        ErrorCode::Session(FILE_ERROR | PUBLICKEY_UNVERIFIED) => Refusal::Login(Fault::Key {
                            path: path.clone(),
                            text: error.message().to_owned(),
                        }),
                        _ => self.refused(&error, "key", ""),
                    }
                })
            }
            SftpAuth::Agent { socket } => self.log_in_by_agent(session, socket.as_deref()),
        }
    }

    fn log_in_by_agent(&self, session: &Session, socket: Option<&Path>) -> Result<(), Refusal> {
        let silent = |error: ssh2::Error| Refusal::Login(Fault::NoAgent { text: error.message().to_owned() });
        let mut agent = session.agent().map_err(silent)?;
        if let Some(socket) = socket {
            agent.set_identity_path(socket).map_err(silent)?;
        }
        agent.connect().map_err(silent)?;
        agent.list_identities().map_err(silent)?;
        let mut refusal = Refusal::Login(Fault::NoIdentity);
        for identity in agent.identities().map_err(silent)?.iter().take(IDENTITIES_MAX) {
            match agent.userauth(&self.settings.user, identity) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = self.refused(&error, "agent's key", RSA_HINT),
            }
        }
        Err(refusal)
    }

    /// A server that stops talking during the login is out of reach; one that says no has refused.
    fn refused(&self, error: &ssh2::Error, what: &'static str, hint: &'static str) -> Refusal {
        match error.code() {
            ErrorCode::Session(AUTHENTICATION_FAILED | PUBLICKEY_UNVERIFIED) => {
                Refusal::Login(Fault::Refused { what, hint })
            }
            _ => Refusal::Connect(self.fault(error)),
        }
    }
}

/// Answers every question of the server that is not echoed with the password.
struct Prompter<'a>(&'a str);

impl ssh2::KeyboardInteractivePrompt for Prompter<'_> {
    fn prompt<'a>(&mut self, _user: &str, _text: &str, prompts: &[ssh2::Prompt<'a>]) -> Vec<String> {
        prompts.iter().map(|prompt| if prompt.echo { String::new() } else { self.0.to_owned() }).collect()
    }
}

fn prefer(session: &Session, what: &'static str, methods: &[MethodType], list: Option<&str>) -> Answered<()> {
    let Some(list) = list else { return Ok(()) };
    for &method in methods {
        session.method_pref(method, list).map_err(|_| {
            let supported = supported(session, method).join(",");
            Fault::BadAlgorithms { what, list: list.to_owned(), supported }
        })?;
    }
    Ok(())
}

fn supported(session: &Session, method: MethodType) -> Vec<String> {
    let names = session.supported_algs(method).unwrap_or_default();
    names.into_iter().map(str::to_owned).collect()
}
