// `npm run deploy`: builds the three scripts and deploys them, each after the one whose objects it is bound
// to: log-in, control, gateway. `--transfer` moves the object of an installation from before there were two
// (docs/upgrade.md); everything else is wrangler's: `npm run deploy -- --dry-run`.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parsed, transferring } from "./transfer.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const LOGIN = "login/wrangler.jsonc";
const CONTROL = "control/wrangler.jsonc";
const GATEWAY = "gateway/wrangler.jsonc";
/** Beside the shipped one, since paths in it are relative. */
const TRANSFER = "control/transfer.wrangler.jsonc";

const isTransfer = process.argv.includes("--transfer");
const forWrangler = process.argv.slice(2).filter((argument) => argument !== "--transfer");

function run(program, ...values) {
  execFileSync(program, values, { cwd: FOLDER, stdio: "inherit", env: { ...process.env, LATCHKEY_BUILT: "1" } });
}

function deploy(config) {
  run(process.execPath, "node_modules/wrangler/bin/wrangler.js", "deploy", "-c", config, ...forWrangler);
}

if (process.env.LATCHKEY_BUILT === undefined) run("cargo", "xtask", "worker", "build");
deploy(LOGIN);
if (isTransfer) {
  writeFileSync(TRANSFER, JSON.stringify(transferring(parsed(readFileSync(CONTROL, "utf8"))), null, 2));
  try {
    deploy(TRANSFER);
  } finally {
    rmSync(TRANSFER);
  }
} else {
  deploy(CONTROL);
}
deploy(GATEWAY);
