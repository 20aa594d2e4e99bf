//! Lists and their pages.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Api;
use super::ask::{data, delete, expect, expect_gone, get, id, make, put, text};

tests!("lists":
    empty_lists_have_no_next_page,
    lists_are_paged,
    nested_lists_are_paged,
    pages_are_as_long_as_asked_for,
    a_page_has_a_hundred_unless_asked_otherwise,
    sizes_and_offsets_are_checked,
    offsets_outlive_what_they_came_from,
    totals_count_every_page,
    other_members_of_a_query_do_not_matter,
    the_first_of_a_repeated_member_counts needs "repeated-query",
);

/// Every entity of a list, by following `next`, which must keep to `path`.
#[track_caller]
fn walk(api: &dyn Api, first: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut target = first.to_owned();
    for _ in 0..1000 {
        let page = expect(get(api, &target), 200, json!({}));
        all.extend(data(&page).iter().cloned());
        match page["next"].as_str() {
            Some(next) => {
                assert!(!text(&page, "offset").is_empty() && next.contains("?offset="), "{page}");
                next.clone_into(&mut target);
            }
            None => {
                assert!(page["next"].is_null() && page.get("offset").is_none(), "{page}");
                return all;
            }
        }
    }
    panic!("{first} has no last page");
}

#[track_caller]
fn distinct_ids(entities: &[Value]) -> HashSet<String> {
    let ids: HashSet<String> = entities.iter().map(id).collect();
    assert_eq!(ids.len(), entities.len(), "an entity is on two pages");
    ids
}

fn make_routes(api: &dyn Api, count: usize) {
    expect(put(api, "/services/s", json!({"host": "a"})), 200, json!({}));
    for number in 0..count {
        make(api, "/services/s/routes", json!({"paths": [format!("/{number}")]}));
    }
}

fn empty_lists_have_no_next_page(api: &dyn Api) {
    for (path, total) in [
        ("/services", None),
        ("/routes", None),
        ("/consumers", None),
        ("/plugins", None),
        ("/key-auths", None),
        ("/developers", Some(0)),
        ("/applications", Some(0)),
    ] {
        let list = expect(get(api, path), 200, json!({"data": [], "next": null}));
        assert!(list.get("offset").is_none(), "{path}: {list}");
        assert_eq!(list.get("total").and_then(Value::as_u64), total, "{path}: {list}");
    }
}

fn lists_are_paged(api: &dyn Api) {
    make_routes(api, 7);
    let page = get(api, "/routes?size=3").1;
    let next = text(&page, "next");
    assert!(next.starts_with("/routes?offset=") && next.ends_with("&size=3"), "{next}");
    assert_eq!(distinct_ids(&walk(api, "/routes?size=3")).len(), 7);
    assert_eq!(distinct_ids(&walk(api, "/routes?size=1")).len(), 7);
    // The offset by itself does as well.
    let offset = super::ask::segment(&text(&page, "offset"));
    expect(get(api, &format!("/routes?size=1000&offset={offset}")), 200, json!({"data": [{}, {}, {}, {}]}));
    expect(get(api, "/routes/?size=7"), 200, json!({"data": [{}, {}, {}, {}, {}, {}, {}], "next": null}));
}

fn nested_lists_are_paged(api: &dyn Api) {
    make_routes(api, 7);
    let nested = get(api, "/services/s/routes?size=3").1;
    let next = text(&nested, "next");
    let service = id(&get(api, "/services/s").1);
    assert!(next.starts_with(&format!("/services/{service}/routes?offset=")), "{next}");
    assert!(!next.contains("size"), "{next}");
    expect(get(api, &next), 200, json!({"data": [{}, {}, {}, {}], "next": null}));

    // A list is of its own parent's entities, whatever the others have.
    make(api, "/consumers", json!({"username": "eve 1 ü"}));
    make(api, "/consumers", json!({"username": "bob"}));
    for _ in 0..3 {
        make(api, "/consumers/eve%201%20%C3%BC/key-auth", json!({}));
        make(api, "/consumers/bob/key-auth", json!({}));
    }
    let eves = walk(api, "/consumers/eve%201%20%C3%BC/key-auth?size=2");
    let bobs = walk(api, "/consumers/bob/key-auth?size=1");
    assert_eq!((eves.len(), bobs.len()), (3, 3));
    assert!(distinct_ids(&eves).is_disjoint(&distinct_ids(&bobs)));
    assert_eq!(distinct_ids(&walk(api, "/key-auths?size=4")).len(), 6);
}

fn pages_are_as_long_as_asked_for(api: &dyn Api) {
    make_routes(api, 4);
    for (size, lengths) in
        [(1, vec![1, 1, 1, 1]), (2, vec![2, 2]), (3, vec![3, 1]), (4, vec![4]), (1000, vec![4])]
    {
        let mut target = format!("/routes?size={size}");
        let mut found = Vec::new();
        loop {
            let page = get(api, &target).1;
            found.push(data(&page).len());
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut target),
                None => break,
            }
        }
        assert_eq!(found, lengths, "size {size}");
    }
}

fn a_page_has_a_hundred_unless_asked_otherwise(api: &dyn Api) {
    for number in 0..101 {
        make(api, "/consumers", json!({"username": format!("c{number}")}));
    }
    let page = get(api, "/consumers").1;
    assert_eq!(data(&page).len(), 100);
    let rest = get(api, &text(&page, "next")).1;
    assert_eq!(data(&rest).len(), 1);
    assert!(!data(&page).contains(&rest["data"][0]));
    assert_eq!(data(&get(api, "/consumers?size=101").1).len(), 101);
}

fn sizes_and_offsets_are_checked(api: &dyn Api) {
    let range = "size must be an integer between 1 and 1000";
    for (query, code, message) in [
        ("size=x", 9, "size must be a number"),
        ("size=", 9, "size must be a number"),
        ("size=1,2", 9, "size must be a number"),
        ("size=0", 9, range),
        ("size=-1", 9, range),
        ("size=1001", 9, range),
        ("size=1e9", 9, range),
        ("size=1.5", 9, range),
        ("offset=x", 7, "'x' is not a valid offset: bad base64 encoding"),
        ("offset=", 7, "'' is not a valid offset: bad base64 encoding"),
        ("offset=W10%3D", 7, "'W10=' is not a valid offset: bad base64 encoding"),
        ("offset=%C3%BC", 7, "'ü' is not a valid offset: bad base64 encoding"),
    ] {
        for path in ["/routes", "/consumers", "/developers"] {
            let name = if code == 9 { "invalid size" } else { "invalid offset" };
            let refused = get(api, &format!("{path}?{query}"));
            expect(refused, 400, json!({"code": code, "name": name, "message": message}));
        }
    }
    for query in ["size=1000", "size=1.0", "size=1e2"] {
        expect(get(api, &format!("/routes?{query}")), 200, json!({"data": []}));
    }
}

fn offsets_outlive_what_they_came_from(api: &dyn Api) {
    make_routes(api, 6);
    let first = get(api, "/routes?size=2").1;
    let seen = distinct_ids(data(&first));
    // Those of the first page go, the last of them included, and another comes.
    for id in &seen {
        expect_gone(delete(api, &format!("/routes/{id}")));
    }
    let late = id(&make(api, "/services/s/routes", json!({"paths": ["/late"]})));
    let rest = distinct_ids(&walk(api, &text(&first, "next")));
    assert!(rest.is_disjoint(&seen));
    let others = rest.iter().filter(|id| **id != late).count();
    assert_eq!(others, 4, "what was there all the time is seen");
    assert_eq!(distinct_ids(&walk(api, "/routes?size=2")).len(), 5);
}

fn totals_count_every_page(api: &dyn Api) {
    make(api, "/developers", json!({"email": "a@b.test"}));
    make(api, "/developers", json!({"email": "c@d.test"}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test"});
    for _ in 0..5 {
        make(api, "/developers/a@b.test/applications", body.clone());
    }
    make(api, "/developers/c@d.test/applications", body);
    let page = expect(
        get(api, "/developers/a@b.test/applications?size=2"),
        200,
        json!({"total": 5, "data": [{}, {}]}),
    );
    let next = text(&page, "next");
    expect(get(api, &next), 200, json!({"total": 5, "data": [{}, {}, {}], "next": null}));
    expect(get(api, "/applications?size=4"), 200, json!({"total": 6, "data": [{}, {}, {}, {}]}));
    expect(get(api, "/developers?size=1"), 200, json!({"total": 2, "data": [{}]}));
    assert_eq!(distinct_ids(&walk(api, "/applications?size=4")).len(), 6);
}

fn other_members_of_a_query_do_not_matter(api: &dyn Api) {
    make_routes(api, 2);
    for query in
        ["", "x", "x=", "=", "&", "x=1&x=2", "x=%C3%BC", "x=%", "x=%zz", "x=a+b", "SIZE=0", "size%3D=0"]
    {
        expect(get(api, &format!("/routes?{query}")), 200, json!({"data": [{}, {}]}));
    }
    // Names and values may be escaped.
    expect(get(api, "/routes?%73ize=%31"), 200, json!({"data": [{}]}));
}

fn the_first_of_a_repeated_member_counts(api: &dyn Api) {
    make_routes(api, 2);
    expect(get(api, "/routes?size=1&size=2"), 200, json!({"data": [{}]}));
    expect(get(api, "/routes?size=2&size=x"), 200, json!({"data": [{}, {}]}));
}
