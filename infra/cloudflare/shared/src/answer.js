// Responses made in Wasm (worker-adapter/shared/src/answer.rs).

/** `beside`: does what is to be done beside the request, given its line, `env` and `ctx`. */
export function ownResponse(text, beside, env, ctx) {
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, end).split("\n");
  if (lines[BESIDE] !== "-") beside(lines[BESIDE], env, ctx);
  const body = bodyOf(text.slice(end + 2), lines[STATUS].endsWith("b"));
  const response = new Response(body, { status: Number.parseInt(lines[STATUS], 10) });
  // One by one: `Headers` made first are copied, and made from pairs take several times as long.
  const { headers } = response;
  for (let at = FIELDS; at < lines.length; at += 2) {
    // The platform has put its own.
    if (lines[at] === "content-type") headers.set(lines[at], lines[at + 1]);
    else headers.append(lines[at], lines[at + 1]);
  }
  return response;
}

/** What is no text comes with a character for each byte. */
function bodyOf(text, isBinary) {
  if (text === "") return null;
  return isBinary ? Uint8Array.from(text, (character) => character.charCodeAt(0)) : text;
}

const BESIDE = 1;
const STATUS = 3;
const FIELDS = 4;

/** For when Wasm itself fails, and so has no word for it: the one text that is not core's. */
export function lastWords() {
  return Response.json({ message: "An unexpected error occurred" }, { status: 500, headers: { server: "latchkey" } });
}
