//! How many letters a server gets in a minute.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A batch of letters begins no other after this: what became of the first ones is recorded, and a stop or a reload, which wait for
/// what is under way, need not wait for all of it.
pub const BATCH_LIMIT: Duration = Duration::from_secs(20);

/// Counts what was sent in the last minute. Pure: the time comes with each call.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// `None`: as many as it takes.
    per_minute: Option<u32>,
    /// When each letter of the last minute was sent, oldest first; at most `per_minute`.
    sent: VecDeque<DateTime<Utc>>,
}

impl Pace {
    pub fn new(per_minute: Option<u32>) -> Self {
        Self { per_minute, sent: VecDeque::new() }
    }

    /// How many letters may be sent now.
    pub fn free(&mut self, now: DateTime<Utc>) -> usize {
        let Some(limit) = self.per_minute else { return usize::MAX };
        // A clock that was set back must not stop the mail.
        self.sent.retain(|at| *at <= now && now - *at < TimeDelta::minutes(1));
        (limit as usize).saturating_sub(self.sent.len())
    }

    /// So many letters were sent at `now`.
    pub fn took(&mut self, now: DateTime<Utc>, count: usize) {
        if let Some(limit) = self.per_minute {
            self.sent.extend(std::iter::repeat_n(now, count.min(limit as usize)));
        }
    }

    /// When the next letter may be sent, if not now.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        let limit = self.per_minute? as usize;
        let at = self.sent.get(self.sent.len().checked_sub(limit)?)?;
        at.checked_add_signed(TimeDelta::minutes(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + secs, 0).expect("an instant")
    }

    #[test]
    fn a_minute_holds_no_more_than_its_limit() {
        let mut pace = Pace::new(Some(3));
        assert_eq!((pace.free(at(0)), pace.next_at()), (3, None));
        pace.took(at(0), 2);
        pace.took(at(20), 1);
        assert_eq!((pace.free(at(20)), pace.next_at()), (0, Some(at(60))));
        assert_eq!(pace.free(at(59)), 0);
        assert_eq!(pace.free(at(60)), 2);
        pace.took(at(60), 2);
        assert_eq!((pace.free(at(61)), pace.next_at()), (0, Some(at(80))));
        // The clock was set back.
        assert_eq!(pace.free(at(0)), 3);
        assert_eq!(Pace::new(None).free(at(0)), usize::MAX);
    }
}
