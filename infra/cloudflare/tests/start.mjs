// Prints how many milliseconds the Worker takes to start in workerd: from a process that starts with
// it to its first answer, less the same for a Worker of one line. Medians over several processes.

import { LATCHKEY, script, servePlain } from "./plain.mjs";

const RUNS = 15;
const LINE = script("export default { fetch() { return new Response('ok'); } };");

async function startedMs(worker) {
  const server = await servePlain(worker);
  await server.stop();
  return server.startedMs;
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const [latchkey, line] = [[], []];
for (let run = 0; run < RUNS; run += 1) {
  latchkey.push(await startedMs(LATCHKEY));
  line.push(await startedMs(LINE));
}
console.log((median(latchkey) - median(line)).toFixed(1));
