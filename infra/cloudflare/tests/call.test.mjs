// Calls that the portal makes to a service, at a stand-in for the gateway's script: what is waited for, and how
// much is read. What comes of them otherwise: pages.test.mjs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { callsGateway, makeCall } from "../control/src/call.js";

const BYTES_MAX = 1000;

/** What comes of a call, as a text, and how the gateway was asked. */
async function called(fetch, { timeoutMs = 10_000, method = "POST", fields = [], body = "", address = "" } = {}) {
  const text = ["C", timeoutMs, BYTES_MAX, method, "https://gateway.test/orders?a=1", fields.length / 2, ...fields, body].join("\n");
  let asked;
  const env = fetch && { GATEWAY: { fetch: (...request) => fetch(...(asked = request)) } };
  const came = new TextDecoder("latin1").decode(await makeCall(text, address, env ?? {}));
  return { came, url: asked?.[0], ...asked?.[1] };
}

/** A body in pieces of 400 bytes; without an end where none is told. */
function pieces(count, told = {}) {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      sent += 1;
      if (sent > count) return told.stalls ? new Promise(() => {}) : controller.close();
      controller.enqueue(new Uint8Array(400).fill(120));
    },
    cancel() {
      told.isCancelled = true;
    },
  });
}

test("an answer comes with its fields, and its body as it is", async () => {
  const answer = () => new Response(new Uint8Array([10, 255, 10]), { status: 201, headers: { "x-made": "yes", "x-empty": "" } });
  const { came, ...request } = await called(answer, { fields: ["x-a", "1", "x-empty", ""], body: "a\n\nb\n", address: "192.0.2.7" });
  assert.match(came, /^answered\n201\n\d+\n2\nx-empty\n\nx-made\nyes\n\n\xff\n$/);
  assert.deepEqual([request.method, request.url, request.redirect], ["POST", "https://gateway.test/orders?a=1", "manual"]);
  assert.equal(request.body, "a\n\nb\n");
  assert.deepEqual([...request.headers], [["cf-connecting-ip", "192.0.2.7"], ["x-a", "1"], ["x-empty", ""]]);
});

test("a body is read no further than to know that it goes on", async () => {
  for (const [count, read] of [[2, 800], [3, 1200], [1_000_000, 1200]]) {
    const told = {};
    const { came } = await called(() => new Response(pieces(count, told)));
    assert.equal(came.slice(came.lastIndexOf("\n") + 1).length, read, `${count}`);
    assert.equal(told.isCancelled ?? false, count > 2);
  }
});

test("what does not end in time is late, before its head and within its body, and is given up", async () => {
  for (const answer of [() => new Promise(() => {}), () => new Response(pieces(1, { stalls: true }))]) {
    const { came, signal } = await called(answer, { timeoutMs: 50 });
    assert.equal(came, "late");
    assert.ok(signal.aborted);
  }
});

test("without an answer, or without a gateway, it cannot be reached", async (context) => {
  context.mock.method(console, "warn", () => {});
  const fails = () => {
    throw new Error("no way to https://gateway.test/orders?a=1");
  };
  const breaks = () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) }));
  for (const answer of [fails, breaks, undefined]) assert.equal((await called(answer)).came, "unreachable");
  const logged = console.warn.mock.calls.map(({ arguments: said }) => said.join(" ")).join("\n");
  assert.ok(logged.includes("gone") && !logged.includes("gateway.test"), logged);
  assert.deepEqual([callsGateway({}), callsGateway({ GATEWAY: {} })], [false, true]);
});
