//! stub
use crate::entry::*;
use crate::notice::*;
use crate::place::*;
use chrono::NaiveDate;
pub struct Rules;
pub struct Rule {
    pub name: Box<str>,
    pub title: Box<str>,
    pub delivery: Delivery,
    pub notify: Vec<Box<str>>,
    pub next_step: Box<str>,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Now,
    Digest,
    None,
}
pub struct Hit<'r> {
    pub rule: &'r Rule,
    pub severity: Severity,
    pub occasion: String,
}
pub struct DeadlineHit<'r> {
    pub rule: &'r Rule,
    pub severity: Severity,
    pub occasion: String,
    pub step: Box<str>,
}
pub struct NoticeContext<'a> {
    pub notice: &'a Notice,
    pub before: Option<&'a Entry>,
    pub after: Option<&'a Entry>,
    pub broker: &'a str,
    pub deadlines: &'a [EntryDeadline],
}
pub struct DeadlineContext<'a> {
    pub deadline: &'a EntryDeadline,
    pub entry: &'a Entry,
    pub on: NaiveDate,
}
impl Rules {
    pub fn for_notice(&self, _: &NoticeContext<'_>) -> Vec<Hit<'_>> {
        vec![]
    }
    pub fn for_deadline(&self, _: &DeadlineContext<'_>) -> Vec<DeadlineHit<'_>> {
        vec![]
    }
    pub fn for_trouble(&self, _: &str, _: Severity, _: &str) -> Vec<Hit<'_>> {
        vec![]
    }
    pub fn next_reminder(&self, _: &EntryDeadline, _: NaiveDate) -> Option<NaiveDate> {
        None
    }
    pub fn has_ladder(&self, _: &EntryDeadline, _: &Entry) -> bool {
        false
    }
}
