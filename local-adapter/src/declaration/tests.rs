//! What declarations say, what is refused of them, and what is taken out of their texts.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::node::read_yaml;
use super::{Declaration, Fault, Stripped, digest_keys, read, strip};

fn variable(name: &str) -> Option<String> {
    (name == "DECK_HOST").then(|| "env.test".to_owned())
}

fn entities(declaration: &Declaration) -> Vec<Value> {
    let parse = |entity: &super::flatten::Entity| {
        let value: Value = serde_json::from_str(&entity.json).unwrap();
        json!([value["kind"], value["entity"]])
    };
    declaration.entities.iter().map(parse).collect()
}

#[track_caller]
fn check(text: &str, expected: &[Value]) -> Declaration {
    let declaration = read(text, false, &variable).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(entities(&declaration), expected, "{text}");
    declaration
}

#[track_caller]
fn check_refused(text: &str, expected: &[&str]) {
    let faults = read(text, false, &variable).expect_err(text);
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{text}");
}

#[test]
fn nested_and_flat_entities_are_the_same() {
    let expected = [
        json!(["services", {"name": "orders", "url": "http://a.test/v1"}]),
        json!(["routes", {"name": "orders", "paths": ["/orders"], "service": {"name": "orders"}}]),
        json!(["consumers", {"username": "bob", "custom_id": "42"}]),
        json!(["keyauth_credentials", {"key": "s3cret", "ttl": 5, "consumer": {"username": "bob"}}]),
        json!(["plugins", {"name": "key-auth", "config": {"key_names": ["k"]}, "route": {"name": "orders"}}]),
    ];
    check(
        "_format_version: \"3.0\"\n_transform: true\n_comment: x\nservices:\n- name: orders\n  url: http://a.test/v1\n  routes:\n  \
         - name: orders\n    paths: [/orders]\n    plugins:\n    - name: key-auth\n      config: {key_names: [k]}\n\
         consumers:\n- username: bob\n  custom_id: \"42\"\n  keyauth_credentials: [{key: s3cret, ttl: 5}]\n",
        &expected,
    );
    check(
        "plugins: [{name: key-auth, config: {key_names: [k]}, route: orders}]\n\
         keyauth_credentials: [{key: s3cret, ttl: 5, consumer: {username: bob}}]\n\
         consumers: [{username: bob, custom_id: \"42\", _ignore: [1]}]\n\
         routes: [{name: orders, paths: [/orders], service: {name: orders}}]\n\
         services: [{name: orders, url: http://a.test/v1, routes: null}]\nupstreams: []\ncertificates: null\n",
        &expected,
    );
    let json = json!({
        "_format_version": "3.0",
        "services": [{"name": "orders", "url": "http://a.test/v1", "routes": [{"name": "orders", "paths": ["/orders"],
            "plugins": [{"name": "key-auth", "config": {"key_names": ["k"]}}]}]}],
        "consumers": [{"username": "bob", "custom_id": "42", "keyauth_credentials": [{"key": "s3cret", "ttl": 5}]}],
    });
    let declaration = check(&json.to_string(), &expected);
    assert!(declaration.notices.is_empty() && declaration.warnings.is_empty());
}

#[test]
fn references_are_by_id_or_name() {
    let id = "0b1a5f0e-6b0f-4c07-9a35-2d1a0f5a7c11";
    check(
        &format!(
            "routes:\n- {{name: a, service: {id}}}\n- {{name: b, service: {{id: {id}, name: x}}}}\n- {{name: c, service: null}}\n\
             services:\n- id: {id}\n  name: s\n  routes: [{{name: d}}]\n"
        ),
        &[
            json!(["services", {"id": id, "name": "s"}]),
            json!(["routes", {"name": "a", "service": {"id": id}}]),
            json!(["routes", {"name": "b", "service": {"id": id}}]),
            json!(["routes", {"name": "c", "service": null}]),
            json!(["routes", {"name": "d", "service": {"id": id}}]),
        ],
    );
    check_refused("routes: [{name: a, service: [x]}]", &["line 1: route a: service is no reference"]);
}

#[test]
fn nameless_entities_have_the_same_ids_each_time() {
    let text = "services:\n- host: a.test\n  routes: [{paths: [/a]}, {paths: [/a]}]\n";
    let ids = |text: &str| -> Vec<String> {
        let declaration = read(text, false, &variable).unwrap();
        let id = |entity: &Value| entity[1]["id"].as_str().unwrap().to_owned();
        entities(&declaration).iter().map(id).collect()
    };
    let first = ids(text);
    assert_eq!(first, ids(&format!("# again\n{text}")));
    assert!(first[1] != first[2] && uuid::Uuid::try_parse(&first[0]).is_ok());
    assert_ne!(ids("routes: [{paths: [/b]}]"), ids("routes: [{paths: [/c]}]"));
    check(
        "consumers: [{custom_id: x, keyauth_credentials: [{key: k}]}]",
        &[
            json!(["consumers", {"custom_id": "x"}]),
            json!(["keyauth_credentials", {"key": "k", "consumer": {"custom_id": "x"}}]),
        ],
    );
}

#[test]
fn what_is_said_once_for_all_is_filled_in() {
    let declaration = check(
        "_info:\n  select_tags: [team]\n  defaults:\n    service: {port: 1, retries: 2}\n    upstream: {}\n\
         _plugin_configs:\n  shared: {key_names: [k], realm: r}\n  latchkey: {tag_keys: [ab, cd]}\n\
         services:\n- {name: a, host: ${{ env \"DECK_HOST\" }}, retries: 9, tags: [x, team]}\n\
         plugins:\n- {name: key-auth, _config: shared, config: {realm: own}, tags: null}\n",
        &[
            json!(["services", {"name": "a", "host": "env.test", "port": 1, "retries": 9, "tags": ["x", "team"]}]),
            json!(["plugins", {"name": "key-auth", "config": {"key_names": ["k"], "realm": "own"}, "tags": ["team"]}]),
        ],
    );
    assert_eq!(declaration.select_tags, ["team"]);
    assert_eq!(declaration.tag_keys, ["ab", "cd"]);
    check_refused(
        "plugins: [{name: key-auth, _config: none}]",
        &["line 1: plugin key-auth: _config names nothing in _plugin_configs"],
    );
}

#[test]
fn paths_from_before_kong_3_keep_their_meaning() {
    let text = r#"routes: [{name: a, paths: [/plain, '/a/\d+', '~/b$']}]"#;
    let plain = json!(["routes", {"name": "a", "paths": ["/plain", "/a/\\d+", "~/b$"]}]);
    check(text, std::slice::from_ref(&plain));
    check(&format!("_format_version: '3.0'\n{text}"), &[plain]);
    let declaration = check(
        &format!("_format_version: '1.1'\n{text}"),
        &[json!(["routes", {"name": "a", "paths": ["/plain", "~/a/\\d+", "~/b$"]}])],
    );
    assert_eq!(declaration.notices.len(), 1);
    check_refused(
        "_format_version: 4",
        &["line 1: _format_version \"4\" is not known: 1.1, 2.1 and 3.0 are"],
    );
}

/// Members of newer Kongs without effect, in every place.
const IDLE: &str = "\
_format_version: \"3.0\"
_workspace: default
services:
- host: a.test
  name: a
  tls_sans: null
  plugins:
  - name: key-auth
    condition: ''
    ordering: {}
    config:
      identity_realms:
      - id: null
        region: null
        scope: cp
      key_names: [k]
    protocols:
    - grpc
    - http
    - ws
    - wss
";

#[test]
fn members_without_effect_are_left_out_and_named() {
    let declaration = check(
        IDLE,
        &[
            json!(["services", {"name": "a", "host": "a.test"}]),
            json!(["plugins", {
                "name": "key-auth", "config": {"key_names": ["k"]}, "protocols": ["grpc", "http"],
                "service": {"name": "a"},
            }]),
        ],
    );
    let named = |notice: &String| notice.split(": ").nth(1).unwrap().to_owned();
    let named: Vec<String> = declaration.notices.iter().map(named).collect();
    assert_eq!(
        named,
        [
            "_workspace of the declaration",
            "tls_sans of service",
            "condition of plugin",
            "ordering of plugin",
            "protocol ws of plugin",
            "protocol wss of plugin",
            "identity_realms of config of key-auth",
        ]
    );
}

#[test]
fn members_with_an_effect_are_refused_all_at_once() {
    check_refused(
        "plugins:\n- name: key-auth\n  condition: http.path != \"/\"\n  config:\n    identity_realms:\n    - {scope: realm, id: x}\n  \
         protocols: [ws]\nservices:\n- name: s\n  tls_sans: {dnsnames: [a.test]}\n  client_certificate: x\n  foo: 1\n  \
         routes: [{name: r, expression: 'true', priority: 1}]\n_workspace: team\n",
        &[
            "line 3: plugin key-auth: condition: \"http.path != \\\"/\\\"\" cannot be kept: a plugin runs for every request of its routes",
            "line 5: plugin key-auth: config: identity_realms: [{\"id\":\"x\",\"scope\":\"realm\"}] cannot be kept: keys are those of this installation",
            "line 7: plugin key-auth: protocols: ws cannot be kept: WebSocket passes wherever HTTP does",
            "line 10: service s: tls_sans: {\"dnsnames\":[\"a.test\"]} cannot be kept: the names in an upstream's certificate are checked against its host alone",
            "line 11: service s: client_certificate cannot be kept: there are none",
            "line 12: service s: foo is not known",
            "line 13: route r of service s: expression: \"true\" cannot be kept: routes match by methods, hosts, paths and headers",
            "line 13: route r of service s: priority: 1 cannot be kept: routes by expression alone have one",
            "line 14: the declaration: _workspace: \"team\" cannot be kept: one installation is one workspace",
        ],
    );
}

const OTHERS: &str = "\
services:
- name: a
  host: a.test
  filter_chains: [{name: f}]
  routes:
  - name: open
    paths: [/open]
    plugins: [{name: jwt}, {name: rate-limiting}]
  - name: guarded
    paths: [/guarded]
    plugins: [{name: key-auth}, {name: acl}]
upstreams:
- name: pool.test
consumers:
- username: bob
  acls: [{group: g}]
  plugins: [{name: rate-limiting}]
";

#[test]
fn what_is_not_here_is_refused_or_left_out() {
    check_refused(
        OTHERS,
        &[
            "line 4: filter_chains f of service a: there is no such kind",
            "line 8: plugin jwt of route open of service a: there is no such plugin",
            "line 8: plugin rate-limiting of route open of service a: there is no such plugin",
            "line 11: plugin acl of route guarded of service a: there is no such plugin",
            "line 13: upstreams pool.test: there is no such kind",
            "line 16: acls g of consumer bob: there is no such kind",
            "line 17: plugin rate-limiting of consumer bob: there is no such plugin",
        ],
    );
    let declaration = read(OTHERS, true, &variable).unwrap();
    let kinds: Vec<Value> = entities(&declaration).iter().map(|entity| entity[0].clone()).collect();
    assert_eq!(kinds, ["services", "routes", "routes", "consumers", "plugins"]);
    assert_eq!(declaration.notices.len(), 7);
    assert_eq!(
        declaration.warnings,
        ["route open of service a loses its only guard (jwt): whoever calls it comes in"]
    );
}

#[test]
fn a_guard_that_lets_anybody_in_guards_nothing() {
    let warnings = |plugins: &str| {
        let text = format!("routes: [{{name: r, paths: [/r], plugins: [{plugins}]}}]");
        read(&text, true, &variable).unwrap().warnings.len()
    };
    assert_eq!(warnings("{name: jwt}"), 1);
    assert_eq!(warnings("{name: jwt, enabled: false}"), 0);
    assert_eq!(warnings("{name: jwt, config: {anonymous: a}}, {name: key-auth, config: {anonymous: a}}"), 0);
    assert_eq!(warnings("{name: jwt}, {name: key-auth, config: {anonymous: a}}"), 1);
    assert_eq!(warnings("{name: jwt}, {name: key-auth, enabled: false}"), 1);
    assert_eq!(warnings("{name: jwt}, {name: key-auth}"), 0);
}

#[test]
fn what_is_no_declaration_is_told() {
    check_refused("[a]", &["line 1: this is no declaration: it is no mapping"]);
    check_refused("services: x", &["line 1: services is no list"]);
    check_refused("services: [x]", &["line 1: service number 1 is no mapping"]);
    check_refused("foo: {a: 1}", &["line 1: the declaration: foo is not known"]);
    check_refused("plugins: [{config: {}}]", &["line 1: plugin number 1 has no name"]);
    check_refused("a: [", &["line 2: cannot be read as YAML or JSON"]);
    check_refused(
        "x: 1\nservices: [{host: ${{ env \"DECK_NO\" }}}]",
        &["line 2: asks for DECK_NO, which is not set"],
    );
    // Without lines there are names and numbers.
    check_refused(r#"{"services": [{"foo": 1}]}"#, &["service number 1: foo is not known"]);
}

#[track_caller]
fn check_stripped(text: &str, expected: &str) {
    let stripped = strip(text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(stripped.text, expected);
    assert_eq!(strip(expected), Ok(Stripped { text: expected.to_owned(), notices: Vec::new() }));
}

#[test]
fn members_without_effect_are_taken_out_where_they_stand() {
    check_stripped(
        IDLE,
        "_format_version: \"3.0\"\nservices:\n- host: a.test\n  name: a\n  plugins:\n  - name: key-auth\n    config:\n      \
         key_names: [k]\n    protocols:\n    - grpc\n    - http\n",
    );
    // The first of a list's element, the last, the only one; comments and blanks stay.
    check_stripped(
        "services:\n- tls_sans:   # of 3.10\n  name: é   # its name\n  host: a.test\n\n- name: b\n  host: b.test\n  tls_sans: {}  # gone\n# end\n",
        "services:\n- name: é   # its name\n  host: a.test\n\n- name: b\n  host: b.test\n# end\n",
    );
    check_stripped(
        "plugins:\n- name: key-auth\n  config:\n    identity_realms: []\n",
        "plugins:\n- name: key-auth\n  config:\n    {}\n",
    );
    check_stripped(
        "plugins: [{condition: null, name: key-auth, config: {identity_realms: []}, protocols: [ws, http, wss], ordering: }]",
        "plugins: [{name: key-auth, config: {}, protocols: [http] }]",
    );
    check_stripped(
        r#"{"_workspace": "default", "plugins": [{"name": "key-auth", "partials": [], "ordering": null}], "_konnect": {"a": [1]}}"#,
        r#"{"plugins": [{"name": "key-auth"}]}"#,
    );
    check_stripped(
        "_info:\n  skip_hash_for_basic_auth: true\n  select_tags: [a]\r\n",
        "_info:\n  select_tags: [a]\r\n",
    );
}

#[test]
fn plugins_that_are_not_here_and_what_cannot_be_read_stay_as_they_are() {
    for text in [
        "plugins: [{name: jwt, condition: x, protocols: [ws]}]",
        "upstreams: [{ws_id: x}]",
        "a: [",
        "s3cret",
        "",
    ] {
        check_stripped(text, text);
    }
}

#[test]
fn aliases_are_followed_where_that_can_be() {
    check_stripped(
        "plugins:\n- name: key-auth\n  config: &c\n    key_names: [k]\n    identity_realms: []\n- name: key-auth\n  config: *c\n",
        "plugins:\n- name: key-auth\n  config: &c\n    key_names: [k]\n- name: key-auth\n  config: *c\n",
    );
    // Taken out where it is written, it would be missing elsewhere.
    let faults =
        strip("_comment: &c {identity_realms: []}\nplugins: [{name: key-auth, config: *c}]").unwrap_err();
    assert_eq!(faults[0].sentence, "take these out, which change nothing: identity_realms");
    assert!(strip("plugins: [{name: key-auth, condition: &n null, tags: *n}]").is_err());
}

#[test]
fn what_has_an_effect_is_refused_by_name_and_line() {
    let faults = strip("plugins:\n- name: key-auth\n  condition: x\n  protocols: [wss]\n").unwrap_err();
    let told: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert_eq!(
        told,
        [
            "line 3: plugin key-auth: condition: \"x\" cannot be kept: a plugin runs for every request of its routes",
            "line 4: plugin key-auth: protocols: [\"wss\"] cannot be kept: WebSocket passes wherever HTTP does",
        ]
    );
}

/// A member of a plugin, and whether it is left out.
fn member() -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        Just(("condition: ''".to_owned(), true)),
        Just(("ordering: {before: {access: []}}".to_owned(), true)),
        Just(("partials: ~".to_owned(), true)),
        Just(("consumer_group: null".to_owned(), true)),
        Just(("run_on: first".to_owned(), true)),
        Just(("enabled: true".to_owned(), false)),
        Just(("tags: [é, \"b # c\"]".to_owned(), false)),
        Just(("instance_name: 'it''s'".to_owned(), false)),
        Just(("config: {realm: r}".to_owned(), false)),
    ]
}

proptest! {
    #[test]
    fn what_stays_says_the_same(
        members in prop::collection::btree_map(0..9_usize, member(), 0..7),
        is_flow: bool,
        comments in prop::collection::vec(any::<bool>(), 9),
    ) {
        let mut members: Vec<(String, bool)> = members.into_values().collect();
        members.sort();
        members.dedup();
        let turn = comments.iter().filter(|comment| **comment).count() % members.len().max(1);
        members.rotate_left(turn);
        let render = |members: &[&str]| {
            if is_flow {
                return format!("plugins: [{{{}}}]\n", members.join(", "));
            }
            let line = |(number, member): (usize, &&str)| {
                let comment = if comments[number % comments.len()] { " # said" } else { "" };
                format!("{}{member}{comment}\n", if number == 0 { "- " } else { "  " })
            };
            format!("plugins:\n{}# end\n", members.iter().enumerate().map(line).collect::<String>())
        };
        let all: Vec<&str> = ["name: key-auth"].into_iter().chain(members.iter().map(|(text, _)| text.as_str())).collect();
        let kept: Vec<&str> =
            ["name: key-auth"].into_iter().chain(members.iter().filter(|(_, idle)| !idle).map(|(text, _)| text.as_str())).collect();
        let text = render(&all);
        let stripped = strip(&text).unwrap();
        let json = |text: &str| read_yaml(text).unwrap().to_json();
        prop_assert_eq!(json(&stripped.text), json(&render(&kept)), "{}", text);
        prop_assert_eq!(stripped.notices.len(), all.len() - kept.len());
    }

    #[test]
    fn whatever_the_text_the_outcome_stands(text in "[a-z:{}\\[\\]&*\"' \n#,<é-]{0,60}") {
        let text = format!("plugins:\n- name: key-auth\n  condition: {text}");
        if let Ok(stripped) = strip(&text) {
            prop_assert_eq!(strip(&stripped.text).unwrap().text, stripped.text);
        }
        let _ = read(&text, true, &variable);
        let _ = digest_keys(&text);
    }
}

#[test]
fn oauth2_clients_are_read_with_their_consumers() {
    let declaration = check(
        "oauth2_credentials: [{name: flat, client_id: f, client_secret: s, consumer: {username: bob}}]\n\
         consumers: [{username: bob, oauth2_credentials: [{name: shop, client_id: c, client_secret: s3cret, \
         hash_secret: true, redirect_uris: [https://a.test], client_type: confidential, tags: [t]}]}]\n\
         plugins: [{name: oauth2, config: {enable_client_credentials: true, scopes: [a]}}]\n",
        &[
            json!(["consumers", {"username": "bob"}]),
            json!(["oauth2_credentials", {"name": "flat", "client_id": "f", "client_secret": "s",
                   "consumer": {"username": "bob"}}]),
            json!(["oauth2_credentials", {"name": "shop", "client_id": "c", "client_secret": "s3cret",
                   "hash_secret": true, "redirect_uris": ["https://a.test"], "client_type": "confidential",
                   "tags": ["t"], "consumer": {"username": "bob"}}]),
            json!(["plugins", {"name": "oauth2", "config": {"enable_client_credentials": true, "scopes": ["a"]}}]),
        ],
    );
    assert!(declaration.notices.is_empty(), "{:?}", declaration.notices);
}

/// Of what Kong keeps as a hash nobody knows the secret; without one, who reads is told.
#[test]
fn secrets_of_clients_that_cannot_be_brought_are_told_of() {
    let text = "consumers:\n- username: bob\n  oauth2_credentials:\n  - name: shop\n    client_id: c\n    \
                client_secret: $pbkdf2-sha512$i=10000,l=32$c2FsdA$aGFzaA\n";
    const HASH: &str = "client_secret of oauth2 credential shop of consumer bob: a hash of a secret cannot be \
                        brought: bring the secret itself";
    check_refused(text, &[&format!("line 6: {HASH}")]);
    let skipped = read(text, true, &variable).unwrap();
    assert_eq!(skipped.notices, [format!("left out: {HASH}")]);
    assert!(!skipped.entities.iter().any(|entity| entity.json.contains("pbkdf2")));
    let bare = |client_type: &str| {
        let text = format!(
            "oauth2_credentials: [{{name: n, client_id: c, client_type: {client_type}, consumer: bob}}]"
        );
        read(&text, false, &variable).unwrap().notices.len()
    };
    assert_eq!((bare("confidential"), bare("public")), (1, 0));
}

#[test]
fn client_ids_are_digested_like_keys() {
    let digested = digest_keys(
        "consumers: [{username: bob, oauth2_credentials: [{client_id: c, client_secret: s, name: n}]}]\n",
    );
    let digested = digested.unwrap();
    assert!(
        digested.contains("client_id: \"sha256:") && digested.contains("client_secret: s,"),
        "{digested}"
    );
}
