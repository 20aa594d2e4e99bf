// `npm run deploy`: builds the three scripts and deploys them, each after the one whose objects it is bound
// to: log-in, control, gateway. `--first`, for an account that has none of them: control and gateway are bound
// to each other, so that control is deployed without its binding before the gateway, and with it behind.
// `--transfer` moves the object of an installation from before there were two (docs/upgrade.md); everything else
// is wrangler's: `npm run deploy -- --dry-run`.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsed, transferring, withoutGateway } from "./deployments.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const LOGIN = "login/wrangler.jsonc";
const CONTROL = "control/wrangler.jsonc";
const GATEWAY = "gateway/wrangler.jsonc";
/** Beside the shipped one, since paths in it are relative. */
const CHANGED = "control/changed.wrangler.jsonc";

const isFirst = process.argv.includes("--first");
const isTransfer = process.argv.includes("--transfer");
const forWrangler = process.argv.slice(2).filter((argument) => !["--first", "--transfer"].includes(argument));

function run(program, ...values) {
  execFileSync(program, values, { cwd: FOLDER, stdio: "inherit", env: { ...process.env, LATCHKEY_BUILT: "1" } });
}

function deploy(config) {
  run(process.execPath, "node_modules/wrangler/bin/wrangler.js", "deploy", "-c", config, ...forWrangler);
}

/** Deploys the control script otherwise than it is shipped. */
function deployChanged(change) {
  writeFileSync(CHANGED, JSON.stringify(change(parsed(readFileSync(CONTROL, "utf8"))), null, 2));
  try {
    deploy(CHANGED);
  } finally {
    rmSync(CHANGED);
  }
}

if (isFirst && isTransfer) throw new Error("--transfer is for an installation that is there, --first for none");
if (process.env.LATCHKEY_BUILT === undefined) run("cargo", "xtask", "worker", "build");
deploy(LOGIN);
if (isTransfer) deployChanged(transferring);
else if (isFirst) deployChanged(withoutGateway);
else deploy(CONTROL);
deploy(GATEWAY);
if (isFirst) deploy(CONTROL);
