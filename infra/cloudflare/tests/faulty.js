// The Worker with faults to be asked for: bundled by the tests, never deployed.

import worker, { Workspace as Real } from "../src/index.js";
import { call } from "../src/core.js";
import { workspace } from "../src/learn.js";

/** Set through `/test?name=value`; the object of the same Worker sees them too. */
const faults = new Map();

/** How upstreams were called since the last look: the mode of caching that `fetch` was given. */
const fetched = [];
const platformFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  fetched.push({ url: input.url ?? String(input), request: input instanceof Request, cache: init?.cache ?? input.cache });
  return platformFetch(input, init);
};

export class Workspace extends Real {
  constructor(ctx, env) {
    // A namespace's own methods; those of a stand-in called over RPC cannot be taken off it.
    const methods = ["get", "getWithMetadata", "put", "list", "delete"];
    const kv = Object.fromEntries(methods.map((name) => [name, (...values) => env.GRANTS[name](...values)]));
    makeStoreFail(ctx.storage.sql);
    super(ctx, { ...env, GRANTS: kv });
  }

  fetch(request) {
    if (faults.get("object") === "throws") throw new Error("the object fails for a test");
    if (faults.get("object") === "panics") return super.fetch(panicking(request));
    return super.fetch(request);
  }

  feed(since) {
    if (faults.get("feed") === "throws") throw new Error("the feed fails for a test");
    if (faults.get("feed") === "hangs") return new Promise(() => setTimeout(() => {}, 60_000));
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
      return Response.json(fetched.splice(0));
    }
    if (request.headers.get("x-test") === "panic") return worker.fetch(panicking(request), env, ctx);
    return worker.fetch(request, env, ctx);
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

/** A request that makes Wasm panic when it is looked at. */
function panicking(request) {
  return new Proxy(request, {
    get(target, name) {
      if (name === "method") call("failForTests");
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
