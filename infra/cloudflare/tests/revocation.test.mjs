// Two Workers over one object and a KV that is stale and remembers misses: no request that starts
// more than the bound after a change was acknowledged is decided by the state before.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, sleep, startFaulty, startUpstream } from "./harness.mjs";

const BOUND_MS = 800;
const STALE_MS = 60_000;
const ROUNDS = 12;

let upstream;
let workers;

before(async () => {
  upstream = await startUpstream();
  workers = await startFaulty(["one", "two"], {
    LATCHKEY_REVOCATION_BOUND_MS: String(BOUND_MS),
    LATCHKEY_OUTAGE_GRACE_MS: "0",
    LATCHKEY_REPLICA_HORIZON_MS: String(2 * STALE_MS),
  });
  await workers.kv({ staleMs: String(STALE_MS) });
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

test("no accept past the bound, and no refusal either", async () => {
  const [one, two] = workers.gateways;
  await setUp(one, upstream.url);
  const keys = Array.from({ length: 6 }, (_, number) => ({ key: `imported-${number}`, id: null, changes: [] }));
  const violations = [];
  const seen = { accepted: 0, refused: 0, stale: 0 };
  let running = true;

  // What a key was from when to when: a change is made between `sent` and `acknowledged`.
  async function toggle(entry) {
    const sent = Date.now();
    if (entry.id === null) {
      entry.id = (await one.make("/consumers/bob/key-auth", { key: entry.key })).id;
      entry.changes.push({ exists: true, sent, acknowledged: Date.now() });
    } else {
      const deleted = await one.admin("DELETE", `/consumers/bob/key-auth/${entry.id}`);
      assert.equal(deleted.status, 204);
      entry.id = null;
      entry.changes.push({ exists: false, sent, acknowledged: Date.now() });
    }
  }

  function audit(entry, started, ended, accepted, name) {
    // The states that may have decided: that of the last change acknowledged longer ago than the
    // bound, and of each change sent later.
    let possible = [{ exists: false }];
    for (const change of entry.changes) {
      if (change.sent > ended) break;
      if (change.acknowledged + BOUND_MS < started) possible = [change];
      else possible.push(change);
    }
    if (!possible.some((change) => change.exists === accepted)) {
      violations.push(`${name} ${accepted ? "accepted" : "refused"} ${entry.key} at ${started}: ${JSON.stringify(entry.changes)}`);
    }
  }

  async function hammer(gateway, name) {
    while (running) {
      for (const entry of keys) {
        const started = Date.now();
        const response = await fetch(`${gateway.url}/x`, { headers: { apikey: entry.key } });
        await response.arrayBuffer();
        const ended = Date.now();
        // A change under way is not in the list yet.
        if (response.status === 503) seen.stale += 1;
        else {
          seen[response.status === 200 ? "accepted" : "refused"] += 1;
          waiting.push(() => audit(entry, started, ended, response.status === 200, name));
        }
      }
      await sleep(20);
    }
  }

  const waiting = [];
  const clients = [hammer(one, "one"), hammer(two, "two")];
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all(keys.filter((_, number) => (number + round) % 3 === 0).map(toggle));
    await sleep(round % 2 ? 2 * BOUND_MS : BOUND_MS / 2);
  }
  // A polling that fails for a while leads to refusals, never to a late accept.
  await workers.fault({ feed: "throws" });
  await Promise.all(keys.map(toggle));
  await sleep(2 * BOUND_MS);
  await workers.fault({ feed: "works" });
  await sleep(3 * BOUND_MS);
  running = false;
  await Promise.all(clients);
  for (const check of waiting) check();
  console.log(JSON.stringify(seen));
  assert.deepEqual(violations.slice(0, 5), [], `${violations.length} of ${waiting.length}`);
  assert.ok(seen.accepted > 100 && seen.refused > 100, "the run shows something");
  assert.ok(seen.stale > 0, "the outage was felt");
});

test("a changed plugin is in force within the bound", async () => {
  const [one, two] = workers.gateways;
  const open = () => fetch(`${two.url}/x`).then((response) => response.status);
  assert.equal(await open(), 401);
  const { body } = await one.admin("GET", "/routes/route/plugins");
  await one.admin("PATCH", `/plugins/${body.data[0].id}`, { enabled: false });
  await sleep(BOUND_MS + 50);
  assert.equal(await open(), 200);
  await one.admin("PATCH", `/plugins/${body.data[0].id}`, { enabled: true });
  await sleep(BOUND_MS + 50);
  assert.equal(await open(), 401);
});
