// The platform has a cache by URL between a Worker and its upstream. What one consumer was answered
// is nothing for another, so nothing is ever taken from it or put into it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setUp, startFaulty, startUpstream } from "./harness.mjs";

let upstream;
let workers;
let gateway;
let keys;

before(async () => {
  upstream = await startUpstream((request, response) => {
    response.writeHead(200, { "cache-control": "public, max-age=3600", etag: '"1"' });
    response.end(request.headers["x-consumer-username"]);
  });
  upstream.server.on("upgrade", accept);
  workers = await startFaulty(["latchkey"]);
  [gateway] = workers.gateways;
  const { key } = await setUp(gateway, upstream.url, { key_in_body: true, hide_credentials: true });
  await gateway.make("/consumers", { username: "eve" });
  keys = { bob: key, eve: (await gateway.make("/consumers/eve/key-auth", {})).key };
});

after(async () => {
  await workers?.stop();
  await upstream?.stop();
});

function accept(request, socket) {
  const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const answer = createHash("sha1").update(request.headers["sec-websocket-key"] + guid).digest("base64");
  socket.end(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${answer}\r\n\r\n`,
  );
}

/** Sends a request by hand: fetch gives no GET a body. The status of the answer. */
function raw(method, fields, body = "") {
  const { port } = new URL(gateway.url);
  const head = [`${method} /x HTTP/1.1`, "Host: a.test", "Connection: close", ...fields];
  if (body !== "") head.push(`Content-Length: ${body.length}`);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(`${head.join("\r\n")}\r\n\r\n${body}`));
    socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
    socket.once("data", (data) => resolve(Number(data.toString("latin1").split(" ")[1]), socket.destroy()));
    socket.on("error", reject);
  });
}

const FORM = "Content-Type: application/x-www-form-urlencoded";

test("every way to an upstream goes past the platform's cache", async () => {
  const { bob } = keys;
  const handshake = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="];
  const ways = {
    "a GET": ["GET", [`apikey: ${bob}`]],
    "a HEAD": ["HEAD", [`apikey: ${bob}`]],
    "a POST": ["POST", [`apikey: ${bob}`], "body"],
    "a body with a key cut out": ["POST", [FORM], `a=1&apikey=${bob}`],
    "a GET that keeps its body": ["GET", [`apikey: ${bob}`], "body"],
    "a GET whose body was searched": ["GET", [`apikey: ${bob}`, FORM], "a=1"],
    "a GET without the body that it had": ["GET", [FORM], `a=1&apikey=${bob}`],
    "a WebSocket": ["GET", [`apikey: ${bob}`, ...handshake]],
  };
  let asRequest = 0;
  for (const [name, [method, fields, body]] of Object.entries(ways)) {
    await workers.calls(gateway);
    const sent = name === "a WebSocket" ? fields.concat("Connection: Upgrade") : fields;
    assert.equal(await raw(method, sent, body), name === "a WebSocket" ? 101 : 200, name);
    const calls = await workers.calls(gateway);
    assert.deepEqual(calls.map(({ cache }) => cache), ["no-store"], name);
    asRequest += calls.filter(({ request }) => request).length;
  }
  assert.equal(asRequest, 2, "the ways over a Request of its own are among them");
});

test("each consumer gets the answer that was made for it", async () => {
  const before = upstream.requests.length;
  for (const name of ["bob", "eve", "bob"]) {
    const response = await fetch(`${gateway.url}/same`, { headers: { apikey: keys[name] } });
    assert.equal(await response.text(), name);
    assert.equal(response.headers.get("cache-control"), "public, max-age=3600", "for the client to act on");
  }
  assert.equal(upstream.requests.length - before, 3);
});

test("exception: an upstream is told no-cache where the client says nothing of caches", async () => {
  const last = () => upstream.requests.at(-1).headers;
  await raw("GET", [`apikey: ${keys.bob}`]);
  assert.deepEqual([last()["cache-control"], last().pragma], ["no-cache", "no-cache"]);
  await raw("GET", [`apikey: ${keys.bob}`, "Cache-Control: max-age=5", "Pragma: x"]);
  assert.deepEqual([last()["cache-control"], last().pragma], ["max-age=5", "x"]);
});
