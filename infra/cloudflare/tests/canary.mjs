// Runs both scripts with what they store in a folder, for tests/tests/worker_secrets.rs: prints the URLs
// of gateway, control plane and the gateway by https, and whatever they log. On a line of standard input their stores fail for
// good; with its end they end.

import { join } from "node:path";
import { createInterface } from "node:readline";
import { startFaulty } from "./harness.mjs";

const [folder] = process.argv.slice(2);
const { LATCHKEY_ADMIN_TOKEN, LATCHKEY_PEPPER, LATCHKEY_VERIFY_TOKEN } = process.env;
const workers = await startFaulty(
  ["latchkey"],
  { LATCHKEY_ADMIN_TOKEN, LATCHKEY_PEPPER, ...(LATCHKEY_VERIFY_TOKEN && { LATCHKEY_VERIFY_TOKEN }) },
  { kvPersist: join(folder, "kv"), durableObjectsPersist: join(folder, "objects") },
);
const [gateway] = workers.gateways;
console.log(`listening on ${gateway.url} ${gateway.controlUrl} ${workers.secureUrl}`);
for await (const _ of createInterface({ input: process.stdin })) {
  await workers.fault({ store: "throws" });
  await workers.kv({ reads: "fail", writes: "fail" });
  console.log("the stores fail");
}
await workers.stop();
process.exit(0);
