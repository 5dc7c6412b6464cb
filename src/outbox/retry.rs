//! When a refused letter is tried again: a pure function of the attempt.

use chrono::{DateTime, TimeDelta, Utc};

use super::{LetterState, Outcome};

/// Seconds to wait after the first, second, ... refused attempt; the last one repeats.
const WAITS_SECS: [i64; 8] = [60, 120, 300, 600, 1_200, 1_800, 3_600, 3_600];

/// How many attempts a letter gets: about five days at the longest wait.
pub const ATTEMPTS_MAX: u32 = 120;

/// The wait after `attempt` refused attempts (from 1).
pub fn wait(attempt: u32) -> TimeDelta {
    let index = (attempt.max(1) as usize - 1).min(WAITS_SECS.len() - 1);
    TimeDelta::seconds(WAITS_SECS[index])
}

/// True when one more refused attempt is the last.
pub fn is_last(state: &LetterState) -> bool {
    matches!(state, LetterState::Waiting { attempt, .. } if attempt.saturating_add(1) >= ATTEMPTS_MAX)
}

/// The state of a letter after an attempt.
pub fn after(state: &LetterState, outcome: &Outcome, now: DateTime<Utc>) -> LetterState {
    let (before, had_arrived) = match state {
        LetterState::Waiting { attempt, may_have_arrived, .. } => (*attempt, *may_have_arrived),
        LetterState::Sent { .. } => return state.clone(),
        LetterState::GivenUp { attempt, may_have_arrived, .. } => (*attempt, *may_have_arrived),
        LetterState::Withdrawn { .. } => return after_withdrawn(state, outcome, now),
    };
    let attempt = before.saturating_add(1);
    let may_have_arrived = had_arrived || matches!(outcome, Outcome::Unanswered { .. });
    let given_up =
        |error: &str| LetterState::GivenUp { at: now, attempt, error: error.into(), may_have_arrived };
    match outcome {
        Outcome::Accepted { .. } => LetterState::Sent { at: now, attempt },
        Outcome::Rejected { error } => given_up(error),
        Outcome::Refused { error } | Outcome::Unanswered { error } if attempt >= ATTEMPTS_MAX => {
            given_up(error)
        }
        Outcome::Refused { error } | Outcome::Unanswered { error } => LetterState::Waiting {
            attempt,
            next_try_at: now + wait(attempt),
            last_error: Some(error.clone()),
            may_have_arrived,
        },
    }
}

/// The state of a letter that was taken back while it was under way: what a server took is sent, all else stays as it is.
fn after_withdrawn(state: &LetterState, outcome: &Outcome, now: DateTime<Utc>) -> LetterState {
    let mut state = state.clone();
    let LetterState::Withdrawn { attempt, may_have_arrived, .. } = &mut state else { return state };
    *attempt = attempt.saturating_add(1);
    match outcome {
        Outcome::Accepted { .. } => LetterState::Sent { at: now, attempt: *attempt },
        Outcome::Unanswered { .. } => {
            *may_have_arrived = true;
            state
        }
        Outcome::Refused { .. } | Outcome::Rejected { .. } => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_end_after_days() {
        let mut now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let start = now;
        let mut state =
            LetterState::Waiting { attempt: 0, next_try_at: now, last_error: None, may_have_arrived: false };
        let refused = Outcome::Refused { error: "451 later".into() };
        let mut waits = Vec::new();
        while let LetterState::Waiting { .. } = state {
            state = after(&state, &refused, now);
            if let LetterState::Waiting { next_try_at, .. } = state {
                waits.push((next_try_at - now).num_seconds());
                now = next_try_at;
            }
        }
        assert_eq!(&waits[..9], [60, 120, 300, 600, 1_200, 1_800, 3_600, 3_600, 3_600]);
        assert!(matches!(state, LetterState::GivenUp { attempt: ATTEMPTS_MAX, .. }));
        assert_eq!((now - start).num_days(), 4);
    }

    #[test]
    fn a_sent_letter_stays_sent() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let sent = LetterState::Sent { at: now, attempt: 1 };
        assert_eq!(after(&sent, &Outcome::Rejected { error: "550".into() }, now), sent);
    }

    #[test]
    fn what_was_taken_back_under_way_is_sent_or_stays_taken_back() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let withdrawn = |attempt, may_have_arrived| LetterState::Withdrawn {
            at: now,
            attempt,
            reason: "it is over".into(),
            may_have_arrived,
        };
        for (outcome, wanted) in [
            (Outcome::Accepted { response: "250".into() }, LetterState::Sent { at: now, attempt: 1 }),
            (Outcome::Refused { error: "451".into() }, withdrawn(1, false)),
            (Outcome::Rejected { error: "550".into() }, withdrawn(1, false)),
            (Outcome::Unanswered { error: "the answer was lost".into() }, withdrawn(1, true)),
        ] {
            assert_eq!(after(&withdrawn(0, false), &outcome, now), wanted);
        }
    }

    #[test]
    fn what_may_have_arrived_is_known_after_it_was_given_up() {
        let now: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().expect("an instant");
        let last = LetterState::Waiting {
            attempt: ATTEMPTS_MAX - 1,
            next_try_at: now,
            last_error: None,
            may_have_arrived: false,
        };
        for (outcome, may_have_arrived) in [
            (Outcome::Unanswered { error: "the answer was lost".into() }, true),
            (Outcome::Refused { error: "451".into() }, false),
        ] {
            let state = after(&last, &outcome, now);
            assert!(
                matches!(state, LetterState::GivenUp { may_have_arrived: known, .. } if known == may_have_arrived),
                "{state:?}"
            );
        }
    }
}
