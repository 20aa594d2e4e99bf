// One of sixteen Durable Objects that count attempts at log-ins and hash passwords, apart from all others'
// isolates: a hash takes tens of milliseconds of an isolate's one thread.

import { DurableObject } from "cloudflare:workers";
import { cause } from "../../shared/src/log.js";
import { call, callMethod, create, currentGeneration } from "./core.js";

/** Attempts that wait while one is worked; whoever comes then is told to come again. */
const WAITING_MAX = 8;
/** After an attempt, when most counters no longer count: none counts for longer than a day. */
const DROP_MS = 90_000_000;
/** Between two looks while there are more of them than go at once. */
const DROP_MORE_MS = 1_000;

export class Login extends DurableObject {
  #inside;
  #generation = -1;
  /** Attempts that wait or are worked. */
  #present = 0;
  /** Ends when the last of them is worked. */
  #last = Promise.resolve();

  /** For the control script: what comes of a password, as a text of core's (attempts.rs). */
  async attempt(need) {
    if (this.#present > WAITING_MAX) return call("busy", need);
    const admitted = this.#call("admit", need);
    this.ctx.waitUntil(this.#dropLater());
    const [kind, number] = admitted.split("\n", 2);
    if (kind !== "W") return admitted;
    return this.#inTurn(() => this.#call("work", Number(number)));
  }

  /** For the workspace: sums of failed log-ins that are due for the audit, in JSON, taken away. */
  reports() {
    return this.#call("reports");
  }

  async alarm() {
    let isMore = false;
    try {
      isMore = this.#call("dropOld");
    } catch (error) {
      console.error("old counters could not be removed:", cause(error));
    }
    if (isMore) await this.ctx.storage.setAlarm(Date.now() + DROP_MORE_MS);
  }

  /** An object that nobody asks is not woken: what it has left goes with what comes next. */
  async #dropLater() {
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + DROP_MS);
  }

  /** One after the other, and between two a turn of the event loop, in which those that came are counted. */
  async #inTurn(work) {
    this.#present += 1;
    const before = this.#last;
    const done = (async () => {
      await before;
      await scheduler.wait(0);
      return work();
    })();
    this.#last = done.catch(() => {});
    try {
      return await done;
    } finally {
      this.#present -= 1;
    }
  }

  #call(name, ...values) {
    const generation = currentGeneration();
    if (generation !== this.#generation) {
      this.#inside = create("LogIns", this.ctx);
      this.#generation = generation;
    }
    return callMethod(this.#generation, this.#inside, name, ...values);
  }
}
