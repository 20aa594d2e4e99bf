// The read copy in Workers KV, written by the object alone.

import { macOf } from "../../shared/src/workspace.js";

/** Workers KV takes one write a second for each key; a little more, for clocks that differ. */
const WRITE_PAUSE_MS = 1_100;
/** Writes remembered; the pause matters only for the latest. */
const WRITES_REMEMBERED = 1_000;
/** Names listed at once: with the list and a write for each, half of what an invocation may ask of KV. */
const LISTED_AT_ONCE = 499;

export class Replica {
  #namespace;
  #written = new Map();
  /** How often KV was asked for something. */
  operations = 0;

  constructor(namespace) {
    this.#namespace = namespace;
  }

  /**
   * Writes a grant's text with its MAC beside it, or removes it with an empty one. What is thrown:
   * it may have been written.
   */
  async write(digest, text, mac) {
    const last = this.#written.get(digest);
    if (last?.text === text) return;
    const pauseMs = last === undefined ? 0 : last.at + WRITE_PAUSE_MS - Date.now();
    if (pauseMs > 0) await scheduler.wait(pauseMs);
    // Whatever comes of the attempt, what is there is not known until it has succeeded.
    this.#written.delete(digest);
    this.operations += 1;
    if (text === "") await this.#namespace.delete(digest);
    else await this.#namespace.put(digest, text, { metadata: { mac } });
    this.#remember(digest, text);
  }

  /** A part of what is there, from `cursor` on: the names without a MAC, and where the next begins. */
  async listUnsigned(cursor) {
    this.operations += 1;
    const options = { cursor: cursor || undefined, limit: LISTED_AT_ONCE };
    const { keys, list_complete: isComplete, cursor: next } = await this.#namespace.list(options);
    const names = keys.filter(({ metadata }) => macOf(metadata) === "").map(({ name }) => name);
    // Whatever was written here, it is not what is there.
    for (const name of names) if (this.#written.has(name)) this.#written.get(name).text = undefined;
    return { names, next: isComplete ? undefined : next };
  }

  #remember(digest, text) {
    const now = Date.now();
    if (this.#written.size >= WRITES_REMEMBERED) {
      for (const [other, { at }] of this.#written) if (at + WRITE_PAUSE_MS <= now) this.#written.delete(other);
    }
    this.#written.set(digest, { at: now, text });
  }
}
