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

/** A namespace of KV that forgets nothing and answers at once. */
const KV_STAND_IN = `
const records = new Map();
export default { async fetch(request) {
  const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
  if (request.method === "PUT") { records.set(key, await request.text()); return new Response(); }
  if (request.method === "DELETE") { records.delete(key); return new Response(); }
  const value = records.get(key);
  return value === undefined ? new Response("", { status: 404 }) : new Response(value);
} };`;

/** The modules of the built Worker. */
export const LATCHKEY = {
  modules: [
    { name: "worker.js", path: "build/worker.js" },
    { name: "latchkey_worker_bg.wasm", path: "build/latchkey_worker_bg.wasm", wasm: true },
  ],
  bindings: [
    '(name = "LATCHKEY_ADMIN_TOKEN", text = "' + TOKEN + '")',
    '(name = "LATCHKEY_PEPPER", text = "' + PEPPER + '")',
    '(name = "GRANTS", kvNamespace = "kv")',
    '(name = "WORKSPACE", durableObjectNamespace = "Workspace")',
  ],
  object: "Workspace",
};

/** A Worker that is one text. */
export function script(text, bindings = []) {
  return { modules: [{ name: "worker.js", text }], bindings };
}

/** Starts it. Resolves when the port answers; `startedMs` is from the spawn to there. */
export async function servePlain(worker, path = "/-/health") {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-workerd-"));
  const files = [...worker.modules.entries()].map(([number, module]) => {
    // Embedded files are found beside the configuration only.
    const file = `module-${number}`;
    const content = module.text ?? readFileSync(resolve(ROOT, module.path));
    writeFileSync(join(folder, file), content);
    return `(name = "${module.name}", ${module.wasm ? "wasm" : "esModule"} = embed "${file}")`;
  });
  const object = worker.object
    ? `durableObjectNamespaces = [(className = "${worker.object}", uniqueKey = "latchkey", enableSql = true)],
       durableObjectStorage = (localDisk = "disk"),`
    : "";
  mkdirSync(join(folder, "objects"));
  writeFileSync(join(folder, "kv.js"), KV_STAND_IN);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "kv", worker = .kv),
    (name = "disk", disk = (path = "${join(folder, "objects")}", writable = true)),
    (name = "net", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "main"),
    (name = "kv", address = "127.0.0.1:0", http = (), service = "kv"),
  ],
);
const main :Workerd.Worker = (
  modules = [${files.join(", ")}],
  bindings = [${(worker.bindings ?? []).join(", ")}],
  ${object}
  compatibilityDate = "${COMPATIBILITY_DATE}",
  globalOutbound = "net",
);
const kv :Workerd.Worker = (
  modules = [(name = "kv.js", esModule = embed "kv.js")],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);`;
  writeFileSync(join(folder, "config.capnp"), config);
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
  const ports = await listening(process, ["http", "kv"]);
  const url = `http://127.0.0.1:${ports.http}`;
  for (let attempt = 0; attempt < 5_000; attempt += 1) {
    if (process.exitCode !== null) throw new Error("workerd ended");
    const answered = await fetch(url + path).then((response) => response.arrayBuffer().then(() => true), () => false);
    if (answered) return { url, kvUrl: `http://127.0.0.1:${ports.kv}`, pid: process.pid, startedMs: performance.now() - before, stop };
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await stop();
  throw new Error("workerd does not answer");
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
