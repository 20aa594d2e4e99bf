// The Durable Object of a workspace: its control plane, and the authority the data plane asks.

import { DurableObject } from "cloudflare:workers";
import { settingsOf } from "../../shared/src/instance.js";
import { cause, trace } from "../../shared/src/log.js";
import { call, callMethod, create, currentGeneration } from "./core.js";
import { Replica } from "./replica.js";

/** Longest wait for KV. */
const PUBLISH_TIMEOUT_MS = 30_000;
/** Writes to KV at once: an invocation has six connections, and others wait for one. */
const WRITES_AT_ONCE = 6;
/** Operations on KV after which publication goes on in another invocation, by the alarm: one may have
 * 1,000, and the last step takes up to 500. */
const OPERATIONS_MAX = 500;
/** Pause before KV is tried again, doubled each time up to the longest. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 60_000;
/** Between two looks for audit records that are no longer kept. */
const DROP_MS = 3_600_000;
/** The same while there are more of them than go at once. */
const DROP_MORE_MS = 1_000;

export class Workspace extends DurableObject {
  #inside;
  #generation = -1;
  #replica;
  #publishing;
  #failures = 0;
  /** When to look for audit records that are no longer kept: by the first alarm after a start. */
  #nextDrop = 0;

  constructor(ctx, env) {
    super(ctx, env);
    this.#replica = new Replica(env.GRANTS);
    // A crash between a commit and its publication leaves KV behind: every start looks.
    ctx.blockConcurrencyWhile(async () => {
      try {
        // An alarm that waits stays, however often the object starts; while one runs, none waits.
        if (this.#call("isBehind") || this.#call("isResealDue")) await ctx.storage.setAlarm(Date.now());
        else if ((await ctx.storage.getAlarm()) === null) await ctx.storage.setAlarm(Date.now() + DROP_MS);
      } catch (error) {
        console.error("the workspace does not open:", cause(error));
      }
    });
  }

  /** For the door: answers a request that it has let in, with its whole body; as a text of core's. */
  serve(method, url, headers, address, body) {
    try {
      const before = this.#call("epoch");
      const text = this.#call("serve", method, url, headers, address, body);
      if (this.#call("epoch") !== before) this.#publishSoon();
      return text;
    } catch (error) {
      console.error("the Admin API failed:", trace(error));
      return call("fault", "failed");
    }
  }

  /** For the gateway: the changes after `since`. */
  feed(since) {
    return this.#call("feed", since);
  }

  /** For the gateway: the grant at a digest, or null. */
  grant(digest) {
    return this.#call("grant", digest) ?? null;
  }

  /** For the gateway: a key was shown that was digested under the previous pepper. */
  rehash(old, current, pepperId) {
    this.#call("rehash", old, current, pepperId);
    this.#publishSoon();
  }

  /** One alarm for all that is due: old records go, and KV gets what it lacks. */
  async alarm() {
    if (Date.now() >= this.#nextDrop) this.#nextDrop = Date.now() + this.#dropOldRecords();
    // One that is under way is another invocation's, and may have left the rest to this one.
    await this.#publishing;
    await this.#publish();
  }

  /** After how long to look again. */
  #dropOldRecords() {
    try {
      return this.#call("dropOldRecords") ? DROP_MORE_MS : DROP_MS;
    } catch (error) {
      console.error("old records could not be removed:", cause(error));
      return DROP_MS;
    }
  }

  #call(name, ...values) {
    const generation = currentGeneration();
    if (generation !== this.#generation) {
      this.#inside = create("Workspace", this.ctx, settingsOf(this.env));
      this.#generation = generation;
    }
    return callMethod(this.#generation, this.#inside, name, ...values);
  }

  /** The alarm is set in the same commit as the change, so that a crash does not lose it. */
  #publishSoon() {
    this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
    this.ctx.waitUntil(this.#publish());
  }

  /** One publisher at a time; it goes on until KV has every change. */
  #publish() {
    this.#publishing ??= this.#publishAll().finally(() => {
      this.#publishing = undefined;
    });
    return this.#publishing;
  }

  async #publishAll() {
    const before = this.#replica.operations;
    const isSpent = () => this.#replica.operations - before >= OPERATIONS_MAX;
    try {
      do {
        await this.#publishDue(isSpent);
      } while (!isSpent() && (this.#resealSome() || (await this.#signSome())));
    } catch (error) {
      const pause = Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MS_MAX);
      this.#failures += 1;
      console.warn(`KV is behind, next attempt in ${pause} ms: ${cause(error)}`);
      await this.ctx.storage.setAlarm(Date.now() + pause);
      return;
    }
    // What is left for another invocation, or a change that came while the last look was under way.
    if (this.#call("isBehind")) await this.ctx.storage.setAlarm(Date.now());
    else await this.ctx.storage.setAlarm(this.#nextDrop);
  }

  async #publishDue(isSpent) {
    for (let due = this.#call("due"); due !== "" && !isSpent(); due = this.#call("due")) {
      const [reached, ...lines] = due.split("\n");
      const records = [];
      for (let at = 0; at < lines.length; at += 3) records.push(lines.slice(at, at + 3));
      await this.#writeAll(records);
      const [ahead, published] = reached.split(" ").map(Number);
      this.#call("markPublished", ahead, published);
      this.#failures = 0;
    }
  }

  /** Writes records of different digests, some at once; when it throws, no write is under way. */
  async #writeAll(records) {
    for (let at = 0; at < records.length; at += WRITES_AT_ONCE) {
      const some = records.slice(at, at + WRITES_AT_ONCE);
      const writes = await Promise.allSettled(some.map((record) => this.#inTime(this.#replica.write(...record))));
      const failed = writes.find(({ status }) => status === "rejected");
      if (failed) throw failed.reason;
    }
  }

  /** Seals anew, in the object, a part of what is sealed under the previous pepper. Whether there is more. */
  #resealSome() {
    if (!this.#call("isResealDue")) return false;
    this.#call("reseal");
    return true;
  }

  /**
   * Writes anew what KV holds without a MAC, from versions that had none: a part of it; changes go
   * first. What the object does not know is left alone: nobody believes it. Whether there is more.
   */
  async #signSome() {
    const cursor = this.#call("unsignedAfter");
    if (cursor === undefined) return false;
    const { names, next } = await this.#inTime(this.#replica.listUnsigned(cursor));
    const records = names.map((name) => [name, ...this.#call("signed", name).split("\n")]);
    await this.#writeAll(records.filter(([, text]) => text !== ""));
    this.#call("markSigned", next);
    this.#failures = 0;
    return true;
  }

  /** A write that hangs may still land later, over a newer one: with the object it ends. */
  async #inTime(promise) {
    const timer = setTimeout(() => this.ctx.abort("KV did not answer"), PUBLISH_TIMEOUT_MS);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}
