// Developers help themselves: the whole way, and what the platform can do to it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startGateway, startPortal, startUpstream, within } from "./harness.mjs";

const PASSWORD = "violet harbour tulip 93";
const COOKIE = "lk_portal";

let upstream;
let portal;
const stored = mkdtempSync(join(tmpdir(), "latchkey-portal-"));

before(async () => {
  upstream = await startUpstream();
  portal = await startPortal({ persist: stored });
});

after(async () => {
  await portal?.stop();
  await upstream?.stop();
  rmSync(stored, { recursive: true });
});

let clients = 0;

/** A browser's calls, with its cookies, from an address of its own. */
function browser(address = `192.0.2.${(clients += 1)}`) {
  const jar = new Map();
  return async function call(method, path, body, more = {}) {
    const headers = { origin: portal.controlUrl, "cf-connecting-ip": address, ...more };
    if (jar.size > 0) headers.cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${portal.controlUrl}/portal/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    for (const cookie of response.headers.getSetCookie()) {
      const [name, value] = cookie.split(";", 1)[0].split(/=(.*)/s);
      if (/max-age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
  };
}

function logIn(call, email, password = PASSWORD) {
  return call("POST", "/auth", { email, password });
}

/** The token in the newest mail to that address whose subject fits. */
async function mailed(email) {
  const mail = await within(5_000, `a mail to ${email}`, async () => (await portal.mails()).taken.findLast(({ to }) => to === email));
  const [, token] = /[?&]token=([A-Za-z0-9_]+)/.exec(mail.text) ?? [];
  return { ...mail, token };
}

async function approved(email) {
  const call = browser();
  const meta = JSON.stringify({ full_name: "Dee" });
  assert.equal((await call("POST", "/register", { email, password: PASSWORD, meta })).status, 200);
  const { token, text, from } = await mailed(email);
  assert.ok(text.includes(`${portal.controlUrl}/portal/`), text);
  assert.deepEqual(from, { name: "Portal", email: "portal@portal.test" });
  assert.equal((await call("POST", "/verify-account", { token })).status, 200);
  assert.equal((await portal.admin("PATCH", `/developers/${email}`, { status: 0 })).status, 200);
  return call;
}

test("from the sign-up to a call with a key of one's own", async () => {
  const email = "story@example.org";
  const call = await approved(email);
  const opened = await logIn(call, email);
  assert.equal(opened.status, 204);
  assert.match(opened.headers.getSetCookie().join(), new RegExp(`${COOKIE}=`));
  const service = await portal.make("/services", { name: "story", url: upstream.url });
  await portal.make("/services/story/routes", { name: "story", paths: ["/story"] });
  await portal.make("/services/story/plugins", { name: "key-auth", config: { key_names: ["apikey"] } });
  await portal.make("/services/story/plugins", { name: "application-registration", config: { display_name: "Story", auto_approve: true } });
  const application = await call("POST", "/applications", { name: "Mine", redirect_uri: "https://mine.test/back" });
  assert.equal(application.status, 201);
  const { id, credential } = application.body;
  assert.equal((await call("POST", `/applications/${id}/application_instances`, { service: { id: service.id } })).status, 201);
  const key = credential.client_id;
  const status = await within(5_000, "the key is good", async () => {
    const response = await fetch(`${portal.url}/story`, { headers: { apikey: key } });
    return response.status === 200 && response.status;
  });
  assert.equal(status, 200);
  const reached = upstream.requests.at(-1);
  assert.ok(!JSON.stringify(reached.headers).includes(COOKIE));
  assert.equal((await call("DELETE", "/auth")).status, 200);
  assert.equal((await call("GET", "/session")).status, 401);
});

test("more than so many at once are told to come again, and as many as may are hashed", async () => {
  const email = "flood@example.org";
  const call = await approved(email);
  // Of one account, so that one object has them all; each from an address of its own.
  const statuses = (await Promise.all(Array.from({ length: 30 }, () => logIn(browser(), email)))).map(({ status }) => status);
  const count = (status) => statuses.filter((other) => other === status).length;
  assert.ok(count(204) >= 9, statuses.join());
  assert.ok(count(503) >= 1, statuses.join());
  assert.equal(count(204) + count(503), 30, statuses.join());
  const { status, headers } = await within(5_000, "they have gone", async () => logIn(call, email));
  assert.ok(status === 204 || headers.get("retry-after") === "2");
});

test("counters outlive the object that counts", async () => {
  const email = "counted@example.org";
  const call = await approved(email);
  for (let at = 0; at < 5; at += 1) assert.equal((await logIn(call, email, "wrong")).status, 401);
  assert.equal((await logIn(call, email, "wrong")).status, 401);
  const { starts } = await portal.logins();
  await portal.logins({ attempt: "ends the object" });
  assert.equal((await logIn(call, email)).status, 503);
  await portal.logins({ attempt: "works" });
  const held = await logIn(call, email);
  assert.equal(held.status, 429);
  assert.ok(Number(held.headers.get("retry-after")) >= 1);
  assert.ok((await portal.logins()).starts > starts);
});

test("while a log-in waits for its hash, the object answers others", async () => {
  const email = "waits@example.org";
  const call = await approved(email);
  await portal.logins({ attempt: "stalls" });
  const waiting = logIn(call, email);
  let isAnswered = false;
  waiting.then(() => {
    isAnswered = true;
  });
  // The object's own answers: a write, and the feed, which a call at the gateway polls.
  await portal.make("/consumers", { username: "meanwhile" });
  const proxied = await fetch(`${portal.url}/nowhere`);
  assert.equal(proxied.status, 404);
  assert.equal(isAnswered, false);
  await portal.logins({ attempt: "works" });
  assert.equal((await waiting).status, 204);
});

test("where nobody hashes, nobody comes in, and all else goes on", async () => {
  const email = "down@example.org";
  const call = await approved(email);
  await portal.logins({ attempt: "throws" });
  assert.equal((await logIn(call, email)).status, 503);
  assert.equal((await portal.admin("GET", "/services")).status, 200);
  await portal.logins({ attempt: "works" });
  assert.equal((await logIn(call, email)).status, 204);
});

test("a mail that is refused is not tried again, and one that is not taken now is not lost", async () => {
  const forgot = (email) => browser()("POST", "/forgot-password", { email });
  const email = "mailed@example.org";
  await approved(email);
  const outcomes = async () => {
    const { body } = await portal.admin("GET", "/audit?size=1000");
    return JSON.stringify(body);
  };
  await portal.mails({ takes: "none" });
  const { asked } = await portal.mails();
  assert.equal((await forgot(email)).status, 200);
  await within(5_000, "the refusal is written down", async () => (await outcomes()).includes('"refused"'));
  assert.equal((await portal.mails()).asked, asked + 1);
  for (const takes of ["later", "fails"]) {
    await portal.mails({ takes: "all" });
    // A mailbox gets three an hour that strangers cause.
    const other = `${takes}@example.org`;
    await approved(other);
    await portal.mails({ takes });
    const before = (await portal.mails()).asked;
    assert.equal((await forgot(other)).status, 200);
    await within(5_000, "it was tried", async () => (await portal.mails()).asked === before + 1);
  }
  await portal.mails({ takes: "all" });
});

test("a mail that hangs keeps no call waiting", async () => {
  const email = "hangs@example.org";
  await approved(email);
  await portal.mails({ takes: "stalls" });
  const begun = Date.now();
  assert.equal((await browser()("POST", "/forgot-password", { email })).status, 200);
  assert.equal((await portal.admin("GET", "/services")).status, 200);
  assert.ok(Date.now() - begun < 5_000);
  await portal.mails({ takes: "all" });
});

test("mail without a way, or without an origin for its links: nothing is served", async () => {
  const from = { LATCHKEY_MAIL_FROM: "portal@portal.test" };
  for (const bindings of [{ ...from, LATCHKEY_CONTROL_ORIGIN: "https://portal.test" }, from]) {
    const without = await startGateway({ bindings });
    assert.equal((await fetch(`${without.controlUrl}/health`)).status, 503);
    await without.stop();
  }
});
