// Plain `workerd serve`, without Miniflare's own Workers around: for measurements.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PEPPER, TOKEN } from "./harness.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const COMPATIBILITY_DATE = "2026-07-01";

/** A namespace of KV that forgets nothing and answers at once; at `/?count`, how many records it has. */
const KV_STAND_IN = `
const METADATA = "cf-kv-metadata";
const records = new Map();
export default { async fetch(request) {
  const { pathname, search } = new URL(request.url);
  const key = decodeURIComponent(pathname.slice(1));
  if (search === "?count") return new Response(String(records.size));
  // To list: as if there were none, so that none is looked through for its MAC.
  if (key === "") return Response.json({ keys: [], list_complete: true });
  if (request.method === "PUT") {
    records.set(key, { value: await request.text(), metadata: request.headers.get(METADATA) });
    return new Response();
  }
  if (request.method === "DELETE") { records.delete(key); return new Response(); }
  const found = records.get(key);
  if (found === undefined) return new Response("", { status: 404 });
  return new Response(found.value, { headers: found.metadata === null ? {} : { [METADATA]: found.metadata } });
} };`;

const PEPPER_BINDING = `(name = "LATCHKEY_PEPPER", text = "${PEPPER}")`;
const GRANTS_BINDING = '(name = "GRANTS", kvNamespace = "kv")';

/** A built script of ours, with what both planes' have. */
function built(which, bindings) {
  return { modules: modulesOf(which), bindings: [PEPPER_BINDING, GRANTS_BINDING, ...bindings] };
}

function modulesOf(which) {
  const wasm = `latchkey_worker_${which}_bg.wasm`;
  return [
    { name: "worker.js", path: `build/${which}/worker.js` },
    { name: wasm, path: `build/${which}/${wasm}`, wasm: true },
  ];
}

export const LOGIN = { modules: modulesOf("login"), bindings: [], object: "Login" };

export const CONTROL = {
  ...built("control", [
    `(name = "LATCHKEY_ADMIN_TOKEN", text = "${TOKEN}")`,
    '(name = "WORKSPACE", durableObjectNamespace = "Workspace")',
  ]),
  object: "Workspace",
};

/** The gateway over `control`; `fields`: LATCHKEY_HEADERS. */
export function gatewayOver(control, fields) {
  const bindings = ['(name = "WORKSPACE", durableObjectNamespace = (className = "Workspace", serviceName = "control"))'];
  if (fields !== undefined) bindings.push(`(name = "LATCHKEY_HEADERS", text = "${fields}")`);
  return { ...built("gateway", bindings), control };
}

/** A script with the object's class and nothing in it, where only its being there matters. */
export const NO_CONTROL = {
  ...script('import { DurableObject } from "cloudflare:workers"; export class Workspace extends DurableObject {}; export default {};'),
  object: "Workspace",
};

/** A Worker that is one text. */
export function script(text, bindings = []) {
  return { modules: [{ name: "worker.js", text }], bindings };
}

/**
 * Starts a Worker, and the control script that it has beside it. Resolves when its port answers;
 * `startedMs` is from the spawn to there.
 */
export async function servePlain(worker, path) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-workerd-"));
  mkdirSync(join(folder, "objects"));
  writeFileSync(join(folder, "kv.js"), KV_STAND_IN);
  writeFileSync(join(folder, "config.capnp"), configOf(worker, folder));
  const binary = join(ROOT, "node_modules/workerd/bin/workerd");
  const before = performance.now();
  const process = spawn(realBinary() ?? binary, ["serve", "--control-fd=3", join(folder, "config.capnp")], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const stop = async () => {
    const gone = new Promise((resolve) => process.once("exit", resolve));
    process.kill();
    await gone;
    rmSync(folder, { recursive: true });
  };
  const ports = await listening(process, ["main", ...(worker.control ? ["control"] : []), "kv"]);
  const urlOf = (name) => `http://127.0.0.1:${ports[name]}`;
  for (let attempt = 0; attempt < 5_000; attempt += 1) {
    if (process.exitCode !== null) throw new Error("workerd ended");
    const answered = await fetch(urlOf("main") + path).then((response) => response.arrayBuffer().then(() => true), () => false);
    if (answered) {
      const startedMs = performance.now() - before;
      return { url: urlOf("main"), controlUrl: urlOf("control"), kvUrl: urlOf("kv"), pid: process.pid, startedMs, stop };
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await stop();
  throw new Error("workerd does not answer");
}

/** workerd's configuration; what it embeds is written beside it, the only place where that is found. */
function configOf(worker, folder) {
  const workers = { main: worker, ...(worker.control && { control: worker.control }) };
  const names = Object.keys(workers);
  const each = (text) => names.map(text).join("\n");
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${each((name) => `(name = "${name}", worker = .${name}),`)}
    (name = "kv", worker = .kv),
    (name = "disk", disk = (path = "${join(folder, "objects")}", writable = true)),
    (name = "net", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
    ${each((name) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}"),`)}
    (name = "kv", address = "127.0.0.1:0", http = (), service = "kv"),
  ],
);
${each((name) => workerOf(name, workers[name], folder))}
const kv :Workerd.Worker = (
  modules = [(name = "kv.js", esModule = embed "kv.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);`;
}

function workerOf(name, { modules, bindings, object }, folder) {
  const files = modules.map((module, number) => {
    const file = `${name}-${number}`;
    writeFileSync(join(folder, file), module.text ?? readFileSync(resolve(ROOT, module.path)));
    return `(name = "${module.name}", ${module.wasm ? "wasm" : "esModule"} = embed "${file}")`;
  });
  const objects = object
    ? `durableObjectNamespaces = [(className = "${object}", uniqueKey = "latchkey", enableSql = true)],
       durableObjectStorage = (localDisk = "disk"),`
    : "";
  return `const ${name} :Workerd.Worker = (
  modules = [${files.join(", ")}],
  bindings = [${bindings.join(", ")}],
  ${objects}
  compatibilityDate = "${COMPATIBILITY_DATE}",
  globalOutbound = "net",
);`;
}

/** The ports that it has chosen for its sockets. */
async function listening(process, sockets) {
  const ports = {};
  for await (const line of createInterface({ input: process.stdio[3] })) {
    const { event, socket, port } = JSON.parse(line);
    if (event === "listen") ports[socket] = port;
    if (sockets.every((name) => name in ports)) return ports;
  }
  throw new Error("workerd ended");
}

/** The program itself: the package's own entry is a script that starts it. */
function realBinary() {
  try {
    const platform = { x64: "64", arm64: "arm64" }[process.arch];
    return fileURLToPath(import.meta.resolve(`@cloudflare/workerd-${process.platform}-${platform}/bin/workerd`));
  } catch {
    return undefined;
  }
}
