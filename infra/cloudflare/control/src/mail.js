// Mails, by the binding of the platform's Email Sending.

import { cause } from "../../shared/src/log.js";

/** Longest wait for the platform to take one. It may have been taken all the same: another attempt follows,
 * no sooner than a minute later. */
const SEND_TIMEOUT_MS = 10_000;
/** Sent at once: an invocation has six connections, and publication has use for them too. */
const SENT_AT_ONCE = 3;

/** What no other attempt would change, by the platform's codes: the message, or who is to have it. All
 * else is mended by time or by whoever looks after the account. */
const FINAL = new Set([
  "E_VALIDATION_ERROR",
  "E_FIELD_MISSING",
  "E_CONTENT_TOO_LARGE",
  "E_RECIPIENT_NOT_ALLOWED",
  "E_RECIPIENT_SUPPRESSED",
]);

/** Sends mails; `tell(id, outcome)` is called for each: `sent`, `refused` or `later`. */
export async function sendAll(binding, mails, tell) {
  const waiting = [...mails];
  const sender = async () => {
    for (let mail = waiting.shift(); mail !== undefined; mail = waiting.shift()) tell(mail.id, await send(binding, mail));
  };
  await Promise.all(Array.from({ length: SENT_AT_ONCE }, sender));
}

async function send(binding, { from, to, subject, text, html }) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), SEND_TIMEOUT_MS);
  });
  try {
    await Promise.race([binding.send({ from: sender(from), to, subject, text, html }), late]);
    return "sent";
  } catch (error) {
    // The platform's words can name the address.
    const code = codeOf(error);
    const outcome = FINAL.has(code) ? "refused" : "later";
    console.warn(`a mail was not taken (${outcome}): ${code ?? cause(error).replace(ADDRESSES, "…")}`);
    return outcome;
  } finally {
    clearTimeout(timer);
  }
}

const ADDRESSES = /[^\s<>"',;:()]+@[^\s<>"',;:()]+/g;
const CODES = /\bE_[A-Z_]+\b/;

/** Over RPC an error keeps its message, and not its other properties. */
function codeOf(error) {
  return error?.code ?? CODES.exec(String(error?.message))?.[0];
}

/** As the platform has a sender with a name. */
function sender(from) {
  const [, name, email] = /^(.+) <(.+)>$/.exec(from) ?? [];
  return name === undefined ? from : { name, email };
}
