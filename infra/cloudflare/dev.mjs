// `cargo xtask worker dev`: wrangler's local server, an upstream that echoes, and the demo data.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const PORT = 8787;
const base = `http://127.0.0.1:${PORT}`;
const token = /^LATCHKEY_ADMIN_TOKEN="?([^"\n]*)/m.exec(readFileSync(".dev.vars", "utf8"))?.[1];

const echo = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }, null, 2));
});
await new Promise((resolve) => echo.listen(0, "127.0.0.1", resolve));

const wrangler = spawn(
  process.execPath,
  ["node_modules/wrangler/bin/wrangler.js", "dev", "--ip", "127.0.0.1", "--port", String(PORT)],
  // What was built just now is not built again.
  { stdio: "inherit", env: { ...process.env, LATCHKEY_BUILT: "1" } },
);
wrangler.on("exit", (code) => process.exit(code ?? 0));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));

try {
  await answering();
  await demo();
} catch (error) {
  console.error(error);
  wrangler.kill();
}

async function answering() {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const up = await fetch(`${base}/-/health`).then((response) => response.ok, () => false);
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("wrangler did not start");
}

async function admin(method, path, body) {
  const headers = { "kong-admin-token": token, "content-type": "application/json" };
  const response = await fetch(`${base}/-/admin${path}`, { method, headers, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** PUT, so that it makes no difference how often it is run; only the key is new each time. */
async function demo() {
  const service = await admin("PUT", "/services/demo", { name: "demo", url: `http://127.0.0.1:${echo.address().port}` });
  const { id } = await admin("PUT", "/routes/demo", { name: "demo", paths: ["/demo"], service: { id: service.id } });
  const config = { key_in_header: true, key_in_query: true, key_in_body: true, hide_credentials: true };
  await admin("PUT", `/plugins/${id}`, { name: "key-auth", route: { id }, config });
  await admin("PUT", "/consumers/demo", { username: "demo" });
  const { key } = await admin("POST", "/consumers/demo/key-auth", {});
  console.log(`\nTry it:\n  curl -H 'apikey: ${key}' ${base}/demo/hello\nAdmin token: ${token}\n`);
}
