// What one would write with Hono to do the same: key from header, query or body; digest by
// WebCrypto; look-up in KV behind a cache in memory; strip; identity headers; proxy. With `FIELDS=kong`
// it sets every field that Latchkey sets, of requests and of responses, those that keep answers out of the
// platform's cache among them.

import { Hono } from "hono";

const NAME = "apikey";
const CACHE_MS = 60_000;
const IDENTITY = ["x-consumer-id", "x-consumer-username", "x-consumer-custom-id", "x-credential-identifier", "x-anonymous-consumer"];
const encoder = new TextEncoder();
const cache = new Map();
let secret;

async function digest(env, key) {
  secret ??= await crypto.subtle.importKey("raw", encoder.encode(env.PEPPER), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", secret, encoder.encode(key)));
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

async function grantOf(env, key) {
  const name = await digest(env, key);
  const known = cache.get(name);
  if (known && known.until > Date.now()) return known.grant;
  const grant = await env.GRANTS.get(name, "json");
  if (cache.size > 50_000) cache.clear();
  cache.set(name, { grant, until: Date.now() + CACHE_MS });
  return grant;
}

/** Those that Latchkey sets of a request besides. */
function setKongsFields(headers, url, prefix, id) {
  headers.set("x-forwarded-port", url.port || (url.protocol === "https:" ? "443" : "80"));
  headers.set("x-forwarded-path", url.pathname);
  headers.set("x-forwarded-prefix", prefix);
  headers.set("via", "1.1 hono");
  headers.set("x-kong-request-id", id);
}

function refuse(c, message, started, id) {
  if (c.env.FIELDS !== "kong") return c.json({ message }, 401);
  return c.json({ message, request_id: id }, 401, {
    "www-authenticate": "Key",
    "x-kong-response-latency": String(Date.now() - started),
    server: "hono",
    "x-kong-request-id": id,
  });
}

async function handle(c) {
  const started = Date.now();
  const isKongs = c.env.FIELDS === "kong";
  const id = isKongs ? crypto.randomUUID().replaceAll("-", "") : "";
  const request = c.req.raw;
  const url = new URL(request.url);
  let body = request.body;
  let key = request.headers.get(NAME) ?? url.searchParams.get(NAME);
  if (key === null && c.env.IN_BODY && body !== null && request.headers.get("content-type")?.startsWith("application/json")) {
    const { [NAME]: found, ...rest } = await request.json();
    key = found;
    body = JSON.stringify(rest);
  }
  if (key === null || key === undefined) return refuse(c, "No API key found in request", started, id);
  const grant = await grantOf(c.env, key);
  if (grant === null) return refuse(c, "Unauthorized", started, id);
  const headers = new Headers(request.headers);
  for (const name of IDENTITY) headers.delete(name);
  headers.delete(NAME);
  headers.set("x-consumer-id", grant.consumer.id);
  headers.set("x-consumer-username", grant.consumer.username);
  headers.set("x-credential-identifier", grant.credential_id);
  headers.set("x-forwarded-host", url.host);
  headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
  if (isKongs) setKongsFields(headers, url, c.get("prefix"), id);
  url.searchParams.delete(NAME);
  const path = url.pathname.slice(c.get("prefix").length) || "/";
  const sent = isKongs ? Date.now() : 0;
  const init = { method: request.method, headers, body, redirect: "manual" };
  // Past the platform's cache, which makes two fields more.
  if (isKongs) init.cache = "no-store";
  const response = await fetch(`${c.env.UPSTREAM}${path}${url.search}`, init);
  const answer = new Response(response.body, response);
  answer.headers.append("via", "1.1 hono");
  if (isKongs) {
    answer.headers.set("x-kong-upstream-latency", Date.now() - sent);
    answer.headers.set("x-kong-proxy-latency", sent - started);
    answer.headers.set("x-kong-request-id", id);
  }
  return answer;
}

let app;

export default {
  fetch(request, env, ctx) {
    if (!app) {
      app = new Hono();
      for (let route = 0; route < Number(env.ROUTES); route += 1) {
        const prefix = `/route-${route}`;
        app.all(`${prefix}/*`, (c) => {
          c.set("prefix", prefix);
          return handle(c);
        });
      }
    }
    return app.fetch(request, env, ctx);
  },
};
