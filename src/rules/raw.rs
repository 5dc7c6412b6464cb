//! Rules as people write them, before they are checked.

use chrono::NaiveDate;
use toml::Spanned;

use crate::diagnostic::{Faults, RawValue, Source, WrittenTable, mistaken, written};

/// The tables of a rule file.
pub const FILE_KEYS: &[&str] = RawRules::KEYS;

/// The tables of the daemon's configuration: whoever hands that over as a rule file is told so, once.
pub const CONFIGURATION_KEYS: [&str; 11] = [
    "state", "daemon", "grammar", "rules", "calendar", "privacy", "mail", "http", "team", "broker", "webhook",
];

/// What is said of a file that is the daemon's configuration; whether it is.
pub(super) fn is_the_configuration(source: &Source, faults: &mut Faults) -> bool {
    let Some((written, span)) = mistaken::<RawRules>(source, &CONFIGURATION_KEYS) else { return false };
    let message = format!(
        "this looks like the daemon's configuration ({written}); rule files hold [[rule]], [[route]] and the like, and are named in its `[rules] files`"
    );
    faults.add(span, message);
    true
}

written! {
    /// One rule file.
    pub struct RawRules as "the rule file" {
        rule: Vec<RawRule>,
        group: Vec<RawGroup>,
        route: Vec<RawRoute>,
        broker_override: Vec<RawOverride>,
        inhibit: Vec<RawInhibit>,
        product_line: Vec<RawProductLine>,
        defaults: RawDefaults,
    }

    /// One `[[product_line]]`: goods under a name, for conditions and routes.
    pub struct RawProductLine as "the product line" {
        name: Spanned<String>,
        tariff: RawValue,
        order: RawValue,
    }

    /// `[defaults]`: what the rules of the file have unless they say otherwise.
    pub struct RawDefaults as "[defaults]" {
        severity: Spanned<String>,
        delivery: Spanned<String>,
        notify: Vec<Spanned<String>>,
        next_step: Spanned<String>,
        gather: Spanned<String>,
        remind: RawValue,
        ladder: RawValue,
        escalate: Vec<RawEscalation>,
        reopen: Spanned<i64>,
    }

    /// One `[[inhibit]]`: while an entry is so, some rules tell nothing of it.
    pub struct RawInhibit as "the inhibition" {
        name: Spanned<String>,
        when: RawValue,
        hides: Vec<Spanned<String>>,
    }

    /// One `[[group]]`: teams under one name.
    pub struct RawGroup as "the group" {
        name: Spanned<String>,
        teams: Vec<Spanned<String>>,
    }

    /// One `[[route]]`: who is told of the alerts of rules that name nobody.
    pub struct RawRoute as "the route" {
        name: Spanned<String>,
        when: RawValue,
        notify: Vec<Spanned<String>>,
    }

    /// One `[[broker_override]]`: what is different for a broker.
    pub struct RawOverride as "the broker override" {
        broker: RawValue,
        rules: Vec<Spanned<String>>,
        severity: Spanned<String>,
        delivery: Spanned<String>,
        notify: Vec<Spanned<String>>,
    }

    /// One `[[rule]]`.
    pub struct RawRule as "the rule" {
        name: Spanned<String>,
        title: Spanned<String>,
        on: Spanned<String>,
        when: RawValue,
        deadline: RawValue,
        remind: RawValue,
        severity: Spanned<String>,
        severity_from: Vec<RawSeverityStep>,
        delivery: Spanned<String>,
        notify: Vec<Spanned<String>>,
        next_step: Spanned<String>,
        until: RawValue,
        tell_when_over: Spanned<bool>,
        escalate: Vec<RawEscalation>,
        gather: Spanned<String>,
        reopen: Spanned<i64>,
        replaces: Vec<Spanned<String>>,
        test: Vec<RawTest>,
    }

    /// Whom to tell when nobody has acknowledged for so long.
    pub struct RawEscalation as "a step of `escalate`" {
        after: Spanned<String>,
        notify: Vec<Spanned<String>>,
    }

    /// From this many days before the date on, the reminders are this loud.
    pub struct RawSeverityStep as "a step of `severity_from`" {
        days: Spanned<i64>,
        severity: Spanned<String>,
    }

    /// What should become of one invented event.
    pub struct RawTest as "the test" {
        notice: RawNotice,
        before: Vec<RawNotice>,
        also: Vec<RawNotice>,
        received: Spanned<String>,
        clocks: RawValue,
        lines: Vec<RawLine>,
        deadline: Spanned<String>,
        act_by: Spanned<NaiveDate>,
        on: Spanned<NaiveDate>,
        step: RawValue,
        by_law: Spanned<bool>,
        trouble: Spanned<String>,
        silence: Spanned<String>,
        trouble_severity: Spanned<String>,
        broker: Spanned<String>,
        expect: Spanned<String>,
        severity: Spanned<String>,
    }

    /// An invented line of the entry.
    pub struct RawLine as "the line" {
        tariff: Spanned<String>,
        value: Spanned<String>,
        duty: Spanned<String>,
        origin: Spanned<String>,
    }

    /// An invented notice.
    pub struct RawNotice as "the notice" {
        kind: Spanned<String>,
        entry: Spanned<String>,
        code: Spanned<String>,
        table: Spanned<String>,
        severity: Spanned<String>,
        effect: Spanned<String>,
        agency: Spanned<String>,
        clears: Vec<Spanned<String>>,
        at: Spanned<String>,
        bill: Spanned<String>,
        paid: Spanned<String>,
        liquidated: Spanned<String>,
        fields: RawValue,
    }
}
