// The pages of developers and administrators, as a browser gets them of the Worker: what is above the platform is
// tested in process (core/control/src/http/pages/tests).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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
  upstream = await startUpstream();
  portal = await startPortal({ bindings: { LATCHKEY_GATEWAY_ORIGIN: GATEWAY } });
  service = await portal.make("/services", { name: "orders", url: upstream.url });
  await portal.make("/services/orders/routes", { name: "orders", paths: ["/orders"] });
  await portal.make("/services/orders/plugins", { name: "key-auth", config: { key_names: ["x-key"] } });
  const config = { display_name: "The orders", description: "Parcels.", auto_approve: false };
  await portal.make("/services/orders/plugins", { name: "application-registration", config });
});

after(async () => {
  await portal?.stop();
  await upstream?.stop();
});

let clients = 0;

/** A browser's calls, with its cookies, from an address of its own. A form is an object or `FormData`. */
function browser() {
  const jar = new Map();
  const address = `192.0.2.${(clients += 1)}`;
  async function call(method, path, form, more) {
    const headers = { "cf-connecting-ip": address, "sec-fetch-site": "same-origin", origin: portal.controlUrl, ...more };
    if (jar.size > 0) headers.cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const body = form && (form instanceof FormData ? form : new URLSearchParams(form));
    const response = await fetch(`${portal.controlUrl}${path}`, { method, headers, body, redirect: "manual" });
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

async function logInToManager() {
  const administrator = browser();
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

test("by pages alone: from a sign-up to a call with a key of one's own", async () => {
  const developer = browser();
  const signUp = { email: EMAIL, password: PASSWORD, "meta.full_name": "Dee" };
  assert.equal((await developer.post("/portal/sign-up", signUp)).to, "/portal/look-into-mail");
  const link = await within(5_000, "the mail", async () => {
    const mail = (await portal.mails()).taken.findLast(({ to }) => to === EMAIL);
    return mail && /https?:\S+token=[A-Za-z0-9_]+/.exec(mail.text)?.[0];
  });
  const { origin, pathname, search, searchParams } = new URL(link);
  assert.equal(origin, portal.controlUrl);
  assert.equal((await developer.get(pathname + search)).status, 200);
  assert.equal((await developer.post(pathname, { token: searchParams.get("token") })).status, 303);
  const logIn = await developer.post("/portal/log-in", { email: EMAIL, password: PASSWORD });
  assert.deepEqual([logIn.status, logIn.to], [303, "/portal/"]);
  assert.match(logIn.cookies.join(), /lk_portal=[^;]+; Path=\/; HttpOnly; SameSite=Lax/);

  const administrator = await logInToManager();
  const { body } = await portal.admin("GET", `/developers/${EMAIL}`);
  assert.equal((await administrator.post(`/manager/developers/${body.id}/approve`)).status, 303);
  const nonce = valueOf(await developer.get("/portal/apps/new"), 'name="nonce');
  const application = { name: "Shop", redirect_uri: "https://a.test/back", service: service.id, note: "Please.", nonce };
  const shown = await developer.post("/portal/apps/new", application);
  assert.equal(shown.status, 200);
  const key = valueOf(shown, 'id="client_id');
  const refused = await fetch(`${portal.url}/orders`, { headers: { "x-key": key } });
  assert.equal(refused.status, 401);

  const requests = await administrator.get("/manager/requests");
  assert.ok(requests.text.includes("Please.") && requests.text.includes(EMAIL), requests.text);
  const contract = valueOf(requests, 'name="contract');
  assert.equal((await administrator.post("/manager/requests/approve", { contract })).status, 303);
  await within(5_000, "the key is good", async () => {
    const response = await fetch(`${portal.url}/orders`, { headers: { "x-key": key } });
    return response.status === 200;
  });
  assert.ok(!(await developer.get(`/portal/apps/${nonce}`)).text.includes(key));
});
