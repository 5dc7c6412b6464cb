//! Templates of the installation.

use super::foreign::poisoned;
use super::*;

/// Entry and event of each alert.
const SHORT: &str = "{% for row in table %}{{ row.entry }} {{ row.what }}\n{% else %}\
                     {% for s in sections %}{% if s.entry %}{{ s.entry.number }} {% endif %}{{ s.heading }}\n{% endfor %}{% endfor %}";

fn with_override(name: &str, source: &str) -> Result<Renderer, TemplateError> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join(name), source).expect("written");
    let result = Renderer::new(Some(folder.path()), settings());
    result.map_err(|error| match error {
        TemplateError::Faulty { path, line, problem } => TemplateError::Faulty {
            path: path.file_name().map(Into::into).unwrap_or_default(),
            line,
            problem,
        },
        TemplateError::Mute { path, problem } => {
            TemplateError::Mute { path: path.file_name().map(Into::into).unwrap_or_default(), problem }
        }
        TemplateError::Unknown { path } => {
            TemplateError::Unknown { path: path.file_name().map(Into::into).unwrap_or_default() }
        }
        other => other,
    })
}

#[test]
fn broken_overrides_are_found_at_start() {
    let problem = |name: &str, source: &str| with_override(name, source).err().map(|error| error.to_string());
    expect![[r#"
        alert.txt:2: the template fails: undefined value: `subjekt` is undefined (in alert.txt:2)
        ---------------------------------- alert.txt ----------------------------------
           1 | one
           2 > {{ subjekt }}
             i    ^^^^^^^ undefined value"#]]
    .assert_eq(&problem("alert.txt", "one\n{{ subjekt }}\n").unwrap_or_default());
    expect![[r#"
        digest.html:1: the template fails: syntax error: unexpected end of input, expected end of block (in digest.html:1)
        --------------------------------- digest.html ---------------------------------
           1 > {% for x in groups %}
             i                    ^^ syntax error"#]].assert_eq(&problem("digest.html", "{% for x in groups %}").unwrap_or_default());
    expect![[r#"
        alert.html:1: the template fails: unknown filter: filter safe is unknown (in alert.html:1)
        --------------------------------- alert.html ----------------------------------
           1 > {{ subject|safe }}
             i            ^^^^ unknown filter"#]]
    .assert_eq(&problem("alert.html", "{{ subject|safe }}").unwrap_or_default());
    expect!["`alerts.txt` replaces no template (templates: alert.txt, alert.html, digest.txt, digest.html)"]
        .assert_eq(&problem("alerts.txt", "x").unwrap_or_default());
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}";
    assert!(problem("alert.txt", endless).is_some());
    assert!(problem("alert.txt", "{{ ('x' * 100) * 1000000 }}").is_some());
}

/// A name that stands only where some mails have something is tried all the same.
#[test]
fn mistakes_in_what_only_some_mails_have_are_found_at_start() {
    let problem = |name: &str, source: &str| with_override(name, source).err().map(|error| error.to_string());
    for part in [
        "{% if ack %}{{ akc }}{% endif %}",
        "{% if 'Not delivered' in subject %}{{ akc }}{% endif %}",
        "{% if table|length > 500 %}{{ akc }}{% endif %}",
        "{% for s in sections %}{% if s.clock and s.clock.due_left %}{{ akc }}{% endif %}{% endfor %}",
        "{% for s in sections %}{% if s.entry and not s.entry.holds %}{{ akc }}{% endif %}{% endfor %}",
    ] {
        let found = problem("alert.txt", &format!("{SHORT}{part}")).unwrap_or_default();
        assert!(found.contains("`akc` is undefined"), "{part}: {found}");
    }
    let digest = "{% for group in groups %}{% for row in group.rows %}{{ row.entry or '' }} {{ row.event }}\n{% endfor %}{% endfor %}";
    for part in ["{% if note %}{{ akc }}{% endif %}", "{% if alerts > 300 %}{{ akc }}{% endif %}"] {
        let found = problem("digest.txt", &format!("{digest}{part}")).unwrap_or_default();
        assert!(found.contains("`akc` is undefined"), "{part}: {found}");
    }
    let row = "{% for group in groups %}{% for row in group.rows %}{% if not row.broker %}{{ akc }}{% endif %}{% endfor %}{% endfor %}";
    let found = problem("digest.txt", &format!("{digest}{row}")).unwrap_or_default();
    assert!(found.contains("`akc` is undefined"), "{found}");
}

#[test]
fn overrides_replace_one_template_and_still_escape() {
    let renderer = with_override("alert.html", &format!("{SHORT}<i>ours</i>")).expect("a good override");
    let poison = "<b>bold</b>";
    let (letter, alerts) = letter(LetterKind::Alert, vec![poisoned(poison).swap_remove(0)]);
    let mail = renderer.render(&letter, &alerts).expect("a mail");
    assert!(mail.html().ends_with("<i>ours</i>") && mail.html().contains("&lt;b&gt;bold"));
    assert!(mail.text().contains("WHAT HAPPENED"));
}

#[test]
fn an_override_that_fails_later_gives_way_to_our_own() {
    // What fails, and what makes nothing: the reader must see something.
    for then in ["{{ nothing }}", "{% set sections, table = [], [] %}"] {
        let picky = format!(
            "{{% if sections[0].entry and sections[0].entry.number == 'XYZ-7654321-1' %}}{then}{{% endif %}}"
        );
        let renderer = with_override("alert.txt", &(picky + SHORT)).expect("fine with the samples");
        let text = |alert: Alert| {
            let (letter, alerts) = letter(LetterKind::Alert, vec![alert]);
            renderer.render(&letter, &alerts).expect("a mail").text().to_owned()
        };
        assert_eq!(text(sample::hold()), "ABC-1234567-6 CBP or agency hold: FDA hold placed\n");
        assert!(text(release("XYZ76543211", "Bolt")).contains("WHAT HAPPENED"), "{then}");
    }
}

#[test]
fn an_override_that_does_not_tell_what_happened_is_a_fault() {
    let problem = |name: &str, source: &str| {
        with_override(name, source).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for name in ["alert.txt", "alert.html", "digest.txt", "digest.html"] {
        assert_eq!(problem(name, ""), format!("{name}: the template makes a blank mail"));
        assert_eq!(problem(name, " \n{# nothing #}\n"), format!("{name}: the template makes a blank mail"));
        assert!(problem(name, "Look at the portal.").contains("the template does not show the entry number"));
    }
    let styled = "<html><head><title>{{ subject }}</title><style>p {}</style></head><body></body></html>";
    assert_eq!(problem("alert.html", styled), "alert.html: the template makes a blank mail");
    assert_eq!(
        problem("alert.txt", "{{ sections[0].entry.number if sections[0].entry }}"),
        "alert.txt: the template does not say what happened, `CBP or agency hold: FDA hold placed`, of a letter of one alert"
    );
    // One that shows the first alert only would lose the others of a letter.
    let first = "{{ sections[0].entry.number if sections[0].entry }} {{ sections[0].happened }}";
    let said = problem("alert.txt", first);
    assert!(said.starts_with("alert.txt: the template does not say what happened, `"), "{said}");
    assert!(said.ends_with("`, of a letter of 6 alerts"), "{said}");
}

#[test]
fn no_template_takes_foreign_text_for_html() {
    let problem = |source: &str| {
        with_override("alert.html", source).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for tag in ["{% autoescape false %}", "{%- autoescape\n'none' -%}", "{%+autoescape false%}"] {
        assert_eq!(
            problem(&format!("<p>\n{tag}{{{{ subject }}}}{{% endautoescape %}}")),
            "alert.html:2: the template fails: `autoescape` is not for templates: what they show in HTML is always escaped"
        );
    }
    // Templates for text are not escaped, unless one for HTML includes them.
    let renderer =
        with_override("alert.html", "<pre>{% include 'alert.txt' %}</pre>").expect("a good override");
    let (letter, alerts) = letter(LetterKind::Alert, vec![poisoned("<b>bold</b>").swap_remove(0)]);
    let mail = renderer.render(&letter, &alerts).expect("a mail");
    assert!(!mail.html().contains("<b>") && mail.html().contains("&lt;b&gt;bold"), "{}", mail.html());
    assert!(mail.text().contains("<b>bold"));
}
