// The control plane in Wasm: the door, and what a workspace's object has inside.

import module from "./latchkey_worker_control_bg.wasm";
// By name, so that the bundle has nothing of what the glue offers besides.
import {
  __wbg_reset_state,
  configure as configureCore,
  failForTests,
  fault,
  faultOf,
  initSync,
  knock,
  limitKey,
  Workspace,
} from "../../build/control/glue/latchkey_worker_control.js";
import { manage, settingsOf, Unconfigured } from "../../shared/src/instance.js";

initSync({ module });

const parts = { configure: configureCore, failForTests, fault, faultOf, knock, limitKey, Workspace };
const instance = manage(parts, __wbg_reset_state);
export const { call, callMethod, create, currentGeneration } = instance;

/** The generation that is configured. */
let configured = -1;

/** Makes sure that the door is there. The error says which setting is wrong. */
export function configure(env) {
  const generation = currentGeneration();
  if (configured === generation) return;
  const problem = call("configure", settingsOf(env)) || mailProblem(env);
  if (problem) throw new Unconfigured(problem);
  configured = generation;
}

/** What core cannot see: whether there is a way for the mails that are set. */
function mailProblem(env) {
  return env.LATCHKEY_MAIL_FROM && env.EMAIL === undefined ? "LATCHKEY_MAIL_FROM needs the binding EMAIL (send_email)" : "";
}
