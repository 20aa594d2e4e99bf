// The setting LATCHKEY_HEADERS: what is switched off is not sent, and nothing else changes. And whatever it
// says, no upstream sets a cookie of ours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, startGateway, startUpstream } from "./harness.mjs";

let upstream;
let gateway;

const COOKIES = ["a=1", "lk_portal=evil", "lk_session=2", "__Host-lk_portal=evil; Path=/"];
const FIELDS = { "x-kong-request-id": "theirs", "x-kong-upstream-status": "theirs", "set-cookie": "a=1", "x-ok": "1" };

before(async () => {
  const fieldsAt = {
    "/x": FIELDS,
    "/cookies": { "set-cookie": COOKIES },
    "/hop": { connection: "keep-alive, X-Named", "x-named": "1" },
  };
  upstream = await startUpstream((request, response) => {
    response.writeHead(201, fieldsAt[request.url]);
    response.end("ok");
  });
});

after(() => upstream?.stop());

/** What each field is told by, where it is ours. */
const OURS = {
  via: /^1\.1 latchkey/,
  "x-kong-proxy-latency": /^\d+$/,
  "x-kong-request-id": /^[0-9a-f]{32}$/,
  "x-kong-upstream-latency": /^\d+$/,
  "x-kong-upstream-status": /^201$/,
};

/** Setting, what is ours of an upstream's response, and what of an answer made here. */
const SETTINGS = [
  [
    undefined,
    ["via", "x-kong-proxy-latency", "x-kong-request-id", "x-kong-upstream-latency"],
    ["server", "x-kong-request-id", "x-kong-response-latency"],
  ],
  ["off", [], []],
  ["latency_tokens", ["x-kong-proxy-latency", "x-kong-upstream-latency"], ["x-kong-response-latency"]],
  ["via, X-Kong-Upstream-Status", ["via", "x-kong-upstream-status"], []],
];

for (const [setting, proxied, own] of SETTINGS) {
  test(`responses have what is switched on: ${setting}`, async () => {
    const gateway = await startGateway({ bindings: setting === undefined ? {} : { LATCHKEY_HEADERS: setting } });
    try {
      const { key } = await setUp(gateway, upstream.url);
      const ask = (path, headers = { apikey: key }) => fetch(gateway.url + path, { headers });
      const response = await ask("/x");
      assert.equal(response.status, 201);
      for (const [name, form] of Object.entries(OURS)) {
        const value = response.headers.get(name);
        // What takes no place of ours passes.
        if (proxied.includes(name)) assert.match(value, form, name);
        else assert.equal(value, FIELDS[name] ?? null, name);
      }
      assert.equal(response.headers.get("x-ok"), "1");
      assert.deepEqual((await ask("/cookies")).headers.getSetCookie(), ["a=1", "lk_session=2"]);
      assert.equal((await ask("/hop")).headers.get("x-named"), null);
      const refused = await ask("/x", {});
      assert.equal(refused.status, 401);
      const told = ["server", "x-kong-request-id", "x-kong-response-latency"].filter((name) => refused.headers.has(name));
      assert.deepEqual(told, own);
    } finally {
      await gateway.stop();
    }
  });
}
