// Runs both scripts until standard input ends; first prints the URLs of gateway and control plane, and
// the admin token.

import { startGateway, TOKEN } from "./harness.mjs";

// The Admin API suite sends hundreds of wrong tokens.
const gateway = await startGateway({ bindings: { LATCHKEY_ADMIN_GUESSES_PER_SECOND: "0" } });
console.log(`${gateway.url} ${gateway.controlUrl} ${TOKEN}`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  process.exit(0);
});
