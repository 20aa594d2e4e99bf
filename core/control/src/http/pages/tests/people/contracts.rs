//! Contracts.

use super::*;

#[tokio::test]
async fn contracts_are_listed_by_state_service_and_application() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    assert!(page(&mut browser, &control, "/manager/contracts").await.contains("no contracts yet"));
    let (_, jane, ids) = queue(&control, 2).await;
    let pets = open_service(&control, "pets").await;
    let zoo = make_application(&control, &jane, "zoo").await;
    let third = ask(&control, &zoo, &pets, "").await;
    admin(&control, "PATCH", &format!("/application_instances/{}", ids[0]), json!({"status": 0})).await;
    let all = [&ids[0], &ids[1], &third];
    for (query, expected) in [
        ("", [true, true, true]),
        ("?state=approved", [true, false, false]),
        ("?state=requested", [false, true, true]),
        ("?state=revoked", [false, false, false]),
        ("?service=pets", [false, false, true]),
        ("?service=nothing", [false, false, false]),
        ("?application=app-00", [true, true, false]),
        ("?application=app-00&state=requested", [false, true, false]),
        ("?application=zoo&service=orders", [false, false, false]),
    ] {
        let shown = page(&mut browser, &control, &format!("/manager/contracts{query}")).await;
        let found = all.map(|id| shown.contains(&format!("/manager/contracts/{id}/")));
        assert_eq!(found, expected, "{query}: {shown}");
    }
}

#[tokio::test]
async fn contracts_are_listed_by_the_page() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 60).await;
    let first = page(&mut browser, &control, "/manager/contracts?state=requested").await;
    let (_, rest) = first.split_once("/manager/contracts?state=requested&#38;page=").expect("a next page");
    let next = rest.split_once('"').unwrap().0;
    let path = format!("/manager/contracts?state=requested&page={next}");
    let second = page(&mut browser, &control, &path).await;
    for id in ids {
        let on = [&first, &second].map(|page| page.contains(&format!("/contracts/{id}/approve")));
        assert_ne!(on[0], on[1], "each is on one page");
    }
}

#[tokio::test]
async fn a_contract_is_revoked_with_a_reason_and_approved_again() {
    let control = new_control().await;
    let mut browser = administrator(&control).await;
    let (_, _, ids) = queue(&control, 1).await;
    let of = |what: &str| format!("/manager/contracts/{}/{what}", ids[0]);
    // One that waits is not revoked.
    assert_eq!(browser.post(&control, &of("revoke"), &[]).await.status(), 400);
    send(&mut browser, &control, &of("approve"), &[], "Approved.").await;
    send(&mut browser, &control, &of("approve"), &[], AGAIN).await;
    // One in force is not rejected.
    assert_eq!(browser.post(&control, &of("reject"), &[]).await.status(), 400);
    let asked = page(&mut browser, &control, &of("revoke")).await;
    assert!(asked.contains("1 application stops, within 5 seconds."), "{asked}");
    assert!(asked.contains("app-000: orders") && asked.contains("name=\"reason\""), "{asked}");
    assert_eq!(contract(&control, &ids[0]).await["status"], json!(0), "asking has changed nothing");
    let long = "a".repeat(501);
    let wrong = browser.post(&control, &of("revoke"), &[("reason", &long)]).await;
    assert_eq!(wrong.status(), 400);
    assert!(text(&wrong).contains(&long) && text(&wrong).contains("aria-invalid"), "{}", text(&wrong));
    let form = [("reason", "Unpaid")];
    let listed = send(&mut browser, &control, &of("revoke"), &form, "Access was revoked.").await;
    assert!(listed.contains("Unpaid") && listed.contains("Approve again"), "{listed}");
    send(&mut browser, &control, &of("revoke"), &form, AGAIN).await;
    send(&mut browser, &control, &of("approve"), &[], "Approved.").await;
    assert_eq!(contract(&control, &ids[0]).await["reason"], Value::Null);
    let nobody = "/manager/contracts/00000000-0000-4000-8000-000000000000/approve";
    assert_eq!(browser.post(&control, nobody, &[]).await.status(), 404);
}
