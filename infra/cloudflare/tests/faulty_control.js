// The control script with faults to be asked for: bundled by the tests, never deployed.

import worker, { Workspace as Real } from "../control/src/index.js";
import { call } from "../control/src/core.js";
import { workspace } from "../shared/src/workspace.js";
import { panicking } from "./panicking.js";

/** Set through `/test?name=value`; the object sees them too. */
const faults = new Map();

export class Workspace extends Real {
  constructor(ctx, env) {
    // A namespace's own methods; those of a stand-in called over RPC cannot be taken off it.
    const methods = ["get", "getWithMetadata", "put", "list", "delete"];
    const kv = Object.fromEntries(methods.map((name) => [name, (...values) => env.GRANTS[name](...values)]));
    makeStoreFail(ctx.storage.sql);
    super(ctx, { ...env, GRANTS: kv });
  }

  serve(...request) {
    if (faults.get("object") === "throws") throw new Error("the object fails for a test");
    if (faults.get("object") !== "panics") return super.serve(...request);
    // In the middle of what it is asked for.
    const url = new Proxy({}, { get: () => call("failForTests") });
    return super.serve(request[0], url, ...request.slice(2));
  }

  feed(since) {
    if (faults.get("feed") === "throws") throw new Error("the feed fails for a test");
    if (faults.get("feed") === "hangs") return new Promise(() => setTimeout(() => {}, 60_000));
    // As a version from before lists had a bound reads the poll and answers.
    if (faults.get("feed") === "older") return super.feed(/^\+?\d+$/.test(since) ? String(Number(since)) : "");
    // As a newer version would answer.
    if (faults.get("feed") === "newer") return super.feed("").replace(/^(\S+ \S+ \w+)/, "$1/2");
    if (faults.get("feed") === "unknown plugin") return super.feed("").replaceAll('"name":"key-auth"', '"name":"quotas"');
    return super.feed(since);
  }

  /** What a version from before MACs leaves: a progress record without a word of them. */
  async forgetSigning() {
    const older = "CAST(json_remove(CAST(value AS TEXT), '$.signing') AS BLOB)";
    this.ctx.storage.sql.exec(`UPDATE records SET value = ${older} WHERE partition = 'replica'`);
    await this.ctx.storage.setAlarm(Date.now());
  }

  grant(digest) {
    if (faults.get("grant") === "throws") throw new Error("the grant fails for a test");
    return super.grant(digest);
  }
}

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname === "/test") {
      for (const [name, value] of url.searchParams) faults.set(name, value);
      if (url.searchParams.has("forgetSigning")) await workspace(env).forgetSigning();
      return Response.json(null);
    }
    const isPanic = request.headers.get("x-test") === "panic";
    return worker.fetch(isPanic ? panicking(request, call) : request, env, ctx);
  },
};

let canFail = false;

/** The platform's own objects cannot be wrapped, but what they have in common can be changed. */
function makeStoreFail(sql) {
  if (canFail) return;
  canFail = true;
  const shared = Object.getPrototypeOf(sql);
  const { exec } = shared;
  shared.exec = function (...values) {
    if (faults.get("store") === "throws") throw new Error("the store fails for a test");
    return exec.apply(this, values);
  };
}
