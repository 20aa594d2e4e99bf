// The pages of developers and administrators, as a browser gets them of the Worker: what is above the platform is
// tested in process (core/control/src/http/pages/tests).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { startPortal, startUpstream, TOKEN, within } from "./harness.mjs";

const EMAIL = "dee@example.org";
const PASSWORD = "violet harbour tulip 93";
const GATEWAY = "https://gateway.test";
/** One transparent pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

let upstream;
let portal;
let service;

before(async () => {
  upstream = await startUpstream(answer);
  portal = await startPortal({ bindings: { LATCHKEY_GATEWAY_ORIGIN: GATEWAY } });
  service = await openService(portal);
});

async function openService({ make }) {
  const service = await make("/services", { name: "orders", url: upstream.url });
  await make("/services/orders/routes", { name: "orders", paths: ["/orders"] });
  await make("/services/orders/plugins", { name: "key-auth", config: { key_names: ["x-key"] } });
  const config = { display_name: "The orders", description: "Parcels.", auto_approve: false };
  await make("/services/orders/plugins", { name: "application-registration", config });
  return service;
}

/** What a service answers, by the path behind its route. */
function answer(request, response) {
  const { url } = request;
  if (url.startsWith("/moved")) response.writeHead(302, { location: "https://elsewhere.test/" }).end();
  else if (url.startsWith("/large")) response.writeHead(200, { "content-length": 200 << 10 }).end("x".repeat(200 << 10));
  else if (url.startsWith("/bytes")) response.end(PNG);
  else if (url.startsWith("/packed")) response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("p".repeat(100 << 10)));
  else response.writeHead(201, { "x-made": "yes", "set-cookie": ["a=1", "b=2"] }).end("<b>made</b>");
}

after(async () => {
  await portal?.stop();
  await upstream?.stop();
});

let clients = 0;

/** A browser's calls, with its cookies, from an address of its own. A form is an object or `FormData`. */
function browser({ controlUrl } = portal) {
  const jar = new Map();
  const address = `192.0.2.${(clients += 1)}`;
  async function call(method, path, form, more) {
    const headers = { "cf-connecting-ip": address, "sec-fetch-site": "same-origin", origin: controlUrl, ...more };
    if (jar.size > 0) headers.cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const body = form && (form instanceof FormData ? form : new URLSearchParams(form));
    const response = await fetch(`${controlUrl}${path}`, { method, headers, body, redirect: "manual" });
    const cookies = response.headers.getSetCookie();
    for (const cookie of cookies) {
      const [name, value] = cookie.split(";", 1)[0].split(/=(.*)/s);
      if (/max-age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, to: response.headers.get("location"), cookies, bytes, text: bytes.toString() };
  }
  return {
    jar,
    address,
    get: (path) => call("GET", path),
    post: (path, form = {}, more = {}) => call("POST", path, form, more),
  };
}

/** What a field of a form holds, or what is shown under an id. */
function valueOf({ text }, mark) {
  const [, value] = new RegExp(`${mark}" value="([^"]*)"`).exec(text) ?? [];
  assert.ok(value, `${mark}: ${text}`);
  return value;
}

async function logInToManager(at = portal) {
  const administrator = browser(at);
  const { status, to, cookies } = await administrator.post("/manager/log-in", { admin_token: TOKEN });
  assert.deepEqual([status, to], [303, "/manager/"]);
  assert.match(cookies.join(), /^lk_manager=lkn_[^;]+; Path=\/; HttpOnly; SameSite=Strict$/);
  return administrator;
}

test("a page is whole, guarded, and kept by no cache, and its files are kept for good", async () => {
  const visitor = browser();
  const page = await visitor.get("/portal/");
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.match(page.headers.get("content-security-policy"), /^default-src 'none'; style-src 'self'; script-src 'self'/);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.ok(page.text.includes("The orders") && page.text.trimEnd().endsWith("</html>"), page.text);
  assert.equal(visitor.jar.size, 0);
  for (const [pattern, type] of [
    [/href="(\/portal\/assets\/style-[0-9a-f]{16}\.css)"/, "text/css; charset=utf-8"],
    [/src="(\/portal\/assets\/script-[0-9a-f]{16}\.js)"/, "text/javascript; charset=utf-8"],
  ]) {
    const [, path] = pattern.exec(page.text);
    const file = await visitor.get(path);
    assert.deepEqual([file.status, file.headers.get("content-type")], [200, type], path);
    assert.equal(file.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.ok(file.bytes.length > 5_000);
    assert.equal((await visitor.get(path.replace(/[0-9a-f]{16}/, "0".repeat(16)))).status, 404);
  }
  const japanese = await visitor.get("/portal/?lang=ja");
  assert.ok(japanese.text.includes('<html lang="ja">') && japanese.text.includes("サービス"));
  assert.equal(visitor.jar.get("lk_language"), "ja");
});

test("the page of a service says how to call it, and the door leads to the pages", async () => {
  const visitor = browser();
  const page = await visitor.get(`/portal/services/${service.id}`);
  assert.equal(page.status, 200);
  for (const said of ["The orders", "Parcels.", `${GATEWAY}/orders`, "x-key"]) assert.ok(page.text.includes(said), said);
  assert.equal((await visitor.get("/portal/services/nothing")).status, 404);
  assert.ok((await visitor.get("/")).text.includes('href="/manager/"'));
});

test("an administrator logs in, changes something and logs out", async () => {
  const stranger = browser();
  const { status, to } = await stranger.get("/manager/services");
  assert.deepEqual([status, to], [303, "/manager/log-in?return_to=%2Fmanager%2Fservices"]);
  assert.ok((await stranger.get(to)).text.includes('name="admin_token"'));
  const wrong = await stranger.post("/manager/log-in", { admin_token: "wrong" });
  assert.deepEqual([wrong.status, stranger.jar.size], [401, 0]);

  const administrator = await logInToManager();
  const services = await administrator.get("/manager/services");
  assert.equal(services.status, 200);
  assert.ok(services.text.includes(`/manager/services/${service.id}`), services.text);
  const nonce = valueOf(await administrator.get("/manager/services/new"), 'name="nonce');
  const form = { name: "parcels", url: upstream.url, nonce };
  const elsewhere = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
  assert.equal((await administrator.post("/manager/services/new", form, elsewhere)).status, 403);
  assert.equal((await portal.admin("GET", "/services/parcels")).status, 404);
  const made = await administrator.post("/manager/services/new", form);
  assert.equal(made.status, 303);
  assert.ok((await administrator.get(made.to)).text.includes("Created."));
  assert.equal((await portal.admin("GET", "/services/parcels")).status, 200);
  const { body } = await portal.admin("GET", "/audit?size=100");
  assert.ok(!JSON.stringify(body).includes(TOKEN));

  assert.equal((await administrator.post("/manager/log-out")).status, 303);
  assert.equal((await administrator.get("/manager/services")).status, 303);
});

test("what is no text comes byte for byte: the portal's logo", async () => {
  const administrator = await logInToManager();
  const form = new FormData();
  form.set("logo", new Blob([PNG], { type: "image/png" }), "logo.png");
  assert.equal((await administrator.post("/manager/settings/logo", form)).status, 303);
  const [, path] = /src="(\/portal\/logo\/[^"]+)"/.exec((await administrator.get("/portal/")).text);
  const logo = await browser().get(path);
  assert.deepEqual([logo.status, logo.headers.get("content-type")], [200, "image/png"]);
  assert.equal(logo.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.ok(logo.bytes.equals(PNG));
});

/** Somebody who has signed up, and whom the administrator has let in. */
async function newDeveloper(email, administrator, at = portal) {
  const developer = browser(at);
  const signUp = { email, password: PASSWORD, "meta.full_name": "Dee" };
  assert.equal((await developer.post("/portal/sign-up", signUp)).to, "/portal/look-into-mail");
  const link = await within(5_000, "the mail", async () => {
    const mail = (await at.mails()).taken.findLast(({ to }) => to === email);
    return mail && /https?:\S+token=[A-Za-z0-9_]+/.exec(mail.text)?.[0];
  });
  const { origin, pathname, search, searchParams } = new URL(link);
  assert.equal(origin, at.controlUrl);
  assert.equal((await developer.get(pathname + search)).status, 200);
  assert.equal((await developer.post(pathname, { token: searchParams.get("token") })).status, 303);
  const logIn = await developer.post("/portal/log-in", { email, password: PASSWORD });
  assert.deepEqual([logIn.status, logIn.to], [303, "/portal/"]);
  assert.match(logIn.cookies.join(), /lk_portal=[^;]+; Path=\/; HttpOnly; SameSite=Lax/);
  const { body } = await at.admin("GET", `/developers/${email}`);
  assert.equal((await administrator.post(`/manager/developers/${body.id}/approve`)).status, 303);
  return developer;
}

/** An application that asks for access: its page's path, and its key. */
async function newApplication(developer, note) {
  const nonce = valueOf(await developer.get("/portal/apps/new"), 'name="nonce');
  const application = { name: "Shop", redirect_uri: "https://a.test/back", service: service.id, note, nonce };
  const shown = await developer.post("/portal/apps/new", application);
  assert.equal(shown.status, 200);
  return { path: `/portal/apps/${nonce}`, key: valueOf(shown, 'id="client_id') };
}

/** Lets it have access; once its key is good. */
async function approve(administrator, key, note) {
  const requests = await administrator.get("/manager/requests");
  assert.ok(requests.text.includes(note), requests.text);
  const contract = valueOf(requests, 'name="contract');
  assert.equal((await administrator.post("/manager/requests/approve", { contract })).status, 303);
  await within(5_000, "the key is good", async () => {
    const response = await fetch(`${portal.url}/orders`, { headers: { "x-key": key } });
    return response.status === 201;
  });
}

test("by pages alone: from a sign-up to a call with a key of one's own", async () => {
  const administrator = await logInToManager();
  const developer = await newDeveloper(EMAIL, administrator);
  const { path, key } = await newApplication(developer, "Please.");
  const refused = await fetch(`${portal.url}/orders`, { headers: { "x-key": key } });
  assert.equal(refused.status, 401);
  await approve(administrator, key, "Please.");
  assert.ok(!(await developer.get(path)).text.includes(key));
});

test("a service is tried out as a credential of one's own, and sees neither its key nor the token", async () => {
  const administrator = await logInToManager();
  const developer = await newDeveloper("tries@example.org", administrator);
  const { key } = await newApplication(developer, "To try.");
  const path = `/portal/services/${service.id}/try`;
  const [, caller] = /<option value="([0-9a-f-]+\/[0-9a-f-]+)"/.exec((await developer.get(path)).text);
  const tryIt = async (changes) => {
    upstream.requests.length = 0;
    const page = await developer.post(path, { caller, method: "GET", path: "/orders/7", query: "", headers: "", body: "", place: "header", ...changes });
    assert.ok(!page.text.includes(key), "the key is in the page");
    const came = upstream.requests.find(({ headers }) => headers["x-latchkey-try"] === "1");
    for (const said of [page.text, JSON.stringify(came ?? {})]) assert.ok(!/[0-9a-f]{128}/.test(said), "the token is there");
    assert.equal(came?.headers["x-latchkey-try-token"], undefined);
    return { page, came };
  };
  // What the gateway says of one without a contract.
  const refused = await tryIt({});
  assert.match(refused.page.text, /<dd><code>401<\/code>/);
  assert.equal(refused.came, undefined);
  await approve(administrator, key, "To try.");

  for (const method of ["POST", "GET"]) {
    const changes = { method, query: "a=1&b=x y", headers: "X-Trace: 7\r\nX-Empty:", body: "n=\r\n\u00e4" };
    const { page, came } = await tryIt(changes);
    assert.equal(page.status, 200);
    for (const said of ["<code>201</code>", "&#60;b&#62;made&#60;/b&#62;", "x-made", "a=1", "b=2", "curl --include", `${GATEWAY}/orders/7`]) {
      assert.ok(page.text.includes(said), `${method} ${said}: ${page.text}`);
    }
    assert.match(page.text, />\d+ ms<[^]*<dt>Route<\/dt><dd>orders<\/dd>/);
    // The platform makes no GET with a body.
    const body = method === "GET" ? "" : "n=\n\u00e4";
    assert.deepEqual([came.method, came.url, came.body.toString()], [method, "/7?a=1&b=x%20y", body]);
    assert.deepEqual([came.headers["x-trace"], came.headers["x-empty"]], ["7", ""]);
    assert.equal(came.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(came.headers["x-consumer-username"] !== undefined, true);
    assert.deepEqual([came.headers["x-forwarded-proto"], came.headers["x-forwarded-host"]], ["https", "gateway.test"]);
    assert.equal(came.headers["x-real-ip"], developer.address);
  }
  assert.match((await tryIt({ path: "/orders/moved" })).page.text, /<code>302<\/code>[^]*https:\/\/elsewhere\.test\//);
  assert.match((await tryIt({ path: "/orders/large" })).page.text, /The first 64 KiB of 204800 bytes/);
  // The platform unpacks what an upstream has packed; no more of it is read.
  assert.match((await tryIt({ path: "/orders/packed" })).page.text, />The first 64 KiB:<[^]*<pre>p{65536}</);
  assert.match((await tryIt({ path: "/orders/bytes" })).page.text, new RegExp(`The body is not text: ${PNG.length} bytes`));
  assert.match((await tryIt({ path: "/orders/7", method: "HEAD" })).page.text, /<code>201<\/code>[^]*The answer has no body/);
});

test("where control is not bound to the gateway yet, nothing is offered to be tried out", async () => {
  const without = await startPortal({ callsGateway: false });
  try {
    const { id } = await openService(without);
    const administrator = await logInToManager(without);
    const developer = await newDeveloper(EMAIL, administrator, without);
    assert.equal((await developer.get(`/portal/services/${id}`)).status, 200);
    assert.equal((await developer.get(`/portal/services/${id}/try`)).status, 404);
    assert.equal((await developer.post(`/portal/services/${id}/try`, { method: "GET", path: "/orders" })).status, 404);
  } finally {
    await without.stop();
  }
});
