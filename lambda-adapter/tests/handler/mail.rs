//! Mails, to a stand-in for Amazon SES that takes them, refuses them for good or for now, hangs, and goes away.

use serde_json::{Value, json};

use crate::upstream::{Answer, Upstream};
use crate::{Function, World};

const FROM: &str = "Portal <portal@example.com>";
const ORIGIN: &str = "https://portal.example.com";
const TO: &str = "dee@example.org";

/// How SES answers, in its protocol (REST, JSON).
fn answer(status: &str, body: &Value) -> Answer {
    let kind =
        body["__type"].as_str().map_or_else(String::new, |kind| format!("x-amzn-errortype: {kind}\r\n"));
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{kind}content-length: {}\r\n\r\n",
        body.len()
    );
    Answer::Bytes((head + &body).into_bytes())
}

fn refusal(status: &str, kind: &str) -> Answer {
    answer(status, &json!({"__type": kind, "message": format!("{TO} is named here")}))
}

fn taken() -> Answer {
    answer("200 OK", &json!({"MessageId": "1"}))
}

/// A stand-in, the settings by which it is used, and a world.
async fn stand_in() -> (Upstream, &'static [(&'static str, &'static str)], World) {
    let ses = Upstream::answering("").await;
    ses.answer(taken());
    let url: &'static str = Box::leak(format!("http://{}", ses.address).into_boxed_str());
    let variables = vec![
        ("AWS_ENDPOINT_URL_SESV2", url),
        ("LATCHKEY_MAIL_FROM", FROM),
        ("LATCHKEY_CONTROL_ORIGIN", ORIGIN),
    ];
    (ses, variables.leak(), World::new().await)
}

impl Function<'_> {
    /// A developer without access, whom a mail tells so as soon as one is sent.
    async fn cause_mail(&self) {
        self.admin("POST", "/developers", json!({"email": TO, "meta": "{\"full_name\":\"Dee\"}"})).await;
        self.after_answer().await;
        self.admin("PATCH", &format!("/developers/{TO}"), json!({"status": 3})).await;
    }

    async fn after_answer(&self) {
        self.control.after_answer().await;
    }

    /// Names of the mails that lie in the outbox.
    async fn outbox(&self) -> Vec<String> {
        let records = self.world.table.dump().await;
        records.into_keys().filter(|key| key.partition == "outbox").map(|key| key.sort).collect()
    }
}

/// The mails that it was sent.
fn sent(ses: &Upstream) -> Vec<Value> {
    let requests = ses.take();
    let mail = |request: String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v2/email/outbound-emails "), "{head}");
        serde_json::from_str(body).unwrap()
    };
    requests.into_iter().map(mail).collect()
}

#[tokio::test]
async fn a_mail_is_sent_after_the_answer_that_caused_it_and_once() {
    let (ses, variables, world) = stand_in().await;
    let function = world.start(variables).await;
    function.cause_mail().await;
    sent(&ses);
    assert_eq!(function.outbox().await.len(), 1, "it is not sent before the answer");
    function.after_answer().await;
    let mails = sent(&ses);
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(mail["FromEmailAddress"], FROM);
    assert_eq!(mail["Destination"], json!({"ToAddresses": [TO]}));
    let simple = &mail["Content"]["Simple"];
    for part in [&simple["Subject"], &simple["Body"]["Text"], &simple["Body"]["Html"]] {
        assert!(part["Charset"] == "UTF-8" && !part["Data"].as_str().unwrap().is_empty(), "{mail}");
    }
    assert_eq!(function.outbox().await, [""; 0]);
    function.do_what_is_due().await.unwrap();
    function.after_answer().await;
    assert_eq!(sent(&ses), Vec::<Value>::new());
}

/// Where an environment ends before it has sent.
#[tokio::test]
async fn what_is_left_is_sent_by_the_schedule() {
    let (ses, variables, world) = stand_in().await;
    let function = world.start(variables).await;
    function.cause_mail().await;
    sent(&ses);
    let another = world.start(variables).await;
    another.do_what_is_due().await.unwrap();
    assert_eq!(sent(&ses).len(), 1);
    assert_eq!(another.outbox().await, [""; 0]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    for kind in ["MessageRejected", "BadRequestException"] {
        let (ses, variables, world) = stand_in().await;
        let function = world.start(variables).await;
        function.cause_mail().await;
        sent(&ses);
        ses.answer(refusal("400 Bad Request", kind));
        function.after_answer().await;
        assert_eq!(sent(&ses).len(), 1, "{kind}");
        assert_eq!(function.outbox().await, [""; 0], "{kind}");
    }
}

#[tokio::test]
async fn what_is_not_taken_now_stays_and_is_not_sent_twice_in_a_minute() {
    for later in [
        refusal("429 Too Many Requests", "TooManyRequestsException"),
        refusal("400 Bad Request", "SendingPausedException"),
        refusal("400 Bad Request", "MailFromDomainNotVerifiedException"),
        answer("500 Internal Server Error", &json!({})),
        Answer::Close,
        Answer::Nothing,
    ] {
        let (ses, variables, world) = stand_in().await;
        let function = world.start(variables).await;
        function.cause_mail().await;
        sent(&ses);
        ses.answer(later);
        function.after_answer().await;
        assert_eq!(sent(&ses).len(), 1, "no attempt is made again at once");
        ses.answer(taken());
        function.do_what_is_due().await.unwrap();
        assert_eq!(sent(&ses), Vec::<Value>::new(), "nor within a minute");
        assert_eq!(function.outbox().await.len(), 1, "nor is it lost");
    }
}

#[tokio::test]
async fn without_a_sender_there_is_no_mail() {
    let (ses, variables, world) = stand_in().await;
    let without: Vec<_> =
        variables.iter().copied().filter(|(name, _)| *name != "LATCHKEY_MAIL_FROM").collect();
    let function = world.start(&without).await;
    function.cause_mail().await;
    function.after_answer().await;
    function.do_what_is_due().await.unwrap();
    assert_eq!(sent(&ses), Vec::<Value>::new());
    assert_eq!(function.outbox().await, [""; 0]);
}
