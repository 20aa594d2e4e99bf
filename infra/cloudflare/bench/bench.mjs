// `cargo xtask bench worker`: the Worker beside one on Hono that does the same, one that only proxies
// and one that answers a constant, each in plain workerd, in one run. Prints a table.

import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { client, freePort, PEPPER } from "../tests/harness.mjs";
import { LATCHKEY, script, servePlain } from "../tests/plain.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 3);
const CONNECTIONS = 32;
/** Keys that are used once: enough for the processor time to be told. */
const COLD_KEYS = Number(process.env.COLD_KEYS ?? 3_000);
const TICKS_PER_SECOND = 100;
/** Regular expressions of the Workers and cases to measure; all without them. */
const ONLY = new RegExp(process.env.ONLY ?? "");
const CASES = new RegExp(process.env.CASES ?? "");

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
const upstream = await startNginx();
const hono = await bundle("bench/hono.js");
const results = [];

try {
  await measureAll();
} finally {
  upstream.stop();
  rmSync(folder, { recursive: true });
}
report();

async function measureAll() {
  const text = (name, value) => `(name = "${name}", text = "${value}")`;
  const toUpstream = [text("UPSTREAM", upstream.url)];
  const plain = (path) => script(readFileSync(path, "utf8"), toUpstream);
  const honoWith = (routes, inBody) =>
    script(hono, [...toUpstream, text("ROUTES", routes), text("PEPPER", PEPPER), text("IN_BODY", inBody ? "1" : ""), '(name = "GRANTS", kvNamespace = "kv")']);

  await measure("constant", plain("bench/constant.js"), { answers: { path: "/route-0/x", status: 401 } });
  await measure("proxy", plain("bench/proxy.js"), {
    "warm": { path: "/route-0/x" },
    "2 KB body": { path: "/route-0/x", body: true },
  });
  for (const routes of [1, 100, 1000]) {
    const all = routes === 1;
    await measure(`latchkey, ${routes} routes`, LATCHKEY, (server) => prepareLatchkey(server, routes, all));
    await measure(`hono, ${routes} routes`, honoWith(routes, true), (server) => prepareHono(server, routes, all));
  }
}

function cases(routes, key, cold, all) {
  const path = `/route-${Math.floor(routes / 2)}/x`;
  const warm = { "warm": { path, headers: { apikey: key } } };
  if (!all) return warm;
  return {
    ...warm,
    "in query": { path: `${path}?apikey=${key}` },
    "2 KB body": { path, body: true, key },
    "garbage": { path, garbage: true, status: 401 },
    "cold": { path, keys: cold },
  };
}

async function prepareLatchkey(server, routes, all) {
  const { make } = client(server.url);
  await make("/services", { name: "service", url: upstream.url });
  for (let route = 0; route < routes; route += 1) {
    await make("/services/service/routes", { name: `route-${route}`, paths: [`/route-${route}`] });
  }
  await make("/services/service/plugins", { name: "key-auth", config: { key_in_body: true, hide_credentials: true } });
  await make("/consumers", { username: "bob" });
  const { key } = await make("/consumers/bob/key-auth", {});
  const cold = all ? await inParallel(COLD_KEYS, async () => (await make("/consumers/bob/key-auth", {})).key) : [];
  // KV takes a moment to have them all; until then a cold key costs a look in the object too.
  if (all) await new Promise((resolve) => setTimeout(resolve, 2_000));
  return cases(routes, key, cold, all);
}

async function prepareHono(server, routes, all) {
  const keys = Array.from({ length: all ? COLD_KEYS + 1 : 1 }, (_, number) => `lk_${String(number).padStart(38, "0")}`);
  await inParallel(keys.length, async (number) => {
    const digest = createHmac("sha256", PEPPER).update(keys[number]).digest("hex");
    const grant = { consumer: { id: crypto.randomUUID(), username: "bob" }, credential_id: crypto.randomUUID() };
    await fetch(`${server.kvUrl}/${digest}`, { method: "PUT", body: JSON.stringify(grant) });
  });
  return cases(routes, keys[0], keys.slice(1), all);
}

async function inParallel(count, make) {
  const made = [];
  let next = 0;
  const one = async () => {
    while (next < count) {
      const number = next++;
      made[number] = await make(number);
    }
  };
  await Promise.all(Array.from({ length: 16 }, one));
  return made;
}

async function measure(name, worker, prepare) {
  if (!ONLY.test(name)) return;
  const server = await servePlain(worker, "/none");
  try {
    const found = typeof prepare === "function" ? await prepare(server) : prepare;
    for (const [what, request] of Object.entries(found)) {
      if (!CASES.test(what)) continue;
      const runs = [];
      const rounds = request.keys ? 1 : ROUNDS;
      if (!request.keys) load(server, request, 1);
      for (let round = 0; round < rounds; round += 1) runs.push(load(server, request, SECONDS));
      if (process.env.VERBOSE) console.error(runs.map((run) => run.cpuUs.toFixed(0)).join(" "));
      runs.sort((a, b) => a.cpuUs - b.cpuUs);
      const { wrong } = runs[0];
      if (wrong > 0) throw new Error(`${name}, ${what}: ${wrong} answers were not ${request.status ?? 200}`);
      results.push({ name, what, ...runs[Math.floor(runs.length / 2)], spread: runs.at(-1).cpuUs - runs[0].cpuUs, memoryMb: memoryMb(server.pid) });
      console.error(`${name}, ${what}: ${results.at(-1).cpuUs.toFixed(1)} us`);
    }
  } finally {
    await server.stop();
  }
}

function load(server, request, seconds) {
  const lua = join(folder, "load.lua");
  writeFileSync(lua, luaOf(request));
  const before = cpuTicks(server.pid);
  const duration = request.keys ? Math.max(2, Math.ceil(request.keys.length / 1_000)) : seconds;
  const output = execFileSync("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${duration}s`, "--latency", "-s", lua, server.url], { encoding: "utf8" });
  const cpuS = (cpuTicks(server.pid) - before) / TICKS_PER_SECOND;
  const [, requests, right, p50, p99, rate] = /RESULT (\d+) (\d+) (\d+) (\d+) ([\d.]+)/.exec(output);
  return { requests: Number(requests), wrong: requests - right, cpuUs: (cpuS * 1e6) / requests, p50: Number(p50), p99: Number(p99), rate: Number(rate) };
}

/** wrk's script: what is asked, and counting of the answers that are as wanted. */
function luaOf({ path, headers = {}, body, key, keys, garbage, status = 200 }) {
  const lines = [`status = ${status}`, `path = "${path}"`, "headers = {}", "method = 'GET'", "payload = nil", "number = 0"];
  for (const [name, value] of Object.entries(headers)) lines.push(`headers["${name}"] = "${value}"`);
  if (body) {
    const json = JSON.stringify({ name: "value", ...(key && { apikey: key }), list: Array.from({ length: 200 }, (_, n) => `item ${n}`) });
    lines.push("method = 'POST'", "headers['content-type'] = 'application/json'", `payload = [[${json}]]`);
  }
  if (keys) lines.push(`keys = {${keys.map((one) => `"${one}"`).join(",")}}`);
  lines.push(`function request()
    number = number + 1
    ${keys ? "local one = keys[number]; if one == nil then wrk.thread:stop() one = keys[#keys] end headers['apikey'] = one" : ""}
    ${garbage ? "headers['apikey'] = string.format('lk_x%037d', number)" : ""}
    return wrk.format(method, path, headers, payload)
  end
  right = 0; wrong = 0
  function response(got) if got == status then right = right + 1 else wrong = wrong + 1 end end
  local thread
  function setup(one) thread = one end
  function done(summary, latency)
    io.write(string.format("RESULT %d %d %d %d %.1f\\n", summary.requests, thread:get("right"), latency:percentile(50), latency:percentile(99), summary.requests / summary.duration * 1e6))
  end`);
  return lines.join("\n");
}

function cpuTicks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function memoryMb(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
}

async function bundle(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: "esm", minify: true, write: false });
  return outputFiles[0].text;
}

async function startNginx() {
  const port = await freePort();
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `worker_processes 1; daemon off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 1000000; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "hello"; } } }`,
  );
  const nginx = spawn(process.env.NGINX ?? "nginx", ["-c", config, "-p", folder], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { url: `http://127.0.0.1:${port}`, stop: () => nginx.kill() };
}

function report() {
  const gzipped = (...parts) => (parts.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0) / 1024).toFixed(1);
  console.log("| Worker | case | CPU per request, us | of which spread | requests/s | p50, us | p99, us | memory, MB |");
  console.log("| --- | --- | --: | --: | --: | --: | --: | --: |");
  for (const { name, what, cpuUs, spread, rate, p50, p99, memoryMb } of results) {
    console.log(`| ${name} | ${what} | ${cpuUs.toFixed(1)} | ${spread.toFixed(1)} | ${rate.toFixed(0)} | ${p50} | ${p99} | ${memoryMb.toFixed(0)} |`);
  }
  const latchkey = gzipped(readFileSync("build/worker.js"), readFileSync("build/latchkey_worker_bg.wasm"));
  console.log(`\nGzipped: latchkey ${latchkey} KiB (with its control plane), hono ${gzipped(hono)} KiB.`);
}
