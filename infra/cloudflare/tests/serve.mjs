// Runs the Worker until standard input ends; prints its URL and admin token first.

import { startGateway, TOKEN } from "./harness.mjs";

// The Admin API suite sends hundreds of wrong tokens.
const gateway = await startGateway({ bindings: { LATCHKEY_ADMIN_GUESSES_PER_SECOND: "0" } });
console.log(`${gateway.url} ${TOKEN}`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  process.exit(0);
});
