//! The synthetic broker as a process of its own, so that its memory and CPU are not those of the daemon's share.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use chrono::NaiveDate;
use entrywatch::ident::BrokerName;
use entrywatch::synthetic::{Plan, generate};

/// A file as the feed hands it over.
pub struct Fed {
    pub broker: BrokerName,
    pub name: Arc<str>,
    pub bytes: Vec<u8>,
}

impl Fed {
    /// The day that stands in its name.
    pub fn day(&self) -> Option<NaiveDate> {
        self.name.split('-').find_map(|part| NaiveDate::parse_from_str(part, "%Y%m%d").ok())
    }
}

/// The process that makes the files: it is ahead by what a pipe holds, and its memory is not ours.
pub struct Feed {
    process: Child,
    from: BufReader<ChildStdout>,
}

impl Feed {
    pub fn start(entries: u64, messages_per_file: usize) -> Self {
        let mut process = this_program()
            .args(["--feed", "--entries", &entries.to_string()])
            .args(["--messages-per-file", &messages_per_file.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the feed starts");
        let from = BufReader::new(process.stdout.take().expect("it has an output"));
        Self { process, from }
    }

    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut len = [0; 4];
        self.from.read_exact(&mut len).ok()?;
        let mut piece = vec![0; u32::from_le_bytes(len) as usize];
        self.from.read_exact(&mut piece).expect("a whole piece");
        Some(piece)
    }

    fn text(&mut self) -> Option<String> {
        self.piece().map(|piece| String::from_utf8(piece).expect("text"))
    }

    /// The files of the next group.
    pub fn group(&mut self, count: Option<usize>, group_kib: usize, held: &mut Option<Fed>) -> Vec<Fed> {
        let mut files: Vec<Fed> = held.take().into_iter().collect();
        let mut bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        while count.is_none_or(|count| files.len() < count) {
            let Some(file) = self.next() else { break };
            bytes += file.bytes.len();
            if count.is_none() && bytes > group_kib << 10 && !files.is_empty() {
                *held = Some(file);
                break;
            }
            files.push(file);
        }
        files
    }
}

impl Iterator for Feed {
    type Item = Fed;

    fn next(&mut self) -> Option<Fed> {
        let broker = self.text()?;
        let name = self.text().expect("a name").into();
        Some(Fed { broker: BrokerName::new(broker.as_str()), name, bytes: self.piece().expect("bytes") })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn this_program() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}

/// The work of the feed's process.
pub fn feed(plan: &Plan) -> io::Result<()> {
    let mut to = BufWriter::new(io::stdout().lock());
    for file in generate(plan) {
        for piece in [file.broker.as_str().as_bytes(), file.name.as_bytes(), &file.bytes] {
            to.write_all(&(piece.len() as u32).to_le_bytes())?;
            to.write_all(piece)?;
        }
    }
    to.flush()
}
