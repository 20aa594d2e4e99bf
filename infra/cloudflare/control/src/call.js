// Calls that the portal makes to a service: at the gateway's script, over a binding, as any client's.

import { joined } from "../../shared/src/body.js";
import { cause } from "../../shared/src/log.js";

/** Whether they can be made: the binding comes with a second deployment, as the gateway's script comes after
 * this one. */
export function callsGateway(env) {
  return env.GATEWAY !== undefined;
}

/** Makes the call that core describes (worker-adapter/control/src/call.rs), for a client at an address; what
 * came of it, in bytes. */
export async function makeCall(text, address, env) {
  const [, timeoutMs, bytesMax, method, url, count, ...rest] = text.split("\n");
  const fieldsEnd = 2 * Number(count);
  const headers = new Headers();
  for (let at = 0; at < fieldsEnd; at += 2) headers.append(rest[at], rest[at + 1]);
  // Who the client is, where the platform says it.
  if (address !== "") headers.set("cf-connecting-ip", address);
  // The platform makes no GET or HEAD with a body.
  const body = ["GET", "HEAD"].includes(method) ? undefined : rest.slice(fieldsEnd).join("\n") || undefined;
  const abort = new AbortController();
  const init = { method, headers, body, redirect: "manual", signal: abort.signal };
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve([bytesOf("late")]), Number(timeoutMs));
  });
  try {
    const parts = await Promise.race([exchange(url, init, Number(bytesMax), env), late]);
    return joined(parts, parts.reduce((length, part) => length + part.byteLength, 0));
  } catch (error) {
    console.warn("a call that was tried out in the portal got no answer of the gateway's:", cause(error));
    return bytesOf("unreachable");
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function exchange(url, init, bytesMax, env) {
  const begun = Date.now();
  const response = await env.GATEWAY.fetch(url, init);
  const body = await readBeyond(response.body, bytesMax);
  const fields = [...response.headers];
  const head = ["answered", response.status, Date.now() - begun, fields.length, ...fields.flat()];
  return [bytesOf(`${head.join("\n")}\n`), ...body];
}

/** All of it, or the chunks up to the first byte past `max`. */
async function readBeyond(body, max) {
  const chunks = [];
  const reader = body?.getReader();
  for (let length = 0; reader !== undefined && length <= max; ) {
    const { done, value } = await reader.read();
    if (done) return chunks;
    chunks.push(value);
    length += value.byteLength;
  }
  // What is left is not read.
  reader?.cancel().catch(() => {});
  return chunks;
}

function bytesOf(text) {
  return new TextEncoder().encode(text);
}
