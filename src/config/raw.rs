//! The configuration as people write it. Every key is optional here; `resolve` says what must be there.

use chrono::NaiveDate;
use toml::Spanned;

use crate::diagnostic::{Written, WrittenTable, written};

type Text = Spanned<String>;
type Number = Spanned<i64>;

written! {
    /// The whole file.
    pub struct RawConfig as "the configuration" {
        state: RawState,
        daemon: RawDaemon,
        grammar: RawGrammar,
        rules: RawRules,
        calendar: RawCalendar,
        privacy: RawPrivacy,
        mail: RawMail,
        http: RawHttp,
        team: Vec<RawTeam>,
        broker: Vec<RawBroker>,
        webhook: Vec<RawWebhook>,
    }

    pub struct RawState as "[state]" {
        folder: Text,
        cache_mib: Number,
    }

    pub struct RawDaemon as "[daemon]" {
        socket: Text,
        stop_timeout: Text,
        log: Text,
        log_level: Text,
        reload_on_change: Spanned<bool>,
    }

    pub struct RawGrammar as "[grammar]" {
        folder: Text,
    }

    pub struct RawRules as "[rules]" {
        files: Vec<Text>,
        playbook: Text,
        scenarios: Vec<Text>,
    }

    pub struct RawCalendar as "[calendar]" {
        folder: Text,
        closures: Vec<Spanned<NaiveDate>>,
        days: Vec<RawDays>,
        set_due: Vec<RawSetDue>,
        suspend: Vec<RawSuspend>,
        statement: Vec<RawStatementMonth>,
        programme: Vec<RawProgramme>,
    }

    pub struct RawDays as "[[calendar.days]]" {
        from: Spanned<NaiveDate>,
        to: Spanned<NaiveDate>,
        ports: Vec<Text>,
        filers: Vec<Text>,
        deadlines: Vec<Text>,
        nonworking: Spanned<bool>,
        extend_working_days: Number,
        extend_days: Number,
        source: Text,
        by: Text,
        entered: Spanned<NaiveDate>,
    }

    pub struct RawSetDue as "[[calendar.set_due]]" {
        deadline: Text,
        due: Spanned<NaiveDate>,
        entry: Text,
        month: Text,
        ports: Vec<Text>,
        filers: Vec<Text>,
        source: Text,
        by: Text,
        entered: Spanned<NaiveDate>,
    }

    pub struct RawSuspend as "[[calendar.suspend]]" {
        deadlines: Vec<Text>,
        from: Spanned<NaiveDate>,
        to: Spanned<NaiveDate>,
        entries: Vec<Text>,
        ports: Vec<Text>,
        filers: Vec<Text>,
        source: Text,
        by: Text,
        entered: Spanned<NaiveDate>,
    }

    pub struct RawStatementMonth as "[[calendar.statement]]" {
        preliminary: Spanned<NaiveDate>,
        due: Spanned<NaiveDate>,
        source: Text,
    }

    pub struct RawProgramme as "[[calendar.programme]]" {
        deadline: Text,
        until: Spanned<NaiveDate>,
    }

    pub struct RawPrivacy as "[privacy]" {
        importer_number: Text,
    }

    pub struct RawMail as "[mail]" {
        from: Text,
        domain: Text,
        link_base: Text,
        outbox: Text,
        templates: Text,
        smtp: RawSmtp,
    }

    pub struct RawSmtp as "[mail.smtp]" {
        host: Text,
        port: Number,
        security: Text,
        user: Text,
        password: Text,
        password_file: Text,
        password_env: Text,
        password_credential: Text,
        ca_file: Text,
        hello_name: Text,
        timeout: Text,
        per_minute: Number,
    }

    pub struct RawWebhook as "the webhook" {
        name: Text,
        url: Text,
        secret: Text,
        secret_file: Text,
        secret_env: Text,
        secret_credential: Text,
        ca_file: Text,
        timeout: Text,
        per_minute: Number,
    }

    pub struct RawHttp as "[http]" {
        listen: Text,
        link_key: Text,
        link_key_file: Text,
        link_key_env: Text,
        link_key_credential: Text,
    }

    pub struct RawTeam as "the team" {
        name: Text,
        to: Vec<Text>,
        zone: Text,
        digest_at: Text,
        severity_min: Text,
        quiet: Text,
        quiet_pass: Text,
        gather: Text,
        letters_max: Number,
        letters_within: Text,
    }

    pub struct RawBroker as "the broker" {
        name: Text,
        filers: Vec<Text>,
        x12_qualifiers: Vec<Text>,
        columns: Vec<Text>,
        acknowledge: RawAcknowledge,
        business_hours: Text,
        zone: Text,
        silent_after: Text,
        drop: Vec<RawDrop>,
    }

    pub struct RawAcknowledge as "[broker.acknowledge]" {
        folder: Text,
        set: Text,
    }

    pub struct RawDrop as "the drop" {
        name: Text,
        path: Text,
        create: Spanned<bool>,
        sftp: RawSftp,
        poll: Text,
        settle: Text,
        incomplete_after: Text,
        max_file: Text,
        ignore: Vec<Text>,
        include: Vec<Text>,
        after: Text,
        move_to: Text,
    }

    pub struct RawSftp as "[broker.drop.sftp]" {
        host: Text,
        port: Number,
        user: Text,
        password: Text,
        password_file: Text,
        password_env: Text,
        password_credential: Text,
        key: Text,
        passphrase: Text,
        passphrase_file: Text,
        passphrase_env: Text,
        passphrase_credential: Text,
        agent: Spanned<bool>,
        known_hosts: Text,
        fingerprint: Text,
        timeout: Text,
        algorithms: RawAlgorithms,
    }

    pub struct RawAlgorithms as "[broker.drop.sftp.algorithms]" {
        kex: Vec<Text>,
        ciphers: Vec<Text>,
        macs: Vec<Text>,
        host_key: Vec<Text>,
        sign: Vec<Text>,
    }
}

/// Every table with its header as it stands in a file, and its keys. Inline secrets are keys only to be refused.
pub const TABLES: &[(&str, &[&str])] = &[
    ("[state]", RawState::KEYS),
    ("[daemon]", RawDaemon::KEYS),
    ("[grammar]", RawGrammar::KEYS),
    ("[rules]", RawRules::KEYS),
    ("[calendar]", RawCalendar::KEYS),
    ("[[calendar.days]]", RawDays::KEYS),
    ("[[calendar.set_due]]", RawSetDue::KEYS),
    ("[[calendar.suspend]]", RawSuspend::KEYS),
    ("[[calendar.statement]]", RawStatementMonth::KEYS),
    ("[[calendar.programme]]", RawProgramme::KEYS),
    ("[privacy]", RawPrivacy::KEYS),
    ("[mail]", RawMail::KEYS),
    ("[mail.smtp]", RawSmtp::KEYS),
    ("[http]", RawHttp::KEYS),
    ("[[webhook]]", RawWebhook::KEYS),
    ("[[team]]", RawTeam::KEYS),
    ("[[broker]]", RawBroker::KEYS),
    ("[broker.acknowledge]", RawAcknowledge::KEYS),
    ("[[broker.drop]]", RawDrop::KEYS),
    ("[broker.drop.sftp]", RawSftp::KEYS),
    ("[broker.drop.sftp.algorithms]", RawAlgorithms::KEYS),
];

/// Keys that are known only so that their refusal can say what to write instead.
pub const REFUSED: &[&str] = &["password", "passphrase", "link_key", "secret"];

/// A raw list that was written, else the given default.
pub(super) fn list<T: Written>(field: &crate::diagnostic::Field<Vec<T>>) -> &[T] {
    field.given().map(Vec::as_slice).unwrap_or_default()
}
