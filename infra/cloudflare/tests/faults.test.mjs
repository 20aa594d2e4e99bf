// Whatever fails, the client gets a JSON error and the next request is served.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setUp, sleep, startFaulty, startUpstream, within } from "./harness.mjs";

let upstream;
let workers;
let gateway;
let key;
let broken = false;

before(async () => {
  upstream = await startUpstream((request, response) => {
    if (broken === "cuts") return request.socket.destroy();
    if (broken === "hangs") return;
    response.end("ok");
  });
  workers = await startFaulty(["latchkey"], { LATCHKEY_REVOCATION_BOUND_MS: "300", LATCHKEY_OUTAGE_GRACE_MS: "0" });
  [gateway] = workers.gateways;
  ({ key } = await setUp(gateway, upstream.url, { key_in_body: true }));
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

function call(headers = {}, more = {}) {
  return fetch(`${gateway.url}/x`, { headers: { apikey: key, ...headers }, ...more });
}

async function isServed() {
  const response = await call();
  assert.equal(response.status, 200, await response.text());
}

async function isError(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.match(response.headers.get("content-type"), /^application\/json/);
  assert.equal(typeof JSON.parse(text).message, "string");
}

test("a panic in the data plane", async () => {
  await isServed();
  await isError(await call({ "x-test": "panic" }), 500);
  await isServed();
});

test("a panic beside other requests", async () => {
  const others = Array.from({ length: 20 }, () => call());
  const panics = Array.from({ length: 3 }, () => call({ "x-test": "panic" }));
  for (const panic of panics) await isError(await panic, 500);
  for (const other of others) assert.ok([200, 500, 503].includes((await other).status));
  await isServed();
});

test("a panic in the door", async () => {
  const failed = await fetch(`${gateway.controlUrl}/health`, { headers: { "x-test": "panic" } });
  await isError(failed, 500);
  assert.equal((await gateway.admin("GET", "/services")).status, 200);
  await isServed();
});

test("a panic in the object", async () => {
  await workers.fault({ object: "panics" });
  const failed = await gateway.admin("GET", "/services");
  assert.equal(failed.status, 500);
  assert.equal(typeof failed.body.message, "string");
  await workers.fault({ object: "works" });
  assert.equal((await gateway.admin("GET", "/services")).status, 200);
  await isServed();
});

test("an object that throws", async () => {
  await workers.fault({ object: "throws" });
  const failed = await gateway.admin("GET", "/services");
  assert.equal(failed.status, 503);
  assert.equal(typeof failed.body.message, "string");
  await workers.fault({ object: "works" });
  assert.equal((await gateway.admin("GET", "/services")).status, 200);
  await isServed();
});

test("a feed out of reach: 503 when memory is too old, then served again", async () => {
  await isServed();
  await workers.fault({ feed: "throws" });
  await sleep(400);
  const failed = await call();
  await isError(failed, 503);
  assert.equal(failed.headers.get("retry-after"), "1");
  await workers.fault({ feed: "works" });
  await within(5_000, "the feed is asked again", async () => (await call()).status === 200);
});

test("KV does not answer: the object is asked", async () => {
  const { key: other } = await gateway.make("/consumers/bob/key-auth", {});
  await workers.kv({ reads: "fail" });
  const response = await call({ apikey: other });
  assert.equal(response.status, 200, await response.text());
  await workers.kv({ reads: "work" });
});

test("neither KV nor the object answers for a cold key", async () => {
  const { key: other } = await gateway.make("/consumers/bob/key-auth", {});
  await workers.kv({ reads: "fail" });
  await workers.fault({ grant: "throws" });
  await isError(await call({ apikey: other }), 503);
  await isServed();
  await workers.kv({ reads: "work" });
  await workers.fault({ grant: "works" });
  const response = await call({ apikey: other });
  assert.equal(response.status, 200, await response.text());
});

test("KV refuses writes: they come later, in order, one a second for each key", async () => {
  await workers.kv({ writes: "fail" });
  const made = await gateway.make("/consumers/bob/key-auth", {});
  assert.equal((await call({ apikey: made.key })).status, 200);
  const before = (await workers.kv()).length;
  await gateway.admin("PATCH", `/consumers/bob/key-auth/${made.id}`, { ttl: 1000 });
  await workers.kv({ writes: "work" });
  const writes = await within(15_000, "KV has the changes", async () => {
    const all = (await workers.kv()).slice(before);
    return all.length > 0 && all;
  });
  await gateway.admin("PATCH", `/consumers/bob/key-auth/${made.id}`, { ttl: 2000 });
  await gateway.admin("PATCH", `/consumers/bob/key-auth/${made.id}`, { ttl: 3000 });
  await within(15_000, "KV has the later changes", async () => (await workers.kv()).length >= before + writes.length + 1);
  await sleep(2_500);
  const times = new Map();
  for (const { key: digest, at } of await workers.kv()) {
    const last = times.get(digest);
    assert.ok(last === undefined || at - last >= 1_000, `${at - last} ms between two writes of a key`);
    times.set(digest, at);
  }
});

test("a body that is too long to be searched", async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const long = `a=${"x".repeat(1_100_000)}&apikey=${key}`;
  const send = (body) => fetch(`${gateway.url}/x`, { method: "POST", headers, body });
  await isError(await send(long), 413);
  await isServed();
  // Without a length that gives it away.
  async function* chunks() {
    for (let at = 0; at < 12; at += 1) yield new TextEncoder().encode("x".repeat(100_000));
  }
  const streamed = fetch(`${gateway.url}/x`, { method: "POST", headers, body: ReadableStream.from(chunks()), duplex: "half" });
  await streamed.then((response) => isError(response, 413), (error) => assert.match(String(error.cause), /socket|closed|reset/i));
  await isServed();
  const short = await send(`a=1&apikey=${key}`);
  assert.equal(short.status, 200, await short.text());
});

test("an oversized body for the Admin API", async () => {
  const failed = await gateway.admin("POST", "/consumers", { username: "x".repeat(1_100_000) });
  assert.equal(failed.status, 413);
  assert.equal((await gateway.admin("GET", "/consumers")).status, 200);
});

test("a client that goes away in the middle of its body", async () => {
  const { port } = new URL(gateway.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  await sleep(100);
  socket.destroy();
  await sleep(100);
  await isServed();
});

test("an upstream that cuts the connection", async () => {
  broken = "cuts";
  await isError(await call(), 502);
  broken = false;
  await isServed();
});

test("an upstream that is not there", async () => {
  await gateway.change("PATCH", "/services/service", { url: "http://127.0.0.1:1" });
  await isError(await call(), 502);
  await gateway.change("PATCH", "/services/service", { url: "http://no-such-host.invalid" });
  const unresolved = await call();
  assert.ok([502, 503].includes(unresolved.status));
  await isError(unresolved, unresolved.status);
  await gateway.change("PATCH", "/services/service", { url: upstream.url });
  await isServed();
});

test("an upstream that does not answer in time", async () => {
  await gateway.change("PATCH", "/services/service", { connect_timeout: 100, read_timeout: 300 });
  broken = "hangs";
  await isError(await call(), 504);
  broken = false;
  await isServed();
});

