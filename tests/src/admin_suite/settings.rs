//! What an administrator changes while it runs.

use serde_json::{Value, json};

use super::Api;
use super::ask::{Answer, answer, data, expect, get, make, patch, request, text};
use crate::raw_http::Request;

tests!("settings":
    settings_have_defaults_and_change_one_by_one,
    a_form_changes_them_as_well,
    all_that_is_wrong_with_settings_is_told,
    a_change_of_settings_is_in_the_audit,
    a_read_only_token_sees_settings_and_changes_none,
);

fn defaults() -> Value {
    json!({
        "portal_name": "Developer portal",
        "portal_colour": null,
        "language": "en",
        "auto_approve_developers": false,
        "meta_fields": [{"title": "full_name", "label": "Full name", "is_email": false,
            "validator": {"type": "string", "required": true}}],
        "log_in_links": false,
        "password_min_length": 15,
        "portal_session_idle": 43_200,
        "portal_session_max": 604_800,
        "email_verification": null,
        "portal_reveal_accounts": false,
        "new_browser_mails": true,
        "sign_ups_per_hour": 5,
        "mails_per_hour": 500,
        "mails_per_mailbox": 3,
        "admin_mails": {"to": [], "daily": false, "names": false},
    })
}

/// Null is the default of each.
fn reset(api: &dyn Api) -> Answer {
    let Value::Object(names) = defaults() else { unreachable!() };
    patch(api, "/settings", names.into_iter().map(|(name, _)| (name, Value::Null)).collect())
}

fn settings_have_defaults_and_change_one_by_one(api: &dyn Api) {
    assert_eq!(reset(api), (200, defaults()));
    assert_eq!(get(api, "/settings"), (200, defaults()));
    let changes = json!({"portal_name": "Acme & Söhne", "admin_mails": {"daily": true}});
    let mut expected = defaults();
    expected["portal_name"] = "Acme & Söhne".into();
    expected["admin_mails"]["daily"] = true.into();
    assert_eq!(patch(api, "/settings", changes), (200, expected.clone()));
    let field = json!({"title": "team", "label": "Team", "validator": {}});
    let fields = expect(patch(api, "/settings", json!({"meta_fields": [field]})), 200, json!({}));
    let whole = json!([{"title": "team", "label": "Team", "is_email": false,
        "validator": {"type": "string", "required": false}}]);
    assert_eq!((&fields["meta_fields"], &fields["portal_name"]), (&whole, &expected["portal_name"]));
    expect(patch(api, "/settings", json!({"meta_fields": []})), 200, json!({"meta_fields": []}));
    assert_eq!(patch(api, "/settings", json!({})).0, 200);
    assert_eq!(reset(api), (200, defaults()));
}

fn a_form_changes_them_as_well(api: &dyn Api) {
    let form = "portal_name=Acme+portal&sign_ups_per_hour=100&auto_approve_developers=true\
                &admin_mails.names=true&meta_fields[1].title=team&meta_fields[1].label=Team\
                &meta_fields[1].validator.type=number";
    let sent = request(api, "PATCH", "/settings")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form);
    let changed = json!({"portal_name": "Acme portal", "sign_ups_per_hour": 100, "auto_approve_developers": true,
        "admin_mails": {"to": [], "names": true}, "meta_fields": [{"title": "team", "validator": {"type": "number"}}]});
    expect(answer(&api.send(&sent)), 200, changed);
    assert_eq!(reset(api), (200, defaults()));
}

fn all_that_is_wrong_with_settings_is_told(api: &dyn Api) {
    let wrong = json!({"language": "de", "password_min_length": 7, "portal_session_max": 0, "mails_per_hour": "x",
        "portal_name": "two\nlines", "nothing": 1, "admin_mails": {"to": ["a@b.org", "a@b.org,c@d.org"]},
        "meta_fields": [{"title": "x", "validator": {"type": "date"}}]});
    let told = expect(patch(api, "/settings", wrong), 400, json!({"code": 2, "name": "schema violation"}));
    let expected = json!({
        "language": "expected one of: en, ja",
        "password_min_length": "value should be between 8 and 64",
        "portal_session_max": "value should be between 1 and 2592000",
        "mails_per_hour": "expected an integer",
        "portal_name": "must be one line",
        "nothing": "unknown field",
        "admin_mails": {"to": [null, "expected an e-mail address"]},
        "meta_fields": [{"label": "required field missing", "validator": {"type": "expected one of: string, number, boolean"}}],
    });
    expect((400, told["fields"].clone()), 400, expected);
    let idle = patch(api, "/settings", json!({"portal_session_idle": 600, "portal_session_max": 599}));
    expect(idle, 400, json!({"fields": {"portal_session_idle": "must not exceed 'portal_session_max'"}}));
    assert_eq!(get(api, "/settings"), (200, defaults()), "nothing is changed");
}

fn a_change_of_settings_is_in_the_audit(api: &dyn Api) {
    let changes = json!({"portal_name": "Acme", "language": "en", "password_min_length": 20});
    assert_eq!(patch(api, "/settings", changes).0, 200);
    let (_, audit) = get(api, "/audit?entity=settings&did=changed&size=1");
    let expected = json!([{"entity": "settings", "entity_id": null, "did": "changed",
        "fields": ["password_min_length", "portal_name"]}]);
    expect((200, data(&audit)[0]["changes"].clone()), 200, expected);
    assert_eq!(reset(api), (200, defaults()));
}

fn a_read_only_token_sees_settings_and_changes_none(api: &dyn Api) {
    let token = text(&make(api, "/tokens", json!({"name": "eye", "read_only": true})), "token");
    let ask = |method: &str| {
        let request = Request::new(method, "/settings").header("Kong-Admin-Token", token.as_str());
        answer(&api.send(&super::ask::with_json(request, "{\"language\": \"ja\"}")))
    };
    assert_eq!(ask("GET"), (200, defaults()));
    assert_eq!(ask("PATCH").0, 403);
    assert_eq!(get(api, "/settings"), (200, defaults()));
}
