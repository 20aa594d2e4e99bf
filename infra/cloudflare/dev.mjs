// `npm run dev`, `cargo xtask worker dev`: the three scripts in one wrangler, an upstream that echoes, the
// demo data, and mails shown at the terminal.

import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, createServer as createRelay } from "node:net";
import { fileURLToPath } from "node:url";
import { parsed } from "./deployments.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** Scripts that have secrets. */
const WITH_SECRETS = ["gateway", "control"];
/** The control script's configuration with a stand-in for mail; beside the shipped one, since paths in it are
 * relative. */
const CONTROL_WITH_MAIL = "control/dev.wrangler.jsonc";
/** wrangler's port is the first one's. */
const CONFIGS = ["dev/wrangler.jsonc", "gateway/wrangler.jsonc", CONTROL_WITH_MAIL, "login/wrangler.jsonc"];
const GATEWAY_PORT = 8787;
const CONTROL_PORT = 8788;
const gatewayUrl = `http://127.0.0.1:${GATEWAY_PORT}`;
const controlUrl = `http://127.0.0.1:${CONTROL_PORT}`;

process.chdir(FOLDER);
if (process.env.LATCHKEY_BUILT === undefined) execFileSync("cargo", ["xtask", "worker", "build"], { stdio: "inherit" });
for (const script of WITH_SECRETS) {
  if (!existsSync(`${script}/.dev.vars`)) copyFileSync(`${script}/.dev.vars.example`, `${script}/.dev.vars`);
}
const control = parsed(readFileSync("control/wrangler.jsonc", "utf8"));
control.services.push({ binding: "EMAIL", service: "latchkey-dev", entrypoint: "Mail" });
control.vars.LATCHKEY_MAIL_FROM = "portal@localhost";
writeFileSync(CONTROL_WITH_MAIL, JSON.stringify(control, null, 2));
const token = /^LATCHKEY_ADMIN_TOKEN="?([^"\n]*)/m.exec(readFileSync("control/.dev.vars", "utf8"))?.[1];

const echo = createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers }, null, 2));
});
await new Promise((resolve) => echo.listen(0, "127.0.0.1", resolve));

const wrangler = spawn(
  process.execPath,
  [
    "node_modules/wrangler/bin/wrangler.js",
    "dev",
    ...CONFIGS.flatMap((config) => ["-c", config]),
    "--ip",
    "127.0.0.1",
    "--port",
    String(GATEWAY_PORT),
  ],
  // What was built just now is not built again.
  { stdio: "inherit", env: { ...process.env, LATCHKEY_BUILT: "1" } },
);
wrangler.on("exit", (code) => {
  rmSync(CONTROL_WITH_MAIL, { force: true });
  process.exit(code ?? 0);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => wrangler.kill(signal));

/** wrangler has one port: what comes to the control door's is passed on to it as it is. */
const relay = createRelay((socket) => {
  const onward = connect(GATEWAY_PORT, "127.0.0.1");
  for (const [one, other] of [[socket, onward], [onward, socket]]) one.pipe(other).on("error", () => one.destroy());
});
relay.listen(CONTROL_PORT, "127.0.0.1");

try {
  await answering(`${gatewayUrl}/-/health`);
  await answering(`${controlUrl}/health`);
  await demo();
} catch (error) {
  console.error(error);
  wrangler.kill();
}

async function answering(url) {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const up = await fetch(url).then((response) => response.ok, () => false);
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

async function admin(method, path, body) {
  const headers = { "kong-admin-token": token, "content-type": "application/json" };
  const response = await fetch(`${controlUrl}/admin${path}`, { method, headers, body: JSON.stringify(body) });
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
  console.log(`
Gateway: ${gatewayUrl}, control plane: ${controlUrl}. Try them:
  curl -H 'apikey: ${key}' ${gatewayUrl}/demo/hello
  curl -H 'Kong-Admin-Token: ${token}' ${controlUrl}/admin/services
Manager: ${controlUrl}/manager/, with the admin token ${token}
Portal: ${controlUrl}/portal/, where developers sign up; mails to them are shown here.
`);
}
