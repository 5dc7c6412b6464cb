//! That text and HTML say the same, in the order in which a reader needs it.

use super::*;

#[test]
fn several_alerts_share_a_mail() {
    let mail = render(LetterKind::Alert, vec![sample::deadline(), sample::hold(), sample::unknown_code()]);
    expect!["[CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME Brokers) (+2 more)"]
        .assert_eq(mail.subject());
    assert_eq!(mail.text().matches("WHAT HAPPENED").count(), 3);
    let many = vec![sample::hold(); Letter::ALERTS_MAX];
    let mail = render(LetterKind::Alert, many.clone());
    assert_eq!(mail.text().matches("WHAT HAPPENED").count(), 20);
    assert_eq!(
        mail.text().matches("CRITICAL  ABC-1234567-6").count(),
        Letter::ALERTS_MAX,
        "each has its row"
    );
    let digest = render(LetterKind::Digest { day: day(2026, 3, 2) }, many);
    assert!(digest.bytes().len() < 1 << 20, "a full digest has {} bytes", digest.bytes().len());
}

#[test]
fn the_head_of_a_mail() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    let bytes = String::from_utf8(mail.bytes().to_vec()).expect("ASCII");
    let head = bytes.split("\r\n\r\n").next().unwrap_or_default();
    expect![[r#"
        From: entrywatch <alerts@example.com>
        To: ops@example.com
        Subject: [CRITICAL] ABC-1234567-6 CBP or agency hold: FDA hold placed (ACME
         Brokers)
        Date: Mon, 02 Mar 2026 14:20:05 +0000
        Message-ID: <68652643c7bb24091a3c0f6b945e9111@example.com>
        In-Reply-To: <entry-8c4a0bc99b69c289f54c0857933de9cd@example.com>
        References: <entry-8c4a0bc99b69c289f54c0857933de9cd@example.com>
        Auto-Submitted: auto-generated
        Importance: high
        X-Priority: 1
        X-Entrywatch-Severity: critical
        X-Entrywatch-Entry: ABC-1234567-6
        X-Entrywatch-Rule: hold
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="entrywatch-68652643c7bb24091a3c0f6b945e9111"
    "#]]
    .assert_eq(&(head.replace("\r\n", "\n") + "\n"));
}

/// The words of an HTML page as a reader sees them; the title stands for the subject.
fn seen(html: &str) -> String {
    let style = html.find("<style>").zip(html.find("</style>"));
    let html = style.map_or(html.to_owned(), |(from, to)| format!("{}{}", &html[..from], &html[to..]));
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => (is_tag, text) = (true, text + " "),
            '>' if is_tag => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    let marks =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    marks.iter().fold(text, |text, (mark, c)| text.replace(mark, c))
}

/// Each word and how often it stands, without case and punctuation.
fn words(text: &str) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_owned()).or_default() += 1;
    }
    words
}

#[test]
fn text_and_html_say_the_same() {
    let alerts =
        || vec![release("ABC12345676", "ACME Brokers"), ladder(90, "90", (2026, 6, 4)), sample::trouble()];
    let mut letters: Vec<(Letter, Vec<Alert>)> = sample::letters();
    letters.push(letter(LetterKind::Digest { day: day(2026, 3, 2) }, alerts()));
    letters.push(letter(LetterKind::Alert, vec![sample::hold(); 25]));
    letters
        .push(letter(LetterKind::Alert, vec![ladder(-3, "overdue", (2026, 9, 5)), sample::unknown_code()]));
    for (letter, alerts) in letters {
        let mail = render_letter(&letter, &alerts);
        // The head of a digest is no part of what is seen; the text of an alert begins with its subject, as its title does.
        let html = match letter.kind {
            LetterKind::Digest { .. } => mail.html().split_once("</title>").expect("a title").1,
            _ => mail.html(),
        };
        let (text, html) = (words(mail.text()), words(&seen(html)));
        let only = |of: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| -> Vec<String> {
            of.iter()
                .filter(|(word, count)| other.get(*word) != Some(count))
                .map(|(word, n)| format!("{word} {n}"))
                .collect()
        };
        assert_eq!((only(&text, &html), only(&html, &text)), (vec![], vec![]), "{}", mail.subject());
    }
}

#[test]
fn what_to_do_stands_before_what_was_sent() {
    let mail = render(LetterKind::Alert, vec![sample::hold()]);
    for body in [mail.text().to_lowercase(), mail.html().to_lowercase()] {
        let at = |part: &str| body.find(part).unwrap_or_else(|| panic!("no {part}"));
        let order = ["money", "what to do next", "what happened", "deadlines of this entry", "source"];
        assert!(order.is_sorted_by_key(|part| at(part)), "{body}");
    }
    assert!(
        mail.text().contains("Protest of 2026-03-06 (PROTEST_DUE@liquidation)"),
        "clocks have names: {}",
        mail.text()
    );
}

#[test]
fn a_letter_rendered_again_has_the_same_bytes() {
    for (letter, alerts) in sample::letters() {
        assert_eq!(render_letter(&letter, &alerts).bytes(), render_letter(&letter, &alerts).bytes());
    }
}

#[test]
fn mails_about_one_entry_share_a_thread() {
    let thread = |alert: Alert| {
        let mail = render(LetterKind::Alert, vec![alert]);
        headers(&mail).into_iter().find(|(name, _)| name == "References").map(|(_, value)| value)
    };
    assert!(thread(sample::hold()).is_some());
    assert_eq!(thread(sample::hold()), thread(sample::deadline()));
    assert_ne!(thread(sample::hold()), thread(release("XYZ76543211", "Bolt")));
    assert!(thread(sample::trouble()).is_some());
    assert_ne!(thread(sample::trouble()), thread(sample::hold()));
}
