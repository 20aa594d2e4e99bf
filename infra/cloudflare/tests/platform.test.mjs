// What the platform forces, as docs/platforms.md lists it, and what must work in spite of it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setUp, sleep, startGateway, startUpstream, TOKEN } from "./harness.mjs";

let upstream;
let gateway;
let key;

before(async () => {
  upstream = await startUpstream((request, response) => {
    if (request.url === "/stream") return stream(response);
    if (request.url === "/fields") {
      const fields = {
        connection: "keep-alive, X-Named",
        "x-named": "1",
        "proxy-authenticate": "Basic",
        proxy_authenticate: "Basic",
        "x.kong.request.id": "evil",
        "x-kong-request-id": "evil",
        "x-ok": "1",
        via: "1.0 other",
      };
      response.writeHead(200, fields);
    }
    response.end("ok");
  });
  upstream.server.on("upgrade", accept);
  gateway = await startGateway();
  ({ key } = await setUp(gateway, upstream.url, { key_in_body: true, hide_credentials: true }));
});

after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

async function stream(response) {
  for (let part = 0; part < 3; part += 1) {
    response.write(`part ${part}\n`);
    await sleep(200);
  }
  response.end();
}

/** A WebSocket that says one word and closes (RFC 6455). */
function accept(request, socket) {
  const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  if (request.url.includes("/other")) {
    const protocol = request.url.endsWith("/none") ? "" : "Upgrade: h2c\r\n";
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${protocol}Connection: Upgrade\r\n\r\n`);
    return;
  }
  const answer = createHash("sha1").update(request.headers["sec-websocket-key"] + guid).digest("base64");
  upstream.requests.push({ url: request.url, headers: request.headers });
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
  );
  socket.write(Buffer.from([0x81, 2, 0x68, 0x69]));
}

/** Sends bytes as they are; the status of the answer. */
function raw(text) {
  const { port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.end(Buffer.from(text, "latin1")));
    let answer = "";
    socket.on("data", (data) => (answer += data.toString("latin1")));
    socket.on("end", () => resolve(Number(answer.split(" ")[1])));
    socket.on("error", reject);
  });
}

const last = () => upstream.requests.at(-1);

test("exception: the upstream is sent its own host, whatever preserve_host says", async () => {
  await gateway.change("PATCH", "/routes/route", { preserve_host: true });
  const { hostname } = new URL(upstream.url);
  assert.equal(await raw(`GET /x HTTP/1.1\r\nHost: a.test\r\napikey: ${key}\r\nConnection: close\r\n\r\n`), 200);
  assert.equal(last().headers.host.split(":")[0], hostname);
  assert.equal(last().headers["x-forwarded-host"], "a.test");
  await gateway.change("PATCH", "/routes/route", { preserve_host: false });
});

test("exception: the client's address is the one that the platform tells", async () => {
  const headers = { apikey: key, "x-forwarded-for": "192.0.2.9", "x-real-ip": "192.0.2.9" };
  await fetch(`${gateway.url}/x`, { headers });
  assert.equal(last().headers["x-real-ip"], undefined, "nobody told it");
  assert.equal(last().headers["x-forwarded-for"], undefined, "the client's word is not all there is");
  await fetch(`${gateway.url}/x`, { headers: { ...headers, "cf-connecting-ip": "198.51.100.7" } });
  assert.equal(last().headers["x-real-ip"], "198.51.100.7");
  assert.equal(last().headers["x-forwarded-for"], "192.0.2.9, 198.51.100.7");
});

test("exception: an unknown method is refused by the platform", async () => {
  assert.equal(await raw("options /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 501);
});

test("exception: a comma and a space in a key's header part two keys", async () => {
  await gateway.change("POST", "/consumers/bob/key-auth", { key: "with, comma" });
  const inHeader = await fetch(`${gateway.url}/x`, { headers: { apikey: "with, comma" } });
  assert.equal(inHeader.status, 401);
  assert.equal((await inHeader.json()).message, "Duplicate API key found");
  const inQuery = await fetch(`${gateway.url}/x?apikey=with,%20comma`);
  assert.equal(inQuery.status, 200);
});

test("exception: a GET whose body holds a key to hide is sent without body", async () => {
  const body = `a=1&apikey=${key}`;
  const head = `Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}`;
  assert.equal(await raw(`GET /x HTTP/1.1\r\n${head}\r\n\r\n${body}`), 200);
  assert.equal(last().body.length, 0);
  assert.equal(await raw(`POST /x HTTP/1.1\r\n${head}\r\n\r\n${body}`), 200);
  assert.equal(last().body.toString(), "a=1");
});

test("two types of a body are refused where keys are hidden", async () => {
  const body = '{"apikey":"other"}';
  const head = `Host: a\r\nConnection: close\r\napikey: ${key}\r\nContent-Length: ${body.length}`;
  const post = (...types) => raw(`POST /x HTTP/1.1\r\n${head}\r\n${types.map((type) => `Content-Type: ${type}\r\n`).join("")}\r\n${body}`);
  const before = upstream.requests.length;
  assert.equal(await post("application/json", "text/plain"), 400);
  assert.equal(await post("text/plain", "application/json"), 400);
  assert.equal(await post("application/json", "application/json"), 400);
  assert.equal(upstream.requests.length, before);
  assert.equal(await post("application/json"), 200);
  assert.equal(last().body.toString(), "{}");
  assert.equal(await post("text/plain", "text/csv"), 200);
  assert.equal(last().body.toString(), body);
});

test("every line of Referer loses the key", async () => {
  const head = `Host: a\r\nConnection: close\r\napikey: ${key}`;
  const get = (...lines) => raw(`GET /x HTTP/1.1\r\n${head}\r\n${lines.map((line) => `Referer: ${line}\r\n`).join("")}\r\n`);
  assert.equal(await get("http://a.test/?x=1&apikey=k&y=%7e#top"), 200);
  assert.equal(last().headers.referer, "http://a.test/?x=1&y=%7e#top");
  assert.equal(await get("/p?x=1", "/q?apikey=k"), 200);
  assert.equal(last().headers.referer, "/p?x=1, /q");
  assert.equal(await get("?apikey=k"), 200);
  assert.equal(last().headers.referer ?? "", "");
  assert.equal(await get("http://a.test/?x=1,2"), 200);
  assert.equal(last().headers.referer, "http://a.test/?x=1,2");
});

test("exception: bytes in a header that are not UTF-8 arrive replaced", async () => {
  const head = `Host: a\r\nConnection: close\r\napikey: ${key}`;
  assert.equal(await raw(`GET /x HTTP/1.1\r\n${head}\r\nx-note: caf\xe9\r\n\r\n`), 200);
  // In a key they are refused, as elsewhere.
  assert.equal(await raw(`GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\napikey: k\xe9\r\n\r\n`), 401);
});

test("a host that is none is refused before its path is believed", async () => {
  const before = upstream.requests.length;
  async function refused(host, expected) {
    for (const path of ["/x", "/-/health"]) {
      const fields = `Host: ${host}\r\nConnection: close\r\napikey: ${key}\r\nKong-Admin-Token: ${TOKEN}`;
      assert.equal(await raw(`GET ${path} HTTP/1.1\r\n${fields}\r\n\r\n`), expected, `${host} ${path}`);
    }
  }
  for (const host of ["[::1", "a..b", ".", ":80", "k.test:99999", "k.test:abc"]) await refused(host, 400);
  // Exception: of these workerd itself cannot make a URL; it answers before the Worker is called.
  for (const host of ["k.test/evil", "k.test?x", "k.test#x", "user@k.test", "a b", "k%2etest"]) await refused(host, 500);
  assert.equal(upstream.requests.length, before);
  for (const [host, told] of [["a_b.test", "a_b.test"], ["K.test:", "k.test"], ["1.2.3.4:80", "1.2.3.4"], ["[2001:db8::1]:80", "[2001:db8::1]"], ["k.test.", "k.test."]]) {
    assert.equal(await raw(`GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\napikey: ${key}\r\n\r\n`), 200, host);
    assert.equal(last().headers["x-forwarded-host"], told);
  }
});

test("names that servers fold into one are one", async () => {
  const names = ["x-consumer-id", "x-consumer-groups", "x-authenticated-scope", "x-authenticated-userid", "x-forwarded-for", "x-forwarded-host", "x-forwarded-prefix", "x-real-ip", "x-kong-request-id", "forwarded", "keep-alive", "transfer-encoding", "content-length", "apikey"];
  for (const other of "!#$%&'*+.^_`|~") {
    const spoofed = names.filter((name) => name.includes("-")).map((name) => [name.replaceAll("-", other), "evil"]);
    // Twice: what core said of a name is remembered.
    for (let time = 0; time < 2; time += 1) {
      const headers = { ...Object.fromEntries(spoofed), forwarded: "evil", apikey: key, "x-note": "kept" };
      assert.equal((await fetch(`${gateway.url}/x`, { headers })).status, 200);
      const evil = Object.entries(last().headers).filter(([, value]) => value === "evil");
      assert.deepEqual(evil, [], other);
      assert.equal(last().headers["x-note"], "kept");
      assert.equal(last().headers["x-consumer-username"], "bob");
      assert.equal(last().headers.apikey, undefined);
    }
  }
});

test("names without end do no harm", async () => {
  for (let round = 0; round < 12; round += 1) {
    const headers = { apikey: key, x_consumer_id: "evil" };
    for (let at = 0; at < 100; at += 1) headers[`x-name-${round}-${at}`] = "kept";
    assert.equal((await fetch(`${gateway.url}/x`, { headers })).status, 200);
    assert.equal(last().headers.x_consumer_id, undefined);
    assert.equal(last().headers[`x-name-${round}-99`], "kept");
  }
});

test("responses stream", async () => {
  const started = Date.now();
  const response = await fetch(`${gateway.url}/stream`, { headers: { apikey: key } });
  const reader = response.body.getReader();
  const first = await reader.read();
  assert.match(new TextDecoder().decode(first.value), /^part 0/);
  assert.ok(Date.now() - started < 350, "the first part comes before the last is sent");
  while (!(await reader.read()).done);
  assert.ok(Date.now() - started >= 400);
});

test("request bodies stream when nothing is to be found in them", async () => {
  let first;
  const arrived = new Promise((resolve) => (first = resolve));
  upstream.server.once("request", (request) => request.once("data", () => first(Date.now())));
  async function* parts() {
    yield new TextEncoder().encode("one");
    await sleep(500);
    yield new TextEncoder().encode("two");
  }
  const headers = { apikey: key, "content-type": "application/octet-stream" };
  const sent = Date.now();
  const response = await fetch(`${gateway.url}/x`, { method: "POST", headers, body: ReadableStream.from(parts()), duplex: "half" });
  assert.equal(response.status, 200);
  assert.ok((await arrived) - sent < 450, "the first part arrives before the last is sent");
  assert.equal(last().body.toString(), "onetwo");
});

test("fields about the upstream's connection are not passed back", async () => {
  const { headers } = await fetch(`${gateway.url}/fields`, { headers: { apikey: key } });
  for (const name of ["x-named", "proxy-authenticate", "proxy_authenticate", "x.kong.request.id"]) assert.equal(headers.get(name), null, name);
  assert.equal(headers.get("x-ok"), "1");
  assert.match(headers.get("via"), /^1\.0 other, 1\.1 latchkey\/\d/);
  assert.match(headers.get("x-kong-request-id"), /^[0-9a-f]{32}$/);
});

test("WebSockets pass", async () => {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/socket?apikey=${key}`);
  const word = await new Promise((resolve, reject) => {
    socket.onmessage = (event) => resolve(event.data);
    socket.onerror = (event) => reject(new Error(event.message ?? "the socket failed"));
  });
  assert.equal(word, "hi");
  assert.equal(last().url, "/socket");
  assert.equal(last().headers["x-consumer-username"], "bob");
  socket.close();
});

test("the Admin API is refused until its token is set", async () => {
  const without = await startGateway({ bindings: { LATCHKEY_ADMIN_TOKEN: "" } });
  assert.equal((await without.admin("GET", "/services")).status, 503);
  for (const health of [`${without.url}/-/health`, `${without.controlUrl}/health`]) {
    assert.equal((await fetch(health)).status, 200, health);
  }
  await without.stop();
});

test("nothing is served without a pepper", async () => {
  const without = await startGateway({ bindings: { LATCHKEY_PEPPER: "" } });
  const response = await fetch(`${without.url}/x`);
  assert.equal(response.status, 503);
  assert.equal((await response.json()).message, "The gateway is not configured");
  await without.stop();
});

/** Fields of a handshake (RFC 6455 §4.1), with what `Upgrade` says. */
const handshake = (upgrade) =>
  `Host: a\r\napikey: ${key}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: ${upgrade}\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHTTP2-Settings: AAMAAABk\r\n";

test("exception: a list in Upgrade is an ordinary request, even with WebSocket in it", async () => {
  for (const upgrade of ["websocket, h2c", "h2c, websocket", "h2c"]) {
    assert.equal(await raw(`GET /list HTTP/1.1\r\n${handshake(upgrade)}\r\n`), 200, upgrade);
    assert.equal(last().url, "/list");
    assert.equal(last().headers.upgrade, undefined, upgrade);
    assert.equal(last().headers["http2-settings"], undefined, upgrade);
  }
});

test("an upstream that agrees to another protocol, or to none, is 502", async () => {
  for (const path of ["/other", "/other/none"]) {
    assert.equal(await raw(`GET ${path} HTTP/1.1\r\n${handshake("websocket")}\r\n`), 502, path);
  }
});

test("transfer codings that are not known are refused by the platform", async () => {
  const before = upstream.requests.length;
  for (const coding of ["gzip, chunked", "identity, chunked", "gzip"]) {
    const status = await raw(
      `POST /coded HTTP/1.1\r\nHost: a\r\napikey: ${key}\r\nTransfer-Encoding: ${coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    );
    // workerd's own word for it is 500, before any script runs.
    assert.ok([400, 500, 501].includes(status), `${coding}: ${status}`);
  }
  assert.equal(upstream.requests.length, before);
  // By its first word it goes, and frames the body anew: nothing of the second is passed on.
  const twice = `POST /coded HTTP/1.1\r\nHost: a\r\napikey: ${key}\r\nTransfer-Encoding: chunked, chunked\r\n\r\n`;
  assert.equal(await raw(`${twice}5\r\nhello\r\n0\r\n\r\n`), 200);
  assert.equal(last().body.toString(), "hello");
  assert.ok([undefined, "chunked"].includes(last().headers["transfer-encoding"]));
});
