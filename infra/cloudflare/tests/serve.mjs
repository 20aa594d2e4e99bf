// Runs the Worker until standard input ends; prints its URL and admin token first.

import { startGateway, TOKEN } from "./harness.mjs";

const gateway = await startGateway();
console.log(`${gateway.url} ${TOKEN}`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  process.exit(0);
});
