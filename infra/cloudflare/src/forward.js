// Sends a request on as planned, and its response back (worker-adapter/src/answer.rs).

import { isNeverPassed } from "./core.js";
import { beside } from "./learn.js";
import { cut } from "./body.js";

const VIA = "1.1 latchkey/0.1.0";
/** Fields about one connection: not for the client. */
const PER_CONNECTION = [
  "connection",
  "keep-alive",
  "proxy",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "transfer-encoding",
  "upgrade",
];

export async function forward(text, request, asked, env, ctx) {
  const lines = text.split("\n");
  asked.id = lines[2];
  if (lines[1] !== "-") beside(lines[1], env, ctx);
  const upgrades = lines[5] !== "";
  const headers = edited(request.headers, lines, upgrades);
  const init = { headers, redirect: "manual" };
  let target = lines[3];
  if (request.body !== null && (request.method === "GET" || request.method === "HEAD")) {
    target = withBody(target, request, asked, lines[4]);
  } else {
    init.method = request.method;
    if (asked.body === undefined) init.body = request.body;
    else init.body = lines[4] ? cut(asked.body, lines[4]) : asked.body;
  }
  const sent = Date.now();
  const response = await send(target, init, Number(lines[7]));
  return passedBack(response, asked, sent);
}

/** The platform lets a GET or HEAD keep the body it came with, but not get another. */
function withBody(target, request, asked, ranges) {
  if (ranges !== "") return new Request(target, { method: request.method });
  return new Request(target, asked.copy ?? request);
}

/** The client's fields without what must not pass, and with what the plan sets. */
function edited(received, lines, upgrades) {
  const headers = new Headers(received);
  for (const name of received.keys()) {
    if (!isNeverPassed(name)) continue;
    if (name === "upgrade" && upgrades) continue;
    if (name === "te" && /(^|,)\s*trailers\s*(,|$)/i.test(received.get(name))) headers.set(name, "trailers");
    else headers.delete(name);
  }
  const strip = lines[6];
  if (strip !== "") for (const name of strip.split(",")) if (name !== "") headers.delete(name);
  // Told by the platform, not by the client; where nobody tells it, nobody does.
  headers.delete("x-real-ip");
  for (let at = 8; at < lines.length; at += 2) headers.set(lines[at], lines[at + 1]);
  return headers;
}

async function send(url, init, timeoutMs) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  init.signal = abort.signal;
  try {
    return await fetch(url, init);
  } catch (error) {
    console.warn(`the upstream did not answer: ${error.message}`);
    error.refusal = abort.signal.aborted ? "timeout" : /dns|resolve/i.test(error.message) ? "unresolved" : "invalid";
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function passedBack(upstream, { started, id }, sent) {
  const now = Date.now();
  const response = new Response(upstream.body, upstream);
  const { headers } = response;
  const upgraded = upstream.webSocket != null;
  for (const name of PER_CONNECTION) if (!(upgraded && name === "upgrade")) headers.delete(name);
  headers.set("x-kong-upstream-latency", now - sent);
  headers.set("x-kong-proxy-latency", sent - started);
  headers.append("via", VIA);
  headers.set("x-kong-request-id", id);
  return response;
}
