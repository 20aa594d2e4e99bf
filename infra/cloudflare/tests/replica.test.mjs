// Others can come by the right to write to KV. What they put there is not believed: core knows our
// records by the MAC beside them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, sleep, startFaulty, startUpstream, within } from "./harness.mjs";

const BOUND_MS = 300;

let upstream;
let workers;
/** The first makes keys; the second has seen none of them. */
let one;
let two;
/** Names in KV that the object does not know. */
const strangers = new Set();

before(async () => {
  upstream = await startUpstream((request, response) => response.end(request.headers["x-consumer-username"] ?? ""));
  workers = await startFaulty(["one", "two"], { LATCHKEY_REVOCATION_BOUND_MS: String(BOUND_MS) });
  [one, two] = workers.gateways;
  await setUp(one, upstream.url, { hide_credentials: true });
  await one.make("/consumers", { username: "eve" });
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

/** A new key, and its record once KV has it. */
async function published(username, body = {}) {
  const known = new Set((await workers.records()).map(({ name }) => name));
  const made = await one.make(`/consumers/${username}/key-auth`, body);
  const record = await within(10_000, "KV has the key", async () =>
    (await workers.records()).find(({ name }) => !known.has(name)),
  );
  return { ...made, record };
}

async function call(key, gateway = two) {
  const response = await fetch(`${gateway.url}/x`, { headers: { apikey: key } });
  return response.status === 200 ? await response.text() : response.status;
}

/** Runs it when the second knows of every change so far, and nothing but KV can answer for a key. */
async function withoutObject(run) {
  await sleep(BOUND_MS + 100);
  assert.equal(await call("unknown"), 401);
  // The object is in the first one's script.
  await workers.fault({ grant: "throws" });
  try {
    await run();
  } finally {
    await workers.fault({ grant: "works" });
  }
}

test("a record is as older versions read it, with a MAC beside it", async () => {
  const { record } = await published("bob");
  assert.match(record.metadata.mac, /^[0-9a-f]{64}$/);
  const grant = JSON.parse(record.value);
  assert.equal(grant.digest, record.name);
  assert.equal(grant.consumer.username, "bob");
});

test("our records are believed, without a word from the object", async () => {
  for (const body of [{}, { key: "imported-and-believed" }]) {
    const { key } = await published("bob", body);
    await withoutObject(async () => assert.equal(await call(key), "bob"));
  }
});

const forever = (value, change) => JSON.stringify({ ...JSON.parse(value), epoch: 1e9, ...change });

const LIES = {
  "another's record": (own, bobs) => ({ value: bobs.value, metadata: bobs.metadata }),
  "another's record that names this digest": (own, bobs) => ({
    value: forever(bobs.value, { digest: own.name }),
    metadata: bobs.metadata,
  }),
  "the same with the MAC that was here": (own, bobs) => ({
    value: forever(bobs.value, { digest: own.name }),
    metadata: own.metadata,
  }),
  "the same without a MAC": (own, bobs) => ({ value: forever(bobs.value, { digest: own.name }) }),
  "metadata of another shape": (own, bobs) => ({
    value: forever(bobs.value, { digest: own.name }),
    metadata: { mac: { toString: 1 } },
  }),
  "no record at all": () => ({ value: "rubbish", metadata: { mac: "rubbish" } }),
};

for (const [name, lie] of Object.entries(LIES)) {
  test(`not believed: ${name}`, async () => {
    const bobs = await published("bob");
    for (const body of [{}, { key: `imported: ${name}` }]) {
      const eves = await published("eve", body);
      await workers.putRecords([{ name: eves.record.name, ...lie(eves.record, bobs.record) }]);
      await withoutObject(async () => assert.equal(await call(eves.key), 503, "the object is asked"));
      assert.equal(await call(eves.key), "eve");
    }
  });
}

test("not believed: the record of a key that was suspended or deleted, put back", async () => {
  const { id, key, record } = await published("bob", { key: "imported and deleted" });
  assert.equal(await call(key), "bob");
  assert.equal((await one.admin("DELETE", `/consumers/bob/key-auth/${id}`)).status, 204);
  await within(10_000, "KV has it no more", async () =>
    (await workers.records()).every(({ name }) => name !== record.name),
  );
  await workers.putRecords([record]);
  strangers.add(record.name);
  await within(5_000, "the change is known", async () => (await call(key)) === 401);
  assert.equal(await call(key, one), 401);
});

test("what is there from before is signed, in parts and in spite of interruptions", async () => {
  const signed = (await workers.records()).filter(({ name }) => !strangers.has(name));
  const stranger = { name: "not a digest", value: "somebody's" };
  const unknown = { name: "0".repeat(64), value: "somebody's" };
  for (const { name } of [stranger, unknown]) strangers.add(name);
  const unsigned = signed.map(({ name }, number) => ({ name, number })).filter(({ number }) => number % 3 > 0);
  await workers.putRecords([
    stranger,
    unknown,
    ...unsigned.map(({ name }) => ({ name, value: signed.find((record) => record.name === name).value })),
  ]);
  await workers.kv({ listed: "4", writes: "fail" });
  const before = (await workers.kv()).length;
  await workers.fault({ forgetSigning: "1" });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await workers.kv()).length, before, "nothing could be written");
  await workers.kv({ writes: "work" });
  const records = await within(30_000, "every record of ours has a MAC", async () => {
    const all = await workers.records();
    return all.every(({ name, metadata }) => strangers.has(name) || typeof metadata?.mac === "string") && all;
  });
  for (const { name, value } of [stranger, unknown]) assert.equal(records.find((one) => one.name === name).value, value);
  for (const { name } of unsigned) {
    const { value, metadata } = records.find((one) => one.name === name);
    assert.match(metadata.mac, /^[0-9a-f]{64}$/);
    assert.equal(JSON.parse(value).digest, name);
  }
});
