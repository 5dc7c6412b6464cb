//! From the rename of a file in a drop to the mail server's 250 for its alert, through the program as it is installed.
//!
//! `cargo bench --bench drop_to_mail` drops one file after another and prints the median and the 99th percentile of
//! what the way took beyond the settle period; with `--test` it drops two.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use entrywatch::ident::EntryNumber;

const FILES: u32 = 300;
/// The files are complete under their first name; the program waits so long to see that.
const SETTLE: Duration = Duration::from_millis(100);
/// What an alert should take at most beyond the settle period.
const LATE: Duration = Duration::from_millis(250);
/// Nothing takes so long.
const LOST: Duration = Duration::from_secs(30);

fn main() {
    let files = if std::env::args().any(|argument| argument == "--test") { 2 } else { FILES };
    let folder = tempfile::tempdir().expect("a folder");
    let drop = folder.path().join("drop");
    std::fs::create_dir_all(&drop).expect("a drop");
    let (port, mails) = sink().expect("a socket on loopback");
    let _daemon = Daemon::start(folder.path(), port);
    let mut beyond: Vec<Duration> = Vec::new();
    for serial in 1..=files {
        let entry = entry(serial);
        let part = drop.join(".hold.part");
        std::fs::write(&part, hold(&entry)).expect("the file is written");
        std::fs::rename(part, drop.join(format!("{serial:05}.txt"))).expect("the file is renamed");
        let dropped = Instant::now();
        let wanted = format!("{}-{}-{}", &entry[..3], &entry[3..10], &entry[10..]);
        loop {
            let (accepted, mail) = mails.recv_timeout(LOST).expect("the alert arrives");
            if mail.contains(&wanted) {
                beyond.push(accepted.saturating_duration_since(dropped).saturating_sub(SETTLE));
                break;
            }
        }
    }
    beyond.sort();
    let (median, p99) = (beyond[beyond.len() / 2], beyond[beyond.len() * 99 / 100]);
    println!(
        "{files} files, one at a time, settle {SETTLE:?}; rename to 250 beyond it: median {median:?}, p99 {p99:?}"
    );
    println!("{}", if p99 <= LATE { "within 250 ms" } else { "late" });
}

fn entry(serial: u32) -> String {
    let digits = (0..10).map(|digit| format!("9Z7{serial:07}{digit}"));
    let is_right =
        |text: &String| EntryNumber::parse(text).is_some_and(|entry| entry.check_digit_offset() == 0);
    digits.into_iter().find(is_right).expect("one of ten digits is right")
}

fn hold(entry: &str) -> String {
    let records = [
        "A27049Z7      030226     SO".to_owned(),
        "B  27049Z7SO".to_owned(),
        format!("SO1027049Z7  {} 0198-765432100WAVYPELICAN TRADER      118E 0308261", &entry[3..]),
        "SO600302260900".to_owned() + "96CUSTOMS HOLD",
        "Y  27049Z7SO00002".to_owned(),
        "Z27049Z7      030226".to_owned(),
    ];
    records.iter().map(|record| format!("{record:80}\n")).collect()
}

/// The program; it ends with this value.
struct Daemon(Child);

impl Daemon {
    fn start(folder: &Path, port: u16) -> Self {
        let config = format!(
            r#"
            [state]
            folder = "state"
            [daemon]
            log = "text"
            log_level = "error"
            [mail]
            from = "entrywatch@example.com"
            [mail.smtp]
            host = "127.0.0.1"
            security = "none"
            port = {port}
            [[team]]
            name = "operations"
            to = ["operations@example.com"]
            gather = "off"
            letters_max = 0
            [[broker]]
            name = "acme"
            [[broker.drop]]
            name = "acme-local"
            path = "drop"
            settle = "{}ms"
            poll = "1s"
            "#,
            SETTLE.as_millis()
        );
        let path = folder.join("config.toml");
        std::fs::write(&path, config).expect("a configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_entrywatch"));
        command.arg("--config").arg(path).arg("run").stdin(Stdio::null());
        Self(command.spawn().expect("the program starts"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that tells when it has taken a mail, and which.
fn sink() -> io::Result<(u16, Receiver<(Instant, String)>)> {
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let port = socket.local_addr()?.port();
    let (told, mails) = channel();
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let told = told.clone();
            std::thread::spawn(move || swallow(&stream, &told));
        }
    });
    Ok((port, mails))
}

fn swallow(mut stream: &TcpStream, told: &Sender<(Instant, String)>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    stream.write_all(b"220 sink\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.get(..4).unwrap_or_default() {
            "EHLO" => stream.write_all(b"250 sink\r\n")?,
            "DATA" => {
                stream.write_all(b"354 go\r\n")?;
                let mut mail = String::new();
                while line != ".\r\n" {
                    line.clear();
                    if input.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    mail += &line;
                }
                stream.write_all(b"250 taken\r\n")?;
                // Nobody listens any more once the last file was seen.
                let _ = told.send((Instant::now(), mail));
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 OK\r\n")?,
        }
    }
}
