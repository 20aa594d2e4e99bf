// The gateway with faults to be asked for: bundled by the tests, never deployed.

import worker from "../gateway/src/index.js";
import { call } from "../gateway/src/core.js";
import { panicking } from "./panicking.js";

/** How upstreams were called since the last look: the mode of caching that `fetch` was given. */
const fetched = [];
const platformFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  fetched.push({ url: input.url ?? String(input), request: input instanceof Request, cache: init?.cache ?? input.cache });
  return platformFetch(input, init);
};

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/test") return Response.json(fetched.splice(0));
    const isPanic = request.headers.get("x-test") === "panic";
    return worker.fetch(isPanic ? panicking(request, call) : request, env, ctx);
  },
};
