//! Letters that only say again that nobody takes care. One letter may tell thousands of alerts, and one link answers all of them, each by a
//! line of its own: each letter is looked at once, and goes on where it was found wanting.

use std::collections::BTreeMap;

use super::{Group, View};
use crate::outbox::{AlertKey, Course, Letter, LetterKey};

/// What is known of letters while lines are applied; `None`: it says more than that, or it has left.
#[derive(Default)]
pub(super) struct Nags(BTreeMap<LetterKey, Option<Nag>>);

struct Nag {
    alerts: Vec<AlertKey>,
    /// Where the alert stands that nobody took care of when it was looked at last. Behind a wrap all those before it are looked at again,
    /// for they may be open again.
    open: usize,
}

impl Nags {
    /// The letter is another one now.
    pub fn forget(&mut self, key: &LetterKey) {
        self.0.remove(key);
    }

    /// Whether a letter has not left and nags about nothing but alerts that nobody has to hear of now. The one that changes just now is
    /// such.
    pub fn is_idle<V: View>(
        &mut self,
        group: &Group<'_, V>,
        key: &LetterKey,
        changing: &AlertKey,
    ) -> Result<bool, V::Error> {
        if !self.0.contains_key(key) {
            let nag = group.letter(key)?.filter(|letter| letter.is_unread() && letter.only_nags());
            self.0.insert(key.clone(), nag.map(|Letter { alerts, .. }| Nag { alerts, open: 0 }));
        }
        let Some(Some(nag)) = self.0.get_mut(key) else { return Ok(false) };
        let count = nag.alerts.len();
        for at in (nag.open..count).chain(0..nag.open) {
            let alert = &nag.alerts[at];
            if alert != changing && !group.course(alert)?.as_ref().is_some_and(Course::is_quiet) {
                nag.open = at;
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use chrono::{DateTime, NaiveDate, Utc};

    use super::*;
    use crate::entry::{Life, Unmatched};
    use crate::ident::{BillOfLading, BrokerName, EntryNumber, Fingerprint, NoticeId};
    use crate::outbox::{
        AgendaKey, Alert, Grounds, LetterKind, LetterState, Past, Silences, TroubleId, Window,
    };
    use crate::place::Severity;
    use crate::step::{
        BillRecord, DigestKey, DueKey, DueValue, FeedRecord, InputRecord, OpenTrouble, Position,
        QuarantineKey,
    };

    /// One letter, and which of its alerts are over. Counts what is read.
    struct Books {
        letter: Letter,
        over: RefCell<BTreeSet<AlertKey>>,
        letters: Cell<usize>,
        courses: Cell<usize>,
    }

    impl Books {
        fn new(alerts: usize) -> Self {
            let alerts = (0..alerts).map(|serial| AlertKey::parse(&format!("ex|{serial}|x")));
            let alerts: Vec<AlertKey> = alerts.collect();
            let letter = Letter {
                key: LetterKey::of("ops@example.com", &alerts),
                recipient: "ops@example.com".into(),
                kind: LetterKind::Reminder { nth: 2 },
                entry: None,
                severity: Severity::Warning,
                alerts,
                created_at: DateTime::UNIX_EPOCH,
                state: LetterState::Waiting {
                    attempt: 0,
                    next_try_at: DateTime::UNIX_EPOCH,
                    last_error: None,
                    may_have_arrived: false,
                },
                past: Past::default(),
                marks: Vec::new(),
                grounds: Grounds::default(),
            };
            let over = RefCell::default();
            Self { letter, over, letters: Cell::new(0), courses: Cell::new(0) }
        }
    }

    impl View for Books {
        type Error = Infallible;

        fn letter(&self, key: &LetterKey) -> Result<Option<Letter>, Infallible> {
            self.letters.set(self.letters.get() + 1);
            Ok(Some(self.letter.clone()).filter(|letter| letter.key == *key))
        }
        fn course(&self, key: &AlertKey) -> Result<Option<Course>, Infallible> {
            self.courses.set(self.courses.get() + 1);
            let over_at = self.over.borrow().contains(key).then_some(DateTime::UNIX_EPOCH);
            Ok(Some(Course { over_at, ..Course::default() }))
        }
        fn life(&self, _: EntryNumber) -> Result<Option<Life>, Infallible> {
            Ok(None)
        }
        fn bill(&self, _: &BillOfLading) -> Result<Option<BillRecord>, Infallible> {
            Ok(None)
        }
        fn loose(&self, _: NoticeId) -> Result<Option<Unmatched>, Infallible> {
            Ok(None)
        }
        fn input(&self, _: Fingerprint) -> Result<Option<InputRecord>, Infallible> {
            Ok(None)
        }
        fn alert(&self, _: &AlertKey) -> Result<Option<Alert>, Infallible> {
            Ok(None)
        }
        fn letters(&self, _: usize) -> Result<Vec<Letter>, Infallible> {
            Ok(Vec::new())
        }
        fn trouble(&self, _: &TroubleId) -> Result<Option<OpenTrouble>, Infallible> {
            Ok(None)
        }
        fn troubles(&self) -> Result<Vec<OpenTrouble>, Infallible> {
            Ok(Vec::new())
        }
        fn due_until(&self, _: NaiveDate, _: usize) -> Result<Vec<(DueKey, DueValue)>, Infallible> {
            Ok(Vec::new())
        }
        fn window(&self, _: &str) -> Result<Option<Window>, Infallible> {
            Ok(None)
        }
        fn silences(&self) -> Result<Silences, Infallible> {
            Ok(Silences::default())
        }
        fn agenda_until(&self, _: DateTime<Utc>, _: usize) -> Result<Vec<AgendaKey>, Infallible> {
            Ok(Vec::new())
        }
        fn digest(&self, _: &str, _: usize) -> Result<Vec<DigestKey>, Infallible> {
            Ok(Vec::new())
        }
        fn quarantined_of(&self, _: Fingerprint) -> Result<Vec<QuarantineKey>, Infallible> {
            Ok(Vec::new())
        }
        fn feed(&self, _: &BrokerName) -> Result<Option<FeedRecord>, Infallible> {
            Ok(None)
        }
    }

    /// In whatever order its alerts are answered, a letter is read once and each of its alerts a few times.
    #[test]
    fn what_a_link_of_many_costs_grows_with_them_and_no_faster() {
        const COUNT: usize = 1_000;
        type Order = fn(usize) -> usize;
        let orders: [Order; 3] = [|at| at, |at| COUNT - 1 - at, |at| at * 7 % COUNT];
        for order in orders {
            let books = Books::new(COUNT);
            let (group, mut nags) = (Group::new(&books, Position::START), Nags::default());
            for at in 0..COUNT {
                let key = &books.letter.alerts[order(at)];
                let Ok(is_idle) = nags.is_idle(&group, &books.letter.key, key);
                assert_eq!(is_idle, at == COUNT - 1, "only the last one ends the letter");
                books.over.borrow_mut().insert(key.clone());
            }
            assert_eq!(books.letters.get(), 1);
            assert!(books.courses.get() <= 4 * COUNT, "{} reads", books.courses.get());
        }
    }

    #[test]
    fn an_alert_that_is_open_again_keeps_its_letter() {
        let books = Books::new(3);
        let (group, mut nags) = (Group::new(&books, Position::START), Nags::default());
        let [first, second, third] = &books.letter.alerts[..] else { panic!("three alerts") };
        let mut answer = |key: &AlertKey| {
            let Ok(is_idle) = nags.is_idle(&group, &books.letter.key, key);
            books.over.borrow_mut().insert(key.clone());
            is_idle
        };
        assert!(!answer(first) && !answer(second));
        books.over.borrow_mut().remove(first);
        assert!(!answer(third));
        assert!(answer(first));
    }
}
