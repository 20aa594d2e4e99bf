// The Worker with faults to be asked for: bundled by the tests, never deployed.

import worker, { Workspace as Real } from "../src/index.js";
import { call } from "../src/core.js";

/** Set through `/test?name=value`; the object of the same Worker sees them too. */
const faults = new Map();

export class Workspace extends Real {
  constructor(ctx, env) {
    // A namespace's own methods; those of a stand-in called over RPC cannot be taken off it.
    const methods = ["get", "getWithMetadata", "put", "list", "delete"];
    const kv = Object.fromEntries(methods.map((name) => [name, (...values) => env.GRANTS[name](...values)]));
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

  grant(digest) {
    if (faults.get("grant") === "throws") throw new Error("the grant fails for a test");
    return super.grant(digest);
  }
}

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname === "/test") {
      for (const [name, value] of url.searchParams) faults.set(name, value);
      return new Response();
    }
    if (request.headers.get("x-test") === "panic") return worker.fetch(panicking(request), env, ctx);
    return worker.fetch(request, env, ctx);
  },
};

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
