/** Parameters of `template.yaml` that do not go together are refused before anything is made. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { brokenRules, type Value } from "./resources.js";
import { samTemplate } from "./sam.js";

const SECRET = {
  SecretArn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-AbCdEf",
  AdminSecretArn: "arn:aws:secretsmanager:eu-central-1:123456789012:secret:latchkey-admin-GhIjKl",
};

check("two secrets are enough", SECRET, []);
check("the pepper's alone is not", { SecretArn: SECRET.SecretArn }, ["AdminTokenBesideThePepper"]);
check("nor the admin token's beside parameters", { ...SECRET, SecretArn: "", SecretsParameterPrefix: "/a" }, [
  "AdminTokenBesideThePepper",
]);
check("so are parameters", { SecretsParameterPrefix: "/latchkey" }, []);
check("neither is not", {}, ["OneSourceOfSecrets"]);
check("nor both", { ...SECRET, SecretsParameterPrefix: "/latchkey" }, ["OneSourceOfSecrets"]);
check("a Function URL streams", { ...SECRET, ResponseStreaming: "true" }, []);
check("a REST API streams", { ...SECRET, Trigger: "rest-api", ResponseStreaming: "true" }, []);
check("an HTTP API does not", { ...SECRET, Trigger: "http-api", ResponseStreaming: "true" }, [
  "StreamingNeedsATriggerThatStreams",
]);
check("a load balancer's rule needs a listener", { ...SECRET, Trigger: "alb" }, ["AlbNeedsAListener"]);
check("with one it is fine", { ...SECRET, Trigger: "alb", AlbListenerArn: "arn:aws:x" }, []);

const MAIL = { MailFrom: "portal@example.com", MailIdentity: "example.com" };
check("mail is fine with an origin", { ...SECRET, ...MAIL, ControlOrigin: "https://keys.example.com" }, []);
check("without one it is not", { ...SECRET, ...MAIL }, ["MailNeedsIdentityAndOrigin"]);
check("nor without an identity", { ...SECRET, MailFrom: "a@b", ControlOrigin: "https://c.example" }, ["MailNeedsIdentityAndOrigin"]);

function check(name: string, parameters: Record<string, Value>, broken: string[]): void {
  test(name, () => assert.deepEqual(brokenRules(samTemplate(), parameters), broken));
}
