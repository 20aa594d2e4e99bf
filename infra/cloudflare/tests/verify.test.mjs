// Other proxies, and programs, ask the gateway whether a key is good; core answers, the script only passes on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, startGateway } from "./harness.mjs";

const VERIFY_TOKEN = "test-verify-token-of-more-than-32-bytes";

let gateway;
let key;

before(async () => {
  gateway = await startGateway({ bindings: { LATCHKEY_VERIFY_TOKEN: VERIFY_TOKEN } });
  ({ key } = await setUp(gateway, "http://nowhere.invalid", { key_in_bearer: true }));
});

after(() => gateway?.stop());

const told = (prefix, target) => ({
  [`${prefix}-method`]: "GET",
  [`${prefix}-host`]: "api.test",
  [`${prefix}-uri`]: target,
});

async function ask(path, headers, more = {}) {
  const response = await fetch(gateway.url + path, { headers, ...more });
  await response.clone().arrayBuffer();
  return response;
}

test("each proxy is told who calls by the fields that it sets", async () => {
  const questions = {
    "/-/verify/traefik": told("x-forwarded", "/a?x=1"),
    "/-/verify/caddy": told("x-forwarded", "/a"),
    "/-/verify/nginx": told("x-original", "/a"),
    "/-/verify/envoy/a?x=1": {},
  };
  for (const [path, fields] of Object.entries(questions)) {
    const passed = await ask(path, { ...fields, authorization: `Bearer ${key}` });
    assert.deepEqual([passed.status, passed.headers.get("x-consumer-username")], [200, "bob"], path);
    assert.match(passed.headers.get("lk-remove-fields"), /x-anonymous-consumer/);
    const refused = await ask(path, fields);
    assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, "Key"], path);
  }
  const others = { ...told("x-forwarded", "/a"), authorization: `Bearer ${key}` };
  assert.equal((await ask("/-/verify/nginx", others)).status, 403);
  const twice = [["x-original-method", "GET"], ...Object.entries(told("x-original", "/a")), ["authorization", `Bearer ${key}`]];
  assert.equal((await ask("/-/verify/nginx", new Headers(twice))).status, 403);
  const odd = { ...told("x-original", "/a/..%2fb"), authorization: `Bearer ${key}` };
  assert.equal((await ask("/-/verify/nginx", odd)).status, 403);
});

test("a program that has the token is told of a key, and no other one is", async () => {
  const question = (token) =>
    ask("/-/verify", { authorization: `Bearer ${token}` }, { method: "POST", body: JSON.stringify({ key, service: "service" }) });
  const answer = await (await question(VERIFY_TOKEN)).json();
  assert.deepEqual([answer.valid, answer.reason, answer.consumer.username], [true, null, "bob"]);
  assert.equal((await question("wrong")).status, 401);
});
