// The setting LATCHKEY_HEADERS: what is switched off is not sent, and nothing else changes. And whatever it
// says, no upstream sets a cookie of ours.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, startGateway, startUpstream } from "./harness.mjs";

const OURS = ["via", "x-kong-proxy-latency", "x-kong-request-id", "x-kong-upstream-latency", "x-kong-upstream-status"];

let upstream;
let gateway;

before(async () => {
  upstream = await startUpstream((request, response) => {
    const cookies = request.url === "/cookies" ? ["a=1", "lk_session=evil", "b=2", "__Host-lk_session=evil; Path=/"] : ["a=1"];
    const fields = { "set-cookie": cookies, "x-kong-request-id": "theirs", "x-kong-upstream-status": "theirs", "x-ok": "1" };
    response.writeHead(201, request.url === "/hop" ? { connection: "keep-alive, X-Named", "x-named": "1" } : fields);
    response.end("ok");
  });
});

after(() => upstream?.stop());

/** Starts a gateway with this setting; asks it with and without its key. */
async function withFields(setting, run) {
  gateway = await startGateway({ bindings: setting === undefined ? {} : { LATCHKEY_HEADERS: setting } });
  const { key } = await setUp(gateway, upstream.url);
  try {
    await run((path, headers = { apikey: key }) => fetch(gateway.url + path, { headers }));
  } finally {
    await gateway.stop();
  }
}

const namesOf = ({ headers }) => OURS.filter((name) => ![null, "theirs"].includes(headers.get(name)));

for (const [setting, expected] of [
  [undefined, ["via", "x-kong-proxy-latency", "x-kong-request-id", "x-kong-upstream-latency"]],
  ["off", []],
  ["latency_tokens", ["x-kong-proxy-latency", "x-kong-upstream-latency"]],
  ["via, X-Kong-Upstream-Status", ["via", "x-kong-upstream-status"]],
]) {
  test(`a response has what is switched on: ${setting}`, () =>
    withFields(setting, async (ask) => {
      const response = await ask("/x");
      assert.equal(response.status, 201);
      assert.deepEqual(namesOf(response), expected);
      // What takes no place of ours passes.
      const theirs = ["x-kong-request-id", "x-kong-upstream-status"].filter((name) => !expected.includes(name));
      const replaced = setting === undefined ? ["x-kong-request-id"] : [];
      for (const name of theirs) if (!replaced.includes(name)) assert.equal(response.headers.get(name), "theirs", name);
      assert.equal(response.headers.get("x-ok"), "1");
      if (expected.includes("x-kong-upstream-status")) assert.equal(response.headers.get("x-kong-upstream-status"), "201");
      for (const name of expected.filter((name) => name.endsWith("latency"))) assert.match(response.headers.get(name), /^\d+$/);
      assert.deepEqual((await ask("/cookies")).headers.getSetCookie(), ["a=1", "b=2"]);
      assert.equal((await ask("/hop")).headers.get("x-named"), null);
      const own = await ask("/x", {});
      assert.equal(own.status, 401);
      assert.equal(own.headers.has("server"), setting === undefined);
      assert.equal(own.headers.has("x-kong-response-latency"), setting === undefined || setting === "latency_tokens");
    }));
}
