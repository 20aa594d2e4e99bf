//! The queue.

use super::*;

#[tokio::test]
async fn who_waits_longest_comes_first_and_the_frame_says_how_many_wait() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let empty = page(&mut browser, &control, "/manager/requests").await;
    assert!(empty.contains("No requests are waiting."), "{empty}");
    let (_, _, ids) = queue(&control, 120).await;
    let mut seen = Vec::new();
    for (query, count) in [("", 50), ("?page=2", 50), ("?page=3", 20)] {
        let shown = page(&mut browser, &control, &format!("/manager/requests{query}")).await;
        let notes = shown.match_indices("note ").map(|(at, _)| shown[at + 5..at + 8].to_owned());
        let notes: Vec<String> = notes.collect();
        assert_eq!(notes.len(), count, "{query}");
        let next =
            ["page=2", "page=3"].map(|next| shown.contains(&format!("href=\"/manager/requests?{next}\"")));
        assert_eq!(next, [query.is_empty(), query == "?page=2"], "{query}");
        assert!(shown.contains("120 in all") && shown.contains("jane@a.test"), "{shown}");
        seen.extend(notes);
    }
    assert!(seen.is_sorted(), "{seen:?}");
    let beyond = page(&mut browser, &control, "/manager/requests?page=99").await;
    assert_eq!(beyond.matches("note ").count(), 20, "the last page: {beyond}");
    assert!(page(&mut browser, &control, "/manager/contracts").await.contains(">100+<"), "beside the queue");
    let form: Vec<(&str, &str)> = ids.iter().map(|id| ("contract", id.as_str())).collect();
    let said = "120 requests were approved.";
    let left = send(&mut browser, &control, "/manager/requests/approve", &form, said).await;
    assert!(left.contains("No requests are waiting."), "{left}");
}

#[tokio::test]
async fn the_queue_is_searched_by_application_service_developer_and_note() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (orders, jane, _) = queue(&control, 2).await;
    let (pets, bob) = (open_service(&control, "pets").await, make_developer(&control, "bob@b.test", 0).await);
    let other = make_application(&control, &bob, "zoo").await;
    ask(&control, &other, &pets, "please").await;
    assert_ne!((orders, jane), (pets, bob));
    for (q, expected) in [
        ("ZOO", vec!["zoo"]),
        ("pets", vec!["zoo"]),
        ("bob@", vec!["zoo"]),
        ("PLEASE", vec!["zoo"]),
        ("app-001", vec!["app-001"]),
        ("jane", vec!["app-000", "app-001"]),
        ("nobody", vec![]),
    ] {
        let shown = page(&mut browser, &control, &format!("/manager/requests?q={q}")).await;
        let told = format!("{} of 3", expected.len());
        assert!(expected.is_empty() || shown.contains(&told), "{q}: {told}: {shown}");
        for name in ["zoo", "app-000", "app-001"] {
            assert_eq!(shown.contains(&format!(">{name}<")), expected.contains(&name), "{q} {name}: {shown}");
        }
    }
}

#[tokio::test]
async fn requests_are_approved_and_rejected_one_or_many_at_once() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 5).await;
    let (approve, reject) = ("/manager/requests/approve", "/manager/requests/reject");
    let left = send(&mut browser, &control, approve, &[("contract", &ids[0])], "Approved.").await;
    assert!(!left.contains(&ids[0]) && left.contains(&ids[1]), "{left}");
    send(&mut browser, &control, approve, &[("contract", &ids[0])], AGAIN).await;
    let two = [("contract", ids[1].as_str()), ("contract", &ids[2]), ("reason", "ignored")];
    send(&mut browser, &control, approve, &two, "2 requests were approved.").await;
    let form = [("contract", ids[3].as_str()), ("reason", "No plan yet")];
    send(&mut browser, &control, reject, &form, "Rejected.").await;
    for (id, status, reason) in [
        (&ids[0], 0, Value::Null),
        (&ids[1], 0, Value::Null),
        (&ids[2], 0, Value::Null),
        (&ids[3], 2, json!("No plan yet")),
        (&ids[4], 1, Value::Null),
    ] {
        let contract = contract(&control, id).await;
        assert_eq!((&contract["status"], &contract["reason"]), (&json!(status), &reason), "{contract}");
    }
}

#[tokio::test]
async fn what_waits_no_more_is_left_as_it_is_and_said() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 3).await;
    let path = format!("/application_instances/{}", ids[0]);
    for status in [0, 3] {
        admin(&control, "PATCH", &path, json!({"status": status})).await;
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    let approve = "/manager/requests/approve";
    let form = [("contract", ids[0].as_str()), ("contract", &ids[1]), ("contract", nobody)];
    let partly = browser.post(&control, approve, &form).await;
    assert_eq!(partly.status(), 200);
    let shown = text(&partly);
    for said in [
        "1 of 3 requests were approved",
        "It waits no more: Revoked",
        "There is no such request any more",
        nobody,
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(shown.contains(&format!("value=\"{}\"", ids[2])), "the queue goes on: {shown}");
    assert!(!shown.contains(&format!("value=\"{}\"", ids[1])), "{shown}");
    assert_eq!(contract(&control, &ids[0]).await["status"], json!(3), "a revoked one stays revoked");
    assert_eq!(contract(&control, &ids[1]).await["status"], json!(0));
    // Sent again, and of none that can be decided about.
    let again = browser.post(&control, approve, &form).await;
    assert_eq!(again.status(), 200);
    assert!(text(&again).contains("1 of 3 requests were approved"), "it is: {}", text(&again));
    for other in [&ids[0], nobody, "not an id"] {
        let none = browser.post(&control, approve, &[("contract", other)]).await;
        assert_eq!(none.status(), 409);
        assert!(text(&none).contains("0 of 1 requests were approved"), "{other}: {}", text(&none));
    }
    let reject = browser.post(&control, "/manager/requests/reject", &form[1..2]).await;
    assert!(text(&reject).contains("It waits no more: Approved"), "{}", text(&reject));
}

#[tokio::test]
async fn hundreds_are_approved_by_one_form() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 500).await;
    let form: Vec<(&str, &str)> = ids.iter().map(|id| ("contract", id.as_str())).collect();
    let said = "500 requests were approved.";
    send(&mut browser, &control, "/manager/requests/approve", &form, said).await;
    send(&mut browser, &control, "/manager/requests/approve", &form, AGAIN).await;
    for id in &ids {
        assert_eq!(contract(&control, id).await["status"], json!(0));
    }
}

#[tokio::test]
async fn a_wrong_form_of_the_queue_is_shown_again() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 2).await;
    let none = browser.post(&control, "/manager/requests/approve", &[("reason", "x")]).await;
    assert_eq!(none.status(), 400);
    assert!(text(&none).contains("Pick at least one request."), "{}", text(&none));
    let long = "é".repeat(501);
    let form = [("contract", ids[1].as_str()), ("reason", &long)];
    let wrong = browser.post(&control, "/manager/requests/reject", &form).await;
    assert_eq!(wrong.status(), 400);
    assert!(text(&wrong).contains(&long) && text(&wrong).contains("aria-invalid"), "{}", text(&wrong));
    assert_eq!(text(&wrong).matches(" checked").count(), 1, "what was picked stays: {}", text(&wrong));
    assert_eq!(contract(&control, &ids[1]).await["status"], json!(1));
    let many: Vec<(&str, String)> = (0..501).map(|number| ("contract", number.to_string())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post(&control, "/manager/requests/approve", &many).await.status(), 400);
}
