//! Lists and their pages.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Api;
use super::ask::{
    data, delete, expect, expect_gone, expect_not_found, get, id, make, patch, post, put, text,
};

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
    lists_are_filtered_by_tags,
    pages_of_a_filtered_list_end_right,
    nested_lists_are_filtered_by_tags,
    what_tags_are_asked_for_is_checked,
    every_tag_is_listed,
    lists_of_what_is_not_here_are_empty,
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
    assert!(next.starts_with("/services/s/routes?offset="), "{next}");
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

fn usernames(list: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = list.iter().map(|consumer| text(consumer, "username")).collect();
    names.sort_unstable();
    names
}

fn lists_are_filtered_by_tags(api: &dyn Api) {
    for (name, tags) in [
        ("a", json!(["t 1", "all", "\u{1f98d}"])),
        ("b", json!(["t_2", "all"])),
        ("c", json!(["all"])),
        ("d", Value::Null),
    ] {
        make(api, "/consumers", json!({"username": name, "tags": tags}));
    }
    let check = |query: &str, expected: &[&str]| {
        let list = walk(api, &format!("/consumers?tags={query}"));
        assert_eq!(usernames(&list), expected, "{query}");
    };
    check("all", &["a", "b", "c"]);
    check("t%201", &["a"]);
    check("t+1", &["a"]);
    check("%F0%9F%A6%8D", &["a"]);
    check("t%201,all", &["a"]);
    check("all%2Ct_2&size=1", &["b"]);
    check("t%201/t_2", &["a", "b"]);
    check("t%201/none&size=1", &["a"]);
    check("t%201,t_2", &[]);
    check("none", &[]);
    check("all&tags=t_2", &["a", "b", "c"]);
    // Lists follow what becomes of the entities.
    expect(patch(api, "/consumers/c", json!({"tags": ["t_2"]})), 200, json!({}));
    expect(put(api, "/consumers/b", json!({})), 200, json!({"tags": null}));
    expect_gone(delete(api, "/consumers/a"));
    expect(put(api, "/consumers/d", json!({"tags": ["all"]})), 200, json!({}));
    check("all", &["d"]);
    check("t_2", &["c"]);
    check("t%201", &[]);
    // What has no tags is not filtered by them.
    make(api, "/developers", json!({"email": "a@b.test"}));
    expect(get(api, "/developers?tags=x"), 200, json!({"data": [{}], "total": 1}));
}

fn pages_of_a_filtered_list_end_right(api: &dyn Api) {
    for number in 0..12 {
        let tags = match number % 3 {
            0 => json!(["third", "a_b"]),
            1 => json!(["other"]),
            _ => json!([]),
        };
        make(api, "/consumers", json!({"username": format!("c{number:02}"), "tags": tags}));
    }
    for (query, count) in [("third", 4_usize), ("third,a_b", 4), ("third/other", 8), ("third/a_b", 4)] {
        for size in [1, 2, 3, 4, 5, 8] {
            let mut target = format!("/consumers?tags={query}&size={size}");
            let (mut found, mut pages) = (Vec::new(), 0);
            loop {
                let page = get(api, &target).1;
                found.extend(data(&page).iter().cloned());
                pages += 1;
                let Some(next) = page["next"].as_str() else { break };
                assert!(next.ends_with(&format!("&tags={query}&size={size}")), "{next}");
                next.clone_into(&mut target);
            }
            assert_eq!((distinct_ids(&found).len(), pages), (count, count.div_ceil(size)), "{query} {size}");
        }
    }
}

fn nested_lists_are_filtered_by_tags(api: &dyn Api) {
    make_routes(api, 1);
    for number in 0..5 {
        let tags = if number < 3 { json!(["x", "y"]) } else { json!(["y"]) };
        make(api, "/services/s/routes", json!({"paths": [format!("/t{number}")], "tags": tags}));
    }
    make(api, "/routes", json!({"paths": ["/elsewhere"], "tags": ["x"]}));
    let page = get(api, "/services/s/routes?tags=x&size=2").1;
    assert_eq!(data(&page).len(), 2);
    expect(get(api, &text(&page, "next")), 200, json!({"data": [{"tags": ["x", "y"]}], "next": null}));
    assert_eq!(walk(api, "/services/s/routes?tags=y/x&size=2").len(), 5);
    assert_eq!(walk(api, "/routes?tags=x&size=2").len(), 4);
    // So are keys, which end.
    make(api, "/consumers", json!({"username": "bob"}));
    let key = make(api, "/consumers/bob/key-auth", json!({"tags": ["k"]}));
    for path in ["/key-auths?tags=k", "/consumers/bob/key-auth?tags=k"] {
        expect(get(api, path), 200, json!({"data": [{"id": key["id"]}]}));
    }
}

fn what_tags_are_asked_for_is_checked(api: &dyn Api) {
    make(api, "/services", json!({"name": "s", "host": "a"}));
    for (query, sentence) in [
        ("tags=", "cannot be null"),
        ("tags", "cannot be null"),
        ("tags=a,b/c", "invalid filter syntax"),
        ("tags=,", "invalid filter syntax"),
        ("tags=a%0A", "invalid filter syntax"),
        ("tags=a,b,c,d,e,f", "cannot query more than 5 tags"),
        ("tags=&size=x", "cannot be null"),
    ] {
        for path in ["/services", "/services/s/routes", "/upstreams"] {
            let refused = get(api, &format!("{path}?{query}"));
            let expected = json!({"code": 11, "name": "invalid options", "options": {"tags": sentence},
                                  "message": format!("invalid option (tags: {sentence})")});
            assert_eq!(refused, (400, expected), "{path}?{query}");
        }
    }
    let many: Vec<String> = (0..33).map(|number| number.to_string()).collect();
    let refused = json!({"fields": {"tags": "length must be at most 32"}});
    expect(put(api, "/services/s", json!({"host": "a", "tags": many})), 400, refused);
    // As many others may take the place of as many, and go.
    for from in [0, 32] {
        let tags: Vec<String> = (from..from + 32).map(|number| number.to_string()).collect();
        let body = json!({"tags": tags, "username": format!("c{from}"), "custom_id": format!("i{from}")});
        expect(put(api, "/consumers/0f5e7d0e-6c0c-4e4e-9d7e-0a0b0c0d0e0e", body), 200, json!({}));
    }
    assert_eq!(walk(api, "/tags?size=5").len(), 32);
    expect_gone(delete(api, "/consumers/c32"));
    expect(get(api, "/tags"), 200, json!({"data": []}));
}

fn every_tag_is_listed(api: &dyn Api) {
    let service = make(api, "/services", json!({"name": "s", "host": "a", "tags": ["b", "a"]}));
    let route = make(api, "/services/s/routes", json!({"paths": ["/"], "tags": ["b"]}));
    make(api, "/consumers", json!({"username": "bob", "tags": []}));
    make(api, "/developers", json!({"email": "a@b.test"}));
    let body = json!({"name": "app", "redirect_uri": "https://e.test"});
    let application = make(api, "/developers/a@b.test/applications", body);
    let path = format!("/applications/{}/credentials/oauth2", id(&application));
    make(api, &path, json!({"tags": ["b", "hidden"]}));
    let entry = |kind: &str, entity: &Value, tag: &str| json!({"entity_name": kind, "entity_id": entity["id"], "tag": tag});
    let all =
        [entry("routes", &route, "b"), entry("services", &service, "a"), entry("services", &service, "b")];
    for size in 1..5 {
        assert_eq!(walk(api, &format!("/tags?size={size}")), all);
        let of_one = [all[0].clone(), all[2].clone()];
        assert_eq!(walk(api, &format!("/tags/b?size={size}")), of_one);
    }
    assert!(walk(api, "/tags/none").is_empty());
    let page = get(api, "/tags/b?size=1").1;
    assert!(text(&page, "next").starts_with("/tags/b?offset="), "{page}");
    expect(get(api, "/tags?offset=x"), 400, json!({"code": 7}));
    expect(get(api, "/tags?size=0"), 400, json!({"code": 9}));
    expect(get(api, "/tags/a%2Cb"), 400, json!({"code": 10, "name": "invalid unique tag"}));
    expect(post(api, "/tags", json!({})), 405, json!({}));
}

fn lists_of_what_is_not_here_are_empty(api: &dyn Api) {
    for name in [
        "acls",
        "basic-auths",
        "ca_certificates",
        "certificates",
        "consumer_groups",
        "filter-chains",
        "hmac-auths",
        "jwts",
        "key-sets",
        "keys",
        "licenses",
        "mtls-auths",
        "partials",
        "snis",
        "upstreams",
        "vaults",
    ] {
        let path = format!("/{name}");
        for query in ["", "?size=1000", "?tags=a,b", "?size=1&tags=a/b"] {
            assert_eq!(
                get(api, &format!("{path}{query}")),
                (200, json!({"data": [], "next": null})),
                "{path}"
            );
        }
        expect(get(api, &format!("{path}?size=0")), 400, json!({"code": 9}));
        expect(get(api, &format!("{path}?offset=x")), 400, json!({"code": 7}));
        expect(post(api, &path, json!({})), 405, json!({}));
        expect_not_found(get(api, &format!("{path}/x")));
    }
    make(api, "/consumers", json!({"username": "bob"}));
    for list in ["applications", "developers"] {
        expect(get(api, &format!("/consumers/bob/{list}")), 200, json!({"data": [], "total": 0}));
        expect_not_found(get(api, &format!("/consumers/eve/{list}")));
        expect_not_found(get(api, &format!("/consumers/bob/{list}/x")));
    }
}
