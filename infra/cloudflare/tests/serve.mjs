// Runs the scripts until standard input ends; first prints the URLs of gateway and control plane, the URL where
// clients of the gateway are taken to have come by https, the admin token, and within how many milliseconds a
// change acts. With a folder as argument mails are sent, and written there, a file each, as the local program
// writes them.

import { startGateway, startPortal, TOKEN } from "./harness.mjs";
import { writeMail } from "./mail_file.mjs";

/** Every test waits for it. */
const BOUND_MS = "30";

const [folder] = process.argv.slice(2);
// The Admin API suite sends hundreds of wrong tokens.
const bindings = { LATCHKEY_ADMIN_GUESSES_PER_SECOND: "0", LATCHKEY_REVOCATION_BOUND_MS: BOUND_MS };
const gateway = folder ? await startPortal({ bindings, onMail: (mail) => writeMail(folder, mail) }) : await startGateway({ bindings });
console.log(`${gateway.url} ${gateway.controlUrl} ${gateway.secureUrl} ${TOKEN} ${BOUND_MS}`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await gateway.stop();
  process.exit(0);
});
