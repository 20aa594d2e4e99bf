// Where upstreams may be. What a name resolves to only the platform sees; a host that is an address
// by itself is judged, in every spelling that its parser of URLs takes for one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setUp, startFaulty, startGateway, startUpstream } from "./harness.mjs";

let upstream;
let workers;
let gateway;
let key;

before(async () => {
  upstream = await startUpstream();
  workers = await startFaulty(["latchkey"]);
  [gateway] = workers.gateways;
  ({ key } = await setUp(gateway, upstream.url));
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

/** The answer where the service has this host, and whether anything was sent there. */
async function callAt(host, { port } = new URL(upstream.url)) {
  const { status } = await gateway.change("PATCH", "/services/service", { host, port: Number(port), connect_timeout: 300, read_timeout: 300 });
  assert.equal(status, 200, host);
  await workers.calls(gateway);
  const response = await fetch(`${gateway.url}/x`, { headers: { apikey: key } });
  return { status: response.status, text: await response.text(), sent: (await workers.calls(gateway)).length > 0 };
}

const REFUSED = [
  "169.254.169.254", "169.254.169.0xfe.", "169.254.0xa9fe", "0xa9.16689662", "2852039166", "0xa9fea9fe",
  "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0xfe", "169.0376.0xa9fe", "169.254.170.2", "0", "0.0.0.0", "100.100.100.200",
  "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]", "[fd00:ec2::254]", "[::]",
];

test("an upstream at a link-local or metadata address is refused, and nothing is sent", async () => {
  for (const host of REFUSED) {
    const { status, text, sent } = await callAt(host, { port: 80 });
    assert.deepEqual([status, sent], [503, false], host);
    assert.equal(JSON.parse(text).message, "The upstream server is currently unavailable");
  }
});

// Digits and dots that are no IPv4 address of four numbers, as Kong refuses them.
test("what only looks like an address is not saved", async () => {
  for (const host of ["169.254.169.254.", "169.254.43518", "169.16689662", "0251.0376.0251.0376"]) {
    const { status } = await gateway.change("PATCH", "/services/service", { host });
    assert.equal(status, 400, host);
  }
});

test("other addresses and names are upstreams", async () => {
  for (const host of ["127.0.0.1", "0x7f.1", "localhost"]) {
    assert.deepEqual(await callAt(host), { status: 200, text: "ok", sent: true }, host);
  }
  // Names that begin as addresses do; nobody has them.
  for (const host of ["169.254.169.254.invalid", "0xa9fea9fe.invalid", "1e3.invalid"]) {
    assert.equal((await callAt(host)).sent, true, host);
  }
});

test("a setting allows networks", async () => {
  const allowing = await startFaulty(["latchkey"], { LATCHKEY_UPSTREAM_ALLOW: "fe80::/10, 169.254.170.0/24" });
  const [other] = allowing.gateways;
  const { key } = await setUp(other, "http://169.254.170.2");
  const sent = async (host) => {
    await other.change("PATCH", "/services/service", { host, connect_timeout: 100, read_timeout: 100 });
    await allowing.calls(other);
    await fetch(`${other.url}/x`, { headers: { apikey: key } }).then((response) => response.text());
    return (await allowing.calls(other)).length > 0;
  };
  assert.deepEqual([await sent("169.254.170.2"), await sent("0xa9feaa02")], [true, true]);
  assert.equal(await sent("169.254.169.254"), false);
  await allowing.stop();
});

test("a network that is none is an error", async () => {
  const wrong = await startGateway({ bindings: { LATCHKEY_UPSTREAM_ALLOW: "169.254.0.0/33" } });
  assert.equal((await fetch(`${wrong.url}/x`)).status, 503);
  await wrong.stop();
});
