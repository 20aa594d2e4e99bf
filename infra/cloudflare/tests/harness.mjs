// The built Worker in workerd, with Miniflare's stand-ins for KV, the objects' storage and the count of
// clients.

import { copyFileSync } from "node:fs";
import { createServer } from "node:http";
import { build } from "esbuild";
import { Miniflare, Response } from "miniflare";

export const TOKEN = "test-admin-token-b41d-9c07e3f6a285";
export const PEPPER = "test-pepper-of-thirty-two-bytes-ok";
/** Not later than the workerd binary of Miniflare. */
const COMPATIBILITY_DATE = "2026-07-01";
const CONTROL = "latchkey-control";
const LOGIN = "latchkey-login";
/** A change acts at the gateway within this; short, since tests wait for it. */
const BOUND_MS = 100;

/** Past Miniflare's own entry, which changes requests. */
const DIRECT = [{ host: "127.0.0.1", port: 0 }];

/** A built script of ours; `folder`: of its modules. */
function script(name, which, { folder = `build/${which}`, bindings, ...more }) {
  return {
    name,
    modules: [
      { type: "ESModule", path: `${folder}/worker.js` },
      { type: "CompiledWasm", path: `${folder}/latchkey_worker_${which}_bg.wasm` },
    ],
    modulesRoot: folder,
    compatibilityDate: COMPATIBILITY_DATE,
    ...more,
    bindings,
    unsafeDirectSockets: DIRECT,
  };
}

/** What the scripts of both planes have, as deployed. */
function ofPlane(bindings, more) {
  return { kvNamespaces: { GRANTS: "grants" }, ...more, bindings: { LATCHKEY_PEPPER: PEPPER, ...bindings } };
}

/** Options of a gateway; its settings are the only ones in `bindings` that it has, as deployed. */
function gateway(name, more = {}) {
  const { LATCHKEY_ADMIN_TOKEN: _, ...bindings } = { LATCHKEY_REVOCATION_BOUND_MS: String(BOUND_MS), ...more.bindings };
  const durableObjects = { WORKSPACE: { className: "Workspace", scriptName: CONTROL } };
  return script(name, "gateway", ofPlane(bindings, { durableObjects, ...more }));
}

/** Options of the control script, with the object. */
function control(more = {}) {
  const durableObjects = {
    WORKSPACE: { className: "Workspace", useSQLite: true },
    LOGIN: { className: "Login", scriptName: LOGIN },
  };
  const bindings = { LATCHKEY_ADMIN_TOKEN: TOKEN, ...more.bindings };
  return script(CONTROL, "control", ofPlane(bindings, { durableObjects, ...more }));
}

/** Options of the log-in script, which has neither secret nor setting. */
function login(more = {}) {
  return script(LOGIN, "login", { durableObjects: { LOGIN: { className: "Login", useSQLite: true } }, ...more });
}

/** A script of the tests, `tests/<name>.mjs`. */
function standIn(name, more = {}) {
  return {
    name,
    modules: [{ type: "ESModule", path: `tests/${name}.mjs` }],
    modulesRoot: "tests",
    compatibilityDate: COMPATIBILITY_DATE,
    ...more,
    unsafeDirectSockets: DIRECT,
  };
}

/** Stands before a gateway as the platform does where it ends TLS. */
function byHttps(name = "latchkey") {
  return standIn("https", { serviceBindings: { GATEWAY: name } });
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

/**
 * The scripts, ready, and how to talk to them; at `secureUrl` whoever calls the gateway is taken to have come
 * by https. `clients`: requests of one client in a minute.
 */
export async function startGateway({ clients, ...more } = {}) {
  const ratelimits = clients && { CLIENTS: { namespace_id: "1", simple: { limit: clients, period: 60 } } };
  const workers = [gateway("latchkey", more), control({ ...more, ratelimits }), login(), byHttps()];
  const miniflare = await start(workers);
  const [url, controlUrl, secureUrl] = await Promise.all(["latchkey", CONTROL, "https"].map((name) => urlOf(miniflare, name)));
  return { miniflare, ...client(url, controlUrl), secureUrl, stop: () => miniflare.dispose() };
}

/**
 * The same as people reach it, with a stand-in for the platform's mail and with faults of the log-in script to
 * be asked for. `persist`: a folder for what the objects store; `onMail` is called with each mail;
 * `callsGateway`: whether the second deployment was made, by which control is bound to the gateway.
 */
export async function startPortal({ bindings, persist, onMail, callsGateway = true } = {}) {
  // Mails and pages are of one origin, and show another, which are known before the start.
  const [port, gatewayPort] = await freePorts(2);
  const origin = `http://127.0.0.1:${port}`;
  const origins = { LATCHKEY_CONTROL_ORIGIN: origin, LATCHKEY_GATEWAY_ORIGIN: `http://127.0.0.1:${gatewayPort}` };
  const mailed = { ...origins, LATCHKEY_MAIL_FROM: "Portal <portal@portal.test>", ...bindings };
  const serviceBindings = { EMAIL: { name: "mail", entrypoint: "Mail" }, ...(callsGateway && { GATEWAY: "latchkey" }) };
  const at = (port) => ({ unsafeDirectSockets: [{ host: "127.0.0.1", port }] });
  const workers = [
    { ...gateway("latchkey", { bindings }), ...at(gatewayPort) },
    { ...control({ bindings: mailed, serviceBindings }), ...at(port) },
    login({ folder: await buildFaulty("login") }),
    standIn("mail", { serviceBindings: onMail && { TAKEN: told(onMail) } }),
    byHttps(),
  ];
  const miniflare = await start(workers, persist && { durableObjectsPersist: persist });
  const [url, mailUrl, loginUrl, secureUrl] = await Promise.all(["latchkey", "mail", LOGIN, "https"].map((name) => urlOf(miniflare, name)));
  const ask = (url, settings) => fetch(`${url}/?${new URLSearchParams(settings)}`).then((response) => response.json());
  return {
    miniflare,
    ...client(url, origin),
    secureUrl,
    mailUrl,
    /** Sets how mail behaves; what was taken so far, and how often it was asked. */
    mails: (settings = {}) => ask(mailUrl, settings),
    /** Asks the log-in script for faults; how often its objects were started. */
    logins: (faults = {}) => ask(loginUrl, faults),
    stop: () => miniflare.dispose(),
  };
}

/** A service in Node.js that hands on what it is sent. */
function told(onMail) {
  return async (request) => {
    await onMail(await request.json());
    return new Response();
  };
}

/** All of them are held until the last is found, so that no two are the same. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = [];
  for (const server of servers) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push(server.address().port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** `boundMs`: the gateway's. */
export function client(url, controlUrl, boundMs = BOUND_MS) {
  async function admin(method, path, body) {
    const headers = { "kong-admin-token": TOKEN };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`${controlUrl}/admin${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  }
  /** The same, once it acts at the gateway. */
  async function change(method, path, body) {
    const answer = await admin(method, path, body);
    await sleep(boundMs);
    return answer;
  }
  async function make(path, body) {
    const made = await admin("POST", path, body);
    if (made.status !== 201) throw new Error(`POST ${path}: ${made.status} ${JSON.stringify(made.body)}`);
    return made.body;
  }
  return { url, controlUrl, admin, change, make };
}

/** A service at `upstream`, a route for every path, key-auth, a consumer with one key; in force. */
export async function setUp({ make, change }, upstream, config = {}) {
  const service = await make("/services", { name: "service", url: upstream });
  const route = await make("/services/service/routes", { name: "route", paths: ["/"] });
  const plugin = await make("/routes/route/plugins", { name: "key-auth", config });
  const consumer = await make("/consumers", { username: "bob" });
  const { body: credential } = await change("POST", "/consumers/bob/key-auth", {});
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

/** Bundles a script with the faults of faulty_….js into build/test. */
async function buildFaulty(which) {
  const folder = `build/test/${which}`;
  await build({
    entryPoints: [`tests/faulty_${which}.js`],
    outfile: `${folder}/worker.js`,
    bundle: true,
    format: "esm",
    external: ["*.wasm", "cloudflare:*"],
    logLevel: "warning",
  });
  const wasm = `latchkey_worker_${which}_bg.wasm`;
  copyFileSync(`build/${which}/${wasm}`, `${folder}/${wasm}`);
  return folder;
}

/**
 * Gateways with faults, over one control script with faults and one KV that can be stale. `more`: for
 * Miniflare.
 */
export async function startFaulty(names, bindings = {}, more = {}) {
  const kv = (place) => ({ GRANTS: { name: "kv", entrypoint: "Kv", props: { place } } });
  const faulty = async (which, place) => ({
    folder: await buildFaulty(which),
    bindings,
    kvNamespaces: {},
    serviceBindings: kv(place),
  });
  const workers = [];
  for (const name of names) workers.push(gateway(name, await faulty("gateway", name)));
  workers.push(control(await faulty("control", CONTROL)), login(), standIn("kv", { kvNamespaces: { STORE: "grants" } }), byHttps(names[0]));
  const miniflare = await start(workers, more);
  const [controlUrl, kvUrl, secureUrl] = await Promise.all([CONTROL, "kv", "https"].map((name) => urlOf(miniflare, name)));
  const gateways = [];
  for (const name of names) gateways.push(client(await urlOf(miniflare, name), controlUrl, Number(bindings.LATCHKEY_REVOCATION_BOUND_MS ?? BOUND_MS)));
  const fault = (url, faults) =>
    fetch(`${url}/test?${new URLSearchParams(faults)}`).then((response) => response.json());
  return {
    gateways,
    controlUrl,
    /** The first gateway's, where clients are taken to have come by https. */
    secureUrl,
    /** Sets how KV behaves; the writes so far. */
    kv: (settings = {}) =>
      fetch(`${kvUrl}/?${new URLSearchParams(settings)}`).then((response) => response.json()),
    /** All that is in KV: name, value, metadata. */
    records: () => fetch(`${kvUrl}/records`).then((response) => response.json()),
    /** Puts records there past the object. */
    putRecords: (records) => fetch(`${kvUrl}/records`, { method: "PUT", body: JSON.stringify(records) }),
    /** Asks the control script and its object for faults. */
    fault: (faults) => fault(controlUrl, faults),
    /** How a gateway has called upstreams since the last look. */
    calls: (gateway) => fault(gateway.url, {}),
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
