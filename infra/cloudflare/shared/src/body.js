// Bodies that are read whole.

/** All of the body; `tooLarge` if it is longer than `max` bytes, `broken` if it breaks off. */
export async function readBody(request, max) {
  if (request.body === null) return { body: new Uint8Array(0) };
  // The platform holds a body to the length that was announced: what is too long is not begun.
  const announced = request.headers.get("content-length");
  if (announced === null) return readChunks(request, max);
  if (Number(announced) > max) return { tooLarge: true };
  try {
    return { body: new Uint8Array(await request.arrayBuffer()) };
  } catch {
    return { broken: true };
  }
}

async function readChunks(request, max) {
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
    return { broken: true };
  }
  return { body: joined(chunks, length) };
}

/** One array of all, which are `length` bytes together. */
export function joined(chunks, length) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
