//! Delivery to a real mail server: encryption, sign-in, and every way in which it can go wrong.

#[path = "support/smtp.rs"]
mod smtp;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use entrywatch::clock::{CUSTOMS_ZONE, Zone};
use entrywatch::email::{
    ConnectError, Courier, Draft, Mail, MailSettings, Security, SetupError, SmtpCourier, SmtpSettings,
};
use entrywatch::outbox::{AlertKey, LetterKey, Outcome};
use secrecy::SecretString;
use smtp::SmtpServer;

const LOGIN: &[&str] = &["--login", "ops:correct horse"];

fn mail_to(recipient: &str, subject: &str) -> Mail {
    let zone = Zone::named(CUSTOMS_ZONE).expect("the system has the tz database");
    let settings = MailSettings::new("entrywatch <alerts@example.com>", "example.com", zone);
    let key = LetterKey::of(recipient, [&AlertKey::new("rule", "ABC12345676", subject)]);
    let draft = Draft {
        key: &key,
        recipient,
        thread: None,
        date: "2026-03-02T14:20:05Z".parse().expect("an instant"),
        subject: subject.to_owned(),
        headers: Vec::new(),
        text: "First line\n.\n.starts with a point\nMAIL FROM:<a@example.com>\nZoë\n".to_owned(),
        html: "<p>First line</p>\n".to_owned(),
    };
    Mail::compose(draft, &settings.expect("good settings")).expect("a mail")
}

fn mail(subject: &str) -> Mail {
    mail_to("ops@example.com", subject)
}

fn settings(port: u16, security: Security) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port,
        security,
        allow_plaintext: false,
        user: None,
        password: None,
        ca_file: smtp::certs().map(|certs| certs.join("ca.pem")),
        hello_name: "entrywatch.example.com".to_owned(),
        timeout: Duration::from_secs(20),
    }
}

fn signed_in(settings: SmtpSettings, password: &str) -> SmtpSettings {
    SmtpSettings { user: Some("ops".to_owned()), password: Some(SecretString::from(password)), ..settings }
}

fn courier(settings: SmtpSettings) -> SmtpCourier {
    SmtpCourier::new(settings).expect("good settings")
}

#[track_caller]
fn accepted(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
}

/// The error text of a refusal that calls for another try.
#[track_caller]
fn refused(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { error } | Outcome::Unanswered { error } => error,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn plain_to_this_machine() {
    let Some(mut server) = SmtpServer::start(&[]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let sent = mail("Größe");
    let outcomes = courier.deliver(std::slice::from_ref(&sent)).await;
    assert_eq!(outcomes, [Outcome::Accepted { response: "250 stored as 1".into() }]);
    let stored = server.mail();
    assert_eq!(stored.to, ["ops@example.com"]);
    assert!(stored.content.as_bytes() == sent.bytes(), "not what was sent: {}", stored.content);
    assert!(!stored.was_encrypted && !stored.was_signed_in);
}

#[tokio::test]
async fn a_slow_server_does_not_keep_a_batch_for_long() {
    let Some(mut server) = SmtpServer::start(&["--fault", "slow"]) else { return };
    let courier = courier(settings(server.port, Security::None));
    let mut courier = courier.with_batch_limit(Duration::from_secs(1));
    let mails = [mail("one"), mail("two"), mail("three")];
    let outcomes = courier.deliver(&mails).await;
    assert_eq!(outcomes.len(), 1, "the others were not tried, and wait: {outcomes:?}");
    accepted(&outcomes[0]);
    server.mail();
    let outcomes = courier.deliver(&mails[1..]).await;
    accepted(&outcomes[0]);
    assert!(server.mail().content.contains("two"), "the next batch begins with the next");
}

#[tokio::test]
async fn encryption_and_sign_in() {
    for (security, name) in [(Security::StartTls, "starttls"), (Security::Tls, "tls")] {
        let arguments = [&["--security", name], LOGIN].concat();
        let Some(mut server) = SmtpServer::start(&arguments) else { return };
        let settings = signed_in(settings(server.port, security), "correct horse");
        let mut courier = courier(settings);
        accepted(&courier.deliver(&[mail(name)]).await[0]);
        let stored = server.mail();
        assert!(stored.was_encrypted && stored.was_signed_in, "{name}");
        let found = courier.check().await.expect("the same works without a mail");
        assert!(found.is_encrypted && found.is_signed_in, "{name}");
        courier.close().await;
    }
}

#[tokio::test]
async fn by_address_as_well_as_by_name() {
    let Some(server) = SmtpServer::start(&["--security", "tls"]) else { return };
    let by_address = SmtpSettings { host: "127.0.0.1".to_owned(), ..settings(server.port, Security::Tls) };
    courier(by_address).check().await.expect("the certificate names the address");
}

#[tokio::test]
async fn a_bad_password_costs_no_letter() {
    for (security, name) in
        [(Security::StartTls, "starttls"), (Security::Tls, "tls"), (Security::None, "none")]
    {
        let Some(server) = SmtpServer::start(&[&["--security", name], LOGIN].concat()) else { return };
        let mut courier = courier(signed_in(settings(server.port, security), "wrong battery"));
        for outcome in courier.deliver(&[mail("one"), mail("two")]).await {
            let error = refused(&outcome);
            assert!(error.contains("refuses our user or password"), "{error}");
            assert!(!error.contains("battery"), "{error}");
        }
        let error = courier.check().await.expect_err("a check says the same");
        assert!(matches!(error, ConnectError::SignIn { .. }) && !error.is_transient());
    }
}

#[tokio::test]
async fn a_server_that_wants_a_password_costs_no_letter() {
    let Some(server) = SmtpServer::start(LOGIN) else { return };
    let outcomes = courier(settings(server.port, Security::None)).deliver(&[mail("one")]).await;
    assert!(refused(&outcomes[0]).contains("530"), "{outcomes:?}");
}

#[tokio::test]
async fn a_foreign_certificate_is_refused() {
    for (security, name) in [(Security::StartTls, "starttls"), (Security::Tls, "tls")] {
        let Some(server) = SmtpServer::start(&["--security", name]) else { return };
        let ca_file = smtp::certs().map(|certs| certs.join("other-ca.pem"));
        let mut courier = courier(SmtpSettings { ca_file, ..settings(server.port, security) });
        let outcomes = courier.deliver(&[mail("one")]).await;
        assert!(refused(&outcomes[0]).contains("certificate"), "{outcomes:?}");
        let error = courier.check().await.expect_err("the authority is another one");
        assert!(error.is_transient(), "an operator may repair it, letters wait");
    }
}

#[tokio::test]
async fn nothing_is_sent_without_the_encryption_asked_for() {
    let Some(server) = SmtpServer::start(&[]) else { return };
    let outcomes = courier(settings(server.port, Security::StartTls)).deliver(&[mail("one")]).await;
    assert!(refused(&outcomes[0]).contains("STARTTLS"), "{outcomes:?}");
}

#[tokio::test]
async fn plaintext_stays_on_this_machine() {
    // 192.0.2.0/24 is for documentation: nobody answers there, and nobody is asked.
    let elsewhere = SmtpSettings { host: "192.0.2.1".to_owned(), ..settings(25, Security::None) };
    let error = courier(elsewhere.clone()).check().await.expect_err("not in the clear");
    assert!(matches!(error, ConnectError::Plaintext { .. }), "{error:?}");
    let with_password = signed_in(SmtpSettings { allow_plaintext: true, ..elsewhere }, "secret");
    let error = courier(with_password).check().await.expect_err("a password never");
    assert!(matches!(error, ConnectError::Plaintext { .. }), "{error:?}");
}

#[tokio::test]
async fn a_temporary_refusal_is_tried_again_on_the_same_connection() {
    let Some(mut server) = SmtpServer::start(&["--fault", "451-once"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let outcomes = courier.deliver(&[mail("one"), mail("two")]).await;
    assert!(refused(&outcomes[0]).contains("451"), "{outcomes:?}");
    accepted(&outcomes[1]);
    accepted(&courier.deliver(&[mail("one")]).await[0]);
    for subject in ["two", "one"] {
        let stored = server.mail();
        assert_eq!(stored.connection, 1);
        assert!(stored.content.contains(&format!("Subject: {subject}\r\n")));
    }
}

#[tokio::test]
async fn a_refusal_for_good_needs_a_person() {
    let Some(mut server) = SmtpServer::start(&["--fault", "550-recipient"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let mails = [mail_to("nobody@example.com", "one"), mail("two")];
    let outcomes = courier.deliver(&mails).await;
    let Outcome::Rejected { error } = &outcomes[0] else { panic!("{outcomes:?}") };
    assert!(error.contains("550") && error.contains("no such user"), "{error}");
    accepted(&outcomes[1]);
    assert_eq!(server.mail().to, ["ops@example.com"], "the refused envelope is forgotten");
}

#[tokio::test]
async fn a_recipient_beyond_ascii_needs_a_server_that_takes_it() {
    let Some(server) = SmtpServer::start(&[]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let outcomes = courier.deliver(&[mail_to("zoë@example.com", "one"), mail("two")]).await;
    assert!(
        matches!(&outcomes[0], Outcome::Rejected { error } if error.contains("SMTPUTF8")),
        "{outcomes:?}"
    );
    accepted(&outcomes[1]);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    let Some(server) = SmtpServer::start(&["--fault", "hang-in-data"]) else { return };
    let timeout = Duration::from_millis(400);
    let mut courier = courier(SmtpSettings { timeout, ..settings(server.port, Security::None) });
    let mails = ["one", "two", "three", "four", "five"].map(mail);
    let outcomes = courier.deliver(&mails).await;
    assert_eq!(outcomes.len(), 5);
    assert!(refused(&outcomes[0]).contains("may have been delivered"), "{outcomes:?}");
    assert!(refused(&outcomes[3]).contains("not tried"), "{outcomes:?}");
    assert!(refused(&outcomes[4]).contains("not tried"), "{outcomes:?}");
}

#[tokio::test]
async fn a_lost_answer_is_made_good_by_the_message_id() {
    let Some(mut server) = SmtpServer::start(&["--fault", "cut-in-data"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let sent = mail("one");
    let outcomes = courier.deliver(std::slice::from_ref(&sent)).await;
    assert!(refused(&outcomes[0]).contains("may have been delivered"), "{outcomes:?}");
    let again = mail("one");
    accepted(&courier.deliver(std::slice::from_ref(&again)).await[0]);
    let (first, second) = (server.mail(), server.mail());
    assert_eq!(first.content, second.content, "the second copy is the first, byte for byte");
    assert!(first.content.contains(&format!("Message-ID: {}\r\n", sent.message_id())));
    assert_ne!(first.connection, second.connection);
}

#[tokio::test]
async fn a_batch_takes_one_connection() {
    let Some(mut server) = SmtpServer::start(&["--security", "tls"]) else { return };
    let mut courier = courier(settings(server.port, Security::Tls));
    for outcome in courier.deliver(&["one", "two", "three"].map(mail)).await {
        accepted(&outcome);
    }
    accepted(&courier.deliver(&[mail("four")]).await[0]);
    for _ in 0..4 {
        assert_eq!(server.mail().connection, 1);
    }
    courier.close().await;
    server.closed();
    accepted(&courier.deliver(&[mail("five")]).await[0]);
    assert_eq!(server.mail().connection, 2);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_opened_again() {
    let Some(mut server) = SmtpServer::start(&["--fault", "close-after-mail"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    accepted(&courier.deliver(&[mail("one")]).await[0]);
    server.closed();
    accepted(&courier.deliver(&[mail("two")]).await[0]);
    accepted(&courier.deliver(&[mail("three")]).await[0]);
}

#[tokio::test]
async fn a_server_may_limit_the_mails_of_a_connection() {
    let Some(mut server) = SmtpServer::start(&["--fault", "421-second"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    for outcome in courier.deliver(&["one", "two", "three"].map(mail)).await {
        accepted(&outcome);
    }
    for connection in 1..=3 {
        assert_eq!(server.mail().connection, connection);
    }
}

#[tokio::test]
async fn a_delivery_given_up_halfway_takes_its_connection_with_it() {
    let Some(mut server) = SmtpServer::start(&["--fault", "hang-in-data"]) else { return };
    let mut courier = courier(settings(server.port, Security::None));
    let one = [mail("one")];
    let halfway = tokio::time::timeout(Duration::from_millis(300), courier.deliver(&one)).await;
    assert!(halfway.is_err());
    let closed = tokio::task::spawn_blocking(move || server.closed());
    closed.await.expect("the server saw the connection end");
}

#[tokio::test]
async fn nobody_there() {
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port();
    let mut courier = courier(SmtpSettings { ca_file: None, ..settings(port, Security::None) });
    let outcomes = courier.deliver(&[mail("one"), mail("two")]).await;
    assert!(refused(&outcomes[0]).contains("could not connect"), "{outcomes:?}");
    assert_eq!(outcomes.len(), 2);
}

/// Serves one conversation: each answer is sent when another line has come in.
fn scripted(answers: &'static [&'static str]) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let (mut stream, _) = socket.accept()?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        for answer in answers {
            stream.write_all(answer.as_bytes())?;
            if lines.next().is_none() {
                break;
            }
        }
        std::io::Result::Ok(())
    });
    port
}

/// Stands between us and a server, and puts answers of its own behind the one that begins the encryption.
fn eavesdropper(server: u16, added: &'static str) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let (mut client, _) = socket.accept()?;
        let mut server = TcpStream::connect(("127.0.0.1", server))?;
        let mut asked = BufReader::new(client.try_clone()?).lines();
        let mut answers = BufReader::new(server.try_clone()?).lines();
        loop {
            let mut answer = String::new();
            // The lines of one answer; the last has a blank behind its code.
            while let Some(line) = answers.next().transpose()? {
                answer.push_str(&format!("{line}\r\n"));
                if line.as_bytes().get(3) == Some(&b' ') {
                    break;
                }
            }
            if answer.starts_with("220 Ready") {
                client.write_all((answer + added).as_bytes())?;
                break;
            }
            client.write_all(answer.as_bytes())?;
            let Some(line) = asked.next().transpose()? else { return Ok(()) };
            server.write_all(format!("{line}\r\n").as_bytes())?;
        }
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        std::io::copy(&mut server, &mut client).map(|_| ())
    });
    port
}

#[tokio::test]
async fn answers_put_before_the_encryption_are_not_believed() {
    let Some(server) = SmtpServer::start(&["--security", "starttls"]) else { return };
    let honest = eavesdropper(server.port, "");
    accepted(&courier(settings(honest, Security::StartTls)).deliver(&[mail("one")]).await[0]);
    let forged = "250 localhost\r\n250 OK\r\n250 OK\r\n354 go\r\n250 stored\r\n";
    let port = eavesdropper(server.port, forged);
    let outcomes = courier(settings(port, Security::StartTls)).deliver(&[mail("two")]).await;
    assert!(refused(&outcomes[0]).contains("STARTTLS"), "{outcomes:?}");
}

#[tokio::test]
async fn odd_answers_are_not_taken_for_yes() {
    let port = scripted(&["220 hello\r\n", "250 localhost\r\n", "354 I am one answer behind\r\n"]);
    let settings = SmtpSettings { ca_file: None, ..settings(port, Security::None) };
    let outcomes = courier(settings).deliver(&[mail("one")]).await;
    assert!(refused(&outcomes[0]).contains("odd answer 354"), "{outcomes:?}");
}

#[test]
fn settings_are_checked() {
    let base = SmtpSettings { ca_file: None, ..settings(25, Security::Tls) };
    let error = |settings: SmtpSettings| SmtpCourier::new(settings).map(|_| ()).expect_err("a fault");
    let named = |name: &str| SmtpSettings { hello_name: name.to_owned(), ..base.clone() };
    for name in ["", "two words", "a\r\nMAIL FROM:<a@example.com>"] {
        assert!(matches!(error(named(name)), SetupError::HelloName { .. }), "{name:?}");
    }
    assert!(SmtpCourier::new(named("127.0.0.1")).is_ok());
    let half = SmtpSettings { user: Some("ops".to_owned()), ..base.clone() };
    assert!(matches!(error(half), SetupError::HalfCredentials));
    let missing = SmtpSettings { ca_file: Some("/nonexistent/ca.pem".into()), ..base.clone() };
    assert!(matches!(error(missing), SetupError::CaFile { .. }));
    let other = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let no_certificates = SmtpSettings { ca_file: Some(other), ..base.clone() };
    assert!(matches!(error(no_certificates), SetupError::CaContent { .. }));
    assert!(!format!("{:?}", signed_in(base, "secret")).contains("secret"));
}
