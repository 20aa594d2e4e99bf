// Bodies that core searches.

import { Refusal } from "./answer.js";

/** All of the body, unless it is longer than `max` bytes. */
export async function readBody(request, max) {
  if (request.body === null) return { body: new Uint8Array(0) };
  const chunks = [];
  let length = 0;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.byteLength;
      if (length > max) {
        // What is left is not read: the connection to the client is the platform's to close.
        reader.cancel().catch(() => {});
        return { tooLarge: true };
      }
      chunks.push(value);
    }
  } catch {
    throw new Refusal("unreadable");
  }
  return { body: joined(chunks, length) };
}

/** The body without the ranges `from-to,from-to,`. */
export function cut(body, ranges) {
  const kept = [];
  let from = 0;
  let length = 0;
  const keep = (to) => {
    kept.push(body.subarray(from, to));
    length += to - from;
  };
  for (const range of ranges.split(",")) {
    if (range === "") continue;
    const [start, end] = range.split("-", 2).map(Number);
    keep(start);
    from = end;
  }
  keep(body.byteLength);
  return joined(kept, length);
}

function joined(chunks, length) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
