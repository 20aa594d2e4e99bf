// A gateway whose object is of a newer version: nothing that it does not know is open.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, startFaulty, startUpstream, within } from "./harness.mjs";

let upstream;
let workers;
let gateway;
let key;

before(async () => {
  upstream = await startUpstream();
  // Grace would serve from memory for a minute, were the feed merely out of reach.
  workers = await startFaulty(["latchkey"], { LATCHKEY_REVOCATION_BOUND_MS: "300" });
  [gateway] = workers.gateways;
  ({ key } = await setUp(gateway, upstream.url));
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

async function statuses() {
  const send = async (headers) => (await fetch(`${gateway.url}/x`, { headers })).status;
  return [await send({ apikey: key }), await send({})].join(" ");
}

/** Waits until the feed was asked again, and requests with and without a key are answered so. */
function become(expected) {
  return within(5_000, expected, async () => (await statuses()) === expected);
}

test("an object of a version before answers what has changed since", async () => {
  await become("200 401");
  await workers.fault({ feed: "older" });
  const { body } = await gateway.admin("GET", "/consumers/bob/key-auth");
  const [{ id }] = body.data;
  const { key: other } = await gateway.make("/consumers/bob/key-auth", {});
  await gateway.admin("DELETE", `/consumers/bob/key-auth/${id}`);
  await become("401 401");
  key = other;
  await become("200 401");
  await workers.fault({ feed: "works" });
});

test("a plugin that is not known blocks its routes", async () => {
  await become("200 401");
  const before = upstream.requests.length;
  await workers.fault({ feed: "unknown plugin" });
  // The object does not say what has changed: the gateway starts over with the next change.
  await gateway.make("/consumers", { username: "eve" });
  await become("500 500");
  const passed = upstream.requests.length;
  assert.equal(await statuses(), "500 500");
  assert.equal(upstream.requests.length, passed);
  assert.ok(passed >= before);
});

test("a format that is not known is not served, nor what was known before", async () => {
  await workers.fault({ feed: "newer" });
  await become("503 503");
  const passed = upstream.requests.length;
  assert.equal(await statuses(), "503 503");
  assert.equal(upstream.requests.length, passed);
});

test("it serves again when the format is known again", async () => {
  await workers.fault({ feed: "works" });
  const plugins = await gateway.admin("GET", "/plugins");
  // Changed, so that the gateway gets the piece as it is.
  await gateway.admin("PATCH", `/plugins/${plugins.body.data[0].id}`, { tags: ["again"] });
  await become("200 401");
});
