//! Keys are replaced where they stand, and nothing else is touched.

use proptest::prelude::*;

use super::keys::{Fault, Refusal, digest_key, digest_keys};

/// What a text becomes: each `«key»` in it stands for a key, as it is written, and then its digest.
#[track_caller]
fn check(marked: &str) {
    let (mut text, mut expected) = (String::new(), String::new());
    for (number, part) in marked.split(['«', '»']).enumerate() {
        text += part;
        let Some(key) = (number % 2 == 1).then_some(part) else {
            expected += part;
            continue;
        };
        let (quote, key) = match key.strip_prefix('\'') {
            Some(quoted) => ('\'', quoted.trim_end_matches('\'')),
            None => ('"', key.trim_matches('"')),
        };
        expected += &format!("{quote}{}{quote}", digest_key(key).unwrap());
    }
    assert_ne!(text, expected, "no key is marked");
    let digested = digest_keys(&text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"));
    assert_eq!(digested, expected, "{text}");
    assert_eq!(digest_keys(&digested).as_ref(), Ok(&digested));
}

#[track_caller]
fn check_stays(text: &str) {
    assert_eq!(digest_keys(text).as_deref(), Ok(text));
}

#[track_caller]
fn check_refused(text: &str, expected: Refusal) {
    assert_eq!(digest_keys(text), Err(expected), "{text}");
}

#[test]
fn keys_of_consumers_and_at_the_top_are_replaced() {
    check(
        "_format_version: \"3.0\" # decK's\n\
         services:\n- name: orders\n  url: http://a.test/v1\n\n\
         consumers:\n\
         - username: bob\n  keyauth_credentials:\n  \
           - key: «s3cret»   # bob's first\n    tags: [ a,  b ]\n  \
           - key:   «'other'»\n    ttl: 3600\n\
         - username: eve\n  custom_id: \"42\"\n\
         keyauth_credentials:\n\
         - { consumer: eve, key: «\"third\"» , tags: [key] }\n",
    );
}

#[test]
fn every_style_of_one_line_is_edited() {
    for key in [
        "plain",
        "with space",
        "a#b",
        "a:b",
        "'single'",
        "\"double\"",
        "ключ",
        "\"ключ 🔑\"",
        "x1e5",
        "1.2.3",
        "0cdddca2307490ec1ab6708f",
        "lk_8IEhnol",
        "~x",
        "nullable",
        "yes!",
        "a,b",
        "$x",
        "{vault}x\"",
        "-x",
    ] {
        let flow = !key.starts_with('{') && !key.contains(',');
        if !key.starts_with('{') {
            check(&format!("keyauth_credentials:\n- key: «{key}»\n  tags: null"));
            check(&format!("keyauth_credentials:\n- tags: null\n  key: «{key}»"));
            check(&format!("keyauth_credentials:\n  -\n    \"key\" : «{key}» \t\n"));
        }
        if flow {
            check(&format!("keyauth_credentials: [{{key: «{key}»}}, {{ 'key': «{key}» ,tags: []}}]"));
        }
    }
}

#[test]
fn escapes_are_of_the_key_and_lines_are_joined() {
    let digest = digest_key("a\"b\u{e9}").unwrap();
    for key in [r#""a\"b\u00e9""#, "'a\"bé'", "\"a\\\n    \\\"b\\xe9\""] {
        let text = format!("keyauth_credentials:\n- key: {key}\n");
        let quote = &key[..1];
        let expected = format!("keyauth_credentials:\n- key: {quote}{digest}{quote}\n");
        assert_eq!(digest_keys(&text), Ok(expected), "{text}");
    }
    let two_lines = "keyauth_credentials:\n- key: one\n    two\n  ttl: 1\n";
    let expected = format!("keyauth_credentials:\n- key: \"{}\"\n  ttl: 1\n", digest_key("one two").unwrap());
    assert_eq!(digest_keys(two_lines), Ok(expected));
}

#[test]
fn json_is_edited_as_well() {
    check(
        "{\"_format_version\":\"3.0\",\"consumers\":[{\"username\":\"bob\",\n\t\"keyauth_credentials\":[{\"key\":«\"s3cret\"»,\"ttl\":5}]}]}",
    );
}

#[test]
fn bytes_that_are_not_ascii_and_other_line_ends_stay() {
    check(
        "\u{feff}# ключи 🔑\r\nconsumers:\r\n- username: \"Zoë 🔑\"\r\n  keyauth_credentials:\r\n  - key: «s3cret»\r\n  - key: «два»\r\n",
    );
    check("---\n# first\nkeyauth_credentials:\n- key: «s3cret»\n...\n");
}

#[test]
fn what_is_shown_already_and_what_is_no_key_stays() {
    let digest = digest_key("s3cret").unwrap();
    check_stays(&format!("keyauth_credentials:\n- key: {digest}\n- {{key: '{digest}'}}\n"));
    check_stays("keyauth_credentials:\n- key: unknown:1f45e0d9-c23a-4eb4-8882-5322c99e8498\n");
    check_stays("keyauth_credentials:\n- key:\n- key: ~\n- key: null\n- tags: [key]\n- key: [a]\n");
    check_stays("key: a\nservices:\n- key: a\n  keyauth_credentials:\n  - key: a\n");
    check_stays("consumers:\n- key: a\n  basicauth_credentials:\n  - key: a\n");
    check_stays("plugins:\n- config: {keyauth_credentials: [{key: a}]}\n");
    // decK compares texts, and the Admin API shows digits in lower case.
    let upper = digest.to_uppercase().replace("SHA", "sha");
    check(&format!("keyauth_credentials:\n- key: «{upper}»\n"));
    // What only looks shown is a key.
    check(&format!("keyauth_credentials:\n- key: «{}»\n- key: «unknown:x»\n", &digest[..70]));
}

#[test]
fn keys_of_anchors_are_replaced_where_they_are_written() {
    check("keyauth_credentials:\n- key: &k «s3cret»\n- key: *k\n");
    check("keyauth_credentials:\n- key: !!str «12»\n- key: !!str  &k\n    «'s3cret'» # last\n");
    check(
        "consumers:\n- &bob\n  username: bob\n  keyauth_credentials: &keys\n  - key: «s3cret»\n- <<: *bob\n  username: eve\n- username: ann\n  keyauth_credentials: *keys\n",
    );
    check(
        "_info: {select_tags: &t [a]}\nconsumers:\n- <<: [{keyauth_credentials: [{key: «s3cret», tags: *t}]}]\n  tags: *t\n",
    );
    check("_info: &i {a: b}\nkeyauth_credentials:\n- <<: *i\n  key: «s3cret»\n");
}

#[test]
fn aliases_that_would_change_something_else_are_refused() {
    check_refused("_info: &k s3cret\nkeyauth_credentials:\n- key: *k\n", Refusal::Alias(3));
    check_refused("keyauth_credentials:\n- key: &k s3cret\n  tags: [*k]\n", Refusal::Alias(3));
    check_refused("_info: &c\n  key: s3cret\nkeyauth_credentials:\n- <<: *c\n", Refusal::Alias(4));
    check_refused("keyauth_credentials: &c\n- key: s3cret\nconsumers: *c\n", Refusal::Alias(3));
    check_refused(
        "_info: &c {x: [{key: s3cret}]}\nconsumers:\n- keyauth_credentials: *c\n",
        Refusal::Alias(3),
    );
}

#[test]
fn keys_that_cannot_be_digested_are_refused_with_their_line() {
    let refused = |key: &str, fault| {
        check_refused(
            &format!("_format_version: x\nkeyauth_credentials:\n- key: {key}\n"),
            Refusal::Key(3, fault),
        );
    };
    refused("${{ env \"DECK_KEY\" }}", Fault::Environment);
    refused("'${{ env \"DECK_KEY\" }}'", Fault::Environment);
    refused("\"a-${{ env \\\"DECK_KEY\\\" }}\"", Fault::Environment);
    for number in
        ["12", "-1_000", "0x1F", "017", "1e5", "123e45", ".5", "1:30", "2026-11-26", "yes", "TRUE", ".inf"]
    {
        refused(number, Fault::NoText);
        check(&format!("keyauth_credentials:\n- key: «'{number}'»\n"));
    }
    refused("!!int 12", Fault::NoText);
    refused("!!binary YWJj", Fault::NoText);
    for block in ["|", ">-"] {
        let text = format!("keyauth_credentials:\n- key: {block}\n    s3cret\n");
        check_refused(&text, Refusal::Key(3, Fault::Block));
    }
    refused("''", Fault::Empty);
    refused(&"k".repeat(513), Fault::TooLong);
}

#[test]
fn texts_that_are_no_declaration_are_refused() {
    for text in ["", "s3cret", "- a\n", "key: s3cret\n", "a: {consumers: []}\n", "[consumers]"] {
        check_refused(text, Refusal::NoDeclaration);
    }
    check_refused("consumers:\n- [\n", Refusal::NotYaml(3));
    check_refused("consumers: []\n---\nconsumers: []\n", Refusal::SecondDocument(2));
}

#[test]
fn refusals_tell_no_key() {
    for text in [
        "keyauth_credentials:\n- key: s3cret: x\n",
        "keyauth_credentials:\n- key: \"s3cret\n",
        "keyauth_credentials:\n- key: *s3cret\n",
        "keyauth_credentials:\n- key: !s3cret s3cret\n",
        "keyauth_credentials:\n- key: |\n    s3cret\n",
        "keyauth_credentials: %s3cret\n",
    ] {
        let told = digest_keys(text).unwrap_err().to_string();
        assert!(!told.contains("s3cret") && told.contains("line "), "{told}");
    }
}

/// Texts around keys: comments, other members, other entities.
fn filling() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("# key: kept".to_owned()),
        Just(String::new()),
        "  {0,3}# [ -~]{0,20}",
        Just("  ".to_owned()),
    ];
    prop::collection::vec(line, 0..3).prop_map(|lines| lines.iter().map(|line| format!("{line}\n")).collect())
}

/// A key as it may be written.
fn written_key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-zA-Z0-9_/+=.é🔑-]{4,40}",
        "'[a-zA-Z0-9 :#\"{}é,&*!|>%@`-]{1,40}'",
        "\"[a-zA-Z0-9 :#'{}é,&*!|>%@`-]{1,40}\"",
    ]
}

/// A credential as a list's element, its key marked.
fn credential(indent: &'static str) -> impl Strategy<Value = String> {
    (written_key(), filling(), any::<bool>(), 0..4_usize).prop_map(move |(key, filling, is_flow, spaces)| {
        let space = " ".repeat(spaces);
        if is_flow {
            format!("{indent}- {{{space}tags: [key], key: «{key}»{space}}}{space}\n{filling}")
        } else {
            format!("{indent}- key: {space}«{key}»{space} # «»kept\n{filling}{indent}  ttl: 5\n")
                .replace("«»", "")
        }
    })
}

proptest! {
    #[test]
    fn bytes_outside_of_keys_stay(
        head in filling(),
        own in prop::collection::vec(credential(""), 1..4),
        nested in prop::collection::vec((filling(), prop::collection::vec(credential("  "), 1..3)), 0..3),
    ) {
        let consumers: String = nested
            .iter()
            .map(|(filling, credentials)| {
                format!("- username: é\n{filling}  keyauth_credentials:\n{}", credentials.concat())
            })
            .collect();
        let consumers = if consumers.is_empty() { consumers } else { format!("consumers:\n{consumers}") };
        check(&format!("{head}{consumers}keyauth_credentials:\n{}", own.concat()));
    }

    #[test]
    fn whatever_the_text_the_outcome_stands(text in "[a-z:{}\\[\\]&*\"' \n#,<é-]{0,60}") {
        let text = format!("keyauth_credentials:\n- key: {text}");
        if let Ok(digested) = digest_keys(&text) {
            prop_assert_eq!(digest_keys(&digested), Ok(digested));
        }
    }
}
