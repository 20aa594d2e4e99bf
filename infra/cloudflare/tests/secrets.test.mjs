// What the Worker's secrets must be, and who comes in with the admin token.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { PEPPER, setUp, sleep, startFaulty, startGateway, TOKEN } from "./harness.mjs";

let workers;
let gateway;

before(async () => {
  workers = await startFaulty(["latchkey"]);
  [gateway] = workers.gateways;
});

after(() => workers?.stop());

/** Status of a call of the Admin API. */
async function knock(token, { address = "192.0.2.7", method = "GET", ...more } = {}) {
  const headers = { "cf-connecting-ip": address, ...(token === undefined ? {} : { "kong-admin-token": token }) };
  const response = await fetch(`${gateway.controlUrl}/admin/consumers`, { method, headers, ...more });
  await response.arrayBuffer();
  if (response.status === 429) assert.equal(response.headers.get("retry-after"), "1");
  return response.status;
}

async function many(count, ...call) {
  const statuses = [];
  for (let at = 0; at < count; at += 1) statuses.push(await knock(...call));
  return statuses;
}

/** Status and message of a request. */
async function answerAt(url) {
  const response = await fetch(url, { headers: { "kong-admin-token": TOKEN } });
  return [response.status, (await response.json()).message];
}

test("short secrets: nothing is served, and the log says how to make one", async () => {
  const unconfigured = [503, "The control plane is not configured"];
  for (const [name, value] of Object.entries({ LATCHKEY_PEPPER: "p", LATCHKEY_ADMIN_TOKEN: "a" })) {
    const without = await startGateway({ bindings: { [name]: value } });
    for (const path of ["/health", "/admin/services"]) {
      assert.deepEqual(await answerAt(without.controlUrl + path), unconfigured, `${name} ${path}`);
    }
    for (const path of ["/x", "/-/health"]) {
      const { status } = await fetch(without.url + path);
      // The admin token is none of the gateway's business.
      const expected = name === "LATCHKEY_PEPPER" || path === "/x" ? 503 : 200;
      assert.equal(status, expected, `${name} ${path}`);
    }
    await without.stop();
  }
});

test("the gateway does not know the Admin API", async () => {
  for (const path of ["/admin/consumers", "/-/admin/consumers"]) {
    assert.deepEqual(await answerAt(gateway.url + path), [404, "no Route matched with those values"], path);
  }
});

test("past the platform's count, whoever has no right token is told to wait", async () => {
  const counting = await startGateway({ clients: 3, bindings: { LATCHKEY_ADMIN_GUESSES_PER_SECOND: "0" } });
  const ask = async (token, address) => {
    const headers = { "kong-admin-token": token, "cf-connecting-ip": address };
    const response = await fetch(`${counting.controlUrl}/admin/consumers`, { headers });
    if (response.status === 429) assert.equal(response.headers.get("retry-after"), "1");
    return response.status;
  };
  const statuses = [];
  for (let at = 0; at < 6; at += 1) statuses.push(await ask("wrong", `2001:db8::${at}`));
  assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429]);
  assert.equal(await ask(TOKEN, "2001:db8::7"), 200, "a right token is let in whatever was counted");
  assert.equal(await ask("wrong", "2001:db8:0:1::1"), 401, "another client");
  await counting.stop();
});

test("a short pepper may be the one before", async () => {
  const moving = await startGateway({ bindings: { LATCHKEY_PEPPER_PREVIOUS: "p" } });
  assert.equal((await moving.admin("GET", "/services")).status, 200);
  await moving.stop();
});

test("wrong admin tokens of one address are slowed, right ones never", async () => {
  const statuses = await many(30, "wrong");
  assert.ok(statuses.slice(0, 10).every((status) => status === 401), statuses.join());
  assert.ok(statuses.includes(429), statuses.join());
  assert.equal(await knock(TOKEN), 200);
  assert.equal(await knock(TOKEN, { address: "192.0.2.8" }), 200);
  assert.equal(await knock("wrong", { address: "192.0.2.8" }), 401);
  // Who shows no token does not guess.
  assert.ok((await many(30, undefined, { address: "192.0.2.9" })).every((status) => status === 401));
  await sleep(1_100);
  assert.equal(await knock("wrong"), 401);
});

test("an IPv6 network is one address", async () => {
  const statuses = [];
  for (let at = 0; at < 30; at += 1) statuses.push(await knock("wrong", { address: `2001:db8::${at}` }));
  assert.ok(statuses.includes(429), statuses.join());
  assert.equal(await knock("wrong", { address: "2001:db8:0:1::1" }), 401);
});

test("the bound can be set", async () => {
  for (const [bound, last] of [["1", 429], ["0", 401]]) {
    const other = await startGateway({ bindings: { LATCHKEY_ADMIN_GUESSES_PER_SECOND: bound } });
    const ask = () => fetch(`${other.controlUrl}/admin`, { headers: { "kong-admin-token": "wrong" } });
    assert.equal((await ask()).status, 401);
    for (let at = 0; at < 10; at += 1) await (await ask()).arrayBuffer();
    assert.equal((await ask()).status, last, bound);
    await other.stop();
  }
});

test("the token is judged before the body is read and the object is woken", async () => {
  await workers.fault({ object: "throws" });
  const address = "192.0.2.20";
  assert.equal(await knock(TOKEN, { address }), 503);
  assert.equal(await knock("wrong", { address }), 401);
  assert.equal(await knock(undefined, { address }), 401);
  await workers.fault({ object: "works" });
  assert.equal(await knock(TOKEN, { address }), 200);
  // A body that is announced and never sent.
  const { hostname, port } = new URL(gateway.controlUrl);
  const head = "POST /admin/consumers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n";
  const answer = await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(`${head}Kong-Admin-Token: wrong\r\n\r\n`));
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer before the body")));
    socket.once("data", (data) => resolve(data.toString("latin1")) || socket.destroy());
    socket.on("error", reject);
  });
  assert.match(answer, /^HTTP\/1\.1 401 /);
});

test("texts whose digests are secrets are no keys", async () => {
  const { key } = await setUp(gateway, "http://127.0.0.1:9");
  assert.notEqual(PEPPER, key);
  for (const text of ["latchkey key tag v1", "latchkey pepper id v1"]) {
    assert.equal((await gateway.admin("POST", "/consumers/bob/key-auth", { key: text })).status, 400);
    const response = await fetch(`${gateway.url}/x?apikey=${encodeURIComponent(text)}`);
    assert.equal(response.status, 401);
  }
});
