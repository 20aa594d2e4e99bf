// Sends a request on as planned, and its response back.
//
// The plan is core's. Some of core's rules (core/gateway/src/forward.rs) are here once more, since to ask
// Wasm each time costs more than they do. What holds them to core's:
//   what may still be said in `TE`, and which handshake is upgraded: the vectors ROUTE-75 and -76,
//   PROTO-08 and -09, and tests/platform.test.mjs;
//   how the added fields of a response are reckoned: ROUTE-77, and tests/fields.test.mjs;
//   that what `Connection` of a response names is taken out: tests/platform.test.mjs.

import { cause } from "../../shared/src/log.js";
import { call, fieldsAdded, judge, tellsLatency, via } from "./core.js";
import { cut } from "./cut.js";
import { beside } from "./learn.js";
import { Refusal } from "./refusal.js";

/** Lines of a plan (worker-adapter/gateway/src/answer.rs). */
const LINE = { BESIDE: 1, ID: 2, URL: 3, CUT: 4, HANDSHAKE: 5, STRIP: 6, TIMEOUT_MS: 7, FIELDS: 8 };

/** The platform gives up by itself after so long; a timer of ours would cost every request. */
const PLATFORM_TIMEOUT_MS = 100_000;

export async function forward(text, request, asked, env, ctx) {
  const lines = text.split("\n");
  asked.id = lines[LINE.ID];
  if (lines[LINE.BESIDE] !== "-") beside(lines[LINE.BESIDE], env, ctx);
  const headers = new Headers(request.headers);
  const upgrades = lines[LINE.HANDSHAKE] !== "" && isUpgraded(headers);
  edit(headers, asked, lines, upgrades);
  const sent = tellsLatency ? Date.now() : 0;
  const response = await send(lines[LINE.URL], request, headers, asked, lines);
  // Bytes of another protocol, or of none that was asked for, are nobody's to pass on.
  if (response.status === 101 && !(upgrades && response.webSocket)) throw new Refusal("invalid");
  return passedBack(response, asked, sent, upgrades);
}

/** The platform upgrades what asks for this alone; a list that core would take is an ordinary request. */
function isUpgraded(headers) {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** Takes out what must not pass, and puts in what the plan sets. */
function edit(headers, { names, withheld, cookie }, lines, upgrades) {
  const strip = lines[LINE.STRIP];
  for (const name of withheld) {
    if (name === "upgrade" && upgrades) headers.set(name, "websocket");
    else if (name === "te" && /(^|,)\s*trailers\s*(,|$)/i.test(headers.get(name))) headers.set(name, "trailers");
    else headers.delete(name);
  }
  if (cookie !== undefined) keepOthers(headers, cookie);
  if (strip !== "") {
    const stripped = strip.split(",");
    const isStripped = (name) => stripped.includes(name) || stripped.includes(`=${judge(name).folded}`);
    for (const name of names) if (isStripped(name)) headers.delete(name);
  }
  for (let at = LINE.FIELDS; at < lines.length; at += 2) {
    // To append costs less than to look first.
    if (names.includes(lines[at])) headers.set(lines[at], lines[at + 1]);
    else headers.append(lines[at], lines[at + 1]);
  }
}

/** What is left is written anew only where something of ours was in it. */
function keepOthers(headers, cookie) {
  const kept = call("withoutOwnCookies", cookie);
  if (kept === "") headers.delete("cookie");
  else if (kept !== cookie) headers.set("cookie", kept);
}

async function send(target, request, headers, asked, lines) {
  // The platform caches by URL, and so would show one consumer what another was answered.
  const init = { method: request.method, headers, body: bodyOf(request, asked, lines[LINE.CUT]), redirect: "manual", cache: "no-store" };
  const timeoutMs = Number(lines[LINE.TIMEOUT_MS]);
  let timer;
  let late = false;
  if (timeoutMs < PLATFORM_TIMEOUT_MS) {
    const abort = new AbortController();
    init.signal = abort.signal;
    timer = setTimeout(() => abort.abort((late = true)), timeoutMs);
  }
  try {
    return await fetch(bodyStays(init) ? withOwnBody(target, request, asked, init) : target, init);
  } catch (error) {
    console.warn(`the upstream did not answer: ${cause(error)}`);
    throw new Refusal(late ? "timeout" : /dns|resolve/i.test(error?.message) ? "unresolved" : "invalid");
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}

function bodyOf(request, asked, ranges) {
  if (asked.body === undefined) return request.body;
  return ranges === "" ? asked.body : cut(asked.body, ranges);
}

/** The platform lets a GET or HEAD keep the body it came with, but not get another. */
function bodyStays({ method, body }) {
  return body !== null && (method === "GET" || method === "HEAD");
}

function withOwnBody(target, request, asked, init) {
  const cutOut = asked.body !== undefined && init.body !== asked.body;
  delete init.body;
  if (cutOut) return target;
  delete init.method;
  return new Request(target, asked.copy ?? request);
}

/** As it is, unless there is something to add or to take out. */
function passedBack(upstream, asked, sent, upgrades) {
  const withheld = [];
  let cookies;
  for (const name of upstream.headers.keys()) {
    if (judge(name).isWithheldBack) withheld.push(name);
    else if (name === "set-cookie") cookies ??= upstream.headers.getSetCookie();
  }
  const setsOurs = cookies?.some((cookie) => call("isOwnCookie", cookie));
  if (fieldsAdded.length === 0 && withheld.length === 0 && !setsOurs) return upstream;
  const response = new Response(upstream.body, upstream);
  const { headers } = response;
  if (withheld.length > 0) takeBack(headers, withheld, upgrades && upstream.webSocket != null);
  if (setsOurs) keepTheirs(headers, cookies);
  addFields(response, asked, sent);
  return response;
}

function keepTheirs(headers, cookies) {
  headers.delete("set-cookie");
  for (const cookie of cookies) if (!call("isOwnCookie", cookie)) headers.append("set-cookie", cookie);
}

function addFields({ headers, status }, { started, id }, sent) {
  const now = tellsLatency ? Date.now() : 0;
  for (const name of fieldsAdded) {
    switch (name) {
      case "x-kong-upstream-latency":
        headers.set(name, now - sent);
        break;
      case "x-kong-proxy-latency":
        headers.set(name, sent - started);
        break;
      case "x-kong-upstream-status":
        headers.set(name, status);
        break;
      case "x-kong-request-id":
        headers.set(name, id);
        break;
      default:
        headers.append(name, via);
    }
  }
}

/** Takes out fields about one connection, and those that `Connection` names. */
function takeBack(headers, withheld, upgraded) {
  const connection = headers.get("connection") ?? "";
  for (const token of connection.split(",")) {
    const name = token.trim().toLowerCase();
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && name !== "upgrade") headers.delete(name);
  }
  for (const name of withheld) if (!(upgraded && name === "upgrade")) headers.delete(name);
}
