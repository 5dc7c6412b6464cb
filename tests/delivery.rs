//! Letters on their way to real servers that misbehave: nothing is lost, and what is repeated is known as such.

#[path = "support/hook.rs"]
mod hook;
#[path = "support/site.rs"]
mod site;
#[path = "support/smtp.rs"]
#[expect(dead_code, reason = "the mail tests look closer at the server")]
mod smtp;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use entrywatch::webhook::signature;
use hook::{HookServer, SECRET};
use secrecy::SecretString;
use serde_json::Value;
use site::{Site, sample, subject};
use smtp::{SmtpServer, Stored, certs};

const SECOND: Duration = Duration::from_secs(1);

/// A request as the listener read it.
struct Posted {
    head: Vec<String>,
    body: Vec<u8>,
}

impl Posted {
    fn header(&self, name: &str) -> &str {
        let with = format!("{name}: ");
        self.head
            .iter()
            .find_map(|line| line.strip_prefix(&with))
            .unwrap_or_else(|| panic!("no {name}: {:?}", self.head))
    }
}

/// A real HTTP listener that answers each request with the next of `answers`, and hangs up without a word for 0. Behind
/// the last one nobody listens any more.
fn listen(answers: &'static [u16]) -> (u16, Receiver<Posted>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (told, posted) = channel();
    std::thread::spawn(move || {
        for &status in answers {
            let Ok((stream, _)) = listener.accept() else { return };
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0)];
            reader.read_exact(&mut body).expect("the body");
            let _ = told.send(Posted { head, body });
            if status > 0 {
                let mut stream = stream;
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} so\r\ncontent-length: 8\r\nconnection: close\r\n\r\nno words"
                );
            }
        }
    });
    (port, posted)
}

fn http_hook(port: u16) -> String {
    format!(
        "[[webhook]]\nname = \"pager\"\nurl = \"http://127.0.0.1:{port}/hooks?for=ops\"\nsecret_file = \"secret\"\ntimeout = \"2s\"\n"
    )
}

fn with_hook(to: &str, port: u16) -> Site {
    let site = Site::new(to, &http_hook(port));
    fs::write(site.path("secret"), "a very secret word\n").expect("a secret");
    site.drop("hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    site
}

#[test]
fn a_webhook_gets_signed_letters_and_repeats_bear_the_same_key() {
    let (port, posted) = listen(&[503, 0, 204]);
    let site = with_hook("\"ops@example.com\", \"webhook:pager\"", port);
    let (code, round) = site.json(&["run", "--once"]);
    // The mail is a file; the webhook put its letter off, which holds up nobody.
    assert_eq!((code, round["accepted"].as_u64(), round["deferred"].as_u64()), (1, Some(1), Some(1)));
    let letters = site.run(&["alerts", "list", "--letters", "--state", "waiting", "--json"]).out;
    let letter: Value = serde_json::from_str(&letters).expect("one letter");
    assert_eq!(letter["recipient"], "webhook:pager");
    assert!(letter["error"].as_str().is_some_and(|error| error.contains("503: no words")), "{letter}");
    let key = letter["key"].as_str().expect("a key").to_owned();
    for wanted in [1, 0] {
        assert_eq!(site.run(&["alerts", "retry", &key]).code, 0);
        assert_eq!(site.run(&["run", "--once"]).code, wanted);
    }
    let posted: Vec<Posted> = posted.iter().take(3).collect();
    for request in &posted {
        assert_eq!(request.head[0], "POST /hooks?for=ops HTTP/1.1");
        assert_eq!(request.header("idempotency-key"), key);
        assert_eq!(request.header("content-type"), "application/json");
        let at: i64 = request.header("x-entrywatch-timestamp").parse().expect("seconds");
        let signed = signature(&SecretString::from("a very secret word"), at, &request.body);
        assert_eq!(request.header("x-entrywatch-signature"), signed);
        assert_eq!(request.body, posted[0].body, "the same letter");
    }
    let body: Value = serde_json::from_slice(&posted[0].body).expect("JSON");
    assert_eq!((&body["letter"], &body["severity"]), (&Value::from(key), &Value::from("critical")));
    assert_eq!(body["alerts"][0]["entry"], "9Z7-1000042-5");
    assert!(body["text"].as_str().is_some_and(|text| text.contains("WHAT TO DO NEXT")));
    assert!(!String::from_utf8_lossy(&posted[0].body).contains("very secret"));
}

/// A gateway says 504 though the receiver behind it may have the letter: whoever remembers the key must not miss what is said later.
#[test]
fn a_webhook_that_may_have_a_letter_gets_it_again_as_it_was_and_the_end_in_another() {
    let (port, posted) = listen(&[504, 200, 200, 200]);
    let site =
        Site::new("\"webhook:pager\"", &format!("{}[rules]\nfiles = [\"my.toml\"]\n", http_hook(port)));
    let rules = "[[rule]]\nname = \"docs\"\ntitle = \"Docs\"\non = \"notice\"\nwhen = { effect = \"documents\" }\n\
                 severity = \"critical\"\nuntil = { open_hold_after = false }\ntell_when_over = true\n";
    fs::write(site.path("my.toml"), rules).expect("rules");
    fs::write(site.path("secret"), "a very secret word\n").expect("a secret");
    site.drop("hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    assert_eq!(site.run(&["run", "--once"]).code, 1);
    let letters = site.run(&["alerts", "list", "--letters", "--state", "waiting", "--json"]).out;
    let letter: Value = serde_json::from_str(&letters).expect("one letter");
    let key = letter["key"].as_str().expect("a key");
    // The cause ends before the second try.
    site.drop("released.txt", &sample("2-released.txt"), 5 * SECOND);
    site.run(&["run", "--once"]);
    assert_eq!(site.run(&["alerts", "retry", key]).code, 0);
    assert_eq!(site.run(&["run", "--once"]).code, 0);
    let posted: Vec<Posted> = posted.iter().take(3).collect();
    let (again, end): (Vec<&Posted>, Vec<&Posted>) =
        posted.iter().partition(|request| request.header("idempotency-key") == key);
    assert_eq!((again.len(), end.len()), (2, 1));
    assert_eq!(again[0].body, again[1].body, "one key, one body");
    let end: Value = serde_json::from_slice(&end[0].body).expect("JSON");
    assert_eq!((&end["kind"], &end["alerts"][0]["rule"]), (&Value::from("over"), &Value::from("docs")));
}

#[test]
fn a_webhook_that_refuses_for_good_is_told_by_mail() {
    let (port, _posted) = listen(&[410]);
    let site = with_hook("\"ops@example.com\", \"webhook:pager\"", port);
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["given_up"].as_u64()), (1, Some(1)));
    let mails = site.mails();
    let told = mails.iter().find(|mail| subject(mail).contains("webhook pager: "));
    let told = told.expect("told to the others");
    assert!(told.contains("alerts test-webhook pager"), "what to do about a webhook: {told}");
    assert!(!told.contains("mailbox"), "{told}");
    let letters = site.run(&["alerts", "list", "--letters", "--state", "given-up", "--json"]).out;
    let letter: Value = serde_json::from_str(&letters).expect("one letter");
    assert!(letter["error"].as_str().is_some_and(|error| error.contains("410")), "{letter}");
    // Somebody repairs the receiver and asks for another try.
    let Some(mut server) = HookServer::start(None, &[200]) else { return };
    let config = fs::read_to_string(site.path("config.toml")).expect("it is there");
    let config = config.replace(&format!(":{port}/"), &format!(":{}/", server.port));
    fs::write(site.path("config.toml"), config).expect("written");
    assert_eq!(site.run(&["alerts", "retry", letter["key"].as_str().expect("a key")]).code, 0);
    assert_eq!(site.run(&["run", "--once"]).code, 0);
    assert_eq!(server.request()["key"], letter["key"]);
}

#[test]
fn a_webhook_that_is_not_there_loses_nothing() {
    let (port, posted) = listen(&[]);
    let site = with_hook("\"webhook:pager\"", port);
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["letters_waiting"].as_u64(), posted.iter().count()), (1, Some(1), 0));
}

/// A site with a webhook on an encrypted port, and what was logged while it ran.
fn with_https(server: &HookServer, ca: &str) -> Site {
    let site = Site::new(
        "\"webhook:pager\"",
        &format!(
            "[[webhook]]\nname = \"pager\"\nurl = \"https://localhost:{}/hooks/a-path-nobody-shall-see\"\n\
             secret_file = \"secret\"\ntimeout = \"2s\"\nca_file = \"{ca}\"\n",
            server.port
        ),
    );
    fs::write(site.path("secret"), format!("{SECRET}\n")).expect("a secret");
    site.drop("hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    site
}

#[test]
fn a_receiver_of_somebody_else_finds_the_signature_right_and_knows_repeats() {
    let Some(certs) = certs() else { return };
    // An error of its own, no answer in time, then taken.
    let Some(mut server) = HookServer::start(Some(&certs), &[500, 0, 200]) else { return };
    let site = with_https(&server, &certs.join("ca.pem").display().to_string());
    let mut said = String::new();
    let mut keys = Vec::new();
    for (again, answer, code) in [(false, 500, 1), (true, 0, 1), (true, 200, 0)] {
        let ran = site.run(&["run", "--once"]);
        said += &(ran.out + &ran.err);
        assert_eq!(ran.code, code, "{said}");
        let request = server.request();
        assert_eq!(
            (&request["signed"], &request["again"], &request["answer"], &request["kind"]),
            (&Value::from(true), &Value::from(again), &Value::from(answer), &Value::from("alert"))
        );
        keys.push(request["key"].as_str().expect("a key").to_owned());
        if code == 1 {
            let letters = site.run(&["alerts", "list", "--letters", "--state", "waiting", "--json"]).out;
            let letter: Value = serde_json::from_str(&letters).expect("one letter");
            let (created, next) = (&letter["created_at"], &letter["next_try_at"]);
            assert!(created.as_str() < next.as_str(), "it backs off: {letter}");
            said += &letters;
            assert_eq!(site.run(&["alerts", "retry", &keys[0]]).code, 0);
        }
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "one key for one letter");
    assert!(!said.contains(SECRET) && !said.contains("nobody-shall-see"), "{said}");
}

#[test]
fn a_webhook_with_a_certificate_that_nobody_vouches_for_gets_nothing() {
    let Some(certs) = certs() else { return };
    let Some(mut server) = HookServer::start(Some(&certs), &[200]) else { return };
    let (other, right) = (certs.join("other-ca.pem"), certs.join("ca.pem"));
    let site = with_https(&server, &other.display().to_string());
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["deferred"].as_u64()), (1, Some(1)));
    let config = fs::read_to_string(site.path("config.toml")).expect("it is there");
    let config = config.replace(&other.display().to_string(), &right.display().to_string());
    fs::write(site.path("config.toml"), config).expect("written");
    let tried = site.run(&["alerts", "test-webhook", "pager"]);
    assert_eq!(tried.code, 0, "{}{}", tried.out, tried.err);
    assert_eq!(server.request()["kind"], "test", "the first request that ever came");
}

#[test]
fn a_webhook_is_tried_before_it_is_needed() {
    let Some(mut server) = HookServer::start(None, &[200, 410]) else { return };
    let site = Site::new("\"ops@example.com\"", &http_hook(server.port));
    fs::write(site.path("secret"), SECRET).expect("a secret");
    let tried = site.run(&["alerts", "test-webhook", "pager"]);
    assert_eq!(tried.code, 0, "{}{}", tried.out, tried.err);
    let request = server.request();
    assert_eq!((&request["signed"], &request["kind"]), (&Value::from(true), &Value::from("test")));
    let (code, report) = site.json(&["alerts", "test-webhook", "pager"]);
    assert_eq!((code, &report["ok"]), (1, &Value::from(false)), "{report}");
    assert!(report["answer"].as_str().is_some_and(|answer| answer.contains("410")), "{report}");
    // Another secret than the receiver knows.
    fs::write(site.path("secret"), "another word").expect("a secret");
    let tried = site.run(&["alerts", "test-webhook", "pager"]);
    assert_eq!(tried.code, 1);
    assert!(tried.out.contains("401") && !tried.out.contains("another word"), "{}", tried.out);
    let unknown = site.run(&["alerts", "test-webhook", "pagr"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("did you mean `pager`?"), "{}", unknown.err);
    let checked = site.run(&["check"]);
    assert!(checked.out.contains("webhook pager reached"), "{}", checked.out);
}

fn with_server(server: &SmtpServer, to: &str, more: &str) -> Site {
    let smtp = format!("[mail.smtp]\nhost = \"localhost\"\nport = {}\ntimeout = \"2s\"\n{more}", server.port);
    let site = Site::new(to, &smtp);
    site.drop("hold.txt", &sample("1-hold.txt"), 5 * SECOND);
    site
}

/// Puts another server in the place of the one that failed, and tries everything that waits.
fn again(site: &Site, port: u16, change: (&str, &str)) {
    let config = fs::read_to_string(site.path("config.toml")).expect("it is there");
    let old = config.lines().find(|line| line.starts_with("port")).expect("a port").to_owned();
    let config = config.replace(&old, &format!("port = {port}")).replace(change.0, change.1);
    fs::write(site.path("config.toml"), config).expect("written");
    let waiting = site.run(&["alerts", "list", "--letters", "--state", "waiting", "--json"]).out;
    for letter in waiting.lines() {
        let letter: Value = serde_json::from_str(letter).expect("JSON");
        assert_eq!(site.run(&["alerts", "retry", letter["key"].as_str().expect("a key")]).code, 0);
    }
    let ran = site.run(&["run", "--once"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

fn message_id(mail: &Stored) -> String {
    let head = mail.content.lines().find(|line| line.starts_with("Message-ID: "));
    head.expect("a Message-ID").to_owned()
}

#[test]
fn a_connection_that_drops_in_the_middle_of_the_message_loses_nothing_and_repeats_nothing() {
    // The server saw the first line of the mail.
    let Some(mut server) = SmtpServer::start(&["--fault", "drop-in-data"]) else { return };
    let site = with_server(&server, "\"ops@example.com\"", "security = \"none\"\n");
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["deferred"].as_u64(), round["letters_waiting"].as_u64()), (1, Some(1), Some(1)));
    assert_eq!(
        round["given_up"].as_u64(),
        Some(0),
        "a connection that drops is no refusal for good: {round}"
    );
    again(&site, server.port, ("", ""));
    let mail = server.mail();
    assert_eq!(mail.to, ["ops@example.com"]);
    assert!(mail.content.contains("9Z7-1000042-5"), "the whole mail");
    assert_eq!(site.json(&["run", "--once"]).1["letters"], 0, "sent once");
}

/// Each answer within the patience that the configuration has, all together beyond it.
#[test]
fn a_slow_server_gets_every_letter_once() {
    let Some(mut server) = SmtpServer::start(&["--fault", "slow"]) else { return };
    let to = "\"a@example.com\", \"b@example.com\", \"c@example.com\"";
    let site = with_server(&server, to, "security = \"none\"\n");
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["accepted"].as_u64(), round["letters_waiting"].as_u64()), (0, Some(3), Some(0)));
    let mut to: Vec<String> = (0..3).flat_map(|_| server.mail().to).collect();
    to.sort();
    assert_eq!(to, ["a@example.com", "b@example.com", "c@example.com"]);
    assert_eq!(site.json(&["run", "--once"]).1["letters"], 0, "and no fourth");
}

#[test]
fn a_connection_that_drops_behind_the_message_repeats_it_under_one_id() {
    // The server has the mail, and the connection is gone before it says so.
    let Some(mut server) = SmtpServer::start(&["--fault", "cut-in-data"]) else { return };
    let site = with_server(&server, "\"ops@example.com\"", "security = \"none\"\n");
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["deferred"].as_u64(), round["letters_waiting"].as_u64()), (1, Some(1), Some(1)));
    let first = server.mail();
    again(&site, server.port, ("", ""));
    let second = server.mail();
    assert_eq!(message_id(&first), message_id(&second));
    assert_eq!(site.json(&["run", "--once"]).1["letters"], 0, "and no third");
}

#[test]
fn a_server_that_hangs_is_left_and_the_letter_waits() {
    let Some(hanging) = SmtpServer::start(&["--fault", "hang-in-data"]) else { return };
    let site = with_server(&hanging, "\"ops@example.com\"", "security = \"none\"\n");
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["deferred"].as_u64()), (1, Some(1)));
    let Some(mut server) = SmtpServer::start(&[]) else { return };
    again(&site, server.port, ("", ""));
    assert_eq!(server.mail().to, ["ops@example.com"]);
}

#[test]
fn a_certificate_that_nobody_vouches_for_stops_the_mail_and_loses_none() {
    let (Some(mut server), Some(certs)) = (SmtpServer::start(&["--security", "starttls"]), certs()) else {
        return;
    };
    let (other, right) = (certs.join("other-ca.pem"), certs.join("ca.pem"));
    let (other, right) = (other.display().to_string(), right.display().to_string());
    let site = with_server(&server, "\"ops@example.com\"", &format!("ca_file = \"{other}\"\n"));
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["deferred"].as_u64()), (1, Some(1)));
    let port = server.port;
    again(&site, port, (&other, &right));
    let mail = server.mail();
    assert!(mail.was_encrypted);
    assert_eq!(site.json(&["run", "--once"]).1["letters"], 0, "sent once");
}

#[test]
fn a_dead_mailbox_holds_up_no_other() {
    let Some(mut server) = SmtpServer::start(&["--fault", "550-recipient"]) else { return };
    let to = "\"nobody@example.com\", \"ops@example.com\", \"finance@example.com\"";
    let site = with_server(&server, to, "security = \"none\"\n");
    site.run(&["run", "--once"]);
    let mut to: Vec<String> = (0..4).flat_map(|_| server.mail().to).collect();
    to.sort();
    // Each got the alert once, and once that the third gets nothing.
    assert_eq!(to, ["finance@example.com", "finance@example.com", "ops@example.com", "ops@example.com"]);
    assert_eq!(site.json(&["run", "--once"]).1["letters"], 0);
}

#[test]
fn a_server_gets_no_more_letters_in_a_minute_than_it_wants() {
    let Some(mut server) = SmtpServer::start(&[]) else { return };
    let to = "\"a@example.com\", \"b@example.com\", \"c@example.com\"";
    let site = with_server(&server, to, "security = \"none\"\nper_minute = 2\n");
    let (code, round) = site.json(&["run", "--once"]);
    assert_eq!((code, round["accepted"].as_u64(), round["letters_waiting"].as_u64()), (1, Some(2), Some(1)));
    assert_eq!(server.mail().to.len() + server.mail().to.len(), 2);
}
