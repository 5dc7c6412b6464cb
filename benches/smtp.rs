//! Mails a second on one connection: ours, against a client that does nothing but write and read.
//!
//! Both talk to the same sink in this process, which answers at once and stores nothing, so the figures are the cost of
//! the exchange itself. The bare client pipelines MAIL, RCPT and DATA (RFC 2920): two round trips a mail, ours takes four.
//!
//! `cargo bench --bench smtp` prints the best and the median of some rounds; with `--test` it makes one short round.

use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use entrywatch::clock::{CUSTOMS_ZONE, Zone};
use entrywatch::email::{Courier, Draft, Mail, MailSettings, Security, SmtpCourier, SmtpSettings};
use entrywatch::outbox::{AlertKey, LetterKey, Outcome};

const MAILS: usize = 5_000;
const ROUNDS: usize = 7;

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (mails, rounds) = if is_test { (50, 1) } else { (MAILS, ROUNDS) };
    let mails: Vec<Mail> = (0..mails).map(mail).collect();
    let size_bytes = mails[0].bytes().len();
    let port = sink().expect("a socket on loopback");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(rate(mails.len(), || runtime.block_on(courier(port, &mails))));
        bare.push(rate(mails.len(), || pipelined(port, &mails).expect("the sink answers")));
    }
    let (ours, bare) = (Rates::of(ours), Rates::of(bare));
    println!(
        "{} mails of {size_bytes} bytes on one connection, {rounds} rounds, mails/s best (median):",
        mails.len()
    );
    println!("  SmtpCourier       {:>8.0} ({:.0})", ours.best, ours.median);
    println!("  bare, pipelined   {:>8.0} ({:.0})", bare.best, bare.median);
    println!("  ratio of medians  {:>8.2}", ours.median / bare.median);
    assert!(ours.median > 100.0, "more than 10 ms a mail: the small-packet delay is back");
}

struct Rates {
    best: f64,
    median: f64,
}

impl Rates {
    fn of(mut rates: Vec<f64>) -> Self {
        rates.sort_by(f64::total_cmp);
        Self { best: rates[rates.len() - 1], median: rates[rates.len() / 2] }
    }
}

fn rate(mails: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    mails as f64 / start.elapsed().as_secs_f64()
}

fn mail(number: usize) -> Mail {
    let zone = Zone::named(CUSTOMS_ZONE).expect("the system has the tz database");
    let settings = MailSettings::new("entrywatch <alerts@example.com>", "example.com", zone);
    let key = LetterKey::of("ops@example.com", [&AlertKey::new("bench", "ABC12345676", &number.to_string())]);
    let draft = Draft {
        key: &key,
        recipient: "ops@example.com",
        thread: None,
        date: "2026-03-02T14:20:05Z".parse().expect("an instant"),
        subject: format!("[CRITICAL] ABC-1234567-6 hold: FDA hold placed, {number}"),
        headers: Vec::new(),
        text: "A line of a mail, about as long as most of them.\n".repeat(8),
        html: "<p>A line of a mail, about as long as most of them.</p>\n".repeat(8),
    };
    Mail::compose(draft, &settings.expect("good settings")).expect("a mail")
}

async fn courier(port: u16, mails: &[Mail]) {
    let mut courier = SmtpCourier::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::None,
        allow_plaintext: false,
        user: None,
        password: None,
        ca_file: None,
        hello_name: "localhost".to_owned(),
        timeout: Duration::from_secs(20),
    })
    .expect("good settings");
    let outcomes = courier.deliver(mails).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted { .. })));
    courier.close().await;
}

/// The least that a client can do: one write and three answers, one write and one answer.
fn pipelined(port: u16, mails: &[Mail]) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    let mut answers = BufReader::new(stream.try_clone()?).lines();
    let mut expect = |count: usize| -> io::Result<()> {
        for _ in 0..count {
            answers.next().ok_or(io::ErrorKind::UnexpectedEof)??;
        }
        Ok(())
    };
    stream.write_all(b"EHLO localhost\r\n")?;
    expect(3)?;
    for mail in mails {
        stream.write_all(b"MAIL FROM:<alerts@example.com>\r\nRCPT TO:<ops@example.com>\r\nDATA\r\n")?;
        expect(3)?;
        let mut content = Vec::with_capacity(mail.bytes().len() + 3);
        content.extend_from_slice(mail.bytes());
        content.extend_from_slice(b".\r\n");
        stream.write_all(&content)?;
        expect(1)?;
    }
    stream.write_all(b"QUIT\r\n")?;
    expect(1)
}

/// A server that takes everything and keeps nothing. Its thread ends with the process.
fn sink() -> io::Result<u16> {
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let port = socket.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            std::thread::spawn(move || swallow(&stream));
        }
    });
    Ok(port)
}

fn swallow(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::with_capacity(64 << 10, stream);
    let mut output = BufWriter::new(stream);
    output.write_all(b"220 sink\r\n")?;
    let mut line = Vec::new();
    loop {
        // Answers leave together when there is nothing more to read: that is what pipelining is for.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        match &line[..4.min(line.len())] {
            b"EHLO" => output.write_all(b"250-sink\r\n250 PIPELINING\r\n")?,
            b"DATA" => {
                output.write_all(b"354 go\r\n")?;
                output.flush()?;
                while line != b".\r\n" {
                    line.clear();
                    if input.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                }
                output.write_all(b"250 swallowed\r\n")?;
            }
            b"QUIT" => {
                output.write_all(b"221 bye\r\n")?;
                return output.flush();
            }
            _ => output.write_all(b"250 OK\r\n")?,
        }
    }
}
