// `cargo xtask bench worker`: the Worker beside one on Hono that does the same, one that only proxies
// and one that answers a constant, each in a plain workerd of its own, all in one run: in each round of a
// case they take turns. Prints a table.

import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { client, PEPPER } from "../tests/harness.mjs";
import { CONTROL, gatewayOver, script, servePlain } from "../tests/plain.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const SECONDS = Number(process.env.SECONDS ?? 2);
const CONNECTIONS = 32;
/** Keys that are used once: enough for the processor time to be told. */
const COLD_KEYS = Number(process.env.COLD_KEYS ?? 3_000);
const TICKS_PER_SECOND = 100;
/** Regular expressions of the Workers and cases to measure; all without them. */
const ONLY = new RegExp(process.env.ONLY ?? "");
const CASES = new RegExp(process.env.CASES ?? "");

/** What processor time is compared with: the Worker's name, and the column. */
const BESIDE = { proxy: "beside the proxy", hono: "beside hono", "hono, Kong's fields": "beside hono with the same fields" };

const folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
const upstream = await startNginx();
const hono = await bundle("bench/hono.js");
const contenders = [];
const results = [];

try {
  await startAll();
  for (const what of new Set(contenders.flatMap(({ requests }) => Object.keys(requests)))) measure(what);
} finally {
  for (const { server } of contenders) await server.stop();
  upstream.stop();
  rmSync(folder, { recursive: true });
}
report();

async function startAll() {
  const text = (name, value) => `(name = "${name}", text = "${value}")`;
  const toUpstream = [text("UPSTREAM", upstream.url)];
  const plain = (path) => script(readFileSync(path, "utf8"), toUpstream);
  const honoWith = (routes, fields) =>
    script(hono, [
      ...toUpstream,
      text("ROUTES", routes),
      text("PEPPER", PEPPER),
      text("IN_BODY", "1"),
      text("FIELDS", fields),
      '(name = "GRANTS", kvNamespace = "kv")',
    ]);

  await start("constant", plain("bench/constant.js"), { garbage: { path: "/route-0/x", status: 401 } });
  await start("proxy", plain("bench/proxy.js"), {
    "warm, 1 route": { path: "/route-0/x" },
    "warm, in query": { path: "/route-0/x?apikey=lk_none" },
    "2 KB JSON body": { path: "/route-0/x", body: true },
  });
  for (const routes of [1, 100, 1000]) {
    await start("latchkey", gatewayOver(CONTROL), (server) => prepareLatchkey(server, routes));
    await start("hono, Kong's fields", honoWith(routes, "kong"), (server) => prepareHono(server, routes));
    await start("hono", honoWith(routes, "few"), (server) => prepareHono(server, routes));
    if (routes === 1) await start("latchkey, headers off", gatewayOver(CONTROL, "off"), (server) => prepareLatchkey(server, 1));
  }
}

async function start(name, worker, prepare) {
  if (!ONLY.test(name)) return;
  const server = await servePlain(worker, "/none");
  const contender = { name, server, requests: {} };
  contenders.push(contender);
  contender.requests = typeof prepare === "function" ? await prepare(server) : prepare;
}

function cases(routes, key, cold) {
  const path = `/route-${Math.floor(routes / 2)}/x`;
  const warm = { [`warm, ${routes} route${routes === 1 ? "" : "s"}`]: { path, headers: { apikey: key } } };
  if (routes > 1) return warm;
  return {
    ...warm,
    "warm, in query": { path: `${path}?apikey=${key}` },
    "2 KB JSON body": { path, body: true, key },
    "garbage": { path, garbage: true, status: 401 },
    "cold": { path, keys: cold },
  };
}

async function prepareLatchkey(server, routes) {
  const all = routes === 1;
  const { make } = client(server.url, server.controlUrl);
  await make("/services", { name: "service", url: upstream.url });
  for (let route = 0; route < routes; route += 1) {
    await make("/services/service/routes", { name: `route-${route}`, paths: [`/route-${route}`] });
  }
  await make("/services/service/plugins", { name: "key-auth", config: { key_in_body: true, hide_credentials: true } });
  await make("/consumers", { username: "bob" });
  const { key } = await make("/consumers/bob/key-auth", {});
  const cold = all ? await inParallel(COLD_KEYS, async () => (await make("/consumers/bob/key-auth", {})).key) : [];
  if (all) await published(server, cold.length + 1);
  return cases(routes, key, cold);
}

/** KV takes a moment to have so many; until then a cold key costs a look in the object too. */
async function published(server, count) {
  const end = Date.now() + 120_000;
  while (Number(await fetch(`${server.kvUrl}/?count`).then((response) => response.text())) < count) {
    if (Date.now() > end) throw new Error("the object does not publish");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  // Then memory is of a state that has them all.
  await new Promise((resolve) => setTimeout(resolve, 6_000));
}

async function prepareHono(server, routes) {
  const all = routes === 1;
  const keys = Array.from({ length: all ? COLD_KEYS + 1 : 1 }, (_, number) => `lk_${String(number).padStart(38, "0")}`);
  await inParallel(keys.length, async (number) => {
    const digest = createHmac("sha256", PEPPER).update(keys[number]).digest("hex");
    const grant = { consumer: { id: crypto.randomUUID(), username: "bob" }, credential_id: crypto.randomUUID() };
    await fetch(`${server.kvUrl}/${digest}`, { method: "PUT", body: JSON.stringify(grant) });
  });
  return cases(routes, keys[0], keys.slice(1));
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

function measure(what) {
  if (!CASES.test(what)) return;
  const taking = contenders.filter(({ requests }) => requests[what] !== undefined).map((contender) => ({ ...contender, runs: [] }));
  const once = taking.some(({ requests }) => requests[what].keys !== undefined);
  for (let round = once ? 0 : -1; round < (once ? 1 : ROUNDS); round += 1) {
    for (const { name, server, requests, runs } of taking) {
      const run = load(server, requests[what], round < 0 ? 1 : SECONDS);
      if (run.wrong > 0) throw new Error(`${name}, ${what}: ${run.wrong} answers were not ${requests[what].status ?? 200}`);
      // The first round is for the compiler.
      if (round >= 0) runs.push(run);
    }
  }
  for (const { name, server, runs } of taking) {
    if (process.env.VERBOSE) console.error(name, what, runs.map((run) => run.cpuUs.toFixed(0)).join(" "));
    runs.sort((a, b) => a.cpuUs - b.cpuUs);
    const median = runs[Math.floor(runs.length / 2)];
    results.push({ name, what, ...median, least: runs[0].cpuUs, most: runs.at(-1).cpuUs, memoryMb: memoryMb(server.pid) });
    console.error(`${what}: ${name} ${median.cpuUs.toFixed(1)} us`);
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

/** A free port of 127.0.0.1. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
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
  console.log(`| case | Worker | CPU per request, us | ${Object.values(BESIDE).join(" | ")} | least to most | requests/s | p50, ms | p99, ms | memory, MB |`);
  console.log(`| --- | --- | --: |${" --: |".repeat(Object.keys(BESIDE).length)} --- | --: | --: | --: | --: |`);
  const ms = (us) => (us / 1000).toFixed(1);
  for (const { name, what, cpuUs, least, most, rate, p50, p99, memoryMb } of results) {
    const beside = Object.keys(BESIDE).map((other) => ratio(name, what, cpuUs, other)).join(" | ");
    console.log(`| ${what} | ${name} | ${cpuUs.toFixed(1)} | ${beside} | ${least.toFixed(0)} to ${most.toFixed(0)} | ${rate.toFixed(0)} | ${ms(p50)} | ${ms(p99)} | ${memoryMb.toFixed(0)} |`);
  }
  console.log(`\nGzipped: hono ${(gzipSync(hono, { level: 9 }).length / 1024).toFixed(1)} KiB.`);
}

function ratio(name, what, cpuUs, other) {
  if (name === other) return "";
  const found = results.find((result) => result.name === other && result.what === what);
  // Every number of routes is the same to what only passes requests on.
  const proxy = other === "proxy" && /^warm/.test(what) ? results.find((result) => result.name === "proxy") : undefined;
  const reference = found ?? proxy;
  return reference ? `${(cpuUs / reference.cpuUs).toFixed(2)}×` : "";
}
