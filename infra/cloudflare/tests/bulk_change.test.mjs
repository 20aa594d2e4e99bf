// Many keys are made while others are revoked: what bears on keys in use does not wait behind them, at
// the gateways or in KV, and KV gets them all in the end.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, sleep, startFaulty, startUpstream, within } from "./harness.mjs";

const BOUND_MS = 800;
/** More than one invocation writes to KV. */
const KEYS = 1_200;
const WRITERS = 8;

let upstream;
let workers;
let one;
let two;

before(async () => {
  upstream = await startUpstream();
  workers = await startFaulty(["one", "two"], {
    LATCHKEY_REVOCATION_BOUND_MS: String(BOUND_MS),
    LATCHKEY_OUTAGE_GRACE_MS: "0",
  });
  [one, two] = workers.gateways;
  await setUp(one, upstream.url);
  await one.make("/consumers", { username: "bulk" });
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

async function status(gateway, key) {
  const response = await fetch(`${gateway.url}/x`, { headers: { apikey: key } });
  await response.arrayBuffer();
  return response.status;
}

async function makeKeys(prefix, count) {
  let next = 0;
  async function write() {
    while (next < count) await one.make("/consumers/bulk/key-auth", { key: `${prefix}-${next++}` });
  }
  await Promise.all(Array.from({ length: WRITERS }, write));
}

/** A key that KV has, with its name there. */
async function published(key) {
  const known = new Set((await workers.records()).map(({ name }) => name));
  const { id } = await one.make("/consumers/bob/key-auth", { key });
  const isNew = ({ name }) => !known.has(name);
  const { name } = await within(10_000, "KV has the key", async () => (await workers.records()).find(isNew));
  return { id, key, name };
}

async function revoke({ id }) {
  assert.equal((await one.admin("DELETE", `/consumers/bob/key-auth/${id}`)).status, 204);
}

test("a revocation does not wait behind keys that were made, in KV", async () => {
  const inUse = await published("in use");
  const before = (await workers.kv({ writes: "fail" })).length;
  await makeKeys("waiting", 200);
  await revoke(inUse);
  await workers.kv({ writes: "work" });
  // The object has come to wait long between attempts; a change is one at once.
  await one.make("/consumers/bulk/key-auth", { key: "one more" });
  const writes = await within(30_000, "KV has them all", async () => {
    const all = (await workers.kv()).slice(before);
    return all.length >= 202 && all;
  });
  const place = writes.findIndex(({ key, deleted }) => key === inUse.name && deleted);
  // In the first step, which has room for some that were made.
  assert.ok(place >= 0 && place < 70, `it is write ${place}`);
});

test("gateways keep the bound while keys are made, and KV gets them in several invocations", async () => {
  let isOver = false;
  const ages = [];
  async function makeAndRevoke() {
    for (let number = 0; !isOver; number += 1) {
      const key = { key: `short-lived ${number}` };
      const { id } = await one.make("/consumers/bob/key-auth", key);
      await within(10 * BOUND_MS, "it is good", async () => (await status(two, key.key)) === 200);
      await revoke({ id });
      const acknowledged = Date.now();
      for (;;) {
        const started = Date.now();
        if ((await status(two, key.key)) === 401) break;
        assert.ok(started <= acknowledged + BOUND_MS, `accepted ${started - acknowledged} ms after it was revoked`);
        await sleep(20);
      }
      ages.push(Date.now() - acknowledged);
    }
  }
  const client = makeAndRevoke();
  const began = Date.now();
  await makeKeys("imported", KEYS);
  const tookMs = Date.now() - began;
  isOver = true;
  await client;
  assert.ok(ages.length > 0);
  for (const key of ["imported-0", `imported-${KEYS - 1}`]) {
    await within(10 * BOUND_MS, `${key} is good`, async () => (await status(two, key)) === 200);
  }
  await within(60_000, "KV has them all", async () => (await workers.kv()).filter(({ deleted }) => !deleted).length >= KEYS);
  console.log(JSON.stringify({ keys: KEYS, tookMs, revocations: ages.length, oldestMs: Math.max(...ages) }));
});
