//! The days that pass while a feed comes in, lived as the daemon lives them beside taking files.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Days as Span, NaiveDate, TimeDelta, Utc};
use entrywatch::clock::TestClock;
use entrywatch::daemon::engine::Engine;
use entrywatch::outbox::{AsOf, Attempt, Outcome};
use entrywatch::store::Occasion;

use super::figures::cpu_secs;

/// Letters whose answers are recorded together, as `deliver` does.
const BATCH: usize = 100;

/// Looks at the clock on one day: digests and reminders in the morning, what gathered since then an hour later.
const LOOKS_UTC: [i64; 2] = [13 * 60 + 5, 14 * 60 + 5];

pub struct Days {
    clock: Arc<TestClock>,
    day: NaiveDate,
    days: u64,
    letters: u64,
    /// On the clock and of the processors, apart from what the files take.
    pub seconds: f64,
    pub cpu_secs: f64,
}

impl Days {
    pub fn new(start: NaiveDate) -> Self {
        let clock = Arc::new(TestClock::at(midnight(start)));
        Self { clock, day: start, days: 0, letters: 0, seconds: 0.0, cpu_secs: 0.0 }
    }

    pub fn clock(&self) -> Arc<TestClock> {
        self.clock.clone()
    }

    /// Lives the days up to this one.
    pub fn pass_until(&mut self, engine: &mut Engine, day: NaiveDate) {
        let (start, cpu) = (Instant::now(), cpu_secs());
        while self.day < day {
            self.day = self.day + Span::new(1);
            self.days += 1;
            for minutes in LOOKS_UTC {
                self.clock.set(midnight(self.day) + TimeDelta::minutes(minutes));
                self.tick(engine);
            }
        }
        self.seconds += start.elapsed().as_secs_f64();
        self.cpu_secs += cpu_secs() - cpu;
    }

    fn tick(&mut self, engine: &mut Engine) {
        while engine.remind().expect("reminders are said") {}
        engine.due(false).expect("the agenda is done");
        engine.digests().expect("digests are written");
        loop {
            let ready = engine.store().letters_ready(engine.now(), BATCH).expect("the store answers");
            if ready.is_empty() {
                break;
            }
            let taken = |letter| {
                let outcome = Outcome::Accepted { response: "250 2.0.0 Ok: queued as 4F1A2B3C".into() };
                Attempt { letter, outcome, as_of: AsOf::default() }
            };
            let answers: Vec<_> = ready.iter().map(|letter| taken(letter.key.clone())).collect();
            engine.delivered(&answers).expect("the answers are recorded");
            self.letters += answers.len() as u64;
        }
        engine.tidy(Occasion::Quiet).expect("the store is tidied");
    }

    pub fn say(&self) {
        println!(
            "{{\"days\":{},\"letters_taken\":{},\"seconds_of_days\":{:.1},\"cpu_seconds_of_days\":{:.1}}}",
            self.days, self.letters, self.seconds, self.cpu_secs
        );
    }
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}
