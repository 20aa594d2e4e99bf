// Runs both scripts until standard input ends; first prints the URLs of gateway and control plane, the admin
// token, and within how many milliseconds a change acts.

import { startGateway, TOKEN } from "./harness.mjs";

/** Every test waits for it. */
const BOUND_MS = "30";

// The Admin API suite sends hundreds of wrong tokens.
const bindings = { LATCHKEY_ADMIN_GUESSES_PER_SECOND: "0", LATCHKEY_REVOCATION_BOUND_MS: BOUND_MS };
const gateway = await startGateway({ bindings });
console.log(`${gateway.url} ${gateway.controlUrl} ${TOKEN} ${BOUND_MS}`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  process.exit(0);
});
