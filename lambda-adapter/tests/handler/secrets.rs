//! Secrets that AWS keeps, read from a stand-in for its services.

use latchkey_lambda::aws::AwsEnvironment;
use latchkey_lambda::config::Mode;
use latchkey_lambda::secrets::{Secrets, SecretsFrom};
use latchkey_published::keys::Pepper;
use serde_json::{Value, json};

use crate::upstream::Upstream;

const PEPPER: &str = "kept by AWS, and long enough for it";
const TOKEN: &str = "token-of-the-administrator-kept-by-AWS";

async fn get(from: &str, service: &Upstream) -> Result<Secrets, String> {
    get_for(Mode::Control, from, service).await
}

async fn get_for(mode: Mode, from: &str, service: &Upstream) -> Result<Secrets, String> {
    let url = format!("http://{}", service.address);
    let variables = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", &url),
        ("LATCHKEY_SECRETS_FROM", from),
        // Not looked at: the secrets are elsewhere.
        ("LATCHKEY_PEPPER", "of the environment"),
    ];
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let aws = AwsEnvironment::read(variable).unwrap();
    Secrets::get(&SecretsFrom::read(variable).unwrap(), mode, variable, &aws).await
}

async fn answering(status: &str, body: &Value) -> Upstream {
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Upstream::answering(head + &body).await
}

/// The one request that was sent: the operation and its input.
fn asked(service: &Upstream) -> (String, Value) {
    let sent = service.take();
    let [request] = sent.as_slice() else { panic!("{sent:?}") };
    let operation = request.lines().find_map(|line| line.strip_prefix("x-amz-target: ")).unwrap();
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    (operation.to_owned(), serde_json::from_str(body).unwrap())
}

fn check(secrets: &Secrets) {
    let pepper = Pepper::new(PEPPER.as_bytes());
    assert_eq!(secrets.peppers.current.id(), pepper.id());
    assert_eq!(secrets.admin_token, Some(pepper.digest(TOKEN.as_bytes())));
    assert!(secrets.peppers.previous.is_none());
}

#[tokio::test]
async fn one_secret_of_secrets_manager_has_them_all() {
    let texts = json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_ADMIN_TOKEN": TOKEN});
    let answer = json!({"Name": "latchkey", "SecretString": texts.to_string()});
    let service = answering("200 OK", &answer).await;
    check(&get("secretsmanager:latchkey", &service).await.unwrap());
    let input = json!({"SecretId": "latchkey"});
    assert_eq!(asked(&service), ("secretsmanager.GetSecretValue".to_owned(), input));
}

#[tokio::test]
async fn parameters_have_one_each() {
    let parameter = |name: &str, value: &str| json!({"Name": format!("/prod/{name}"), "Value": value});
    let parameters = [parameter("LATCHKEY_PEPPER", PEPPER), parameter("LATCHKEY_ADMIN_TOKEN", TOKEN)];
    let answer = json!({"Parameters": parameters, "InvalidParameters": ["/prod/LATCHKEY_PEPPER_PREVIOUS"]});
    let service = answering("200 OK", &answer).await;
    check(&get("ssm:/prod", &service).await.unwrap());
    let names = ["/prod/LATCHKEY_PEPPER", "/prod/LATCHKEY_PEPPER_PREVIOUS", "/prod/LATCHKEY_ADMIN_TOKEN"];
    let input = json!({"Names": names, "WithDecryption": true});
    assert_eq!(asked(&service), ("AmazonSSM.GetParameters".to_owned(), input));
}

/// Its role may not read the admin token: to ask for it would fail.
#[tokio::test]
async fn a_gateway_asks_for_no_admin_token() {
    let parameter = json!({"Name": "/prod/LATCHKEY_PEPPER", "Value": PEPPER});
    let service = answering("200 OK", &json!({"Parameters": [parameter]})).await;
    let secrets = get_for(Mode::Proxy, "ssm:/prod", &service).await.unwrap();
    assert!(secrets.admin_token.is_none());
    let peppers = ["/prod/LATCHKEY_PEPPER", "/prod/LATCHKEY_PEPPER_PREVIOUS"];
    let names = peppers.iter().chain(&["/prod/LATCHKEY_VERIFY_TOKEN"]).collect::<Vec<_>>();
    let input = json!({"Names": names, "WithDecryption": true});
    assert_eq!(asked(&service), ("AmazonSSM.GetParameters".to_owned(), input));
    get_for(Mode::Authorizer, "ssm:/prod", &service).await.unwrap();
    let input = json!({"Names": peppers, "WithDecryption": true});
    assert_eq!(asked(&service), ("AmazonSSM.GetParameters".to_owned(), input));
}

#[tokio::test]
async fn secrets_in_several_places_are_all_read() {
    let texts = json!({"LATCHKEY_PEPPER": PEPPER, "LATCHKEY_ADMIN_TOKEN": TOKEN});
    let service = answering("200 OK", &json!({"SecretString": texts.to_string()})).await;
    check(&get("secretsmanager:latchkey,latchkey-admin", &service).await.unwrap());
    let sent = service.take();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert!(sent[0].contains("\"latchkey\"") && sent[1].contains("\"latchkey-admin\""), "{sent:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_not_shown() {
    let refused = json!({"__type": "AccessDeniedException", "message": "not authorized"});
    let without = json!({"SecretString": "{\"LATCHKEY_ADMIN_TOKEN\": \"hunter2\"}"});
    let short = json!({"SecretString": "{\"LATCHKEY_PEPPER\": \"hunter2\"}"});
    let no_object = json!({"SecretString": "hunter2"});
    for (status, answer, expected) in [
        ("400 Bad Request", &refused, "AccessDeniedException"),
        ("200 OK", &without, "LATCHKEY_PEPPER is not set"),
        ("200 OK", &short, "LATCHKEY_PEPPER is shorter than 32 bytes: make one with `openssl rand -hex 32`"),
        ("200 OK", &no_object, "not a JSON object"),
        ("200 OK", &json!({}), "not a JSON object"),
    ] {
        let service = answering(status, answer).await;
        let error = get("secretsmanager:latchkey", &service).await.unwrap_err();
        assert!(error.starts_with("secret latchkey") && error.contains(expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let service = answering("200 OK", &json!({"Parameters": [], "InvalidParameters": []})).await;
    let error = get("ssm:/prod", &service).await.unwrap_err();
    assert_eq!(error, "parameters /prod/…: LATCHKEY_PEPPER is not set");
}

#[tokio::test]
async fn parameters_are_admitted_as_variables_are() {
    let parameter = |name: &str, value: &str| json!({"Name": format!("/prod/{name}"), "Value": value});
    let short = [parameter("LATCHKEY_PEPPER", PEPPER), parameter("LATCHKEY_ADMIN_TOKEN", "hunter2")];
    let service = answering("200 OK", &json!({"Parameters": short})).await;
    let error = get("ssm:/prod", &service).await.unwrap_err();
    let expected = "parameters /prod/…: LATCHKEY_ADMIN_TOKEN is shorter than 32 bytes: make one with";
    assert!(error.starts_with(expected) && !error.contains("hunter2"), "{error}");
    // Put there by `--value file://…`, with the line end of the file.
    let with_line_end = format!("{TOKEN}\n");
    let good = [parameter("LATCHKEY_PEPPER", PEPPER), parameter("LATCHKEY_ADMIN_TOKEN", &with_line_end)];
    check(&get("ssm:/prod", &answering("200 OK", &json!({"Parameters": good})).await).await.unwrap());
}
