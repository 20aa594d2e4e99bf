// Prints how many milliseconds a script of ours, `gateway`, `control` or `login`, takes to start in workerd: from a
// process that starts with it to its first answer, less the same for a Worker of one line beside the same
// control script. Medians over several processes.

import { CONTROL, gatewayOver, LOGIN, NO_CONTROL, script, servePlain } from "./plain.mjs";

const RUNS = 15;
const LINE = script("export default { fetch() { return new Response('ok'); } };");
const [measured, reference, path] = {
  gateway: [gatewayOver(NO_CONTROL), { ...LINE, control: NO_CONTROL }, "/-/health"],
  control: [CONTROL, LINE, "/health"],
  login: [LOGIN, LINE, "/"],
}[process.argv[2]];

async function startedMs(worker) {
  const server = await servePlain(worker, path);
  await server.stop();
  return server.startedMs;
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const [ours, line] = [[], []];
for (let run = 0; run < RUNS; run += 1) {
  ours.push(await startedMs(measured));
  line.push(await startedMs(reference));
}
console.log((median(ours) - median(line)).toFixed(1));
