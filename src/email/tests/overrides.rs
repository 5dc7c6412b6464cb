//! Templates of the installation.

use super::foreign::poisoned;
use super::*;

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

#[test]
fn overrides_replace_one_template_and_still_escape() {
    let renderer = with_override("alert.html", "<p>{{ sections[0].happened }}</p>").expect("a good override");
    let poison = "<b>bold</b>";
    let (letter, alerts) = letter(LetterKind::Alert, vec![poisoned(poison).swap_remove(0)]);
    let mail = renderer.render(&letter, &alerts).expect("a mail");
    assert!(mail.html().starts_with("<p>Customs sent") && mail.html().contains("&lt;b&gt;bold"));
    assert!(mail.text().contains("WHAT HAPPENED"));
}

#[test]
fn an_override_that_fails_later_gives_way_to_our_own() {
    let picky = "{% if sections[0].entry and sections[0].entry.number == 'XYZ-7654321-1' %}{{ nothing }}{% endif %}ours";
    let renderer = with_override("alert.txt", picky).expect("fine with the samples");
    let text = |alert: Alert| {
        let (letter, alerts) = letter(LetterKind::Alert, vec![alert]);
        renderer.render(&letter, &alerts).expect("a mail").text().to_owned()
    };
    assert_eq!(text(sample::hold()), "ours");
    assert!(text(release("XYZ76543211", "Bolt")).contains("WHAT HAPPENED"));
}
