// Fetches what core lacks: grants from KV or the object, changes from the object.

import { cause, trace } from "../../shared/src/log.js";
import { macOf, workspace } from "../../shared/src/workspace.js";
import { call, configure, currentGeneration, learnNames } from "./core.js";

/** How long the object or KV may take to answer. */
const TIMEOUT_MS = 2_000;

/** Reads a grant, from where core wants it, until core can use what it gets. `false`: nobody answers. */
export async function learnGrant(wanted, env) {
  const asking = currentGeneration();
  for (;;) {
    const [digest, source, stamp] = wanted;
    const { text: found, mac } = await readGrant(digest, source, env);
    configure(env);
    if (currentGeneration() !== asking) return true;
    const text = call(
      "learnGrant",
      digest,
      source,
      Number(stamp),
      Date.now(),
      found ?? undefined,
      found === null,
      mac,
    );
    if (text === "") return true;
    if (text === "U") return false;
    wanted = text.split("\n").slice(3);
  }
}

/**
 * The record's text (`null`: there is none; `undefined`: nobody answered), and of the replica the
 * MAC beside it, by which core knows our records from those of others who can write there.
 */
async function readGrant(digest, source, env) {
  try {
    if (source !== "replica") return { text: (await inTime(workspace(env).grant(digest))) ?? null, mac: "" };
    const { value, metadata } = await inTime(env.GRANTS.getWithMetadata(digest, "text"));
    return { text: value, mac: macOf(metadata) };
  } catch (error) {
    console.warn(`a grant could not be read from the ${source}: ${cause(error)}`);
    return { text: undefined, mac: "" };
  }
}

/** Polls the feed. An answer is what has changed since then: only who asked has what it is added to. */
export async function learnFeed(since, env) {
  const asking = currentGeneration();
  const asked = Date.now();
  let reply;
  try {
    reply = await inTime(workspace(env).feed(since));
  } catch (error) {
    console.warn(`the feed did not answer: ${cause(error)}`);
  }
  configure(env);
  if (currentGeneration() !== asking) return;
  const wrong = call("learnFeed", asked, Date.now(), reply);
  if (wrong) console.error(wrong);
  learnNames();
}

async function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What core wants done beside a request. */
export function beside(items, env, ctx) {
  for (const item of items.split(";")) {
    const at = item.indexOf("=");
    const value = item.slice(at + 1);
    switch (item.slice(0, at)) {
      case "poll":
        ctx.waitUntil(learnFeed(value, env).catch((error) => console.error(trace(error))));
        break;
      case "rehash":
        ctx.waitUntil(workspace(env).rehash(...value.split(",")).catch((error) => console.error(trace(error))));
        break;
      default:
        console.warn(value);
    }
  }
}
