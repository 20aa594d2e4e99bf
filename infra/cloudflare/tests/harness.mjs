// The built Worker in workerd, with Miniflare's stand-ins for KV and the object's storage.

import { copyFileSync } from "node:fs";
import { createServer } from "node:http";
import { build } from "esbuild";
import { Miniflare } from "miniflare";

export const TOKEN = "test-admin-token-b41d-9c07e3f6a285";
export const PEPPER = "test-pepper-of-thirty-two-bytes-ok";
/** Not later than the workerd binary of Miniflare. */
const COMPATIBILITY_DATE = "2026-07-01";

const MODULES = [
  { type: "ESModule", path: "build/worker.js" },
  { type: "CompiledWasm", path: "build/latchkey_worker_bg.wasm" },
];
/** Past Miniflare's own entry, which changes requests. */
const DIRECT = [{ host: "127.0.0.1", port: 0 }];

/** Options of a Worker with its own object. */
function gateway(name, more = {}) {
  return {
    name,
    modules: MODULES,
    modulesRoot: "build",
    compatibilityDate: COMPATIBILITY_DATE,
    kvNamespaces: { GRANTS: "grants" },
    durableObjects: { WORKSPACE: { className: "Workspace", useSQLite: true } },
    ...more,
    bindings: { LATCHKEY_ADMIN_TOKEN: TOKEN, LATCHKEY_PEPPER: PEPPER, ...more.bindings },
    unsafeDirectSockets: DIRECT,
  };
}

/** Starts workers on ports that the platform chooses. */
async function start(workers, more = {}) {
  const miniflare = new Miniflare({ workers, log: undefined, ...more });
  await miniflare.ready;
  return miniflare;
}

async function urlOf(miniflare, name) {
  return (await miniflare.unsafeGetDirectURL(name)).origin;
}

/** One Worker, ready, and how to talk to it. */
export async function startGateway(more = {}) {
  const miniflare = await start([gateway("latchkey", more)]);
  return { miniflare, ...client(await urlOf(miniflare, "latchkey")), stop: () => miniflare.dispose() };
}

export function client(url) {
  async function admin(method, path, body) {
    const headers = { "kong-admin-token": TOKEN };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${url}/-/admin${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }
  async function make(path, body) {
    const made = await admin("POST", path, body);
    if (made.status !== 201) throw new Error(`POST ${path}: ${made.status} ${JSON.stringify(made.body)}`);
    return made.body;
  }
  return { url, admin, make };
}

/** A service at `upstream`, a route for every path, key-auth, a consumer with one key. */
export async function setUp({ make }, upstream, config = {}) {
  const service = await make("/services", { name: "service", url: upstream });
  const route = await make("/services/service/routes", { name: "route", paths: ["/"] });
  const plugin = await make("/routes/route/plugins", { name: "key-auth", config });
  const consumer = await make("/consumers", { username: "bob" });
  const credential = await make("/consumers/bob/key-auth", {});
  return { service, route, plugin, consumer, credential, key: credential.key };
}

/** An HTTP server on a free port; `requests` is what it got. */
export async function startUpstream(handle = (request, response) => response.end("ok")) {
  const requests = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      requests.push({
        method: request.method,
        url: request.url,
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks),
      });
      handle(request, response);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, requests, server, stop };
}

/** Bundles the Worker with the faults of faulty.js into build/test. */
async function buildFaulty() {
  await build({
    entryPoints: ["tests/faulty.js"],
    outfile: "build/test/worker.js",
    bundle: true,
    format: "esm",
    external: ["*.wasm", "cloudflare:*"],
    logLevel: "warning",
  });
  copyFileSync("build/latchkey_worker_bg.wasm", "build/test/latchkey_worker_bg.wasm");
}

/**
 * Workers with faults, over one object (that of the first) and one KV that can be stale. `more`:
 * for Miniflare.
 */
export async function startFaulty(names, bindings = {}, more = {}) {
  await buildFaulty();
  const workers = [];
  for (const [at, name] of names.entries()) {
    const options = gateway(name, { bindings });
    options.modules = options.modules.map((module) => ({ ...module, path: module.path.replace("build/", "build/test/") }));
    options.modulesRoot = "build/test";
    delete options.kvNamespaces;
    options.serviceBindings = { GRANTS: { name: "kv", entrypoint: "Kv", props: { place: name } } };
    if (at > 0) options.durableObjects.WORKSPACE.scriptName = names[0];
    workers.push(options);
  }
  workers.push({
    name: "kv",
    modules: [{ type: "ESModule", path: "tests/kv.mjs" }],
    modulesRoot: "tests",
    compatibilityDate: COMPATIBILITY_DATE,
    kvNamespaces: { STORE: "grants" },
    unsafeDirectSockets: DIRECT,
  });
  const miniflare = await start(workers, more);
  const gateways = [];
  for (const name of names) gateways.push(client(await urlOf(miniflare, name)));
  const kvUrl = await urlOf(miniflare, "kv");
  return {
    gateways,
    /** Sets how KV behaves; the writes so far. */
    kv: (settings = {}) =>
      fetch(`${kvUrl}/?${new URLSearchParams(settings)}`).then((response) => response.json()),
    /** All that is in KV: name, value, metadata. */
    records: () => fetch(`${kvUrl}/records`).then((response) => response.json()),
    /** Puts records there past the object. */
    putRecords: (records) => fetch(`${kvUrl}/records`, { method: "PUT", body: JSON.stringify(records) }),
    /** Asks a Worker for faults; how it has called upstreams since. */
    fault: (gateway, faults = {}) =>
      fetch(`${gateway.url}/test?${new URLSearchParams(faults)}`).then((response) => response.json()),
    stop: () => miniflare.dispose(),
  };
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Tries until `attempt` answers something true; fails after `ms`. */
export async function within(ms, what, attempt) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await attempt();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(50);
  }
}
