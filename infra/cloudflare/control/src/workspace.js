// The Durable Object of a workspace: its control plane, and the authority the data plane asks.

import { DurableObject } from "cloudflare:workers";
import { settingsOf } from "../../shared/src/instance.js";
import { cause, trace } from "../../shared/src/log.js";
import { login, LOGINS } from "../../shared/src/login.js";
import { callsGateway } from "./call.js";
import { call, callMethod, create, currentGeneration } from "./core.js";
import { sendAll } from "./mail.js";
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
/** After a call that may have written a mail, by the alarm: should what sends it at once be lost. */
const MAIL_MS = 1_000;
/** Before the outbox is looked at again where it failed. */
const MAIL_RETRY_MS = 60_000;
/** After a failed log-in, when its minute is over: sums are of whole minutes. */
const REPORTS_MS = 61_000;
/** Where the names are of those that have such sums, in the object's own storage. */
const REPORTING = "log-ins with reports";
/** Methods that write nothing. */
const READING = ["GET", "HEAD", "OPTIONS"];
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
  #sending;
  /** When the alarm has what to do, in milliseconds since the Unix epoch. What is not known, after a start,
   * is looked at by the first one. */
  #due = { drop: 0, publish: 0, mails: 0, reports: 0 };
  /** Names of objects that have sums of failed log-ins; unknown after a start. */
  #reporting;

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

  /**
   * For the door: answers a request that it has let in, with its whole body, as a text of core's. `answer`:
   * what came of the password that it hangs on, empty at first; `failed`: the name of the object that has
   * counted a failure by it, or empty.
   */
  serve(method, url, headers, address, body, answer, failed) {
    if (failed !== "") this.ctx.waitUntil(this.#collectLater(failed));
    return this.#answer("serve", !READING.includes(method) || answer !== "", method, url, headers, address, body, answer);
  }

  /** For the door: the same of a request that hangs on a call at the gateway, with what came of that, in bytes. */
  serveCalled(method, url, headers, address, body, called) {
    return this.#answer("serveCalled", !READING.includes(method), method, url, headers, address, body, called);
  }

  #answer(name, mayMail, ...request) {
    try {
      const before = this.#call("epoch");
      const text = this.#call(name, ...request);
      if (this.#call("epoch") !== before) this.#publishSoon();
      if (mayMail) this.#sendSoon();
      return text;
    } catch (error) {
      console.error("the control plane failed:", trace(error));
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

  /** For the gateway: a key, or a client secret, was shown that was digested under the previous pepper. */
  rehash(...moved) {
    this.#call("rehash", ...moved);
    this.#publishSoon();
  }

  /** One alarm for all that is due: old records go, KV gets what it lacks, mails are sent, and failed
   * log-ins are written down. */
  async alarm() {
    if (Date.now() >= this.#due.drop) this.#due.drop = Date.now() + this.#dropOldRecords();
    // One that is under way is another invocation's, and may have left the rest to this one.
    await this.#publishing;
    await Promise.all([this.#publish(), this.#send(), this.#collect()]);
    await this.#setAlarm();
  }

  #setAlarm() {
    return this.ctx.storage.setAlarm(Math.max(Date.now(), Math.min(...Object.values(this.#due))));
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
      this.#inside = create("Workspace", this.ctx, settingsOf(this.env), callsGateway(this.env));
      this.#generation = generation;
    }
    return callMethod(this.#generation, this.#inside, name, ...values);
  }

  /** The alarm is set in the same commit as the change, so that a crash does not lose it. */
  #publishSoon() {
    this.#due.publish = Date.now() + RETRY_MS;
    this.#setAlarm();
    this.ctx.waitUntil(this.#publish().then(() => this.#setAlarm()));
  }

  /** The same for a mail that may have been written. It is sent after the answer, which does not tell by its
   * time whether there was one. */
  #sendSoon() {
    if (!this.#call("hasMail")) return;
    this.#due.mails = Math.min(this.#due.mails || Infinity, Date.now() + MAIL_MS);
    this.#setAlarm();
    this.ctx.waitUntil(scheduler.wait(0).then(() => this.#send(true)).then(() => this.#setAlarm()));
  }

  /** One sender at a time, so that none takes what another has taken to be late. */
  async #send(isAsked = false) {
    await this.#sending;
    if (!isAsked && Date.now() < this.#due.mails) return;
    this.#sending ??= this.#sendDue().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  /** A bounded number at once. When those are tried again that are not taken, and when what is left is due,
   * the outbox says beforehand. */
  async #sendDue() {
    try {
      const due = this.#call("dueMails");
      const end = due.indexOf("\n");
      this.#due.mails = end === 0 ? Infinity : Number(due.slice(0, end));
      await this.#setAlarm();
      const mails = JSON.parse(due.slice(end + 1));
      await sendAll(this.env.EMAIL, mails, (id, outcome) => this.#call("mailOutcome", id, outcome));
    } catch (error) {
      console.error("mails could not be sent:", cause(error));
      this.#due.mails = Date.now() + MAIL_RETRY_MS;
    }
  }

  /** The object of that name is asked for its sums when the minute is over. */
  async #collectLater(name) {
    const known = await this.#knownReporting();
    if (known.has(name)) return;
    known.add(name);
    await this.ctx.storage.put(REPORTING, [...known]);
    this.#due.reports = Math.min(this.#due.reports || Infinity, Date.now() + REPORTS_MS);
    await this.#setAlarm();
  }

  async #knownReporting() {
    const stored = this.#reporting ?? (await this.ctx.storage.get(REPORTING)) ?? [];
    return (this.#reporting ??= new Set(stored));
  }

  /** Failed log-ins are written down as one sum a minute and address, so that guesses write nothing here. */
  async #collect() {
    if (Date.now() < this.#due.reports) return;
    const known = await this.#knownReporting();
    for (const name of LOGINS.filter((name) => known.has(name))) {
      try {
        const reports = await login(this.env, name).reports();
        // Until there is none: the minute that goes on is told of when it is over.
        if (reports === "[]") known.delete(name);
        else this.#call("noteFailedLogIns", reports);
      } catch (error) {
        console.error("failed log-ins could not be written down:", cause(error));
      }
    }
    if (this.#due.reports !== 0 || known.size > 0) await this.ctx.storage.put(REPORTING, [...known]);
    this.#due.reports = known.size > 0 ? Date.now() + REPORTS_MS : Infinity;
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
      // What is left for another invocation, or a change that came while the last look was under way.
      this.#due.publish = this.#call("isBehind") ? Date.now() : Infinity;
    } catch (error) {
      const pause = Math.min(RETRY_MS * 2 ** this.#failures, RETRY_MS_MAX);
      this.#failures += 1;
      console.warn(`KV is behind, next attempt in ${pause} ms: ${cause(error)}`);
      this.#due.publish = Date.now() + pause;
    }
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
